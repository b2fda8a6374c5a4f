"""Rows without an id: who is known for certain, who is new, and what only a person can say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvu.directory.model import Entry, Layout
from congvu.policy import Policy
from congvu.registry import Person, Place, Registry, Status, Unit
from congvu.sync.decisions import Decision, answered
from congvu.sync.gathered import DomainSource, Gathered
from congvu.sync.identity import identify
from congvu.sync.likeness import Traits, digits, near, one_off
from congvu.sync.matching import PREFIX
from congvu.sync.overrides import Overrides, PersonOverride, PersonValues, Placed
from tests.unit.helpers import BASE, DAY
from tests.unit.sync_inputs import DOMAIN, account, directory

MOBILE, OTHER_MOBILE, OFFICE = "0912 345 678", "0987 654 321", "0263.3822111"
AN = "Nguyễn Văn An"


def unit(unit_id: str, name: str = "", *successors: str) -> Unit:
    status = Status.LEFT if successors else Status.WORKING
    place = Place("units.csv", 2)
    name = name or f"Đơn vị {unit_id}"
    return Unit(place, unit_id, name, "department", "", "", "", DAY, status=status, successor_ids=successors)


UNITS = tuple(map(unit, ("A1", "A2", "X1")))


def row(
    name: str, unit_id: str, phone: str = "", status: Status = Status.WORKING, staff_id: str = ""
) -> Person:
    return Person(Place("staff.csv", 2), staff_id, "", "", "", name, unit_id, "", phone, DAY, status)


class Result:
    """What became of the rows, in their order."""

    def __init__(self, gathered: Gathered) -> None:
        (self.source,) = gathered.sources
        self.ids = [person.staff_id for person in self.source.registry.staff]
        self.doubts = gathered.doubts
        self.findings = gathered.findings
        self.aside = sorted(key.removeprefix("people/") for key in self.source.set_aside)


@pytest.fixture
def who(lamdong: Policy) -> Who:
    return Who(lamdong)


class Who:
    """Runs rows against accounts."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def __call__(
        self,
        rows: Iterable[Person],
        accounts: Iterable[Entry] = (),
        decisions: Iterable[Decision] = (),
        units: Iterable[Unit] = UNITS,
        placed: Placed | None = None,
    ) -> Result:
        numbered = (replace(one, place=Place("staff.csv", n)) for n, one in enumerate(rows, 2))
        source = DomainSource(Layout(BASE, DOMAIN), self._policy, Registry(tuple(units), tuple(numbered)))
        if placed:
            source = replace(source, overrides=placed)
        answers: Mapping[str, Decision] = {one.doubt: one for one in decisions}
        return Result(identify(Gathered((source,), "mail"), directory(*accounts), answers))


# Certain


@pytest.mark.parametrize(
    ("phone", "held"),
    [
        (MOBILE, MOBILE),
        (MOBILE, "+84912345678"),
        ("0912.345.678", "84912345678"),
        (MOBILE, ""),
        ("", MOBILE),
        ("", ""),
    ],
)
def test_name_unit_and_telephone_or_two_of_them_are_certain(who: Who, phone: str, held: str) -> None:
    result = who([row(AN, "A1", phone)], [account("CB1", AN, "A1", held)])
    assert (result.ids, result.doubts, result.aside) == (["CB1"], (), [])


def test_a_name_is_the_same_wherever_its_tone_mark_stands_and_however_it_is_encoded(who: Who) -> None:
    result = who([row("Lê Thị Hoà", "A1")], [account("CB1", "Lê Thị Hòa", "A1")])
    assert result.ids == ["CB1"]


def test_namesakes_of_one_unit_are_told_apart_by_their_telephone(who: Who) -> None:
    accounts = [account("CB1", AN, "A1", MOBILE), account("CB2", AN, "A1", OTHER_MOBILE)]
    result = who([row(AN, "A1", OTHER_MOBILE), row(AN, "A1", MOBILE)], accounts)
    assert result.ids == ["CB2", "CB1"]


def test_who_is_certain_by_the_telephone_leaves_the_other_namesake_certain_too(who: Who) -> None:
    accounts = [account("CB1", AN, "A1", MOBILE), account("CB2", AN, "A1", OTHER_MOBILE)]
    assert who([row(AN, "A1"), row(AN, "A1", MOBILE)], accounts).ids == ["CB2", "CB1"]


