"""Typed operations: what a plan consists of. Each stands alone, says why, and can be repeated (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from congvu.directory.model import UNITS, Entry

_PASSWORD, _RESET = "userPassword", "pwdReset"


class Event(StrEnum):
    """What happened to a person or a unit, in the registry's world. An operation has one: the weightiest."""

    STRUCTURE = "structure"
    """An entry that other entries stand below."""
    JOIN = "join"
    RETURN = "return"
    """Somebody, or a unit, is back: the old address comes back, too."""
    LEAVE = "leave"
    RENAME = "rename"
    MOVE = "move"
    """To another unit."""
    POSITION = "position"
    """A promotion, or any other change of title."""
    QUOTA = "quota"
    ADDRESS = "address"
    """An address was agreed, imported, or an alias ended."""
    DETAILS = "details"
    """Telephone and the like."""
    UNIT_NEW = "unit_new"
    UNIT_RENAMED = "unit_renamed"
    UNIT_MOVED = "unit_moved"
    """Below another unit."""
    UNIT_MERGED = "unit_merged"
    """Its row names one unit that takes over."""
    UNIT_SPLIT = "unit_split"
    """Its row names several units that take over."""
    UNIT_DISSOLVED = "unit_dissolved"
    HEAD = "head"
    """A unit has another head."""


class Act(StrEnum):
    """What a person in charge, or a timer, does to an account, see `congvu.lifecycle.transitions`."""

    APPROVED = "approved"
    """Who waited for a decision gets the mailbox (LD-3)."""
    BEGUN = "begun"
    """Its owner has set a password of their own."""
    RESET = "reset"
    """A new initial password for a lost one."""
    EXPIRED = "expired"
    """The initial password was not used in time."""
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    """Revoked because the unit asked for it."""
    RESTORED = "restored"
    EXEMPTED = "exempted"
    """It may stay unused until a day."""
    WARNED = "warned"
    """Nobody uses it; its owner is told what follows."""
    INACTIVE = "inactive"
    """Nobody has used it for too long."""
    LAPSED = "lapsed"
    """Locked for too long."""
    PURGED = "purged"
    """The time is over for which the mail is kept: what is left is who had which address."""
    DELEGATED = "delegated"
    """Somebody may use a unit's mailbox, see `congvu.lifecycle.delegation`."""
    DELEGATION_ENDED = "delegation_ended"
    HANDED_OVER = "handed_over"
    """A unit's mailbox goes to its next head, see `congvu.lifecycle.handover`."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an operation is wanted."""

    event: Event | Act
    text: str
    """In words, for the plan and the audit log."""
    place: str = ""
    """File and row of the registry; empty where no row asks for it."""
    clause: str = ""
    """Clause of the regulation, or of the design, that asks for it."""
    document: str = ""
    """Number of the document, where the row has one."""


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute from `before` to `after`; no values after means the attribute goes."""

    attribute: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def secret(self) -> bool:
        """Whether `before` is not ours to know: a password is taken away unread, whatever its owner did."""
        return self.attribute in (_PASSWORD, _RESET)

    @classmethod
    def no_password(cls) -> tuple[Change, Change]:
        """The end of an account's password.

        ppolicy's note of when it was set stays; ``pwdReset: FALSE`` says that there is none any more
        (`congvu.sync.issuing` looks for it).
        """
        return cls(_PASSWORD, (), ()), cls(_RESET, (), ("FALSE",))


@dataclass(frozen=True, slots=True)
class Add:
    """Create an entry."""

    domain: str
    """The mail domain."""
    entry: Entry
    reason: Reason

    @property
    def dn(self) -> str:
        """DN of the new entry."""
        return self.entry.dn

    @property
    def label(self) -> str:
        """What names the entry to a person: its address, else the DN."""
        return self.entry.value("mail") or self.entry.dn

    @property
    def unit_id(self) -> str:
        """The unit concerned; empty for what belongs to none."""
        return self.entry.unit_id


@dataclass(frozen=True, slots=True)
class Modify:
    """Change attributes of an entry, in one LDAP operation: all of them or none."""

    domain: str
    entry: Entry
    """The entry as it was read."""
    changes: tuple[Change, ...]
    reason: Reason

    @property
    def dn(self) -> str:
        """DN of the entry."""
        return self.entry.dn

    @property
    def label(self) -> str:
        """What names the entry to a person: the address it had, else the DN."""
        return self.entry.value("mail") or self.entry.dn

    @property
    def unit_id(self) -> str:
        """The unit concerned, as it was; empty for what belongs to none."""
        return self.entry.unit_id


Operation = Add | Modify


@dataclass(frozen=True, slots=True)
class DomainPlan:
    """What one mail domain needs, in an order in which it can be done and cut off anywhere."""

    domain: str
    operations: tuple[Operation, ...]
    unchanged: int
    """Accounts that are as they should be."""
    in_use: int
    """Accounts, people and units, that were in use before."""
    findings: tuple[str, ...]
    """What a person should know; nothing is done about it."""
    problems: tuple[str, ...]
    """What a person must settle; a plan with problems is not applied."""
    absent: frozenset[str] = frozenset()
    """Keys (``people/CB0001``, ``units/A01``) of the accounts in use that have no row."""

    @property
    def added(self) -> int:
        """Number of new accounts; containers do not count."""
        return sum(isinstance(operation, Add) and operation.entry.managed for operation in self.operations)

    @property
    def changed(self) -> int:
        """Number of entries to change."""
        return sum(isinstance(operation, Modify) for operation in self.operations)


_POINTERS = frozenset({"congvuHead", "congvuSuccessor", "congvuParent", "congvuOwner", "congvuLeader"})


def level(operation: Operation) -> int:
    """The barrier an operation waits behind: all of a lower level are answered before it is sent.

    0 what others stand below, one level for each step down; then what gives up a value that is unique;
    then units; then people; last what points at an entry, which may be new.
    """
    entry = operation.entry
    if not entry.managed:
        return min(entry.dn.count(","), 20)
    if isinstance(operation, Modify):
        return 24 if any(one.attribute in _POINTERS and one.after for one in operation.changes) else 21
    return 22 if entry.kind == UNITS else 23
