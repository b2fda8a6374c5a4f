"""The kinds of value a policy holds: sizes, durations, local parts, domain names, hours, days of the year.

Each class has a ``PATTERN`` for editors: every text it reads matches it, not every match is read.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, time, timedelta
from fractions import Fraction
from typing import ClassVar, Self

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_DAYS = {"minutes": Fraction(1, 1440), "hours": Fraction(1, 24), "days": Fraction(1), "weeks": Fraction(7)}
# RFC 5321, 4.1.2: Dot-string of atoms; we issue only lower-case letters, digits and three separators.
_LOCAL_PART = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
LOCAL_PART_MAX = 64
"""Longest local part in octets (RFC 5321, 4.5.3.1.1)."""


def up_to(limit: int) -> str:
    """A pattern of the whole numbers from 1 to `limit`, which JSON Schema cannot compare in a text.

    >>> up_to(36)
    '[1-9][0-9]{0,0}|[1-2][0-9]|3[0-5]|36'
    """
    digits = str(limit)
    shorter = [f"[1-9][0-9]{{0,{len(digits) - 2}}}"] if len(digits) > 1 else []
    parts = [
        f"{digits[:place]}[{0 if place else 1}-{int(digit) - 1}]" + "[0-9]" * (len(digits) - place - 1)
        for place, digit in enumerate(digits)
        if int(digit) > (0 if place else 1)
    ]
    return "|".join([*shorter, *parts, digits])


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """An amount of storage, in octets.

    Written ``2G``, ``20M``, ``500M``: multiples of 1024. The regulations say *Gigabyte* and *Megabyte*
    without defining them; binary is our choice, it never gives a mailbox less than the text promises.
    """

    LEAST: ClassVar = 1000
    """Fewest octets without a letter: ``2`` was meant to be ``2G``."""
    MOST: ClassVar = 2**44
    """Octets, 16T: more than any mailbox holds, a slip of the pen."""
    PATTERN: ClassVar = (
        r"0*(?:"
        + "|".join(f"(?:{up_to(2**44 // octets)}){letter}" for letter, octets in _UNITS.items() if letter)
        + rf"|(?=[0-9]{{4}})(?:{up_to(2**44)}))"
    )

    octets: int

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``2G``; raises ``ValueError``."""
        if not re.fullmatch(cls.PATTERN, text):
            raise ValueError(f"{text[:30]!r} is not a size such as 2G, 500M or 20M, at most {cls(cls.MOST)}")
        digits = text.rstrip("KMGT")
        return cls(int(digits) * _UNITS[text[len(digits) :]])

    def __str__(self) -> str:
        for letter in ("T", "G", "M", "K"):
            if self.octets % _UNITS[letter] == 0:
                return f"{self.octets // _UNITS[letter]}{letter}"
        return str(self.octets)


_CENTURY = {
    "year": 100,
    "month": 1200,
    "week": 5200,
    "day": 36500,
    "working day": 26000,
    "hour": 876000,
    "minute": 52560000,
}


@dataclass(frozen=True, slots=True)
class Duration:
    """A span such as ``3 months``. Months and years are calendar ones, never 30 or 365 days."""

    PATTERN: ClassVar = rf"0*(?:{'|'.join(f'(?:{up_to(most)}) {unit}s?' for unit, most in _CENTURY.items())})"

    count: int
    unit: str
    """``minutes``, ``hours``, ``days``, ``working days``, ``weeks``, ``months`` or ``years``."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``3 months`` or ``1 day``; raises ``ValueError``."""
        match = re.fullmatch(rf"0*([1-9][0-9]*) ({'|'.join(_CENTURY)})s?", text)
        if not match:
            raise ValueError(f"{text[:30]!r} is not a duration such as '3 months', '5 days' or '30 minutes'")
        if not re.fullmatch(cls.PATTERN, text):
            raise ValueError(f"{text[:30]!r} is longer than a century")
        return cls(int(match[1]), f"{match[2]}s")

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


def is_local_part(text: str) -> bool:
    """Whether `text` may stand before the ``@``: lower-case dot-atom, 1 to 64 octets (RFC 5321, 4.1.2)."""
    if len(text) > LOCAL_PART_MAX:
        return False
    plain = text.isalnum() and text.isascii() and text.islower()  # nearly all are, and this is quick
    return plain or _LOCAL_PART.fullmatch(text) is not None


