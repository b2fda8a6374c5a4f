"""Read and check a registry for the sync. Nothing is returned unless everything is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from congvu.errors import RegistryError
from congvu.registry import people
from congvu.registry import units as unit_rows
from congvu.registry.evidence import tell_misplaced
from congvu.registry.headings import NAMING, TICKS, Field, Kind
from congvu.registry.mapping import MappingFile, Quarantine, TableSource, find_mapping
from congvu.registry.model import Person, Registry, Unit
from congvu.registry.opening import open_source
from congvu.registry.people import StaffRows
from congvu.registry.problems import Code, Problem, Problems, Severity, Unreadable
from congvu.registry.references import Links, check_heads, link
from congvu.registry.seen import Seen
from congvu.registry.sheet import Table
from congvu.registry.units import UnitRows, Units
from congvu.strictyaml import nearest


def read(path: Path) -> Registry:
    """Read a registry: a folder with ``registry.yml``, or with ``units`` and ``staff`` as CSV or XLSX.

    Raises `RegistryError` with *all* problems, each naming file, row, column, value and what to do.
    """
    mapping = find_mapping(path)
    problems = Problems()
    with Seen() as seen:
        units = read_units(mapping.units, problems, seen, complete=True)
        staff = _read_staff(mapping, problems, seen, Units(units) if units else None)
        if staff:
            check_heads(units, seen, problems)
    problems.close()
    if problems.errors:
        lines = [str(problem) for problem in problems.found if problem.severity is Severity.ERROR]
        raise RegistryError(
            f"{len(lines)} problem{'s' if len(lines) > 1 else ''} in the registry; nothing was changed",
            problems=lines,
            where=str(path),
        )
    return Registry(tuple(units), tuple(staff), problems.found)


def read_units(
    sources: Sequence[TableSource], problems: Problems, seen: Seen, *, complete: bool
) -> list[Unit]:
    """The units of all tables, their parents found; empty where one could not be read."""
    units: list[Unit] = []
    links = Links()
    for source in sources:
        try:
            table = open_source(source, Kind.UNITS, problems)
            if not check_columns(table, source, problems, complete=complete):
                table.close()
                return []
            rows = UnitRows(table, source.reading, problems, seen, complete=complete)
            units.extend(rows)
            links.add(rows)
        except Unreadable as fault:
            problems.add(fault.problem)
            return []
    return link(units, links, problems)


@dataclass(slots=True)
class _SetAside:
    """People of one table that wait until it is known which units have a row with an error."""

    people: list[Person] = field(default_factory=list)
    bad_units: dict[str, int] = field(default_factory=dict)
    """Rows with an error, by unit."""
    unknown: bool = False
    """Whether a bad row names no unit, or one that is not known: whose people it is about, nobody can say."""


def _read_staff(mapping: MappingFile, problems: Problems, seen: Seen, units: Units | None) -> list[Person]:
    staff: list[Person] = []
    for source in mapping.staff:
        try:
            table = open_source(source, Kind.STAFF, problems)
            if not check_columns(table, source, problems, complete=True):
                table.close()
                continue
            if mapping.quarantine is Quarantine.UNIT:
                staff.extend(_without_bad_units(table, source, problems, seen, units))
            else:
                staff.extend(StaffRows(table, source.reading, problems, seen, units, complete=True))
        except Unreadable as fault:
            problems.add(fault.problem)
    return staff


def _without_bad_units(
    table: Table, source: TableSource, problems: Problems, seen: Seen, units: Units | None
) -> list[Person]:
    """The people of units without an error; errors of the others become warnings."""
    own = Problems()
    aside = _SetAside()
    rows = StaffRows(table, source.reading, own, seen, units, complete=True)
    before = own.errors
    for person in rows:
        if rows.last_was_bad:
            unit = person.unit_id or person.unit_name
            known = unit in units.by_id if units else bool(unit)
            aside.unknown = aside.unknown or not known
            aside.bad_units[unit] = aside.bad_units.get(unit, 0) + 1
        aside.people.append(person)
    own.close()
    settled = not aside.unknown and not before
    for problem in own.found:
        severe = problem.severity is Severity.ERROR
        problems.add(replace(problem, severity=Severity.WARNING) if severe and settled else problem)
    if not settled:
        return aside.people
    for unit, count in aside.bad_units.items():
        problems.add(
            Problem(
                table.place(table.heading_rows[-1]),
                "",
                Code.QUARANTINE,
                f"everybody of unit {unit!r} is set aside because of {count} rows",
                "correct them; until then nothing changes for this unit",
                Severity.WARNING,
            )
        )
    return [person for person in aside.people if (person.unit_id or person.unit_name) not in aside.bad_units]


def check_columns(table: Table, source: TableSource, problems: Problems, *, complete: bool) -> bool:
    """Whether the table has the columns that its kind needs; problems where not.

    Our own CSV files need all of theirs. An office's file needs a name; ids, dates and units are needed for
    a sync (`complete`) and missed with a warning otherwise.
    """
    place = table.place(table.heading_rows[-1])
    headings = [column.heading for column in table.columns]
    fields = {column.field for column in table.columns} | {Field(name) for name in source.defaults}
    if table.ours:
        required = _ours(table.kind, fields)
        missing = [name for name in required if name not in fields]
        tell_misplaced(table, problems)
        for name in missing:
            others = [heading for heading in headings if heading and heading not in required]
            hint = nearest(name, others).replace("known: ", "other headings: ") if others else "add it"
            problems.error(place, name, Code.HEADING, "is missing", hint)
        return not missing
    tell_misplaced(table, problems)
    good = True
    for wanted, code, hint in _OFFICE[table.kind]:
        asks = fields & {Field.ACTION, *TICKS}
        if fields & wanted or (code is Code.NO_DATE and asks and not complete):
            continue  # a request is dated by the document it comes with
        column = str(min(wanted))
        if complete or code is Code.HEADING:
            problems.error(place, column, code, "is missing", hint)
            good = False
        else:
            problems.warn(place, column, code, "is missing", hint)
    return good


def _ours(kind: Kind, fields: set[Field | None]) -> tuple[Field, ...]:
    if kind is Kind.UNITS:
        return unit_rows.REQUIRED
    if Field.FULL_NAME in fields and Field.GIVEN_NAME not in fields:
        parts = (Field.SURNAME, Field.MIDDLE_NAME, Field.GIVEN_NAME)
        return tuple(name for name in people.REQUIRED if name not in parts)
    return people.REQUIRED


_ID_HINT = "the sync tells them apart by it: add a column, such as 'Mã CBCC' or 'Mã đơn vị'"
_DATE_HINT = (
    "it decides who is the first namesake: add 'Ngày đăng ký', "
    "or write 'registered_on' under defaults in registry.yml"
)
_NAME_HINT = "name the column in the mapping file, under columns"
_OFFICE = {
    Kind.STAFF: (
        (NAMING[Kind.STAFF], Code.HEADING, _NAME_HINT),
        ({Field.STAFF_ID}, Code.NO_ID, _ID_HINT),
        ({Field.REGISTERED_ON}, Code.NO_DATE, _DATE_HINT),
    ),
    Kind.UNITS: (
        (NAMING[Kind.UNITS], Code.HEADING, _NAME_HINT),
        ({Field.UNIT_ID}, Code.NO_ID, _ID_HINT),
        ({Field.REGISTERED_ON}, Code.NO_DATE, _DATE_HINT),
    ),
    Kind.CHANGES: ((NAMING[Kind.CHANGES], Code.HEADING, _NAME_HINT),),
}
