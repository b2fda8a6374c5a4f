"""The files of an audit log: one writer, a chain from file to file, a file a month, none too large."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from congvu.errors import SystemFailure
from congvu.files import Appender, failures, write_whole
from congvu.sync.auditrecord import Record, encode
from congvu.sync.chain import START, Head, files_of
from congvu.sync.lock import only_one

MOST_BYTES = 64 << 20
"""A file that has grown past this is followed by another one of the same month."""
HEAD = "head.json"
"""Name of the file beside the log that says what `Kept` says."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a line begins."""

    file: str
    offset: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept beside the log, as of the end of the last run."""

    head: Head
    resume: Position
    """Where the matters begin that were open then."""


class AuditFile:
    """The log in `folder`, open for its only writer."""

    def __init__(self, folder: Path, author: str, now: datetime) -> None:
        """Lock the log, open its last file and mend that one's end.

        Raises `SystemFailure`: somebody else is writing, the disk fails, or the log is shorter than it was.
        """
        self.folder = folder
        with ExitStack() as stack:
            stack.enter_context(only_one(folder, author))
            self._file = Appender(_newest(folder) or folder / f"{now:%Y-%m}-001.jsonl")
            self.torn = self._file.torn
            """A line that was cut off because a writer was killed in the middle of it."""
            self.head = _head(folder)
            self.kept = read_kept(folder)
            if self.kept and self.kept.head.sequence > self.head.sequence:
                raise SystemFailure(
                    f"the audit log ends with record {self.head.sequence}, there was a record "
                    f"{self.kept.head.sequence}: its end is missing",
                    where=str(folder),
                    hint="restore it; or move the folder aside for the auditors, and begin another log",
                )
            self._lock = stack.pop_all()

    @property
    def end(self) -> Position:
        """Where the next record will stand, unless a new file begins before."""
        return Position(self._file.path.name, self._file.size)

    def append(self, records: Sequence[Record], now: datetime, *, durable: bool) -> range:
        """Write `records`, all or none; returns their numbers.

        `durable`: they are on the disk when this returns. Raises `SystemFailure`.
        """
        self._roll(now)
        head, lines = self.head, []
        for record in records:
            line, head = head.then(encode(record))
            lines.append(line)
        self._file.append(lines)
        numbers, self.head = range(self.head.sequence + 1, head.sequence + 1), head
        if durable:
            self._file.sync()
        return numbers

    def keep(self, resume: Position) -> None:
        """Note the head and where the open matters begin, once everything is on the disk."""
        self._file.sync()
        kept = Kept(self.head, resume)
        write_whole(self.folder / HEAD, json.dumps({"version": 1, **asdict(kept)}) + "\n")

    def close(self) -> None:
        """Close the files and give up the lock."""
        with self._lock:
            self._file.close()

    def _roll(self, now: datetime) -> None:
        """Begin a new file when the month is over or the file is full; a clock set back changes nothing."""
        month, number = self._file.path.stem.rsplit("-", 1)
        if (this := now.isoformat()[:7]) > month:
            name = f"{this}-001.jsonl"
        elif self._file.size >= MOST_BYTES:
            name = f"{month}-{int(number) + 1:03}.jsonl"
        else:
            return
        self._file.sync()
        full, self._file = self._file, Appender(self.folder / name)
        full.close()


def read_kept(folder: Path) -> Kept | None:
    """What `AuditFile.keep` noted last; None where nothing was, or where it cannot be read."""
    try:
        kept = json.loads((folder / HEAD).read_bytes())
        return Kept(Head(**kept["head"]), Position(**kept["resume"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def records(folder: Path, start: Position | None = None) -> Iterator[Record]:
    """Every record from `start` on, or from the beginning; an unfinished last line is no record.

    Raises `SystemFailure` naming file and line of what is none.
    """
    return (record for record, _ in placed(folder, start))


def placed(folder: Path, start: Position | None = None) -> Iterator[tuple[Record, Position]]:
    """As `records`, each with the place behind it, from which a later reader goes on."""
    for path in files_of(folder):
        if start and path.name < start.file:
            continue
        with failures(path), path.open("rb", buffering=1 << 18) as file:
            if start and path.name == start.file:
                file.seek(start.offset)
            for line in file:
                if line.endswith(b"\n"):
                    yield _decode(line, path, file.tell()), Position(path.name, file.tell())


def _decode(line: bytes, path: Path, end: int) -> Record:
    try:
        record = json.loads(line)
        if isinstance(record["sequence"], int) and isinstance(record["record"], str):
            return dict(record)
    except (ValueError, KeyError, TypeError):
        pass
    raise SystemFailure(
        f"the line that ends at byte {end} is no record", where=str(path), hint="see: congvu audit verify"
    )


def _newest(folder: Path) -> Path | None:
    return next(reversed(files_of(folder)), None)


def _head(folder: Path) -> Head:
    """The head that the last line of the log makes; the file that was opened last may be empty yet."""
    for path in reversed(files_of(folder)):
        if line := _last_line(path):
            record = _decode(line, path, path.stat().st_size)
            return Head(record["sequence"], sha256(line).hexdigest())
    return START


def _last_line(path: Path) -> bytes:
    """The last line without its end."""
    with failures(path), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        want = 1 << 14
        while True:
            file.seek(max(0, size - want))
            rest, _, line = file.read().removesuffix(b"\n").rpartition(b"\n")
            if rest or want >= size:
                return line
            want *= 4
