from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.sandbox import SandboxedEnvironment

from congvu.naming.allocation import Allocation, How, ProblemCode, allocate, registration_order
from congvu.naming.allocation.people import sort_people
from congvu.naming.ledger import Alias, Holding, Ledger
from congvu.naming.namespace import Namespace, key
from congvu.naming.template import render_person
from congvu.policy import Policy
from congvu.policy.model import (
    AddressChange,
    LongPlaceNames,
    Numbering,
    NumberingScope,
    OnChange,
    PersonalData,
    Places,
)
from congvu.policy.template import PERSON, PersonTemplate, UnitTemplate
from congvu.policy.values import Duration, LocalPart
from tests.unit.helpers import DAY, APerson, ARegister, AUnit

TODAY = date(2026, 11, 22)
IN_A_YEAR = date(2027, 11, 22)


SNV = AUnit("U", "Sở Nội vụ")
STC = AUnit("V", "Sở Tài chính")


def person(staff_id: str, name: str = "Nguyễn|Văn|An", **more: Any) -> APerson:
    """A person whose name is split by ``|``, or is in one piece."""
    if "|" not in name:
        return APerson(staff_id, written_name=name, **more)
    ho, dem, ten = name.split("|")
    return APerson(staff_id, ho, dem, ten, **more)


def run(
    policy: Policy,
    staff: Iterable[APerson] = (),
    units: Iterable[AUnit] = (SNV, STC),
    ledger: Ledger | None = None,
    today: date = TODAY,
) -> Allocation:
    """Allocate, and prove that the next run on the same day changes nothing."""
    register, before = ARegister(tuple(units), tuple(staff)), ledger or Ledger()
    done = allocate(register, policy, before, today=today)
    written = Ledger({**before.units, **done_units(done)}, {**before.people, **holdings(done)}, before.others)
    again = allocate(register, policy, written, today=today)
    assert (done_units(again), holdings(again)) == (done_units(done), holdings(done))
    assert {issued.how for issued in (*again.units.values(), *again.people.values())} <= {How.KEPT}
    assert [problem.id for problem in again.problems if problem.id not in written.people] == [
        problem.id for problem in done.problems if problem.id not in written.people
    ]
    return done


def after(*allocations: Allocation, gone: Iterable[str] = ()) -> Ledger:
    """The ledger once these were written, and those named in `gone` have left."""
    units: dict[str, Holding] = {}
    people: dict[str, Holding] = {}
    for allocation in allocations:
        units |= {key: issued.holding for key, issued in allocation.units.items()}
        people |= {key: issued.holding for key, issued in allocation.people.items()}
    return Ledger(units, people | {key: people[key]._replace(gone=True) for key in gone})


def people(allocation: Allocation) -> dict[str, str]:
    told = {problem.id: str(problem.code) for problem in allocation.problems}
    return told | {key: issued.local_part for key, issued in allocation.people.items()}


def units(allocation: Allocation) -> dict[str, str]:
    told = {problem.id: str(problem.code) for problem in allocation.problems}
    return told | {key: issued.local_part for key, issued in allocation.units.items()}


def for_people(policy: Policy, *ladder: str, **more: Any) -> Policy:
    rungs = tuple(map(PersonTemplate.from_text, ladder)) or policy.person.address
    return dataclasses.replace(policy, person=dataclasses.replace(policy.person, address=rungs, **more))


def for_units(policy: Policy, *ladder: str, **more: Any) -> Policy:
    rungs = tuple(map(UnitTemplate.from_text, ladder)) or policy.unit.address
    return dataclasses.replace(policy, unit=dataclasses.replace(policy.unit, address=rungs, **more))


# Namesakes


def test_the_second_namesake_gets_2_in_order_of_registration(lamdong: Policy) -> None:
    rows = [
        person("a", registered_on=DAY + timedelta(9)),
        person("c"),
        person("b", registered_on=DAY + timedelta(1)),
    ]
    assert people(run(lamdong, rows)) == {"c": "annv", "b": "annv2", "a": "annv3"}


def test_on_equal_dates_the_document_decides_then_the_id_and_numbers_count(lamdong: Policy) -> None:
    rows = [person("S10"), person("S9"), person("S1", document="12/CV"), person("S2", document="9/CV")]
    assert people(run(lamdong, rows)) == {"S9": "annv", "S10": "annv2", "S2": "annv3", "S1": "annv4"}


@pytest.mark.parametrize("order", [["S9", "S10"], ["9/CV", "12/CV"], ["", "1"], ["a1b2", "A1b10"]])
def test_identifiers_are_ordered_as_people_count(order: list[str]) -> None:
    backwards = order[::-1]
    assert sorted(backwards, key=lambda text: registration_order(DAY, text, "")) == order


def test_names_that_differ_in_marks_only_are_namesakes(lamdong: Policy) -> None:
    rows = [person("1", "Lê||Thủy"), person("2", "Lê||Thúy"), person("3", "Lê||Thuỷ")]
    assert people(run(lamdong, rows)) == {"1": "thuyl", "2": "thuyl2", "3": "thuyl3"}


def test_different_splits_of_one_spelling_are_namesakes(quangtri: Policy) -> None:
    rows = [person("1", "Nguyễn|Thi Thu|Y"), person("2", "Nguyễn|Thi|Thuy")]
    assert people(run(quangtri, rows)) == {"1": "nguyenthithuy", "2": "nguyenthithuy2"}


def test_a_number_is_never_used_again(lamdong: Policy) -> None:
    first = run(lamdong, [person("1"), person("2"), person("3")])
    ledger = after(first, gone=["1", "2"])
    second = run(lamdong, [person("3"), person("4")], ledger=ledger)
    assert people(second) == {"3": "annv3", "4": "annv4"}


def test_the_second_keeps_2_when_the_first_leaves(lamdong: Policy) -> None:
    first = run(lamdong, [person("1"), person("2")])
    assert people(run(lamdong, [person("2")], ledger=after(first, gone=["1"]))) == {"2": "annv2"}


