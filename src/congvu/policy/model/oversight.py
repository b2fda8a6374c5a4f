"""What is counted, reported, published and kept; what the service owes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from congvu.policy.model.mail import Permission
from congvu.policy.values import Duration, Hours, MonthDay
from congvu.strictyaml import Between

Times = Annotated[int, Between(1, 48)]
"""Openings of a mailbox on one day."""


class CheckTime(StrEnum):
    """When a mailbox is to be opened (HT-9.1)."""

    START_OF_MORNING = "start_of_morning"
    START_OF_AFTERNOON = "start_of_afternoon"


class Subject(StrEnum):
    """What a report is about."""

    USE = "use"
    """How mailboxes are used, and how the regulation is kept (LD-13.1, LD-14, HT-10.2, BT-P5b)."""
    EVALUATION = "evaluation"
    """The approver's assessment for the committee (HT-4.2c)."""
    CAPACITY = "capacity"
    """Storage and users, for the plan and the budget (LD-9.1, LD-9.9, HT-4.1a7)."""
    LOCKED = "locked"
    """Locked accounts, for the agencies."""


class Body(StrEnum):
    """Who reports, or is reported to."""

    UNIT = "unit"
    """Each agency."""
    OPERATOR = "operator"
    APPROVER = "approver"
    COMMITTEE = "committee"
    """The people's committee, or the minister."""
    HEAD = "head"
    """The head of the agency (DL-QD.2)."""


class Every(StrEnum):
    """How often a report is due."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"

    @property
    def per_year(self) -> int:
        """How many there are in a year."""
        return {Every.MONTH: 12, Every.QUARTER: 4, Every.HALF_YEAR: 2, Every.YEAR: 1}[self]


class Published(StrEnum):
    """What of an entry may stand in the public directory (LD-6.4)."""

    NAME = "name"
    POSITION = "position"
    UNIT = "unit"
    ADDRESS = "address"
    PHONE = "phone"


class Where(StrEnum):
    """Where the directory is published (LD-6.4)."""

    PORTAL = "portal"
    """The province's portal: the whole."""
    AGENCY_SITE = "agency_site"
    """Each agency's own site: its part."""


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """Office hours (giờ hành chính), which windows of `ChecksPerDay` refer to."""

    morning: Hours
    """From the first to the last minute before noon."""
    afternoon: Hours
    """Likewise after noon."""

    def __post_init__(self) -> None:
        if self.afternoon.start < self.morning.end:
            raise ValueError("the afternoon starts before the morning ends")


@dataclass(frozen=True, slots=True)
class ChecksPerDay:
    """How often a mailbox is to be opened (LD-11.4, LD-12.2a, HT-9)."""

    person: Times | None = None
    """Fewest openings of a person's mailbox."""
    unit: Times | None = None
    """Fewest openings of a unit's mailbox, by the head or whom the head delegated."""
    unit_at: tuple[CheckTime, ...] = ()
    """When a unit's mailbox is to be opened (HT-9.1)."""
    working_days_only: bool | None = None
    """Weekends and holidays do not count (HT-9.2)."""
    min_gap: Duration | None = None
    """Two openings closer than this count once; a client asks every minute."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report that is due again and again (LD-14, HT-4.2c, HT-10.2)."""

    about: Subject
    by: Body
    to: tuple[Body, ...] = ()
    """Left open where the regulation does not name the reader."""
    every: Every | None = None
    """Left open: "periodically", without a period (DL-QD.2)."""
    ends: tuple[MonthDay, ...] = ()
    """Last days of the periods, where they are not those of the calendar: ``12-10``."""
    due: tuple[MonthDay, ...] = ()
    """Days by which it must be there, one for each period of a year."""

    def __post_init__(self) -> None:
        for name, days in (("ends", self.ends), ("due", self.due)):
            if days and (self.every is None or len(days) != self.every.per_year):
                times = self.every.per_year if self.every else 0
                raise ValueError(f"{name}: {len(days)} days, but {times} such reports in a year")


@dataclass(frozen=True, slots=True)
class Publication:
    """The public directory (LD-6.4)."""

    publish: tuple[Published, ...] | None = None
    """Which fields; the regulations say that there is a directory, not what stands in it."""
    where: tuple[Where, ...] = ()
    """Places of publication."""


@dataclass(frozen=True, slots=True)
class Logs:
    """Records of logins, deliveries and changes."""

    keep: Duration | None = None
    """Shortest time that they are kept."""
    review_every: Duration | None = None
    """How often somebody reads them."""


@dataclass(frozen=True, slots=True)
class Backup:
    """Backup of mail (LD-9.7, HT-4.1a4)."""

    required: bool | None = None
    """There must be one; the regulation may say no more than that."""
    every: Duration | None = None
    """How often it is made."""
    other_storage: bool | None = None
    """Kept on storage other than the mail's."""
    restore_test_every: Duration | None = None
    """How often a restore is tried."""


@dataclass(frozen=True, slots=True)
class Service:
    """What the operator owes (LD-9, HT-4.1a, DL-5.1b, BT-P4)."""

    around_the_clock: bool | None = None
    """24 hours on 7 days (LD-9.3, HT-4.1a1), or "without interruption" (BT-P4)."""
    antivirus: bool | None = None
    """Every message is searched for viruses (LD-9.6, HT-4.1a3)."""
    antispam: bool | None = None
    """Spam, and mail unfit for official use, is kept out (LD-9.5, HT-4.1a3)."""
    dmarc: bool | None = None
    """SPF, DKIM and DMARC records are published and obeyed."""
    backup: Backup = Backup()
    own_mail_systems: Permission | None = None
    """Whether agencies may run mail systems of their own; hosts that are not ours are reported (LD-4.1)."""
    applications: Permission | None = None
    """Whether operating applications may send with accounts of their own (HT-4.2e)."""
    internal_zone: bool | None = None
    """Names are resolved to internal addresses within the agency's network (DL-3a)."""
