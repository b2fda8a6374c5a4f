"""Puts what a person set by hand over the rows of a registry (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from congvu.registry.model import Person, Registry, Unit
from congvu.sync.amended import amended
from congvu.sync.overrides import VERSION, Override, Overrides, PersonOverride, Placed, UnitOverride

_SEARCHED = 5_000
"""Ids that an unknown one is compared with; each comparison takes some microseconds."""
_HINT = "correct the override"
_NAMES = ("surname", "middle_name", "given_name", "full_name")


def amend(registry: Registry, placed: Placed) -> tuple[Registry, Placed]:
    """The registry with the overrides of those whom it has, and the overrides that are left."""
    given = placed.overrides
    if not given.people and not given.units:
        return registry, placed
    known_people = {person.staff_id for person in registry.staff}
    known_units = {unit.unit_id for unit in registry.units}
    units = [
        _unit(unit, given.units[unit.unit_id], placed.places[f"units.{unit.unit_id}"])
        if unit.unit_id in given.units
        else unit
        for unit in registry.units
    ]
    staff = [
        _person(person, given.people[person.staff_id], placed.places[f"people.{person.staff_id}"])
        if person.staff_id in given.people
        else person
        for person in registry.staff
    ]
    rest = Overrides(
        VERSION,
        {one: what for one, what in given.people.items() if one not in known_people},
        {one: what for one, what in given.units.items() if one not in known_units},
    )
    return replace(registry, units=tuple(units), staff=tuple(staff)), replace(placed, overrides=rest)


def unknown(placed: Placed, registry: Registry) -> list[str]:
    """What is wrong with overrides of whom nobody knows: a line for each, with the nearest id."""
    lines = []
    for kind, section, ids in (
        ("person", "people", [person.staff_id for person in registry.staff]),
        ("unit", "units", [unit.unit_id for unit in registry.units]),
    ):
        for one in getattr(placed.overrides, section):
            close = get_close_matches(one, ids[:_SEARCHED], n=1)
            hint = f"did you mean {close[0]!r}?" if close else "correct the id, or take the override out"
            lines.append(f"{placed.places[f'{section}.{one}']}: there is no {kind} {one!r} ({hint})")
    return lines


def _note(names: Iterable[str], override: Override, place: str) -> str:
    told = "; ".join(filter(None, (override.reason, override.document)))
    return f"{', '.join(names)}: {place} ({override.author}: {told})"


def _person(person: Person, override: PersonOverride, place: str) -> Person:
    given = override.set.given
    values = {name: value for name, value in given.items() if name not in _NAMES}
    for name in ("address", "contact_mail"):
        if name in values:
            values[name] = str(values[name])
    if "quota" in values:
        values["quota_reason"] = override.reason
    if any(name in given for name in _NAMES):
        values |= {name: given.get(name, "") for name in _NAMES[:3]}
        values["written_name"] = given.get("full_name", "")
    if override.document:
        values["document"] = override.document
    return replace(person, place=amended(person.place, _note(given, override, place)), **values)


def _unit(unit: Unit, override: UnitOverride, place: str) -> Unit:
    given = override.set.given
    values: dict[str, Any] = {
        name: str(value) if name in ("address", "domain") else value for name, value in given.items()
    }
    if "quota" in values:
        values["quota_reason"] = override.reason
    if override.document:
        values["agreement" if "address" in given else "document"] = override.document
        if "quota" in values:
            values["document"] = override.document
    return replace(unit, place=amended(unit.place, _note(given, override, place)), **values)


def dangling(registry: Registry, placed: Placed) -> Iterator[str]:
    """What is wrong with overrides by which a row names a unit or a head whom nobody knows, or itself.

    `registry` is the one with these overrides.
    """
    units = {unit.unit_id: unit for unit in registry.units}
    staff = {person.staff_id for person in registry.staff}
    given = placed.overrides
    for one, override in given.people.items():
        place = placed.places[f"people.{one}"]
        for name in ("unit_id", "sponsor_unit_id"):
            unit_id = getattr(override.set, name)
            if unit_id and unit_id not in units:
                yield f"{place}: {name}: there is no unit {unit_id!r} ({_HINT})"
    for one, what in given.units.items():
        place = placed.places[f"units.{one}"]
        parent = what.set.parent_id
        if parent and parent not in units:
            yield f"{place}: parent_id: there is no unit {parent!r} ({_HINT})"
        elif parent and one in units and _is_above(units, one):
            yield f"{place}: parent_id: {one!r} would be its own ancestor ({_HINT})"
        head = what.set.head_id
        if head and head not in staff and "" not in staff:  # ids that are found out later may be heads
            yield f"{place}: head_id: {head!r} is nobody on the staff list ({_HINT})"


def _is_above(units: Mapping[str, Unit], unit_id: str) -> bool:
    """Whether a unit is its own ancestor."""
    passed: set[str] = set()
    above = units[unit_id].parent_id
    while above in units and above not in passed:
        passed.add(above)
        above = units[above].parent_id
    return unit_id in passed
