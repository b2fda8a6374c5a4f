"""Read the directory once, completely or not at all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from congvu.directory.model import Entry, Snapshot
from congvu.errors import DirectoryFailure


class Reader(Protocol):
    """What can be read: `congvu.directory.connection.Directory`, or a tree in memory."""

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:
        """Every entry below `base` that matches, or `DirectoryFailure`: never only some."""


class EncodedReader(Protocol):
    """What can be read as the server encodes it: `congvu.directory.connection.Directory`."""

    def encoded(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[bytes]:
        """As `Reader.search`, each entry in BER."""


# Explicit, never * or +: operational attributes and memberOf cost up to a hundred times as much.
ATTRIBUTES = (
    "objectClass",
    "dc",
    "associatedDomain",
    "uid",
    "ou",
    "cn",
    "displayName",
    "sn",
    "givenName",
    "title",
    "departmentNumber",
    "employeeNumber",
    "telephoneNumber",
    "mail",
    "mailLocalAddress",
    "mailHost",
    "congvuState",
    "congvuQuota",
    "congvuIssued",
    "congvuIssuedFor",
    "congvuAliasUntil",
    "congvuFormerAddress",
    "congvuDelegate",
    "congvuSearch",
    "congvuParent",
    "congvuHead",
    "congvuSuccessor",
    "congvuContact",
    "congvuOwner",
    "congvuHandover",
    "congvuReader",
    "congvuAnswerer",
    "congvuLeader",
    "congvuEnded",
    # What the lifecycle writes: an operation of its that nobody answered is looked up here.
    "congvuSince",
    "congvuWarned",
    "congvuExempt",
    "congvuDelegation",
    "pwdChangedTime",
    "pwdReset",
)
"""What the sync reads of every entry. No passwords, but whether there is one."""
_OWNERS = frozenset({"pwdChangedTime", "pwdReset"})
"""What people change themselves; that is no drift."""


_ALIAS_UNTIL = re.compile(r"\S+@\S+ [0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")


def inspect(directory: Reader, base: str) -> Snapshot:
    """All entries below `base`, ours and others': an address counts as taken whoever holds it.

    Raises `DirectoryFailure` when the server does not give them all, or when one of ours is malformed.
    """
    snapshot = Snapshot.of(
        base, (_checked(entry) for entry in directory.search(base, "(objectClass=*)", ATTRIBUTES))
    )
    if snapshot.get(base) is None:
        raise DirectoryFailure(
            "the base entry cannot be read", where=base, hint="check the ACLs of the sync account"
        )
    return snapshot


def digest(directory: EncodedReader, base: str) -> str:
    """A SHA-256 over all that `inspect` reads but the state of passwords, in hexadecimal.

    The same digest means the same entries. Another one may come from another order, too: it only says that
    it is worth while to look. Raises `DirectoryFailure`.
    """
    attributes = [name for name in ATTRIBUTES if name not in _OWNERS]
    found = hashlib.sha256()
    for entry in directory.encoded(base, "(objectClass=*)", attributes):
        found.update(entry)
    return found.hexdigest()


def _checked(entry: Entry) -> Entry:
    if entry.managed:
        try:
            entry.state  # noqa: B018  (reading it checks it)
        except ValueError:
            raise DirectoryFailure(
                f"congvuState {entry.value('congvuState')!r} is not a state",
                where=entry.dn,
                hint="correct it by hand",
            ) from None
        for value in entry.values("congvuAliasUntil"):
            if not _ALIAS_UNTIL.fullmatch(value):
                raise DirectoryFailure(
                    f"congvuAliasUntil {value!r} is not an address and a day such as 20271122",
                    where=entry.dn,
                    hint="correct it by hand",
                )
    return entry
