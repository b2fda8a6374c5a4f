"""From a grid to a table: which row is the heading, what each column means, and which rows are records.

Every row ends as a record, as a problem, or as ignored with the reason; none is dropped silently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import NamedTuple, TypeVar

from congvu.registry import lines, totals
from congvu.registry.headingrow import Heading, Wish, find_heading, meaning
from congvu.registry.headings import EXAMPLES, OURS, TICKS, Field, Kind
from congvu.registry.legacy import ColumnFont
from congvu.registry.places import Place, letters
from congvu.registry.problems import Code, Problems, Unreadable
from congvu.registry.sources.grid import NO_RAW, Fault, Grid, GridRow
from congvu.registry.text import broken, clean_cell, key
from congvu.strictyaml import nearest

T = TypeVar("T")

_LOOK = 100
"""Rows among which the heading is sought."""
_SAMPLE = 200
"""Rows that are read ahead to judge columns by."""
_SAMPLE_TEXT = 4 << 20
"""Characters that are read ahead at most."""
_MAX_RANGES = 500
_NAMES = (
    Field.FULL_NAME,
    Field.HOLDER,
    Field.NAME,
    Field.GIVEN_NAME,
    Field.FAMILY_AND_MIDDLE,
    Field.SURNAME,
    Field.FIRST_NAME,
    Field.LAST_NAME,
    Field.CHANGE_WHAT,
)
# A dash means "the same" where an empty cell would be a mistake.
_DASH_REPEATS = (
    Field.UNIT_ID,
    Field.UNIT_NAME,
    Field.AGENCY,
    Field.PARENT_ID,
    Field.PARENT_NAME,
)
_FREE = (Field.ORDINAL, Field.NOTE)
"""May stand over several columns; the first counts."""
_NEVER_REPEATED = (*_NAMES, Field.STAFF_ID, Field.CITIZEN_ID, Field.PHONE, Field.CONTACT_MAIL, Field.ADDRESS)


_EVIDENCE = (
    Field.STAFF_ID,
    Field.UNIT_ID,
    Field.PHONE,
    Field.CONTACT_MAIL,
    Field.ADDRESS,
    Field.REGISTERED_ON,
    Field.BIRTH_DATE,
    Field.CITIZEN_ID,
)
"""What no row of signatures has."""


class Ignored(StrEnum):
    """Why a row is no record."""

    TITLE = "above the heading"
    HEADING = "heading"
    REPEATED = "heading again"
    NUMBERS = "numbers of the columns"
    BLANK = "blank"
    SECTION = "name of a unit for the rows below"
    TOTAL = "total"
    EXAMPLE = "example"
    BELOW = "below the table"


@dataclass(slots=True)
class Ranges:
    """Row numbers as ranges; after some hundred of them only counted."""

    count: int = 0
    ranges: list[tuple[int, int]] = field(default_factory=list)

    def add(self, first: int, last: int) -> None:
        """Add the rows `first` to `last`."""
        self.count += last - first + 1
        if self.ranges and self.ranges[-1][1] == first - 1:
            self.ranges[-1] = (self.ranges[-1][0], last)
        elif len(self.ranges) < _MAX_RANGES:
            self.ranges.append((first, last))

    def __str__(self) -> str:
        return ", ".join(f"{a}–{b}" if b > a else str(a) for a, b in self.ranges)


class _Announced(NamedTuple):
    """How many people a section says it has."""

    row: int
    stated: int
    before: int
    """Rows that had been read."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column with a heading."""

    index: int
    heading: str
    """As written; of a heading of two rows both, with a slash. Unique in its table."""
    field: Field | None
    """What it means; ``None``: it is not used."""

    @property
    def letters(self) -> str:
        """As a spreadsheet names it."""
        return letters(self.index)


@dataclass(frozen=True, slots=True)
class Row:
    """One record, its cells in the order of the table's columns."""

    place: Place
    table: Table
    values: Sequence[str]
    faults: Mapping[int, Fault]
    """What is wrong with single cells, by the index in `values`."""
    section: str
    """The unit named above the row for all rows below it."""
    raw: Mapping[int, str]
    """Cells before cleaning, where a legacy font may have letters that cleaning takes; by the same index."""
    outer: str = ""
    """The unit of which `section` is a part, where a section has sections."""

    @property
    def cells(self) -> Mapping[str, str]:
        """The cells by heading."""
        return dict(zip(self.table.headings, self.values, strict=True))


