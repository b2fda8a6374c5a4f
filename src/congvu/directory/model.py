"""The tree in LDAP, in types: which entries there are, what they hold, and who may change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from congvu.directory.dn import dn_key as dn_key  # noqa: PLC0414  (callers have it from here)
from congvu.directory.dn import escape

MANAGED_CLASS = "congvuAccount"
"""The auxiliary class that marks an account as ours. An entry without it is never touched."""
DOMAIN_CLASS = "congvuDomain"
"""The auxiliary class by which Postfix and Dovecot find the mail domains."""
PEOPLE, UNITS = "people", "units"
RIGHTS = ("congvuHead", "congvuOwner", "congvuReader", "congvuAnswerer", "congvuDelegate", "congvuLeader")
"""Attributes of a unit that name who may do something with its mailbox or its shared folder."""


class State(StrEnum):
    """``congvuState`` of an account. The sync sets `INITIAL` and `REVOKED`; the others are set elsewhere."""

    PENDING = "pending"
    """Asked for, not approved."""
    INITIAL = "initial"
    """Issued; receives mail, and has no password or one that must be changed."""
    ACTIVE = "active"
    LOCKED = "locked"
    """No login, still receives."""
    SUSPENDED = "suspended"
    """No login, no delivery; it can come back as it was."""
    REVOKED = "revoked"
    """No login, no delivery; the address is a tombstone."""
    PURGED = "purged"
    """As revoked, and the mail is gone."""

    @property
    def gone(self) -> bool:
        """Whether the account is a tombstone."""
        return self in (State.REVOKED, State.PURGED)

    @property
    def delivers(self) -> bool:
        """Whether mail to the account is accepted and stored."""
        return self in (State.INITIAL, State.ACTIVE, State.LOCKED)


_STATES: Mapping[str, State] = {str(state): state for state in State}


@dataclass(frozen=True, slots=True)
class Entry:
    """One LDAP entry: its DN and those attributes that the sync reads or writes.

    Values are text, NFC for what we write and verbatim for what we read; multi-valued attributes are
    sets, so their order means nothing.
    """

    dn: str
    attributes: Mapping[str, tuple[str, ...]]

    @classmethod
    def build(cls, dn: str, classes: Iterable[str], values: Mapping[str, str | Iterable[str]]) -> Entry:
        """An entry of the given object classes; empty values are left out, LDAP has none."""
        attributes: dict[str, tuple[str, ...]] = {"objectClass": tuple(classes)}
        for name, value in values.items():
            listed = (value,) if isinstance(value, str) else tuple(value)
            if kept := tuple(text for text in listed if text):
                attributes[name] = kept
        return cls(dn, MappingProxyType(attributes))

    def values(self, attribute: str) -> tuple[str, ...]:
        """All values of `attribute`; none when it is absent."""
        return self.attributes.get(attribute, ())

    def value(self, attribute: str) -> str:
        """The first value of `attribute`; empty when it is absent."""
        return next(iter(self.values(attribute)), "")

    def has_class(self, name: str) -> bool:
        """Whether the entry is of object class `name`, compared as LDAP does."""
        classes = self.values("objectClass")
        return name in classes or name.casefold() in {value.casefold() for value in classes}

    @property
    def managed(self) -> bool:
        """Whether the sync may change this entry."""
        return self.has_class(MANAGED_CLASS)

    @property
    def state(self) -> State:
        """The account's state. Raises ``ValueError`` on a word that is none."""
        word = self.value("congvuState")
        return _STATES.get(word) or State(word.lower())

    @property
    def kind(self) -> str:
        """`PEOPLE` or `UNITS` of an account of ours; empty of others."""
        if not self.managed:
            return ""
        return PEOPLE if self.has_class("inetOrgPerson") else UNITS

    @property
    def key(self) -> str:
        """Names an account within its mail domain: ``people/CB0001``, ``units/A01``."""
        return f"{self.kind}/{self.value('uid')}"

    @property
    def unit_id(self) -> str:
        """The unit that an account belongs to: a person's, or the unit itself; empty of other entries."""
        kind = self.kind
        return self.value("departmentNumber") if kind == PEOPLE else self.value("uid") if kind else ""

    @property
    def with_rights(self) -> frozenset[str]:
        """DNs of all who have a right in this unit's mailbox or in its shared folder."""
        return frozenset(dn for right in RIGHTS for dn in self.values(right))

    @property
    def in_use(self) -> bool:
        """Whether this is an account of ours that has not become a tombstone."""
        return self.managed and not self.state.gone

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address the entry holds, lower-case; the primary first."""
        found = (*self.values("mail"), *self.values("mailLocalAddress"))
        return tuple(dict.fromkeys(address.lower() for address in found))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All entries below the base at one moment. The ledger of issued addresses is in it."""

    base: str
    entries: Mapping[str, Entry]
    """By `dn_key`."""
    _below: dict[str, list[Entry]] = field(default_factory=dict, repr=False, compare=False)
    """By the key of the parent; made when it is asked for."""

    @classmethod
    def of(cls, base: str, entries: Iterable[Entry]) -> Snapshot:
        """Index `entries` by DN."""
        return cls(base, MappingProxyType({dn_key(entry.dn): entry for entry in entries}))

    def plus(self, entries: Iterable[Entry]) -> Snapshot:
        """This snapshot as it will be once `entries` are added."""
        new = {dn_key(entry.dn): entry for entry in entries}
        return Snapshot(self.base, MappingProxyType({**self.entries, **new}))

    def get(self, dn: str) -> Entry | None:
        """The entry at `dn`, however that is written; None when there is none."""
        return self.entries.get(dn_key(dn))

    def children(self, dn: str) -> tuple[Entry, ...]:
        """The entries directly below `dn`, in the order of their DNs."""
        if not self._below:
            for key in sorted(self.entries):
                self._below.setdefault(key.partition(",")[2], []).append(self.entries[key])
        return tuple(self._below.get(dn_key(dn), ()))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the entries of one mail domain stand."""

    base: str
    """Suffix of the directory, such as ``dc=gov,dc=vn``."""
    domain: str

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError(f"the mail domain {self.domain} does not lie below the base {self.base}")

    @property
    def steps(self) -> tuple[str, ...]:
        """DNs from below the base down to the domain's own entry, which is the last."""
        suffix = dn_key(self.base)
        parts = [f"dc={label}" for label in self.domain.split(".")]
        dns = [",".join(parts[index:]) for index in range(len(parts))]
        if suffix not in dns or dns[0] == suffix:
            return ()
        return tuple(reversed(dns[: dns.index(suffix)]))

    @property
    def dn(self) -> str:
        """DN of the domain's own entry."""
        return self.steps[-1]

    @property
    def people(self) -> str:
        """DN of the container of people. They are flat: a move between units never renames a DN."""
        return f"ou={PEOPLE},{self.dn}"

    @property
    def units(self) -> str:
        """DN of the container of units."""
        return f"ou={UNITS},{self.dn}"

    @property
    def suffix(self) -> str:
        """What every address of the domain ends in, ``@`` included."""
        return f"@{self.domain}"

    def address(self, local_part: str) -> str:
        """An address of the domain; one that is somebody else's domain's already stays as it is."""
        return local_part if "@" in local_part else local_part + self.suffix

    def local_part(self, address: str) -> str:
        """Left of the ``@`` for the domain's own addresses; the whole, lower-case, for others."""
        return address.lower().removesuffix(self.suffix)

    def person(self, staff_id: str) -> str:
        """DN of a person."""
        return f"uid={escape(staff_id)},{self.people}"

    def unit(self, unit_id: str) -> str:
        """DN of a unit."""
        return f"uid={escape(unit_id)},{self.units}"
