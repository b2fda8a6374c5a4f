"""What a mailbox holds now, and who has it open: asked of Dovecot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from congvu.mail.tools import run


@dataclass(frozen=True, slots=True)
class Use:
    """How full a mailbox is."""

    octets: int
    messages: int


@dataclass(frozen=True, slots=True)
class Session:
    """Connections that somebody has open from one place."""

    service: str
    """``imap`` or ``sieve``; the webmail's are ``imap`` as well."""
    addresses: str
    """Of the devices, as Dovecot sees them."""
    connections: int


def used(address: str) -> Use | None:
    """How full the mailbox of `address` is; None where Dovecot has none. Raises `MailFailure`."""
    found = _asked("quota", "get", "-u", address, accept=(0, 67))
    values = {one["type"]: int(one["value"]) for one in found}
    return Use(values["STORAGE"] * 1024, values["MESSAGE"]) if values else None


def sessions(address: str) -> Iterator[Session]:
    """The open sessions of the owner of `address`. Raises `MailFailure`."""
    for one in _asked("who", address):
        yield Session(one["service"], one["ips"].strip("()"), int(one["connections"]))


def _asked(*words: str, accept: tuple[int, ...] = (0,)) -> Any:
    return json.loads(run(["doveadm", "-f", "json", *words], accept=accept).output or b"[]")
