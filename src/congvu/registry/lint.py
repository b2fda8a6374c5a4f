"""Everything that is to say about a list before anybody relies on it: what was understood, and problems.

Memory does not grow with a CSV file or a database table: problems are told as they are found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from congvu.charset import Charset
from congvu.errors import RegistryError
from congvu.naming.names import readings
from congvu.registry.headings import Field, Kind
from congvu.registry.mapping import MappingFile, TableSource, find_mapping, load_mapping
from congvu.registry.model import Person, Unit
from congvu.registry.opening import open_source
from congvu.registry.people import StaffRows
from congvu.registry.problems import Code, Problem, Problems, Severity, Unreadable
from congvu.registry.reader import check_columns, read_units
from congvu.registry.references import Links, check_heads, link
from congvu.registry.seen import Seen
from congvu.registry.sheet import Column, Ranges, Table
from congvu.registry.units import UnitRows, Units


@dataclass(frozen=True, slots=True)
class Understood:
    """How a table was read."""

    source: str
    sheet: str
    kind: Kind
    charset: str
    """With the evidence; empty for workbooks and databases."""
    heading_rows: tuple[int, ...]
    columns: tuple[Column, ...]
    rows_read: int
    """Records, good and bad."""
    ignored: Mapping[str, Ranges]
    """Rows that are no record, by the reason."""
    totals: tuple[int, ...]
    """Control totals that agree with the rows."""


def lint(
    path: Path,
    tell: Callable[[Problem], None],
    *,
    mapping: Path | None = None,
    charset: Charset | None = None,
    sheet: str = "",
) -> tuple[Understood, ...]:
    """Read the list at `path`, or the registry in that folder, and `tell` every problem.

    `mapping` says how; `charset` and `sheet` come before it. Raises `RegistryError` where nothing can be
    read at all.
    """
    work = _Lint(tell)
    if path.is_dir() or path.suffix in (".yml", ".yaml"):
        work.registry(find_mapping(path))
    else:
        work.file(path, load_mapping(mapping) if mapping else None, charset, sheet)
    return tuple(work.understood)


class _Lint:
    def __init__(self, tell: Callable[[Problem], None]) -> None:
        self._problems = Problems(tell)
        self.understood: list[Understood] = []

    def registry(self, mapping: MappingFile) -> None:
        """All tables of a registry, the staff against the units."""
        units, links = list[Unit](), Links()
        whole = bool(mapping.units)
        with Seen() as seen:
            for source in mapping.units:
                if table := self._open(source, Kind.UNITS):
                    units.extend(self._units(table, source, seen, links))
                whole = whole and table is not None
            if whole:
                units = link(units, links, self._problems)
            everybody = bool(mapping.staff)
            for source in mapping.staff:
                table = self._open(source, Kind.STAFF)
                known = Units(units) if whole else None
                everybody = bool(table and self._staff(table, source, seen, known)) and everybody
            if everybody:
                check_heads(units, seen, self._problems)
        self._problems.close()

    def file(self, path: Path, mapping: MappingFile | None, charset: Charset | None, sheet: str) -> None:
        """One file; the staff against the units of the mapping, if there is one."""
        source, kind = _source_of(path, mapping)
        source = replace(source, sheet=sheet or source.sheet, charset=charset or source.charset)
        with Seen() as seen:
            table = open_source(source, kind, self._problems)
            if table.kind is Kind.UNITS:
                links = Links()
                units = self._units(table, source, seen, links)
                link(units, links, self._problems)
            elif table.kind is Kind.CHANGES:
                self._changes(table, source)
            else:
                self._staff(table, source, seen, self._known_units(mapping))
        self._problems.close()

    def _known_units(self, mapping: MappingFile | None) -> Units | None:
        """The units of the mapping; their own problems are told when they are linted."""
        if not mapping or not mapping.units:
            return None
        quiet = Problems()
        with Seen() as seen:
            units = read_units(mapping.units, quiet, seen, complete=False)
        if not units:  # else every unit of the staff would be unknown
            wrong = [str(problem) for problem in quiet.found if problem.severity is Severity.ERROR]
            raise RegistryError("the list of units cannot be read", problems=wrong)
        return Units(units)

    def _open(self, source: TableSource, kind: Kind) -> Table | None:
        try:
            return open_source(source, kind, self._problems)
        except Unreadable as fault:
            self._problems.add(fault.problem)
            return None

    def _units(self, table: Table, source: TableSource, seen: Seen, links: Links) -> list[Unit]:
        found: list[Unit] = []
        if check_columns(table, source, self._problems, complete=False):
            rows = UnitRows(table, source.reading, self._problems, seen, complete=False)
            for unit in rows:
                found.append(unit)
                if not unit.it_contact and table.index(Field.IT_CONTACT) is not None:
                    self._no_contact(table, unit)
            links.add(rows)
        if table.index(Field.IT_CONTACT) is None:
            self._problems.note(
                table.place(table.heading_rows[-1]),
                Field.IT_CONTACT,
                Code.NO_CONTACT,
                "no unit names its IT officer (LD-10.2d)",
                "add a column 'Cán bộ phụ trách CNTT'",
            )
        self._understood(table)
        return found

    def _no_contact(self, table: Table, unit: Unit) -> None:
        index = table.index(Field.IT_CONTACT)
        assert index is not None  # noqa: S101  (the caller has looked)
        problem = Problem(
            unit.place,
            table.columns[index].heading,
            Code.NO_CONTACT,
            f"{unit.name!r} names no IT officer (LD-10.2d)",
            "notices about its accounts need somebody",
            Severity.NOTE,
        )
        self._problems.add(problem)

    def _staff(self, table: Table, source: TableSource, seen: Seen, units: Units | None) -> bool:
        """Whether the rows say who is on the staff."""
        good = check_columns(table, source, self._problems, complete=False)
        if good:
            for person in StaffRows(table, source.reading, self._problems, seen, units, complete=False):
                self._check_name(table, person)
        self._understood(table)
        return good and table.index(Field.STAFF_ID) is not None

    def _check_name(self, table: Table, person: Person) -> None:
        if person.name_is_split or not person.written_name:
            return
        if len(found := readings(person.written_name)) > 1:
            self._problems.warn(
                person.place,
                "",
                Code.SPLIT,
                f"{person.written_name!r} has several readings: {'; or '.join(map(str, found))}",
                "the office must say surname, middle and given name in columns of their own",
            )
        else:
            self._problems.note(
                table.place(table.heading_rows[-1]),
                "",
                Code.SPLIT,
                "names stand in one cell",
                "they are split as Kinh names are: first word surname, last word given name",
            )

    def _changes(self, table: Table, source: TableSource) -> None:
        """A form with one line per detail: both must be filled in."""
        check_columns(table, source, self._problems, complete=False)
        columns = [(name, table.index(name)) for name in (Field.CHANGE_WHAT, Field.CHANGE_NEW)]
        for row in table:
            for name, index in columns:
                if index is not None and not row.values[index]:
                    heading = table.columns[index].heading
                    self._problems.error(
                        row.place, heading, Code.EMPTY, "is empty", f"{name}: every row needs it"
                    )
        self._understood(table)

    def _understood(self, table: Table) -> None:
        table.close()
        for column in table.columns:
            if column.field is None:
                self._problems.note(
                    table.place(table.heading_rows[-1]).at(column.letters if table.sheet else ""),
                    column.heading,
                    Code.HEADING,
                    "this column is not used",
                    "if it should be, say in the mapping file what it means",
                )
            if column.index in table.hidden_columns:
                self._problems.note(
                    table.place(table.heading_rows[-1]).at(column.letters),
                    column.heading,
                    Code.HIDDEN,
                    "the column is hidden",
                    "it was read like any other",
                )
        self.understood.append(
            Understood(
                source=table.source,
                sheet=table.sheet,
                kind=table.kind,
                charset=table.charset,
                heading_rows=table.heading_rows,
                columns=table.columns,
                rows_read=table.rows_read,
                ignored={str(why): ranges for why, ranges in table.ignored.items()},
                totals=tuple(table.totals),
            )
        )


def _source_of(path: Path, mapping: MappingFile | None) -> tuple[TableSource, Kind | None]:
    """What the mapping says about this very file."""
    if mapping is None:
        return TableSource(file=path), None
    for kind in (Kind.UNITS, Kind.STAFF):
        for source in mapping.of(kind):
            if source.file and source.file.resolve() == path.resolve():
                return source, kind
    files = [
        source.file.name for kind in (Kind.UNITS, Kind.STAFF) for source in mapping.of(kind) if source.file
    ]
    raise RegistryError(
        f"the mapping file says nothing about {path.name}",
        where=str(path),
        hint=f"it names {', '.join(files)}" if files else "it names no file",
    )
