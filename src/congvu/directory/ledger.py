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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from congvu.directory.model import Entry, Layout, Snapshot, dn_key
from congvu.naming.ledger import Alias, Holding, Ledger

_UNKNOWN = ("",)
"""What an address was formed from, where the directory does not say."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the directory has of one mail domain, by the registry's ids."""

    units: Mapping[str, Entry]
    people: Mapping[str, Entry]
    foreign: tuple[Entry, ...]
    """Entries beside the accounts that are not ours."""
    ledger: Ledger


def read_accounts(
    layout: Layout, found: Snapshot, *, units: Iterable[str] = (), people: Iterable[str] = ()
) -> Accounts:
    """The accounts of the mail domain of `layout`, all that was ever issued there, and what others hold.

    `units` and `people` are the registry's ids. LDAP does not tell ``s1`` from ``S1``, so an account goes
    under the id as the registry writes it, else under its own ``uid``.
    """
    served = _Branch("," + dn_key(layout.people), {identifier.lower(): identifier for identifier in people})
    led = _Branch("," + dn_key(layout.units), {identifier.lower(): identifier for identifier in units})
    suffix, foreign, others = layout.suffix, list[Entry](), dict[str, str]()
    for key, entry in found.entries.items():
        branch = served if key.endswith(served.below) else led if key.endswith(led.below) else None
        if branch and key.count(",") != branch.depth:
            branch = None  # below an account
        if branch and entry.managed and entry.values("mail"):
            branch.take(entry, read_holding(suffix, entry))
            continue
        if branch:
            foreign.append(entry)
        for address in (*entry.addresses, *entry.values("congvuFormerAddress")):
            if address.lower().endswith(suffix):
                others[layout.local_part(address)] = entry.dn
    foreign.sort(key=lambda entry: dn_key(entry.dn))
    return Accounts(
        led.entries, served.entries, tuple(foreign), Ledger(led.holdings, served.holdings, others)
    )


class _Branch:
    """One container, as it is read."""

    __slots__ = ("below", "depth", "entries", "holdings", "ids")

    def __init__(self, below: str, ids: Mapping[str, str]) -> None:
        self.below, self.ids, self.depth = below, ids, below.count(",")
        self.entries: dict[str, Entry] = {}
        self.holdings: dict[str, Holding] = {}

    def take(self, entry: Entry, holding: Holding) -> None:
        uid = entry.attributes["uid"][0]
        identifier = self.ids.get(uid.lower(), uid)
        self.entries[identifier] = entry
        self.holdings[identifier] = holding


def read_holding(suffix: str, entry: Entry) -> Holding:
    """What one of our entries holds; `suffix` is the domain's, see `Layout.suffix`.

    There is one per person, so the usual one is made with as little as can be.
    """
    at = entry.attributes
    mail, delivers = at["mail"], at.get("mailLocalAddress", ())
    issued_for, former = (at.get("congvuIssuedFor") or _UNKNOWN)[0], at.get("congvuFormerAddress")
    primary, gone = mail[0].lower(), entry.state.gone
    if delivers == mail and not former:
        return Holding(primary.removesuffix(suffix), issued_for, gone=gone)
    ends = dict(_ends(value) for value in at.get("congvuAliasUntil", ()))
    lower = (address.lower() for address in delivers)
    return Holding(
        primary.removesuffix(suffix),
        issued_for,
        aliases=tuple(
            Alias(address.removesuffix(suffix), ends.get(address)) for address in lower if address != primary
        ),
        former=tuple(address.lower().removesuffix(suffix) for address in former or ()),
        gone=gone,
    )


def write_holding(layout: Layout, holding: Holding) -> dict[str, tuple[str, ...]]:
    """The attributes that hold `holding`."""
    mail = layout.address(holding.local_part)
    aliases = [layout.address(alias.local_part) for alias in holding.aliases]
    return {
        "mail": (mail,),
        "mailLocalAddress": (*aliases, mail),
        "congvuAliasUntil": tuple(
            f"{address} {alias.until:%Y%m%d}"
            for address, alias in zip(aliases, holding.aliases, strict=True)
            if alias.until
        ),
        "congvuFormerAddress": tuple(map(layout.address, holding.former)),
        "congvuIssuedFor": (holding.issued_for,) if holding.issued_for else (),
    }


def _ends(value: str) -> tuple[str, date]:
    address, _, day = value.partition(" ")
    return address.lower(), datetime.strptime(day, "%Y%m%d").date()
