"""What has happened to accounts since somebody looked last: the audit log, read on from there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from congvu.directory.model import RIGHTS, UNITS, State, dn_key
from congvu.errors import SystemFailure
from congvu.files import failures, write_whole
from congvu.sync.auditfile import Position, placed
from congvu.sync.auditrecord import SECRET, Record

PATIENCE = timedelta(minutes=10)
"""So long a run may be silent: it waits for a directory that restarts."""


_HINT = "see docs/lifecycle.md: what the log tells would be told again"


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a reader of the log has come."""

    position: Position | None = None
    """Where it goes on; None: at the beginning."""
    open: Mapping[str, Record] = field(default_factory=dict)
    """What was intended before that and has no outcome yet, by the record's number."""
    aside: Mapping[str, str] = field(default_factory=dict)
    """What its reader must remember of what it has read, besides."""

    def beside(self, aside: Mapping[str, str]) -> Bookmark:
        """The same place, with something to remember."""
        return replace(self, aside=aside)


class Reader:
    """Reads the audit log in `log` on from a bookmark that it keeps in `file`."""

    def __init__(self, log: Path, file: Path) -> None:
        self._log, self._file = log, file

    def bookmark(self) -> Bookmark:
        """Where it stopped last. Raises `SystemFailure` when that cannot be read."""
        with failures(self._file):
            try:
                kept = json.loads(self._file.read_bytes())
                found = Bookmark(Position(**kept["position"]), kept["open"], kept.get("aside", {}))
            except FileNotFoundError:
                return Bookmark()
            except (ValueError, KeyError, TypeError):
                raise SystemFailure("this is no bookmark", where=str(self._file), hint=_HINT) from None
        self._check(found)
        return found

    def _check(self, found: Bookmark) -> None:
        """Raise `SystemFailure` where the log has no such place: it was moved aside, or has lost its end."""
        path = self._log / found.position.file if found.position else None
        if path and found.position:
            try:
                size = path.stat().st_size
            except OSError:
                size = -1
            if size < found.position.offset:
                raise SystemFailure(
                    f"{path} was read up to byte {found.position.offset} and ends before that",
                    where=str(self._file),
                    hint=_HINT,
                )

    def read(self, since: Bookmark, until: Position | None = None) -> tuple[list[Record], Bookmark]:
        """The operations that were done since a bookmark, in order, and the bookmark behind them.

        No further than `until`, where that is given. Raises `SystemFailure`.
        """
        done: list[Record] = []
        open_ = dict(since.open)
        position = since.position
        if until is None or until != position:
            for record, position in placed(self._log, since.position):
                match record["record"]:
                    case "intended" if record.get("key"):
                        open_[str(record["sequence"])] = record
                    case "settled":
                        intended = open_.pop(str(record["of"]), None)
                        if intended and record["outcome"] == "done":
                            done.append(intended)
                if position == until:
                    break
        return done, Bookmark(position, open_, since.aside)

    def end_of_runs(self, since: Bookmark, now: datetime) -> Position | None:
        """How far the log tells of runs that are over, since a bookmark. Raises `SystemFailure`.

        A run that has written nothing for `PATIENCE` was killed, and is over too.
        """
        over, last, position = since.position, now, since.position
        for record, position in placed(self._log, since.position):
            last = datetime.fromisoformat(record["time"])
            if record["record"] == "end":
                over = position
        return position if now - last > PATIENCE else over

    def keep(self, bookmark: Bookmark) -> None:
        """Go on from here the next time. Raises `SystemFailure`."""
        if bookmark.position is None:
            return
        kept: dict[str, Any] = {"position": asdict(bookmark.position), "open": bookmark.open}
        if bookmark.aside:
            kept["aside"] = bookmark.aside
        write_whole(self._file, json.dumps(kept, ensure_ascii=False))


_BOUND = frozenset({"mail", "departmentNumber"})


def without_rights(records: list[Record]) -> Iterator[str]:
    """DNs of those who lost a right in a unit's mailbox: what they have opened, they must not go on with."""
    for record in records:
        for name in RIGHTS:
            if name in record["after"]:
                kept = set(map(dn_key, record["after"][name]))
                yield from (dn for dn in record["before"].get(name, ()) if dn_key(dn) not in kept)


def without_login(records: list[Record]) -> Iterator[str]:
    """The addresses of accounts whose sessions must end.

    No login any more, another password, another address (a session goes on under the old one, and would be
    looked for under the new), or another unit, whose folder is not theirs to read any more.
    """
    for record in records:
        after = record["after"]
        another = any(name.lower() == SECRET for name in after) or not _BOUND.isdisjoint(after)
        if record["operation"] == "modify" and (another or _closes(record)):
            yield record["label"]


def closed_units(records: list[Record]) -> Iterator[str]:
    """DNs of units that were closed: whoever has opened the mailbox must not go on with it."""
    for record in records:
        if record["operation"] == "modify" and _is_unit(record) and _closes(record):
            yield record["dn"]


def _is_unit(record: Record) -> bool:
    return dn_key(record["dn"]).partition(",")[2].startswith(f"ou={UNITS},")


def _closes(record: Record) -> bool:
    state = next(iter(record["after"].get("congvuState", ())), "")
    return state not in ("", State.INITIAL, State.ACTIVE)
