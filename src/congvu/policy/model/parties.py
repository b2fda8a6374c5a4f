"""The regulation itself, and the people and bodies it speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from congvu.policy.values import DomainName, Duration, MailAddress, RegulationId


class Validity(StrEnum):
    """Whether a text still binds."""

    IN_FORCE = "in_force"
    ENDED = "ended"
    UNKNOWN = "unknown"


class OrgType(StrEnum):
    """What kind of organisation a unit is (LD-1.1, HT-1.2)."""

    STATE_AGENCY = "state_agency"
    """Cơ quan hành chính nhà nước."""
    PUBLIC_SERVICE_UNIT = "public_service_unit"
    """Đơn vị sự nghiệp."""
    POLITICAL_SOCIAL = "political_social"
    """Tổ chức chính trị - xã hội."""
    PROFESSIONAL = "professional"
    """Tổ chức chính trị - xã hội - nghề nghiệp."""
    ECONOMIC = "economic"
    """Tổ chức kinh tế."""
    ARMED = "armed"
    """Đơn vị vũ trang."""
    PARTY = "party"
    """Cơ quan Đảng."""
    ASSOCIATION = "association"
    """Hội, đoàn thể (BT-P2b)."""


class Employment(StrEnum):
    """The terms on which somebody works (LD-1.2, QT-2, BT-P2a)."""

    OFFICIAL = "official"
    """Cán bộ."""
    CIVIL_SERVANT = "civil_servant"
    """Công chức."""
    PUBLIC_EMPLOYEE = "public_employee"
    """Viên chức."""
    CONTRACT = "contract"
    """Người lao động theo hợp đồng."""
    TEACHER = "teacher"
    """Nhà giáo; Đồng Tháp's regulation of 2025 leaves them out."""
    HEALTH_STAFF = "health_staff"
    """Nhân viên y tế; likewise."""
    GUEST = "guest"
    """A person of an association or a related agency (BT-P2b)."""


@dataclass(frozen=True, slots=True)
class Regulation:
    """The text that this policy is made from."""

    number: str
    """Số, ký hiệu: ``61/2012/QĐ-UBND``."""
    title: str | None = None
    """As it is printed (Quy chế …, Quy định …)."""
    effective_from: date | None = None
    """First day in force (LD-QD.2); left out where the text at hand does not say it (BT)."""
    id: RegulationId | None = None
    """What the ids of its clauses start with in comments: ``LD`` of ``LD-5.2b``."""
    issued_by: str | None = None
    """The body that signed it."""
    issued_on: date | None = None
    """Day of signing."""
    supersedes: tuple[str, ...] = ()
    """Numbers of the texts it replaced (LD-QD.2)."""

    def __post_init__(self) -> None:
        if self.issued_on and self.effective_from and self.effective_from < self.issued_on:
            raise ValueError(f"effective_from {self.effective_from} is before issued_on {self.issued_on}")


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A text that the regulation rests on (its "Căn cứ"); some of them have ended since."""

    title: str
    """As the preamble names it."""
    valid: Validity
    number: str | None = None
    """Left out where the regulation names a law by its title and day only."""
    signed_on: date | None = None
    """Day of signing, where the preamble names it."""
    ended_on: date | None = None
    """First day on which it no longer bound."""
    replaced_by: str | None = None
    """Number of the text that took its place."""

    def __post_init__(self) -> None:
        if self.valid is not Validity.ENDED and (self.ended_on or self.replaced_by):
            raise ValueError("a text with ended_on or replaced_by has 'valid: ended'")


@dataclass(frozen=True, slots=True)
class Party:
    """A body with a part in running the system."""

    name: str
    """Official name."""
    under: str | None = None
    """The body it belongs to (LD-2.2)."""
    mail: MailAddress | None = None
    """Where it reads mail."""
    phone: str | None = None
    """Number to call."""
    postal_address: str | None = None
    """Where paper goes."""
    ended_on: date | None = None
    """First day on which it no longer existed."""
    succeeded_by: str | None = None
    """Official name of the body that took over."""


@dataclass(frozen=True, slots=True)
class Guests:
    """Mailboxes for associations, related agencies and single persons who register (BT-P2b)."""

    sponsor: bool | None = None
    """A guest needs a unit that answers for them."""
    until: bool | None = None
    """A guest needs an end date."""


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who is given a mailbox (LD-1.1, LD-1.2, HT-1.2, QT-2, BT-P2a)."""

    org_types: tuple[OrgType, ...] | None = None
    """Organisations in scope."""
    excluded_org_types: tuple[OrgType, ...] = ()
    """Ruled by somebody else, such as the Party's bodies (LD-1.3)."""
    employment: tuple[Employment, ...] | None = None
    """People in scope."""
    excluded_employment: tuple[Employment, ...] = ()
    """People out of scope, where the regulation names these only."""
    min_contract: Duration | None = None
    """Shortest contract that gives a right to a mailbox."""
    guests: Guests | None = None

    def __post_init__(self) -> None:
        if both := sorted({*(self.org_types or ())} & {*self.excluded_org_types}):
            raise ValueError(f"excluded_org_types: {', '.join(both)} is in org_types, too")
        if named := sorted({*(self.employment or ())} & {*self.excluded_employment}):
            raise ValueError(f"excluded_employment: {', '.join(named)} is in employment, too")


@dataclass(frozen=True, slots=True)
class Upstream:
    """The tier above, which is fed with our changes (DL-4.1, DL-5.1b, DL-5.3)."""

    name: str
    """Official name of the body that is fed."""
    domain: DomainName | None = None
    """Its mail domain (DL-3b)."""


@dataclass(frozen=True, slots=True)
class StaffRegistry:
    """Who keeps the staff registry that accounts follow (DL-5.2, QT-5b)."""

    kept_by: str
    """Who lists people and changes, and hands them in."""
