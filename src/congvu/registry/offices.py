"""Which office somebody holds in a unit, by what the staff list calls the position (pure).

«Giám đốc» heads a department, «Trưởng phòng» a division; in a department's list «Trưởng phòng Tổ chức» is
head of something else. So a title counts in a unit of its kind only, and what follows must be that unit's.
"""

from __future__ import annotations

import re
import unicodedata

from congvu.policy.model import Role
from congvu.registry.text import key

_HEADS = {
    "so": ("giam doc",),
    "phong": ("truong phong",),
    "trung tam": ("giam doc",),
    "van phong": ("chanh van phong",),
    "thanh tra": ("chanh thanh tra",),
    "ban": ("truong ban", "giam doc"),
    "chi cuc": ("chi cuc truong",),
    "tong cuc": ("tong cuc truong",),
    "cuc": ("cuc truong",),
    "vu": ("vu truong",),
    "vien": ("vien truong",),
    "truong": ("hieu truong",),
    "quy": ("giam doc",),
    "bao": ("tong bien tap",),
    "uy ban": ("chu tich",),
    "ubnd": ("chu tich",),
    "hoi": ("chu tich",),
}
"""How the head of a unit is called, by the first words of the unit's name."""
_DIVISIONS = ("truong phong", "giam doc trung tam", "chanh van phong", "chanh thanh tra", "chi cuc truong")
_PARTS = re.compile(r"[,;&/+]|\bkiêm\b", re.IGNORECASE)
_ACTING = re.compile(r"^(?:quyen|q) | phu trach$")
_DEPUTY = "pho "


def offices(position: str, unit_name: str) -> frozenset[Role]:
    """The offices that `position` is in the unit of that name; everybody of a unit is an official of it.

    >>> sorted(offices("Phó Giám đốc Sở, kiêm Chánh Văn phòng", "Sở Tư pháp"))
    [<Role.CHIEF_OF_OFFICE: 'chief_of_office'>, <Role.DEPUTY_HEAD: 'deputy_head'>, ...]
    >>> offices("Giám đốc Trung tâm Trợ giúp pháp lý", "Sở Tư pháp") & {Role.HEAD}
    frozenset()
    """
    unit, found = key(unit_name), {Role.OFFICIAL}
    for part in _PARTS.split(unicodedata.normalize("NFC", position)):
        words = _ACTING.sub("", key(part))
        deputy = words.startswith(_DEPUTY)
        title = words.removeprefix(_DEPUTY)
        if _heads(title, unit):
            found.add(Role.DEPUTY_HEAD if deputy else Role.HEAD)
        if not deputy and title.startswith("chanh van phong"):
            found.add(Role.CHIEF_OF_OFFICE)
        if not deputy and title.startswith(_DIVISIONS):
            found.add(Role.DIVISION_HEAD)
        if title.startswith(("van thu", "nhan vien van thu", "chuyen vien van thu", "can bo van thu")):
            found.add(Role.CLERK)
    return frozenset(found)


def is_office(unit_name: str) -> bool:
    """Whether a unit is the office (Văn phòng) of the one above it."""
    return key(unit_name).startswith("van phong")


def _heads(title: str, unit: str) -> bool:
    for kind, titles in _HEADS.items():
        if not f"{unit} ".startswith(f"{kind} "):
            continue
        for one in titles:
            rest = title.removeprefix(one) if f"{title} ".startswith(f"{one} ") else None
            if rest is not None and _names(rest.strip(), unit, kind):
                return True
    return False


def _names(rest: str, unit: str, kind: str) -> bool:
    """Whether what follows a title names the unit, with or without the word for its kind."""
    return (
        any(f"{name} ".startswith(f"{rest} ") for name in (unit, unit.removeprefix(kind).strip()))
        if rest
        else True
    )
