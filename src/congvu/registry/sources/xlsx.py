"""Worksheets of XLSX files, row by row: cells as text, merged cells filled, formulas by their last value."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from xml.parsers import expat

from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from congvu.registry.places import Place
from congvu.registry.problems import Code, Unreadable
from congvu.registry.sources.grid import MAX_CELL, MAX_COLUMNS, Fault, GridRow
from congvu.registry.sources.package import Package
from congvu.registry.sources.workbook import SheetInfo, Workbook, local, number, read_workbook
from congvu.registry.text import clean_cell, raw_cell

MAX_ROWS = 1 << 20
"""Rows of a worksheet (ECMA-376)."""
_MAX_MERGES = 200_000
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_WHOLE = re.compile(r"(-?[0-9]+)\.0+")
_EXPONENT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]+")


@dataclass(slots=True)
class _Shape:
    """What must be known of a sheet before its rows are read."""

    right: dict[tuple[int, int], int] = field(default_factory=dict)
    """Columns a merged range covers, by its first row and column."""
    down: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """Per column, first and last rows of the ranges that are merged downwards."""
    hidden_columns: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Cell:
    column: int = 0
    kind: str = "n"
    style: int = 0
    formula: bool = False
    text: list[str] = field(default_factory=list)
    size: int = 0


class Book:
    """A checked workbook, for choosing a sheet. Raises `Unreadable`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with Package(path) as package:
            package.check()
            self._workbook = read_workbook(package)
        self.sheets = self._workbook.sheets

    def sheet(self, info: SheetInfo) -> Worksheet:
        """One of `sheets` as a grid."""
        return Worksheet(self._path, info, self._workbook)


class Worksheet:
    """A worksheet as a grid; each iteration reads the file anew."""

    charset = ""
    counted = False
    only_records = False

    def __init__(self, path: Path, info: SheetInfo, workbook: Workbook) -> None:
        self.source, self.sheet = str(path), info.name
        self._path, self._info, self._workbook = path, info, workbook
        with Package(path) as package:
            self._shape = _ShapeReader(package, info).read()
        self.hidden_columns = frozenset(self._shape.hidden_columns)

    def rows(self) -> Generator[GridRow, None, None]:
        """See `Grid.rows`. Empty rows are left out, however many a sheet claims to have."""
        above: dict[int, tuple[int, str, str]] = {}
        with Package(self._path) as package:
            for row in _RowReader(package, self._info, self._workbook).rows():
                yield self._merged(row, above) if self._shape.right or self._shape.down else row

    def _merged(self, row: GridRow, above: dict[int, tuple[int, str, str]]) -> GridRow:
        """`row` with the text of the cells it is merged with above; `above` remembers that text."""
        cells, filled, raw = list(row.cells), set(), dict(row.raw)
        for column, ranges in self._shape.down.items():
            before = bisect_right(ranges, (row.number, MAX_ROWS)) - 1
            if before < 0 or ranges[before][1] < row.number:
                continue
            first = ranges[before][0]
            if row.number == first:
                above[column] = (first, cells[column] if column < len(cells) else "", raw.get(column, ""))
                continue
            start, text, raw_text = above.get(column, (0, "", ""))
            if start == first and text:
                cells.extend([""] * (column + 1 - len(cells)))
                cells[column] = text
                filled.add(column)
                if raw_text:
                    raw[column] = raw_text
        spans = {
            column: width
            for column in range(len(cells))
            if (width := self._shape.right.get((row.number, column)))
        }
        return GridRow(row.number, cells, row.faults, spans, frozenset(filled), row.hidden, raw)


