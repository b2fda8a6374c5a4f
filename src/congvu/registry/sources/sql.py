"""Tables and queries of databases, row by row through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import sqlalchemy
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from congvu.registry.problems import Code, Unreadable
from congvu.registry.sources.grid import MAX_CELL, NO_CELLS, Fault, GridRow
from congvu.registry.text import clean_cell

_AT_ONCE = 1000
"""Rows fetched at a time: memory does not grow with the result."""


class SqlTable:
    """The result of a query as a grid. Row 0 is the names of its columns.

    Nothing is written: the transaction is rolled back. Raises `Unreadable`, in whose message no password
    stands.
    """

    sheet = ""
    charset = ""
    hidden_columns = NO_CELLS
    counted = False
    only_records = True

    def __init__(self, url_file: Path, *, table: str | None = None, query: str | None = None) -> None:
        self._url = _read_url(url_file)
        self.source = f"{self._url.render_as_string(hide_password=True)} {table or 'query'}"
        self._statement: sqlalchemy.Executable
        if table is not None:
            schema, _, name = table.rpartition(".")
            self._statement = sqlalchemy.select(sqlalchemy.text("*")).select_from(
                sqlalchemy.table(name, schema=schema or None)
            )
        else:
            # A colon in a query is a colon, not the beginning of a parameter.
            self._statement = sqlalchemy.text((query or "").replace(":", r"\:"))

    def rows(self) -> Generator[GridRow, None, None]:
        """See `Grid.rows`."""
        try:
            engine = sqlalchemy.create_engine(self._url, poolclass=NullPool)
            options = {"stream_results": True, "yield_per": _AT_ONCE}
            with engine.connect() as connection:
                result = connection.execute(self._statement, execution_options=options)
                yield GridRow(0, [clean_cell(str(name)) for name in result.keys()])  # noqa: SIM118
                for number, row in enumerate(result, start=1):
                    yield _row(number, row)
        except SQLAlchemyError as fault:
            raise self._refused(fault) from None
        except ImportError as fault:
            raise Unreadable(
                self.source, f"needs a driver that is not installed: {fault.name}", "install it from Debian"
            ) from None

    def _refused(self, fault: SQLAlchemyError) -> Unreadable:
        text = str(getattr(fault, "orig", None) or fault).partition("\n")[0]
        if self._url.password:
            text = text.replace(str(self._url.password), "***")
        return Unreadable(
            self.source,
            f"the database refuses: {text}",
            "check the URL, the account's rights and the names in the mapping file",
        )


def _row(number: int, row: sqlalchemy.Row[tuple[object, ...]]) -> GridRow:
    cells: list[str] = []
    faults: dict[int, Fault] = {}
    for index, value in enumerate(row):
        text = _text(value)
        if text is None or len(text) > MAX_CELL:
            faults[index] = Fault(
                Code.VALUE, f"holds {type(value).__name__} that is no short text", "convert it in the query"
            )
            text = ""
        cells.append(clean_cell(text))
    return GridRow(number, cells, faults)


def _text(value: object) -> str | None:
    """A value as text; ``None`` for what has no form that a person would write."""
    match value:
        case None:
            return ""
        case bool() | int():
            return str(int(value))
        case float():
            return str(int(value)) if value.is_integer() else str(value)
        case datetime():
            return value.isoformat(" ")
        case str() | date() | Decimal():
            return str(value)
        case _:
            return None


def _read_url(path: Path) -> URL:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Unreadable(
            str(path), "the database's URL cannot be read", "check the path and its rights"
        ) from None
    try:
        return make_url(text)
    except (SQLAlchemyError, ValueError):
        raise Unreadable(
            str(path), "is not the URL of a database", "such as postgresql+psycopg2://user:password@host/name"
        ) from None
