"""Who heads a unit: whom the registry names, unless its mailbox was handed over by hand since (pure).

A handover by hand (`congvu.directory.handed`) stands until the registry says something else than on its day.
"""

from __future__ import annotations

from congvu.directory.handed import ATTRIBUTE, HandedOver, head_id
from congvu.directory.states import is_open
from congvu.directory.wanted.work import Work
from congvu.registry.model import Status, Unit


def head_of(work: Work, unit: Unit) -> str:
    """Staff id of the unit's head; empty: nobody."""
    held = work.accounts.units.get(unit.unit_id)
    handed = HandedOver.of(held) if held and is_open(held) else None
    if held is None or handed is None:
        return unit.head_id
    # Whoever has left heads nothing: a list that still names them says no more than one that names nobody.
    says = {unit.head_id, "" if _has_left(work, unit.head_id) else unit.head_id}
    by_hand = head_id(held)
    if handed.said not in says or by_hand not in work.accounts.people or _has_left(work, by_hand):
        return unit.head_id
    return by_hand


def _has_left(work: Work, staff_id: str) -> bool:
    account, row = work.accounts.people.get(staff_id), work.people.get(staff_id)
    return (account is not None and work.has_left(account)) or (row is not None and row.status is Status.LEFT)


def standing(work: Work, unit: Unit) -> tuple[str, ...]:
    """What the unit's entry should remember of a handover by hand."""
    held = work.accounts.units.get(unit.unit_id)
    return held.values(ATTRIBUTE) if held and head_of(work, unit) != unit.head_id else ()
