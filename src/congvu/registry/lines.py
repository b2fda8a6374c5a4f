"""Rows of an office's sheet that are no record: totals, signatures, sections, numbers under a heading."""

from __future__ import annotations

import re
from collections.abc import Sequence

from congvu.registry.text import key as key_of

# With their marks: «Cộng: 5» is a total, «Công an tỉnh» and «Tổng công ty» are not.
_TOTAL = re.compile(
    r"(?:tổng\s+(?:cộng|số)|(?:ấn định\s+)?danh sách(?:\s+này)?\s+(?:đề nghị|đăng ký|trên|gồm|có|là))\b.*|"
    r"(?:tổng|cộng)(?:\s+[ivx]+)?\s*[:.]?(?:\s*\d.*)?[\s.…_]*",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER = re.compile(r"\d{1,3}(?:\.\d{3})+|\d+")
# Words with which the part below a table begins: place and date, who signs, who gets a copy.
_SIGNATURE = re.compile(
    r"(?:.*\bngay (?:\d+ )?thang (?:\d+ )?nam\b.*|nguoi lap(?: bieu| danh sach)?|lap bieu|nguoi de nghi|"
    r"nguoi yeu cau|thu truong(?: don vi| co quan)?|giam doc|pho giam doc|chu tich|pho chu tich|"
    r"chanh van phong|truong phong|truong ban|ky ten.*|ky ghi ro ho ten|ky va ghi ro ho ten|noi nhan.*|"
    r"xac nhan.*|dai dien .*|lanh dao (?:don vi|co quan)|ghi chu|luu y.*|"
    r"luu vt.*|nhu tren|"
    r"(?:tm|kt|tl|tuq) (?:ubnd|uy ban|chu tich|giam doc|truong|thu truong|bo truong|chanh|ban|hoi dong|so).*)"
)
# With their marks: Tô is a surname, Tổ a team; Đoàn is both and needs a second word.
_ORGANISATION = re.compile(
    r"(?:sở|ban|phòng|[uủ][yỷ] ban|ubnd|hđnd|hội đồng|hội|trung tâm|chi cục|cục|văn phòng|thanh tra|trường|"
    r"đoàn (?:thanh niên|tncs|đại biểu|luật sư|thể)|tổ|đội|bệnh viện|công ty|khối|đơn vị|viện|quỹ|mặt trận|"
    r"ubmttq|liên đoàn|liên minh|(?:đảng|huyện|thành|tỉnh|thị) [uủ][yỷ]|công an|bộ chỉ huy|chi nhánh|"
    r"kho bạc|tòa án|toà án|viện kiểm sát|trạm|nhà|thư viện|bảo tàng)\b"
)
_ENUMERATION = re.compile(r"(?:[IVXLC]+|[A-ZĐ]|\d+(?:\.\d+)*)\s*[.)\-–:]\s*|[IVXLC]+\s+")
_ROMAN = re.compile(r"[IVXLC]+\.?|[A-ZĐ]\.?")
_ORDINAL = re.compile(r"\d{1,6}\.?")
_NUMBERED = re.compile(r"\(?(\d{1,2}|[A-Za-z])\)?")
_TITLE_UNIT = re.compile(r"(?:tên )?(?:đơn vị|cơ quan)(?:\s*,\s*đơn vị|/đơn vị)?\s*:\s*(.+)", re.IGNORECASE)
_EXAMPLES = frozenset({"vi du", "vd", "mau"})
_DITTO = frozenset({"nt", "n t", "nhu tren", "ditto"})
_DITTO_SIGNS = frozenset({'"', "''", "''''", "〃", "”", "“", "″", "”“", "//", "´´", "’’"})
_DASHES = frozenset({"-", "–", "—", "--"})

_LONGEST = 300
"""Characters of a cell that may be one of these; more are a text of their own."""


def _key(text: str) -> str:
    return key_of(text) if len(text) <= _LONGEST else ""


def is_total(texts: Sequence[str]) -> bool:
    """Whether the filled cells of a row are a totals line: «Tổng cộng: 25 người»."""
    return bool(texts) and len(texts) <= 3 and bool(_TOTAL.fullmatch(texts[0][:_LONGEST]))


def total_of(texts: Sequence[str]) -> int | None:
    """The number in a totals line, or ``None`` where nobody filled it in."""
    found = [match[0] for text in texts for match in _NUMBER.finditer(text)]
    return int(found[0].replace(".", "")) if found else None


def is_signature(texts: Sequence[str]) -> bool:
    """Whether the filled cells of a row belong below the table: place and date, who signs, copies."""
    return any(_SIGNATURE.fullmatch(_key(text)) for text in texts)


def is_ordinal(text: str) -> bool:
    """Whether `text` is the number of a row: ``12`` or ``12.``."""
    return bool(_ORDINAL.fullmatch(text))


def is_example(ordinal: str) -> bool:
    """Whether the row is marked as an example to be written over."""
    return _key(ordinal) in _EXAMPLES


def numbers_columns(texts: Sequence[str]) -> bool:
    """Whether the row numbers the columns: ``(1) (2) (3)`` or ``A B 1 2``."""
    return len(texts) > 2 and all(_NUMBERED.fullmatch(text) for text in texts) and len(set(texts)) > 2


def section(texts: Sequence[str], ordinal: str, *, merged: bool) -> str:
    """The unit that a row stands for, which holds for the rows below; empty where it is none.

    `texts` are the filled cells but the one of the row's number. «I. Sở Nội vụ» over all columns, or «I»
    and «Sở Nội vụ»; a lone cell that is not merged must begin as an agency's name does.
    """
    if len(texts) != 1 or len(texts[0]) > _LONGEST or is_ordinal(ordinal):
        return ""
    name = _ENUMERATION.sub("", texts[0], count=1).strip()
    enumerated = name != texts[0] or bool(_ROMAN.fullmatch(ordinal))
    organisation = bool(_ORGANISATION.match(name.lower()))
    return name if organisation or (merged and enumerated) else ""


def names_organisation(text: str) -> bool:
    """Whether `text` begins as an agency's name does."""
    return bool(_ORGANISATION.match(text[:_LONGEST].lower()))


def unit_in_title(texts: Sequence[str]) -> str:
    """The unit that a line above the table names: «Đơn vị: Sở Nội vụ»."""
    for text in texts:
        if match := _TITLE_UNIT.fullmatch(text[:_LONGEST]):
            return match[1].strip(" .…_") and match[1].strip()
    return ""


def is_ditto(text: str) -> bool:
    """Whether the cell says *the same as above*: ``nt``, ``"``, ``〃``, ``như trên``."""
    return text in _DITTO_SIGNS or _key(text) in _DITTO


def is_dash(text: str) -> bool:
    """Whether the cell holds a lone dash: the same as above, or nothing."""
    return text in _DASHES
