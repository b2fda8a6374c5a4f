"""Where something stands in a registry file."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a table, or one cell of it, for messages."""

    source: str
    """The file, or what a database table is called."""
    row: int
    """Row of a sheet, line number of a text file as an editor counts, or number of a result row; from 1."""
    sheet: str = ""
    """Name of the worksheet; empty for files that have none."""
    column: str = ""
    """Letters of the column in a worksheet; empty for the row as a whole."""

    def at(self, column: str) -> Place:
        """The cell of this row in `column`."""
        return replace(self, column=column)

    def __str__(self) -> str:
        if not self.sheet:
            return f"{self.source}:{self.row}"
        column = f", column {self.column}" if self.column else ""
        return f"{self.source}, sheet {self.sheet!r}, row {self.row}{column}"


def letters(index: int) -> str:
    """The letters over the column with this index from 0: ``A`` … ``Z``, ``AA`` …"""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
