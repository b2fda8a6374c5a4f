"""The kinds of value a policy holds: sizes, durations, local parts, domain names."""

from __future__ import annotations

import math
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Self

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_PERIODS = {
    "minute": "minutes",
    "hour": "hours",
    "day": "days",
    "working day": "working days",
    "week": "weeks",
    "month": "months",
    "year": "years",
}
_DAYS = {"minutes": Fraction(1, 1440), "hours": Fraction(1, 24), "days": Fraction(1), "weeks": Fraction(7)}
# RFC 5321, 4.1.2: Dot-string of atoms; we issue only lower-case letters, digits and three separators.
_LOCAL_PART = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
LOCAL_PART_MAX = 64
"""Longest local part in octets (RFC 5321, 4.5.3.1.1)."""


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """An amount of storage, in octets.

    Written ``2G``, ``20M``, ``500M``: multiples of 1024. The regulations say *Gigabyte* and *Megabyte*
    without defining them; binary is our choice, it never gives a mailbox less than the text promises.
    """

    octets: int

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``2G``; raises ``ValueError``."""
        match = re.fullmatch(r"([0-9]+)([KMGT]?)", text)
        if not match or int(match[1]) == 0:
            raise ValueError(f"{text!r} is not a size such as 2G, 500M or 20M")
        return cls(int(match[1]) * _UNITS[match[2]])

    def __str__(self) -> str:
        for letter in ("T", "G", "M", "K"):
            if self.octets % _UNITS[letter] == 0:
                return f"{self.octets // _UNITS[letter]}{letter}"
        return str(self.octets)


@dataclass(frozen=True, slots=True)
class Duration:
    """A span such as ``3 months``. Months and years are calendar ones, never 30 or 365 days."""

    count: int
    unit: str
    """``minutes``, ``hours``, ``days``, ``working days``, ``weeks``, ``months`` or ``years``."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``3 months`` or ``1 day``; raises ``ValueError``."""
        match = re.fullmatch(r"([0-9]+) ((?:working )?[a-z]+?)s?", text)
        if not match or match[2] not in _PERIODS or int(match[1]) == 0:
            raise ValueError(f"{text!r} is not a duration such as '3 months', '5 days' or '30 minutes'")
        return cls(int(match[1]), _PERIODS[match[2]])

    def after(self, day: date) -> date:
        """The day on which the span that began on `day` is over.

        A month after 31 January is the last day of February. A part of a day counts as a day. Working days
        are Monday to Friday; public holidays are fixed anew each year and are not known here.
        """
        if self.unit in ("months", "years"):
            months = day.year * 12 + day.month - 1 + self.count * (12 if self.unit == "years" else 1)
            year, month = divmod(months, 12)
            return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
        if self.unit == "working days":
            end = day
            for _ in range(self.count):
                end += timedelta(days=1)
                while end.weekday() > 4:
                    end += timedelta(days=1)
            return end
        return day + timedelta(days=math.ceil(self.count * _DAYS[self.unit]))

    def __str__(self) -> str:
        return f"{self.count} {self.unit if self.count != 1 else self.unit.removesuffix('s')}"


def check_local_part(text: str) -> None:
    """Raise ``ValueError`` unless `text` may stand before the ``@``: lower-case dot-atom, 1 to 64 octets."""
    if not _LOCAL_PART.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a local part: lower-case letters and digits, joined by one of . _ -"
        )
    if len(text) > LOCAL_PART_MAX:
        raise ValueError(f"{text!r} has {len(text)} characters, RFC 5321 allows {LOCAL_PART_MAX}")


@dataclass(frozen=True, slots=True)
class LocalPart:
    """What stands before the ``@``."""

    text: str

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read and check; raises ``ValueError``."""
        check_local_part(text)
        return cls(text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class DomainName:
    """A mail domain in lower-case ASCII with at least two labels (RFC 1035, 2.3.1)."""

    text: str

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read and check; raises ``ValueError``."""
        labels = text.split(".")
        if len(text) > 253 or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
            raise ValueError(f"{text!r} is not a mail domain such as lamdong.gov.vn")
        return cls(text)

    def __str__(self) -> str:
        return self.text
