"""What a registry says, in types. All text is NFC with single spaces; marks and case are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from congvu.naming.names import as_written
from congvu.policy.model import Employment, OrgType
from congvu.policy.values import Size
from congvu.registry.places import Place
from congvu.registry.problems import Problem

__all__ = ["Action", "Employment", "OrgType", "Person", "Registry", "Status", "Unit"]


class Status(StrEnum):
    """What the registry says of somebody. Who left has a row that says so; an absent row says nothing."""

    WORKING = "working"
    LEFT = "left"
    """Transfer out of the province, retirement or resignation (LD-7.2c)."""


class Action(StrEnum):
    """What an office asks for in a request form (QT-5b; forms of Nghệ An and Đồng Tháp, others.md)."""

    CREATE = "create"
    """Cấp mới."""
    CHANGE = "change"
    """Thay đổi."""
    LOCK = "lock"
    """Tạm khóa."""
    RESTORE = "restore"
    """Khôi phục, mở khóa."""
    REVOKE = "revoke"
    """Thu hồi, hủy."""
    DELETE = "delete"
    """Xóa."""
    RESET_PASSWORD = "reset_password"  # noqa: S105  (a word for a request, not a secret)
    """Cấp lại mật khẩu."""

    @property
    def ends(self) -> bool:
        """Whether the office says that the person no longer needs the mailbox."""
        return self in (Action.REVOKE, Action.DELETE)


@dataclass(frozen=True, slots=True)
class Unit:
    """An agency or a unit of one."""

    place: Place
    unit_id: str
    """The registry's stable id, never the name."""
    name: str
    kind: str
    """``department``, ``commune``, ``centre`` …, as the registry likes; templates may use it."""
    parent_id: str
    """Empty at the top."""
    address: str
    """Local part agreed with the operator (LD-5.1b); empty when the rule decides."""
    domain: str
    """The unit's own domain below the mail domain (LD-5.1c); empty for most."""
    registered_on: date
    org_type: OrgType | None = None
    """``None`` where the registry does not say; whether it is in scope is the policy's to say (LD-1.1)."""
    agreement: str = ""
    """The document in which `address` was agreed (LD-5.1b)."""
    it_contact: str = ""
    """The unit's IT officer: a name, a telephone number or an address (LD-10.2d)."""
    head_id: str = ""
    """Staff id of the unit's head (thủ trưởng), who answers for its mailbox (LD-11.1)."""
    status: Status = Status.WORKING
    """`Status.LEFT`: dissolved, merged or divided (LD-7.2c)."""
    successor_ids: tuple[str, ...] = ()
    """The units that take over: one after a merger, several after a division."""
    document: str = ""
    """Number of the document that made or ended the unit."""
    quota: Size | None = None
    """A special case (LD-6.1), which a person set by hand; never without `quota_reason`."""
    quota_reason: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the staff list. The split of the name is the registry's, never guessed."""

    place: Place
    staff_id: str
    """The registry's stable id, never the name: one person in five shares theirs. Empty in request forms."""
    surname: str
    """Họ; empty for the K'Ho, Ba Na and others who have none, and where the name is not split."""
    middle_name: str
    """Đệm; empty for some."""
    given_name: str
    """Tên; empty where the name is not split."""
    written_name: str
    """The full name where it is not written surname first (Êđê, foreigners), or stands in one cell."""
    unit_id: str
    """Empty where the file has a name only and no list of units was given."""
    position: str
    phone: str
    registered_on: date
    """Decides who is the first namesake (LD-5.2b). `date.max` where a request form has no date."""
    status: Status
    unit_name: str = ""
    """The unit as the file names it; empty where it gives the id."""
    contact_mail: str = ""
    document: str = ""
    """Number of the document that asks for the row (LD-7.2b)."""
    action: Action | None = None
    """What a request form asks for."""
    request: str = ""
    """What a request form says beside the action: what is to be changed, and into what."""
    employment: Employment | None = None
    address: str = ""
    """The official address as the file gives it, whole."""
    birth_date: date | None = None
    citizen_id: str = ""
    """Twelve digits (số định danh cá nhân / CCCD), or empty."""
    quota_class: str = ""
    quota: Size | None = None
    """A special case (LD-6.1); never without `quota_reason`."""
    quota_reason: str = ""
    sponsor_unit_id: str = ""
    """The unit that answers for a guest (BT-P2b)."""
    until: date | None = None
    """The last day of a guest or of a contract."""
    domains: tuple[str, ...] = ()
    """Mail domains in which the person has an address; empty: the registry's own one."""

    @property
    def name_is_split(self) -> bool:
        """Whether the registry says which part is the given name."""
        return bool(self.given_name)

    @property
    def full_name(self) -> str:
        """As it is written: surname first, the clan last in Êđê names, unless the registry says otherwise."""
        return self.written_name or as_written(self.surname, self.middle_name, self.given_name)


@dataclass(frozen=True, slots=True)
class Registry:
    """One domain's registry. Ids are unique, every person's unit exists, parents form no circle."""

    units: tuple[Unit, ...]
    staff: tuple[Person, ...]
    findings: tuple[Problem, ...] = field(default=(), compare=False)
    """Warnings and notes of the reading, and what ``quarantine: unit`` set aside."""
