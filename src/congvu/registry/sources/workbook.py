"""What an XLSX workbook says beside its cells: sheets, shared texts, which formats are dates.

A reader of our own instead of `openpyxl.load_workbook`: merged cells, formulas without a value and hidden
rows are all needed, and openpyxl tells them only in its mode that holds the whole book in memory, some
fifty times the size of the file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

from congvu.registry.sources.package import Package

_MAX_TEXT = 160 << 20
"""Octets that shared texts may take in memory, some fifty for each and its letters."""
_EACH = 50
_ZEROS = re.compile("0{2,20}")
_MAX_ENTRIES = 50_000
"""Sheets, relations, formats: a workbook that was copied together for years has thousands of formats."""


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """A worksheet of the book."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """The frame in which the cells stand."""

    sheets: tuple[SheetInfo, ...]
    texts: Sequence[str]
    """Shared texts, by their number."""
    date_styles: frozenset[int]
    """Styles of cells whose number is a date."""
    zero_styles: Mapping[int, int]
    """Styles that show a number with zeros before it, and how many digits it has then: ``00000``."""
    from_1904: bool
    """Whether days are counted from 1904 (old Excel for Mac)."""


def read_workbook(package: Package) -> Workbook:
    """Read the frame. Raises `congvu.registry.problems.Unreadable`."""
    book = _part_of(_relations(package, "", "_rels/.rels"), "/officeDocument", "xl/workbook.xml")
    folder, name = posixpath.split(book)
    relations = _relations(package, folder, f"{folder}/_rels/{name}.rels")
    sheets, from_1904 = _sheets(package, book, relations)
    return Workbook(
        sheets,
        _texts(package, _part_of(relations, "/sharedStrings", "")),
        *_styles(package, _part_of(relations, "/styles", "")),
        from_1904,
    )


@dataclass(frozen=True, slots=True)
class _Relation:
    kind: str
    part: str


def local(name: str) -> str:
    """An element's name without its namespace prefix."""
    return name.rpartition(":")[2]


def _attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    return {local(name): value for name, value in attributes.items()}


def _relations(package: Package, folder: str, part: str) -> dict[str, _Relation]:
    found: dict[str, _Relation] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "Relationship":
            _check_count(package, found)
            target = attributes.get("Target", "")
            where = target[1:] if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
            found[attributes.get("Id", "")] = _Relation(attributes.get("Type", ""), where.lstrip("/"))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    if package.has(part):
        package.parse(part, parser)
    return found


def _check_count(package: Package, found: Sized) -> None:
    if len(found) > _MAX_ENTRIES:
        package.refuse(f"has more than {_MAX_ENTRIES} parts or formats", "copy the list into a new workbook")


def _part_of(relations: Mapping[str, _Relation], kind: str, otherwise: str) -> str:
    return next((found.part for found in relations.values() if found.kind.endswith(kind)), otherwise)


def _sheets(
    package: Package, book: str, relations: Mapping[str, _Relation]
) -> tuple[tuple[SheetInfo, ...], bool]:
    sheets: list[SheetInfo] = []
    from_1904 = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal from_1904
        if local(name) == "sheet":
            relation = relations.get(_attributes(attributes).get("id", ""))
            if relation and relation.kind.endswith("/worksheet"):  # not a chart, not a macro sheet
                _check_count(package, sheets)
                hidden = attributes.get("state", "visible") != "visible"
                sheets.append(SheetInfo(attributes.get("name", ""), relation.part, hidden))
        elif local(name) == "workbookPr":
            from_1904 = attributes.get("date1904", "0") in ("1", "true")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    package.parse(book, parser)
    if not sheets:
        package.refuse("has no worksheet", "is it a workbook with a list in it?")
    return tuple(sheets), from_1904


class _Texts:
    """Shared texts: of each ``si`` all ``t``, but not those of its phonetic guides (``rPh``)."""

    def __init__(self, package: Package) -> None:
        self.found: list[str] = []
        self._package = package
        self._pieces: list[str] = []
        self._size = self._guides = 0
        self._within = False

    def start(self, name: str, _: dict[str, str]) -> None:
        kind = local(name)
        if kind == "si":
            self._pieces.clear()
        elif kind == "rPh":
            self._guides += 1
        self._within = kind == "t" and not self._guides

    def end(self, name: str) -> None:
        kind = local(name)
        self._within = False
        if kind == "rPh":
            self._guides -= 1
        elif kind == "si":
            self._grow(_EACH)
            self.found.append("".join(self._pieces))

    def data(self, text: str) -> None:
        if not self._within:
            return
        self._grow(len(text))
        self._pieces.append(text)

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > _MAX_TEXT:
            self._package.refuse(
                f"holds more than {_MAX_TEXT >> 20} MB of text", "is this a list of people? export it as CSV"
            )


def _texts(package: Package, part: str) -> list[str]:
    texts = _Texts(package)
    if part and package.has(part):
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = texts.start, texts.end
        parser.CharacterDataHandler = texts.data
        package.parse(part, parser)
    return texts.found


def _styles(package: Package, part: str) -> tuple[frozenset[int], Mapping[int, int]]:
    formats: dict[int, str] = dict(BUILTIN_FORMATS)
    styles: list[int] = []
    within = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal within
        kind = local(name)
        if kind == "numFmt":
            _check_count(package, formats)
            formats[number(attributes.get("numFmtId", ""))] = attributes.get("formatCode", "")
        elif kind == "cellXfs":
            within = True
        elif kind == "xf" and within:
            _check_count(package, styles)
            styles.append(number(attributes.get("numFmtId", "")))

    def end(name: str) -> None:
        nonlocal within
        within = within and local(name) != "cellXfs"

    if part and package.has(part):
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = start, end
        package.parse(part, parser)
    codes = [formats.get(number, "General") for number in styles]
    return (
        frozenset(index for index, code in enumerate(codes) if _is_date(code)),
        {index: len(code) for index, code in enumerate(codes) if _ZEROS.fullmatch(code)},
    )


def _is_date(code: str) -> bool:
    return len(code) < 256 and is_date_format(code)  # Excel allows 255 characters


def number(text: str) -> int:
    """The number in an attribute; 0 for what no spreadsheet program writes there."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
