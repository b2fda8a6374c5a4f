"""The entries of units: new, renamed, moved, under another head, dissolved, back again (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from congvu.directory.handed import ATTRIBUTE as HANDOVER
from congvu.directory.model import MANAGED_CLASS, PEOPLE, UNITS, Entry, State
from congvu.directory.operations import Event, Reason
from congvu.directory.states import ended, is_open
from congvu.directory.wanted.compare import differing
from congvu.directory.wanted.heads import head_of, standing
from congvu.directory.wanted.leadership import Leadership
from congvu.directory.wanted.leaving import DISSOLUTION, end, without_row
from congvu.directory.wanted.model import WantedEntry
from congvu.directory.wanted.values import Values, frozen, mailbox, new_mailbox, one, special_quota
from congvu.directory.wanted.work import Work
from congvu.naming.allocation import Issued
from congvu.naming.letters import search_words
from congvu.registry.model import Status, Unit

CLASSES = ("organizationalUnit", "inetLocalMailRecipient", MANAGED_CLASS)
_QUOTA = ("unit.quota.max", "unit.quota.min")
_ENDS = (Event.UNIT_DISSOLVED, Event.UNIT_MERGED)


def wanted_units(work: Work) -> Iterator[WantedEntry]:
    """Every unit whose entry is not already as it should be; parents before their children.

    People who leave must be known.
    """
    leadership = Leadership(work)
    for unit in sorted(work.serving, key=lambda unit: (_depth(work, unit), unit.unit_id)):
        if given := work.allocation.units.get(unit.unit_id):
            yield from _served(work, leadership, unit, given)
    for unit in sorted(work.task.registry.units, key=lambda unit: unit.unit_id):
        if unit.status is Status.LEFT and not work.set_aside(UNITS, unit.unit_id):
            yield from _dissolved(work, unit)
    yield from without_row(work, UNITS, work.units, _named(work))


def _served(work: Work, leadership: Leadership, unit: Unit, given: Issued) -> Iterator[WantedEntry]:
    held = work.accounts.units.get(unit.unit_id)
    values = _values(work, unit, given)
    quota_clause = work.task.clause(*_QUOTA)
    if held is None:
        values = {
            "objectClass": CLASSES,
            "uid": (unit.unit_id,),
            **values,
            **new_mailbox(work.layout, given, work.task.mail_host, work.stamped),
            "congvuState": (str(work.state_of_new(unit)),),
            "congvuHead": _head(work, unit, None),
            "congvuOwner": leadership.owners(unit),
            "congvuLeader": leadership.leaders(unit),
        }
        dn = work.layout.unit(unit.unit_id)
        entry = Entry(dn, {name: found for name, found in values.items() if found})
        text = f"{unit.name} is new; address by {given.rule}{special_quota(unit)}"
        clause = work.task.clause("unit.address[0]", "unit.address")
        reason = Reason(Event.UNIT_NEW, text, str(unit.place), clause, unit.document)
        yield WantedEntry(entry, reason, quota_clause)
        return
    before = work.accounts.ledger.units[unit.unit_id]
    values |= mailbox(work.layout, held, given, before, work.stamped)
    back = not is_open(held)
    values["congvuState"] = (str(State.INITIAL),) if back else held.values("congvuState")
    values["congvuHead"], values[HANDOVER] = _head(work, unit, held), standing(work, unit)
    values["congvuOwner"], values["congvuLeader"] = leadership.owners(unit), leadership.leaders(unit)
    for right in ("congvuDelegate", "congvuReader", "congvuAnswerer"):
        values[right] = work.keeping(held, right)
    if not any(differing(False, values, held.attributes)):
        work.unchanged += 1
        return
    reason = Reason(Event.DETAILS, "", str(unit.place), "", unit.document)
    if back:
        clause = work.task.clause("returning.needs_document", "returning")
        text = "the unit is back, the old address comes back"
        reason = Reason(Event.RETURN, text, str(unit.place), clause, unit.document)
    entry = Entry(held.dn, {"objectClass": held.values("objectClass"), **values})
    yield WantedEntry(entry, reason, quota_clause, unit.quota_reason)


def _values(work: Work, unit: Unit, given: Issued) -> Values:
    """What the row says of a unit, as attributes."""
    name = (unit.name,)
    return {
        "ou": name,
        "cn": name,
        "displayName": name,
        "congvuParent": one(_parent(work, unit)),
        "congvuContact": one(unit.it_contact),
        "congvuQuota": (str((unit.quota or work.rules.unit_quota).octets),),
        "congvuSearch": one(search_words(unit.name, given.holding.local_part)),
    }


def _parent(work: Work, unit: Unit) -> str:
    """DN of the unit above, if it has an account."""
    above = unit.parent_id
    if not above:
        return ""
    row = work.units.get(above)
    if row and row.status is Status.LEFT:
        work.findings.append(f"{unit.place}: {unit.unit_id} is below {above}, which is dissolved")
    if held := work.accounts.units.get(above):
        return held.dn
    return work.layout.unit(above) if above in work.allocation.units else ""


def _head(work: Work, unit: Unit, held: Entry | None) -> tuple[str, ...]:
    """DN of the unit's head, who answers for its mailbox (LD-11.1); who left does so no more."""
    head = head_of(work, unit)
    if not head:
        return ()
    account, row = work.accounts.people.get(head), work.people.get(head)
    if (row and row.status is Status.LEFT) or (account and work.has_left(account)):
        work.findings.append(f"{unit.place}: the head of {unit.unit_id}, {head}, has left; it has none")
        return ()
    if account:
        return (account.dn,)
    if head in work.allocation.people:
        return (work.layout.person(head),)
    work.findings.append(
        f"{unit.place}: the head of {unit.unit_id}, {head}, has no account; the head stays as it was"
    )
    return work.keeping(held, "congvuHead") if held else ()