@pytest.mark.parametrize(
    ("numbering", "expected"),
    [
        (Numbering(), "annv2"),
        (Numbering(first=1), "annv1"),
        (Numbering(width=2), "annv02"),
        (Numbering(first=1, width=3), "annv001"),
    ],
)
def test_first_number_and_width_are_the_policys(lamdong: Policy, numbering: Numbering, expected: str) -> None:
    policy = for_people(lamdong, numbering=numbering)
    assert people(run(policy, [person("1"), person("2")]))["2"] == expected


HATINH = ("{{ hovaten }}.{{ unit }}", "{{ hovaten }}{{ n }}.{{ unit }}")


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (
            NumberingScope.UNIT,
            {"1": "nguyenvanan.snv", "2": "nguyenvanan.stc", "3": "nguyenvanan2.stc"},
        ),
        (
            NumberingScope.DOMAIN,
            {"1": "nguyenvanan.snv", "2": "nguyenvanan2.stc", "3": "nguyenvanan3.stc"},
        ),
    ],
)
def test_namesakes_are_counted_in_the_unit_or_in_the_domain(
    lamdong: Policy, scope: NumberingScope, expected: dict[str, str]
) -> None:
    policy = for_people(lamdong, *HATINH, numbering=Numbering(scope=scope))
    rows = [person("1"), person("2", unit_id="V"), person("3", unit_id="V")]
    assert people(run(policy, rows)) == expected
    # And the same when they come one after the other, the first having left.
    ledger = Ledger()
    for row in rows:
        done = run(policy, [row], ledger=ledger)
        ledger = Ledger(done_units(done), {**ledger.people, **holdings(done)})
    assert {key: holding.local_part for key, holding in ledger.people.items()} == expected


def done_units(allocation: Allocation) -> Mapping[str, Holding]:
    return {key: issued.holding for key, issued in allocation.units.items()}


def holdings(allocation: Allocation) -> Mapping[str, Holding]:
    return {key: issued.holding for key, issued in allocation.people.items()}


def test_many_namesakes_are_not_counted_from_2_each_time(
    lamdong: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = 0
    real = Namespace.claim

    def counting(self: Namespace, *arguments: Any, **options: Any) -> bool:
        nonlocal claims
        claims += 1
        return real(self, *arguments, **options)

    monkeypatch.setattr(Namespace, "claim", counting)
    assert people(run(lamdong, [person(f"S{index}") for index in range(400)]))["S399"] == "annv400"
    assert claims < 4 * 400


# The namespace


def test_a_reserved_name_is_never_issued(lamdong: Policy) -> None:
    assert people(run(lamdong, [person("1", "||Admin")])) == {"1": "admin2"}


def test_a_list_of_the_policy_is_taken(lamdong: Policy) -> None:
    policy = dataclasses.replace(lamdong, lists=(LocalPart("annv"),))
    assert people(run(policy, [person("1")])) == {"1": "annv2"}


def test_units_come_before_people(lamdong: Policy) -> None:
    city = AUnit("X", "Ủy ban nhân dân phường Đông Hà", address="haad")
    assert people(run(lamdong, [person("1", "Anh|Đức|Hà")], [city])) == {"1": "haad2"}


def test_place_names_are_for_units_only(quangtri: Policy) -> None:
    places = Places(1, "a test", present=("Phường Đông Hà", "Xã Sơn Kim 2"), abolished=("Huyện Cam Lộ",))
    policy = dataclasses.replace(quangtri, places=places)
    city = AUnit("X", "Ủy ban nhân dân phường Đông Hà", address="dongha")
    rows = [
        person("1", "Đông||Hà"),
        person("2", "Sơn||Kim"),
        person("3", "Sơn||Kim"),
        person("4", "Cam||Lộ"),
    ]
    done = run(policy, rows, [city])
    assert units(done) == {"X": "dongha"}
    assert people(done) == {"1": "dongha2", "2": "sonkim", "3": "sonkim3", "4": "camlo2"}


def test_what_others_hold_is_taken(lamdong: Policy) -> None:
    done = run(lamdong, [person("1")], ledger=Ledger(others={"annv": "cn=scanner,ou=services"}))
    assert people(done) == {"1": "annv2"}


def test_addresses_that_differ_by_a_separator_only_clash() -> None:
    namespace = Namespace(["mailer-daemon"])
    assert namespace.claim("nguyen.an", "first")
    assert not namespace.claim("nguyenan", "second")
    assert namespace.claim("nguyen.an", "first")
    assert namespace.holder("Nguyen_An") == "first"
    assert not namespace.claim("mailerdaemon", "somebody")


# The ladder


def test_a_ladder_without_numbers_ends_in_a_problem(quangtri: Policy) -> None:
    done = run(for_people(quangtri, "{{ hovaten }}"), [person("1"), person("2")])
    assert people(done) == {"1": "nguyenvanan", "2": ProblemCode.TAKEN}
    assert str(done.problems[0]) == (
        "'nguyenvanan' is held by 1, Nguyễn Văn An (agree on an address, and write it in the column "
        "'address'; free: vanan, nvan, annv)"
    )


def test_proposals_to_a_person_keep_the_unit_where_the_rule_has_it(lamdong: Policy) -> None:
    done = run(for_people(lamdong, HATINH[0]), [person("1"), person("2")])
    assert done.problems[0].proposals == ("vanan.snv", "nvan.snv", "annv.snv")


def test_the_holder_of_a_tombstone_is_told_apart(quangtri: Policy) -> None:
    policy = for_people(quangtri, "{{ hovaten }}")
    ledger = after(run(policy, [person("1")]), gone=["1"])
    (problem,) = run(policy, [person("2")], ledger=ledger).problems
    assert problem.message == "'nguyenvanan' is held by 1, Nguyễn Văn An, who left"


def test_a_rung_between_the_first_and_the_numbers_is_tried(lamdong: Policy) -> None:
    policy = for_people(lamdong, "{{ hovaten }}", "{{ base }}.{{ unit }}", "{{ base }}{{ n }}")
    done = run(policy, [person("1"), person("2", unit_id="V"), person("3", unit_id="V")])
    assert people(done) == {"1": "nguyenvanan", "2": "nguyenvanan.stc", "3": "nguyenvanan2"}


DONGTHAP = (
    "{{ hovaten }}",
    "{{ hovaten }}{{ birth_year }}",
    "{{ ho | initials }}{{ dem }}{{ ten }}",
    "{{ ho | initials }}{{ dem | initials }}{{ ten }}",
)


def test_a_rung_that_needs_what_a_person_has_not_is_passed_over(quangtri: Policy) -> None:
    policy = for_people(quangtri, *DONGTHAP, personal_data=(PersonalData.BIRTH_DATE,))
    born = date(1985, 7, 1)
    rows = [person("1"), person("2", birth_date=born), person("3"), person("4", birth_date=born)]
    assert people(run(policy, rows)) == {
        "1": "nguyenvanan",
        "2": "nguyenvanan1985",
        "3": "nvanan",
        "4": "nvan",
    }


def test_a_first_rung_that_needs_more_than_the_registry_says_is_a_problem(lamdong: Policy) -> None:
    policy = for_people(lamdong, "{{ ten }}{{ citizen_id[-3:] }}", personal_data=(PersonalData.CITIZEN_ID,))
    done = run(policy, [person("1", citizen_id="012345678901"), person("2")])
    assert people(done) == {"1": "an901", "2": ProblemCode.MISSING}
    assert "the number of the citizen's card" in str(done.problems[0])


def test_a_person_of_a_unit_without_an_address_waits_where_the_rule_needs_it(lamdong: Policy) -> None:
    long = AUnit("W", "Ban Quản lý Khu du lịch quốc gia Hồ Tuyền Lâm")
    rows = [person("1", unit_id="W")]
    assert people(run(for_people(lamdong, *HATINH), rows, [long]))["1"] == ProblemCode.MISSING
    assert people(run(lamdong, rows, [long]))["1"] == "annv"


def test_an_address_longer_than_the_policy_allows_goes_to_the_next_rung(quangtri: Policy) -> None:
    policy = for_people(quangtri, "{{ hovaten }}", "{{ ho | initials }}{{ ten }}", max_length=8)
    rows = [
        person("1", "Công Tằng Tôn Nữ|Thị Ngọc|Trà"),
        person("2", "Lê||Na"),
        person("3", "Lê||Nguyễn Hoàng"),
    ]
    done = run(policy, rows)
    assert people(done) == {"1": "cttntra", "2": "lena", "3": ProblemCode.INVALID}
    assert "'lenguyenhoang' has 13 characters, more than 8" in done.problems[0].message


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("Иванов||An", ProblemCode.LETTER, "U+0418"),
        ("Nguyễn||’", ProblemCode.LETTER, "has no letters"),
        ("’", ProblemCode.LETTER, "has no letters"),
        ("", ProblemCode.LETTER, "has no letters"),
        ("Nguyễn||" + "Nguyên" * 12, ProblemCode.INVALID, "more than 64"),
        ("a/b||c", ProblemCode.LETTER, "U+002F"),
    ],
)
def test_a_name_that_makes_no_address_is_a_problem(
    name: str, code: ProblemCode, message: str, lamdong: Policy
) -> None:
    done = run(for_people(lamdong, "{{ ten }}"), [person("1", name)])
    if "/" in name or "И" in name:
        done = run(lamdong, [person("1", name)])
    (problem,) = done.problems
    assert (problem.code, done.people) == (code, {})
    assert message in problem.message