def test_a_unit_that_merged_is_the_unit_that_took_over(who: Who) -> None:
    units = (unit("A1", "", "A2"), unit("A2", "", "X1"), unit("X1"))
    assert who([row(AN, "X1", MOBILE)], [account("CB1", AN, "A1", MOBILE)], units=units).ids == ["CB1"]


def test_a_unit_with_another_id_is_known_by_its_only_name(who: Who) -> None:
    held = account("CB1", AN, "OLD", MOBILE)  # its unit's name is «Đơn vị OLD»
    assert who([row(AN, "N1", MOBILE)], [held], units=(unit("N1", "Đơn vị OLD"),)).ids == ["CB1"]
    both = (unit("N1", "Đơn vị OLD"), unit("N2", "Đơn vị OLD"))
    assert who([row(AN, "N1", MOBILE)], [held], units=both).ids == []


def test_one_who_returns_gets_the_old_account_by_all_three(who: Who) -> None:
    assert who([row(AN, "A1", MOBILE)], [account("CB1", AN, "A1", MOBILE, "revoked")]).ids == ["CB1"]


def test_of_an_account_and_a_tombstone_the_account_counts(who: Who) -> None:
    accounts = [account("CB1", AN, "A1", MOBILE, "revoked"), account("CB2", AN, "A1", MOBILE)]
    assert who([row(AN, "A1", MOBILE)], accounts).ids == ["CB2"]


def test_a_row_that_says_left_stays_about_the_tombstone(who: Who) -> None:
    result = who([row(AN, "A1", status=Status.LEFT)], [account("CB1", AN, "A1", "", "revoked")])
    assert (result.ids, result.doubts) == (["CB1"], ())


def test_accounts_of_rows_with_an_id_are_nobody_elses(who: Who) -> None:
    result = who(
        [row(AN, "A1", MOBILE), row(AN, "A1", MOBILE, staff_id="CB1")], [account("CB1", AN, "A1", MOBILE)]
    )
    assert result.ids[1] == "CB1"
    assert result.ids[0].startswith(PREFIX)


# New


def test_a_new_person_gets_an_id_that_stays_and_that_nobody_has_or_had(who: Who) -> None:
    rows = [row(AN, "A1", MOBILE)]
    (first,) = who(rows).ids
    assert first.startswith(PREFIX)
    assert who(rows).ids == [first]
    assert who(rows, [account(first, AN, "A1", MOBILE)]).ids == [first]
    (second,) = who(rows, [account(first.upper(), "Lê Na", "X1", "", "purged")]).ids
    assert second.startswith(PREFIX)
    assert second != first
    rows.append(row("Trần Thị Na", "X1", staff_id=first))
    assert who(rows).ids == [second, first]


def test_namesakes_elsewhere_are_new(who: Who) -> None:
    rows = [row(AN, "A1", MOBILE), row(AN, "X1", OTHER_MOBILE)]
    result = who(rows, [account("CB1", AN, "A1", MOBILE), account("CB9", AN, "A2", OFFICE, "revoked")])
    assert result.ids[0] == "CB1"
    assert result.ids[1].startswith(PREFIX)
    assert result.doubts == ()


def test_colleagues_behind_one_landline_are_new(who: Who) -> None:
    rows = [row("Trần Thị Lan", "A1", OFFICE), row("Trần Thị Hoa", "A1", OFFICE)]
    result = who(
        rows, [account("CB1", "Trần Thị Lan", "A1", OFFICE), account("CB2", "Trần Thị Cúc", "A1", OFFICE)]
    )
    assert result.ids[0] == "CB1"
    assert result.ids[1].startswith(PREFIX)


def test_somebody_who_left_and_never_had_an_account_is_told_and_needs_none(who: Who) -> None:
    result = who([row(AN, "A1", status=Status.LEFT)])
    assert result.ids == []
    assert result.findings == (f"{DOMAIN}: staff.csv:2: {AN} left and had no account",)


# In doubt