class _ShapeReader:
    """The first pass: merged ranges (they stand after the rows) and hidden columns."""

    def __init__(self, package: Package, info: SheetInfo) -> None:
        self._package, self._info = package, info
        self._shape = _Shape()
        self._merges = 0

    def read(self) -> _Shape:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        self._package.parse(self._info.part, parser)
        for ranges in self._shape.down.values():
            ranges.sort()
        return self._shape

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        kind = local(name)
        if kind == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif kind == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = number(attributes.get("min", "")), number(attributes.get("max", ""))
            if first and last:
                self._shape.hidden_columns.update(range(first - 1, min(last, MAX_COLUMNS)))

    def _merge(self, reference: str) -> None:
        self._merges += 1
        if self._merges > _MAX_MERGES:
            self._package.refuse(
                f"has more than {_MAX_MERGES} merged ranges", "unmerge them, or export the sheet as CSV"
            )
        first, _, last = reference.partition(":")
        start, end = _coordinates(first), _coordinates(last or first)
        if not start or not end or end < start:
            return  # Excel repairs such ranges by dropping them
        (top, left), (bottom, right) = start, end
        if left >= MAX_COLUMNS:
            return
        if right > left:
            for row in range(top, min(bottom, top + 2) + 1):
                self._shape.right[row, left] = right - left + 1
        if bottom > top:
            self._shape.down.setdefault(left, []).append((top, bottom))


