"""CSV files, line by line: memory does not grow with the file."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Generator, Iterator
from pathlib import Path

from congvu.charset import Charset, CharsetError, Detector, Doubt, decode, is_unwritable, other_charset
from congvu.registry.places import Place
from congvu.registry.problems import Code, Unreadable
from congvu.registry.sources.grid import MAX_CELL, MAX_COLUMNS, NO_CELLS, Fault, GridRow
from congvu.registry.sources.regular import require_file
from congvu.registry.text import clean_cell, raw_cell

_CHUNK = 1 << 18
_MAX_LINE = 1 << 20
_DELIMITERS = ",;\t"
# Lines that are looked at to find the delimiter.
_SAMPLE = 40
_SAVE_AS = "save it as 'CSV UTF-8'"
_SINGLE = (Charset.CP1258, Charset.TCVN3, Charset.VNI, Charset.VISCII)
"""Charsets in which any byte is a letter: a row of another one is read without complaint."""
_LONGEST_NAME = 200


class CsvFile:
    """A CSV file as a grid. The charset is as given, or found by reading the file once.

    Raises `Unreadable` when the file cannot be opened, is empty, or its charset is in doubt.
    """

    sheet = ""
    hidden_columns = NO_CELLS
    counted = True
    only_records = False

    def __init__(self, path: Path, *, charset: Charset | None = None, delimiter: str = "") -> None:
        self.source = str(path)
        self._path = path
        require_file(path)
        self._charset, self.charset = self._find_charset(charset)
        self.delimiter = delimiter or self._find_delimiter()

    def rows(self) -> Generator[GridRow, None, None]:
        """See `Grid.rows`."""
        csv.field_size_limit(MAX_CELL)  # of the whole process; Python's own limit is twice as large
        start, lines = 1, self._lines()
        reader = csv.reader(_without_sep(lines), delimiter=self.delimiter, strict=True)
        offset = 1 if self._has_sep else 0
        try:
            for cells in reader:
                if len(cells) > MAX_COLUMNS:
                    raise Unreadable(
                        Place(self.source, start + offset),
                        f"has {len(cells)} cells, more than {MAX_COLUMNS}",
                        "is this a list of people? check the delimiter and the quotes",
                    )
                raw = {index: cell for index, cell in enumerate(cells) if raw_cell(cell)}
                faults = self._foreign(cells) if self._charset in _SINGLE else {}
                yield GridRow(start + offset, list(map(clean_cell, cells)), faults, raw=raw)
                start = reader.line_num + 1
        except csv.Error as fault:
            raise Unreadable(
                Place(self.source, start + offset),
                f"is not CSV: {fault}",
                "is a quote left open? close it, or export the file again",
            ) from None

    def _foreign(self, cells: list[str]) -> dict[int, Fault]:
        """Cells that were written in another charset than the file."""
        faults: dict[int, Fault] = {}
        for index, cell in enumerate(cells):
            if cell.isascii() or len(cell) > _LONGEST_NAME:
                continue
            if other := other_charset(cell, self._charset):
                message = f"{clean_cell(cell)!r} was written in {other}, not in {self._charset} like the file"
            elif is_unwritable(cell):
                message = f"{clean_cell(cell)!r} is nothing that a person can have written"
            else:
                continue
            faults[index] = Fault(Code.CHARSET, message, "type it again in the program that wrote the file")
        return faults

    def _lines(self) -> Iterator[str]:
        """The file's lines as text, a BOM left out, each no longer than a list can need."""
        encoding = self._python_codec()
        # Single bytes first: the ends of lines are then found alike in all charsets, and a byte that does
        # not fit is told with its line. UTF-16 has two bytes for a line's end and must be decoded at once.
        with self._path.open(encoding=encoding or "latin-1", newline="") as file:
            number = 0
            try:
                while line := file.readline(_MAX_LINE + 1):
                    number += 1
                    if len(line) > _MAX_LINE:
                        raise Unreadable(
                            Place(self.source, number),
                            f"the line is longer than {_MAX_LINE} characters",
                            "is this a CSV file?",
                        )
                    text = line if encoding else self._decode(line.encode("latin-1"), number)
                    yield text.removeprefix("\ufeff") if number == 1 else text
            except UnicodeError as fault:
                raise Unreadable(
                    Place(self.source, number + 1), f"is not UTF-16: {fault}", _SAVE_AS, Code.CHARSET
                ) from None

    def _decode(self, line: bytes, number: int) -> str:
        try:
            return line.decode() if self._charset is Charset.UTF8 else decode(line, self._charset)
        except UnicodeDecodeError as fault:
            message = f"is not UTF-8 at byte {fault.start} of the line"
        except CharsetError as fault:
            message = f"is not {self._charset}: {fault}"
        raise Unreadable(Place(self.source, number), message, _SAVE_AS, Code.CHARSET)

    def _python_codec(self) -> str:
        """Python's name of a charset whose characters are not single bytes; empty for all others."""
        if self._charset is not Charset.UTF16:
            return ""
        with self._path.open("rb") as file:
            start = file.read(2)
        if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        # Without a BOM, the heading's first letter tells: the upper byte of an ASCII letter is zero.
        return "utf-16-be" if start[:1] == b"\0" else "utf-16-le"

    def _find_charset(self, chosen: Charset | None) -> tuple[Charset, str]:
        """The charset, and how it was found."""
        if chosen:
            for _ in self._chunks():
                break
            return chosen, f"{chosen} (chosen)"
        detector = Detector()
        for chunk in self._chunks():
            detector.feed(chunk)
        try:
            found = detector.result()
        except CharsetError as fault:
            doubt = isinstance(fault, Doubt)
            raise Unreadable(
                self.source if fault.offset is None else Place(self.source, self._line_at(fault.offset)),
                str(fault) if not doubt else f"its charset is in doubt: {fault}",
                "write 'charset' in the mapping file or give --charset: one of " + ", ".join(Charset)
                if doubt
                else _SAVE_AS,
                Code.CHARSET,
            ) from None
        return found.charset, f"{found.charset} ({found.evidence})"

    def _line_at(self, offset: int) -> int:
        """The line in which this byte stands."""
        lines = 1
        with self._path.open("rb") as file:
            while offset > 0 and (chunk := file.read(min(_CHUNK, offset))):
                lines += chunk.count(b"\n")
                offset -= len(chunk)
        return lines

    def _chunks(self) -> Iterator[bytes]:
        """The file in pieces. Raises `Unreadable` where there is none, or nothing in it."""
        filled = False
        try:
            with self._path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    filled = filled or bool(chunk.removeprefix(codecs.BOM_UTF8).strip(b"\r\n \t\0"))
                    if filled:
                        yield chunk
        except OSError as fault:
            raise Unreadable(
                self.source, f"cannot be read: {fault.strerror}", "check the path and its rights"
            ) from None
        if not filled:
            raise Unreadable(self.source, "is empty", "an empty list is taken for a mistake")

    @property
    def _has_sep(self) -> bool:
        """Whether Excel's own first line ``sep=;`` stands there."""
        return bool(_separator(next(self._lines(), "")))

    def _find_delimiter(self) -> str:
        """The delimiter that `sep=` names, else the one that cuts the first lines into most cells alike."""
        lines = [line for line, _ in zip(self._lines(), range(_SAMPLE), strict=False)]
        if lines and (named := _separator(lines[0])):
            return named
        return max(_DELIMITERS, key=lambda delimiter: _evenness(lines, delimiter))


def _separator(line: str) -> str:
    text = line.rstrip("\r\n")
    return text[4:] if len(text) == 5 and text[:4].lower() == "sep=" else ""


def _without_sep(lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number or not _separator(line):
            yield line


def _evenness(lines: list[str], delimiter: str) -> int:
    """Cells in lines that have as many as most others; lines of one cell count nothing."""
    try:
        counts = [len(cells) for cells in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return 0
    usual = max(set(counts), key=lambda count: (counts.count(count) * (count > 1), count), default=0)
    return usual * counts.count(usual) if usual > 1 else 0
