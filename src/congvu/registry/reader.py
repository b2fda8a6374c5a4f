"""Read and check a registry folder. Nothing is returned unless everything is right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from congvu.errors import RegistryError
from congvu.registry.model import Person, Place, Registry, Status, Unit
from congvu.registry.table import Problems, Row, read_table

UNIT_COLUMNS = ("unit_id", "name", "kind", "parent_id", "address", "registered_on")
UNIT_OPTIONAL = ("domain",)
STAFF_COLUMNS = (
    "staff_id",
    "surname",
    "middle_name",
    "given_name",
    "unit_id",
    "position",
    "phone",
    "registered_on",
    "status",
)
STAFF_OPTIONAL = ("full_name",)
# An id is an RDN, a login name and a file name: no character that one of them must escape.
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


def read(folder: Path) -> Registry:
    """Read ``units.csv`` and ``staff.csv`` in `folder`.

    Raises `RegistryError` with *all* problems, each naming file, row, column, value and what to do.
    """
    problems = Problems()
    units = [_unit(row) for row in read_table(folder / "units.csv", UNIT_COLUMNS, UNIT_OPTIONAL, problems)]
    staff = [
        _person(row) for row in read_table(folder / "staff.csv", STAFF_COLUMNS, STAFF_OPTIONAL, problems)
    ]
    _check_ids(((unit.place, "unit_id", unit.unit_id) for unit in units), problems)
    _check_ids(((person.place, "staff_id", person.staff_id) for person in staff), problems)
    if units:  # without units, every reference would be one more problem
        _check_references(units, staff, problems)
    if problems.lines:
        count = len(problems.lines)
        raise RegistryError(
            f"{count} problem{'s' if count > 1 else ''} in the registry; nothing was changed",
            problems=problems.lines,
            where=str(folder),
        )
    return Registry(tuple(units), tuple(staff))


def _unit(row: Row) -> Unit:
    return Unit(
        place=row.place,
        unit_id=row.parsed("unit_id", _identifier, "", _ID_HINT),
        name=row.required("name"),
        kind=row.required("kind"),
        parent_id=row.optional("parent_id"),
        address=row.optional("address"),
        domain=row.optional("domain").lower(),
        registered_on=row.date("registered_on"),
    )


def _person(row: Row) -> Person:
    return Person(
        place=row.place,
        staff_id=row.parsed("staff_id", _identifier, "", _ID_HINT),
        surname=row.optional("surname"),
        middle_name=row.optional("middle_name"),
        given_name=row.required("given_name"),
        written_name=row.optional("full_name"),
        unit_id=row.required("unit_id"),
        position=row.optional("position"),
        phone=row.optional("phone"),
        registered_on=row.date("registered_on"),
        status=row.parsed("status", Status, Status.WORKING, " or ".join(Status)),
    )


_ID_HINT = "letters A-Z, digits and . _ -, at most 64, not starting with a dot"


def _identifier(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError(text)
    return text


def _check_ids(found: Iterable[tuple[Place, str, str]], problems: Problems) -> None:
    """Ids are compared without case, as LDAP compares a uid."""
    first: dict[str, Place] = {}
    for place, column, identifier in found:
        if not identifier:
            continue
        earlier = first.setdefault(identifier.casefold(), place)
        if earlier is not place:
            problems.add(
                place,
                column,
                f"{identifier!r} stands also in row {earlier.row}",
                "give each its own, or drop one row",
            )


def _check_references(units: list[Unit], staff: list[Person], problems: Problems) -> None:
    by_id = {unit.unit_id: unit for unit in units}
    folded = {unit.unit_id.casefold(): unit for unit in units}
    for unit in units:
        if unit.parent_id and unit.parent_id not in by_id:
            problems.add(
                unit.place,
                "parent_id",
                f"there is no unit {unit.parent_id!r}",
                "add the unit, or correct the id",
            )
        elif _in_a_circle(unit, by_id):
            problems.add(
                unit.place, "parent_id", f"{unit.unit_id!r} is its own ancestor", "correct the parent"
            )
    for person in staff:
        if person.unit_id and person.unit_id not in by_id:
            problems.add(
                person.place,
                "unit_id",
                f"there is no unit {person.unit_id!r}",
                "add the unit, or correct the id",
            )
        clash = folded.get(person.staff_id.casefold()) if person.staff_id else None
        if clash:
            problems.add(
                person.place,
                "staff_id",
                f"{person.staff_id!r} is also the unit in {clash.place}",
                "change one of them",
            )


def _in_a_circle(unit: Unit, by_id: dict[str, Unit]) -> bool:
    seen: set[str] = set()
    above = unit.parent_id
    while above in by_id and above not in seen:
        if above == unit.unit_id:
            return True
        seen.add(above)
        above = by_id[above].parent_id
    return False
