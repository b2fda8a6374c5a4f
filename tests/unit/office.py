"""A small mail domain for tests of the sync: rows in a line each, and a directory that takes operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

from congvu.directory.model import Entry, Layout, Snapshot, dn_key
from congvu.directory.operations import Add, DomainPlan, Operation
from congvu.directory.plans import plan_all
from congvu.directory.wanted import Task
from congvu.policy import Policy
from congvu.policy.source import NO_SOURCES, Source, sources
from congvu.registry import Person, Place, Registry, Status, Unit
from tests.unit.helpers import BASE, DAY, ROOT

TODAY = date(2026, 11, 22)
HOST = "mail.lamdong.gov.vn"


@cache
def cited(domain: str) -> Mapping[str, Source]:
    """Where the values of a shipped policy come from."""
    return sources(ROOT / "inventory" / "policy" / f"{domain}.yml")


def a_unit(unit_id: str, name: str, **said: Any) -> Unit:
    """A unit's row; what is not said is as in most rows."""
    row = Unit(Place("units.csv", 2), unit_id, name, "department", "", "", "", DAY)
    return replace(row, **said)


def a_person(staff_id: str, name: str, unit_id: str, **said: Any) -> Person:
    """A person's row: `name` in Kinh order; what is not said is as in most rows."""
    surname, *middle, given = name.split()
    row = Person(
        place=Place("staff.csv", 2),
        staff_id=staff_id,
        surname=surname,
        middle_name=" ".join(middle),
        given_name=given,
        written_name="",
        unit_id=unit_id,
        position="Chuyên viên",
        phone="",
        registered_on=DAY,
        status=Status.WORKING,
    )
    return replace(row, **said)


def changed(registry: Registry, identifier: str, **said: Any) -> Registry:
    """`registry` with one row, of a unit or a person, saying something else."""
    return replace(
        registry,
        units=tuple(replace(row, **said) if row.unit_id == identifier else row for row in registry.units),
        staff=tuple(replace(row, **said) if row.staff_id == identifier else row for row in registry.staff),
    )


def without(registry: Registry, *identifiers: str) -> Registry:
    """`registry` without some rows."""
    return replace(
        registry,
        units=tuple(row for row in registry.units if row.unit_id not in identifiers),
        staff=tuple(row for row in registry.staff if row.staff_id not in identifiers),
    )


def carry_out(found: Snapshot, operations: Iterable[Operation]) -> Snapshot:
    """`found` after `operations`, with the refusals of slapd that matter to an order of operations."""
    entries = dict(found.entries)
    holders = {address: key for key, entry in entries.items() for address in entry.addresses}
    for operation in operations:
        key = dn_key(operation.dn)
        if isinstance(operation, Add):
            assert key not in entries, f"{operation.dn} is there already"
            assert key.split(",", 1)[1] in entries, f"{operation.dn} has nothing to stand below"
            after = operation.entry
        else:
            there = entries[key]
            for change in operation.changes:
                assert change.secret or set(change.before) == set(there.values(change.attribute))
            merged = {**there.attributes, **{one.attribute: one.after for one in operation.changes}}
            after = Entry(there.dn, {name: values for name, values in merged.items() if values})
            for address in there.addresses:
                del holders[address]
        for address in after.addresses:
            assert holders.setdefault(address, key) == key, f"{address} has another holder"
        entries[key] = after
    return Snapshot(found.base, entries)


@dataclass
class Office:
    """One mail domain: a policy, and the directory as it is now. Runs plan, carry out, and plan again."""

    policy: Policy
    cited: Mapping[str, Source] = field(default_factory=lambda: NO_SOURCES)
    today: date = TODAY
    found: Snapshot = field(
        default_factory=lambda: Snapshot.of(BASE, [Entry.build(BASE, ("domain",), {"dc": "gov"})])
    )
    absences: dict[str, int] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """Where the domain's entries stand."""
        return Layout(BASE, str(self.policy.domain))

    def task(self, registry: Registry, **given: Any) -> Task:
        """The inputs of a run today."""
        task = Task(self.layout, self.policy, registry, HOST, self.today, self.cited, dict(self.absences))
        return replace(task, **given)

    def plan(self, registry: Registry, **given: Any) -> DomainPlan:
        """What a run would do."""
        return plan_all([self.task(registry, **given)], self.found)[0]

    def run(self, registry: Registry, **given: Any) -> DomainPlan:
        """A whole run. A second one right after it must find nothing to do."""
        plan = self.plan(registry, **given)
        assert not plan.problems, plan.problems
        self.found = carry_out(self.found, plan.operations)
        again = plan_all([self.task(registry, **given)], self.found)[0]
        assert again.operations == (), again.operations
        self.absences = {key: self.absences.get(key, 0) + 1 for key in plan.absent}
        return plan

    def entry(self, identifier: str) -> Entry:
        """The account of a unit or a person."""
        for dn in (self.layout.unit(identifier), self.layout.person(identifier)):
            if entry := self.found.get(dn):
                return entry
        raise KeyError(identifier)

    def set(self, identifier: str, **values: str | tuple[str, ...]) -> None:
        """What other hands do to an account."""
        there = self.entry(identifier)
        given = {name: (value,) if isinstance(value, str) else value for name, value in values.items()}
        merged = {**there.attributes, **given}
        entry = Entry(there.dn, {name: found for name, found in merged.items() if found})
        self.found = Snapshot(self.found.base, {**self.found.entries, dn_key(there.dn): entry})