# Readings of a name


def test_a_kinh_name_in_one_piece_is_split(lamdong: Policy) -> None:
    assert people(run(lamdong, [person("1", "Trần Thị Ngọc Ánh"), person("2", "K'Brêu")])) == {
        "1": "anhttn",
        "2": "kbreu",
    }


def test_a_name_with_two_readings_is_told_not_guessed(lamdong: Policy) -> None:
    done = run(lamdong, [person("1", "Y Blŏ Niê")])
    (problem,) = done.problems
    assert (problem.code, done.people) == (ProblemCode.NEEDS_NAME_SPLIT, {})
    assert "'nieyb' (họ Y, đệm Blŏ, tên Niê" in problem.message
    assert "'blony' (họ Niê, đệm Y, tên Blŏ" in problem.message


def test_where_both_readings_give_one_address_it_is_issued_and_told(quangtri: Policy) -> None:
    done = run(quangtri, [person("1", "Y Blŏ Niê")])
    assert done.people["1"].local_part == "yblonie"
    assert [problem.code for problem in done.problems] == [ProblemCode.NEEDS_NAME_SPLIT]


def test_the_registrys_split_settles_it(lamdong: Policy) -> None:
    row = APerson("1", "Niê", "Y", "Blŏ", "Y Blŏ Niê")
    done = run(lamdong, [row])
    assert (people(done), done.problems) == ({"1": "blony"}, ())


def test_a_file_that_no_longer_splits_the_name_changes_nothing(lamdong: Policy) -> None:
    ledger = after(run(lamdong, [APerson("1", "Niê", "Y", "Blŏ", "Y Blŏ Niê")]))
    done = run(lamdong, [person("1", "Y Blŏ Niê")], ledger=ledger)
    assert (people(done), done.problems, done.people["1"].how) == ({"1": "blony"}, (), How.KEPT)


# What was issued


def test_what_is_as_it_was_is_kept(lamdong: Policy) -> None:
    first = run(lamdong, [person("1"), person("2")])
    again = run(lamdong, [person("2"), person("1")], [STC, SNV], after(first))
    assert {issued.how for issued in (*again.people.values(), *again.units.values())} == {How.KEPT}
    assert holdings(again) == holdings(first)


def test_another_rule_changes_nothing_that_was_issued(lamdong: Policy, quangtri: Policy) -> None:
    ledger = after(run(lamdong, [person("1")]))
    done = run(quangtri, [person("1"), person("2")], ledger=ledger)
    assert people(done) == {"1": "annv", "2": "nguyenvanan"}


