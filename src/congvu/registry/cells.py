"""One record's cells by field: each accessor notes what is wrong and goes on with a harmless value."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TypeVar

from congvu.registry.dates import DateEvidence, DateOrder, MonthFirstError, parse_date
from congvu.registry.headings import Field
from congvu.registry.places import Place
from congvu.registry.problems import Code, Problems
from congvu.registry.settled import Reading
from congvu.registry.sheet import Row, Table
from congvu.registry.text import key

T = TypeVar("T")
Day = date  # `Cells` has a method of the class's name

# An id is an RDN, a login name and a file name: no character that one of them must escape.
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
ID_HINT = "letters A-Z, digits and . _ -, at most 64, not starting with a dot"
_POINT_ZERO = re.compile(r"\d+\.0+")
_EARLIEST = 1930
_YEARS_AHEAD = 5
_ISO_HINT = "a date such as 2012-12-30"
_OFFICE_HINT = "a date such as 30/12/2012"


class Cells:
    """Accessors for one table; `row` is set for each record in turn."""

    def __init__(self, table: Table, reading: Reading, problems: Problems) -> None:
        self.table, self.problems = table, problems
        self._reading = reading
        self._values = {
            (name, key(office)): ours
            for name, words in reading.values.items()
            for office, ours in words.items()
        }
        order = DateOrder.ISO if table.ours else DateOrder.DMY
        self._order = reading.date_order or order
        self._evidence: dict[Field, DateEvidence] = {}
        self._index = {name: table.index(name) for name in Field}
        self._row: Row
        self.bad = False
        """Whether something in the present row is an error."""

    @property
    def place(self) -> Place:
        """The present row."""
        return self._row.place

    def take(self, row: Row) -> None:
        """Go on to `row`; what is wrong with its cells themselves is told."""
        self._row, self.bad = row, False
        for number, fault in row.faults.items():
            column = self.table.columns[number]
            if column.field not in (None, Field.NOTE, Field.ORDINAL):
                self.bad = True
                place = row.place.at(column.letters) if self.table.sheet else row.place
                self.problems.error(place, column.heading, fault.code, fault.message, fault.hint)

    def has(self, name: Field) -> bool:
        """Whether the table has the column, or a default for it."""
        return self._index[name] is not None or name in self._reading.defaults

    def optional(self, name: Field) -> str:
        """The cell; its default where it is empty; empty where there is neither."""
        index = self._index[name]
        text = self._row.values[index] if index is not None else ""
        if self._values and text:
            text = self._values.get((name, key(text)), text)
        return text or self._reading.defaults.get(name, "")

    def required(self, name: Field) -> str:
        """The cell; a problem when it is empty."""
        text = self.optional(name)
        if not text and not self._is_faulty(name):
            self.error(name, Code.EMPTY, "is empty", "every row needs it")
        return text

    def parsed(self, name: Field, parse: Callable[[str], T], otherwise: T, wanted: str) -> T:
        """The cell through `parse`; `otherwise` where it is empty or, with a problem, wrong."""
        text = self.optional(name)
        if not text or self._is_faulty(name):
            return otherwise
        try:
            return parse(text)
        except ValueError:
            self.error(name, Code.VALUE, f"{text!r} is wrong", f"write {wanted}")
            return otherwise

    def identifier(self, name: Field) -> str:
        """An id, or empty."""
        text = self.optional(name)
        if not self.table.ours and _POINT_ZERO.fullmatch(text):
            self.note(
                name, Code.NUMBER, f"{text!r} is read as {text.partition('.')[0]!r}", "an id is no number"
            )
            text = text.partition(".")[0]
        if text and not _ID.fullmatch(text) and not self._is_faulty(name):
            self.error(name, Code.VALUE, f"{text!r} is wrong", f"write {ID_HINT}")
        return text

    def date(self, name: Field) -> date | None:
        """A date, or ``None`` where the cell is empty or wrong."""
        text = self.optional(name)
        if not text or self._is_faulty(name):
            return None
        if self._order is DateOrder.DMY:
            self._evidence.setdefault(name, DateEvidence()).see(text)
        try:
            found = parse_date(text, self._order)
            self._look_at(name, text, found)
            return found
        except MonthFirstError:
            other = DateOrder.MDY if self._order is DateOrder.DMY else DateOrder.DMY
            self.error(
                name,
                Code.DATE_ORDER,
                f"{text!r} is a date only in the other order of day and month",
                f"correct it; if the whole column is so, write 'date_order: {other}' in the mapping file",
            )
        except ValueError:
            hint = _ISO_HINT if self._order is DateOrder.ISO else _OFFICE_HINT
            self.error(name, Code.DATE, f"{text!r} is wrong", f"write {hint}")
        return None

    def _look_at(self, name: Field, text: str, found: Day) -> None:
        """Tell of a date that was a number, or that nobody on a staff list can have."""
        if text.isdigit():
            self.note(name, Code.DATE, f"{text!r} is read as {found}", "Excel's number of a day")
        latest = date.today().year + _YEARS_AHEAD
        if not _EARLIEST <= found.year <= latest:
            self.warn(
                name,
                Code.DATE,
                f"{text!r} is hardly meant",
                f"years are from {_EARLIEST} to {latest}; correct it",
            )

    def error(self, name: Field, code: Code, message: str, hint: str) -> None:
        """Note an error in the present row."""
        self.bad = True
        self.problems.error(self._cell(name), self.heading(name), code, message, hint)

    def warn(self, name: Field, code: Code, message: str, hint: str) -> None:
        """Note a warning about the present row."""
        self.problems.warn(self._cell(name), self.heading(name), code, message, hint)

    def note(self, name: Field, code: Code, message: str, hint: str) -> None:
        """Note how a cell of the present row was read."""
        self.problems.note(self._cell(name), self.heading(name), code, message, hint)

    def heading(self, name: Field) -> str:
        """The column's heading as the table has it; our own name of a column that is not there."""
        index = self._index[name]
        return self.table.columns[index].heading if index is not None else str(name)

    def close(self) -> None:
        """Tell what only the whole column shows."""
        for name, evidence in self._evidence.items():
            place = self.table.place(self.table.heading_rows[-1])
            if evidence.half_converted:
                self.problems.warn(
                    place,
                    self.heading(name),
                    Code.DATE_ORDER,
                    "all real dates are before the 13th of their month, all others are text: "
                    "a program set to American dates has swapped day and month",
                    "compare some with the paper; then format the column as text and type them again",
                )
            elif evidence.undecided:
                self.problems.note(
                    place,
                    self.heading(name),
                    Code.DATE_ORDER,
                    "no date shows whether the day or the month stands first",
                    f"read as {self._order}; 'date_order' in the mapping file settles it",
                )

    def _is_faulty(self, name: Field) -> bool:
        return self._index[name] in self._row.faults

    def _cell(self, name: Field) -> Place:
        index = self._index[name]
        if index is None or not self.table.sheet:
            return self._row.place
        return self._row.place.at(self.table.columns[index].letters)
