"""Each thing a registry can say becomes an operation with its event, in words, with clause and document."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from congvu.directory.operations import Event
from congvu.policy import Policy
from congvu.policy.values import Size
from congvu.registry import Registry, Status
from tests.unit.office import Office, a_person, a_unit, changed, cited

REGISTRY = Registry(
    (
        a_unit("A1", "Sở Khoa học và Công nghệ", head_id="S1"),
        a_unit("A2", "Sở Nội vụ"),
        a_unit("A3", "Trung tâm Tin học", parent_id="A1"),
    ),
    (a_person("S1", "Nguyễn Văn An", "A1"), a_person("S2", "Trần Thị Bình", "A3", phone="0263 1")),
)


@dataclass(frozen=True)
class Case:
    """What a row says anew, and the operation that follows."""

    identifier: str
    said: dict[str, Any]
    event: Event
    text: str
    attributes: set[str] = field(default_factory=set)
    """Those that change, besides what is in every such change."""
    clause: str = "[choice]"
    others: int = 0
    """Operations on other accounts that follow from it."""


GONE = {"status": Status.LEFT, "document": "9/QĐ-UBND"}
PASSWORD = {"userPassword"}
ENDED = {"congvuState", "congvuEnded", "pwdReset", *PASSWORD}
NAMES = {"cn", "displayName"}
LEDGER = {"mail", "mailLocalAddress", "congvuAliasUntil", "congvuIssuedFor", "congvuSearch"}
"""What changes with the address."""
UNTIL = "the old one delivers until 2027-11-22"
CASES = {
    "a surname": Case(
        "S1",
        {"surname": "Lê"},
        Event.RENAME,
        "name Nguyễn Văn An → Lê Văn An; address annv@lamdong.gov.vn → anlv@lamdong.gov.vn, " + UNTIL,
        {*NAMES, "sn", *LEDGER},
        "LD-5.2a",
    ),
    "marks in a name": Case(
        "S1",
        {"given_name": "Ẩn"},
        Event.RENAME,
        "name Nguyễn Văn An → Nguyễn Văn Ẩn, the address stays",
        {*NAMES, "givenName", "congvuIssuedFor"},
        "LD-5.2a",
    ),
    "another unit": Case(
        "S1", {"unit_id": "A2"}, Event.MOVE, "unit A1 → A2",
        {"ou", "departmentNumber", "congvuIssuedFor", "congvuSearch"},
    ),
    "a promotion": Case(
        "S1", {"position": "Giám đốc"}, Event.POSITION, "position Chuyên viên → Giám đốc", {"title"}
    ),
    "no position": Case("S1", {"position": ""}, Event.POSITION, "position Chuyên viên → none", {"title"}),
    "a telephone": Case(
        "S1", {"phone": "0263 2"}, Event.DETAILS, "the telephone number", {"telephoneNumber"}
    ),
    "no telephone": Case("S2", {"phone": ""}, Event.DETAILS, "the telephone number", {"telephoneNumber"}),
    "a special size": Case(
        "S1",
        {"quota": Size.from_text("5G"), "quota_reason": "họp trực tuyến"},
        Event.QUOTA,
        "mailbox 2G → 5G: họp trực tuyến",
        {"congvuQuota"},
        "LD-6.1",
    ),
    "an address held before": Case(
        "S1",
        {"address": "an.cu"},
        Event.ADDRESS,
        "address annv@lamdong.gov.vn → an.cu@lamdong.gov.vn, " + UNTIL,
        LEDGER - {"congvuIssuedFor"},
        "LD-5.2a",
    ),
    "a promotion with a move": Case(
        "S1",
        {"unit_id": "A2", "position": "Giám đốc", "phone": "1"},
        Event.MOVE,
        "unit A1 → A2; position Chuyên viên → Giám đốc; the telephone number",
        {"ou", "departmentNumber", "title", "telephoneNumber", "congvuIssuedFor", "congvuSearch"},
    ),
    "a leaver with another position": Case(
        "S2", {**GONE, "position": "Giám đốc"}, Event.LEAVE, "left", ENDED, "LD-7.2c"
    ),
    "a head who leaves": Case("S1", GONE, Event.LEAVE, "left", ENDED, "LD-7.2c", others=1),
    "a unit's name": Case(
        "A2",
        {"name": "Sở Nội vụ và Lao động"},
        Event.UNIT_RENAMED,
        "name Sở Nội vụ → Sở Nội vụ và Lao động; address snv@lamdong.gov.vn → snvld@lamdong.gov.vn, " + UNTIL,
        {*NAMES, "ou", *LEDGER},
        "LD-5.1c",
    ),
    "a unit's marks": Case(
        "A3", {"name": "Trung tâm Tin Học"}, Event.UNIT_RENAMED, "name Trung tâm Tin học → Trung tâm Tin Học",
        {*NAMES, "ou", "congvuIssuedFor"}, "LD-5.1c", others=1,
    ),
    "below another unit": Case(
        "A3", {"parent_id": "A2"}, Event.UNIT_MOVED, "below A2, before below A1",
        {"congvuParent", "congvuIssuedFor"}, others=1,
    ),
    "below no unit": Case(
        "A3", {"parent_id": ""}, Event.UNIT_MOVED, "below no unit, before below A1",
        {"congvuParent", "congvuIssuedFor"}, others=1,
    ),
    "an agreed address": Case(
        "A2", {"address": "noivu"}, Event.ADDRESS,
        "address snv@lamdong.gov.vn → noivu@lamdong.gov.vn, " + UNTIL,
        LEDGER - {"congvuIssuedFor"}, "LD-5.1c",
    ),
    "another head": Case("A1", {"head_id": "S2"}, Event.HEAD, "head S1 → S2", {"congvuHead"}, "LD-11.1"),
    "no head": Case("A1", {"head_id": ""}, Event.HEAD, "head S1 → nobody", {"congvuHead"}, "LD-11.1"),
    "a first head": Case("A2", {"head_id": "S2"}, Event.HEAD, "head nobody → S2", {"congvuHead"}, "LD-11.1"),
    "a unit dissolved": Case("A2", GONE, Event.UNIT_DISSOLVED, "dissolved", ENDED, "LD-7.2c"),
    "a unit merged": Case(
        "A2", {**GONE, "successor_ids": ("A1",)}, Event.UNIT_MERGED, "merged into A1",
        {*ENDED, "congvuSuccessor"}, "LD-7.2c",
    ),
    "a unit divided": Case(
        "A2", {**GONE, "successor_ids": ("A1", "A3")}, Event.UNIT_SPLIT, "divided into A1, A3",
        {*ENDED, "congvuSuccessor"}, "LD-7.2c",
    ),
}  # fmt: skip


@pytest.fixture
def office(lamdong: Policy) -> Office:
    office = Office(lamdong, cited("lamdong.gov.vn"))
    office.run(REGISTRY)
    return office


@pytest.mark.parametrize("name", CASES)
def test_what_a_row_says_becomes_one_operation_with_its_event(office: Office, name: str) -> None:
    case = CASES[name]
    before = office.entry(case.identifier)
    said = {"document": "5/QĐ", **case.said}
    done = office.run(changed(REGISTRY, case.identifier, **said))
    (step,) = [one for one in done.operations if one.dn == before.dn]
    assert (step.reason.event, step.reason.text) == (case.event, case.text)
    assert (step.reason.clause, step.reason.document) == (case.clause, said["document"])
    assert step.reason.place == ("units.csv:2" if case.identifier.startswith("A") else "staff.csv:2")
    after = office.entry(case.identifier)
    differing = {
        name
        for name in before.attributes.keys() | after.attributes.keys()
        if before.values(name) != after.values(name)
    }
    assert differing == case.attributes - PASSWORD
    assert ("userPassword" in case.attributes) == any(
        change.secret for change in getattr(step, "changes", ())
    )
    assert len(done.operations) == 1 + case.others


def test_every_event_of_a_change_is_in_the_table() -> None:
    told_elsewhere = {Event.STRUCTURE, Event.JOIN, Event.UNIT_NEW, Event.RETURN}
    assert {case.event for case in CASES.values()} == set(Event) - told_elsewhere


def test_who_joins_and_a_new_unit_say_how_they_came_by_their_address(office: Office) -> None:
    more = replace(
        REGISTRY,
        units=(*REGISTRY.units, a_unit("A9", "Sở Y tế", document="1/NQ")),
        staff=(*REGISTRY.staff, a_person("S9", "Lê Thị Dung", "A9", document="2/QĐ")),
    )
    unit, person = office.run(more).operations
    assert (unit.reason.event, unit.reason.text, unit.reason.document) == (
        Event.UNIT_NEW,
        "Sở Y tế is new; address by {{ name | acronym }}",
        "1/NQ",
    )
    assert (person.reason.event, person.reason.clause, person.reason.document) == (
        Event.JOIN,
        "LD-5.2a",
        "2/QĐ",
    )
    assert person.reason.text.startswith("Lê Thị Dung joins; address by {{ ten }}")


def test_a_unit_with_another_name_tells_its_people(office: Office) -> None:
    done = office.run(changed(REGISTRY, "A3", name="Trung tâm Tin Học"))
    (person,) = [step for step in done.operations if step.dn == office.layout.person("S2")]
    assert person.reason.event is Event.UNIT_RENAMED
    assert person.reason.text == "the unit is Trung tâm Tin Học now, it was Trung tâm Tin học"


@pytest.mark.parametrize(
    ("said", "event", "text"),
    [
        ({"address": "tinhoc"}, Event.UNIT_RENAMED, "the unit's address is tinhoc now"),
        ({"parent_id": "A2"}, Event.UNIT_MOVED, "the unit stands in ttth.snv now"),
    ],
)
def test_people_who_follow_their_unit_have_its_event(
    office: Office, said: dict[str, Any], event: Event, text: str
) -> None:
    done = office.run(changed(REGISTRY, "A3", **said))
    (person,) = [step for step in done.operations if step.dn == office.layout.person("S2")]
    assert (person.reason.event, person.reason.text) == (event, text)


def test_a_plan_does_not_depend_on_the_order_of_rows(lamdong: Policy) -> None:
    shuffled = Registry(REGISTRY.units[::-1], REGISTRY.staff[::-1])
    there, back = Office(lamdong), Office(lamdong)
    assert there.run(REGISTRY).operations == back.run(shuffled).operations
    gone = [changed(one, "S1", surname="Lê", unit_id="A2") for one in (REGISTRY, shuffled)]
    gone = [changed(one, "S2", status=Status.LEFT) for one in gone]
    assert there.run(gone[0]).operations == back.run(gone[1]).operations
