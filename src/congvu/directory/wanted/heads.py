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
    if held is None or handed is None or handed.said != unit.head_id:
        return unit.head_id
    by_hand = head_id(held)
    account, row = work.accounts.people.get(by_hand), work.people.get(by_hand)
    if account is None or work.has_left(account) or (row and row.status is Status.LEFT):
        return unit.head_id
    return by_hand


def standing(work: Work, unit: Unit) -> tuple[str, ...]:
    """What the unit's entry should remember of a handover by hand."""
    held = work.accounts.units.get(unit.unit_id)
    return held.values(ATTRIBUTE) if held and head_of(work, unit) != unit.head_id else ()
