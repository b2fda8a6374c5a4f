"""A unit's mailbox goes to its next head: who may take it, what changes, what the registry says after."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from congvu import policy as policies
from congvu.directory.handed import HandedOver
from congvu.directory.model import Entry, dn_key
from congvu.directory.operations import Act, Event, Modify, Reason
from congvu.errors import InputError
from congvu.lifecycle.account import Account
from congvu.lifecycle.handover import check, handed_over, handovers
from congvu.registry import Registry, Status
from congvu.sync.auditrecord import describe
from tests.unit.helpers import ROOT
from tests.unit.office import Office, a_person, a_unit, carry_out, changed

DAKLAK = "daklak.doj.gov.vn"
REGISTRY = Registry(
    (
        a_unit("A1", "Sở Tư pháp", head_id="S1"),
        a_unit("A2", "Phòng Hành chính", parent_id="A1", head_id="S4"),
    ),
    (
        a_person("S1", "Nguyễn Văn An", "A1", position="Giám đốc"),
        a_person("S2", "Trần Thị Bình", "A1", position="Phó Giám đốc"),
        a_person("S3", "Lê Văn Chi", "A1"),
        a_person("S4", "Phạm Văn Dũng", "A2", position="Trưởng phòng"),
        a_person("S5", "Hồ Thị Em", "A2", position="Phó Trưởng phòng"),
        a_person("S6", "Đỗ Văn Giang", "A2"),
    ),
)
TODAY = date(2026, 11, 23)
WHY = Reason(Act.HANDED_OVER, "thay đổi người đứng đầu", clause="DL-8.2", document="12/QĐ-STP")


@pytest.fixture
def office() -> Office:
    one = Office(policies.load_domain(ROOT / "inventory/policy", DAKLAK))
    one.run(REGISTRY)
    return one


def operation(office: Office, unit: str, taker: str, **more: Any) -> Modify:
    box = Account(office.entry(unit))
    giver = next(
        (Account(one) for dn in box.entry.values("congvuHead") if (one := office.found.get(dn))), None
    )
    given: dict[str, Any] = {"reason": WHY} | more
    return handed_over(box, giver, Account(office.entry(taker)), office.policy, TODAY, **given)


def hand_over(office: Office, unit: str, taker: str, **more: Any) -> Modify:
    done = operation(office, unit, taker, **more)
    office.found = carry_out(office.found, [done])
    return done


def named(office: Office, unit: str, right: str) -> set[str]:
    people = office.layout.people
    return {dn.removeprefix("uid=").removesuffix(f",{people}") for dn in office.entry(unit).values(right)}


# Who


def refused(office: Office, unit: str, taker: str, above: tuple[str, ...] = ("A2", "A1")) -> str:
    below = [office.layout.unit(office.entry(taker).value("departmentNumber"))]
    below += [office.layout.unit("A1")] if below[0] != office.layout.unit("A1") else []
    try:
        check(
            Account(office.entry(unit)),
            Account(office.entry(taker)),
            [*map(office.layout.unit, above)],
            below,
        )
    except InputError as fault:
        return str(fault)
    return ""


def test_who_works_in_the_unit_or_above_it_or_below_may_take_it(office: Office) -> None:
    assert refused(office, "A2", "S6") == ""
    assert refused(office, "A2", "S2") == ""
    assert refused(office, "A1", "S5", ("A1",)) == ""


def test_others_may_not(office: Office) -> None:
    office.set("S3", departmentNumber="A9")
    assert "works neither in this unit" in refused(office, "A2", "S3")
    office.set("S6", congvuState="locked")
    assert "nobody's account in use" in refused(office, "A2", "S6")
    assert "is the head already" in refused(office, "A2", "S4")
    assert "no unit's mailbox" in refused(office, "S5", "S6")
    office.set("A2", congvuState="revoked")
    assert "no unit's mailbox" in refused(office, "A2", "S5")
    with pytest.raises(InputError, match="in writing"):
        operation(office, "A2", "S5", reason=replace(WHY, document=" "))


# What changes


def test_the_old_head_keeps_no_right_and_others_keep_theirs(office: Office) -> None:
    head, other = office.layout.person("S4"), office.layout.person("S6")
    office.set(
        "A2",
        congvuDelegation=(f"20260101 - read,send 1/QD | {head}", f"20260101 - answer 2/QD | {other}"),
        congvuReader=(head,),
        congvuDelegate=(head,),
        congvuAnswerer=(other,),
        pwdChangedTime="20261101000000Z",
    )
    done = hand_over(office, "A2", "S3")
    rights = ("congvuHead", "congvuReader", "congvuDelegate", "congvuAnswerer")
    assert [named(office, "A2", right) for right in rights] == [{"S3"}, set(), set(), {"S6"}]
    assert named(office, "A2", "congvuOwner") == {"S5"}  # by another office
    assert office.entry("A2").values("congvuDelegation") == (f"20260101 - answer 2/QD | {other}",)
    assert {one.attribute for one in done.changes if one.secret} == {"userPassword", "pwdReset"}
    assert done.reason == WHY


def test_all_delegations_end_where_that_is_asked_for(office: Office) -> None:
    other, unrecorded = office.layout.person("S6"), office.layout.person("S2")
    office.set(
        "A2",
        congvuDelegation=f"20260101 - answer 2/QD | {other}",
        congvuAnswerer=(other,),
        congvuReader=(unrecorded,),
    )
    hand_over(office, "A2", "S3", end_delegations=True)
    assert named(office, "A2", "congvuAnswerer") == set()
    assert named(office, "A2", "congvuReader") == {"S2"}  # nobody has a record of it
    assert not office.entry("A2").values("congvuDelegation")


def test_a_head_who_owns_by_another_office_goes_on_as_that(office: Office) -> None:
    """The sync would write them again in the night: the policy's owners are read from the positions."""
    office.run(changed(REGISTRY, "S4", position="Phó Trưởng phòng"))
    assert named(office, "A2", "congvuOwner") == {"S4", "S5"}
    hand_over(office, "A2", "S6")
    assert named(office, "A2", "congvuOwner") == {"S4", "S5"}
    office.set("A2", congvuHead=office.layout.person("S3"), congvuOwner=(office.layout.person("S3"),))
    hand_over(office, "A2", "S6")
    assert named(office, "A2", "congvuOwner") == set()


