"""Units that begin, end, merge, divide, come back, and who answers for them (in memory)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from congvu.directory.operations import Add, Change, Event, Modify
from congvu.policy import Policy
from congvu.policy.model import Employment, Leaving, OrgType, PersonRule, Removal
from congvu.policy.template import PersonTemplate
from congvu.registry import Registry, Status
from tests.unit.office import Office, a_person, a_unit, carry_out, changed, cited, without

REGISTRY = Registry(
    (
        a_unit("A1", "Sở Khoa học và Công nghệ"),
        a_unit("A2", "Sở Nội vụ"),
        a_unit("A3", "Trung tâm Tin học", parent_id="A1"),
    ),
    (a_person("S1", "Nguyễn Văn An", "A1"), a_person("S2", "Trần Thị Bình", "A3")),
)
LEFT = {"status": Status.LEFT}


@pytest.fixture
def office(lamdong: Policy) -> Office:
    office = Office(lamdong, cited("lamdong.gov.vn"))
    office.run(REGISTRY)
    return office


def test_parents_come_before_their_children_whatever_their_ids(lamdong: Policy) -> None:
    units = (
        a_unit("A1", "Phòng Một", parent_id="A2"),
        a_unit("A2", "Sở Hai", parent_id="A3"),
        a_unit("A3", "Ban Ba"),
    )
    done = Office(lamdong).run(Registry(units, ()))
    assert [step.entry.value("uid") for step in done.operations if step.entry.managed] == ["A3", "A2", "A1"]


def test_a_units_own_domain_gives_its_address(office: Office) -> None:
    more = replace(REGISTRY, units=(*REGISTRY.units, a_unit("X1", "Đà Lạt", domain="dalat.lamdong.gov.vn")))
    office.run(more)
    assert office.entry("X1").value("mail") == "dalat@lamdong.gov.vn"


def test_a_head_who_is_new_is_written_after_both_are_there(lamdong: Policy) -> None:
    office = Office(lamdong, cited("lamdong.gov.vn"))
    done = office.run(changed(REGISTRY, "A1", head_id="S1"))
    last = done.operations[-1]
    assert isinstance(last, Modify)
    assert last.changes == (Change("congvuHead", (), (office.layout.person("S1"),)),)
    assert (last.reason.event, last.reason.clause) == (Event.HEAD, "LD-11.1")
    assert all(not step.entry.values("congvuHead") for step in done.operations if isinstance(step, Add))


def test_a_new_unit_has_its_head_at_once_where_that_one_is_there(office: Office) -> None:
    more = replace(REGISTRY, units=(*REGISTRY.units, a_unit("A9", "Sở Y tế", head_id="S1")))
    (step,) = office.run(more).operations
    assert step.entry.value("congvuHead") == office.layout.person("S1")


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ({"head_id": "S7"}, "units.csv:2: the head of A1, S7, has no account; the head stays as it was"),
        ({"head_id": "S2"}, "units.csv:2: the head of A1, S2, has left; it has none"),
    ],
)
def test_a_head_who_is_not_there_is_told(office: Office, said: dict[str, str], finding: str) -> None:
    office.run(changed(REGISTRY, "A1", head_id="S1"))
    done = office.run(changed(changed(REGISTRY, "A1", **said), "S2", **LEFT))
    assert finding in done.findings
    kept = (office.layout.person("S1"),) if said["head_id"] == "S7" else ()
    assert office.entry("A1").values("congvuHead") == kept


def test_a_head_who_left_does_not_stay_because_the_next_one_is_not_there(office: Office) -> None:
    office.run(changed(REGISTRY, "A1", head_id="S2"))
    unknown = changed(changed(REGISTRY, "A1", head_id="S7"), "S2", **LEFT)
    office.run(unknown)
    assert office.entry("A1").values("congvuHead") == ()


def test_a_head_without_an_account_whose_row_says_left_is_told(office: Office) -> None:
    more = replace(REGISTRY, staff=(*REGISTRY.staff, a_person("S9", "Lê Thị Dung", "A1", **LEFT)))
    done = office.run(changed(more, "A1", head_id="S9"))
    assert done.findings == ("units.csv:2: the head of A1, S9, has left; it has none",)


def test_a_head_whose_row_was_set_aside_stays(office: Office) -> None:
    headed = changed(REGISTRY, "A1", head_id="S1")
    office.run(headed)
    assert office.run(without(headed, "S1"), set_aside=frozenset({"people/S1"})).operations == ()


def test_a_head_who_comes_back_answers_again(office: Office) -> None:
    headed = changed(REGISTRY, "A1", head_id="S1")
    office.run(headed)
    office.run(changed(headed, "S1", **LEFT))
    assert office.entry("A1").values("congvuHead") == ()
    office.run(headed)  # waits for a document
    assert office.entry("A1").values("congvuHead") == ()
    office.run(changed(headed, "S1", document="1/CV"))
    assert office.entry("A1").values("congvuHead") == (office.layout.person("S1"),)


# The end of a unit


def test_a_dissolved_unit_ends_as_the_policy_says_of_units(office: Office) -> None:
    office.policy = replace(
        office.policy, dissolution=Leaving(then=Removal.SUSPEND), leaving=Leaving(then=Removal.LOCK)
    )
    office.run(changed(REGISTRY, "A2", **LEFT))
    assert office.entry("A2").value("congvuState") == "suspended"


def test_units_follow_the_rule_of_leaving_where_nothing_is_said_of_them(office: Office) -> None:
    office.policy = replace(office.policy, dissolution=Leaving(), leaving=Leaving(then=Removal.LOCK))
    office.run(changed(REGISTRY, "A2", **LEFT))
    assert office.entry("A2").value("congvuState") == "locked"


def test_a_unit_that_never_was_here_and_is_dissolved_is_nothing(office: Office) -> None:
    more = replace(REGISTRY, units=(*REGISTRY.units, a_unit("A9", "Sở Y tế", **LEFT)))
    assert office.run(more).operations == ()


def test_who_takes_over_may_be_new_and_is_there_first(office: Office) -> None:
    more = replace(REGISTRY, units=(*REGISTRY.units, a_unit("A9", "Sở Y tế")))
    done = office.run(changed(more, "A2", **LEFT, successor_ids=("A9",)))
    assert [step.entry.value("uid") for step in done.operations] == ["A9", "A2"]
    assert office.entry("A2").values("congvuSuccessor") == (office.layout.unit("A9"),)


def test_who_takes_over_is_put_right_later(office: Office) -> None:
    ended = changed(REGISTRY, "A2", **LEFT, successor_ids=("A1",))
    office.run(ended)
    (step,) = office.run(changed(ended, "A2", successor_ids=("A1", "A3"))).operations
    assert isinstance(step, Modify)
    assert [change.attribute for change in step.changes] == ["congvuSuccessor"]
    assert step.reason.event is Event.UNIT_SPLIT


def test_nobody_takes_over_who_has_no_account(office: Office) -> None:
    (problem,) = office.plan(changed(REGISTRY, "A2", **LEFT, successor_ids=("A8",))).problems
    assert "A2 goes to 'A8', which has no account" in problem


def test_people_in_a_dissolved_unit_are_a_problem(office: Office) -> None:
    (problem,) = office.plan(changed(REGISTRY, "A3", **LEFT)).problems
    assert problem == ("staff.csv:2: S2 works in A3, which is dissolved (say where the person works now)")
    (problem,) = office.plan(changed(REGISTRY, "A3", **LEFT, successor_ids=("A1", "A2"))).problems
    assert problem == (
        "staff.csv:2: S2 works in A3, which is dissolved (say which of A1, A2 the person works in)"
    )


def test_people_in_a_merged_unit_are_told_and_moved_by_their_own_rows_only(office: Office) -> None:
    merged = changed(REGISTRY, "A3", **LEFT, successor_ids=("A2",))
    done = office.run(merged)
    assert [step.entry.value("uid") for step in done.operations] == ["A3"]
    assert done.findings == (
        "staff.csv:2: S2 works in A3, which is dissolved; A2 takes over, the row still has to say so",
    )
    (step,) = office.run(changed(merged, "S2", unit_id="A2")).operations
    assert step.reason.event is Event.MOVE


def test_a_unit_below_a_dissolved_one_is_told(office: Office) -> None:
    done = office.run(changed(changed(REGISTRY, "S1", unit_id="A2"), "A1", **LEFT))
    assert "units.csv:2: A3 is below A1, which is dissolved" in done.findings


def test_a_unit_that_is_back_has_its_old_address(office: Office) -> None:
    office.run(changed(REGISTRY, "A2", **LEFT, successor_ids=("A1",)))
    assert "the mailbox waits" in office.run(REGISTRY).findings[0]
    (step,) = office.run(changed(REGISTRY, "A2", document="3/NQ")).operations
    assert step.reason.event is Event.RETURN
    entry = office.entry("A2")
    assert (entry.value("mail"), entry.value("congvuState")) == ("snv@lamdong.gov.vn", "initial")
    assert (entry.values("congvuSuccessor"), entry.values("congvuEnded")) == ((), ())


# Without a row


def test_a_unit_without_a_row_ends_in_the_second_run(office: Office) -> None:
    few = without(REGISTRY, "A2")
    first = office.run(few)
    assert first.operations == ()
    assert first.absent == {"units/A2"}
    second = office.plan(few)
    (step,) = second.operations
    assert (step.reason.event, step.reason.text) == (Event.UNIT_DISSOLVED, "no row in 2 runs in a row")


def test_a_unit_with_people_whose_rows_were_set_aside_is_not_absent(office: Office) -> None:
    done = office.run(without(REGISTRY, "A3", "S2"), set_aside=frozenset({"people/S2"}))
    assert (done.operations, done.absent) == ((), frozenset())
    assert "ttth@lamdong.gov.vn has no row, others still name it; untouched" in done.findings[0]


def test_a_unit_that_others_stand_below_is_not_absent(office: Office) -> None:
    done = office.run(without(REGISTRY, "A1", "S1"))
    assert done.absent == {"people/S1"}
    assert "skhcn@lamdong.gov.vn has no row, others still name it" in done.findings[-1]


def test_a_unit_that_was_set_aside_does_not_end(office: Office) -> None:
    assert office.run(changed(REGISTRY, "A2", **LEFT), set_aside=frozenset({"units/A2"})).operations == ()


def test_people_below_a_unit_that_was_set_aside_keep_their_addresses(lamdong: Policy) -> None:
    """Where the units above are in an address, a row that could not be read must rename nobody."""
    rule = PersonRule(address=(PersonTemplate("{{ hovaten }}.{{ unit_path }}"),))
    office = Office(replace(lamdong, person=rule))
    office.run(REGISTRY)
    assert office.entry("S2").value("mail") == "tranthibinh.ttth.skhcn@lamdong.gov.vn"
    few = without(REGISTRY, "A1", "S1")
    done = office.run(few, set_aside=frozenset({"units/A1", "people/S1"}))
    assert done.operations == ()
    for gone in (LEFT, {"org_type": OrgType.PARTY}):
        registry = changed(without(REGISTRY, "S1"), "A1", **gone)
        office.run(changed(registry, "A3", org_type=OrgType.STATE_AGENCY))
        assert office.entry("S2").value("mail") == "tranthibinh.ttth.skhcn@lamdong.gov.vn"


def test_a_unit_out_of_scope_stays_and_is_told(office: Office) -> None:
    done = office.run(changed(REGISTRY, "A2", org_type=OrgType.PARTY))
    assert (done.operations, done.absent) == ((), frozenset())
    assert "A2 is out of scope" in done.findings[0]


def test_who_works_in_a_unit_without_a_row_is_a_problem(office: Office) -> None:
    (problem,) = office.plan(without(REGISTRY, "A3")).problems
    assert problem == "staff.csv:2: S2 works in 'A3', which has no row (correct the unit)"


def test_a_unit_that_the_row_of_somebody_out_of_scope_names_is_not_absent(office: Office) -> None:
    few = without(changed(REGISTRY, "S2", employment=Employment.GUEST), "A3")
    assert office.run(few).absent == frozenset()


def test_a_cut_between_a_merger_and_its_successor_is_mended(office: Office) -> None:
    more = replace(REGISTRY, units=(*REGISTRY.units, a_unit("A9", "Sở Y tế", parent_id="A1")))
    merged = changed(more, "A2", **LEFT, successor_ids=("A9",))
    steps = office.plan(merged).operations
    whole = carry_out(office.found, steps)
    for cut in range(len(steps)):
        other = Office(office.policy, office.cited, found=carry_out(office.found, steps[:cut]))
        other.run(merged)
        assert other.found.entries == whole.entries
