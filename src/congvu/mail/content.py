"""What a mailbox holds, counted and hashed message by message, so that two counts can be compared.

The hash of a folder, or of a mailbox, is the SHA-256 of its messages' hashes: in hexadecimal, sorted, a line
each. Whoever has the messages can compute it with `sha256sum` and `sort`. No message is ever held in memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import IO

from congvu.errors import MailFailure
from congvu.mail.freshness import SHARED
from congvu.mail.tools import streaming

_FIELDS = ("mailbox", "size.physical", "text")
_CHUNK = 1 << 20
_LONGEST = 1 << 16
"""Of a line before a message: more is none of doveadm's."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message in one folder."""

    folder: str
    digest: str
    """SHA-256 of what is stored, in hexadecimal."""
    size: int
    """In bytes, as it is stored."""


@dataclass(frozen=True, slots=True)
class Sum:
    """So many messages."""

    messages: int
    size: int
    """In bytes."""
    digest: str


@dataclass(frozen=True, slots=True)
class Content:
    """The messages of a mailbox at one time."""

    messages: Mapping[Message, int]
    """Each with how often it is there."""

    def whole(self) -> Sum:
        """All of it."""
        return _sum(self.messages)

    def folders(self) -> dict[str, Sum]:
        """Each folder that holds something, by name."""
        found: dict[str, dict[Message, int]] = defaultdict(dict)
        for message, count in self.messages.items():
            found[message.folder][message] = count
        return {name: _sum(found[name]) for name in sorted(found)}


@dataclass(frozen=True, slots=True)
class Difference:
    """What two counts of one mailbox tell."""

    missing: Mapping[str, int]
    """Messages of the first count that the second has not, wherever they lie, by the folder they were in."""
    new: Mapping[str, int]
    """Messages that came in between, by folder."""


def count(address: str) -> Content:
    """Read a mailbox, with all its folders and the shared one. Raises `MailFailure`."""
    everywhere = ("(", "mailbox", "*", "or", "mailbox", f"{SHARED}*", ")")
    command = ["doveadm", "-f", "pager", "fetch", "-u", address, " ".join(_FIELDS), *everywhere]
    with streaming(command) as output:
        return Content(Counter(_messages(output)))


def compare(before: Content, after: Content) -> Difference:
    """What is not there any more, and what is new. A message that was moved is neither."""
    return Difference(_beyond(before, after), _beyond(after, before))


def _beyond(one: Content, other: Content) -> dict[str, int]:
    """How many messages of each folder in `one` the `other` has nowhere."""
    there = Counter[str]()
    for message, count_ in other.messages.items():
        there[message.digest] += count_
    in_place = {
        message: min(count_, other.messages.get(message, 0)) for message, count_ in one.messages.items()
    }
    for message, count_ in in_place.items():
        there[message.digest] -= count_
    found = Counter[str]()
    for message, count_ in one.messages.items():
        left = count_ - in_place[message]
        elsewhere = min(left, there[message.digest])
        there[message.digest] -= elsewhere
        if left > elsewhere:
            found[message.folder] += left - elsewhere
    return dict(sorted(found.items()))


def _sum(messages: Mapping[Message, int]) -> Sum:
    lines = sorted(f"{message.digest}\n" * count_ for message, count_ in messages.items())
    return Sum(
        sum(messages.values()),
        sum(message.size * count_ for message, count_ in messages.items()),
        sha256("".join(lines).encode()).hexdigest(),
    )


def _messages(output: IO[bytes]) -> Iterator[Message]:
    """What ``doveadm -f pager`` prints: fields by line, the text as it is, a form feed between messages."""
    while line := output.readline(_LONGEST):
        folder = _value(line, "mailbox")
        size = int(_value(output.readline(_LONGEST), "size.physical"))
        if output.readline(_LONGEST) != b"text:\n":
            raise _garbled()
        found, left = sha256(), size
        while left and (data := output.read(min(left, _CHUNK))):
            found.update(data)
            left -= len(data)
        if left or output.readline(_LONGEST) not in (b"", b"\x0c\n"):
            raise _garbled()
        yield Message(folder, found.hexdigest(), size)


def _value(line: bytes, name: str) -> str:
    start = f"{name}: ".encode()
    if not line.startswith(start) or not line.endswith(b"\n"):
        raise _garbled()
    return line[len(start) : -1].decode(errors="replace")


def _garbled() -> MailFailure:
    return MailFailure("cannot read its answer", where="doveadm fetch", hint="try again")
