"""Who gets into a mailbox: passwords, delegation, handover, shared folders."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from congvu.policy.values import Duration, MailAddress
from congvu.strictyaml import Between

Length = Annotated[int, Between(1, 128)]
"""Characters of a password."""


class Banned(StrEnum):
    """Words of one's own that a password must not have in it."""

    LOGIN = "login"
    FULL_NAME = "full_name"
    BIRTH_DATE = "birth_date"


class SecondFactor(StrEnum):
    """What is asked for besides the password."""

    NONE = "none"
    TOTP = "totp"
    SMS = "sms"


class Role(StrEnum):
    """A person's office in the unit."""

    HEAD = "head"
    """Thủ trưởng."""
    DEPUTY_HEAD = "deputy_head"
    """Phó thủ trưởng."""
    CHIEF_OF_OFFICE = "chief_of_office"
    """Chánh Văn phòng."""
    CLERK = "clerk"
    """Văn thư."""
    DIVISION_HEAD = "division_head"
    """Trưởng phòng, giám đốc trung tâm và tương đương."""
    OFFICIAL = "official"
    """Any official of the unit."""
    OFFICE = "office"
    """Văn phòng, as a body."""


class Handed(StrEnum):
    """What an old head hands over to the new one."""

    MAILBOX = "mailbox"
    PASSWORD = "password"  # noqa: S105  (a word of the regulations, not a secret)
    """A new one is set; the old one is never told (one account, one person)."""
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Lockout:
    """Wrong passwords in a row lock an account."""

    failures: Annotated[int, Between(1, 100, "0 would lock everybody out")]
    """So many in a row."""
    unlock_after: Duration | None = None
    """Left out: an administrator unlocks."""

    def __str__(self) -> str:
        return f"{self.failures} failures, {self.unlock_after or 'until an administrator unlocks'}"


@dataclass(frozen=True, slots=True)
class AdminPassword:
    """Stricter values for administrators."""

    min_length: Length | None = None
    """Fewest characters."""
    max_age: Duration | None = None
    """When it must be changed."""


@dataclass(frozen=True, slots=True)
class Password:
    """Rules for passwords."""

    min_length: Length | None = None
    """Fewest characters."""
    classes: Annotated[int, Between(1, 4)] | None = None
    """How many of the four kinds it must have: capitals, small letters, digits, other signs."""
    history: Annotated[int, Between(0, 100)] | None = None
    """So many of the last ones are not taken again."""
    max_age: Duration | None = None
    """When it must be changed."""
    banned: tuple[Banned, ...] = ()
    """Words of one's own it must not have in it."""
    admin: AdminPassword = AdminPassword()
    must_change: bool | None = None
    """The initial password lets its owner change it and nothing else (LD-12.1, HT-6.1, QT-4.3d)."""
    initial_valid: Duration | None = None
    """How long an initial password may wait for its first use; then the account is locked."""
    lockout: Lockout | None = None
    second_factor: SecondFactor | None = None
    reset_through: str | None = None
    """Who receives the report of a lost or leaked password (LD-12.3, HT-6.1, QT-4.3đ, DL-7.5)."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who may use a unit's mailbox besides its head (LD-11.1, HT-7.2, DL-8.1)."""

    needs_document: bool | None = None
    """A delegation is in writing."""
    roles: tuple[Role, ...] | None = None
    """Who it may be given to (HT-7.2, DL-8.3); left open: anybody in the unit."""
    owners: tuple[Role, ...] | None = None
    """Who owns the mailbox by office. Several may own one (DL-8.3)."""
    needs_watcher: bool | None = None
    """Somebody is named who watches the mailbox and reports to the head (LD-10.2đ, QT-4.1b, QT-4.2b)."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What goes to the new head of a unit (LD-11.3, HT-7.4, QT-4.2c, DL-8.2)."""

    includes: tuple[Handed, ...]
    """What the regulation lists."""


@dataclass(frozen=True, slots=True)
class SharedFolders:
    """Folders in which units show their work to the leadership (DL-4.2)."""

    writers: tuple[Role, ...] | None = None
    """Who of the unit writes; everybody else of the unit reads."""
    readers: tuple[Role, ...] | None = None
    """Who of the agency reads all of them."""
    fresh_within: tuple[Duration, ...] = ()
    """A folder without news for longer is reported: weekly and monthly programmes (DL-4.2c)."""
    posting_address: MailAddress | None = None
    """Where units without the network send what belongs into their folder (DL-4.2b)."""