DOUBTS = {
    "another telephone": (
        row(AN, "A1", MOBILE),
        account("CB1", AN, "A1", OTHER_MOBILE),
        "the same name, the same unit, another telephone",
    ),
    "moved": (
        row(AN, "X1", MOBILE),
        account("CB1", AN, "A1", MOBILE),
        "the same name, another unit, the same telephone",
    ),
    "moved, no telephone": (
        row(AN, "X1"),
        account("CB1", AN, "A1"),
        "the same name, another unit, no telephone to compare",
    ),
    "moved, new telephone": (
        row(AN, "X1", MOBILE),
        account("CB1", AN, "A1", OTHER_MOBILE),
        "the same name, another unit, another telephone",
    ),
    "other marks": (
        row("Nguyễn Văn Ân", "A1", MOBILE),
        account("CB1", AN, "A1", MOBILE),
        "the same name with other marks",
    ),
    "đ": (row("Lê Văn Dao", "A1"), account("CB1", "Lê Văn Đao", "A1"), "the same name with other marks"),
    "renamed": (
        row("Nguyễn Thị Hương", "A2", MOBILE),
        account("CB1", "Nguyễn Thị Lan", "A1", MOBILE),
        "a name that is near",
    ),
    "a middle name more": (
        row("Nguyễn Thị Lan Anh", "A1", MOBILE),
        account("CB1", "Nguyễn Thị Anh", "A1", MOBILE),
        "a name that is near",
    ),
    "a slip of the hand": (
        row("Lê Văn Hùng", "A1"),
        account("CB1", "Lê Văn Hùg", "A1"),
        "a name that is near, the same unit",
    ),
    "a returner without telephone": (
        row(AN, "A1"),
        account("CB1", AN, "A1", "", "revoked"),
        "revoked): the same name, the same unit",
    ),
    "a returner elsewhere": (
        row(AN, "X1", MOBILE),
        account("CB1", AN, "A1", MOBILE, "revoked"),
        "revoked): the same name, another unit, the same telephone",
    ),
}


@pytest.mark.parametrize("case", DOUBTS)
def test_a_doubt_is_told_in_words_and_its_row_and_account_wait(who: Who, case: str) -> None:
    one, held, words = DOUBTS[case]
    result = who([one, row("Trần Thị Na", "A2")], [held])
    (doubt,) = result.doubts
    assert words in doubt.text, doubt.text
    assert "CB1 (" in doubt.text
    assert str(doubt).startswith(f"staff.csv:2: {doubt.id}: {one.full_name} may be CB1")
    assert (doubt.candidates, result.aside) == (("CB1",), ["CB1"])
    assert len(result.ids) == 1
    assert doubt.domain == DOMAIN


def test_two_candidates_are_a_doubt_with_both(who: Who) -> None:
    accounts = [account("CB1", AN, "A1"), account("CB2", AN, "A1")]
    result = who([row(AN, "A1")], accounts)
    assert result.aside == ["CB1", "CB2"]
    assert result.doubts[0].candidates == ("CB1", "CB2")


def test_two_rows_for_one_account_are_doubts_both(who: Who) -> None:
    result = who([row(AN, "A1"), row(AN, "A1", OTHER_MOBILE)], [account("CB1", AN, "A1", MOBILE)])
    assert len(result.doubts) == 2
    assert result.ids == []


def test_two_rows_that_say_the_same_are_doubts_even_when_nobody_is_known(who: Who) -> None:
    result = who([row(AN, "A1", MOBILE), row(AN, "A1", MOBILE)])
    assert [doubt.candidates for doubt in result.doubts] == [(), ()]
    assert len({doubt.id for doubt in result.doubts}) == 2
    assert "2 rows say the same" in result.doubts[0].text


def test_an_account_with_a_row_is_in_no_doubt(who: Who) -> None:
    rows = [row(AN, "A1", OTHER_MOBILE), row(AN, "A1", MOBILE)]
    result = who(rows, [account("CB1", AN, "A1", MOBILE)])
    assert result.doubts == ()
    assert result.ids[1] == "CB1"


def test_a_doubt_is_called_the_same_as_long_as_its_row_says_the_same(who: Who) -> None:
    one, held, _ = DOUBTS["moved"]
    (first,) = who([one], [held]).doubts
    (second,) = who([row("Trần Thị Na", "A2"), replace(one, position="Trưởng phòng")], [held]).doubts
    (third,) = who([replace(one, phone=OFFICE)], [held]).doubts
    assert first.id == second.id != third.id


# Decided


NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def decide(who: Who, rows: list[Person], accounts: list[Entry], answer: str, number: int = 0) -> Decision:
    doubt = who(rows, accounts).doubts[number]
    return answered(doubt, answer, author="Trần Thị B", reason="asked the office", now=NOW)


def test_same_is_remembered(who: Who) -> None:
    one, held, _ = DOUBTS["moved"]
    decision = decide(who, [one], [held], "same:CB1")
    result = who([one], [held], [decision])
    assert (result.ids, result.doubts, result.aside) == (["CB1"], (), [])


def test_new_gives_an_id_that_stays_also_when_the_account_is_there(who: Who) -> None:
    one, held, _ = DOUBTS["another telephone"]
    decision = decide(who, [one], [held], "new")
    (staff_id,) = who([one], [held], [decision]).ids
    assert staff_id == decision.staff_id
    assert staff_id.startswith(PREFIX)
    later = who([one], [held, account(staff_id, AN, "A1", MOBILE)], [decision])
    assert (later.ids, later.source.left) == ([staff_id], {})


def test_left_ends_the_accounts_in_doubt_once(who: Who) -> None:
    one, held, _ = DOUBTS["another telephone"]
    decision = decide(who, [one], [held], "left")
    result = who([one], [held], [decision])
    assert result.ids == [decision.staff_id]
    assert list(result.source.left) == ["people/CB1"]
    why = result.source.left["people/CB1"]
    assert why == f"left, decided by Trần Thị B: asked the office ({decision.doubt})"
    gone = account("CB1", AN, "A1", OTHER_MOBILE, "revoked")
    assert who([one], [gone], [decision]).source.left == {}


def test_one_of_two_equal_rows_can_be_decided(who: Who) -> None:
    rows = [row(AN, "A1", MOBILE), row(AN, "A1", MOBILE)]
    decision = decide(who, rows, [], "new", 1)
    result = who(rows, [], [decision])
    assert result.doubts == ()
    assert result.ids[1] == decision.staff_id != result.ids[0]
    accounts = [account(staff_id, AN, "A1", MOBILE) for staff_id in result.ids]
    assert who(rows, accounts, [decision]).ids == result.ids


def test_a_decision_about_an_account_that_is_gone_is_told_and_does_not_count(who: Who) -> None:
    one, held, _ = DOUBTS["moved"]
    decision = decide(who, [one], [held], "same:CB1")
    result = who([one], [], [decision])
    assert result.ids[0].startswith(PREFIX)
    (finding,) = result.findings
    assert "does not fit any more: there is no account CB1" in finding
    assert decision.doubt in finding


def test_a_decision_about_an_account_with_a_row_of_its_own_is_told_and_does_not_count(who: Who) -> None:
    one, held, _ = DOUBTS["moved"]
    decision = decide(who, [one], [held], "same:CB1")
    result = who([one, row(AN, "A1", MOBILE, staff_id="CB1")], [held], [decision])
    assert result.ids[1] == "CB1"
    assert "does not fit any more: CB1 is another row's" in result.findings[0]


def test_who_left_by_a_decision_and_has_a_row_stays(who: Who) -> None:
    one, held, _ = DOUBTS["another telephone"]
    decision = decide(who, [one], [held], "left")
    result = who([one, row(AN, "A1", OTHER_MOBILE)], [held], [decision])
    assert result.ids == [decision.staff_id, "CB1"]
    assert result.source.left == {}
    assert "the row counts" in result.findings[0]


# With ids, overrides, and all together


def test_with_ids_nothing_of_this_runs(who: Who) -> None:
    source = who([row(AN, "A1", MOBILE, staff_id="CB9")], [account("CB1", AN, "A1", MOBILE)]).source
    assert [person.staff_id for person in source.registry.staff] == ["CB9"]
    assert source.set_aside == frozenset()


def test_an_override_finds_the_row_whose_id_was_found_out(who: Who) -> None:
    override = PersonOverride("B", "letter", set=PersonValues(position="Giám đốc"))
    placed = Placed(
        Overrides(1, {"CB1": override, "CB7": override}),
        {"people.CB1": "o.yml:3", "people.CB7": "o.yml:6"},
    )
    result = who([row(AN, "A1", MOBILE)], [account("CB1", AN, "A1", MOBILE)], placed=placed)
    (person,) = result.source.registry.staff
    assert (person.staff_id, person.position) == ("CB1", "Giám đốc")
    assert "o.yml:6: there is no person 'CB7'" in result.findings[0]


