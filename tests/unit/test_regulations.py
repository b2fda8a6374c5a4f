"""Clauses of the five regulations, each under the policy that ships (tests/conformance/ names the tests)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from congvu import policy as policies
from congvu.directory.inspect import inspect
from congvu.directory.model import Layout
from congvu.directory.operations import Add, DomainPlan
from congvu.directory.plans import plan_all
from congvu.directory.wanted import Task
from congvu.naming.allocation import allocate
from congvu.naming.ledger import Holding, Ledger
from congvu.policy import Policy
from congvu.policy.model import Published
from congvu.registry import Action, Employment, OrgType, Person, Place, Registry, Status, Unit
from congvu.registry.headings import Kind
from congvu.registry.mapping import TableSource
from congvu.registry.opening import open_source
from congvu.registry.people import StaffRows
from congvu.registry.problems import Problems
from congvu.registry.seen import Seen
from tests.unit.helpers import BASE, DAY, ROOT, APerson, ARegister, AUnit, Tree, table
from tests.unit.registry_forms import save

TODAY = date(2026, 11, 22)
HATINH, QUANGTRI, DAKLAK, TUPHAP = "hatinh.gov.vn", "quangtri.gov.vn", "daklak.gov.vn", "daklak.doj.gov.vn"
DEPARTMENT = Unit(Place("units.csv", 2), "U1", "Sở Nội vụ", "department", "", "", "", DAY)
AN = Person(Place("staff.csv", 2), "S1", "Nguyễn", "Văn", "An", "", "U1", "", "", DAY, status=Status.WORKING)


@cache
def policy(domain: str) -> Policy:
    return policies.load_domain(ROOT / "inventory/policy", domain)


def plans(registry: Registry, *domains: str) -> tuple[DomainPlan, ...]:
    """What the sync would do with one registry in each of `domains`, into an empty directory."""
    tasks = [
        Task(Layout(BASE, domain), policy(domain), registry, "mail.example.gov.vn", TODAY)
        for domain in domains
    ]
    return plan_all(tasks, inspect(Tree(), BASE))


def issued(plan: DomainPlan) -> dict[str, str]:
    """The primary address of each account that the plan adds, by its id."""
    added = [step.entry for step in plan.operations if isinstance(step, Add)]
    return {entry.value("uid"): entry.value("mail") for entry in added if entry.value("mail")}


# The text itself


@pytest.mark.parametrize(
    ("domain", "days"),
    [("lamdong.gov.vn", 10), (HATINH, 10), (QUANGTRI, 0), (DAKLAK, 0), (TUPHAP, 0)],
)
def test_a_regulation_binds_so_many_days_after_its_signing(domain: str, days: int) -> None:
    text = policy(domain).regulation
    assert text.issued_on
    assert text.effective_from == text.issued_on + timedelta(days)


# Addresses


@pytest.mark.parametrize("row", table("regulations.csv"), ids=lambda row: f"{row['clause']}-{row['address']}")
def test_a_unit_has_the_address_of_the_clause(row: dict[str, str]) -> None:
    units = [AUnit("P", row["parent"])] if row["parent"] else []
    units.append(AUnit("U", row["name"], parent_id="P" if units else "", domain=row["own_domain"]))
    done = allocate(ARegister(units, ()), policy(row["domain"]), Ledger(), today=TODAY)
    told = {problem.id: str(problem.code) for problem in done.problems}
    assert (told | {key: unit.local_part for key, unit in done.units.items()})["U"] == row["address"]


@pytest.mark.parametrize(
    "row", table("persons.csv"), ids=lambda row: row["full_name"] or " ".join(row.values())
)
def test_in_ha_tinh_the_unit_stands_behind_the_name(row: dict[str, str]) -> None:
    unit = AUnit("U", "Sở Khoa học và Công nghệ")
    person = APerson("1", row["ho"], row["dem"], row["ten"], row["full_name"])
    done = allocate(ARegister([unit], [person]), policy(HATINH), Ledger(), today=TODAY)
    assert done.people["1"].local_part == row["hovaten.unit"]


def test_in_quang_tri_each_division_has_a_mailbox_of_its_own_and_one_without_is_told() -> None:
    def division(unit_id: str, name: str, parent_id: str) -> Unit:
        return dataclasses.replace(DEPARTMENT, unit_id=unit_id, name=name, parent_id=parent_id)

    other = dataclasses.replace(DEPARTMENT, unit_id="U2", name="Sở Tài chính")
    divisions = (division("D1", "Phòng Tổ chức", "U1"), division("D2", "Phòng Tổ chức", "U2"))
    (done,) = plans(Registry((DEPARTMENT, other, *divisions), ()), QUANGTRI)
    assert issued(done) == {
        "U1": "snv@quangtri.gov.vn",
        "U2": "stc@quangtri.gov.vn",
        "D1": "ptc@quangtri.gov.vn",
        "D2": "ptc.stc@quangtri.gov.vn",
    }
    third = division("D3", "Phòng Thi cử", "U1")
    fourth = division("D4", "Phòng Thủ công", "U1")
    (refused,) = plans(Registry((DEPARTMENT, other, *divisions, third, fourth), ()), QUANGTRI)
    (problem,) = refused.problems
    assert "'ptc.snv' is held by unit D3, Phòng Thi cử (agree" in problem


def test_in_quang_tri_a_transfer_within_the_province_keeps_the_address() -> None:
    units = [AUnit("U", "Sở Nội vụ"), AUnit("V", "Sở Tài chính")]
    person = APerson("1", "Nguyễn", "Văn", "An")
    before = allocate(ARegister(units, [person]), policy(QUANGTRI), Ledger(), today=TODAY)
    assert before.people["1"].local_part == "nguyenvanan"
    ledger = Ledger(
        {key: unit.holding for key, unit in before.units.items()},
        {key: one.holding for key, one in before.people.items()},
    )
    moved = dataclasses.replace(person, unit_id="V")
    after = allocate(ARegister(units, [moved]), policy(QUANGTRI), ledger, today=TODAY)
    assert after.people["1"].holding == Holding("nguyenvanan", after.people["1"].holding.issued_for)


def test_in_two_domains_an_address_is_unique_in_each() -> None:
    namesake = dataclasses.replace(AN, staff_id="S2")
    province, department = plans(Registry((DEPARTMENT,), (AN, namesake)), DAKLAK, TUPHAP)
    for done, domain in ((province, DAKLAK), (department, TUPHAP)):
        assert issued(done) == {
            "U1": f"snv@{domain}",
            "S1": f"nguyenvanan@{domain}",
            "S2": f"nguyenvanan2@{domain}",
        }


# Who is given a mailbox


@pytest.mark.parametrize(
    ("domain", "org_type", "inside"),
    [
        ("lamdong.gov.vn", OrgType.STATE_AGENCY, True),
        ("lamdong.gov.vn", OrgType.PUBLIC_SERVICE_UNIT, True),
        ("lamdong.gov.vn", OrgType.POLITICAL_SOCIAL, True),
        ("lamdong.gov.vn", OrgType.PROFESSIONAL, True),
        ("lamdong.gov.vn", OrgType.ECONOMIC, True),
        ("lamdong.gov.vn", OrgType.ARMED, True),
        ("lamdong.gov.vn", OrgType.PARTY, False),
        (HATINH, OrgType.STATE_AGENCY, True),
        (HATINH, OrgType.PUBLIC_SERVICE_UNIT, True),
        (HATINH, OrgType.ARMED, False),
        ("monre.gov.vn", OrgType.STATE_AGENCY, True),
        ("monre.gov.vn", OrgType.ASSOCIATION, True),
    ],
)
def test_an_organisation_has_a_mailbox_if_the_regulation_names_its_kind(
    domain: str, org_type: OrgType, inside: bool
) -> None:
    unit = dataclasses.replace(DEPARTMENT, org_type=org_type)
    (done,) = plans(Registry((unit,), (AN,)), domain)
    assert set(issued(done)) == ({"U1", "S1"} if inside else set())
    told = [finding.partition(": ")[::2] for finding in done.findings]
    ruled = "ruled by somebody else" if org_type is OrgType.PARTY else "not named by the regulation"  # LD-1.3
    reason = f"organisations of the type {org_type} are {ruled}"
    assert [(where, why.partition(" is out of scope: ")[0]) for where, why in told] == (
        [] if inside else [("units.csv:2", "U1"), ("staff.csv:2", "S1")]
    )
    assert all(reason in why for _, why in told)


GUEST = dataclasses.replace(AN, employment=Employment.GUEST, sponsor_unit_id="U1", until=TODAY)
PEOPLE = {str(terms): dataclasses.replace(AN, employment=terms) for terms in Employment} | {
    "guest": GUEST,
    "former_guest": dataclasses.replace(GUEST, until=TODAY - timedelta(1)),
}


@pytest.mark.parametrize(
    ("domain", "terms", "inside"),
    [
        ("lamdong.gov.vn", "official", True),
        ("lamdong.gov.vn", "civil_servant", True),
        ("lamdong.gov.vn", "public_employee", True),
        ("lamdong.gov.vn", "contract", False),
        ("lamdong.gov.vn", "guest", False),
        (HATINH, "official", True),
        (HATINH, "civil_servant", True),
        (HATINH, "public_employee", True),
        (HATINH, "contract", False),
        (QUANGTRI, "civil_servant", True),
        (QUANGTRI, "public_employee", True),
        (QUANGTRI, "contract", True),
        (TUPHAP, "official", True),
        (TUPHAP, "civil_servant", True),
        (TUPHAP, "contract", False),
        ("monre.gov.vn", "official", True),
        ("monre.gov.vn", "civil_servant", True),
        ("monre.gov.vn", "public_employee", True),
        ("monre.gov.vn", "contract", True),
        ("monre.gov.vn", "guest", True),
        ("monre.gov.vn", "former_guest", False),
    ],
)
def test_somebody_has_a_mailbox_if_the_regulation_names_the_terms(
    domain: str, terms: str, inside: bool
) -> None:
    (done,) = plans(Registry((DEPARTMENT,), (PEOPLE[terms],)), domain)
    assert ("S1" in issued(done), len(done.findings)) == (inside, 0 if inside else 1)
    assert all(finding.startswith("staff.csv:2: S1 is out of scope: ") for finding in done.findings)


# Lists and publication


def actions(path: Path, rows: Sequence[Sequence[str]]) -> list[tuple[str, Action | None, Status]]:
    problems = Problems()
    found = open_source(TableSource(file=save(path, rows)), Kind.STAFF, problems)
    with Seen() as seen:
        people = list(StaffRows(found, TableSource(file=path).reading, problems, seen, None, complete=False))
    assert problems.errors == 0
    return [(person.full_name, person.action, person.status) for person in people]


def test_one_list_asks_to_create_to_change_and_to_cancel(tmp_path: Path) -> None:
    heading = ["STT", "Họ và tên", "Chức vụ", "Đơn vị", "Số điện thoại", "Nội dung đề nghị"]
    people = [("Nguyễn Văn An", "Cấp mới"), ("Lê Na", "Thay đổi"), ("Đỗ Đức Đạt", "Hủy")]
    rows = [
        [str(number), name, "Chuyên viên", "Phòng Tổ chức", f"099900000{number}", wish]
        for number, (name, wish) in enumerate(people, start=1)
    ]
    assert actions(tmp_path / "list.xlsx", [heading, *rows]) == [
        ("Nguyễn Văn An", Action.CREATE, Status.WORKING),
        ("Lê Na", Action.CHANGE, Status.WORKING),
        ("Đỗ Đức Đạt", Action.REVOKE, Status.LEFT),
    ]


def test_in_lam_dong_the_directory_publishes_no_private_data() -> None:
    directory = policy("lamdong.gov.vn").directory
    assert directory
    assert set(directory.publish or ()) == {
        Published.NAME,
        Published.POSITION,
        Published.UNIT,
        Published.ADDRESS,
    }
    # A date of birth or the number of a card cannot even be asked for; a telephone can, elsewhere.
    assert {*Published} - {*(directory.publish or ())} == {Published.PHONE}