def test_a_returner_gets_the_old_address_back(lamdong: Policy) -> None:
    ledger = after(run(lamdong, [person("1"), person("2")]), gone=["2"])
    done = run(lamdong, [person("1"), person("2"), person("3")], ledger=ledger)
    assert people(done) == {"1": "annv", "2": "annv2", "3": "annv3"}
    assert done.people["2"].how is How.RETURNED
    assert not done.people["2"].holding.gone


def test_a_new_name_gives_a_new_address_and_the_old_is_an_alias_for_a_year(lamdong: Policy) -> None:
    ledger = after(run(lamdong, [person("1")]))
    done = run(lamdong, [person("1", "Lê|Văn|An"), person("2")], ledger=ledger)
    assert done.people["1"] == (
        Holding("anlv", "Lê|Văn|An||snv|snv|", aliases=(Alias("annv", IN_A_YEAR),)),
        How.CHANGED,
        "{{ ten }}{{ ho | initials }}{{ dem | initials }}",
    )
    assert people(done)["2"] == "annv2"


def test_a_correction_of_marks_keeps_the_address(lamdong: Policy) -> None:
    ledger = after(run(lamdong, [person("1", "Lê|Thị|Thủy")]))
    done = run(lamdong, [person("1", "Lê|Thị|Thúy")], ledger=ledger)
    assert (people(done), done.people["1"].how) == ({"1": "thuylt"}, How.KEPT)
    assert done.people["1"].holding.issued_for == "Lê|Thị|Thúy||snv|snv|"


def test_a_policy_may_keep_the_address_whatever_the_name(lamdong: Policy) -> None:
    policy = for_people(lamdong, renamed=OnChange(AddressChange.KEEP))
    ledger = after(run(policy, [person("1")]))
    ledger = after(run(policy, [person("1", "Lê|Văn|An")], ledger=ledger))
    # The day the policy changes its mind, nobody's address moves for a name that is old by then.
    assert people(run(lamdong, [person("1", "Lê|Văn|An")], ledger=ledger)) == {"1": "annv"}


def test_a_move_changes_the_address_where_the_unit_is_in_it(lamdong: Policy) -> None:
    policy = for_people(lamdong, *HATINH, moved=OnChange(alias_for=Duration(6, "months")))
    ledger = after(run(policy, [person("1")]))
    done = run(policy, [person("1", unit_id="V")], ledger=ledger)
    assert done.people["1"].holding == Holding(
        "nguyenvanan.stc",
        "Nguyễn|Văn|An||stc|stc|",
        aliases=(Alias("nguyenvanan.snv", date(2027, 5, 22)),),
    )
    keeping = for_people(policy, moved=OnChange(AddressChange.KEEP))
    assert people(run(keeping, [person("1", unit_id="V")], ledger=ledger)) == {"1": "nguyenvanan.snv"}


def test_a_move_changes_nothing_where_the_unit_is_not_in_the_address(lamdong: Policy) -> None:
    ledger = after(run(lamdong, [person("1")]))
    done = run(lamdong, [person("1", unit_id="V")], ledger=ledger)
    assert (people(done), done.people["1"].how) == ({"1": "annv"}, How.KEPT)


def test_an_alias_whose_time_is_over_is_a_tombstone(lamdong: Policy) -> None:
    ledger = after(run(lamdong, [person("1")]))
    ledger = after(run(lamdong, [person("1", "Lê|Văn|An")], ledger=ledger))
    last = run(lamdong, [person("1", "Lê|Văn|An")], ledger=ledger, today=IN_A_YEAR)
    assert last.people["1"].holding.aliases == (Alias("annv", IN_A_YEAR),)
    over = run(
        lamdong,
        [person("1", "Lê|Văn|An"), person("2")],
        ledger=ledger,
        today=IN_A_YEAR + timedelta(1),
    )
    assert (over.people["1"].holding.aliases, over.people["1"].holding.former) == ((), ("annv",))
    assert people(over)["2"] == "annv2"


def test_who_takes_back_an_old_name_takes_back_the_old_address(lamdong: Policy) -> None:
    ledger = after(run(lamdong, [person("0"), person("1")]))
    ledger = Ledger(
        people={**ledger.people, **after(run(lamdong, [person("1", "Lê|Văn|An")], ledger=ledger)).people}
    )
    done = run(lamdong, [person("0"), person("1")], ledger=ledger)
    assert people(done) == {"0": "annv", "1": "annv2"}
    assert done.people["1"].holding.aliases == (Alias("anlv", IN_A_YEAR),)


def test_an_imported_address_is_the_primary_whatever_the_rule_says(lamdong: Policy) -> None:
    done = run(lamdong, [person("1", address="giamdoc"), person("2"), person("3", address="annv")])
    assert people(done) == {"1": "giamdoc", "2": "annv2", "3": "annv"}
    assert done.people["1"].rule == "agreed"


def test_an_address_may_be_written_with_its_domain(lamdong: Policy) -> None:
    unit = AUnit("U", "Sở Nội vụ", address="noivu@lamdong.gov.vn")
    done = run(lamdong, [person("1", address="giamdoc@lamdong.gov.vn")], [unit])
    assert (units(done), people(done)) == ({"U": "noivu"}, {"1": "giamdoc"})


def test_an_imported_address_that_is_taken_is_a_problem(lamdong: Policy) -> None:
    done = run(lamdong, [person("1", address="annv"), person("2", address="an.nv")])
    assert people(done) == {"1": "annv", "2": ProblemCode.TAKEN}


def test_an_old_list_that_still_has_the_former_address_changes_nothing(lamdong: Policy) -> None:
    ledger = after(run(lamdong, [person("1")]))
    ledger = after(run(lamdong, [person("1", "Lê|Văn|An")], ledger=ledger))
    done = run(lamdong, [person("1", "Lê|Văn|An", address="annv")], ledger=ledger)
    assert people(done) == {"1": "anlv"}


