"""Rows of text, as every source gives them."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import NamedTuple, Protocol

from congvu.registry.problems import Code

MAX_COLUMNS = 1000
"""More filled columns than any list has; a sheet with more is refused, not read."""
MAX_CELL = 1 << 16
"""Characters of one cell; a spreadsheet allows 32,767."""


class Fault(NamedTuple):
    """What is wrong with one cell, found where it was read."""

    code: Code
    message: str
    hint: str


NO_FAULTS: Mapping[int, Fault] = {}
NO_SPANS: Mapping[int, int] = {}
NO_RAW: Mapping[int, str] = {}
NO_CELLS: frozenset[int] = frozenset()


class GridRow(NamedTuple):
    """One row. Columns are counted from 0."""

    number: int
    cells: Sequence[str]
    """Clean text; trailing empty cells may be left out of worksheets, never of text files."""
    faults: Mapping[int, Fault] = NO_FAULTS
    spans: Mapping[int, int] = NO_SPANS
    """Columns over which a cell was merged to the right, by its column: 2 and more."""
    filled: frozenset[int] = NO_CELLS
    """Columns whose text comes from the cell above, because the two are merged."""
    hidden: bool = False
    raw: Mapping[int, str] = NO_RAW
    """Cells as they stand in the file, where cleaning takes what may be a letter of a legacy font, or the
    format of a number shows zeros before it."""

    @property
    def blank(self) -> bool:
        """Whether nothing stands in the row."""
        return not any(self.cells) and not self.faults


class Grid(Protocol):
    """A table in a file or a database, before anybody looked at its headings."""

    source: str
    """The file's path, or what the database table is called."""
    sheet: str
    """The worksheet's name, else empty."""
    charset: str
    """How bytes became text, with the evidence; empty where the format says so itself."""
    hidden_columns: frozenset[int]
    counted: bool
    """Whether every row must have as many cells as the heading (text files)."""
    only_records: bool
    """Whether no row can be a total or a signature (databases)."""

    def rows(self) -> Generator[GridRow, None, None]:
        """The rows from the top, each time anew.

        Raises `congvu.registry.problems.Unreadable` where reading cannot go on.
        """
