"""Cells as text: clean, compared without marks, and checked for what nobody can have typed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from congvu.naming.letters import clean

UNICODE = re.compile(r"(?![ŒœŠšŸŽžƒ])[\u0100-\u01b0\u1ea0-\u1ef9]")
"""A letter that no Western charset has: what holds one was not typed in a legacy font."""
_LOST_BY_CLEANING = re.compile(r"[\x1c-\x1f\x85\xa0\xad]")
_OTHER = re.compile(r"[^a-z0-9]+")
_MARKS = re.compile(r"[\u0300-\u036f]+")
_D = str.maketrans({"đ": "d", "Đ": "d", "ð": "d", "Ð": "d"})
# The sign for what could not be read, and those that turn the direction of a text around: a name may be
# shown as another one.
_NEVER_TYPED = frozenset("\ufffd\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Whatever `clean` may change or `broken` may find: anything but printable ASCII, or doubtful blanks.
_PLAIN = re.compile(r"(?:[!-~]+(?: [!-~]+)*)?")


# Cells repeat: surnames, positions, units. Long ones do not, and would fill the memory.
_REPEATED = 100


def clean_cell(text: str) -> str:
    """`text` as `congvu.naming.letters.clean` leaves it; equal cells share one string."""
    return _clean(text) if len(text) <= _REPEATED else clean(text)


def raw_cell(text: str) -> bool:
    """Whether `text` must be kept as it is beside the clean cell, until its column's font is known.

    In a font of the .VnTime family a soft hyphen is «ư», in a VISCII font a no-break space is «Õ».
    """
    return not text.isascii() and bool(_LOST_BY_CLEANING.search(text)) and not UNICODE.search(text)


def broken(cell: str) -> str:
    """The first character of a clean cell that cannot have been typed: a control, a surrogate, U+FFFD."""
    return _broken(cell) if len(cell) <= _REPEATED else _broken.__wrapped__(cell)


def key(text: str) -> str:
    """`text` for comparison: lower case, no marks, everything but letters and digits one space.

    >>> key("Phòng/ban/đơn vị (*)")
    'phong ban don vi'
    """
    return _key(text) if len(text) <= _REPEATED else _key.__wrapped__(text)


@lru_cache(maxsize=1 << 13)
def _clean(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else clean(text)


@lru_cache(maxsize=1 << 13)
def _broken(cell: str) -> str:
    if cell.isascii() and cell.isprintable():
        return ""
    for letter in cell:
        if letter in _NEVER_TYPED or unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn"):
            return letter
    return ""


@lru_cache(maxsize=1 << 13)
def _key(text: str) -> str:
    bare = unicodedata.normalize("NFD", text.translate(_D).casefold())
    return _OTHER.sub(" ", _MARKS.sub("", bare)).strip()


def words(text: str) -> frozenset[str]:
    """The words of `text`, as `key` compares them: for tables written as a line of prose."""
    return frozenset(map(key, text.split()))
