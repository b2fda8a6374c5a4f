"""The brakes, each at its threshold and one beyond (in memory), and the policy they come from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from congvu import policy as policies
from congvu.directory.model import Layout
from congvu.directory.operations import Add
from congvu.errors import PolicyError
from congvu.policy import Policy
from congvu.policy.effective import Limit, effective
from congvu.policy.model import Leaving, Removal, Sync, Threshold
from congvu.policy.schema import json_schema
from congvu.registry import Person, Registry, Status, Unit
from congvu.sync import guard
from congvu.sync.census import Census, check_directory
from congvu.sync.hands import words
from congvu.sync.job import Brake
from congvu.sync.memory import Domain, Memory, Seen
from tests.unit.helpers import BASE, ROOT
from tests.unit.office import Office, a_person, a_unit, changed, without

DOMAIN = "lamdong.gov.vn"
NAMES = ("Nguyễn Văn An", "Trần Thị Bình", "Lê Hoàng Cường", "Phạm Minh Dũng", "Võ Ngọc Em", "Đỗ Quốc Giang")
UNITS = (a_unit("A1", "Sở Khoa học và Công nghệ"), a_unit("A2", "Sở Nội vụ"))


def people(count: int, unit: str = "A1", first: int = 1) -> tuple[Person, ...]:
    return tuple(a_person(f"S{n}", NAMES[n % len(NAMES)], unit) for n in range(first, first + count))


def registry(count: int, *more: Person, units: tuple[Unit, ...] = UNITS) -> Registry:
    return Registry(units, (*people(count), *more))


def office(lamdong: Policy, before: Registry, **thresholds: Any) -> Office:
    """A domain whose directory is as `before` says, with thresholds of its own."""
    wide = {name: Threshold(10_000, 100) for name in ("leavers", "unit_leavers", "joins", "changes")}
    sync = Sync(**{**wide, "unit_changes": Threshold(10_000, 100), **thresholds})
    made = Office(replace(lamdong, sync=sync))
    made.run(before)
    return made


def brakes(one: Office, after: Registry, memory: Memory | None = None, **given: Any) -> dict[str, str]:
    """The brakes that the plan for `after` hits, by code, with their messages."""
    plan = one.plan(after, **given)
    assert not plan.problems, plan.problems
    found = guard.check(one.task(after, **given), plan, Census(one.found), memory or Memory())
    assert len({brake.code for brake in found}) == len(found)
    assert {brake.domain for brake in found} <= {DOMAIN}
    return {brake.code: brake.message for brake in found}


def left(rows: Registry, *ids: str) -> Registry:
    for staff_id in ids:
        rows = changed(rows, staff_id, status=Status.LEFT)
    return rows


# --- Thresholds


@pytest.mark.parametrize(
    ("count", "passed"), [(5, False), (6, True), (0, False)], ids=["at most", "beyond", "none"]
)
def test_too_many_leavers_are_refused(count: int, passed: bool, lamdong: Policy) -> None:
    one = office(lamdong, registry(40), leavers=Threshold(5, 10))
    found = brakes(one, left(registry(40), *(f"S{n}" for n in range(1, count + 1))))
    assert ("leavers" in found) is passed


def test_both_thresholds_must_be_passed(lamdong: Policy) -> None:
    leavers = left(registry(40), *(f"S{n}" for n in range(1, 7)))
    assert "leavers" in brakes(office(lamdong, registry(40), leavers=Threshold(5, 14)), leavers)
    assert "leavers" not in brakes(office(lamdong, registry(40), leavers=Threshold(5, 15)), leavers)
    assert "leavers" not in brakes(office(lamdong, registry(40), leavers=Threshold(6, 0)), leavers)


def test_rows_that_are_missing_count_in_the_first_run_already(lamdong: Policy) -> None:
    one = office(lamdong, registry(40), leavers=Threshold(5, 10))
    gone = [f"S{n}" for n in range(1, 7)]
    assert (
        "6 of 42 accounts would end, or have no row" in brakes(one, without(registry(40), *gone))["leavers"]
    )
    assert "leavers" not in brakes(one, without(registry(40), *gone[:5]))
    half = without(left(registry(40), *gone[:3]), *gone[3:])
    assert "leavers" in brakes(one, half)
    again = brakes(
        one, without(registry(40), *gone), absences=dict.fromkeys((f"people/{n}" for n in gone), 1)
    )
    assert "6 of 42" in again["leavers"]


@pytest.mark.parametrize(
    ("staff", "gone", "passed"), [(4, 3, True), (5, 3, False), (3, 2, False), (2, 2, False)]
)
def test_half_of_a_small_domain_is_too_many(staff: int, gone: int, passed: bool, lamdong: Policy) -> None:
    """With its two units, 4 people are 6 accounts; fewer than three leavers are never half of a domain."""
    one = office(lamdong, registry(staff))
    found = brakes(one, left(registry(staff), *(f"S{n}" for n in range(1, gone + 1))))
    assert ("leavers" in found) is passed


def test_a_unit_that_loses_many_is_refused_and_named(lamdong: Policy) -> None:
    rows = registry(20, *people(10, "A2", 21))
    one = office(lamdong, rows, unit_leavers=Threshold(3, 30))
    found = brakes(one, left(rows, "S21", "S22", "S23", "S24"))
    assert found == {"unit-leavers": "accounts would end, or have no row any more: 4 of 11 in unit A2"}
    assert brakes(one, left(rows, "S21", "S22", "S23")) == {}
    assert brakes(one, left(rows, "S1", "S2", "S3", "S4")) == {}  # 4 of 21 are less than 30 %


def test_too_many_joins_are_refused_but_not_in_a_first_load(lamdong: Policy) -> None:
    tight = {"joins": Threshold(2, 10)}
    one = office(lamdong, registry(10), **tight)
    assert "joins" not in brakes(one, registry(12))
    assert brakes(one, registry(13)) == {"joins": "3 new accounts beside 12 in use"}
    empty = Office(replace(lamdong, sync=Sync(joins=Threshold(2, 10))))
    assert brakes(empty, registry(13)) == {}
    assert "joins" in brakes(empty, registry(13), Memory({DOMAIN: Domain(12)}))
    assert "joins" not in brakes(one, registry(13), Memory({DOMAIN: Domain(0)}))  # it was cut off
    assert "joins" in brakes(one, registry(13), Memory({DOMAIN: Domain(12)}))


def test_who_comes_back_is_a_join(lamdong: Policy) -> None:
    one = office(lamdong, registry(10), joins=Threshold(0, 0))
    one.run(left(registry(10), "S1"))
    back = changed(registry(10), "S1", document="3/CV-SNV")
    assert brakes(one, back) == {"joins": "1 new accounts beside 11 in use"}


def test_too_many_changes_are_refused(lamdong: Policy) -> None:
    one = office(lamdong, registry(20), changes=Threshold(3, 10), unit_changes=Threshold(4, 10))
    rows = registry(20)
    for n in range(1, 4):
        rows = changed(rows, f"S{n}", position="Phó Giám đốc")
    assert brakes(one, rows) == {}
    rows = changed(rows, "S4", position="Phó Giám đốc")
    assert brakes(one, rows) == {"changes": "4 of 22 accounts would change (position 4)"}
    rows = changed(rows, "S5", position="Phó Giám đốc")
    assert brakes(one, rows)["unit-changes"] == "accounts would change: 5 of 21 in unit A1"


def test_other_names_for_half_of_a_small_domain_are_refused(lamdong: Policy) -> None:
    """Columns of names that were swapped: too few for the threshold, and every address would be another."""
    rows = registry(4)
    one = office(lamdong, rows)
    for n in (1, 2, 3):
        row = next(row for row in rows.staff if row.staff_id == f"S{n}")
        rows = changed(rows, f"S{n}", surname=row.given_name, given_name=row.surname)
        assert ("changes" in brakes(one, rows)) is (n == 3)
    assert brakes(one, rows)["changes"].startswith(
        "3 of 6 accounts would have another name: Trần Thị Bình → "
    )
    rows = registry(4)
    for n in (1, 2, 3, 4):
        rows = changed(rows, f"S{n}", given_name="Bính" if n == 1 else rows.staff[n - 1].given_name)
    assert "changes" not in brakes(one, rows)  # marks are set right


def test_a_unit_takes_its_people_along_without_a_brake_of_the_unit(lamdong: Policy) -> None:
    one = office(lamdong, registry(20), unit_changes=Threshold(3, 10))
    assert brakes(one, changed(registry(20), "A1", name="Sở Khoa học, Công nghệ và Đổi mới")) == {}


def test_a_locked_leaver_is_no_longer_counted(lamdong: Policy) -> None:
    locking = replace(lamdong, leaving=Leaving(then=Removal.LOCK))
    one = office(locking, registry(5))
    found = brakes(one, left(registry(5), "S1", "S2", "S3", "S4"))
    assert "4 of 7" in found["leavers"]
    one.run(left(registry(5), "S1", "S2"))
    assert brakes(one, left(registry(5), "S1", "S2")) == {}
    assert Census(one.found).count(DOMAIN) == 5


# --- What vanished


def test_a_domain_without_rows_is_refused(lamdong: Policy) -> None:
    one = office(lamdong, registry(2))
    found = brakes(one, Registry(UNITS, ()))
    assert found["domain"] == "the list has no people, the directory has 4 accounts in use"
    assert brakes(Office(lamdong), Registry(UNITS, ())) == {}


def test_a_unit_that_vanished_with_its_people_is_refused(lamdong: Policy) -> None:
    rows = registry(20, *people(2, "A2", 21))
    one = office(lamdong, rows)
    found = brakes(one, without(rows, "A2", "S21", "S22"))
    assert found == {
        "unit": "units have no row any more, nor have their people: A2 (Sở Nội vụ) with 2 people"
    }
    moved = changed(changed(rows, "S21", unit_id="A1"), "S22", unit_id="A1")
    assert brakes(one, without(moved, "A2")) == {}
    aside = frozenset({"units/A2", "people/S21", "people/S22"})
    assert brakes(one, without(rows, "A2", "S21", "S22"), set_aside=aside) == {}


# --- Mailboxes that would change hands


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"surname": "Hoàng", "middle_name": "Thị", "given_name": "Yến"}, "no word of the name stays"),
        (
            {"surname": "Nguyễn", "middle_name": "Thị", "given_name": "Lan", "phone": "0912345678"},
            "another given",
        ),
        ({"surname": "Nguyễn", "middle_name": "Thị", "given_name": "Lan"}, ""),
        ({"given_name": "Anh", "phone": "+84 999 000 001"}, ""),  # the same number, written otherwise
        ({"given_name": "Ân"}, ""),
        ({"middle_name": "Viết"}, ""),
        ({"phone": "0912345678"}, ""),
    ],
)
def test_another_person_under_the_same_id_is_refused(said: dict[str, str], why: str, lamdong: Policy) -> None:
    rows = changed(
        registry(12), "S12", surname="Nguyễn", middle_name="Văn", given_name="An", phone="0999000001"
    )
    one = office(lamdong, rows)
    found = brakes(one, changed(rows, "S12", **said))
    assert ("person" in found) is bool(why)
    assert why in found.get("person", "")


def test_swapped_ids_and_slipped_rows_are_refused(lamdong: Policy) -> None:
    rows = Registry(
        UNITS, (*people(8), a_person("S9", "Ngô Thị Hoa", "A1"), a_person("S10", "Ngô Thị Lan", "A1"))
    )
    one = office(lamdong, rows)
    swapped = changed(changed(rows, "S9", given_name="Lan"), "S10", given_name="Hoa")
    assert (
        "people/S9: Ngô Thị Hoa → Ngô Thị Lan (until now the name of people/S10)"
        in brakes(one, swapped)["person"]
    )
    slipped = replace(
        rows,
        staff=tuple(
            replace(row, surname=after.surname, middle_name=after.middle_name, given_name=after.given_name)
            for row, after in zip(rows.staff, (*rows.staff[1:], rows.staff[0]), strict=True)
        ),
    )
    assert "10 mailboxes would go to another person" in brakes(one, slipped)["person"]
    assert "and 5 more" in brakes(one, slipped)["person"]


def test_a_namesake_is_nobody_else(lamdong: Policy) -> None:
    """Of two people of one name one is renamed, a third is given that name: the other still has it."""
    one, other = a_person("S9", "Ngô Thị Hoa", "A1"), a_person("S10", "Ngô Thị Hoa", "A1")
    rows = Registry(UNITS, (*people(8), one, other, a_person("S11", "Ngô Thị Hà", "A1")))
    after = changed(changed(rows, "S9", given_name="Lan"), "S11", given_name="Hoa")
    assert brakes(office(lamdong, rows), after) == {}


def test_units_that_swapped_names_are_refused_and_a_renamed_one_is_not(lamdong: Policy) -> None:
    one = office(lamdong, registry(4))
    swapped = changed(changed(registry(4), "A1", name=UNITS[1].name), "A2", name=UNITS[0].name)
    assert "2 mailboxes would go to another unit: units/A1: Sở Khoa học" in brakes(one, swapped)["unit"]
    assert brakes(one, changed(registry(4), "A1", name="Ban Quản lý Khu công nghiệp cao")) == {}


@pytest.mark.parametrize(
    ("name", "told"), [("Nguyễn Văn Ân", ("nguyen", "van", "an")), ("Ирина X", ("ирина", "x"))]
)
def test_a_name_has_words_in_whatever_letters(name: str, told: tuple[str, ...]) -> None:
    assert words(name) == told


# --- The directory itself

SEEN = Seen("uuid-1", "20261122120000.0Z#000000#000#000000")


def lost(one: Office, now: Seen, memory: Memory, domains: Iterable[str] = (DOMAIN,)) -> list[Brake]:
    return list(check_directory(now, Census(one.found), memory, dict.fromkeys(domains)))


def test_another_directory_is_refused_whatever_the_run_would_do(lamdong: Policy) -> None:
    one = office(lamdong, registry(4))
    kept = Memory({DOMAIN: Domain(6)}, SEEN)
    assert lost(one, SEEN, kept) == []
    (brake,) = lost(one, Seen("uuid-2", SEEN.context_csn), kept)
    assert (brake.code, brake.domain) == ("directory", "")
    assert "uuid-2" in brake.message
    (brake,) = lost(one, Seen("uuid-1", "20261121120000.0Z#000000#000#000000"), kept)
    assert "20261121" in brake.message
    assert lost(one, Seen("uuid-2", "2020#000000#000#000000"), Memory()) == []


@pytest.mark.parametrize(("kept", "refused"), [(6, False), (12, False), (13, True), (2000, True)])
def test_a_directory_that_lost_more_than_half_is_refused(kept: int, refused: bool, lamdong: Policy) -> None:
    one = office(lamdong, registry(4))
    found = lost(one, SEEN, Memory({DOMAIN: Domain(kept)}, SEEN))
    assert [brake.code for brake in found] == (["directory"] if refused else [])


def test_an_empty_directory_is_refused_once_there_was_something() -> None:
    nothing = Office(policies.load_domain(ROOT / "inventory/policy", DOMAIN))
    assert [brake.code for brake in lost(nothing, SEEN, Memory({DOMAIN: Domain(3)}, SEEN))] == ["directory"]
    assert lost(nothing, SEEN, Memory({DOMAIN: Domain(0)}, SEEN)) == []


def test_a_domain_that_is_no_longer_in_the_settings_is_refused(lamdong: Policy) -> None:
    one = office(lamdong, registry(4))
    kept = Memory({DOMAIN: Domain(6)}, SEEN)
    (brake,) = lost(one, SEEN, kept, domains=("quangtri.gov.vn",))
    assert (brake.code, brake.domain) == ("domain", DOMAIN)
    assert lost(Office(lamdong), SEEN, kept, domains=("quangtri.gov.vn",)) == []


# --- Scope


def test_a_scope_holds_the_unit_its_people_and_who_moves_there(lamdong: Policy) -> None:
    rows = registry(10, *people(3, "A2", 11))
    one = office(lamdong, rows)
    after = without(changed(changed(rows, "S1", unit_id="A2"), "S2", position="Trưởng phòng"), "S12", "S3")
    after = changed(after, "S11", position="Chánh Văn phòng")
    plan = one.plan(after)
    accounts = Census(one.found).of(Layout(BASE, DOMAIN))
    part = guard.in_scope(plan, frozenset({"A2"}), accounts)
    assert {operation.entry.value("uid") for operation in part.operations} == {"S1", "S11"}
    assert part.absent == {"people/S12"}
    assert guard.in_scope(plan, frozenset(), accounts) is plan


def test_a_scope_keeps_what_others_stand_below(lamdong: Policy) -> None:
    one = Office(lamdong)
    part = guard.in_scope(one.plan(registry(2)), frozenset({"A2"}), ())
    assert [type(operation) for operation in part.operations] == [Add] * 4
    assert [operation.unit_id for operation in part.operations] == ["", "", "", "A2"]


# --- The policy


def test_every_brake_is_explained_in_the_guide() -> None:
    text = (ROOT / "docs/sync.md").read_text(encoding="utf-8")
    for code in guard.CODES:
        assert f"| `{code}` |" in text


def test_what_a_policy_leaves_open_has_a_default(lamdong: Policy) -> None:
    rules = effective(lamdong)
    assert rules.sync_leavers == Limit(20, 5)
    assert rules.sync_unit_leavers == Limit(5, 30)
    assert rules.sync_joins == Limit(200, 20)
    assert rules.sync_changes == Limit(200, 20)
    assert rules.sync_unit_changes == Limit(50, 50)
    assert (rules.sync_absent_runs, rules.sync_quarantine) == (2, False)
    partly = effective(replace(lamdong, sync=Sync(leavers=Threshold(percent=1), absent_runs=7)))
    assert (partly.sync_leavers, partly.sync_absent_runs) == (Limit(20, 1), 7)


GOOD = (ROOT / "tests/unit/data/policy/good.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sync: {leavers: {most: -1}}", "sync.leavers.most"),
        ("sync: {leavers: {percent: 101}}", "101 is not between 0 and 100"),
        ("sync: {leavers: {percent: 5%}}", "'5%' is not a whole number"),
        ("sync: {leavers: 5}", "must be a section"),
        ("sync: {leaver: {most: 5}}", "did you mean 'leavers'"),
        ("sync: {absent_runs: 0}", "0 is not between 1 and 30"),
        ("sync: {absent_runs: 31}", "31 is not between 1 and 30"),
        ("sync: {quarantine: yes}", "'yes' is not true or false"),
    ],
)
def test_a_threshold_that_means_nothing_is_refused(line: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yml"
    path.write_text(f"{GOOD}{line}\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"p\.yml:\d+: ") as caught:
        policies.load(path)
    assert words in str(caught.value)


def test_editors_know_the_bounds() -> None:
    definitions = json.loads(json.dumps(json_schema()))["$defs"]
    assert definitions["Threshold"]["properties"]["percent"]["maximum"] == 100
    assert definitions["Sync"]["properties"]["absent_runs"]["minimum"] == 1
    assert "sync" in json_schema()["properties"]


def test_a_policy_says_its_own_thresholds(tmp_path: Path) -> None:
    path = tmp_path / "p.yml"
    path.write_text(f"{GOOD}sync: {{leavers: {{most: 3, percent: 2}}, quarantine: true}}\n", encoding="utf-8")
    rules = effective(policies.load(path))
    assert (rules.sync_leavers, rules.sync_quarantine) == (Limit(3, 2), True)
