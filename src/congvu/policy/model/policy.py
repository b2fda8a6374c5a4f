"""The whole policy: the sections, in the order in which `congvu policy show` prints them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from congvu.policy.model.access import Delegation, Handover, Password, SharedFolders
from congvu.policy.model.addresses import PersonRule, Places, UnitRule
from congvu.policy.model.lifecycle import (
    Administration,
    Deadlines,
    Inactivity,
    Incidents,
    Joining,
    Leaving,
    Locking,
    Notices,
    Requests,
    Returning,
)
from congvu.policy.model.mail import Attachments, Mailboxes, Messages, Outside
from congvu.policy.model.oversight import (
    ChecksPerDay,
    Logs,
    OfficeHours,
    Publication,
    Report,
    Service,
)
from congvu.policy.model.parties import (
    Eligibility,
    LegalBasis,
    Party,
    Regulation,
    StaffRegistry,
    Upstream,
)
from congvu.policy.model.sync import Sync
from congvu.policy.values import DomainName, LocalPart, WebAddress
from congvu.strictyaml import InFile

VERSION = 1
"""The version of the schema this package reads."""


class Existing(StrEnum):
    """What a new regulation does with addresses that were issued before it."""

    KEEP = "keep"
    CONVERT = "convert"


@dataclass(frozen=True, slots=True)
class Policy:
    """All that a mail domain's regulation says and a program can honour."""

    version: int
    """The version of the schema: 1."""
    domain: DomainName
    """The mail domain; the file is named for it."""
    regulation: Regulation
    person: PersonRule
    unit: UnitRule
    legal_basis: tuple[LegalBasis, ...] = ()
    """The texts that the regulation rests on."""
    webmail: WebAddress | None = None
    """Where users reach their mail, as the regulation prints it (LD-2.1, HT-QD.2, QT-3)."""
    operator: Party | None = None
    """Who runs the hosts and the accounts (LD-2.2, LD-2.3, HT-4.1a, BT-P4)."""
    approver: Party | None = None
    """Who decides on requests (LD-3, DL-5.1a)."""
    security_officer: Party | None = None
    """Who looks after network security."""
    contact: Party | None = None
    """Where requests and questions go, as it is published (LD-7.2-end2)."""
    upstream: Upstream | None = None
    registry: StaffRegistry | None = None
    eligible: Eligibility = field(default_factory=Eligibility)
    existing_addresses: Existing | None = None
    lists: tuple[LocalPart, ...] = ()
    """Distribution lists; nobody is given their local parts."""
    reserved: tuple[LocalPart, ...] = ()
    """Local parts never issued, besides the built-in list of `congvu.policy.effective`."""
    places: Annotated[Places, InFile(version=1)] | None = None
    """A file beside this one with the names of communes and districts."""
    mailbox: Mailboxes = field(default_factory=Mailboxes)
    attachments: Attachments = field(default_factory=Attachments)
    messages: Messages = field(default_factory=Messages)
    outside: Outside = field(default_factory=Outside)
    password: Password = field(default_factory=Password)
    delegation: Delegation = field(default_factory=Delegation)
    handover: Handover | None = None
    shared_folders: SharedFolders | None = None
    requests: Requests = field(default_factory=Requests)
    deadlines: Deadlines = field(default_factory=Deadlines)
    inactivity: Inactivity | None = None
    locking: Locking = field(default_factory=Locking)
    joining: Joining = field(default_factory=Joining)
    leaving: Leaving = field(default_factory=Leaving)
    dissolution: Leaving = field(default_factory=Leaving)
    """A unit is dissolved, merged or divided."""
    returning: Returning = field(default_factory=Returning)
    notices: Notices = field(default_factory=Notices)
    incidents: Incidents = field(default_factory=Incidents)
    administration: Administration | None = None
    office_hours: OfficeHours | None = None
    checks_per_day: ChecksPerDay = field(default_factory=ChecksPerDay)
    reports: tuple[Report, ...] = ()
    """What is reported, by whom, to whom, how often."""
    directory: Publication | None = None
    logs: Logs = field(default_factory=Logs)
    service: Service = field(default_factory=Service)
    sync: Sync = field(default_factory=Sync)
