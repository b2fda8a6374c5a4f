"""What the cells of a column look like, where that is not what its heading says: columns are swapped.

Every row of such a list would be wrong, and few of them in a way that a single cell shows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from congvu.registry import values
from congvu.registry.headings import Field
from congvu.registry.problems import Code, Problems
from congvu.registry.sheet import Table

_DATE = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])[/.-](?:0?[1-9]|1[0-2])[/.-](?:19|20)\d\d|(?:19|20)\d\d-(?:0[1-9]|1[0-2])-\d\d"
)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMBER = re.compile(r"[\d\s.,+()-]*\d[\d\s.,+()-]*")
_DATES, _MAILS, _PHONES, _NUMBERS = "dates", "mail addresses", "telephone numbers", "numbers"
_NO_WORDS = frozenset({_DATES, _MAILS, _PHONES, _NUMBERS})
_NEVER: Mapping[Field, frozenset[str]] = {
    **dict.fromkeys(
        (
            *(Field.FULL_NAME, Field.SURNAME, Field.MIDDLE_NAME, Field.GIVEN_NAME, Field.FAMILY_AND_MIDDLE),
            *(Field.FIRST_NAME, Field.LAST_NAME, Field.HOLDER, Field.NAME),
        ),
        _NO_WORDS,
    ),
    **dict.fromkeys((Field.UNIT_NAME, Field.POSITION, Field.PARENT_NAME, Field.AGENCY), _NO_WORDS),
    Field.PHONE: frozenset({_DATES, _MAILS}),
    **dict.fromkeys((Field.CONTACT_MAIL, Field.ADDRESS), frozenset({_DATES, _PHONES})),
    **dict.fromkeys((Field.STAFF_ID, Field.CITIZEN_ID), frozenset({_DATES, _MAILS})),
    **dict.fromkeys((Field.REGISTERED_ON, Field.BIRTH_DATE, Field.UNTIL), frozenset({_MAILS, _PHONES})),
}
"""What most cells of a field's column cannot be."""


def tell_misplaced(table: Table, problems: Problems) -> None:
    """An error for each column most of whose first cells are plainly of another kind than its heading."""
    for number, column in enumerate(table.columns):
        never = _NEVER.get(column.field) if column.field else None
        if never is None:
            continue
        filled = [row.values[number] for row in table.sample if row.values[number]]
        kinds = Counter(map(_kind, filled))
        for kind, count in kinds.items():
            if kind in never and 2 * count > len(filled):
                place = table.place(table.heading_rows[-1])
                problems.error(
                    place.at(column.letters) if table.sheet else place,
                    column.heading,
                    Code.WRONG_COLUMN,
                    f"{count} of {len(filled)} cells look like {kind}: it is probably the wrong column",
                    "move the heading over its own column, or say in the mapping file what this one holds",
                )


def _kind(text: str) -> str:
    """What `text` can only be; empty for words and all that is less plain."""
    if _DATE.fullmatch(text):
        return _DATES
    if _MAIL.fullmatch(text):
        return _MAILS
    if not _NUMBER.fullmatch(text):
        return ""
    return _NUMBERS if values.phone(text).doubt else _PHONES
