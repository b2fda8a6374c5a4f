"""The life of an account: requests, states, timers, notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from congvu.policy.values import Duration
from congvu.strictyaml import Between


class Removal(StrEnum):
    """What becomes of an account whose time is over."""

    LOCK = "lock"
    """No login; mail is still delivered."""
    SUSPEND = "suspend"
    """No login and no delivery; it can come back as it was."""
    REVOKE = "revoke"
    """Login and delivery stop; the address stays as a tombstone and is never issued again."""
    DELETE = "delete"
    """As `REVOKE`, and the mail goes when the hold is over (HT-5.2).

    Without a hold the mail of whoever left goes on the next day.
    """


class LockCause(StrEnum):
    """Why an account may be locked without anybody asking for it."""

    FAILED_LOGINS = "failed_logins"
    SEND_LIMIT = "send_limit"
    MALWARE = "malware"
    LEAKED = "leaked"
    """Taken over, or its password known to others."""
    ABUSE = "abuse"
    """Acts that the regulation forbids."""
    INITIAL_UNUSED = "initial_unused"
    """The initial password was not changed in time."""
    INACTIVITY = "inactivity"
    LEAVING = "leaving"


class Recipient(StrEnum):
    """Who is told of an event."""

    PERSON = "person"
    UNIT = "unit"
    """The unit's official mailbox (LD-7.2)."""
    IT_CONTACT = "it_contact"
    """The unit's IT officer (LD-10.2d)."""
    OPERATOR = "operator"
    APPROVER = "approver"
    SECURITY_OFFICER = "security_officer"
    SENDER = "sender"
    """The agency that sent a message (LD-11.6)."""


class Channel(StrEnum):
    """How a request may come in."""

    UNIT_MAILBOX = "unit_mailbox"
    """A scan sent from the unit's own official mailbox (LD-7.3a)."""
    PAPER = "paper"
    """A document on paper (LD-7.1)."""


class Proof(StrEnum):
    """What a request must bear."""

    DOCUMENT = "document"
    """A document with a number (văn bản)."""
    SIGNATURE = "signature"
    SEAL = "seal"
    LIST = "list"
    """A list of the people it is about (LD-7.2a, QT-5b)."""
    DECISION = "decision"
    """The decision on recruitment, transfer or retirement (LD-7.2b, HT-5.1, DL-6)."""


class Event(StrEnum):
    """What a list of requests may ask for (LD-7.1, QT-5b)."""

    ISSUE = "issue"
    CHANGE = "change"
    REISSUE = "reissue"
    REVOKE = "revoke"


class AdminTask(StrEnum):
    """What an organisation's own administrator may do."""

    CREATE_PEOPLE = "create_people"
    RESET_PASSWORD = "reset_password"  # noqa: S105  (a task, not a secret)
    LOCK = "lock"
    STATISTICS = "statistics"


@dataclass(frozen=True, slots=True)
class Requests:
    """How mailboxes are asked for (LD-7.1, LD-7.3, HT-5.1, QT-1.5, QT-5b)."""

    channels: tuple[Channel, ...] | None = None
    """Ways that are open; others are refused."""
    own_domain_only: bool | None = None
    """A request by mail from another domain is refused (LD-7.3b)."""
    needs: tuple[Proof, ...] | None = None
    """What a request must bear (LD-7.3a)."""
    addressees: tuple[Recipient, ...] | None = None
    """Who must receive it; with several, each of them (HT-5.1)."""
    through: str | None = None
    """The one unit that collects the requests of an agency (QT-1.5)."""
    events: tuple[Event, ...] | None = None
    """What may be asked for."""
    template_published: bool | None = None
    """The operator publishes a template of the list (LD-7.2-end2)."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long the operator has. The seeds say "at once"; the texts of 2025 give working days and hours."""

    issue: Duration | None = None
    """A new mailbox."""
    change: Duration | None = None
    """A change of a name, a unit, a size."""
    revoke: Duration | None = None
    """A revocation that a unit asks for."""
    unlock: Duration | None = None
    """Unlocking a locked account."""
    reset_password: Duration | None = None
    """A new password for a lost one."""
    support: Duration | None = None
    """An answer to a question or a fault."""


