"""Who leaves, who is absent, who comes back, and what becomes of their rights (in memory)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from congvu.directory.model import Layout, State
from congvu.directory.operations import Change, DomainPlan, Event, Modify
from congvu.directory.plans import plan_all
from congvu.directory.states import after_leaving
from congvu.policy import Policy
from congvu.policy.model import Employment, Guests, Joining, Leaving, Removal, Returning
from congvu.policy.values import DomainName
from congvu.registry import Action, Registry, Status
from tests.unit.helpers import BASE
from tests.unit.office import HOST, TODAY, Office, a_person, a_unit, carry_out, changed, cited, without

STAFF = Registry(
    (a_unit("A1", "Sở Khoa học và Công nghệ"), a_unit("A2", "Sở Nội vụ")),
    (
        a_person("S1", "Nguyễn Văn An", "A1"),
        a_person("S2", "Trần Thị Bình", "A2"),
        a_person("S3", "Lê Văn Cường", "A2"),
    ),
)


@pytest.fixture
def office(lamdong: Policy) -> Office:
    """Everybody works, has a password, and is active."""
    office = Office(lamdong, cited("lamdong.gov.vn"))
    office.run(STAFF)
    for staff_id in ("S1", "S2", "S3"):
        office.set(staff_id, congvuState="active", userPassword="{ARGON2}x")
    return office


def the(plan: DomainPlan, identifier: str) -> Modify:
    """The one operation on an account."""
    (step,) = [one for one in plan.operations if one.dn.startswith(f"uid={identifier},")]
    assert isinstance(step, Modify)
    return step


def test_who_leaves_is_revoked_and_loses_the_password_in_one_operation(office: Office) -> None:
    step = the(office.run(changed(STAFF, "S1", status=Status.LEFT, document="12/QĐ-SNV")), "S1")
    assert step.changes == (
        Change("congvuState", ("active",), ("revoked",)),
        Change("congvuEnded", (), ("20261122000000Z",)),
        *Change.no_password(),
    )
    assert step.reason.event is Event.LEAVE
    assert (step.reason.text, step.reason.place, step.reason.clause, step.reason.document) == (
        "left",
        "staff.csv:2",
        "LD-7.2c",
        "12/QĐ-SNV",
    )
    found = office.entry("S1")
    assert (found.value("mail"), found.values("userPassword")) == ("annv@lamdong.gov.vn", ())


def test_who_is_new_waits_for_a_decision_where_one_is_needed(lamdong: Policy) -> None:
    office = Office(replace(lamdong, joining=Joining(needs_approval=True)), cited("lamdong.gov.vn"))
    decided = changed(STAFF, "S1", document="12/QĐ-SNV")
    office.run(decided)
    there = {one: office.entry(one).value("congvuState") for one in ("S1", "S2", "A1")}
    assert there == {"S1": "initial", "S2": "pending", "A1": "pending"}
    assert office.entry("S2").value("mail") == "binhtt@lamdong.gov.vn", "reserved"
    assert office.run(decided).operations == (), "the sync leaves the decision to others"


def test_a_guest_goes_with_the_last_day_and_comes_back_with_another(office: Office) -> None:
    office.policy = replace(office.policy, eligible=replace(office.policy.eligible, guests=Guests()))
    guest = {"employment": Employment.GUEST, "sponsor_unit_id": "A1"}
    last = changed(STAFF, "S1", **guest, until=TODAY)
    assert office.run(last).operations == ()
    over = changed(STAFF, "S1", **guest, until=TODAY - timedelta(1))
    done = office.run(over)
    assert the(done, "S1").reason.text == "the guest's last day was 2026-11-21"
    assert office.entry("S1").value("congvuState") == "revoked"
    assert (done.findings, office.run(over).operations) == ((), ())
    office.run(changed(STAFF, "S1", **guest, until=TODAY + timedelta(30), document="12/CV"))
    assert office.entry("S1").value("congvuState") == "initial"


def test_a_row_that_asks_to_revoke_says_so(office: Office) -> None:
    done = office.run(changed(STAFF, "S1", status=Status.LEFT, action=Action.REVOKE))
    assert the(done, "S1").reason.text == "left: the row asks to revoke"


@pytest.mark.parametrize(
    ("then", "before", "after"),
    [
        (Removal.LOCK, "active", "locked"),
        (Removal.LOCK, "suspended", "suspended"),
        (Removal.LOCK, "locked", "locked"),
        (Removal.SUSPEND, "locked", "suspended"),
        (Removal.LOCK, "pending", "revoked"),
        (Removal.REVOKE, "initial", "revoked"),
        (Removal.REVOKE, "suspended", "revoked"),
        (Removal.DELETE, "active", "revoked"),
        (None, "active", "revoked"),
    ],
)
def test_the_policy_says_what_becomes_of_a_leaver(
    office: Office, then: Removal | None, before: str, after: str
) -> None:
    office.policy = replace(office.policy, leaving=Leaving(then=then), returning=Returning())
    office.set("S1", congvuState=before)
    gone = changed(STAFF, "S1", status=Status.LEFT)
    step = the(office.run(gone), "S1")
    assert Change("congvuEnded", (), ("20261122000000Z",)) in step.changes
    assert {*Change.no_password()} <= {*step.changes}
    assert office.entry("S1").value("congvuState") == after
    assert office.run(gone).absent == frozenset()
    office.run(STAFF)  # and back, however the policy ended it
    assert office.entry("S1").value("congvuState") == "initial"


def test_no_state_becomes_milder_by_leaving() -> None:
    strict = [State.LOCKED, State.SUSPENDED, State.REVOKED, State.PURGED]
    for then in Removal:
        for place, state in enumerate(strict):
            assert strict.index(after_leaving(state, then)) >= place
        assert all(after_leaving(state, then) in strict for state in State)


def test_who_left_before_the_first_run_gets_no_account(lamdong: Policy) -> None:
    assert Office(lamdong).run(changed(STAFF, "S1", status=Status.LEFT)).added == 4


def test_the_address_of_who_left_is_a_tombstone(office: Office) -> None:
    gone = changed(STAFF, "S1", status=Status.LEFT)
    office.run(gone)
    namesake = a_person("S9", "Nguyễn Văn An", "A1")
    office.run(replace(gone, staff=(*gone.staff, namesake)))
    assert office.entry("S9").value("mail") == "annv2@lamdong.gov.vn"


# Without a row


def test_who_has_no_row_is_told_first_and_revoked_in_the_second_run(office: Office) -> None:
    few = without(STAFF, "S1")
    first = office.run(few)
    assert first.operations == ()
    assert first.absent == {"people/S1"}
    (told,) = first.findings
    assert told == (
        "uid=S1,ou=people,dc=lamdong,dc=gov,dc=vn: annv@lamdong.gov.vn has no row for the 1st time,"
        " ended after the 2nd"
    )
    second = office.plan(few)
    assert second.absent == {"people/S1"}
    step = the(second, "S1")
    assert (step.reason.event, step.reason.text) == (Event.LEAVE, "no row in 2 runs in a row")
    office.found = carry_out(office.found, second.operations)
    third = office.plan(few)
    assert (third.operations, third.findings, third.absent) == ((), (), frozenset())


def test_a_row_that_is_there_again_makes_the_count_begin_anew(office: Office) -> None:
    office.run(without(STAFF, "S1"))
    office.run(STAFF)
    assert office.run(without(STAFF, "S1")).operations == ()


@pytest.mark.parametrize("runs", [1, 3])
def test_the_policy_says_after_how_many_runs(office: Office, runs: int) -> None:
    office.policy = replace(office.policy, sync=replace(office.policy.sync, absent_runs=runs))
    for number in range(1, runs + 1):
        plan = office.plan(without(STAFF, "S1"))
        assert len(plan.operations) == (number == runs)
        office.absences["people/S1"] = number


def test_who_was_set_aside_is_neither_absent_nor_changed(office: Office) -> None:
    keys = frozenset({"people/S1", "units/A1"})
    office.absences["people/S1"] = 5
    plan = office.run(without(STAFF, "S1", "A1"), set_aside=keys)
    assert (plan.operations, plan.absent, plan.findings) == ((), frozenset(), ())
    for said in ({"position": "Phó phòng"}, {"status": Status.LEFT}):
        assert office.run(changed(STAFF, "S1", **said), set_aside=keys).operations == ()


def test_a_row_that_was_set_aside_makes_no_account(office: Office) -> None:
    more = replace(STAFF, staff=(*STAFF.staff, a_person("S9", "Võ Thị Em", "A1")))
    assert office.run(more, set_aside=frozenset({"people/S9"})).operations == ()


def test_who_left_by_a_persons_decision_ends_at_once(office: Office) -> None:
    plan = office.run(without(STAFF, "S1"), left={"people/S1": "is CB0007 now, decided by an"})
    assert the(plan, "S1").reason.text == "left, as decided: is CB0007 now, decided by an"
    assert plan.absent == frozenset()


def test_a_row_outweighs_a_decision_that_somebody_left(office: Office) -> None:
    plan = office.run(STAFF, left={"people/S1": "retired"})
    assert plan.operations == ()
    assert plan.findings == ("staff.csv:2: S1 left, as decided (retired), and works; the row counts",)


# Back again


def test_who_comes_back_gets_the_old_address_and_a_new_start(office: Office) -> None:
    office.run(changed(STAFF, "S1", status=Status.LEFT))
    waiting = office.run(STAFF)
    assert waiting.operations == ()
    (told,) = waiting.findings
    assert told == (
        "staff.csv:2: S1 works again; the mailbox waits for the number of the document"
        " that asks for it (LD-7.2d)"
    )
    step = the(office.run(changed(STAFF, "S1", document="7/CV")), "S1")
    assert step.changes == (
        Change("congvuState", ("revoked",), ("initial",)),
        Change("congvuEnded", ("20261122000000Z",), ()),
        *Change.no_password(),
    )
    assert (step.reason.event, step.reason.clause, step.reason.document) == (Event.RETURN, "LD-7.2d", "7/CV")


def test_who_comes_back_under_another_name_returns(office: Office) -> None:
    office.run(changed(STAFF, "S1", status=Status.LEFT))
    back = changed(STAFF, "S1", document="7/CV", surname="Phạm", unit_id="A2", position="Giám đốc")
    step = the(office.run(back), "S1")
    assert step.reason.event is Event.RETURN
    assert "address annv@lamdong.gov.vn → anpv@lamdong.gov.vn" in step.reason.text
    assert office.entry("S1").values("mailLocalAddress") == ("annv@lamdong.gov.vn", "anpv@lamdong.gov.vn")


def test_who_was_revoked_by_other_hands_stays_so_until_the_row_asks(office: Office) -> None:
    office.set("S1", congvuState="revoked")
    waiting = office.run(changed(STAFF, "S1", document="7/CV"))
    assert waiting.operations == ()
    assert "S1 was revoked by other hands" in waiting.findings[0]
    office.run(changed(STAFF, "S1", document="7/CV", action=Action.RESTORE))
    assert office.entry("S1").value("congvuState") == "initial"


def test_who_was_revoked_by_other_hands_and_leaves_has_left(office: Office) -> None:
    office.set("S1", congvuState="revoked")
    office.run(changed(STAFF, "S1", status=Status.LEFT))
    assert office.entry("S1").value("congvuEnded") == "20261122000000Z"


def test_who_left_and_was_purged_stays_so_and_gets_the_old_address_back(office: Office) -> None:
    address = office.entry("S1").value("mail")
    office.run(changed(STAFF, "S1", status=Status.LEFT))
    office.set("S1", congvuState="purged", title="", telephoneNumber="", displayName="", congvuSearch="")
    assert office.run(changed(STAFF, "S1", status=Status.LEFT)).operations == ()
    office.run(changed(STAFF, "S1", document="7/CV"))
    back = office.entry("S1")
    assert (back.state, back.value("mail"), back.value("pwdReset")) == ("initial", address, "FALSE")
    assert back.value("displayName") == back.value("cn")


def test_whom_other_hands_revoked_before_the_purge_comes_back_when_the_row_asks_for_it(
    office: Office,
) -> None:
    office.set("S1", congvuState="purged")
    assert office.run(changed(STAFF, "S1", document="7/CV")).operations == ()
    office.run(changed(STAFF, "S1", document="7/CV", action=Action.RESTORE))
    assert office.entry("S1").state == "initial"


def test_an_account_that_was_opened_by_hand_ends_again_while_the_row_says_left(office: Office) -> None:
    gone = changed(STAFF, "S1", status=Status.LEFT)
    office.run(gone)
    office.set("S1", congvuState="active")
    assert the(office.run(gone), "S1").reason.event is Event.LEAVE


def test_an_account_that_was_opened_by_hand_keeps_its_password_when_the_row_follows(office: Office) -> None:
    office.run(changed(STAFF, "S1", status=Status.LEFT))
    office.set("S1", congvuState="active", userPassword="{ARGON2}y")
    step = the(office.run(STAFF), "S1")
    assert step.changes == (Change("congvuEnded", ("20261122000000Z",), ()),)
    assert step.reason.text == "opened again by hand"


# Rights


@pytest.mark.parametrize("said", [{"status": Status.LEFT}, None])
def test_a_leavers_delegations_end_in_the_same_plan(office: Office, said: dict[str, Any] | None) -> None:
    layout = office.layout
    office.set("A1", congvuDelegate=(layout.person("S1"), layout.person("S2")))
    office.set("S3", congvuDelegate=layout.person("S1"))
    office.absences["people/S1"] = 1
    registry = changed(STAFF, "S1", **said) if said else without(STAFF, "S1")
    done = office.run(registry)
    assert the(done, "A1").reason.text == "delegations end: their holders left"
    assert the(done, "A1").reason.event is Event.DETAILS
    assert office.entry("A1").values("congvuDelegate") == (layout.person("S2"),)
    assert office.entry("S3").values("congvuDelegate") == ()
    assert done.unchanged == 2  # A2 and S2


def test_delegations_end_beside_other_changes_and_on_accounts_without_a_row(office: Office) -> None:
    layout = office.layout
    for holder in ("A1", "A2"):
        office.set(holder, congvuDelegate=layout.person("S1"), congvuHead=layout.person("S1"))
    gone = changed(STAFF, "S1", status=Status.LEFT)
    done = office.run(without(changed(gone, "A1", name="Sở Khoa học"), "A2", "S2", "S3"))
    assert the(done, "A1").reason.event is Event.UNIT_RENAMED
    for holder in ("A1", "A2"):
        assert office.entry(holder).values("congvuDelegate") == ()
        assert office.entry(holder).values("congvuHead") == ()


def test_delegations_end_in_other_domains_too(lamdong: Policy) -> None:
    outer = Office(lamdong)
    inner = Office(replace(lamdong, domain=DomainName("doj.lamdong.gov.vn")))
    outer.run(STAFF)
    inner.found = outer.found
    inner.run(STAFF)
    outer.found = inner.found
    delegate = Layout(BASE, "doj.lamdong.gov.vn").person("S1")
    outer.found = inner.found
    outer.set("A1", congvuDelegate=delegate)
    tasks = [outer.task(STAFF), inner.task(changed(STAFF, "S1", status=Status.LEFT))]
    plans = plan_all(tasks, outer.found)
    assert [(plan.domain, len(plan.operations)) for plan in plans] == [
        ("lamdong.gov.vn", 1),
        ("doj.lamdong.gov.vn", 1),
    ]
    found = carry_out(outer.found, [one for plan in plans for one in plan.operations])
    assert [plan.operations for plan in plan_all(tasks, found)] == [(), ()]
    assert HOST in {entry.value("mailHost") for entry in found.entries.values()}


def test_an_alias_of_who_is_gone_does_not_end(office: Office) -> None:
    renamed = changed(STAFF, "S1", surname="Phạm")
    office.run(renamed)
    gone = changed(renamed, "S1", status=Status.LEFT)
    office.run(gone)
    office.today = date(2030, 1, 1)
    assert office.run(gone).operations == ()
