"""The list of what waits for an office: rows that were set aside, and rows in doubt."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from congvu.files import write_whole
from congvu.sync.gathered import Doubt, Gathered
from congvu.sync.settings import Settings

COLUMNS = ("Vị trí", "Loại", "Nội dung", "Cách xử lý")
"""Headings: where it stands, what kind it is, what is wrong, what to do."""
IN_DOUBT = "nghi vấn"
"""The kind of a row of which a person must say whom it is about."""
_MODE = 0o640  # the office's account of the same group fetches it


def write(settings: Settings, gathered: Gathered) -> tuple[Path, ...]:
    """Write each domain's list anew, where the settings name a file; an empty one says that nothing waits.

    CSV in UTF-8 with a byte order mark, by which Excel knows it. No cell starts with what a file says: a
    spreadsheet computes nothing of it. Raises `SystemFailure`.
    """
    written = []
    for source in gathered.sources:
        if path := settings.domains[source.domain].quarantine:
            doubts = [doubt for doubt in gathered.doubts if doubt.domain == source.domain]
            rows = (
                *(
                    (str(one.place), str(one.code), f"{_column(one.column)}: {one.message}", one.hint)
                    for one in source.quarantined
                ),
                *_doubted(doubts),
            )
            text = io.StringIO()
            csv.writer(text, lineterminator="\r\n").writerows((COLUMNS, *rows))
            write_whole(path, text.getvalue().encode("utf-8-sig"), _MODE)
            written.append(path)
    return tuple(written)


def _doubted(doubts: Sequence[Doubt]) -> Iterator[tuple[str, str, str, str]]:
    for doubt in doubts:
        left = ("left",) if doubt.candidates else ()
        answers = " | ".join((*(f"same:{one}" for one in doubt.candidates), "new", *left))
        what = f"congvu sync decide {doubt.id} {answers}"
        yield str(doubt.person.place), IN_DOUBT, f"{doubt.id}: {doubt.text}", what


def _column(heading: str) -> str:
    return f"cột {str(heading)!r}" if heading else "dòng"
