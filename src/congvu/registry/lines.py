"""Rows of an office's sheet that are no record: signatures, sections, numbers under a heading; totals
have a module of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from congvu.registry.names import begins_a_name
from congvu.registry.text import key as key_of

# Words with which the part below a table begins: place and date, who signs, who gets a copy.
_SIGNATURE = re.compile(
    r"(?:.*\bngay (?:\d+ )?thang (?:\d+ )?nam\b.*|nguoi lap(?: bieu| danh sach)?|lap bieu|nguoi de nghi|"
    r"nguoi yeu cau|ky ten.*|ky ghi ro ho ten|ky va ghi ro ho ten|noi nhan.*|xac nhan.*|ghi chu|luu y|"
    r"luu vt.*|"
    r"(?:tm|kt|tl|tuq) (?:ubnd|uy ban|chu tich|giam doc|truong|thu truong|bo truong|chanh|ban|hoi dong|so).*)"
)
# Who signs, where it may as well be a position in the list, or the name of a group of people.
# With its marks: «Trương Phong» and «Chu Tịch» are people.
_POSITION = re.compile(
    r"(?:thủ trưởng(?: đơn vị| cơ quan)?|(?:phó )?giám đốc|(?:phó )?chủ tịch|(?:phó )?chánh văn phòng|"
    r"(?:phó )?trưởng (?:phòng|ban)|đại diện .*|"
    r"(?:ban )?lãnh đạo(?: đơn vị| cơ quan| sở| ubnd| phòng| xã| phường)?|như trên)"
)
# With their marks: Tô is a surname, Tổ a team; Đoàn is both and needs a second word.
_ORGANISATION = re.compile(
    r"(?:sở|ban|phòng|[uủ][yỷ] ban|ubnd|hđnd|hội đồng|hội|trung tâm|chi cục|cục|văn phòng|thanh tra|trường|"
    r"đoàn (?:thanh niên|tncs|đại biểu|luật sư|thể)|tổ|đội|bệnh viện|công ty|khối|đơn vị|viện|quỹ|mặt trận|"
    r"ubmttq|liên đoàn|liên minh|(?:đảng|huyện|thành|tỉnh|thị) [uủ][yỷ]|công an|bộ chỉ huy|chi nhánh|"
    r"kho bạc|tòa án|toà án|viện kiểm sát|trạm|nhà|thư viện|bảo tàng|"
    r"xã|phường|thị trấn|thị xã|huyện|quận|đặc khu|thành phố|khoa|bộ môn)\b"
)
_ENUMERATION = re.compile(r"(?:[IVXLC]+|[A-ZĐ]|\d+(?:\.\d+)*)\s*[.)\-–:]\s*|[IVXLC]+\s+")
_ROMAN = re.compile(r"[IVXLC]+\.?|[A-ZĐ]\.?")
_ORDINAL = re.compile(r"\(?\d{1,6}(?:[.,]\d{1,4}){0,4}\s*[.)]?|\d{1,4}[.)]\s?\d{1,4}[.)]?")
_COUNTED = re.compile(
    r"\(?(\d{1,6})(?:\s*(?:người|tài khoản|cán bộ|hộp thư|nhân sự|đồng chí))?\)?", re.IGNORECASE
)
_NUMBERED = re.compile(r"\(?(\d{1,2}|[A-Za-z])\)?")
_TITLE_UNIT = re.compile(
    r"(?:\d{1,2}[.)]\s*)?(?:tên )?(?:đơn vị|cơ quan)(?:\s*,\s*đơn vị|/đơn vị)?"
    r"(?: đề nghị| yêu cầu| đăng ký| lập danh sách)?\s*:(.*)",
    re.IGNORECASE,
)
_EXAMPLES = frozenset({"vi du", "vd", "mau"})
_DITTO = frozenset({"nt", "n t", "nhu tren", "ditto"})
_DITTO_SIGNS = frozenset({'"', "''", "''''", "〃", "”", "“", "″", "”“", "//", "´´", "’’"})
_DASHES = frozenset({"-", "–", "—", "--"})

_SIGNS = re.compile(r"[\W_]+")
_FILLER = " .…_"
"""What stands in a form to be written over."""
_LONGEST = 300
"""Characters of a cell that may be one of these; more are a text of their own."""


def _key(text: str) -> str:
    return key_of(text) if len(text) <= _LONGEST else ""


def is_signature(texts: Sequence[str]) -> bool:
    """Whether the filled cells of a row belong below the table: place and date, who signs, copies."""
    return any(_SIGNATURE.fullmatch(_key(text)) or text.lower().startswith("lưu ý:") for text in texts)


def is_position(text: str) -> bool:
    """Whether `text` is who signs, or a position in the list: «Giám đốc», «Lãnh đạo cơ quan»."""
    return bool(_POSITION.fullmatch(_SIGNS.sub(" ", text[:_LONGEST].lower()).strip()))


def is_remark(text: str) -> bool:
    """Whether a text below the table is plainly no person's name: «- UBND tỉnh;», «(đã ký)», an agency."""
    return not text[0].isalpha() or text[-1] in ";:/" or names_organisation(text)