def test_a_row_that_says_just_what_the_account_says_is_about_it(who: Who) -> None:
    result = who([row(AN, "A1", ""), row(AN, "A1", MOBILE)], [account("CB1", AN, "A1", "")])
    assert result.source.registry.staff[0].staff_id == "CB1"


NAMES = st.sampled_from([AN, "Nguyễn Văn Ân", "Lê Na", "Nguyễn Văn Anh"])
PHONES = st.sampled_from(["", MOBILE, OTHER_MOBILE, OFFICE])
IN = st.sampled_from(["A1", "A2", "X1"])


@given(
    rows=st.lists(st.builds(row, NAMES, IN, PHONES), max_size=8),
    held=st.lists(st.tuples(NAMES, IN, PHONES, st.sampled_from(["active", "revoked"])), max_size=8),
)
def test_nobody_shares_an_id_no_row_is_lost_and_the_next_run_says_the_same(
    lamdong: Policy, rows: list[Person], held: list[tuple[str, str, str, str]]
) -> None:
    who = Who(lamdong)
    accounts = [account(f"CB{n}", *one) for n, one in enumerate(held)]
    result = who(rows, accounts)
    assert len(set(result.ids)) == len(result.ids)
    assert len(result.ids) + len(result.doubts) == len(rows)
    assert not set(result.ids) & set(result.aside)
    now = {entry.value("uid"): entry for entry in accounts}
    for person in result.source.registry.staff:
        now[person.staff_id] = account(person.staff_id, person.full_name, person.unit_id, person.phone)
    after = who(rows, now.values())
    settled = {person.place.row: person.staff_id for person in result.source.registry.staff}
    again = {person.place.row: person.staff_id for person in after.source.registry.staff}
    assert {number: again.get(number) for number in settled} == settled


def test_it_is_nearly_linear(lamdong: Policy) -> None:
    who = Who(lamdong)

    def seconds(count: int) -> float:
        rows = [row(f"Nguyễn {n % 97} Tên{n % 89}", "A1", f"09{n:08}") for n in range(count)]
        accounts = [account(f"CB{n}", one.full_name, "A1", one.phone) for n, one in enumerate(rows[::2])]
        start = process_time()
        assert len(who(rows, accounts).ids) == count
        return process_time() - start

    seconds(100)
    assert seconds(16_000) < 4 * 3 * seconds(4_000)


# What two people are compared by


def test_telephones_are_compared_by_their_digits() -> None:
    assert digits("+84 912-345-678") == digits("0912345678") == digits("84912345678") == "0912345678"
    assert digits("số máy lẻ 12") == ""
    assert Traits.of(AN, "A1", MOBILE).mobile
    assert not Traits.of(AN, "A1", OFFICE).mobile


@pytest.mark.parametrize(
    ("first", "second", "slip", "expected"),
    [
        ("nguyen thi lan", "nguyen thi hoa", False, True),
        ("nguyen thi lan", "nguyen thi hoa", True, False),
        ("nguyen thi lan", "nguyen thi la", True, True),
        ("nguyen thi lan", "nguyen thi lan", False, False),
        ("nguyen lan", "nguyen hoa", False, False),
        ("nguyen thi lan anh", "nguyen thi anh", False, True),
        ("nguyen thi lan anh", "nguyen thi anh", True, False),
        ("le thi lan", "tran van lan", False, False),
    ],
)
def test_names_are_near_by_one_word(first: str, second: str, slip: bool, expected: bool) -> None:
    assert near(first, second, slip=slip) is near(second, first, slip=slip) is expected


@pytest.mark.parametrize(
    ("first", "second"), [("hung", "hug"), ("nhan", "nahn"), ("lan", "lam"), ("an", "ban")]
)
def test_words_are_one_letter_apart(first: str, second: str) -> None:
    assert one_off(first, second)
    assert one_off(second, first)
    assert not one_off(first, f"{second}xy")


def test_the_day_of_registration_is_in_the_generated_id(who: Who) -> None:
    one = row(AN, "A1", MOBILE)
    assert who([one]).ids != who([replace(one, registered_on=date(2020, 1, 1))]).ids