class _RowReader:
    """The second pass: rows as they are parsed."""

    def __init__(self, package: Package, info: SheetInfo, workbook: Workbook) -> None:
        self._package, self._info, self._workbook = package, info, workbook
        self._ready: list[GridRow] = []
        self._row = 0
        self._hidden = False
        self._cells: list[str] = []
        self._faults: dict[int, Fault] = {}
        self._raw: dict[int, str] = {}
        self._count = 0
        self._cell: _Cell | None = None
        self._reading = False

    def rows(self) -> Iterator[GridRow]:
        """The rows with something in them."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        try:
            for chunk in self._package.chunks(self._info.part):
                parser.Parse(chunk, False)
                yield from self._ready
                self._ready.clear()
            parser.Parse(b"", True)
        except expat.ExpatError as fault:
            self._package.refuse(f"{self._info.part} is not XML: {fault}", "get the file again")
        yield from self._ready

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        kind = local(name)
        if kind == "c":
            self._start_cell(attributes)
        elif kind in ("v", "t"):
            self._reading = self._cell is not None
        elif kind == "f":
            if self._cell:
                self._cell.formula = True
        elif kind == "row":
            self._start_row(attributes)
        elif kind == "rPh":
            self._cell = None  # a phonetic guide repeats the text

    def _start_row(self, attributes: dict[str, str]) -> None:
        given = attributes.get("r", "")
        self._row = number(given) if len(given) < 8 and number(given) else self._row + 1
        self._hidden = attributes.get("hidden") in ("1", "true")
        self._cells, self._faults, self._raw, self._count = [], {}, {}, 0

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._count += 1
        coordinates = _coordinates(attributes.get("r", ""))
        column = coordinates[1] if coordinates else len(self._cells)
        self._cell = _Cell(column, attributes.get("t", "n"), number(attributes.get("s", "")))
        if self._count > MAX_COLUMNS * 20:
            self._too_wide()

    def _end(self, name: str) -> None:
        kind = local(name)
        if kind in ("v", "t"):
            self._reading = False
        elif kind == "c":
            if self._cell:
                self._end_cell(self._cell)
            self._cell = None
        elif kind == "row" and (any(self._cells) or self._faults):
            self._ready.append(
                GridRow(self._row, self._cells, self._faults, hidden=self._hidden, raw=self._raw)
            )

    def _end_cell(self, cell: _Cell) -> None:
        written, fault = _value(cell, self._workbook)
        text = clean_cell(written)
        if not text and not fault:
            return
        if cell.column >= MAX_COLUMNS:
            self._too_wide()
        self._cells.extend([""] * (cell.column + 1 - len(self._cells)))
        self._cells[cell.column] = self._with_zeros(cell, text)
        if raw_cell(written) or text != self._cells[cell.column]:
            self._raw[cell.column] = written
        if fault:
            self._faults[cell.column] = fault

    def _with_zeros(self, cell: _Cell, text: str) -> str:
        """A number with the zeros that its format shows before it, and that an id or a telephone needs."""
        width = self._workbook.zero_styles.get(cell.style, 0)
        return text.zfill(width) if width and cell.kind == "n" and text.isdigit() else text

    def _too_wide(self) -> None:
        raise Unreadable(
            Place(self._package.source, self._row, self._info.name),
            f"has cells beyond column {MAX_COLUMNS}",
            "is this a list of people? delete what stands to the right",
        )

    def _data(self, text: str) -> None:
        if self._reading and self._cell:
            self._cell.size += len(text)
            if self._cell.size > MAX_CELL:
                raise Unreadable(
                    Place(self._package.source, self._row, self._info.name),
                    f"a cell holds more than {MAX_CELL} characters",
                    "is this a list of people?",
                )
            self._cell.text.append(text)


def _value(cell: _Cell, workbook: Workbook) -> tuple[str, Fault | None]:
    """The text of a cell as it was typed, and what is wrong with it."""
    raw = "".join(cell.text)
    if not raw:
        return "", _NO_VALUE if cell.formula else None
    if cell.kind == "e" or raw in _ERRORS:
        return "", Fault(Code.FORMULA, f"shows the error {raw}", "correct the formula, or write the value")
    if cell.kind == "s":
        return _shared(raw, workbook)
    if cell.kind == "n":
        return _numeric(raw, cell.style, workbook)
    return _written(raw), None


def _written(text: str) -> str:
    """Text as it was typed: ``_x000D_`` is a character that XML cannot hold (ECMA-376 part 1, 22.9.2.19)."""
    if "_x" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return text


def _shared(raw: str, workbook: Workbook) -> tuple[str, Fault | None]:
    index = number(raw) if raw.isdigit() and raw.isascii() and len(raw) < 10 else -1
    if not 0 <= index < len(workbook.texts):
        return "", Fault(Code.CHARACTER, "refers to a text that is not there", "save the file again")
    text = workbook.texts[index]
    if len(text) > MAX_CELL:
        return "", Fault(Code.VALUE, f"holds more than {MAX_CELL} characters", "is this a list of people?")
    return _written(text), None


_NO_VALUE = Fault(
    Code.FORMULA,
    "holds a formula that was never calculated",
    "open the file in Excel or LibreOffice and save it, or write the value",
)
_ERRORS = frozenset({"#REF!", "#VALUE!", "#N/A", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})


def _numeric(raw: str, style: int, workbook: Workbook) -> tuple[str, Fault | None]:
    """A number as it looks without a format: dates as ISO 8601, whole numbers without a point."""
    raw = raw.strip()
    if whole := _WHOLE.fullmatch(raw):
        raw = whole[1]
    elif _EXPONENT.fullmatch(raw):
        value = float(raw)
        if not value.is_integer() or abs(value) >= 1 << 53:  # a number this large has lost its last digits
            fault = Fault(
                Code.NUMBER, f"{raw} has lost digits", "format the column as text and type it again"
            )
            return raw, fault
        raw = str(int(value))
    if style in workbook.date_styles:
        return _day(raw, from_1904=workbook.from_1904)
    return raw, None


def _day(raw: str, *, from_1904: bool) -> tuple[str, Fault | None]:
    try:
        found = from_excel(float(raw), MAC_EPOCH if from_1904 else WINDOWS_EPOCH)
    except (ValueError, OverflowError, TypeError):
        return raw, Fault(Code.DATE, f"{raw} is not a day", "type the date again")
    return _iso(found), None


def _iso(found: object) -> str:
    if isinstance(found, datetime):
        return found.date().isoformat() if found.time() == datetime.min.time() else found.isoformat(" ")
    if isinstance(found, date):
        return found.isoformat()
    return str(found) if not isinstance(found, timedelta) else str(found.total_seconds())


def _coordinates(reference: str) -> tuple[int, int] | None:
    """Row (from 1) and column (from 0) of ``B12``."""
    match = _REFERENCE.fullmatch(reference)
    if not match:
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column - 1
