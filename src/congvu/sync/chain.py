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
    head, last = start, ""
    noted = {one.sequence: one.hash for one in heads if one.sequence > start.sequence}
    for where, line in _lines(files):
        if not line.endswith(b"\n"):
            return _ended(head, last, noted, unfinished=where)
        content = line[:-1]
        if not content.startswith(
            b'{"sequence":%d,"previous":"%s",' % (head.sequence + 1, head.hash.encode())
        ):
            return Verified(head, _broken(where, last, content, head))
        head, last = Head(head.sequence + 1, sha256(content).hexdigest()), where
        if noted and noted.pop(head.sequence, head.hash) != head.hash:
            return Verified(head, Break(where, f"record {head.sequence} is not the one that was noted"))
    return _ended(head, last, noted)


def _lines(files: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for path in files:
        with path.open("rb", buffering=1 << 18) as file:
            for number, line in enumerate(file, 1):
                yield f"{path}:{number}", line


def _ended(head: Head, last: str, noted: dict[int, str], unfinished: str = "") -> Verified:
    if not noted:
        return Verified(head, None, unfinished)
    why = f"the log ends with record {head.sequence}; there was a record {max(noted)}: the end was cut off"
    return Verified(head, Break(last or "the log", why), unfinished)


def _broken(where: str, last: str, content: bytes, head: Head) -> Break:
    """Say what is wrong with a line that does not follow `head`."""
    match = _NUMBER.match(content)
    try:
        record = json.loads(content)
    except ValueError:
        record = None
    if match is None or not isinstance(record, dict):
        return Break(where, "not a record: changed by hand, or damaged")
    found, due = int(match[1]), head.sequence + 1
    if found > due:
        count = found - due
        return Break(where, f"record {found} where {due} was due: {count} before it taken out, or moved")
    if found < due:
        return Break(where, f"record {found} where {due} was due: put in, or moved")
    if not last:
        return Break(
            where,
            f"record {found} is the first here, but follows another: changed, or a file before it is missing",
        )
    return Break(
        last, f"record {head.sequence} was changed after it was written: record {found} tells another hash"
    )