@dataclass(frozen=True, slots=True)
class Inactivity:
    """What follows when nobody opens a mailbox (LD-7.2d)."""

    after: Duration
    """Counted from the last access, or from creation where there was none."""
    warn_before: Duration | None = None
    """How long before that the owner is told."""
    then: Removal | None = None
    exemption: bool | None = None
    """Whether a reason given keeps the mailbox (LD-7.2d: "mà không thông báo lý do")."""


@dataclass(frozen=True, slots=True)
class Locking:
    """An account that is locked for a time, and still receives."""

    causes: tuple[LockCause, ...] = ()
    """What locks an account without a request."""
    revoke_after: Duration | None = None
    """A lock that nobody asks to lift becomes a revocation."""
    new_password: bool | None = None
    """Unlocking sets a new password."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """What follows when somebody leaves, or a unit is dissolved (LD-7.2c, HT-5.2, QT-4.3h, DL-6b)."""

    then: Removal | None = None
    hold: Duration | None = None
    """How long the mail is kept afterwards."""
    hold_classes: Mapping[str, Duration] = field(default_factory=lambda: MappingProxyType({}))
    """Other holds by the class in the registry. The directory knows none: the longest of all counts."""
    auto_reply: bool | None = None
    """Where mail is still received, its senders are told once that nobody reads it."""
    report_within: Duration | None = None
    """How soon the organisation must tell."""


@dataclass(frozen=True, slots=True)
class Joining:
    """Somebody, or a unit, gets a mailbox for the first time."""

    needs_approval: bool | None = None
    """It waits, reserved, until the approver has decided (LD-3), unless the row names the document."""


@dataclass(frozen=True, slots=True)
class Returning:
    """Somebody whose mailbox was revoked needs it again (LD-7.2d)."""

    needs_document: bool | None = None
    """The head asks for it in writing."""


@dataclass(frozen=True, slots=True)
class Notices:
    """Who is told of what (LD-7.2, closing paragraph). An empty list: nobody, and that is said."""

    issued: tuple[Recipient, ...] | None = None
    """A mailbox was made."""
    changed: tuple[Recipient, ...] | None = None
    """An address, a unit or a size changed."""
    reissued: tuple[Recipient, ...] | None = None
    """A revoked mailbox came back."""
    reset: tuple[Recipient, ...] | None = None
    """A new password was set for a lost or leaked one (LD-12.3)."""
    locked: tuple[Recipient, ...] | None = None
    """No login from now on."""
    unlocked: tuple[Recipient, ...] | None = None
    """Login again."""
    revoked: tuple[Recipient, ...] | None = None
    """The mailbox was taken away, by a timer or by the operator."""
    revoked_at_units_request: tuple[Recipient, ...] | None = None
    """Likewise, because the unit asked for it."""
    inactive_soon: tuple[Recipient, ...] | None = None
    """The warning before `Inactivity` strikes."""
    handed_over: tuple[Recipient, ...] | None = None
    """A unit's mailbox has another head; `Recipient.PERSON` are the old one and the new one (LD-11.3)."""
    quota_nearly_full: tuple[Recipient, ...] | None = None
    """A share of `Mailboxes.warn_at` was reached."""


@dataclass(frozen=True, slots=True)
class Incidents:
    """Who must hear of an incident."""

    fault: tuple[str, ...] = ()
    """A fault of the system (LD-11.5, HT-6.7, QT-4.3i, DL-7.7): names of bodies."""
    secret_found: tuple[Recipient, ...] | None = None
    """A state secret in a mailbox; told at once so that it can be removed (LD-11.6)."""


@dataclass(frozen=True, slots=True)
class Administration:
    """What each organisation's own administrator may do."""

    tasks: tuple[AdminTask, ...]
    """What is left to the organisation."""
    accounts: Annotated[int, Between(1, 1000)] | None = None
    """Most administrators of one organisation."""
