"""Which row, or which two rows, of an office's sheet are the heading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from congvu.registry.headings import NAMING, Field, Kind, field_of
from congvu.registry.sources.grid import GridRow
from congvu.registry.text import key

_FEWEST = 2
"""Known columns that make a row a heading."""
_OF_UNITS_TOO = frozenset(
    {
        *(None, Field.ORDINAL, Field.NOTE, Field.UNIT_ID, Field.UNIT_NAME, Field.AGENCY, Field.PHONE),
        *(Field.CONTACT_MAIL, Field.ADDRESS, Field.REGISTERED_ON, Field.DOCUMENT, Field.STATUS),
    }
)
"""Fields of a staff list that a list of units may have under the same headings."""
_LONGEST = 300
"""Characters of a heading; more are a text of its own."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody settled about a table beforehand, on the command line or in a mapping file."""

    kind: Kind | None = None
    heading_row: int = 0
    columns: Mapping[str, Field] = field(default_factory=dict)
    """Headings and what they mean, before the known ones."""
    any_heading: bool = False
    """Whether the first row is the heading where none is recognised."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The row or two rows over the columns."""

    rows: tuple[int, ...]
    kind: Kind
    names: tuple[tuple[str, str], ...]
    """Per column the text of the upper and of the lower row; the upper empty where there is one row."""
    score: int
    """Columns whose meaning is known."""
    complete: bool = False
    """Whether one of them says whom or what the rows are about."""
    nameless: bool = False
    """Whether that is an address alone, and nothing else is of a person: it may be a unit's."""


def find_heading(rows: Sequence[GridRow], wish: Wish) -> Heading | None:
    """The heading among the first rows of a grid: the row, or two, with most known headings."""
    kinds = (wish.kind,) if wish.kind else tuple(Kind)
    best: Heading | None = None
    for number, row in enumerate(rows):
        below = rows[number + 1] if number + 1 < len(rows) else None
        if wish.heading_row and row.number != wish.heading_row:
            continue
        for kind in kinds:
            for found in _candidates(row, below, kind, wish):
                if best is None or _is_better(found, best):
                    best = found
    if best and (best.score >= _FEWEST or wish.heading_row):
        return best
    if wish.any_heading and rows:
        names = tuple(("", cell) for cell in rows[0].cells)
        return Heading((rows[0].number,), wish.kind or Kind.STAFF, names, 0)
    return None


def _is_better(one: Heading, other: Heading) -> bool:
    """Whether `one` is rather the heading; of the same rows, whose kind has what its rows are about."""
    if one.rows == other.rows and min(one.score, other.score) >= _FEWEST:
        if one.complete != other.complete:
            return one.complete
        if one.complete and one.nameless != other.nameless:
            return other.nameless
    return one.score > other.score


def _candidates(row: GridRow, below: GridRow | None, kind: Kind, wish: Wish) -> Iterator[Heading]:
    alone = tuple(("", cell) for cell in row.cells)
    score, complete = _score(alone, kind, wish), _complete(alone, kind, wish)
    yield Heading((row.number,), kind, alone, score, complete, _nameless(alone, kind, wish))
    # The upper row of two is a heading itself; a title over the heading is not.
    if wish.any_heading or score < _FEWEST or below is None or below.number != row.number + 1:
        return
    if not _continues(row, below, kind, wish):
        return
    width = max(len(row.cells), len(below.cells))
    upper, over = [], ""
    for index in range(width):
        text = row.cells[index] if index < len(row.cells) else ""
        lower = below.cells[index] if index < len(below.cells) else ""
        over = text or (over if lower else "")
        upper.append("" if over == lower else over)
    lower_texts = [below.cells[index] if index < len(below.cells) else "" for index in range(width)]
    both = tuple(zip(upper, lower_texts, strict=True))
    complete, nameless = _complete(both, kind, wish), _nameless(both, kind, wish)
    yield Heading((row.number, below.number), kind, both, _score(both, kind, wish), complete, nameless)


def _continues(row: GridRow, below: GridRow, kind: Kind, wish: Wish) -> bool:
    """Whether `below` can be the second row of a heading: known words, or what is merged from above."""
    news = 0
    for index, text in enumerate(below.cells):
        if not text or (index < len(row.cells) and text == row.cells[index]):
            continue
        upper = row.cells[index] if index < len(row.cells) else ""
        if not meaning(("", text), kind, wish) and not meaning((upper, text), kind, Wish()):
            return False
        news += 1
    return news > 0


def _complete(names: Sequence[tuple[str, str]], kind: Kind, wish: Wish) -> bool:
    return any(meaning(pair, kind, wish) in NAMING[kind] for pair in names)


def _nameless(names: Sequence[tuple[str, str]], kind: Kind, wish: Wish) -> bool:
    return kind is Kind.STAFF and {meaning(pair, kind, wish) for pair in names} <= _OF_UNITS_TOO


def _score(names: Sequence[tuple[str, str]], kind: Kind, wish: Wish) -> int:
    meant = {means for pair in names if (means := meaning(pair, kind, wish))}
    return len(meant)


def meaning(names: tuple[str, str], kind: Kind, wish: Wish) -> Field | None:
    """What a column with these texts in the heading's upper and lower row means; the lower weighs more."""
    upper, lower = names
    wanted = {key(name): field for name, field in wish.columns.items()}
    if len(upper) + len(lower) > _LONGEST:
        return None
    for text in (f"{upper} / {lower}" if upper and lower else "", lower, f"{upper} {lower}", upper):
        if text.strip() and (found := wanted.get(key(text)) or field_of(text, kind)):
            return found
    return None
