"""The words that offices write in cells, and what they mean. Compared by `congvu.registry.text.key`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import NamedTuple, TypeVar

from congvu.policy.values import Size
from congvu.registry.headings import TICKS, Field
from congvu.registry.model import Action, Employment, OrgType, Status
from congvu.registry.text import key

E = TypeVar("E", bound=StrEnum)

_OF_FIELD: Mapping[Field, type[StrEnum]] = {
    Field.STATUS: Status,
    Field.ACTION: Action,
    Field.EMPLOYMENT: Employment,
    Field.ORG_TYPE: OrgType,
}

_WORDS: Mapping[StrEnum, tuple[str, ...]] = {
    Status.WORKING: ("Đang làm việc", "Đang công tác", "Đang làm", "Đương chức", "Làm việc", "Active"),
    Status.LEFT: (
        "Nghỉ việc",
        "Thôi việc",
        "Đã nghỉ",
        "Đã nghỉ việc",
        "Nghỉ hưu",
        "Đã nghỉ hưu",
        "Chuyển công tác",
        "Chuyển đi",
        "Đã chuyển",
    ),
    Action.CREATE: ("Cấp mới", "Cấp mới tài khoản", "Tạo mới", "Đăng ký mới", "Cấp", "Thêm mới"),
    Action.CHANGE: ("Thay đổi", "Điều chỉnh", "Thay đổi thông tin", "Sửa"),
    Action.LOCK: ("Tạm khóa", "Tạm khóa tài khoản", "Khóa tài khoản", "Khóa", "Tạm dừng"),
    Action.RESTORE: ("Khôi phục", "Mở khóa", "Mở lại", "Cấp lại"),
    Action.REVOKE: ("Thu hồi", "Thu hồi tài khoản", "Hủy", "Hủy bỏ", "Cancel"),
    Action.DELETE: ("Xóa", "Xóa bỏ", "Xóa tài khoản", "Xóa hộp thư"),
    Action.RESET_PASSWORD: ("Cấp lại mật khẩu", "Đổi mật khẩu", "Đặt lại mật khẩu"),
    Employment.OFFICIAL: ("Cán bộ", "CB"),
    Employment.CIVIL_SERVANT: ("Công chức", "CC"),
    Employment.PUBLIC_EMPLOYEE: ("Viên chức", "VC"),
    Employment.CONTRACT: (
        "Người lao động",
        "NLĐ",
        "Hợp đồng",
        "HĐ",
        "HĐLĐ",
        "Hợp đồng lao động",
        "Lao động hợp đồng",
        "Người lao động hợp đồng",
    ),
    Employment.TEACHER: ("Giáo viên", "Giảng viên"),
    Employment.HEALTH_STAFF: ("Nhân viên y tế", "Cán bộ y tế"),
    Employment.GUEST: ("Khách", "Cộng tác viên"),
    OrgType.STATE_AGENCY: ("Cơ quan nhà nước", "Cơ quan hành chính", "Cơ quan hành chính nhà nước"),
    OrgType.PUBLIC_SERVICE_UNIT: ("Đơn vị sự nghiệp", "Đơn vị sự nghiệp công lập", "Sự nghiệp"),
    OrgType.POLITICAL_SOCIAL: ("Tổ chức chính trị - xã hội", "Đoàn thể", "Mặt trận, đoàn thể"),
    OrgType.PROFESSIONAL: (
        "Tổ chức nghề nghiệp",
        "Tổ chức xã hội - nghề nghiệp",
        "Tổ chức chính trị xã hội - nghề nghiệp",
    ),
    OrgType.ECONOMIC: ("Tổ chức kinh tế", "Doanh nghiệp", "Doanh nghiệp nhà nước"),
    OrgType.ARMED: ("Lực lượng vũ trang", "Đơn vị vũ trang", "Công an", "Quân đội"),
    OrgType.ASSOCIATION: ("Hội", "Hội quần chúng", "Hội, đoàn thể quần chúng"),
    OrgType.PARTY: ("Đảng", "Cơ quan Đảng", "Tổ chức Đảng"),
}
_OF_UNITS: Mapping[Status, tuple[str, ...]] = {
    Status.WORKING: ("Đang hoạt động", "Hoạt động", "Còn hoạt động", "Active"),
    Status.LEFT: (
        "Giải thể",
        "Sáp nhập",
        "Hợp nhất",
        "Chia tách",
        "Chấm dứt hoạt động",
        "Đã giải thể",
        "Đã sáp nhập",
        "Đã hợp nhất",
        "Đã chia tách",
        "Đã chấm dứt hoạt động",
        "Ngừng hoạt động",
        "Dissolved",
        "Merged",
        "Divided",
    ),
}
"""What a list of units calls them. A person is none of it, and no unit has retired."""
UNIT_STATES = _OF_UNITS[Status.WORKING][:1] + _OF_UNITS[Status.LEFT][:5]
"""The usual words for a unit's state."""
_KEYS_OF_UNITS = {
    **{key(word): member for member, words in _OF_UNITS.items() for word in words},
    **{key(member): member for member in Status},
}
_KEYS: Mapping[type[StrEnum], Mapping[str, StrEnum]] = {
    kind: {
        **{key(word): member for member in kind for word in _WORDS[member]},
        **{key(member): member for member in kind},
    }
    for kind in (Status, Action, Employment, OrgType)
}

