"""A mail domain's policy: what its regulation says, in types. ``None`` means the regulation leaves it open.

The dataclasses are the schema of ``inventory/policy/<domain>.yml`` (read by `congvu.strictyaml`); a key
is a field. Clause numbers are those of the reference regulation, Lâm Đồng 61/2012/QĐ-UBND (``LD-…``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from congvu.policy.model.addresses import PersonRule, Places, UnitRule
from congvu.policy.values import DomainName, Duration, LocalPart, Size
from congvu.strictyaml import InFile

VERSION = 1
"""The version of the schema this package reads."""


class OverQuota(StrEnum):
    """What RCPT answers when the mailbox is full. No regulation says it."""

    REJECT = "reject"
    """5xx: the sender learns at once."""
    DEFER = "defer"
    """4xx: the sending host tries again for some days."""


class Removal(StrEnum):
    """What becomes of an account whose time is over."""

    REVOKE = "revoke"
    """Login and delivery stop; the address stays as a tombstone and is never issued again."""


class Notice(StrEnum):
    """Who is told of an event."""

    UNIT = "unit"
    """The unit's official mailbox (LD-7.2)."""
    NONE = "none"


class Published(StrEnum):
    """What of an entry may stand in the public directory (LD-6.4)."""

    NAME = "name"
    POSITION = "position"
    UNIT = "unit"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Regulation:
    """The legal basis."""

    number: str
    title: str
    effective_from: date
    """First day in force (LD-QD.2)."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs the system and the accounts (LD-2.2, LD-2.3)."""

    name: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Attachments:
    """Files in a message."""

    limit: Size | None = None
    """Decoded size of all attachments of one message (LD-6.2)."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """What follows when somebody leaves (LD-7.2c)."""

    then: Removal | None = None
    hold: Duration | None = None
    """How long the mail is kept after revocation."""


@dataclass(frozen=True, slots=True)
class Password:
    """Rules for passwords."""

    min_length: int | None = None
    """Fewest characters."""
    initial_valid: Duration | None = None
    """How long an initial password may wait for its first use."""


@dataclass(frozen=True, slots=True)
class Inactivity:
    """What follows when nobody opens a mailbox (LD-7.2d)."""

    after: Duration
    """Counted from the last access, or from creation where there was none."""
    warn_before: Duration | None = None
    then: Removal = Removal.REVOKE


@dataclass(frozen=True, slots=True)
class Notices:
    """Who is told of what (LD-7.2, closing paragraph)."""

    issued: Notice | None = None
    revoked: Notice | None = None
    revoked_at_units_request: Notice | None = None


@dataclass(frozen=True, slots=True)
class ChecksPerDay:
    """How often a mailbox is to be opened each working day (LD-11.4, LD-12.2a)."""

    person: int | None = None
    unit: int | None = None
    min_gap: Duration | None = None
    """Two openings closer than this count once."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The public directory (LD-6.4)."""

    publish: tuple[Published, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """All that a mail domain's regulation says and a program can honour."""

    version: int
    domain: DomainName
    regulation: Regulation
    person: PersonRule
    unit: UnitRule
    operator: Operator | None = None
    lists: tuple[LocalPart, ...] = ()
    """Distribution lists; nobody is given their local parts."""
    reserved: tuple[LocalPart, ...] = ()
    """Local parts never issued, besides the built-in list of `congvu.policy.effective`."""
    places: Annotated[Places, InFile(version=1)] | None = None
    """A file beside this one with the names of communes and districts."""
    attachments: Attachments = Attachments()
    over_quota: OverQuota | None = None
    leaving: Leaving = Leaving()
    password: Password = Password()
    inactivity: Inactivity | None = None
    notices: Notices = Notices()
    checks_per_day: ChecksPerDay = ChecksPerDay()
    directory: Publication | None = None
