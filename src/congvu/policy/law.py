"""What the law says today, as far as it bears on a policy: data for `congvu.policy.lint`.

Each fact names its text and the day from which it binds. The texts were read in third-party copies of
the codified law, not in the gazette; where not even that was possible, `Text.verified` is false.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from congvu.policy.model import Kind
from congvu.policy.values import Duration, Size


@dataclass(frozen=True, slots=True)
class Text:
    """A law, a regulation or a standard."""

    number: str
    in_force: date
    verified: bool = True
    """False: the words could not be read, another text tells of them."""

    def binds(self, today: date) -> bool:
        """Whether it is in force on `today`."""
        return today >= self.in_force

    def __str__(self) -> str:
        return self.number if self.verified else f"{self.number} (not verified)"

    def at(self, place: str) -> str:
        """`place` of this text, for a message."""
        return f"{self}, {place}"


@dataclass(frozen=True, slots=True)
class Ended:
    """A body or a text that exists no more."""

    since: date
    """First day of which it is known that there was none."""
    instead: str
    """What took its place; empty where nothing did, or it is not known."""
    source: Text


@dataclass(frozen=True, slots=True)
class EndedText:
    """A text that binds no more, as regulations name it: by number, or by title and day of signing."""

    number: str
    title: str
    signed_on: date | None
    ended: Ended


SEEN = date(2026, 11, 22)
"""The day on which the law was looked at: the date of facts of which no other is known."""
QCVN_12 = Text("QCVN 12:2026/BCA", date(2026, 7, 1))
"""Security of the systems that archive electronic documents of Party and State (TT 47/2026/TT-BCA): made
for those, and the clearest checklist there is for all others."""
PERSONAL_DATA = Text("Luật 91/2025/QH15", date(2026, 1, 1))
INTERNET = Text("224/2026/NĐ-CP", date(2026, 7, 1))
PROVINCES = Text("202/2025/QH15", date(2025, 7, 1))
"""Mergers of provinces; since 1 July 2025 there are two tiers of local government and no districts."""
STANDARDS = Text("39/2017/TT-BTTTT", date(2018, 7, 1), verified=False)
"""List of technical standards; its rows for mail and TLS stand in an annex that could not be read."""

INACTIVITY = Duration(45, "days")
"""QCVN 12, 3.7: an account idle for so long is disabled."""
PASSWORD_LENGTH = 8
"""QCVN 12, 3.7."""
PASSWORD_CLASSES = 4
"""QCVN 12, 3.7: capitals, small letters, digits and other signs."""
PASSWORD_HISTORY = 10
"""QCVN 12, 3.7: so many of the last ones are not used again."""
ADMIN_PASSWORD_AGE = Duration(2, "months")
"""QCVN 12, 3.7."""
LOGIN_FAILURES = 5
"""QCVN 12, 3.7: at most so many wrong passwords."""
LOGS_KEPT = Duration(12, "months")
"""QCVN 12, 3.9."""
RESTORE_TEST = Duration(3, "months")
"""QCVN 12, 3.12: quarterly, at level 3 and above."""

LEAST_QUOTA: Mapping[Kind, tuple[tuple[Size, Text], ...]] = MappingProxyType(
    {
        Kind.PERSON: (
            (Size.from_text("2G"), Text("Ninh Bình 162/2025/QĐ-UBND", date(2025, 12, 10))),
            (Size.from_text("2G"), Text("Nghệ An 99/2025/QĐ-UBND", date(2025, 12, 8))),
        ),
        Kind.UNIT: (
            (Size.from_text("2G"), Text("Ninh Bình 162/2025/QĐ-UBND", date(2025, 12, 10))),
            (Size.from_text("10G"), Text("Nghệ An 99/2025/QĐ-UBND", date(2025, 12, 8))),
            (Size.from_text("2G"), Text("Đồng Tháp 143/2025/QĐ-UBND", date(2025, 12, 20))),
        ),
    }
)
"""The sizes that provinces with a regulation of 2025 give at least."""

ENDED_TEXTS: Sequence[EndedText] = (
    EndedText("64/2007/NĐ-CP", "", None, Ended(date(2026, 7, 1), "224/2026/NĐ-CP", INTERNET)),
    EndedText("42/2022/NĐ-CP", "", None, Ended(date(2026, 7, 1), "224/2026/NĐ-CP", INTERNET)),
    EndedText("45/2026/NĐ-CP", "", None, Ended(date(2026, 7, 1), "224/2026/NĐ-CP", INTERNET)),
    EndedText(
        "67/2006/QH11",
        "Luật Công nghệ thông tin",
        date(2006, 6, 29),
        Ended(date(2026, 7, 1), "", Text("an inventory of standards", SEEN, verified=False)),
    ),
    EndedText(
        "",
        "Luật Tổ chức Hội đồng nhân dân và Ủy ban nhân dân",
        date(2003, 11, 26),
        Ended(SEEN, "", Text("two tiers of local government", PROVINCES.in_force, verified=False)),
    ),
)
"""Texts that the seeds rest on and that have ended."""

ENDED_BODIES: Mapping[str, Ended] = MappingProxyType(
    {
        # The day differs by province; the year is what is known, so its last day.
        "Sở Thông tin và Truyền thông": Ended(
            date(2025, 12, 31),
            "Sở Khoa học và Công nghệ, in some provinces Văn phòng Ủy ban nhân dân",
            Text("merger of 2025", date(2025, 12, 31)),
        ),
        "Bộ Tài nguyên và Môi trường": Ended(
            date(2025, 2, 18),
            "Bộ Nông nghiệp và Môi trường",
            Text("merger of 18/02/2025", date(2025, 2, 18)),
        ),
    }
)
"""Bodies that have ended, by official name."""

CHANGED_DOMAINS: Mapping[str, tuple[str, Text]] = MappingProxyType(
    {
        "lamdong.gov.vn": ("Đắk Nông and Bình Thuận are part of the province now", PROVINCES),
        "quangtri.gov.vn": ("Quảng Bình is part of the province now", PROVINCES),
        "daklak.gov.vn": ("Phú Yên is part of the province now", PROVINCES),
        "daklak.doj.gov.vn": (
            "the domain has long been out of use, as far as is known; ask before it is served",
            Text("no text", SEEN, verified=False),
        ),
        "monre.gov.vn": (
            "the ministry is Bộ Nông nghiệp và Môi trường now, its domain mae.gov.vn",
            ENDED_BODIES["Bộ Tài nguyên và Môi trường"].source,
        ),
    }
)
"""Mail domains that were merged, renamed or left after their regulation was written."""