TICKED = frozenset(
    {"x", "R", "þ", "X", "1", "✓", "✔", "✅", "☑", "☒", "√", "●", "v", "V", "có", "Có", "CÓ", "yes"}
)
_UNTICKED = frozenset({"", "0", "☐", "□", "○", "-", "không", "Không", "no"})
_POINT_ZERO = re.compile(r"\+?[0-9]{8,12}\.0+")
_GAPS = re.compile(r"[\s.\-–()]+")
_FEWEST = 5
_BETWEEN = re.compile(r"[/;,|]|\s[-–]\s")
_COUNTRY = re.compile("84[0-9]{9,10}")
_SERVICE = re.compile("1[89]00(?:[0-9]{4}|[0-9]{6})")
# At home 10 or 11 digits, abroad 15 at most (ITU-T E.164, 6).
_PHONE = re.compile(rf"0[0-9]{{9,10}}|\+[0-9]{{9,15}}|{_COUNTRY.pattern}|{_SERVICE.pattern}")
_SIZE = re.compile(r"(\d+)\s*(K|M|G|T)?(?:B|b|iB|Byte|byte)?", re.IGNORECASE)


def word(text: str, kind: type[E]) -> E:
    """The member of `kind` that `text` names, in our word or the office's; raises ``ValueError``."""
    found = _KEYS[kind].get(key(text))
    if not isinstance(found, kind):
        raise ValueError(text)
    return found


def unit_status(text: str) -> Status:
    """Whether a unit is there or has ended, in our word or the office's; raises ``ValueError``."""
    if (found := _KEYS_OF_UNITS.get(key(text))) is None:
        raise ValueError(text)
    return found


@cache
def words(kind: type[StrEnum]) -> str:
    """The members of `kind`, each with the office's usual word, for a hint."""
    return ", ".join(f"{member} ({usual(member)})" for member in kind)


def usual(member: StrEnum) -> str:
    """The office's usual word for a member."""
    return _WORDS[member][0]


def wanted(field: Field, text: str) -> str | None:
    """What the field's cells must be read as, where `text` is none of it; ``None`` where it is."""
    try:
        if field in TICKS:
            ticked(text)
        elif field is Field.STATUS and key(text) in _KEYS_OF_UNITS:
            return None
        elif kind := _OF_FIELD.get(field):
            word(text, kind)
    except ValueError:
        return "x or nothing" if field in TICKS else words(_OF_FIELD[field])
    return None


def ticked(text: str) -> bool:
    """Whether a tick stands in the cell; raises ``ValueError`` where it is neither a tick nor empty."""
    if text in TICKED:
        return True
    if text in _UNTICKED:
        return False
    raise ValueError(text)


class Phone(NamedTuple):
    """A telephone number as it is kept, and what to tell of it."""

    text: str
    mended: str = ""
    """Why it is not as it was written."""
    doubt: str = ""
    """Why it may be none."""


def phone(text: str) -> Phone:
    """A telephone number of an office's list: with zeros that a spreadsheet took, 84 without its plus."""
    short = text.partition(".0")[0] if _POINT_ZERO.fullmatch(text) else text
    if doubt := _doubt(short):
        return Phone(text, doubt=doubt)
    digits = _digits(short)
    if digits[0] not in "0+" and len(digits) in (9, 10) and not _SERVICE.fullmatch(digits):
        return Phone(f"0{short}", "a number that lost its zero")
    if _COUNTRY.fullmatch(digits):
        return Phone(f"0{digits[2:]}", "the country's 84 without a plus")
    return Phone(short, "a number that should be text" if short != text else "")


def _doubt(text: str) -> str:
    """Why `text` may be no telephone number; empty where it is one."""
    numbers = [_digits(number) for number in _BETWEEN.split(text)]
    if len(numbers) > 1 and all(len(number) > _FEWEST for number in numbers):
        return "holds several numbers"
    digits = _digits(text)
    if re.search(r"[^\W\d_]", text) or not re.fullmatch(r"\+?[0-9]+", digits):
        return "is no number"
    fits = digits[0] != "0" and len(digits) in (9, 10)
    return "" if fits or _PHONE.fullmatch(digits) else "has too few or too many digits"


def _digits(text: str) -> str:
    return _GAPS.sub("", text)


def size(text: str) -> Size:
    """``2G``, ``2 GB``, ``500 MB``; raises ``ValueError``."""
    match = _SIZE.fullmatch(text)
    if not match or not match[2]:
        raise ValueError(text)
    return Size.from_text(f"{int(match[1])}{match[2].upper()}")
