"""From a file or a database to a table: which reader, which sheet."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from congvu.charset import Charset
from congvu.errors import RegistryError
from congvu.registry.headingrow import Heading, find_heading
from congvu.registry.headings import Kind
from congvu.registry.mapping import TableSource
from congvu.registry.problems import Code, Problems, Severity, Unreadable
from congvu.registry.sheet import Table
from congvu.registry.sources import Grid
from congvu.registry.sources.csvfile import CsvFile
from congvu.registry.sources.regular import require_file
from congvu.strictyaml import nearest

if TYPE_CHECKING:
    from congvu.registry.sources.workbook import SheetInfo
    from congvu.registry.sources.xlsx import Book

_LOOK = 100
_BOOKS = (".xlsx", ".xlsm", ".xltx", ".xls", ".ods")


def open_table(path: Path, *, charset: Charset | None = None, sheet: str = "") -> Table:
    """The CSV or XLSX file `path` as rows of cells by heading, in file order.

    Titles above the heading and blank rows are left out (`Table.ignored` says which), ditto marks are
    written out, merged cells filled; every other row is a record. Where no heading is recognised, the first
    row is the heading. What is wrong with rows is in `Table.problems` when the iteration is over. Raises
    `RegistryError` where the file cannot be read, and while iterating where it cannot be read on.
    """
    source = TableSource(file=path, charset=charset, sheet=sheet or None)
    problems = Problems()
    table = open_source(source, None, problems, any_heading=True)
    wrong = [
        str(problem)
        for problem in problems.found
        if problem.severity is Severity.ERROR and problem.code in (Code.HEADING, Code.SHEET)
    ]
    if wrong:
        raise RegistryError("the heading is in doubt", problems=wrong, where=str(path))
    return table


def open_source(
    source: TableSource, kind: Kind | None, problems: Problems, *, any_heading: bool = False
) -> Table:
    """The table of `source`. Raises `Unreadable`."""
    wish = source.wish(kind, any_heading=any_heading)
    if source.sql:
        # Here, not above: SQLAlchemy takes a third of a second to import, and most lists are files.
        from congvu.registry.sources.sql import SqlTable  # noqa: PLC0415

        grid: Grid = SqlTable(source.sql.url_file, table=source.sql.table, query=source.sql.query)
        return Table(grid, source.wish(kind, any_heading=True), problems)
    assert source.file is not None  # noqa: S101  (TableSource has one or the other)
    path = source.file
    require_file(path)
    if path.suffix.lower() in _BOOKS or _is_zip(path):
        _refuse_settings(path, "a workbook", {"charset": source.charset, "delimiter": source.delimiter})
        # Here, too: openpyxl takes 12 MB and a sixth of a second, and most lists are text.
        from congvu.registry.sources.xlsx import Book  # noqa: PLC0415

        grid = _sheet(Book(path), source, kind, problems)
    else:
        _refuse_settings(path, "a text file", {"sheet": source.sheet})
        delimiter = source.delimiter.sign if source.delimiter else ""
        grid = CsvFile(path, charset=source.charset, delimiter=delimiter)
    if any_heading:  # somebody's own columns: no row of theirs is a total, a section or a signature
        grid.only_records = True
    return Table(grid, wish, problems)


def _refuse_settings(path: Path, kind: str, settings: Mapping[str, object]) -> None:
    """A setting that means nothing for the file was meant for another."""
    if given := [name for name, value in settings.items() if value]:
        raise Unreadable(str(path), f"is {kind}, which has no {given[0]}", f"leave '{given[0]}' out")


def _is_zip(path: Path) -> bool:
    """Whether a file with another name is a workbook after all, or an old one."""
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
    except OSError:
        return False  # the reader says what is wrong


def _sheet(book: Book, source: TableSource, kind: Kind | None, problems: Problems) -> Grid:
    """The sheet that was asked for, else the only one that looks like a list."""
    file = str(source.file)
    if source.sheet:
        for info in book.sheets:
            if info.name.casefold() == source.sheet.casefold():
                return book.sheet(info)
        raise Unreadable(
            file,
            f"has no sheet {source.sheet!r}",
            nearest(source.sheet, [info.name for info in book.sheets]),
            Code.SHEET,
        )
    if len(book.sheets) == 1:
        return book.sheet(book.sheets[0])
    headings = {info: _heading(book.sheet(info), source, kind) for info in book.sheets if not info.hidden}
    found = {info: heading for info, heading in headings.items() if heading}
    # A list with fewer columns is a list as well: which one is meant, only somebody can say.
    chosen = [info for info, heading in found.items() if heading.complete]
    if not chosen:
        best = max((heading.score for heading in found.values()), default=0)
        chosen = [info for info, heading in found.items() if heading.score >= best - 1]
    if len(chosen) != 1:
        names = ", ".join(repr(info.name) for info in chosen or book.sheets)
        raise Unreadable(
            file,
            f"{'several sheets look' if chosen else 'no sheet looks'} like a list: {names}",
            "say which one: --sheet, or 'sheet' in the mapping file",
            Code.SHEET,
        )
    _tell_others(file, book, chosen[0], problems)
    return book.sheet(chosen[0])


def _tell_others(file: str, book: Book, chosen: SheetInfo, problems: Problems) -> None:
    others = ", ".join(repr(info.name) for info in book.sheets if info != chosen)
    problems.note(
        file,
        "",
        Code.SHEET,
        f"sheet {chosen.name!r} was read, not {others}",
        "its heading is that of a list; --sheet reads another",
    )


def _heading(grid: Grid, source: TableSource, kind: Kind | None) -> Heading | None:
    rows = [row for row in islice(grid.rows(), _LOOK) if not row.blank]
    return find_heading(rows, source.wish(kind)) if rows else None