def test_the_next_head_of_the_topmost_unit_leads(office: Office) -> None:
    assert named(office, "A1", "congvuLeader") == {"S1", "S2"}
    hand_over(office, "A1", "S3")
    assert named(office, "A1", "congvuLeader") == {"S2", "S3"}
    office.run(REGISTRY)
    assert named(office, "A1", "congvuLeader") == named(office, "A2", "congvuLeader") == {"S2", "S3"}


def test_no_password_is_taken_where_there_is_none(office: Office) -> None:
    assert not any(one.secret for one in hand_over(office, "A2", "S6").changes)


# The registry


def test_the_registry_does_not_undo_it_until_it_says_something_else(office: Office) -> None:
    hand_over(office, "A2", "S6")
    assert str(HandedOver.of(office.entry("A2"))) == "20261123 12/QĐ-STP | S4"
    assert office.run(REGISTRY).operations == ()
    left = changed(REGISTRY, "S4", status=Status.LEFT)
    office.run(left)  # the list of units still names who left
    assert named(office, "A2", "congvuHead") == {"S6"}
    (done,) = office.run(changed(left, "A2", head_id="S5")).operations
    assert named(office, "A2", "congvuHead") == {"S5"}
    assert done.reason.event is Event.HEAD
    assert not office.entry("A2").values("congvuHandover")


def test_once_the_registry_agrees_its_next_word_counts(office: Office) -> None:
    hand_over(office, "A2", "S6")
    office.run(changed(REGISTRY, "A2", head_id="S6"))
    assert not office.entry("A2").values("congvuHandover")
    office.run(REGISTRY)
    assert named(office, "A2", "congvuHead") == {"S4"}


def test_a_second_handover_remembers_what_the_registry_says(office: Office) -> None:
    hand_over(office, "A2", "S6")
    hand_over(office, "A2", "S3")
    assert office.run(REGISTRY).operations == ()
    assert named(office, "A2", "congvuHead") == {"S3"}
    hand_over(office, "A2", "S4")
    assert not office.entry("A2").values("congvuHandover")
    assert office.run(REGISTRY).operations == ()


