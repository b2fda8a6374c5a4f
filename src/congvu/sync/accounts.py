"""The accounts that rows without ids are compared with (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from congvu.directory.model import Entry, Layout, Snapshot, dn_key
from congvu.registry.model import Status, Unit
from congvu.registry.text import key
from congvu.sync.likeness import Traits


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account in one mail domain."""

    staff_id: str
    traits: Traits
    entry: Entry
    in_use: bool
    """Whether it has not become a tombstone."""

    def __str__(self) -> str:
        state = "" if self.in_use else f", {self.entry.state}"
        unit = self.entry.value("ou") or self.entry.unit_id
        phone = self.entry.value("telephoneNumber") or "no telephone"
        return f"{self.staff_id} ({self.entry.value('cn')}, {unit}, {phone}{state})"


class UnitsToday:
    """Which unit an account is in by today's registry: units merge, and are given other ids."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._by_id = {unit.unit_id: unit for unit in units}
        self._by_name: dict[str, list[str]] = {}
        for unit in self._by_id.values():
            self._by_name.setdefault(key(unit.name), []).append(unit.unit_id)

    def of(self, unit_id: str, name: str = "") -> str:
        """The unit, or the one that took over from it; of an unknown id the only unit of this name."""
        if unit_id not in self._by_id:
            same = self._by_name.get(key(name), [])
            return same[0] if len(same) == 1 else unit_id
        passed: set[str] = set()
        while unit_id not in passed and (unit := self._by_id.get(unit_id)):
            passed.add(unit_id)
            if unit.status is Status.LEFT and len(unit.successor_ids) == 1:
                unit_id = unit.successor_ids[0]
        return unit_id


def accounts_of(layout: Layout, found: Snapshot, units: UnitsToday) -> Mapping[str, Account]:
    """The people's accounts of a mail domain, tombstones too, by staff id."""
    below = "," + dn_key(layout.people)
    accounts = {}
    for dn, entry in found.entries.items():
        if dn.endswith(below) and entry.managed:
            unit = units.of(entry.unit_id, entry.value("ou"))
            traits = Traits.of(entry.value("cn"), unit, entry.value("telephoneNumber"))
            staff_id = entry.value("uid")
            accounts[staff_id] = Account(staff_id, traits, entry, not entry.state.gone)
    return accounts