def test_a_ledger_that_does_not_know_what_an_address_was_for_learns_it(lamdong: Policy) -> None:
    done = run(lamdong, [person("1")], ledger=Ledger(people={"1": Holding("giamdoc")}))
    assert done.people["1"].holding == Holding("giamdoc", "Nguyễn|Văn|An||snv|snv|")


def test_a_returner_with_a_new_name_without_an_address_has_the_old_one_again(lamdong: Policy) -> None:
    ledger = after(run(lamdong, [person("1")]), gone=["1"])
    done = run(lamdong, [person("1", "Nguyễn||" + "Nguyên" * 12)], ledger=ledger)
    assert (done.people["1"].how, done.people["1"].holding.gone) == (How.RETURNED, False)
    assert len(done.problems) == 1


@pytest.mark.parametrize("name", ["Иванов||An", "Nguyễn||" + "Nguyên" * 12])
def test_a_new_name_without_an_address_keeps_the_old_one_and_is_told(name: str, lamdong: Policy) -> None:
    ledger = after(run(lamdong, [person("1")]))
    done = run(lamdong, [person("1", name)], ledger=ledger)
    assert (done.people["1"].local_part, len(done.problems)) == ("annv", 1)


def test_a_new_name_with_two_readings_keeps_the_old_address_and_is_told(lamdong: Policy) -> None:
    ledger = after(run(lamdong, [person("1")]))
    done = run(lamdong, [person("1", "Y Blŏ Niê")], ledger=ledger)
    assert done.people["1"].local_part == "annv"
    assert [problem.code for problem in done.problems] == [ProblemCode.NEEDS_NAME_SPLIT]


# Units


@pytest.mark.parametrize(
    ("name", "length", "proposals"),
    [
        ("Văn phòng Đoàn đại biểu Quốc hội và Hội đồng nhân dân", 11, ("vphdnd", "vpddbqh")),
        ("Ban Quản lý Khu du lịch quốc gia Hồ Tuyền Lâm", 11, ("hotuyenlam", "tuyenlam")),
    ],
)
def test_more_than_ten_characters_are_agreed_not_guessed(
    name: str, length: int, proposals: tuple[str, ...], lamdong: Policy
) -> None:
    done = run(lamdong, units=[AUnit("U", name)])
    (problem,) = done.problems
    assert (done.units, problem.code) == ({}, ProblemCode.NEEDS_AGREEMENT)
    assert f"has {length} characters, more than 10 must be agreed (LD-5.1b)" in problem.message
    assert problem.proposals == proposals


def test_exactly_ten_characters_are_fine(lamdong: Policy) -> None:
    assert units(run(lamdong, units=[AUnit("U", "Văn phòng HĐND-UBND huyện")])) == {"U": "vphdndubnd"}


def test_a_place_name_does_not_count_where_the_policy_allows_it(lamdong: Policy) -> None:
    commune = [AUnit("U", "Ủy ban nhân dân xã Cát Tiên")]
    assert units(run(lamdong, units=commune)) == {"U": "ubndcattien"}
    strict = for_units(lamdong, long_place_names=LongPlaceNames.AGREE)
    assert units(run(strict, units=commune)) == {"U": ProblemCode.NEEDS_AGREEMENT}


def test_an_own_domain_comes_before_the_acronym(lamdong: Policy) -> None:
    city = AUnit("U", "Ủy ban nhân dân thành phố Đà Lạt", domain="dalat.lamdong.gov.vn")
    assert units(run(lamdong, units=[city])) == {"U": "dalat"}


def test_an_own_domain_elsewhere_is_a_problem(lamdong: Policy) -> None:
    city = AUnit("U", "Ủy ban nhân dân thành phố Đà Lạt", domain="dalat.example.org")
    (problem,) = run(lamdong, units=[city]).problems
    assert problem.message == "the domain 'dalat.example.org' does not lie below lamdong.gov.vn"


def test_an_agreed_address_is_taken_before_the_rule_speaks(lamdong: Policy) -> None:
    done = run(lamdong, units=[SNV, AUnit("N", "Sở Ngoại vụ", address="snv")])
    assert units(done) == {"N": "snv", "U": ProblemCode.NEEDS_AGREEMENT}
    assert done.problems[0].message == "'snv' is held by unit N, Sở Ngoại vụ"


def test_a_policys_table_of_agreed_addresses_comes_before_the_rule(lamdong: Policy) -> None:
    policy = for_units(lamdong, agreed={"Sở Ngoại Vụ": LocalPart("sngv")})
    done = run(policy, units=[SNV, AUnit("N", "Sở Ngoại vụ"), AUnit("M", "Sở Ngoại vụ", address="ngoaivu")])
    assert units(done) == {"U": "snv", "N": "sngv", "M": "ngoaivu"}


def test_the_second_unit_with_the_same_initials_must_agree(lamdong: Policy) -> None:
    done = run(lamdong, units=[AUnit("1", "Sở Nội vụ"), AUnit("2", "Sở Ngoại vụ")])
    assert units(done) == {"1": "snv", "2": ProblemCode.NEEDS_AGREEMENT}
    assert done.problems[0].proposals[0] == "sngv"


def test_proposals_are_free(lamdong: Policy) -> None:
    taken = AUnit("0", "Sở Y tế", address="sngv")
    done = run(lamdong, units=[taken, SNV, AUnit("2", "Sở Ngoại vụ")])
    assert done.problems[0].proposals
    assert "sngv" not in done.problems[0].proposals


@pytest.mark.parametrize("agreed", ["Snv", "s nv", "snv@quangtri.gov.vn", "snv.", "a" * 65])
def test_a_bad_agreed_address_is_a_problem(agreed: str, lamdong: Policy) -> None:
    (problem,) = run(lamdong, units=[AUnit("1", "Sở Nội vụ", address=agreed)]).problems
    assert problem.message.startswith("agreed address: ")


