"""The published form for requests, filled in as an office does."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from congvu.policy import Policy
from congvu.registry.headings import Field
from congvu.registry.template import ROWS, TemplateKind, columns, write_template

FIRST = 7
"""Row for the first person."""
SCAN = b"%PDF-1.4\n% a scan\n%%EOF\n"


def filled(policy: Policy, rows: Sequence[Mapping[Field, str]], *, total: int | None = None) -> bytes:
    """The workbook with these rows, and their number below."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.xlsx"
        write_template(path, policy, TemplateKind.CHANGES)
        book = load_workbook(path)
        sheet = book.active
        assert isinstance(sheet, Worksheet)
        numbers = {
            column.field: number for number, column in enumerate(columns(policy, TemplateKind.CHANGES), 1)
        }
        for row, values in enumerate(rows, start=FIRST):
            for field, value in values.items():
                sheet.cell(row, numbers[field]).value = value
        sheet.cell(FIRST + ROWS, 3).value = len(rows) if total is None else total
        book.save(path)
        return path.read_bytes()


def person(name: str, unit: str, tick: Field, address: str = "", **more: str) -> dict[Field, str]:
    """A row about somebody; `more` by the names of fields."""
    family, _, given = name.rpartition(" ")
    return {
        Field.STAFF_ID: "",
        Field.FAMILY_AND_MIDDLE: family,
        Field.GIVEN_NAME: given,
        Field.UNIT_NAME: unit,
        Field.ADDRESS: address,
        tick: "x",
        **{Field(field): value for field, value in more.items()},
    }
