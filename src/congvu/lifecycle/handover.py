"""A unit's mailbox goes from one head to the next (*bàn giao*; LD-11.3, HT-7.4, QT-4.2c, DL-8.2) (pure).

No password is passed on: nobody logs in as a unit. What the old head had were rights, in the directory, and
they go in one operation. What is not told here, `congvu.lifecycle.takeover` does on the mail server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from congvu.directory.handed import ATTRIBUTE, HandedOver, head_id
from congvu.directory.model import RIGHTS, State, dn_key
from congvu.directory.operations import Act, Change, Event, Modify, Reason
from congvu.directory.states import has_password
from congvu.errors import InputError
from congvu.lifecycle.account import Account
from congvu.lifecycle.delegation import without
from congvu.policy.model import Policy, Role
from congvu.registry.offices import offices
from congvu.sync.auditrecord import Record

CLAUSE = "handover.includes[0]"
"""The key of the policy that a handover rests on."""
HEAD = "congvuHead"
_BY_HAND = str(Act.HANDED_OVER)
_NEW = frozenset({str(Event.UNIT_NEW), str(Event.RETURN)})


def check(unit: Account, taker: Account, above: Sequence[str], below: Sequence[str]) -> None:
    """Raise `InputError` where `taker` cannot become the head of `unit`.

    `above` are the DNs of the unit and of all units above it, `below` those of the taker's unit and of all
    above that: a head works in the unit, below it, or above it (a deputy who also heads an office).
    """
    where = unit.address
    if unit.is_person or unit.state.gone:
        raise InputError("this is no unit's mailbox in use", where=where, hint="name the unit's address")
    if not taker.is_person or taker.state not in (State.INITIAL, State.ACTIVE):
        raise InputError(
            f"{taker.address} is nobody's account in use", where=where, hint="name a person who can log in"
        )
    works_in = below[0] if below else ""
    related = dn_key(unit.entry.dn) in map(dn_key, below) or dn_key(works_in) in map(dn_key, above)
    if taker.domain != unit.domain or not related:
        raise InputError(
            f"{taker.address} works neither in this unit nor above it",
            where=where,
            hint="let the registry move them first",
        )
    if [dn_key(taker.entry.dn)] == list(map(dn_key, unit.entry.values(HEAD))):
        raise InputError(f"{taker.address} is the head already", where=where, hint="there is nothing to do")


def handed_over(
    unit: Account,
    giver: Account | None,
    taker: Account,
    policy: Policy,
    today: date,
    *,
    reason: Reason,
    end_delegations: bool = False,
) -> Modify:
    """The operation that makes `taker` the head of `unit` and ends all rights of `giver`, the head so far.

    What others own by office stays, and so does what `giver` owns by another office. Delegations to others
    stay on record, unless they are to end. Raises `InputError` where there is no document.
    """
    entry, old = unit.entry, unit.entry.values(HEAD)
    if not reason.document.strip():
        raise InputError("a handover is in writing", where=unit.address, hint="name it with --document")
    gone = set(map(dn_key, old))
    changes = [Change(HEAD, old, (taker.entry.dn,))]
    changes += without(unit, old, today, all_ended=end_delegations)
    owners = entry.values("congvuOwner")
    if not (giver and _owns_by_office(giver, unit, policy)):
        changes += _replaced("congvuOwner", owners, tuple(dn for dn in owners if dn_key(dn) not in gone))
    leaders = entry.values("congvuLeader")
    if gone & set(map(dn_key, leaders)) and not entry.value("congvuParent") and _heads_lead(policy):
        others = (dn for dn in leaders if dn_key(dn) not in {*gone, dn_key(taker.entry.dn)})
        changes += _replaced("congvuLeader", leaders, tuple(sorted((*others, taker.entry.dn))))
    before = HandedOver.of(entry)
    said = before.said if before else head_id(entry)
    noted = HandedOver(today, reason.document, said)
    remembered = () if said == taker.entry.value("uid") else (str(noted),)
    changes += _replaced(ATTRIBUTE, entry.values(ATTRIBUTE), remembered)
    if has_password(entry):
        changes += Change.no_password()
    return Modify(unit.domain, entry, tuple(changes), reason)


def _replaced(name: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Change]:
    if set(before) != set(after):
        yield Change(name, before, after)


def _owns_by_office(giver: Account, unit: Account, policy: Policy) -> bool:
    """Whether the sync makes `giver` an owner for another office than the head's."""
    by_office = {*(policy.delegation.owners or ())} - {Role.HEAD}
    held = offices(giver.entry.value("title"), unit.entry.value("cn"))
    here = giver.entry.value("departmentNumber") == unit.entry.value("uid")
    return here and bool(by_office & held)


def _heads_lead(policy: Policy) -> bool:
    return bool(policy.shared_folders and Role.HEAD in (policy.shared_folders.readers or ()))


@dataclass(frozen=True, slots=True)
class Handover:
    """A handover that was done, as the audit log tells it."""

    number: int
    """The record's, in the audit log."""
    moment: datetime
    author: str
    domain: str
    dn: str
    """The unit's."""
    address: str
    name: str
    by_hand: bool
    """By an operator; otherwise the registry has named another head."""
    giver: str
    """DN of the old head; empty: there was none."""
    taker: str
    """DN of the new head."""
    lost: Mapping[str, tuple[str, ...]]
    """DNs that lost a right, by its attribute."""
    why: str
    document: str
    clause: str


def handovers(records: Iterable[Record], vacant: Mapping[str, str]) -> tuple[list[Handover], dict[str, str]]:
    """The handovers among operations that were done, in order; and units without a head, each with the last.

    `vacant` are those that were without one before: the old head may have left weeks before the next one is
    named. Who heads a new unit takes over from nobody.
    """
    found, without_head = [], dict(vacant)
    for record in records:
        after, dn = record["after"], record["dn"]
        if HEAD not in after:
            continue
        before = next(iter(record["before"].get(HEAD, ())), "")
        taker = next(iter(after[HEAD]), "")
        if not taker:
            without_head[dn] = before or without_head.get(dn, "")
            continue
        giver = before or without_head.pop(dn, "")
        without_head.pop(dn, None)
        by_hand = record["event"] == _BY_HAND
        if dn_key(giver) != dn_key(taker) and (by_hand or (giver and record["event"] not in _NEW)):
            found.append(_handover(record, giver, taker, by_hand=by_hand))
    return found, without_head


def _handover(record: Record, giver: str, taker: str, *, by_hand: bool) -> Handover:
    before, after = record["before"], record["after"]
    return Handover(
        number=record["sequence"],
        moment=datetime.fromisoformat(record["time"]),
        author=record["author"],
        domain=record["domain"],
        dn=record["dn"],
        address=record["label"],
        name=record["name"],
        by_hand=by_hand,
        giver=giver,
        taker=taker,
        lost={
            name: lost
            for name in RIGHTS
            if name in after and (lost := _not_in(after[name], before.get(name, ())))
        },
        why=record["why"],
        document=record["document"],
        clause=record["clause"],
    )


def _not_in(after: Collection[str], before: Iterable[str]) -> tuple[str, ...]:
    kept = set(map(dn_key, after))
    return tuple(dn for dn in before if dn_key(dn) not in kept)
