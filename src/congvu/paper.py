"""Papers to be printed and signed: A4 in Vietnamese, in the house style of official papers, as PDF.

The head (agency, national title, number, place and day), margins and places to sign are those of Decree
30/2020/NĐ-CP, appendix I. Fonts are embedded with the letters that are used. The same paper makes the same
bytes, so that a digest of it can be kept elsewhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from html import escape
from io import BytesIO
from typing import Any

from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, LongTable, PageBreak, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus.flowables import Flowable

from congvu.errors import SystemFailure
from congvu.printable import printable

_FONTS = {
    "congvu": "DejaVuSerif.ttf",
    "congvu-bold": "DejaVuSerif-Bold.ttf",
    "congvu-mono": "DejaVuSansMono.ttf",
}
_FOLDER = "/usr/share/fonts/truetype/dejavu"
"""Where Debian's fonts-dejavu-core puts them."""
_TOP, _BOTTOM, _LEFT, _RIGHT = 20 * mm, 20 * mm, 30 * mm, 15 * mm
_WIDTH = A4[0] - _LEFT - _RIGHT
_ROOM_TO_SIGN = 25 * mm
_ABREAST = 3
"""So many sign beside each other."""
_NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
_MOTTO = "Độc lập - Tự do - Hạnh phúc"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are, a line each."""

    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    head: str
    share: float
    """Of the width, by comparison with the other columns."""
    right: bool = False
    """Whether it holds numbers."""
    mono: bool = False
    """Whether each sign must be told from all others: passwords, digests."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; it may run over pages, each of which repeats the heads."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the part they play, and their name."""

    part: str
    name: str = ""


Part = Text | Facts | Table


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper, from its head to the places to sign."""

    agency: str
    """Who issues it."""
    title: str
    day: date
    parts: Sequence[Part]
    above: str = ""
    """The agency above `agency`."""
    number: str = ""
    about: str = ""
    """What it is about, below the title."""
    place: str = ""
    """Where it is issued; empty: only the day stands there."""
    signers: Sequence[Signer] = ()


def pdf(*papers: Paper) -> bytes:
    """These papers, each beginning on a page of its own, as one PDF.

    Raises `SystemFailure` where the fonts are missing.
    """
    _register_fonts()
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        topMargin=_TOP,
        bottomMargin=_BOTTOM,
        leftMargin=_LEFT,
        rightMargin=_RIGHT,
        title=_clean(papers[0].title),
        author=_clean(papers[0].agency),
        lang="vi-VN",
        invariant=1,
    )
    flow: list[Flowable] = []
    for paper in papers:
        flow += [PageBreak()] if flow else []
        flow += _flow(paper)
    document.build(flow, canvasmaker=_Numbered)
    return out.getvalue()


@cache
def _register_fonts() -> None:
    for name, file in _FONTS.items():
        try:
            pdfmetrics.registerFont(TTFont(name, f"{_FOLDER}/{file}"))
        except TTFError as problem:
            raise SystemFailure(
                f"there is no such font: {problem}", where=f"{_FOLDER}/{file}", hint="apt: fonts-dejavu-core"
            ) from None
    pdfmetrics.registerFontFamily("congvu", "congvu", "congvu-bold", "congvu", "congvu-bold")


def _flow(paper: Paper) -> Iterator[Flowable]:
    yield _head(paper)
    yield Spacer(0, 8 * mm)
    yield _line(paper.title.upper(), _style(TA_CENTER, 13, bold=True))
    if paper.about:
        yield _line(paper.about, _style(TA_CENTER, 11, bold=True))
    yield Spacer(0, 4 * mm)
    for part in paper.parts:
        match part:
            case Text(text, bold):
                yield _line(text, _style(TA_LEFT, 11, bold=bold, after=5))
            case Facts(facts):
                yield _facts(facts)
                yield Spacer(0, 3 * mm)
            case Table(columns, rows):
                yield _table(columns, rows)
                yield Spacer(0, 3 * mm)
    if paper.signers:
        yield KeepTogether([Spacer(0, 8 * mm), *_signatures(paper.signers)])