def test_an_agreed_address_stays_whatever_the_rule_or_the_name_becomes(lamdong: Policy) -> None:
    policy = for_units(lamdong, CHILD, max_length=20)
    parent = AUnit("P", "Sở Y tế")
    child = AUnit("C", "Trung tâm Kiểm nghiệm", parent_id="P", address="ttknghiem")
    ledger = after(run(policy, units=[parent, child]))
    renamed = dataclasses.replace(child, name="Trung tâm Kiểm nghiệm và Giám định")
    assert units(run(policy, units=[parent, renamed], ledger=ledger)) == {"P": "syt", "C": "ttknghiem"}
    # Only a new name of a unit without an agreement gives a new address.
    forgotten = dataclasses.replace(child, address="")
    assert units(run(policy, units=[parent, forgotten], ledger=ledger)) == {"P": "syt", "C": "ttknghiem"}


CHILD = "{{ name | acronym }}{% if parent %}.{{ parent }}{% endif %}"


def test_a_parent_comes_before_its_child_whatever_their_dates(lamdong: Policy) -> None:
    policy = for_units(lamdong, CHILD, max_length=20)
    child = AUnit("1", "Phòng Quản lý Công nghệ", parent_id="2")
    parent = AUnit("2", "Sở Khoa học và Công nghệ", registered_on=DAY + timedelta(9))
    assert units(run(policy, units=[child, parent])) == {"2": "skhcn", "1": "pqlcn.skhcn"}


def test_the_path_of_a_person_names_each_unit_once(lamdong: Policy) -> None:
    people_rule = for_people(lamdong, "{{ ten }}.{{ unit_path }}")
    tree = [AUnit("U", "Phòng Tổ chức", parent_id="P"), AUnit("P", "Sở Nội vụ")]
    assert people(run(people_rule, [person("1")], tree)) == {"1": "an.ptc.snv"}
    both = for_units(people_rule, CHILD, max_length=20)
    assert people(run(both, [person("1")], tree)) == {"1": "an.ptc.snv"}


def test_a_unit_that_is_renamed_gets_a_new_address_and_keeps_the_old_for_a_year(lamdong: Policy) -> None:
    ledger = after(run(lamdong, units=[AUnit("U", "Sở Tài nguyên và Môi trường")]))
    done = run(lamdong, units=[AUnit("U", "Sở Nông nghiệp và Môi trường")], ledger=ledger)
    assert (done.units["U"].local_part, done.units["U"].holding.aliases) == (
        "snnmt",
        (Alias("stnmt", IN_A_YEAR),),
    )
    keeping = for_units(lamdong, renamed=OnChange(AddressChange.KEEP))
    kept = run(keeping, units=[AUnit("U", "Sở Nông nghiệp và Môi trường")], ledger=ledger)
    assert units(kept) == {"U": "stnmt"}


def test_people_follow_their_renamed_unit_where_it_is_in_the_address(lamdong: Policy) -> None:
    policy = for_people(lamdong, *HATINH)
    ledger = after(run(policy, [person("1")], [AUnit("U", "Sở Tài nguyên và Môi trường")]))
    done = run(policy, [person("1")], [AUnit("U", "Sở Nông nghiệp và Môi trường")], ledger)
    assert people(done) == {"1": "nguyenvanan.snnmt"}
    assert done.people["1"].holding.aliases == (Alias("nguyenvanan.stnmt", IN_A_YEAR),)


def test_a_renamed_unit_that_must_agree_keeps_the_old_address_until_then(lamdong: Policy) -> None:
    long = AUnit("U", "Ban Quản lý Khu du lịch quốc gia Hồ Tuyền Lâm")
    ledger = after(run(lamdong, units=[SNV]))
    waiting = run(lamdong, units=[long], ledger=ledger)
    assert (waiting.units["U"].local_part, len(waiting.problems)) == ("snv", 1)
    agreed = dataclasses.replace(long, address="bqltuyenlam")
    done = run(lamdong, units=[agreed], ledger=after(waiting))
    assert (done.units["U"].local_part, done.units["U"].how) == ("bqltuyenlam", How.CHANGED)
    assert run(lamdong, units=[agreed], ledger=after(done)).units["U"].how is How.KEPT


def test_a_new_agreement_on_the_address_of_a_unit_is_followed(lamdong: Policy) -> None:
    ledger = after(run(lamdong, units=[SNV]))
    done = run(lamdong, units=[dataclasses.replace(SNV, address="noivu")], ledger=ledger)
    assert (done.units["U"].local_part, done.units["U"].holding.aliases) == (
        "noivu",
        (Alias("snv", IN_A_YEAR),),
    )


def test_an_official_name_with_signs_finds_its_agreement(lamdong: Policy) -> None:
    name = "Sở Văn hóa, Thể thao và Du lịch"
    policy = for_units(lamdong, agreed={name: LocalPart("vhttdl")}, stop_words=("và", "❤"), kept=("và/hoặc",))
    assert units(run(policy, units=[AUnit("U", name)])) == {"U": "vhttdl"}


def test_a_rung_that_cannot_spell_a_name_does_not_apply(lamdong: Policy) -> None:
    policy = for_units(lamdong, "{{ name | acronym }}", "{{ name | fold }}", max_length=30)
    signs = AUnit("U", "Sở Văn hóa, Thể thao và Du lịch")
    twin = AUnit("V", "Sở Vệ hóa, Thể thao và Du lịch", registered_on=DAY + timedelta(1))
    assert units(run(policy, units=[signs, twin])) == {"U": "svhttdl", "V": "sovehoathethaovadulich"}


@pytest.mark.parametrize("name", ["Sở | Nội vụ", "Sở ☎ Nội vụ", "", "|||"])
def test_an_odd_name_of_a_unit_stops_nobody_else(name: str, lamdong: Policy) -> None:
    odd = AUnit("O", name, kind="a|b", registered_on=DAY + timedelta(1))
    done = run(lamdong, [person("1")], [SNV, odd])
    assert (done.units["U"].local_part, people(done)["1"]) == ("snv", "annv")
    agreed = dataclasses.replace(odd, address="odd")
    assert units(run(lamdong, units=[SNV, agreed]))["O"] == "odd"


