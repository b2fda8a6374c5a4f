"""Random histories of small offices: whatever is said in whatever order, some things always hold."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from congvu import policy as policies
from congvu.directory.model import Entry, dn_key
from congvu.directory.operations import DomainPlan, Modify
from congvu.directory.plans import plan_all
from congvu.directory.states import ended
from congvu.policy import Policy
from congvu.registry import Action, Person, Registry, Status, Unit
from tests.unit.helpers import ROOT
from tests.unit.office import Office, a_person, a_unit, carry_out

NAMES = ("Nguyễn Văn An", "Nguyễn Văn Ân", "Ngô Viết An", "Trần Thị Bình", "Lê An")
UNITS = ("Sở Nội vụ", "Sở Ngoại vụ", "Sở Y tế", "Sở Tài chính")
VERSIONS = 12


@dataclass
class History:
    """An office that goes through random versions of its registry."""

    chance: random.Random
    office: Office
    units: dict[str, Unit]
    people: dict[str, Person]
    vanished: frozenset[str] = frozenset()
    """Ids whose rows this version lacks."""
    set_aside: frozenset[str] = frozenset()
    """Keys whose rows could not be read in this version."""

    def registry(self) -> Registry:
        """This version."""
        gone = self.vanished | {key.partition("/")[2] for key in self.set_aside}
        people = [one for key, one in self.people.items() if key not in gone]
        named = {one.unit_id for one in people} | {one.parent_id for one in self.units.values()}
        for one in self.units.values():
            named |= set(one.successor_ids)
        units = [one for key, one in self.units.items() if key not in gone or key in named]
        self.chance.shuffle(people)
        self.chance.shuffle(units)
        return Registry(tuple(units), tuple(people))

    def go_on(self) -> None:
        """The next version."""
        for _ in range(self.chance.randint(1, 4)):
            self._something()
        everyone = [*self.units, *self.people]
        self.vanished = frozenset(one for one in everyone if self.chance.random() < 0.12)
        self.set_aside = frozenset(f"people/{one}" for one in self.people if self.chance.random() < 0.05)
        self.office.today += timedelta(days=self.chance.choice((1, 1, 1, 30, 400)))

    def _something(self) -> None:
        person, unit = self.chance.choice(list(self.people)), self.chance.choice(list(self.units))
        change = self.chance.choice((self._person_changes, self._unit_changes, self._other_hands))
        change(person, unit)

    def _person_changes(self, person: str, unit: str) -> None:
        chance, row = self.chance, self.people[person]
        match chance.randrange(5):
            case 0:
                new = f"S{len(self.people) + 1}"
                self.people[new] = a_person(new, chance.choice(NAMES), unit)
            case 1:
                named = a_person(person, chance.choice(NAMES), row.unit_id, status=row.status)
                self.people[person] = replace(named, position=row.position, document=row.document)
            case 2:
                self.people[person] = replace(row, unit_id=unit, position=chance.choice(("", "Giám đốc")))
            case 3:
                self.people[person] = replace(row, status=Status.LEFT)
            case _:
                row = replace(row, status=Status.WORKING, document=chance.choice(("", "1/CV")))
                self.people[person] = replace(row, action=chance.choice((None, Action.RESTORE)))

    def _unit_changes(self, person: str, unit: str) -> None:
        chance, row = self.chance, self.units[unit]
        match chance.randrange(6):
            case 0:
                row = replace(row, head_id=chance.choice((person, "", "S99")))
            case 1:
                row = replace(row, name=f"{chance.choice(UNITS)} {unit[1:]}")
            case 2:
                row = replace(row, parent_id=chance.choice(("", "U0")) if unit != "U0" else "")
            case 3:
                working = [one for one in self.units.values() if one.status is Status.WORKING]
                others = [one.unit_id for one in working if one.unit_id != unit]
                taking = tuple(chance.sample(others, min(len(others), chance.randrange(3))))
                row = replace(row, status=Status.LEFT, successor_ids=taking)
                for key, one in self.people.items():
                    if one.unit_id == unit and others:
                        self.people[key] = replace(one, unit_id=chance.choice(others))
            case 4:
                row = replace(row, status=Status.WORKING, successor_ids=(), document="3/NQ")
            case _:
                new = f"U{len(self.units)}"
                self.units[new] = a_unit(new, f"{chance.choice(UNITS)} {new[1:]}", parent_id=unit)
        self.units[unit] = row

    def _other_hands(self, person: str, unit: str) -> None:
        if self.chance.random() < 0.5:
            self._hands(person, congvuState=self.chance.choice(("active", "locked", "suspended", "revoked")))
        else:
            self._hands(unit, congvuDelegate=self.office.layout.person(person))

    def _hands(self, identifier: str, **values: str) -> None:
        """What other hands do."""
        try:
            account = self.office.entry(identifier)
        except KeyError:
            return  # no account
        if values.get("congvuState") == "active" or not ended(account):
            self.office.set(identifier, **values, userPassword="{ARGON2}x")

    def run(self, registry: Registry) -> DomainPlan | None:
        """A run that is cut off somewhere, and the next one; None where the plan has problems."""
        office = self.office
        task = office.task(registry, set_aside=self.set_aside)
        (plan,) = plan_all([task], office.found)
        if plan.problems:
            return None
        turned = Registry(registry.units[::-1], registry.staff[::-1])
        (same,) = plan_all([office.task(turned, set_aside=self.set_aside)], office.found)
        assert same.operations == plan.operations
        whole = carry_out(office.found, plan.operations)
        cut = self.chance.randint(0, len(plan.operations))
        partly = carry_out(office.found, plan.operations[:cut])
        _no_pointer_leads_nowhere(partly.entries)
        (rest,) = plan_all([task], partly)
        assert carry_out(partly, rest.operations).entries == whole.entries
        done = office.run(registry, set_aside=self.set_aside)
        assert done == plan
        return done


def _no_pointer_leads_nowhere(entries: Mapping[str, Entry]) -> None:
    for entry in entries.values():
        for name in ("congvuHead", "congvuSuccessor", "congvuParent"):
            assert all(dn_key(dn) in entries for dn in entry.values(name)), (entry.dn, name)


@pytest.fixture(scope="module", params=["lamdong.gov.vn", "hatinh.gov.vn", "quangtri.gov.vn"])
def policy(request: pytest.FixtureRequest) -> Policy:
    return policies.load_domain(ROOT / "inventory/policy", request.param)


@pytest.mark.parametrize("seed", range(40))
def test_through_any_history_what_must_hold_holds(policy: Policy, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  (a history that can be told again)
    history = History(
        chance,
        Office(policy),
        {f"U{number}": a_unit(f"U{number}", f"{name} {number}") for number, name in enumerate(UNITS[:3])},
        {f"S{number}": a_person(f"S{number}", NAMES[number], "U1") for number in range(1, 5)},
    )
    office, owners, missing, runs = history.office, dict[str, str](), dict[str, int](), 0
    for _ in range(VERSIONS):
        before = dict(office.found.entries)
        registry = history.registry()
        done = history.run(registry)
        if done is None:
            assert office.found.entries == before
            history.vanished = frozenset()
            history.go_on()
            continue
        runs += 1
        after = office.found.entries
        assert before.keys() <= after.keys()
        for entry in after.values():
            for address in (*entry.addresses, *entry.values("congvuFormerAddress")):
                assert owners.setdefault(address, entry.dn) == entry.dn
        _no_pointer_leads_nowhere(after)
        _nobody_who_left_has_rights(after.values())
        _rows_are_followed(registry, office, before)
        missing = _absent_people_end_in_time(history, registry, missing, before)
        history.go_on()
    assert runs > VERSIONS // 3


def _nobody_who_left_has_rights(entries: Iterable[Entry]) -> None:
    accounts = {dn_key(entry.dn): entry for entry in entries if entry.managed}
    for entry in accounts.values():
        if entry.state.gone or ended(entry):
            assert not ended(entry) or not entry.values("userPassword")
            continue
        for name in ("congvuHead", "congvuDelegate"):
            for dn in entry.values(name):
                assert accounts[dn_key(dn)].in_use, (entry.dn, name, dn)
                assert not ended(accounts[dn_key(dn)]), (entry.dn, name, dn)


def _rows_are_followed(registry: Registry, office: Office, before: Mapping[str, Entry]) -> None:
    for row in registry.staff:
        entry = office.found.get(office.layout.person(row.staff_id))
        if entry is None:
            assert row.status is Status.LEFT
            continue
        was = before.get(dn_key(entry.dn))
        if row.status is Status.LEFT:
            assert ended(entry)
            assert entry.state.gone
        elif entry.in_use and not ended(entry):
            assert (entry.value("cn"), entry.value("departmentNumber")) == (row.full_name, row.unit_id)
            assert entry.value("title") == row.position
            others = was.value("congvuState") if was and not ended(was) and not was.state.gone else "initial"
            assert entry.value("congvuState") == others
        else:
            assert was is not None
            assert was == entry  # waits for a document, or for a row that asks to restore it


def _absent_people_end_in_time(
    history: History, registry: Registry, missing: Mapping[str, int], before: Mapping[str, Entry]
) -> dict[str, int]:
    """The first run without a row changes nothing, the second ends the account; how often each was absent."""
    rows, counted = {row.staff_id for row in registry.staff}, dict[str, int]()
    for key in history.people:
        entry = history.office.found.get(history.office.layout.person(key))
        if key in rows or entry is None or f"people/{key}" in history.set_aside:
            continue
        was = before[dn_key(entry.dn)]
        if was.state.gone or ended(was):
            assert was == entry
            continue
        counted[key] = missing.get(key, 0) + 1
        if counted[key] >= 2:
            assert ended(entry)
        else:
            assert (entry.state, entry.values("congvuEnded")) == (was.state, was.values("congvuEnded"))
    return counted


def test_the_histories_see_every_kind_of_change(policy: Policy) -> None:
    """The test above would prove little if its offices were quiet."""
    events = set()
    for seed in range(12):
        chance = random.Random(seed)  # noqa: S311
        history = History(
            chance,
            Office(policy),
            {f"U{number}": a_unit(f"U{number}", f"{name} {number}") for number, name in enumerate(UNITS[:3])},
            {f"S{number}": a_person(f"S{number}", NAMES[number], "U1") for number in range(1, 5)},
        )
        for _ in range(VERSIONS):
            done = history.run(history.registry())
            events |= {step.reason.event.value for step in done.operations} if done else set()
            history.go_on()
            changed = [step for step in done.operations if isinstance(step, Modify)] if done else []
            assert all(step.changes and step.reason.text for step in changed)
    assert len(events) >= 12, sorted(events)
