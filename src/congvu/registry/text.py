"""Cells as text: clean, compared without marks, and checked for what nobody can have typed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from congvu.naming.letters import clean

_OTHER = re.compile(r"[^a-z0-9]+")
_D = str.maketrans({"đ": "d", "Đ": "d", "ð": "d", "Ð": "d"})
# Whatever `clean` may change or `broken` may find: anything but printable ASCII, or doubtful blanks.
_PLAIN = re.compile(r"(?:[!-~]+(?: [!-~]+)*)?")


@lru_cache(maxsize=1 << 15)
def clean_cell(text: str) -> str:
    """`text` as `congvu.naming.letters.clean` leaves it; equal cells share one string."""
    return text if _PLAIN.fullmatch(text) else clean(text)


@lru_cache(maxsize=1 << 15)
def broken(cell: str) -> str:
    """The first character of a clean cell that cannot have been typed: a control, a surrogate, U+FFFD."""
    if cell.isascii() and cell.isprintable():
        return ""
    for letter in cell:
        if letter == "\ufffd" or unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn"):
            return letter
    return ""


@lru_cache(maxsize=1 << 14)
def key(text: str) -> str:
    """`text` for comparison: lower case, no marks, everything but letters and digits one space.

    >>> key("Phòng/ban/đơn vị (*)")
    'phong ban don vi'
    """
    bare = unicodedata.normalize("NFD", text.translate(_D).casefold())
    letters = "".join(letter for letter in bare if unicodedata.category(letter) != "Mn")
    return _OTHER.sub(" ", letters).strip()


def words(text: str) -> frozenset[str]:
    """The words of `text`, as `key` compares them: for tables written as a line of prose."""
    return frozenset(map(key, text.split()))