def test_an_odd_name_that_was_imported_stops_nobody_else(lamdong: Policy) -> None:
    policy = for_people(lamdong, *HATINH, numbering=Numbering(scope=NumberingScope.DOMAIN))
    odd = person("1", "Trần|Văn|An (B)", address="anb.snv")
    done = run(policy, [odd, person("2")])
    assert people(done) == {"1": "anb.snv", "2": "nguyenvanan.snv"}


def test_an_address_that_comes_out_the_same_is_no_alias_of_itself(lamdong: Policy, quangtri: Policy) -> None:
    city = AUnit("U", "Ủy ban nhân dân thành phố Đà Lạt", domain="dalat.lamdong.gov.vn")
    ledger = after(run(lamdong, units=[city]))
    renamed = dataclasses.replace(city, name="Ủy ban nhân dân phường Xuân Hương - Đà Lạt")
    assert run(lamdong, units=[renamed], ledger=ledger).units["U"].holding.aliases == ()
    policy = for_people(quangtri, *DONGTHAP, personal_data=(PersonalData.BIRTH_DATE,))
    ledger = after(run(policy, [person("1", "Tôn|Thất|Đính")]))
    done = run(policy, [person("1", "Tôn Thất||Đính")], ledger=ledger)
    assert (done.people["1"].how, done.people["1"].holding.aliases) == (How.KEPT, ())


def test_without_a_number_in_the_ladder_nobody_is_counted_in_the_domain(lamdong: Policy) -> None:
    policy = for_people(lamdong, HATINH[0], numbering=Numbering(scope=NumberingScope.DOMAIN))
    assert people(run(policy, [person("1"), person("2", unit_id="V")])) == {
        "1": "nguyenvanan.snv",
        "2": "nguyenvanan.stc",
    }


def test_filling_in_the_split_of_an_ede_name_changes_nothing_where_the_order_does_not_count(
    quangtri: Policy,
) -> None:
    ledger = after(run(quangtri, [person("1", "Y Blŏ Niê")]))
    done = run(quangtri, [person("1", "Niê|Y|Blŏ")], ledger=ledger)
    assert (people(done), done.people["1"].how) == ({"1": "yblonie"}, How.KEPT)


def test_ids_that_count_alike_have_an_order_too(lamdong: Policy) -> None:
    rows = [person("1"), person("01"), person("s1"), person("S1")]
    assert people(run(lamdong, rows)) == people(run(lamdong, rows[::-1]))


def test_a_move_with_a_new_name_is_settled_in_one_run(lamdong: Policy) -> None:
    policy = for_people(lamdong, *HATINH, moved=OnChange(AddressChange.KEEP))
    ledger = after(run(policy, [person("1")]))
    done = run(policy, [person("1", "Lê|Văn|An", unit_id="V")], ledger=ledger)
    assert people(done) == {"1": "levanan.stc"}


def test_renames_into_one_name_are_not_counted_from_2_each_time(
    lamdong: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = after(run(lamdong, [person(f"S{number}", f"Lê|{'B' * (number + 1)}|Na") for number in range(200)]))
    claims = 0
    real = Namespace.claim

    def counting(self: Namespace, *arguments: Any, **options: Any) -> bool:
        nonlocal claims
        claims += 1
        return real(self, *arguments, **options)

    monkeypatch.setattr(Namespace, "claim", counting)
    run(lamdong, [person(f"S{number}") for number in range(200)], ledger=held)
    assert claims < 8 * 200


# What holds for every list of people

names = st.builds(
    lambda *parts: "|".join(parts),
    st.sampled_from(["Nguyễn", "Trần", "Niê Kdăm", "", "Ðỗ"]),
    st.sampled_from(["Văn", "Thị Ngọc", "", "Viết"]),
    st.sampled_from(["An", "Ân", "H’Hen", "Jean-Pierre", "Ánh"]),
)
rows = st.lists(st.tuples(names, st.integers(0, 3), st.sampled_from("UV")), max_size=20).map(
    lambda found: [
        person(f"S{index}", name, registered_on=DAY + timedelta(day), unit_id=unit)
        for index, (name, day, unit) in enumerate(found)
    ]
)
ladders = st.sampled_from(
    [
        ("{{ ten }}{{ ho | initials }}{{ dem | initials }}", "{{ base }}{{ n }}"),
        ("{{ hovaten }}", "{{ base }}{{ n }}"),
        ("{{ hovaten }}", "{{ base }}-{{ unit }}", "{{ base }}_{{ n }}"),
        HATINH,
    ]
)


@given(rows, ladders)
def test_addresses_are_valid_and_nobody_shares_one(
    lamdong: Policy, staff: list[APerson], ladder: tuple[str, ...]
) -> None:
    issued = people(run(for_people(lamdong, *ladder), staff))
    assert len({key(address) for address in issued.values()}) == len(staff)
    # RFC 5321, 4.1.2: Dot-string, at most 64 octets; lower case and ASCII by our own rule.
    atom = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
    assert all(re.fullmatch(rf"{atom}(?:\.{atom})*", found) and len(found) <= 64 for found in issued.values())


@given(rows, ladders, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    lamdong: Policy, staff: list[APerson], ladder: tuple[str, ...], random: Any
) -> None:
    policy = for_people(lamdong, *ladder)
    shuffled = list(staff)
    random.shuffle(shuffled)
    assert people(run(policy, shuffled, [STC, SNV])) == people(run(policy, staff))


@settings(max_examples=60, deadline=None)
@given(rows, ladders, st.lists(st.tuples(st.integers(0, 19), st.booleans()), max_size=12))
def test_through_any_history_nobody_gets_anothers_address_and_nobodys_changes(
    lamdong: Policy, staff: list[APerson], ladder: tuple[str, ...], history: list[tuple[int, bool]]
) -> None:
    policy = for_people(lamdong, *ladder)
    working: set[str] = set()
    ledger, owner = Ledger(), dict[str, str]()
    by_id = {row.staff_id: row for row in staff}
    for number, joins in [*history, (0, True)]:
        (working.add if joins else working.discard)(f"S{number}")
        serving = [by_id[staff_id] for staff_id in sorted(working & by_id.keys())]
        done = run(policy, serving, ledger=ledger)
        assert done == run(policy, serving, ledger=ledger)
        gone = {key: held._replace(gone=key not in working) for key, held in ledger.people.items()}
        ledger = Ledger(done_units(done), {**gone, **holdings(done)})
        for staff_id, held in ledger.people.items():
            assert owner.setdefault(key(held.local_part), staff_id) == staff_id
        assert len({held.local_part for held in ledger.people.values()}) == len(ledger.people)
    assert len(owner) == len(ledger.people)


# Codes and signs


@pytest.mark.parametrize(
    "name", ["*H15.2*", "H15.2", "h15.2", "A01", "000.00.15.H36", "STC.01", "Phòng H15.2"]
)
def test_a_code_is_never_spelled_into_the_address_of_a_unit(name: str, lamdong: Policy) -> None:
    (problem,) = run(lamdong, units=[AUnit("U", name)]).problems
    assert (problem.code, problem.proposals) == (ProblemCode.LETTER, ())
    assert "is a code, no name (write the unit's official name, in words)" in str(problem)
    assert units(run(lamdong, units=[AUnit("U", name, address="agreed")])) == {"U": "agreed"}


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Phòng Công chứng số 2", "pccs2"),
        ("Trường Hữu nghị T78", "thnt78"),
        ("Ủy ban nhân dân Phường 1", "ubnd1"),
    ],
)
def test_a_number_in_the_name_of_a_unit_is_no_code(name: str, address: str, lamdong: Policy) -> None:
    assert units(run(lamdong, units=[AUnit("U", name)])) == {"U": address}


