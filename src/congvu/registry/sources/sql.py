"""Tables and queries of databases, row by row through SQLAlchemy."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Generator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from congvu.registry.problems import Code, Unreadable
from congvu.registry.sources.grid import MAX_CELL, NO_CELLS, Fault, GridRow
from congvu.registry.sources.regular import require_file
from congvu.registry.text import clean_cell

_AT_ONCE = 1000
"""Rows fetched at a time: memory does not grow with the result."""


class SqlTable:
    """The result of a query as a grid. Row 0 is the names of its columns.

    Nothing is written: the transaction is rolled back, and SQLite opens its file read-only. Raises
    `Unreadable`, in whose message stand no password and no option of the URL.
    """

    sheet = ""
    charset = ""
    hidden_columns = NO_CELLS
    counted = False
    only_records = True

    def __init__(self, url_file: Path, *, table: str | None = None, query: str | None = None) -> None:
        self._url = _read_url(url_file)
        self.source = f"{_shown(self._url)} {table or 'query'}"
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
            options = {"stream_results": True, "yield_per": _AT_ONCE}
            with self._connect() as connection:
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

    def _connect(self) -> sqlalchemy.Connection:
        try:
            if self._url.get_backend_name() == "sqlite":
                file = self._sqlite_file()
                engine = sqlalchemy.create_engine(
                    "sqlite://", creator=lambda: sqlite3.connect(file, uri=True), poolclass=NullPool
                )
            else:
                engine = sqlalchemy.create_engine(self._url, poolclass=NullPool)
            return engine.connect()
        except (SQLAlchemyError, ImportError, Unreadable):
            raise
        except Exception as fault:  # drivers raise what they like, and quote options in it
            raise Unreadable(
                self.source, f"cannot be opened with this URL: {type(fault).__name__}", "check its options"
            ) from None

    def _sqlite_file(self) -> str:
        """SQLite's own URI of the database, which must be there and is not written."""
        name = (self._url.database or "").removeprefix("file:")
        if self._url.drivername not in ("sqlite", "sqlite+pysqlite") or not name or name == ":memory:":
            raise Unreadable(self.source, "names no file of SQLite", "write sqlite:///folder/file.db")
        if unknown := sorted(self._url.query.keys() - {"mode", "uri"}):
            raise Unreadable(self.source, f"has options: {', '.join(unknown)}", "leave them out")
        require_file(Path(name))
        return f"file:{quote(name)}?mode=ro"

    def _refused(self, fault: SQLAlchemyError) -> Unreadable:
        text = str(getattr(fault, "orig", None) or fault).partition("\n")[0]
        if any(secret in text for secret in _secrets(self._url)):
            text = type(fault).__name__
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
    require_file(path)
    try:
        text = path.read_text(encoding="utf-8").strip()
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError):
        raise Unreadable(
            str(path), "the database's URL cannot be read", "check the path and its rights"
        ) from None
    try:
        url = make_url(text)
    except (SQLAlchemyError, ValueError):
        raise Unreadable(
            str(path), "is not the URL of a database", "such as postgresql+psycopg2://user:password@host/name"
        ) from None
    if (url.password or url.query) and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Unreadable(
            str(path), "may hold a password, and others than its owner may read it", f"chmod 600 {path.name}"
        )
    return url


# Options that are no secret, and whose values stand in any message of a driver.
_OPEN = frozenset({"charset", "database", "dbname", "host", "mode", "port", "sslmode", "uri", "user"})


def _shown(url: URL) -> str:
    """Dialect, host and database; not the account, the password or the options."""
    host = f"{url.host or ''}{f':{url.port}' if url.port else ''}"
    return f"{url.drivername}://{host}/{url.database or ''}"


def _secrets(url: URL) -> set[str]:
    """What must stand in no message: the password, also as it is written in a URL, and values of options."""
    password = str(url.password or "")
    found = {password, quote(password, safe="")}
    for name, values in url.query.items():
        if name not in _OPEN:
            for value in [values] if isinstance(values, str) else values:
                found.update((value, *(part.rpartition("=")[2] for part in value.split(";"))))
    return {secret for secret in found if secret}