def is_ordinal(text: str) -> bool:
    """Whether `text` is the number of a row: ``12``, ``12.``, ``12)``, ``1.12``."""
    return bool(_ORDINAL.fullmatch(text))


def is_roman(text: str) -> bool:
    """Whether `text` numbers a section: ``IV`` or ``A.``."""
    return bool(_ROMAN.fullmatch(text))


def is_example(ordinal: str) -> bool:
    """Whether the row is marked as an example to be written over."""
    return _key(ordinal) in _EXAMPLES


def numbers_columns(texts: Sequence[str]) -> bool:
    """Whether the row numbers the columns: ``(1) (2) (3)`` or ``A B 1 2``."""
    return len(texts) > 2 and all(_NUMBERED.fullmatch(text) for text in texts) and len(set(texts)) > 2


class Section(NamedTuple):
    """A row that stands for the rows below it."""

    name: str
    """The unit, or the group of people."""
    people: int | None
    """How many people it says follow."""
    numbered: bool
    """Whether it has a number as rows have: it is part of the section above it then."""
    certain: bool
    """Whether it is surely one; else it must be told."""


def section(texts: Sequence[str], ordinal: str, *, merged: bool, wide: bool) -> Section | None:
    """What a row stands for, where it is no record.

    `texts` are the filled cells but the one of the row's number. «I. Sở Nội vụ» over all columns, «II | Xã
    Bảo Lâm 1», «1 | Văn phòng Sở», «I | Sở Nội vụ | 2 người»; `wide`: `merged` over the table's width.
    """
    if not texts or len(texts[0]) > _LONGEST:
        return None
    roman, numbered = is_roman(ordinal), is_ordinal(ordinal)
    name = _ENUMERATION.sub("", texts[0], count=1).strip()
    organisation = names_organisation(name)
    enumerated = name != texts[0] or roman
    if len(texts) > 1:
        count = _COUNTED.fullmatch(texts[1]) if len(texts) == 2 else None
        if not (roman and organisation):
            return None
        return Section(name, int(count[1]) if count else None, numbered=False, certain=bool(count))
    if not (
        organisation
        or roman
        or (numbered and is_position(name))
        or (merged and enumerated)
        or (wide and not numbered)
    ):
        return None
    certain = organisation or (is_position(name) and (enumerated or numbered)) or (enumerated and merged)
    return Section(name, None, numbered, certain)


def may_be_section(texts: Sequence[str]) -> bool:
    """Whether a lone text is hardly a person's name: «Kế hoạch - Tài chính» has a word in small letters."""
    return (
        len(texts) == 1
        and len(texts[0]) <= _LONGEST
        and any(word[0].islower() for word in texts[0].split())
        and not begins_a_name(texts[0])
    )


def names_organisation(text: str) -> bool:
    """Whether `text` begins as an agency's name does."""
    return bool(_ORGANISATION.match(text[:_LONGEST].lower()))


def unit_in_title(texts: Sequence[str]) -> str:
    """The unit that a line above the table names: «Đơn vị: Sở Nội vụ», in one cell or two."""
    for number, text in enumerate(texts):
        if match := _TITLE_UNIT.fullmatch(text[:_LONGEST]):
            beside = texts[number + 1] if number + 1 < len(texts) else ""
            return (match[1].strip(_FILLER) or beside[:_LONGEST].strip(_FILLER)).strip()
    return ""


def is_ditto(text: str) -> bool:
    """Whether the cell says *the same as above*: ``nt``, ``"``, ``〃``, ``như trên``."""
    return text in _DITTO_SIGNS or _key(text) in _DITTO


def is_dash(text: str) -> bool:
    """Whether the cell holds a lone dash: the same as above, or nothing."""
    return text in _DASHES
