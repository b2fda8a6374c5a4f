"""Several lists of one domain's people: one says who exists, further ones decide attributes (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from congvu.registry.model import Person, Registry, Status
from congvu.registry.text import key
from congvu.strictyaml import nearest
from congvu.sync.amended import amended
from congvu.sync.gathered import Aside
from congvu.sync.settings import Attribute, Layer

_FIELDS: Mapping[Attribute, tuple[str, ...]] = {
    Attribute.NAME: ("surname", "middle_name", "given_name", "written_name"),
    Attribute.UNIT: ("unit_id",),
    Attribute.QUOTA: ("quota", "quota_reason"),
}
"""The fields of a person behind an attribute, where they are not one of the attribute's own name."""


@dataclass(frozen=True, slots=True)
class LayerRows:
    """A further list, as it was read."""

    layer: Layer
    people: Sequence[Person]


@dataclass(slots=True)
class _Said:
    """What the lists say of one person."""

    values: dict[str, object]
    notes: dict[Attribute, str]


class Layers:
    """Puts further lists over a registry. The last that says something counts; an empty cell is silent."""

    def __init__(self, registry: Registry, aside: Aside) -> None:
        self._registry, self._aside = registry, aside
        self._by_id = {
            person.staff_id.casefold(): n for n, person in enumerate(registry.staff) if person.staff_id
        }
        self._by_name: dict[tuple[str, str], list[int]] = {}
        for number, person in enumerate(registry.staff):
            self._by_name.setdefault((key(person.full_name), person.unit_id), []).append(number)
        self._said: dict[int, _Said] = {}
        self.problems: list[str] = []
        """What a person must settle."""
        self.findings: list[str] = []
        """What a person should know: rows that were left out, and lists that differ."""

    def put(self, rows: LayerRows) -> None:
        """Put one list over what there is."""
        seen: dict[int, Person] = {}
        for row in rows.people:
            number = self._find(row)
            if number is None:
                continue
            person = self._registry.staff[number]
            if (earlier := seen.setdefault(number, row)) is not row:
                self._twice(row, earlier, rows.layer)
            elif why := _misfit(row, person, rows.layer):
                self.problems.append(f"{row.place}: {why}, see {person.place} (correct one of them)")
            elif why := _waits(person, rows.layer):
                self.findings.append(f"{row.place}: {why}, see {person.place}; the row is left out")
            else:
                self._take(number, row, rows.layer)

    @property
    def result(self) -> Registry:
        """The registry with all that was put over it."""
        if not self._said:
            return self._registry
        staff = list(self._registry.staff)
        for number, said in self._said.items():
            notes = (f"{attribute}: {place}" for attribute, place in said.notes.items())
            place = amended(staff[number].place, *notes)
            staff[number] = replace(staff[number], place=place, **said.values)  # type: ignore[arg-type]
        return replace(self._registry, staff=tuple(staff))

    def _find(self, row: Person) -> int | None:
        """The person that a row is about; a finding where there is none, or several."""
        if row.staff_id:
            number = self._by_id.get(row.staff_id.casefold())
            if number is None and row.staff_id.casefold() not in self._aside.people:
                ids = [self._registry.staff[n].staff_id for n in self._by_name.get(_name(row), ())]
                hint = (
                    nearest(row.staff_id, ids)
                    if ids
                    else "the registry says who exists: add the person there"
                )
                self._left_out(row, f"nobody in the registry has the id {row.staff_id!r}", hint)
            return number
        found = self._by_name.get(_name(row), [])
        if len(found) == 1:
            return found[0]
        if found:
            places = ", ".join(str(self._registry.staff[number].place) for number in found[:5])
            self._left_out(row, f"{len(found)} people of this name are in its unit: {places}", "give the id")
        elif row.unit_id not in self._aside.units:
            hint = "the registry says who exists: correct the name or the unit, or add the person there"
            self._left_out(row, f"nobody called {row.full_name!r} is in unit {row.unit_id!r}", hint)
        return None

    def _left_out(self, row: Person, why: str, hint: str) -> None:
        self.findings.append(f"{row.place}: {why}; the row is left out ({hint})")

    def _twice(self, row: Person, earlier: Person, layer: Layer) -> None:
        if dict(_values(row, layer)) == dict(_values(earlier, layer)):
            self.findings.append(f"{row.place}: says the same as {earlier.place} (drop one)")
        else:
            self.problems.append(
                f"{row.place}: {row.full_name!r} stands also in {earlier.place}, otherwise (drop one row)"
            )

    def _take(self, number: int, row: Person, layer: Layer) -> None:
        person = self._registry.staff[number]
        for attribute, values in _values(row, layer):
            said = self._said.get(number)
            now = {name: (said.values if said else {}).get(name, getattr(person, name)) for name in values}
            if now == values:
                continue
            if said and attribute in said.notes:
                self.findings.append(
                    f"{row.place}: {attribute} differs from {said.notes[attribute]}; the later list counts"
                )
            said = self._said.setdefault(number, _Said({}, {}))
            said.values |= values
            said.notes[attribute] = str(row.place)


def _name(row: Person) -> tuple[str, str]:
    return key(row.full_name), row.unit_id


def _values(row: Person, layer: Layer) -> Iterator[tuple[Attribute, dict[str, object]]]:
    """What a row says of the attributes that its list decides."""
    for attribute in layer.attributes:
        fields = _FIELDS.get(attribute, (attribute.value,))
        values = {name: getattr(row, name) for name in fields}
        if any(values.values()):
            yield attribute, values


def _misfit(row: Person, person: Person, layer: Layer) -> str:
    """Why a row cannot be about the person whose id it has; empty where it can."""
    if Attribute.NAME in layer.attributes or key(row.full_name) == key(person.full_name):
        return ""
    return f"{row.staff_id!r} is {row.full_name!r} here and {person.full_name!r} there"


def _waits(person: Person, layer: Layer) -> str:
    """Why a list has no say about a person; empty where it has."""
    if layer.units and person.unit_id not in layer.units:
        return f"{person.full_name!r} is in unit {person.unit_id!r}, about which this list has no say"
    if person.status is Status.LEFT:
        return f"{person.full_name!r} has left"
    return ""
