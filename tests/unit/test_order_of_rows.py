"""Whatever the order of rows, every line comes out the same: all orders of small lists are tried."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from itertools import permutations

import pytest

from congvu import policy as policies
from congvu.naming.allocation import allocate
from congvu.naming.ledger import Ledger
from congvu.naming.preview import Line, Previewed, preview
from congvu.policy import Policy
from congvu.policy.template import PersonTemplate
from tests.unit.helpers import ROOT, APerson, ARegister, AUnit

TODAY = date(2026, 11, 22)
LONG = "Ban Quản lý Khu du lịch quốc gia Hồ Tuyền Lâm"
LD, HT = "lamdong.gov.vn", "hatinh.gov.vn"


@pytest.fixture(scope="module")
def served() -> dict[str, Policy]:
    return {name: policies.load_domain(ROOT / "inventory/policy", name) for name in (LD, HT)}


def unit(name: str, above: str = "") -> Line:
    return Line("unit", name, unit=above)


def person(name: str, above: str = "") -> Line:
    return Line("person", name, unit=above)


LISTS: dict[str, list[Line]] = {
    "a circle of two": [
        unit("Phòng Một", "Phòng Hai"),
        unit("Phòng Hai", "Phòng Một"),
        person("Lê Na", "Phòng Một"),
    ],
    "a circle of three, and one below": [
        unit("Phòng A", "Phòng B"),
        unit("Phòng B", "Phòng C"),
        unit("Phòng C", "Phòng A"),
        unit("Phòng D", "Phòng A"),
        person("Lê Na", "Phòng D"),
    ],
    "its own parent": [unit("Sở Nội vụ", "Sở Nội vụ"), person("Lê Na", "snv")],
    "one code, two units": [
        unit("Sở Nội vụ"),
        unit("Sở Ngoại vụ"),
        person("Lê Na", "snv"),
        unit("Phòng A", "snv"),
    ],
    "one name, two units": [
        unit("Văn phòng", "Sở Y tế"),
        unit("Văn phòng", "Sở Tài chính"),
        unit("Sở Y tế"),
        unit("Sở Tài chính"),
        person("Lê Na", "Văn phòng"),
    ],
    "one name in two spellings": [
        unit("Sở Nội vụ"),
        unit("SỞ NỘI VỤ", "Sở Y tế"),
        person("Lê Na", "Sở nội vụ"),
    ],
    "the same line twice": [unit("Sở Nội vụ"), unit("Sở Nội vụ"), person("Lê Na", "Sở Nội vụ")],
    "mentioned only": [
        person("Lê Na", "Sở Nội vụ"),
        person("Sơn Kim", "Sở Ngoại vụ"),
        person("Lê Na", "snv"),
    ],
    "namesakes": [person("Lê Na"), person("Lê Nà"), person("Lê Ná", "Sở Y tế"), person("Lê Na", "Sở Y tế")],
    "a parent that must agree": [
        unit("Phòng A", LONG),
        unit(LONG),
        unit("Sở Y tế"),
        person("Lê Na", "Phòng A"),
    ],
    "a slip of the pen": [
        unit("Sở Tài chính"),
        unit("Phòng A", "Sở Tài chinhh"),
        person("Lê Na", "Sơ Tài chínhh"),
        person("Sơn Kim", "Phòng Một"),
        person("Lê Nam", "Phòng Hai"),
    ],
    "two names": [Line("person", "Lê Na", "Sơn", "", "Kim"), Line("person", "Y Blŏ Niê", "Niê", "Y", "Blŏ")],
    "codes": [unit("H15.2"), unit("*H15.2*"), person("Lê Na", "H15.2"), person("Sơn Kim", "*H15.2*")],
}


@pytest.mark.parametrize("domain", [LD, HT])
@pytest.mark.parametrize("case", LISTS)
def test_a_list_gives_the_same_in_every_order(case: str, domain: str, served: dict[str, Policy]) -> None:
    labelled = [
        dataclasses.replace(line, label=f"row {number}") for number, line in enumerate(LISTS[case], start=1)
    ]
    found = {
        tuple(sorted(zip((line.label for line in lines), results, strict=True), key=lambda pair: pair[0]))
        for lines in permutations(labelled)
        for results in [map(_plain, preview(lines, served[domain], today=TODAY))]
    }
    assert len(found) == 1, found


def _plain(one: Previewed) -> tuple[str, str, str]:
    return one.address, one.rule, one.problem


def results(lines: Sequence[Line], policy: Policy) -> list[str]:
    return [one.address.partition("@")[0] or one.problem for one in preview(lines, policy, today=TODAY)]


def test_a_unit_that_is_one_of_several_is_told_and_nobody_gets_its_address(served: dict[str, Policy]) -> None:
    one, other, na, below = results(LISTS["one code, two units"], served[LD])
    assert (one[:15], other) == ("needs_agreement", "snv")
    told = "unit: 'snv' may be 'Sở Ngoại vụ' (line 2) or 'Sở Nội vụ' (line 1) (write the name of one"
    assert below.startswith(told)
    assert preview(LISTS["one code, two units"], served[LD], today=TODAY)[2].problem.startswith(told)
    assert na == "nal"
    # In Hà Tĩnh the code is that of one of them by agreement.
    assert results(LISTS["one code, two units"], served[HT]) == ["snv", "sngv", "lena.snv", "pa.snv"]


def test_the_children_of_a_unit_without_an_address_wait(served: dict[str, Policy]) -> None:
    policy = dataclasses.replace(served[HT], unit=dataclasses.replace(served[HT].unit, max_length=10))
    child, parent, _, na = results(LISTS["a parent that must agree"], policy)
    assert parent.startswith("needs_agreement")
    assert child.startswith(f"missing: the unit above, '{LONG}', has no address yet (settle or correct")
    assert na.startswith("missing: the rule needs an address of the unit")
    assert f"unit 'Phòng A': missing: the unit above, '{LONG}'" in na


def test_units_in_a_circle_wait_where_the_rule_names_the_parent(served: dict[str, Policy]) -> None:
    for line in results(LISTS["a circle of two"], served[HT])[:2]:
        assert "is its own ancestor" in line
    assert results(LISTS["a circle of two"], served[LD]) == ["pm", "ph", "nal"]


TREES: dict[str, list[AUnit]] = {
    "chain": [AUnit("A", "Phòng A", parent_id="B"), AUnit("B", "Phòng B", parent_id="C"), AUnit("C", "Sở C")],
    "circle": [
        AUnit("A", "Phòng A", parent_id="B"),
        AUnit("B", "Phòng B", parent_id="A"),
        AUnit("C", "Sở C"),
    ],
    "circle with a tail": [
        AUnit("A", "Phòng A", parent_id="B"),
        AUnit("B", "Phòng B", parent_id="C"),
        AUnit("C", "Phòng C", parent_id="B"),
        AUnit("D", "Phòng A", parent_id="C"),
    ],
    "one abbreviation": [AUnit("A", "Sở Nội vụ"), AUnit("B", "Sở Ngoại vụ"), AUnit("C", "Sở Nội vật")],
    "one agreed address": [
        AUnit("A", "Sở A", address="x"),
        AUnit("B", "Sở B", address="x"),
        AUnit("C", "Sở C"),
    ],
    "no address above": [
        AUnit("A", "Phòng A", parent_id="B"),
        AUnit("B", "A01", parent_id="C"),
        AUnit("C", "Sở C"),
    ],
}
PEOPLE = [
    APerson("S9", "Lê", "", "Na", unit_id="A"),
    APerson("S10", "Lê", "", "Ná", unit_id="B"),
    APerson("S1", written_name="Lê Nà", unit_id="A", address="nal"),
    APerson("S2", written_name="Lê Nà", unit_id="C", document="2/CV"),
]


@pytest.mark.parametrize("domain", [LD, HT])
@pytest.mark.parametrize("case", TREES)
def test_an_allocation_is_the_same_in_every_order(case: str, domain: str, served: dict[str, Policy]) -> None:
    def allocated(units: Sequence[AUnit], people: Sequence[APerson]) -> tuple[object, ...]:
        done = allocate(ARegister(units, people), served[domain], Ledger(), today=TODAY)
        return sorted(done.units.items()), sorted(done.people.items()), done.problems

    wanted = allocated(TREES[case], PEOPLE)
    for units in permutations(TREES[case]):
        assert allocated(units, PEOPLE) == wanted
    for people in permutations(PEOPLE):
        assert allocated(TREES[case], people) == wanted


@pytest.mark.parametrize("case", ["circle", "no address above"])
def test_nobody_gets_half_a_path(case: str, served: dict[str, Policy]) -> None:
    rung = PersonTemplate.from_text("{{ ten }}.{{ unit_path }}")
    policy = dataclasses.replace(served[LD], person=dataclasses.replace(served[LD].person, address=(rung,)))
    person = APerson("S1", "Lê", "", "Na", unit_id="A")
    done = allocate(ARegister(TREES[case], [person]), policy, Ledger(), today=TODAY)
    assert "A" in done.units
    assert done.people == {}
    assert "an address of the unit, and of each one above it" in str(done.problems[-1])


def test_an_address_in_use_stays_while_the_path_is_broken(served: dict[str, Policy]) -> None:
    rung = PersonTemplate.from_text("{{ ten }}.{{ unit_path }}")
    policy = dataclasses.replace(served[LD], person=dataclasses.replace(served[LD].person, address=(rung,)))
    register = ARegister(TREES["chain"], [APerson("S1", "Lê", "", "Na", unit_id="A")])
    done = allocate(register, policy, Ledger(), today=TODAY)
    assert done.people["S1"].local_part == "na.pa.pb.sc"
    ledger = Ledger({}, {"S1": done.people["S1"].holding})
    broken = allocate(
        dataclasses.replace(register, units=TREES["no address above"]), policy, ledger, today=TODAY
    )
    assert broken.people["S1"].holding == done.people["S1"].holding
    assert [problem.id for problem in broken.problems] == ["B"]


def test_a_unit_keeps_its_address_while_the_one_above_has_none(served: dict[str, Policy]) -> None:
    chain = [AUnit("A", "Phòng A", parent_id="B"), AUnit("B", "Sở Y tế")]
    done = allocate(ARegister(chain, []), served[HT], Ledger(), today=TODAY)
    assert done.units["A"].local_part == "pa.syt"
    ledger = Ledger({"A": done.units["A"].holding})
    again = allocate(ARegister([chain[0], AUnit("B", "H15.2")], []), served[HT], ledger, today=TODAY)
    assert again.units["A"].holding == done.units["A"].holding
    assert [problem.id for problem in again.problems] == ["B", "A"]


def test_two_units_of_one_name_are_nobodys_unit_and_the_same_line_twice_is_one(
    served: dict[str, Policy],
) -> None:
    na = results(LISTS["one name, two units"], served[HT])[-1]
    assert na.startswith("unit: 'Văn phòng' may be 'Văn phòng' (line 1) or 'Văn phòng' (line 2)")
    one, other, na = results(LISTS["the same line twice"], served[HT])
    assert (one, other[:15], na) == ("snv", "needs_agreement", "lena.snv")


def test_a_unit_that_is_almost_one_of_the_list_is_told_with_it(served: dict[str, Policy]) -> None:
    finance, below, na, one, two = results(LISTS["a slip of the pen"], served[HT])
    assert below == "unit: there is no row for 'Sở Tài chinhh' (did you mean 'Sở Tài chính'?)"
    assert na.startswith("unit: there is no row for 'Sơ Tài chínhh' (did you mean 'Sở Tài chính'?)")
    assert (finance, one, two) == ("stc", "sonkim.pm", "lenam.ph")
    numbers = [unit("Phòng Công chứng số 1"), person("Lê Na", "Phòng Công chứng số 2")]
    assert results(numbers, served[HT]) == ["pccs1", "lena.pccs2"]


def test_who_has_two_names_has_no_address(served: dict[str, Policy]) -> None:
    told, blo = results(LISTS["two names"], served[LD])
    assert told == "name: 'Lê Na' and its parts differ: 'Sơn Kim' (correct one of them)"
    assert blo == "blony"


def test_a_code_that_people_give_as_their_unit_is_no_address(served: dict[str, Policy]) -> None:
    (na,) = results([person("Lê Na", "h15.2")], served[HT])
    assert "unit 'h15.2': letter: 'h15.2' is a code, no name" in na
    assert results([person("Lê Na", "ubnddamrong1")], served[HT]) == ["lena.ubnddamrong1"]
