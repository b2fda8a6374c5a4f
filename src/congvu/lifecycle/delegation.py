"""Who may use a unit's mailbox besides its owners: in writing, for a time, with rights (pure).

A delegation is a record on the unit's entry, ``congvuDelegation``; the rights that it gives today are the
values of the attributes that daemons read. Whoever stands in those without a record is somebody else's doing
and stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

from congvu.directory.model import Entry, dn_key
from congvu.directory.operations import Act, Change, Modify, Reason
from congvu.errors import InputError
from congvu.lifecycle.account import Account
from congvu.policy.model import Policy
from congvu.registry.offices import offices

RECORD = "congvuDelegation"
_FORM = re.compile(r"([0-9]{8}) ([0-9]{8}|-) ([a-z,]+) (.*) \| (.+)")


class Right(StrEnum):
    """What a delegate may do (LD-10.2đ, LD-11.1)."""

    READ = "read"
    ANSWER = "answer"
    """Mark, file and delete, too."""
    SEND = "send"
    """Send as the unit."""


SPOKEN: Mapping[Right, str] = {
    Right.READ: "đọc",
    Right.ANSWER: "xử lý",
    Right.SEND: "gửi với tư cách đơn vị",
}
"""The rights as officials call them."""
ATTRIBUTES: Mapping[Right, str] = {
    Right.READ: "congvuReader",
    Right.ANSWER: "congvuAnswerer",
    Right.SEND: "congvuDelegate",
}
"""Where the directory has them, for the daemons."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """One delegate of one unit."""

    dn: str
    """The delegate's."""
    rights: frozenset[Right]
    start: date
    until: date | None
    """The last day; None: until somebody ends it."""
    document: str
    """Number of the document; may be empty where the policy asks for none."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a value of ``congvuDelegation``; raises ``ValueError``."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no delegation")
        start, until, rights, document, dn = match.groups()
        return cls(
            dn,
            frozenset(map(Right, rights.split(","))),
            date.fromisoformat(start),
            None if until == "-" else date.fromisoformat(until),
            document,
        )

    def __str__(self) -> str:
        until = f"{self.until:%Y%m%d}" if self.until else "-"
        rights = ",".join(right for right in Right if right in self.rights)
        return f"{self.start:%Y%m%d} {until} {rights} {' '.join(self.document.split())} | {self.dn}"

    def holds(self, day: date) -> bool:
        """Whether it gives its rights on `day`."""
        return self.start <= day and not self.over(day)

    def over(self, day: date) -> bool:
        """Whether its last day has passed."""
        return self.until is not None and self.until < day


def check(
    unit: Account, delegate: Account, above: Sequence[str], given: Delegation, *, policy: Policy, today: date
) -> None:
    """Raise `InputError` where the policy does not let `delegate` have this delegation.

    `above` are the DNs of the delegate's unit and of all units above that.
    """
    where, roles = unit.address, policy.delegation.roles
    if unit.is_person or unit.state.gone:
        raise InputError("this is no unit's mailbox in use", where=where, hint="name the unit's address")
    if not delegate.is_person or delegate.state.gone:
        raise InputError(f"{delegate.address} is nobody's account in use", where=where, hint="name a person")
    if delegate.domain != unit.domain or dn_key(unit.entry.dn) not in map(dn_key, above):
        raise InputError(
            f"{delegate.address} is not of this unit", where=where, hint="delegate to somebody of it"
        )
    held = offices(delegate.entry.value("title"), delegate.entry.value("ou"))
    if roles is not None and not held & {*roles}:
        wanted = ", ".join(roles)
        raise InputError(
            f"{delegate.address} is '{delegate.entry.value('title')}', which is none of: {wanted}",
            where=where,
            hint="delegate to who holds one of these offices (policy delegation.roles)",
        )
    if policy.delegation.needs_document and not given.document.strip():
        raise InputError("a delegation is in writing", where=where, hint="name the document with --document")
    if given.over(today):
        raise InputError(f"{given.until} is over", where=where, hint="name a last day to come")
    if given.until and given.until < given.start:
        raise InputError(
            f"{given.until} is before {given.start}", where=where, hint="name a last day after the first"
        )


def delegations(unit: Entry) -> tuple[Delegation, ...]:
    """The delegations of a unit, as its entry has them. Raises ``ValueError``."""
    return tuple(map(Delegation.from_text, sorted(unit.values(RECORD))))


def watched(unit: Entry, day: date) -> bool:
    """Whether somebody is assigned in writing to read the unit's mailbox on `day` (LD-10.2đ, QT-4.2b)."""
    reading = {Right.READ, Right.ANSWER}
    return any(one.holds(day) and one.rights & reading for one in delegations(unit))


def delegated(unit: Account, given: Delegation, today: date, reason: Reason) -> Modify | None:
    """The operation that gives a delegation; the delegate's earlier one goes. None: it is so already."""
    others = (one for one in delegations(unit.entry) if dn_key(one.dn) != dn_key(given.dn))
    return _operation(unit, [*others, given], today, reason)


def withdrawn(unit: Account, dn: str, today: date, reason: Reason) -> Modify | None:
    """The operation that ends all rights of a delegate; None where there are none."""
    others = (one for one in delegations(unit.entry) if dn_key(one.dn) != dn_key(dn))
    return _operation(unit, others, today, reason, gone=dn)


def due(unit: Account, today: date, gone: Collection[str] = ()) -> Modify | None:
    """What begins or ends today, as one operation. `gone`: DNs of delegates who have left."""
    there = delegations(unit.entry)
    kept = [one for one in there if not one.over(today) and one.dn not in gone]
    ended = ", ".join(sorted({one.dn for one in there} - {one.dn for one in kept}))
    why = f"the last day has passed, or they have left: {ended}" if ended else "the first day has come"
    return _operation(unit, kept, today, Reason(Act.DELEGATION_ENDED if ended else Act.DELEGATED, why))


def without(unit: Account, gone: Collection[str], today: date, *, all_ended: bool = False) -> list[Change]:
    """What ends all rights of these DNs, recorded or not; `all_ended`: and all delegations of others."""
    keys = set(map(dn_key, gone))
    kept = () if all_ended else (one for one in delegations(unit.entry) if dn_key(one.dn) not in keys)
    return _changes(unit, kept, today, gone)


def _operation(
    unit: Account, wanted: Iterable[Delegation], today: date, reason: Reason, *, gone: str = ""
) -> Modify | None:
    changes = _changes(unit, wanted, today, (gone,) if gone else ())
    return Modify(unit.domain, unit.entry, tuple(changes), reason) if changes else None


def _changes(unit: Account, wanted: Iterable[Delegation], today: date, gone: Collection[str]) -> list[Change]:
    entry, kept = unit.entry, tuple(wanted)
    known = {dn_key(one.dn) for one in (*delegations(entry), *kept)} | set(map(dn_key, gone))
    changes = []
    for right, attribute in ATTRIBUTES.items():
        before = entry.values(attribute)
        others = tuple(dn for dn in before if dn_key(dn) not in known)
        holding = tuple(sorted(one.dn for one in kept if right in one.rights and one.holds(today)))
        if set(map(dn_key, (*others, *holding))) != set(map(dn_key, before)):
            changes.append(Change(attribute, before, (*others, *holding)))
    texts = tuple(sorted(map(str, kept)))
    if set(texts) != set(entry.values(RECORD)):
        changes.append(Change(RECORD, entry.values(RECORD), texts))
    return changes
