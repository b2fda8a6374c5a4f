"""What has been seen before, in a temporary file: memory stays flat however long a list is."""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Self


class Seen:
    """Keys and the rows they first stood in. Use it as a context manager."""

    def __init__(self) -> None:
        # An empty name is a file that SQLite keeps for itself and deletes; only this much of it in memory.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA cache_size = -2000")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def place(self, key: str) -> str:
        """Where `key` stood first; empty where it did not."""
        key = key.encode("utf-8", "replace").decode()
        found = self._database.execute("SELECT place FROM seen WHERE key = ?", (key,)).fetchone()
        return str(found[0]) if found else ""

    def earlier(self, key: str, place: str) -> str:
        """Where `key` stood first; empty if this is the first time, and `place` is kept."""
        # A lone surrogate cannot be written as UTF-8; the row has a problem of its own then.
        key = key.encode("utf-8", "replace").decode()
        added = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, place)).rowcount
        return "" if added else self.place(key)


def staff_key(staff_id: str) -> str:
    """The key of a staff id; ids that differ only in case are one."""
    return f"id\n{staff_id.casefold()}"
