"""Messages in Dovecot's mailboxes: finding all copies of one, in whatever folder, and removing them."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from congvu.errors import MailFailure
from congvu.mail.messageid import MessageId
from congvu.mail.queue import read_headers
from congvu.mail.tools import run

_FIELDS = "user mailbox mailbox-guid uid size.physical date.received hdr.message-id"
_TEXT, _HEADER = b"text:\n", b"hdr:\n"
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_NEXT_HEADER = re.compile(r"\n(?![ \t])")


@dataclass(frozen=True, slots=True)
class Copy:
    """One message in one folder."""

    box: str
    """Primary address of the mailbox."""
    folder: str
    folder_guid: str
    uid: int
    size: int
    """In bytes, as it is stored."""
    received: str
    """When the mailbox got it, as Dovecot writes it, in the server's time."""

    @property
    def which(self) -> tuple[str, ...]:
        """The copy and nothing else, in the words of a search."""
        return "mailbox-guid", self.folder_guid, "uid", str(self.uid)


def find(boxes: Sequence[str], wanted: MessageId) -> tuple[Copy, ...]:
    """Every copy of a message in every folder of `boxes`, marked as deleted or not.

    Boxes nobody has opened yet are none to Dovecot, and are passed over. Raises `MailFailure` when one cannot
    be searched.
    """
    if not boxes:
        return ()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="congvu-") as names:
        names.writelines(f"{box}\n" for box in boxes)
        names.flush()
        search = ["HEADER", "Message-ID", wanted.anchor]
        done = run(["doveadm", "-f", "json", "fetch", "-F", names.name, _FIELDS, *search])
    return tuple(_copy(one) for one in _records(done.text) if _is_meant(one, wanted))


def digest(copy: Copy) -> str:
    """SHA-256 of a message as it is stored; empty when it has gone meanwhile. Raises `MailFailure`."""
    text = run(["doveadm", "fetch", "-u", copy.box, "text", *copy.which]).output
    return sha256(text.removeprefix(_TEXT)[: copy.size]).hexdigest() if text.startswith(_TEXT) else ""


def header(copy: Copy) -> bytes:
    """The lines of a message's header; of what has gone, none. Raises `MailFailure`."""
    return run(["doveadm", "fetch", "-u", copy.box, "hdr", *copy.which]).output.removeprefix(_HEADER)


def remove(copy: Copy) -> None:
    """Remove one copy for good; one that has gone meanwhile is no error. Raises `MailFailure`."""
    run(["doveadm", "expunge", "-u", copy.box, *copy.which])


def _records(output: str) -> Sequence[Mapping[str, Any]]:
    try:
        found = json.loads(output or "[]")
    except ValueError as problem:
        raise MailFailure(f"cannot read its answer: {problem}", where="doveadm fetch") from None
    return list(found)


def _copy(record: Mapping[str, Any]) -> Copy:
    return Copy(
        box=record.get("username", record["user"]),
        folder=record["mailbox"],
        folder_guid=record["mailbox-guid"],
        uid=int(record["uid"]),
        size=int(record["size.physical"]),
        received=record["date.received"],
    )


def _is_meant(record: Mapping[str, Any], wanted: MessageId) -> bool:
    """Whether the header is the one that is meant, to the letter."""
    said = str(record["hdr.message-id"])
    if _UNKNOWN not in said:
        return wanted.is_in(_NEXT_HEADER.split(said))
    # JSON cannot say what the bytes were.
    return wanted.is_in(read_headers(header(_copy(record))).message_ids)