@pytest.mark.parametrize(
    "name",
    ["Lê||Na 2", "Lê|2|Na", "3||Na", "Lê Na 2", "H15.2", "Lê||H15", "Lê||*Na*", "Lê Na (B)", "0999000001"],
)
def test_digits_and_signs_are_never_spelled_into_the_address_of_a_person(name: str, lamdong: Policy) -> None:
    done = run(lamdong, [person("1", name)])
    (problem,) = done.problems
    assert (problem.code, done.people) == (ProblemCode.LETTER, {})
    assert "write the name alone; a code, a number or a remark belongs in a column of its own" in str(problem)


def test_who_has_an_address_keeps_it_whatever_is_written_into_the_name(lamdong: Policy) -> None:
    ledger = after(run(lamdong, [person("1", "Lê||Na")]))
    done = run(lamdong, [person("1", "Lê||Na 2")], ledger=ledger)
    assert people(done) == {"1": "nal"}
    assert done.problems[0].hint.endswith("the address stays")


# Who holds it


def test_a_message_names_the_holder_and_what_is_free(lamdong: Policy) -> None:
    done = run(lamdong, units=[AUnit("1", "Ban Alpha"), AUnit("2", "Ban Ánh")])
    assert units(done) == {"1": "ba", "2": ProblemCode.NEEDS_AGREEMENT}
    assert done.problems[0].message == "'ba' is held by unit 1, Ban Alpha"
    assert done.problems[0].proposals == ("bana", "banh", "bananh")


@pytest.mark.parametrize(
    ("holding", "told"),
    [
        (Holding("annv", "Ân|Nguyễn|Viết||snv|snv|", gone=True), "9, Ân Nguyễn Viết, who left"),
        (Holding("annv", "Niê|Y|Blŏ|Y Blŏ Niê|snv|snv|", gone=True), "9, Y Blŏ Niê, who left"),
        (Holding("annv", gone=True), "9, who left"),
    ],
)
def test_a_holder_outside_the_registry_is_named_as_the_ledger_knows(
    holding: Holding, told: str, lamdong: Policy
) -> None:
    policy = for_people(lamdong, "{{ ten }}{{ ho | initials }}{{ dem | initials }}")
    (problem,) = run(policy, [person("1")], ledger=Ledger(people={"9": holding})).problems
    assert problem.message == f"'annv' is held by {told}"


def test_a_holder_that_is_a_unit_is_named_to_a_person_and_the_other_way_round(lamdong: Policy) -> None:
    policy = for_people(lamdong, "{{ ten }}{{ ho | initials }}")
    (problem,) = run(policy, [person("1", "Nguyễn||S"), person("2", "Vũ||Sn")], [SNV]).problems
    assert problem.message == "'snv' is held by unit U, Sở Nội vụ"
    held = Ledger(people={"1": Holding("snv", "Vũ||Sn||||")})
    (problem,) = run(policy, [person("1", "Vũ||Sn")], [SNV], held).problems
    assert problem.message == "'snv' is held by 1, Vũ Sn"


# Short cuts that must not be seen


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["S9", "S10", "s10", "S1a", "S1", "1", "01", "A-2.10", "A-2.9", ""]),
            st.sampled_from(["", "9/CV", "12/CV", "CV9"]),
            st.integers(0, 2),
        ),
        max_size=12,
        unique_by=lambda row: row[0],
    )
)
def test_people_are_served_in_the_order_of_registration(drawn: list[tuple[str, str, int]]) -> None:
    found = [person(name, document=text, registered_on=DAY + timedelta(day)) for name, text, day in drawn]
    wanted = sorted(found, key=lambda one: registration_order(one.registered_on, one.document, one.staff_id))
    assert sort_people(found) == wanted


WORD = st.text("abcxyz019 ", max_size=6)


@given(
    st.sampled_from(
        ["{{ base }}{{ n }}", "{{hovaten}}.{{ unit }}", "x-{{ ho }}_{{ten}}9", "{{ ho[:1] }}{{ dem }}"]
    ),
    st.tuples(*[WORD] * len(PERSON)),
)
def test_a_rung_that_only_prints_says_what_the_template_says(source: str, row: tuple[str, ...]) -> None:
    template = SandboxedEnvironment().from_string(source)
    wanted = template.render(dict(zip(PERSON, row, strict=True))).replace(" ", "")
    assert render_person(PersonTemplate(source), row) == wanted
