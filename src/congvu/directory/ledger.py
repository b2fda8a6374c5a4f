"""The ledger of addresses, as the directory holds it: entries to holdings and back (pure).

| attribute | holds |
|---|---|
| ``mail`` | the primary address |
| ``mailLocalAddress`` | every address that delivers: the primary, and aliases |
| ``congvuAliasUntil`` | last day of an alias: ``annv@lamdong.gov.vn 20271122``; none: no end |
| ``congvuFormerAddress`` | addresses that deliver no more and go to nobody else |
| ``congvuIssuedFor`` | the name and unit that the primary address was formed from |
"""

from __future__ import annotations

from datetime import date, datetime

from congvu.directory.model import Entry, Layout, Snapshot, dn_key
from congvu.naming.ledger import Alias, Holding, Ledger


def read_ledger(layout: Layout, found: Snapshot) -> Ledger:
    """All that was ever issued in the mail domain of `layout`, and what others hold there."""
    units: dict[str, Holding] = {}
    people: dict[str, Holding] = {}
    others: dict[str, str] = {}
    branches = ((dn_key(layout.units), units), (dn_key(layout.people), people))
    for key, entry in found.entries.items():
        rdn, _, parent = key.partition(",")
        ours = next((holdings for branch, holdings in branches if branch == parent), None)
        if entry.managed and ours is not None and rdn.startswith("uid=") and entry.value("mail"):
            ours[entry.value("uid")] = read_holding(layout, entry)
        else:
            for address in (*entry.addresses, *entry.values("congvuFormerAddress")):
                if address.lower().endswith(layout.suffix):
                    others[layout.local_part(address)] = entry.dn
    return Ledger(units, people, others)


def read_holding(layout: Layout, entry: Entry) -> Holding:
    """What one of our entries holds."""
    ends = dict(_ends(value) for value in entry.values("congvuAliasUntil"))
    primary = entry.value("mail").lower()
    return Holding(
        layout.local_part(primary),
        entry.value("congvuIssuedFor"),
        aliases=tuple(
            Alias(layout.local_part(address), ends.get(address.lower()))
            for address in entry.values("mailLocalAddress")
            if address.lower() != primary
        ),
        former=tuple(map(layout.local_part, entry.values("congvuFormerAddress"))),
        gone=entry.state.gone,
    )


def write_holding(layout: Layout, holding: Holding) -> dict[str, str | tuple[str, ...]]:
    """The attributes that hold `holding`."""
    return {
        "mail": layout.address(holding.local_part),
        "mailLocalAddress": tuple(
            map(layout.address, (*(alias.local_part for alias in holding.aliases), holding.local_part))
        ),
        "congvuAliasUntil": tuple(
            f"{layout.address(alias.local_part)} {alias.until:%Y%m%d}"
            for alias in holding.aliases
            if alias.until
        ),
        "congvuFormerAddress": tuple(map(layout.address, holding.former)),
        "congvuIssuedFor": holding.issued_for,
    }


def _ends(value: str) -> tuple[str, date]:
    address, _, day = value.partition(" ")
    return address.lower(), datetime.strptime(day, "%Y%m%d").date()