def check_local_part(text: str) -> None:
    """Raise ``ValueError`` with the reason unless `is_local_part`."""
    if not _LOCAL_PART.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a local part: lower-case letters and digits, joined by one of . _ -"
        )
    if len(text) > LOCAL_PART_MAX:
        raise ValueError(f"{text!r} has {len(text)} characters, RFC 5321 allows {LOCAL_PART_MAX}")


@dataclass(frozen=True, slots=True)
class LocalPart:
    """What stands before the ``@``."""

    PATTERN: ClassVar = _LOCAL_PART.pattern

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

    PATTERN: ClassVar = rf"{_LABEL.pattern}(?:\.{_LABEL.pattern})+"

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


@dataclass(frozen=True, slots=True)
class MailAddress:
    """A whole address."""

    PATTERN: ClassVar = rf"{LocalPart.PATTERN}@{DomainName.PATTERN}"

    local_part: LocalPart
    domain: DomainName

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read and check; raises ``ValueError``."""
        local_part, at, domain = text.partition("@")
        if not at:
            raise ValueError(f"{text!r} is not an address such as skhcn@quangtri.gov.vn")
        return cls(LocalPart.from_text(local_part), DomainName.from_text(domain))

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}"


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where a web service is reached: ``http://mail.lamdong.gov.vn``, without a path."""

    PATTERN: ClassVar = rf"(https?)://({DomainName.PATTERN})"

    scheme: str
    """What the regulation prints; congvu serves https whatever it says."""
    host: DomainName

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read and check; raises ``ValueError``."""
        match = re.fullmatch(cls.PATTERN, text)
        if not match:
            raise ValueError(f"{text!r} is not a web address such as https://mail.lamdong.gov.vn")
        return cls(match[1], DomainName.from_text(match[2]))

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}"


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in a span: ``250 per 10 minutes``."""

    PATTERN: ClassVar = rf"0*({up_to(10**6)}) per ({Duration.PATTERN})"

    count: int
    span: Duration

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``250 per 10 minutes``; raises ``ValueError``."""
        match = re.fullmatch(cls.PATTERN, text)
        if not match:
            raise ValueError(f"{text[:40]!r} is not a rate such as '250 per 10 minutes', at most a million")
        return cls(int(match[1]), Duration.from_text(match[2]))

    def __str__(self) -> str:
        return f"{self.count} per {self.span}"


@dataclass(frozen=True, slots=True)
class Percent:
    """A share of a whole, from 1 to 100: ``80%``."""

    PATTERN: ClassVar = r"([1-9][0-9]?|100)%"

    number: int

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``80%``; raises ``ValueError``."""
        match = re.fullmatch(cls.PATTERN, text)
        if not match:
            raise ValueError(f"{text!r} is not a share such as 80%")
        return cls(int(match[1]))

    def __str__(self) -> str:
        return f"{self.number}%"


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of a day by the clock: ``07:30-11:30``."""

    PATTERN: ClassVar = r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])"

    start: time
    end: time

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``07:30-11:30``; raises ``ValueError``."""
        match = re.fullmatch(cls.PATTERN, text)
        if not match:
            raise ValueError(f"{text!r} is not a part of a day such as 07:30-11:30")
        start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
        if end <= start:
            raise ValueError(f"{text!r} ends before it starts")
        return cls(start, end)

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True, order=True)
class MonthDay:
    """A day of every year, month first as in a date: ``12-15`` is 15 December."""

    PATTERN: ClassVar = r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"

    month: int
    day: int

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``12-15``; raises ``ValueError``, also for 29 February, which not every year has."""
        match = re.fullmatch(cls.PATTERN, text)
        if not match or int(match[2]) > monthrange(2025, int(match[1]))[1]:
            raise ValueError(f"{text!r} is not a day of every year such as 12-15, month first")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"


@dataclass(frozen=True, slots=True)
class Extension:
    """What a file's name ends in, without the dot: ``exe``."""

    PATTERN: ClassVar = r"[a-z0-9]{1,10}"

    text: str

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``exe``; raises ``ValueError``."""
        if not re.fullmatch(cls.PATTERN, text):
            raise ValueError(f"{text!r} is not the end of a file's name such as exe, without the dot")
        return cls(text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class RegulationId:
    """Two to four capitals that the ids of a regulation's clauses start with: ``LD`` of ``LD-5.2b``."""

    PATTERN: ClassVar = r"[A-Z]{2,4}"

    text: str

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``LD``; raises ``ValueError``."""
        if not re.fullmatch(cls.PATTERN, text):
            raise ValueError(f"{text!r} is not an id such as LD, two to four capitals")
        return cls(text)

    def __str__(self) -> str:
        return self.text
