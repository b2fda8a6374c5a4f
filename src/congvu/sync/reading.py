"""One registry, read for the sync: what is wrong with it, and whom its bad rows are about."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from congvu.registry.headings import Field, Kind
from congvu.registry.mapping import Quarantine, TableSource, find_lists, find_mapping
from congvu.registry.model import Person, Registry, Status
from congvu.registry.opening import open_source
from congvu.registry.people import StaffRows
from congvu.registry.problems import Code, Problem, Problems, Severity, Unreadable
from congvu.registry.reader import check_columns, read_units
from congvu.registry.references import check_heads
from congvu.registry.seen import Seen
from congvu.registry.sheet import Table
from congvu.registry.text import key
from congvu.registry.units import Units
from congvu.sync.gathered import Aside

_TAIL = 4
"""Octets at the end of a file that hold its last character in every charset that is read."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the sync asks of a registry, beyond what every list must be."""

    ids: bool = True
    """Whether every row must have an id."""
    control_total: bool = False
    """Whether every list of staff must end with a control total."""
    quarantine: bool = False
    """Whether the rest may go on without the units of bad rows, if the mapping file says so, too."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. `registry` counts only where `problems` has no error."""

    registry: Registry
    aside: Aside
    problems: tuple[Problem, ...]
    quarantined: tuple[Problem, ...]
    """Those of rows that were set aside."""

    @property
    def errors(self) -> bool:
        """Whether the registry is refused."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def read(path: Path, wish: Wish) -> Reading:
    """Read the registry at `path`. Raises `RegistryError` where its mapping file is wrong."""
    mapping = find_mapping(path)
    problems = Problems()
    with Seen() as seen:
        units = read_units(mapping.units, problems, seen, complete=True)
        for source in mapping.units:
            _check_end(source, problems)
        work = _Staff(wish, problems, seen, Units(units) if units else None)
        for source in mapping.staff:
            work.read(source)
        quarantine = wish.quarantine and mapping.quarantine is Quarantine.UNIT
        staff, aside = work.settled(quarantine=quarantine)
        if staff and wish.ids:
            check_heads(units, seen, problems)
    problems.close()
    return Reading(
        Registry(tuple(units), tuple(staff), problems.found), aside, problems.found, tuple(work.quarantined)
    )


def read_people(path: Path, units: Units, problems: Problems, unit_id: str = "") -> list[Person]:
    """The people of a further list of a domain, which needs names and units only; `unit_id`: all are in it.

    Raises `RegistryError` where its mapping file is wrong.
    """
    with Seen() as seen:
        work = _Staff(Wish(ids=False), problems, seen, units, further=True)
        mapping = find_lists(path)
        given = {str(Field.STATUS): str(Status.WORKING)} | ({str(Field.UNIT_ID): unit_id} if unit_id else {})
        for source in mapping.staff:
            work.read(replace(source, defaults={**given, **source.defaults}))
        for source in mapping.units if path.is_file() else ():
            problems.error(
                str(source.file or path),
                "",
                Code.FILE,
                "a further list of a domain has people only",
                "name its units in the domain's registry",
            )
        people, _ = work.settled(quarantine=False)
    return people


class _Staff:
    """The people of all lists of a registry, as they are read."""

    def __init__(
        self, wish: Wish, problems: Problems, seen: Seen, units: Units | None, *, further: bool = False
    ) -> None:
        self._wish, self._problems, self._seen, self._units = wish, problems, seen, units
        self._further = further
        self._rows = Problems()
        """Of single rows: they may be set aside."""
        self.people: list[Person] = []
        self.quarantined: list[Problem] = []
        """What is wrong with the rows that were set aside."""
        self._bad: list[Person] = []
        self._unknown = False
        """Whether there is an error of which nobody can say whom it is about."""

    def read(self, source: TableSource) -> None:
        """Read one table."""
        try:
            table = open_source(source, Kind.STAFF, self._problems)
            if not self._columns(table, source):
                table.close()
                return
            self._read(table, source)
        except Unreadable as fault:
            self._problems.add(fault.problem)
            return
        if table.totals:
            return
        if self._wish.control_total:
            self._problems.error(
                table.place(table.heading_rows[-1]),
                "",
                Code.CONTROL_TOTAL,
                "no control total stands below the list, and the settings ask for one: it may be cut off",
                "get the whole list; or, if it never has one, leave control_total out of the settings",
            )
        _check_end(source, self._problems)

    def _read(self, table: Table, source: TableSource) -> None:
        rows = StaffRows(table, source.reading, self._rows, self._seen, self._units, complete=self._wish.ids)
        before = self._rows.errors
        bad = 0
        for person in rows:
            self.people.append(person)
            if rows.last_was_bad or not (self._further or self._whole(table, person)):
                self._bad.append(person)
                bad += 1
        # An error that is no row's, or that of a row which became no record.
        self._unknown = self._unknown or before > 0 or rows.bad_rows > bad

    def _columns(self, table: Table, source: TableSource) -> bool:
        """Whether the table has the columns that its purpose needs; problems where not."""
        checked = Problems()
        check_columns(table, source, checked, complete=self._wish.ids)
        missed = [problem for problem in checked.found if self._needs(problem, table)]
        for problem in missed:
            self._problems.add(replace(problem, severity=Severity.ERROR))
        return not missed

    def _needs(self, problem: Problem, table: Table) -> bool:
        """Whether the column that is missing is one that this list cannot do without."""
        if self._wish.ids:
            return True
        if not self._further:
            return problem.code is not Code.NO_ID and problem.column != Field.STAFF_ID
        named = problem.column in (Field.FULL_NAME, Field.GIVEN_NAME)
        return named if table.ours else problem.code is Code.HEADING

    def _whole(self, table: Table, person: Person) -> bool:
        """Whether a row of a list that may lack ids has the rest of what a sync needs."""
        if self._wish.ids:
            return True
        missing = []
        if not person.unit_id:
            missing.append((Field.UNIT_ID, "the sync must know the unit"))
        if person.registered_on == date.max:
            missing.append((Field.REGISTERED_ON, "it decides who is the first namesake"))
        for name, hint in missing:
            index = table.index(name)
            heading = table.columns[index].heading if index is not None else str(name)
            self._rows.error(person.place, heading, Code.EMPTY, "is empty", hint)
        return not missing

    def settled(self, *, quarantine: bool) -> tuple[list[Person], Aside]:
        """The people of the registry, and whom its bad rows are about; tells the rows' problems."""
        self._rows.close()
        aside = self._set_aside() if quarantine and self._bad else Aside()
        for problem in self._rows.found:
            if problem.code is Code.NO_ID and not self._wish.ids:
                continue  # that is why the rows are compared with the directory
            severe = problem.severity is Severity.ERROR
            if severe and aside:
                self.quarantined.append(problem)
            self._problems.add(replace(problem, severity=Severity.WARNING) if severe and aside else problem)
        if not aside:
            return self.people, aside
        for unit_id in sorted(aside.units):
            count = sum(person.unit_id == unit_id for person in self._bad)
            self._problems.warn(
                next(person.place for person in self._bad if person.unit_id == unit_id),
                "",
                Code.QUARANTINE,
                f"everybody of unit {unit_id!r} is set aside because of {count} rows",
                "correct them; until then nothing changes for this unit",
            )
        return [person for person in self.people if not _is_aside(person, aside)], aside

    def _set_aside(self) -> Aside:
        """Whom the bad rows are about; empty where nobody can say that of each of them."""
        known = self._units.by_id if self._units else {}
        if self._unknown or any(
            person.unit_id not in known or not (person.staff_id or key(person.full_name))
            for person in self._bad
        ):
            return Aside()
        units = frozenset(person.unit_id for person in self._bad)
        inside = [person for person in self.people if person.unit_id in units]
        return Aside(
            units,
            frozenset(person.staff_id.casefold() for person in inside if person.staff_id),
            frozenset(filter(None, (key(person.full_name) for person in self._bad))),
        )


def _is_aside(person: Person, aside: Aside) -> bool:
    return person.unit_id in aside.units or person.staff_id.casefold() in aside.people


def _check_end(source: TableSource, problems: Problems) -> None:
    """Refuse a text file whose last line has no end: an export that was cut off in a cell looks like that."""
    if source.file is None or not source.file.is_file():
        return
    with source.file.open("rb") as file:
        if file.read(4) in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
            return  # a workbook knows by itself whether it is whole
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        tail = file.read()
    if tail and tail.strip(b"\0")[-1:] not in (b"\n", b"\r"):
        problems.error(
            str(source.file),
            "",
            Code.FILE,
            "its last line has no end: it may be cut off",
            "get the whole file; if it is whole, end its last line, or let a control total stand below it",
        )
