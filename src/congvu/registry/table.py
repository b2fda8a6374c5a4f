"""A CSV file as rows of clean cells, with every fault collected instead of raised one by one."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from congvu.naming.letters import clean
from congvu.registry.model import Place
from congvu.strictyaml import nearest

T = TypeVar("T")


class Problems:
    """What is wrong with a registry, in the order it was found."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, where: Place | Path, column: str, message: str, hint: str) -> None:
        """Note a problem: file and row, the column (may be empty), what is wrong, what to do."""
        place = f"{where}: column {column!r}" if column else str(where)
        self._lines.append(f"{place}: {message} ({hint})")

    @property
    def lines(self) -> tuple[str, ...]:
        """All problems, each one line that can stand alone."""
        return tuple(self._lines)


@dataclass(frozen=True, slots=True)
class Row:
    """One row. Its accessors note a problem and return a harmless value, so that reading goes on."""

    place: Place
    cells: dict[str, str]
    problems: Problems

    def optional(self, column: str) -> str:
        """The cell, cleaned; empty when the column is not there."""
        return self.cells.get(column, "")

    def required(self, column: str) -> str:
        """The cell; a problem when it is empty."""
        value = self.cells[column]
        if not value:
            self.problems.add(self.place, column, "is empty", "every row needs it")
        return value

    def parsed(self, column: str, parse: Callable[[str], T], otherwise: T, wanted: str) -> T:
        """The cell through `parse`; a problem, and `otherwise`, where that raises ``ValueError``."""
        value = self.required(column)
        try:
            return parse(value) if value else otherwise
        except ValueError:
            self.problems.add(self.place, column, f"{value!r} is wrong", f"write {wanted}")
            return otherwise

    def date(self, column: str) -> date:
        """A date written ``2012-12-30``."""
        return self.parsed(column, date.fromisoformat, date.max, "a date such as 2012-12-30")


def read_table(path: Path, required: Sequence[str], optional: Sequence[str], problems: Problems) -> list[Row]:
    """The rows of the CSV file `path` (UTF-8, with or without BOM, NFC or NFD), blank lines left out.

    Columns are found by their headings, in any order; others are ignored. What is wrong with the file as
    a whole (not there, not UTF-8, empty, a column missing) is a problem, and there are no rows then.
    """
    text = _text(path, problems)
    if text is None:
        return []
    lines = csv.reader(text.splitlines(keepends=True), strict=True)
    rows: list[Row] = []
    try:
        header = [clean(heading) for heading in next(lines, [])]
        if not _check_header(path, header, required, problems):
            return []
        wanted = {*required, *optional}
        start = lines.line_num + 1
        for cells in lines:
            place, start = Place(path, start), lines.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problems.add(
                    place,
                    "",
                    f"has {len(cells)} cells, the heading has {len(header)}",
                    "quote a cell with a comma",
                )
                continue
            named = {name: clean(cell) for name, cell in zip(header, cells, strict=True) if name in wanted}
            _check_characters(place, named, problems)
            rows.append(Row(place, named, problems))
    except csv.Error as fault:
        problems.add(Place(path, lines.line_num), "", f"is not CSV: {fault}", "export the file again")
        return []
    if not rows:
        problems.add(path, "", "has no rows", "an empty list is taken for a mistake")
    return rows


def _text(path: Path, problems: Problems) -> str | None:
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as fault:
        problems.add(path, "", f"cannot be read: {fault.strerror}", "check the path and its rights")
        return None
    except UnicodeDecodeError as fault:
        row = content.count(b"\n", 0, fault.start) + 1
        problems.add(Place(path, row), "", f"is not UTF-8 at byte {fault.start}", "export as 'CSV UTF-8'")
        return None
    if not text.strip():
        problems.add(path, "", "is empty", "an empty list is taken for a mistake")
        return None
    return text


def _check_header(path: Path, header: list[str], required: Sequence[str], problems: Problems) -> bool:
    missing = [name for name in required if name not in header]
    for name in missing:
        others = [heading for heading in header if heading and heading not in required]
        hint = nearest(name, others) if others else "add it"
        problems.add(Place(path, 1), name, "is missing", hint.replace("known: ", "other headings: "))
    twice = sorted({name for name in header if name and header.count(name) > 1})
    for name in twice:
        problems.add(Place(path, 1), name, "stands twice in the heading", "keep one")
    return not missing and not twice


def _check_characters(place: Place, cells: dict[str, str], problems: Problems) -> None:
    for column, cell in cells.items():
        bad = next(
            (letter for letter in cell if unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn")), None
        )
        if bad or "\ufffd" in cell:
            problems.add(
                place,
                column,
                f"{cell!r} has a broken character U+{ord(bad or chr(0xFFFD)):04X}",
                "type it again",
            )