def _head(paper: Paper) -> Flowable:
    small = _style(TA_CENTER, 9)
    strong = _style(TA_CENTER, 9, bold=True)
    place = f"{paper.place}, ngày" if paper.place else "Ngày"
    left = [_line(paper.above.upper(), small)] if paper.above else []
    left.append(_line(paper.agency.upper(), strong))
    right: list[Flowable] = [_line(_NATION, strong), _line(_MOTTO, _style(TA_CENTER, 10, bold=True))]
    if paper.number:
        left += [Spacer(0, 2 * mm), _line(f"Số: {paper.number}", small)]
    right += [
        Spacer(0, 2 * mm),
        _line(f"{place} {paper.day:%d} tháng {paper.day:%m} năm {paper.day.year}", small),
    ]
    return LongTable([[left, right]], colWidths=[_WIDTH * 0.42, _WIDTH * 0.58], style=[_AT_THE_TOP])


_AT_THE_TOP = ("VALIGN", (0, 0), (-1, -1), "TOP")


def _facts(facts: Sequence[tuple[str, str]]) -> Flowable:
    name, value = _style(TA_LEFT, 11), _style(TA_LEFT, 11, bold=True)
    rows = [[_line(f"{one}:", name), _line(told, value)] for one, told in facts]
    tight = [("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]
    return LongTable(rows, colWidths=[_WIDTH * 0.36, _WIDTH * 0.64], style=[_AT_THE_TOP, *tight])


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Flowable:
    head = _style(TA_CENTER, 9, bold=True)
    styles = [_style(TA_RIGHT if one.right else TA_LEFT, 9, mono=one.mono) for one in columns]
    lines = [[_line(one.head, head) for one in columns]]
    lines += [[_line(cell, style) for cell, style in zip(row, styles, strict=True)] for row in rows]
    whole = sum(one.share for one in columns)
    grid = ("GRID", (0, 0), (-1, -1), 0.5, "black")
    return LongTable(
        lines,
        colWidths=[_WIDTH * one.share / whole for one in columns],
        repeatRows=1,
        style=[_AT_THE_TOP, grid],
    )


def _signatures(signers: Sequence[Signer]) -> Iterator[Flowable]:
    part, note = _style(TA_CENTER, 10, bold=True), _style(TA_CENTER, 9)
    for first in range(0, len(signers), _ABREAST):
        row = signers[first : first + _ABREAST]
        cells = [
            [
                _line(one.part.upper(), part),
                _line("(Ký, ghi rõ họ tên)", note),
                Spacer(0, _ROOM_TO_SIGN),
                _line(one.name, part),
            ]
            for one in row
        ]
        yield LongTable([cells], colWidths=[_WIDTH / len(row)] * len(row), style=[_AT_THE_TOP])


def _line(text: str, style: ParagraphStyle) -> Flowable:
    return Paragraph(escape(_clean(text), quote=False), style)


def _clean(text: str) -> str:
    """Words of others: composed letters, on one line, nothing that steers."""
    return printable(" ".join(unicodedata.normalize("NFC", text).split()))


@cache
def _style(
    align: Any, size: int, *, bold: bool = False, mono: bool = False, after: int = 0
) -> ParagraphStyle:
    font = "congvu-mono" if mono else "congvu-bold" if bold else "congvu"
    return ParagraphStyle(
        f"{font}-{size}-{align}",
        fontName=font,
        fontSize=size,
        leading=size * 1.35,
        alignment=align,
        spaceAfter=after,
    )


class _Numbered(Canvas):
    """Writes "page of pages" below each page, once it is known how many there are."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  (reportlab's name)
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self.setFont("congvu", 8)
            self.drawCentredString(A4[0] / 2, _BOTTOM / 2, f"Trang {number}/{len(self._pages)}")
            super().showPage()
        super().save()