def _dissolved(work: Work, unit: Unit) -> Iterator[WantedEntry]:
    held = work.accounts.units.get(unit.unit_id)
    if held is None or held.state is State.PURGED:
        return
    successors: list[str] = []
    for successor in unit.successor_ids:
        if account := work.accounts.units.get(successor):
            successors.append(account.dn)
        elif successor in work.allocation.units:
            successors.append(work.layout.unit(successor))
        else:
            work.problems.append(
                f"{unit.place}: {unit.unit_id} goes to {successor!r}, which has no account (correct the unit)"
            )
            return
    event = Event.UNIT_SPLIT if len(successors) > 1 else _ENDS[len(successors)]
    into = f" into {', '.join(unit.successor_ids)}" if successors else ""
    text = f"{ {Event.UNIT_SPLIT: 'divided', Event.UNIT_MERGED: 'merged'}.get(event, 'dissolved') }{into}"
    reason = Reason(event, text, str(unit.place), work.task.clause(*DISSOLUTION), unit.document)
    taking = tuple(successors)
    if not ended(held):
        yield end(work, held, reason, congvuSuccessor=taking)
    elif any(differing(False, {**held.attributes, "congvuSuccessor": taking}, held.attributes)):
        yield WantedEntry(frozen(held, congvuSuccessor=taking), reason)
    else:
        work.unchanged += 1


def _named(work: Work) -> frozenset[str]:
    """Units that somebody's row names, or would name if it could be read."""
    registry = work.task.registry
    rows = {person.unit_id for person in registry.staff if person.status is Status.WORKING}
    above = {unit.parent_id for unit in registry.units if unit.status is Status.WORKING}
    prefix = f"{PEOPLE}/"
    found = (
        work.accounts.people.get(key.removeprefix(prefix))
        for key in work.task.set_aside
        if key.startswith(prefix)
    )
    return frozenset(rows | above | {entry.value("departmentNumber") for entry in found if entry})


def _depth(work: Work, unit: Unit) -> int:
    """How many units are above; the registry's reader has seen to it that there is no circle."""
    depth, above = 0, work.units.get(unit.parent_id)
    while above is not None and depth < len(work.units):
        depth, above = depth + 1, work.units.get(above.parent_id)
    return depth
