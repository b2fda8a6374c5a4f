"""Who owns a unit's mailbox by office, who reads its shared folder, and when that ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from congvu import policy as policies
from congvu.directory.operations import Add, Event, Modify
from congvu.policy.model import Role
from congvu.registry import Registry, Status
from tests.unit.helpers import ROOT
from tests.unit.office import Office, a_person, a_unit, changed, without

DAKLAK = "daklak.doj.gov.vn"
REGISTRY = Registry(
    (
        a_unit("A1", "Sở Tư pháp", head_id="S1"),
        a_unit("A2", "Phòng Hành chính", parent_id="A1", head_id="S4"),
        a_unit("A3", "Văn phòng", parent_id="A1", head_id="S6"),
    ),
    (
        a_person("S1", "Nguyễn Văn An", "A1", position="Giám đốc"),
        a_person("S2", "Trần Thị Bình", "A1", position="Phó Giám đốc"),
        a_person("S3", "Lê Văn Chi", "A1", position="Phó Giám đốc Sở"),
        a_person("S4", "Phạm Văn Dũng", "A2", position="Trưởng phòng"),
        a_person("S5", "Hồ Thị Em", "A2", position="Phó Trưởng phòng"),
        a_person("S6", "Đỗ Văn Giang", "A3", position="Chánh Văn phòng"),
    ),
)


@pytest.fixture
def office() -> Office:
    return Office(policies.load_domain(ROOT / "inventory/policy", DAKLAK))


def named(office: Office, unit: str, right: str) -> set[str]:
    people = office.layout.people
    return {dn.removeprefix("uid=").removesuffix(f",{people}") for dn in office.entry(unit).values(right)}


def test_several_own_a_mailbox_where_the_policy_says_so(office: Office) -> None:
    office.run(REGISTRY)
    assert (named(office, "A1", "congvuHead"), named(office, "A1", "congvuOwner")) == ({"S1"}, {"S2", "S3"})
    assert (named(office, "A2", "congvuHead"), named(office, "A2", "congvuOwner")) == ({"S4"}, {"S5"})


def test_the_leadership_of_the_agency_reads_every_units_shared_folder(office: Office) -> None:
    office.run(REGISTRY)
    for unit in ("A1", "A2", "A3"):
        assert named(office, unit, "congvuLeader") == {"S1", "S2", "S3"}


def test_owners_who_are_new_are_written_when_they_are_there(office: Office) -> None:
    done = office.run(REGISTRY)
    pointing = {"congvuHead", "congvuOwner", "congvuLeader"}
    for step in done.operations:
        assert not isinstance(step, Add) or not step.entry.attributes.keys() & pointing
    last = done.operations[-3:]
    assert all(
        isinstance(step, Modify) and {one.attribute for one in step.changes} <= pointing for step in last
    )
    assert office.run(REGISTRY).operations == ()


def test_who_is_promoted_owns_and_who_changes_office_does_not_any_more(office: Office) -> None:
    office.run(REGISTRY)
    later = changed(
        changed(REGISTRY, "S3", position="Chuyên viên"), "S5", unit_id="A1", position="Phó Giám đốc"
    )
    done = office.run(later)
    assert named(office, "A1", "congvuOwner") == named(office, "A1", "congvuLeader") - {"S1"} == {"S2", "S5"}
    assert named(office, "A2", "congvuOwner") == set()
    (owned,) = (step for step in done.operations if step.dn == office.layout.unit("A2"))
    assert owned.reason.event is Event.DETAILS
    assert owned.reason.text == "the owners by office; who of the leadership reads the shared folder"


def test_who_leaves_owns_and_reads_nothing(office: Office) -> None:
    office.run(REGISTRY)
    office.run(changed(REGISTRY, "S2", status=Status.LEFT))
    assert named(office, "A1", "congvuOwner") == {"S3"}
    for unit in ("A1", "A2", "A3"):
        assert named(office, unit, "congvuLeader") == {"S1", "S3"}


def test_rights_of_leavers_end_on_units_without_a_row(office: Office) -> None:
    office.run(REGISTRY)
    gone = changed(REGISTRY, "S2", status=Status.LEFT)
    office.run(without(gone, "A3", "S6"))
    assert named(office, "A3", "congvuLeader") == {"S1", "S3"}


def test_delegations_that_others_wrote_stay_until_their_holders_leave(office: Office) -> None:
    office.run(REGISTRY)
    delegates = (office.layout.person("S5"), office.layout.person("S6"))
    rights = ("congvuReader", "congvuAnswerer", "congvuDelegate")
    office.set("A1", congvuDelegation="20260101 20261231 read 1/QD | x", **dict.fromkeys(rights, delegates))
    assert office.run(REGISTRY).operations == ()
    office.run(changed(REGISTRY, "S5", status=Status.LEFT))
    for right in rights:
        assert named(office, "A1", right) == {"S6"}
    assert office.entry("A1").values("congvuDelegation")


@pytest.mark.parametrize(
    ("roles", "owners"),
    [
        ((Role.HEAD,), set()),
        (None, set()),
        ((Role.HEAD, Role.OFFICE), {"S6"}),
        ((Role.OFFICIAL,), {"S1", "S2", "S3"}),
    ],
)
def test_owners_are_those_whom_the_policy_names(
    office: Office, roles: tuple[Role, ...] | None, owners: set[str]
) -> None:
    policy = office.policy
    other = Office(replace(policy, delegation=replace(policy.delegation, owners=roles), shared_folders=None))
    other.run(REGISTRY)
    assert named(other, "A1", "congvuOwner") == owners
    assert named(other, "A1", "congvuLeader") == set()