def test_when_the_new_head_leaves_the_registry_names_one(office: Office) -> None:
    hand_over(office, "A2", "S6")
    office.run(changed(REGISTRY, "S6", status=Status.LEFT))
    assert named(office, "A2", "congvuHead") == {"S4"}
    assert not office.entry("A2").values("congvuHandover")


def test_a_unit_that_had_no_head_remembers_that(office: Office) -> None:
    office.run(changed(REGISTRY, "A2", head_id=""))
    hand_over(office, "A2", "S6")
    assert str(HandedOver.of(office.entry("A2"))) == "20261123 12/QĐ-STP | -"
    assert office.run(changed(REGISTRY, "A2", head_id="")).operations == ()
    office.run(REGISTRY)
    assert named(office, "A2", "congvuHead") == {"S4"}


def test_a_list_that_still_names_who_has_left_undoes_no_handover(office: Office) -> None:
    left = changed(REGISTRY, "S4", status=Status.LEFT)
    office.run(left)
    assert named(office, "A2", "congvuHead") == set()
    hand_over(office, "A2", "S6")
    for _ in range(2):
        assert office.run(left).operations == ()
    assert named(office, "A2", "congvuHead") == {"S6"}


def test_who_leaves_after_a_handover_takes_nothing_back(office: Office) -> None:
    hand_over(office, "A2", "S6")
    office.run(changed(REGISTRY, "S4", status=Status.LEFT))
    assert named(office, "A2", "congvuHead") == {"S6"}


def test_what_nobody_can_read_is_no_handover(office: Office) -> None:
    office.set("A2", congvuHead=office.layout.person("S6"), congvuHandover="20269999 x | S4")
    office.run(REGISTRY)
    assert named(office, "A2", "congvuHead") == {"S4"}


def test_a_head_that_the_registry_replaces_leaves_no_password_behind(office: Office) -> None:
    office.set("A2", pwdChangedTime="20261101000000Z")
    (done,) = office.plan(changed(REGISTRY, "A2", head_id="S5")).operations
    assert isinstance(done, Modify)
    assert {one.attribute for one in done.changes if one.secret} == {"userPassword", "pwdReset"}


# What the audit log tells


def records(*operations: Any) -> list[dict[str, Any]]:
    head = {"time": "2026-11-23T01:02:03Z", "author": "an"}
    return [head | {"sequence": number} | describe(one) for number, one in enumerate(operations, 1)]


def renamed(office: Office, head: str) -> Modify:
    (done,) = office.run(changed(REGISTRY, "A2", head_id=head)).operations
    assert isinstance(done, Modify)
    return done


def test_handovers_are_told_by_hand_and_by_the_registry(office: Office) -> None:
    first, second = hand_over(office, "A2", "S6"), renamed(office, "S5")
    found, vacant = handovers(records(first, second), {})
    assert [(one.number, one.by_hand, uid(one.giver), uid(one.taker)) for one in found] == [
        (1, True, "S4", "S6"),
        (2, False, "S6", "S5"),
    ]
    assert found[0].lost == {"congvuHead": (office.layout.person("S4"),)}
    assert (found[0].document, found[0].clause, found[0].address) == ("12/QĐ-STP", "DL-8.2", first.label)
    assert vacant == {}


def test_a_unit_that_was_without_a_head_for_a_while_is_handed_over_by_the_last_one(office: Office) -> None:
    gone, next_ = renamed(office, ""), renamed(office, "S5")
    found, vacant = handovers(records(gone), {})
    assert (found, {dn_key(dn) for dn in vacant}) == ([], {dn_key(office.layout.unit("A2"))})
    (one,), after = handovers(records(next_), vacant)
    assert (uid(one.giver), uid(one.taker), after) == ("S4", "S5", {})


def test_who_heads_a_new_unit_takes_over_from_nobody() -> None:
    new = Office(policies.load_domain(ROOT / "inventory/policy", DAKLAK))
    found, vacant = handovers(records(*new.run(REGISTRY).operations), {})
    assert (found, vacant) == ([], {})


def uid(dn: str) -> str:
    return Entry(dn, {}).dn.partition(",")[0].removeprefix("uid=")