class Table:
    """A table whose heading was found. Iterate once; `ignored` and `rows_read` are complete then."""

    def __init__(self, grid: Grid, wish: Wish, problems: Problems) -> None:
        """Raises `Unreadable` where no heading is found or one stands twice."""
        self.source, self.sheet = grid.source, grid.sheet
        self.charset = grid.charset
        self.hidden_columns = grid.hidden_columns
        self.problems = problems
        self.ignored: dict[Ignored, Ranges] = {}
        self.rows_read = 0
        self.totals: list[int] = []
        """Control totals that were found, and agreed with the rows."""
        self._grid, self._wish = grid, wish
        rows = grid.rows()
        first = list(_ahead(rows, _LOOK, lambda row: row.cells))
        filled = [row for row in first if not row.blank]
        heading = find_heading(filled, wish)
        self._font = ColumnFont(())
        if heading is None:
            self._font = ColumnFont([" ".join(_raw_cells(row)) for row in filled])
            heading = find_heading([self._in_unicode(row) for row in filled], wish)
        if heading is None:
            raise self._no_heading(first)
        self.kind, self.heading_rows = heading.kind, heading.rows
        self._beside_names = set[int]()
        self.columns = tuple(self._columns(heading, first))
        self.headings = tuple(column.heading for column in self.columns)
        self.ours = grid.counted and len(OURS[self.kind] & set(self.headings)) >= min(3, len(self.headings))
        """Whether it is a CSV file with our own column names, and is read strictly."""
        self._index = {column.field: number for number, column in enumerate(self.columns) if column.field}
        begin, end = (
            next(place for place, row in enumerate(first) if row.number == number)
            for number in (heading.rows[0], heading.rows[-1])
        )
        self._section = self._above(first[:begin], heading)
        self._rows = rows
        self._rest = chain(first[end + 1 :], rows)
        self._last = heading.rows[-1]
        self._fonts: list[ColumnFont] = []
        self._repeated: list[str] = [""] * len(self.columns)
        self._repeated_raw: list[str] = [""] * len(self.columns)
        self._since_total = self._last_record = 0
        self._ticks = totals.TickCounts([self._index[tick] for tick in TICKS if tick in self._index])
        self._outer = ""
        self._announced: list[_Announced] = []
        self._gap = self._section_begun = self._part_was_counted = False
        self._ended = False
        self._signers = frozenset[int]()
        """Columns under the signatures, where those who sign may be named."""
        self._stream = self._records()
        self._sample = list(_ahead(self._stream, _SAMPLE, lambda row: row.values))
        self._fonts = [
            ColumnFont([row.raw.get(i, row.values[i]) for row in self._sample])
            for i in range(len(self.columns))
        ]

    def __iter__(self) -> Iterator[Row]:
        sample, self._sample = self._sample, []
        for row in chain(sample, self._stream):
            yield self._finished(row)

    def close(self) -> None:
        """Let go of the file or the database without reading it to the end."""
        self._rows.close()

    @property
    def sample(self) -> Sequence[Row]:
        """The first rows, before they are given out."""
        return self._sample

    def index(self, wanted: Field) -> int | None:
        """The place of a field's cell in `Row.values`."""
        return self._index.get(wanted)

    def settled(self, wanted: Field) -> bool:
        """Whether the mapping file says which column holds this field."""
        return wanted in self._wish.columns.values()

    def place(self, row: int) -> Place:
        """A row of this table."""
        return Place(self.source, row, self.sheet)

    # The heading

    def _no_heading(self, rows: Sequence[GridRow]) -> Unreadable:
        if all(row.blank for row in rows):
            return Unreadable(
                self.place(1) if self.sheet else self.source,
                "is empty",
                "an empty list is taken for a mistake",
            )
        return Unreadable(
            self.place(rows[0].number),
            f"no row among the first {len(rows)} is a heading that is known",
            "docs/registry.md lists the headings; or write heading_row and columns in a mapping file",
            Code.HEADING,
        )

    def _columns(self, heading: Heading, first: Sequence[GridRow]) -> Iterator[Column]:
        seen: dict[str, int] = {}
        meant: dict[Field, str] = {}
        place = self.place(heading.rows[-1])
        known = {key(name): name for name in self._wish.columns}
        found = set[str]()
        for index, names in enumerate(heading.names):
            text = " / ".join(dict.fromkeys(name for name in names if name))
            if not text:
                continue
            found.update(known[form] for form in map(key, (text, *names)) if form in known)
            means = meaning(names, heading.kind, self._wish)
            seen[text] = seen.get(text, 0) + 1
            if means in _FREE and means in meant:
                means = None
            if means and means in meant:
                same = meant[means] == text
                self.problems.error(
                    place,
                    text,
                    Code.HEADING,
                    "stands twice in the heading" if same else f"means the same as {meant[means]!r}",
                    "keep one" if same else "rename one, or say in the mapping file which is which",
                )
            elif means:
                meant[means] = text
            if means is Field.FULL_NAME and self._is_name_pair(index, heading, first):
                seen[text] += 1
                yield Column(index, text, Field.FAMILY_AND_MIDDLE)
                yield Column(index + 1, f"{text} (2)", Field.GIVEN_NAME)
                continue
            if means in _NAMES:
                self._beside_names.add(index + 1)
            yield Column(index, text if seen[text] == 1 else f"{text} ({seen[text]})", means)
        for name in sorted(set(self._wish.columns) - found):
            others = [text for text in seen if text not in self._wish.columns]
            self.problems.error(
                place,
                name,
                Code.HEADING,
                "stands in the mapping file, not in the table",
                nearest(name, others),
            )

    def _is_name_pair(self, index: int, heading: Heading, first: Sequence[GridRow]) -> bool:
        """Whether the heading of a name is merged over two columns, both of which are filled; it is told."""
        spans = [row.spans.get(index, 1) for row in first if row.number in heading.rows]
        below = [row for row in first if row.number > heading.rows[-1]]
        if max(spans, default=1) != 2 or not any(
            len(r.cells) > index + 1 and r.cells[index + 1] for r in below
        ):
            return False
        self.problems.note(
            self.place(heading.rows[0]).at(letters(index)),
            "",
            Code.NAME,
            "the heading of the name stands over two columns",
            "read as họ and đệm, and tên",
        )
        return True

    def _above(self, above: Sequence[GridRow], heading: Heading) -> str:
        """Account for the rows above the heading; the unit they name."""
        unit, last = "", 0
        for row in above:
            if row.number > last + 1 and self.sheet:
                self._ignore(Ignored.BLANK, last + 1, row.number - 1)
            last = row.number
            self._ignore(Ignored.BLANK if row.blank else Ignored.TITLE, row.number)
            unit = lines.unit_in_title([cell for cell in row.cells if cell]) or unit
        if heading.rows[0] > last + 1 and self.sheet:
            self._ignore(Ignored.BLANK, last + 1, heading.rows[0] - 1)
        for number in heading.rows:
            self._ignore(Ignored.HEADING, number)
        if unit:
            self.problems.note(
                self.place(heading.rows[0]),
                "",
                Code.UNIT,
                f"the title names the unit {unit!r}",
                "it holds for rows without a unit",
            )
        return unit

    def _in_unicode(self, row: GridRow) -> GridRow:
        """A row of a sheet whose heading was typed in a legacy font, with its text read."""
        return row._replace(cells=[clean_cell(self._font.read(cell)[0]) for cell in _raw_cells(row)])

    # The rows

    def _ignore(self, why: Ignored, first: int, last: int | None = None) -> None:
        self.ignored.setdefault(why, Ranges()).add(first, last or first)

    def _records(self) -> Iterator[Row]:
        """The records, every other row accounted for."""
        names = [self._index[name] for name in _NAMES if name in self._index]
        for row in self._rest:
            if row.number > self._last + 1 and self.sheet:
                self._ignore(Ignored.BLANK, self._last + 1, row.number - 1)
                self._gap = True
            if row.number <= self._last:
                self.problems.warn(
                    self.place(row.number),
                    "",
                    Code.FILE,
                    f"stands below row {self._last} in the file",
                    "it was read like any other; save the file again",
                )
            self._last = max(self._last, row.number)
            if row.blank:
                self._ignore(Ignored.BLANK, row.number)
                self._gap = True
                continue
            if row.hidden:
                self.problems.note(
                    self.place(row.number), "", Code.HIDDEN, "the row is hidden", "it was read like any other"
                )
            if not (self.ours or self._grid.only_records) and self._is_no_record(row, names):
                continue
            if self._grid.counted and len(row.cells) != self._width and not self._fits(row):
                continue
            self.rows_read += 1
            self._since_total += 1
            self._last_record = row.number
            self._gap = False
            found = self._row(row)
            self._ticks.see(found.values)
            yield found
        self._check_end()

    @property
    def _width(self) -> int:
        return self.columns[-1].index + 1

    def _fits(self, row: GridRow) -> bool:
        """Whether a row of another length than the heading can be read; a problem where not."""
        if not self.ours and len(row.cells) > self._width and not any(row.cells[self._width :]):
            return True
        self.rows_read += 1
        self.problems.error(
            self.place(row.number),
            "",
            Code.CELL_COUNT,
            f"has {len(row.cells)} cells, the heading has {self._width}",
            "quote a cell with a comma"
            if len(row.cells) > self._width
            else "a delimiter is missing, or a line end stands in a cell without quotes",
        )
        return False

    def _is_no_record(self, row: GridRow, names: Sequence[int]) -> bool:
        """Whether an office's row is something else; it is accounted for then."""
        row = self._in_unicode(row) if self._font.charset else row
        cells = self._picked(row)
        texts = [cell for cell in row.cells if cell]
        ordinal = cells[self._index[Field.ORDINAL]] if Field.ORDINAL in self._index else ""
        numbered = lines.is_ordinal(ordinal)
        name = next((cells[index] for index in names if cells[index]), "")
        if self._ended:
            self._account_below(row, cells, name, numbered=numbered)
            return True
        why = self._of_the_form(cells, texts, ordinal)
        if why:
            pass
        elif not numbered and totals.is_total(texts):
            why = Ignored.TOTAL
            self._check_total(row, texts)
        elif found := self._section_of(row, texts, ordinal):
            if not found.certain:
                self._refuse_section(row, found.name)
                return True
            why = Ignored.SECTION
            self._begin_section(row, found)
        elif not numbered and self._is_signature(cells, texts, name):
            why, self._ended = Ignored.BELOW, True
            self._signers = _beside(row)
        elif self._is_refused(row, texts, name, ordinal):
            return True
        if why:
            self._ignore(why, row.number)
        return why is not None

    def _is_refused(self, row: GridRow, texts: Sequence[str], name: str, ordinal: str) -> bool:
        """Whether the row is hardly a record, though nothing else either; it is told then."""
        if lines.is_example(ordinal):
            self._refuse_example(row)
        elif self.kind is Kind.STAFF and _is_nobody(name):
            self._refuse_position(row, name)
        elif self.kind is Kind.STAFF and name and len(self.columns) > 2 and lines.may_be_section(texts):
            self._refuse_section(row, name)
        else:
            return False
        return True

    def _of_the_form(self, cells: Sequence[str], texts: Sequence[str], ordinal: str) -> Ignored | None:
        """Whether the row belongs to the form, whoever fills it in."""
        if lines.is_example(ordinal) and self._is_our_example(cells):
            return Ignored.EXAMPLE
        if self._is_heading_again(cells):
            return Ignored.REPEATED
        return Ignored.NUMBERS if not self.rows_read and lines.numbers_columns(texts) else None

    def _is_our_example(self, cells: Sequence[str]) -> bool:
        """Whether an example says nothing but what the form says."""
        for cell, column in zip(cells, self.columns, strict=True):
            if cell and column.field not in (None, Field.ORDINAL, Field.NOTE):
                known = map(key, EXAMPLES.get(column.field, ()))
                if key(cell.partition("@")[0]) not in known:
                    return False
        return True

    def _is_heading_again(self, cells: Sequence[str]) -> bool:
        filled = [(key(cell), column) for cell, column in zip(cells, self.columns, strict=True) if cell]
        return len(filled) > 1 and all(
            cell in (key(part) for part in column.heading.split(" / ")) for cell, column in filled
        )

    def _is_signature(self, cells: Sequence[str], texts: Sequence[str], name: str) -> bool:
        """Whether the part below the table begins: nothing in the row may look like a record's."""
        if self._has_evidence(cells):
            return False
        if lines.is_signature(texts):
            return not name or lines.is_signature([name]) or len(texts) == 1
        # A position alone is an end only below a gap or a total, and never where changes are listed.
        ended = self._gap or (self._last_record and not self._since_total)
        return bool(ended and texts and self.kind is not Kind.CHANGES and all(map(lines.is_position, texts)))

    def _has_evidence(self, cells: Sequence[str]) -> bool:
        """Whether a cell that tells people apart is filled in: an id, a telephone, a date, an address."""
        found = (cells[self._index[name]] for name in _EVIDENCE if name in self._index)
        return any(
            text and not lines.is_signature([text]) and any(sign.isdigit() or sign == "@" for sign in text)
            for text in found
        )

    # Sections

    def _section_of(self, row: GridRow, texts: Sequence[str], ordinal: str) -> lines.Section | None:
        if self.kind is not Kind.STAFF or row.faults:
            return None
        others = list(texts)
        if Field.ORDINAL not in self._index and lines.is_roman(others[0]):
            ordinal = others[0]
        if ordinal in others and len(others) > 1:
            others.remove(ordinal)
        else:
            ordinal = ""
        wide = max(row.spans.values(), default=0) >= max(len(self.columns) - 1, 2)
        found = lines.section(others, ordinal, merged=bool(row.spans), wide=wide)
        if found and Field.HOLDER in self._index and (found.numbered or len(others) > 1):
            return None  # a numbered agency asks for its own mailbox
        return found

    def _begin_section(self, row: GridRow, found: lines.Section) -> None:
        if not found.numbered:
            self._check_announced()
            self._outer = ""
        elif not self._outer:
            self._outer = self._section
        self._section = found.name
        self._repeated = [""] * len(self.columns)
        self._section_begun = True
        if found.people is not None:
            self._announced.append(_Announced(row.number, found.people, self.rows_read))

    def _check_announced(self) -> None:
        """A section that says how many people follow must be right."""
        for announced in self._announced:
            if (read := self.rows_read - announced.before) != announced.stated:
                self.problems.error(
                    self.place(announced.row),
                    "",
                    Code.CONTROL_TOTAL,
                    f"the section says {announced.stated}, but {read} rows were read",
                    "is a row missing or added? correct the list or the number",
                )
        self._announced.clear()

    def _refuse_section(self, row: GridRow, name: str) -> None:
        self.rows_read += 1
        self._gap = False
        self.problems.error(
            self.place(row.number),
            "",
            Code.UNIT,
            f"{name!r} may be a person or a heading for the rows below",
            "a person has a number 1, 2, 3 …; a heading has only I, II, III … and the name of a unit",
        )

    def _refuse_example(self, row: GridRow) -> None:
        self.rows_read += 1
        self.problems.error(
            self.place(row.number),
            "",
            Code.VALUE,
            "is marked as an example, but is not the form's own",
            "give it a number if it is a record, else delete it",
        )

    def _refuse_position(self, row: GridRow, name: str) -> None:
        self.rows_read += 1
        self._gap = False
        self.problems.error(
            self.place(row.number),
            "",
            Code.BELOW_THE_TABLE,
            f"{name!r} stands where a name is expected",
            "a heading over some people has a number I, II, III …; signatures stand below an empty row",
        )

    # The end

    def _account_below(self, row: GridRow, cells: Sequence[str], name: str, *, numbered: bool) -> None:
        """Account for a row below the signatures: it must not look like a record."""
        texts = [cell for cell in row.cells if cell]
        if not numbered and totals.is_total(texts):
            self._check_total(row, texts)
            self._ignore(Ignored.TOTAL, row.number)
            return
        signs = lines.is_signature(texts) or all(map(lines.is_position, texts))
        filled = {index for index, cell in enumerate(row.cells) if cell}
        harmless = (
            not name
            or lines.is_position(name)
            or lines.is_signature([name])
            or (len(texts) == 1 and lines.is_remark(name))
            or filled <= self._signers
        )
        if numbered or row.faults or self._has_evidence(cells) or not harmless:
            self.rows_read += 1
            self.problems.error(
                self.place(row.number),
                "",
                Code.BELOW_THE_TABLE,
                "a row stands below the end of the table",
                "move it up, above the total and the signatures",
            )
            return
        self._ignore(Ignored.BELOW, row.number)
        if signs:
            self._signers = _beside(row)
        elif name:
            self._signers = frozenset()

    def _check_total(self, row: GridRow, texts: Sequence[str]) -> None:
        """A total counts all rows, or those since the last one; «Tổng cộng» a part only by sections."""
        ticks = self._ticks.stated(self._picked(row))
        columns = {self.columns[number].index for number in ticks}
        others = [text for index, text in enumerate(row.cells) if text and index not in columns]
        found = totals.totals_of(others, units=self.kind is Kind.UNITS)
        if ticks and not found:
            found = (sum(ticks.values()),)  # each row has one
        place = self.place(row.number)
        section = totals.is_of_a_section(texts)
        part = self._since_total if self._since_total or self._section_begun else None
        may_be_part = section or (self._section_begun and not self._part_was_counted)
        stated = found[0] if found else None
        for number, counted in self._ticks.wrong(ticks, part=may_be_part).items():
            column = self.columns[number]
            self.problems.error(
                place.at(column.letters) if self.sheet else place,
                column.heading,
                Code.CONTROL_TOTAL,
                f"the total says {ticks[number]}, but {counted} rows are ticked",
                "is a tick missing, or one too many? correct the list or the total",
            )
        self._ticks.begin_part()
        if stated is None:
            self.problems.warn(
                place,
                "",
                Code.CONTROL_TOTAL,
                "the total is not filled in",
                f"write {self.rows_read}, or let the program calculate it",
            )
        elif len(found) > 1:
            self.problems.error(
                place,
                "",
                Code.CONTROL_TOTAL,
                f"the total says {' and '.join(map(str, found))}",
                f"{self.rows_read} rows were read; correct its figure or its words",
            )
        elif stated != self.rows_read and not (may_be_part and stated == part):
            self.problems.error(
                place,
                "",
                Code.CONTROL_TOTAL,
                f"the total says {stated}, but {self.rows_read} rows were read",
                "is a row missing or added? correct the list or the total",
            )
        else:
            self.totals.append(stated)
        self._part_was_counted = self._part_was_counted or section
        self._section_begun = False
        self._since_total = 0

    def _check_end(self) -> None:
        self._check_announced()
        if self.totals and self._since_total:
            self.problems.error(
                self.place(self._last_record),
                "",
                Code.BELOW_THE_TABLE,
                f"{self._since_total} rows stand below the last total, up to this one",
                "move them above the total, or correct it",
            )
        if not self.rows_read:
            self.problems.error(
                self.source if not self.sheet else self.place(self._last),
                "",
                Code.FILE,
                "has no rows",
                "an empty list is taken for a mistake",
            )

    def _picked(self, row: GridRow) -> list[str]:
        cells, width = row.cells, len(row.cells)
        return [cells[column.index] if column.index < width else "" for column in self.columns]

    def _row(self, row: GridRow) -> Row:
        if not row.faults and not row.filled and not row.raw and self.ours:
            return Row(self.place(row.number), self, self._picked(row), {}, "", NO_RAW)
        places = {column.index: number for number, column in enumerate(self.columns)}
        raw = {places[index]: text for index, text in row.raw.items() if index in places}
        faults = {places[index]: fault for index, fault in row.faults.items() if index in places}
        for index in row.filled:
            number = places.get(index)
            if number is not None and self.columns[number].field in _NAMES:
                faults[number] = Fault(
                    Code.VALUE, "is merged with the row above", "unmerge it; each row is one record"
                )
        values = self._picked(row)
        for number, column in enumerate(self.columns):
            text = values[number]
            self._repeat(row, values, number, column, faults)
            if values[number] not in (text, "") and self._repeated_raw[number]:
                raw[number] = self._repeated_raw[number]
            self._repeated_raw[number] = raw.get(number, "")
        stray = [index for index, cell in enumerate(row.cells) if cell and index not in places]
        if stray and self._beside_names.intersection(stray):
            self.problems.error(
                self.place(row.number).at(letters(min(self._beside_names.intersection(stray)))),
                "",
                Code.NAME,
                "a part of the name stands in a column without a heading",
                "write a heading over it, such as 'Tên' beside 'Họ và đệm'",
            )
        elif stray:
            self.problems.warn(
                self.place(row.number).at(letters(stray[0])),
                "",
                Code.HEADING,
                f"{row.cells[stray[0]]!r} stands in a column without a heading",
                "it is not read; write a heading over it",
            )
        return Row(self.place(row.number), self, values, faults, self._section, raw, self._outer)

    def _repeat(
        self, row: GridRow, values: list[str], number: int, column: Column, faults: dict[int, Fault]
    ) -> None:
        """Write out a ditto mark, and remember what the next one means."""
        text = values[number]
        dash = lines.is_dash(text)
        if dash and column.field not in _DASH_REPEATS:
            values[number] = "" if column.field not in TICKS else text
        elif dash or lines.is_ditto(text):
            if column.field in _NEVER_REPEATED:
                faults[number] = Fault(Code.DITTO, f"{text!r} cannot stand here", "write it out")
            elif not self._repeated[number]:
                faults[number] = Fault(Code.DITTO, f"{text!r} has nothing above it", "write it out")
            else:
                self.problems.note(
                    self.place(row.number).at(column.letters if self.sheet else ""),
                    column.heading,
                    Code.DITTO,
                    f"{text!r} is read as {self._repeated[number]!r}",
                    "the same as above",
                )
                values[number] = self._repeated[number]
        self._repeated[number] = values[number]

    def _finished(self, row: Row) -> Row:
        """`row` with legacy fonts read, and its characters checked."""
        faults: dict[int, Fault] | None = None
        values = row.values
        for number, value in enumerate(values):
            fault: Fault | None = None
            text = value
            if number in row.raw or not text.isascii() or not self.ours:
                font = self._fonts[number]
                raw = row.raw.get(number, value)
                read, fault = font.read(raw)
                text = clean_cell(read) if read != raw else value
                if raw.isdigit() and raw != value:
                    self.problems.note(
                        row.place.at(self.columns[number].letters),
                        self.columns[number].heading,
                        Code.NUMBER,
                        f"{raw!r} is read as {value!r}",
                        "with the zeros that its format shows",
                    )
                if text == value and not fault and font.doubts(raw):
                    self.problems.warn(
                        row.place.at(self.columns[number].letters if self.sheet else ""),
                        self.columns[number].heading,
                        Code.LEGACY_FONT,
                        f"{value!r} looks as if it was typed in another font than its column",
                        "if so, type it again in a Unicode font (Times New Roman)",
                    )
            if text != value:
                values = [*values[:number], text, *values[number + 1 :]]
                self.problems.note(
                    row.place.at(self.columns[number].letters if self.sheet else ""),
                    self.columns[number].heading,
                    Code.LEGACY_FONT,
                    f"{value!r} is read as {text!r}",
                    f"typed in a {self._fonts[number].charset} font",
                )
            if bad := broken(text):
                fault = Fault(
                    Code.CHARACTER, f"{text!r} has a broken character U+{ord(bad):04X}", "type it again"
                )
            if fault and number not in row.faults:
                faults = faults if faults is not None else dict(row.faults)
                faults[number] = fault
        if faults is None and values is row.values:
            return row
        wrong = row.faults if faults is None else faults
        return Row(row.place, self, values, wrong, row.section, NO_RAW, row.outer)


def _raw_cells(row: GridRow) -> list[str]:
    return [row.raw.get(index, cell) for index, cell in enumerate(row.cells)]


def _is_nobody(name: str) -> bool:
    """Whether a position or the word for a total stands instead of a name."""
    return lines.is_position(name) or (" " in name and totals.is_total([name]))


def _beside(row: GridRow) -> frozenset[int]:
    """The columns of a row's texts and those next to them."""
    filled = [(index, index + row.spans.get(index, 1)) for index, cell in enumerate(row.cells) if cell]
    return frozenset(index for first, end in filled for index in range(first - 1, end + 1))


def _ahead(rows: Iterator[T], most: int, cells: Callable[[T], Sequence[str]]) -> Iterator[T]:
    """The first rows, fewer of them where their cells are long."""
    size = 0
    while most and size < _SAMPLE_TEXT and (row := next(rows, None)) is not None:
        yield row
        most -= 1
        size += sum(map(len, cells(row)))
