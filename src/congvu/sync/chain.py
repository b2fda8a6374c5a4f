"""The chain of hashes through an audit log: what a line must begin with, and where a log was tampered with.

Every line is a JSON object that begins with its number and with the SHA-256 of the whole line before it, its
end left out. So a line cannot be changed, taken out, put in or moved without breaking the next one; only the
end of the log can be cut off, which a head that was stored elsewhere gives away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from congvu.errors import InputError

_FILE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{3,}\.jsonl")
_NUMBER = re.compile(rb'\{"sequence":([0-9]+),"previous":"[0-9a-f]{64}"')


@dataclass(frozen=True, slots=True)
class Head:
    """A place in the chain: the number and the hash of a line."""

    sequence: int
    hash: str
    """SHA-256 in hexadecimal digits."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``1234:hash``; raises `InputError`."""
        match = re.fullmatch(r"([0-9]+):([0-9a-fA-F]{64})", text.strip())
        if match is None:
            raise InputError(
                "not a record's number and hash", where=repr(text[:80]), hint="as congvu audit head prints it"
            )
        return cls(int(match[1]), match[2].lower())

    def then(self, body: str) -> tuple[bytes, Head]:
        """The line that follows with `body`, a JSON object that is not empty, and the head it makes."""
        line = f'{{"sequence":{self.sequence + 1},"previous":"{self.hash}",{body[1:]}'.encode()
        return line, Head(self.sequence + 1, sha256(line).hexdigest())

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"


START = Head(0, "0" * 64)
"""Before the first line of a log."""


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which a log is not what was written."""

    where: str
    """``file:line``."""
    why: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a log looks like from its first line to its end, or to the first break."""

    head: Head
    """The last record that is as it was written."""
    broken: Break | None = None
    unfinished: str = ""
    """``file:line`` of a last line without an end: a writer is at work, or was killed."""


def files_of(folder: Path) -> tuple[Path, ...]:
    """The files of the log in `folder`, oldest first."""
    return tuple(sorted(path for path in folder.glob("*.jsonl") if _FILE.fullmatch(path.name)))


def verify(files: Iterable[Path], heads: Iterable[Head] = (), start: Head = START) -> Verified:
    """Walk the chain through `files`, line by line, holding one line at a time.

    `heads` were noted earlier and must be in it; `start` is the last record of what was archived. Raises
    ``OSError`` when a file cannot be read.
    """
    sequence, hash_, last = start.sequence, start.hash.encode(), _NOWHERE
    noted: dict[int, set[str]] = {}
    for one in heads:
        if one.sequence > start.sequence:
            noted.setdefault(one.sequence, set()).add(one.hash)
    unfinished: _Place | None = None
    for place, line in _lines(files):
        if unfinished:
            return _stopped(sequence, hash_, Break(_told(unfinished), "its end is missing: damaged"))
        if not line.endswith(b"\n"):
            unfinished = place
            continue
        content = line[:-1]
        if not content.startswith(b'{"sequence":%d,"previous":"%s",' % (sequence + 1, hash_)):
            return _stopped(sequence, hash_, _broken(place, last, content, sequence))
        sequence, hash_, last = sequence + 1, sha256(content).hexdigest().encode(), place
        if noted and noted.pop(sequence, {hash_.decode()}) != {hash_.decode()}:
            why = f"record {sequence} is not the one that was noted"
            return _stopped(sequence, hash_, Break(_told(place), why))
    if noted:
        why = f"the log ends with record {sequence}; there was a record {max(noted)}: the end was cut off"
        return _stopped(sequence, hash_, Break(_told(last), why))
    return Verified(Head(sequence, hash_.decode()), None, _told(unfinished) if unfinished else "")


_Place = tuple[Path | str, int]
_NOWHERE: _Place = ("the log", 0)


def _lines(files: Iterable[Path]) -> Iterator[tuple[_Place, bytes]]:
    for path in files:
        with path.open("rb", buffering=1 << 18) as file:
            for number, line in enumerate(file, 1):
                yield (path, number), line


def _told(place: _Place) -> str:
    return f"{place[0]}:{place[1]}"


def _stopped(sequence: int, hash_: bytes, broken: Break) -> Verified:
    return Verified(Head(sequence, hash_.decode()), broken)


def _broken(place: _Place, last: _Place, content: bytes, before: int) -> Break:
    """Say what is wrong with a line that does not follow record `before`, which stands at `last`."""
    where = _told(place)
    match = _NUMBER.match(content)
    try:
        record = json.loads(content)
    except ValueError:
        record = None
    if match is None or not isinstance(record, dict):
        return Break(where, "not a record: changed by hand, or damaged")
    found, due = int(match[1]), before + 1
    if found > due:
        count = found - due
        return Break(where, f"record {found} where {due} was due: {count} before it taken out, or moved")
    if found < due:
        return Break(where, f"record {found} where {due} was due: put in, or moved")
    if last is _NOWHERE:
        return Break(
            where,
            f"record {found} is the first here, but follows another: changed, or a file before it is missing",
        )
    return Break(
        _told(last), f"record {before} was changed after it was written: record {found} tells another hash"
    )
