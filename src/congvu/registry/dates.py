"""Dates as offices write them.

In Vietnam the day stands first: ``05/01/2014`` is 5 January. A program set up for American English turns
that into 1 May without a word, and leaves ``13/01/2014`` as text; see `DateOrder`.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from congvu.registry.text import key


class DateOrder(StrEnum):
    """What a date of three numbers means."""

    DMY = "dmy"
    MDY = "mdy"
    ISO = "iso"
    """Only ``2014-01-05`` is a date."""


_THREE = re.compile(r"(\d{1,2})\s?[/.\-]\s?(\d{1,2})\s?[/.\-]\s?(\d{4})")
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
_WORDS = re.compile(r"ngay (\d{1,2}) thang (\d{1,2}) nam (\d{4})")
_SERIAL = re.compile(r"\d{5}")
# Day 0 of Excel's count, with its leap year 1900 that never was; right from March 1900 on.
_DAY_ZERO = date(1899, 12, 30)
_SERIALS = range(7_000, 65_000)
"""1919 to 2077: nobody on a staff list was born before, nothing is dated after."""


class MonthFirstError(ValueError):
    """A date that is one only if its month stands first."""


@lru_cache(maxsize=4096)
def parse_date(text: str, order: DateOrder = DateOrder.DMY) -> date:
    """The date in `text`: ISO 8601, three numbers in `order`, «ngày 5 tháng 1 năm 2014», an Excel serial.

    Raises ``ValueError``; `MonthFirstError` where the other order would do. Cached: a list has
    few days, and its people share them.
    """
    if match := _ISO.fullmatch(text):
        return date.fromisoformat(match[1])
    if order is not DateOrder.ISO:
        if match := _THREE.fullmatch(text):
            return _ordered(int(match[1]), int(match[2]), int(match[3]), order)
        if match := _WORDS.fullmatch(key(text)):
            return date(int(match[3]), int(match[2]), int(match[1]))
        if _SERIAL.fullmatch(text) and int(text) in _SERIALS:
            return _DAY_ZERO + timedelta(days=int(text))
    raise ValueError(text)


def _ordered(first: int, second: int, year: int, order: DateOrder) -> date:
    day, month = (first, second) if order is DateOrder.DMY else (second, first)
    if month > 12 >= day:
        raise MonthFirstError(f"{month} is no month")
    return date(year, month, day)


class DateEvidence:
    """What a column's cells say about the order of day and month."""

    def __init__(self) -> None:
        self._typed_late = self._real = self._real_late = self._open = 0

    def see(self, text: str) -> None:
        """Count one cell."""
        if match := _THREE.fullmatch(text):
            first, second = int(match[1]), int(match[2])
            self._typed_late += first > 12
            self._open += first <= 12 and second <= 12 and first != second
        elif match := _ISO.fullmatch(text):
            self._real += 1
            self._real_late += int(match[1][8:]) > 12

    @property
    def half_converted(self) -> bool:
        """Real dates never after the 12th, and text only after it: the American conversion."""
        return self._typed_late > 0 and self._real > 0 and not self._real_late and not self._open

    @property
    def undecided(self) -> bool:
        """Dates of three numbers, none of which shows whether the day stands first."""
        return self._open > 0 and not self._typed_late
