"""Workbooks taken apart and put together again: to break them, or to write what openpyxl will not."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.unit.registry_forms import save


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def edit(path: Path, part: str, old: bytes, new: bytes) -> None:
    """Replace octets that are there in one member."""
    parts = members(path)
    assert old in parts[part], parts[part]
    write(path, {**parts, part: parts[part].replace(old, new, 1)})


_NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def shared_texts(path: Path, *texts: str, width: int = 2) -> Path:
    """A workbook of these cells, row by row, with its texts shared as Excel does it; openpyxl does not."""
    parts = members(save(path, [["x"]]))
    cells = "".join(
        f'{"<row>" if not number % width else ""}<c t="s"><v>{number}</v></c>'
        f"{'</row>' if number % width == width - 1 else ''}"
        for number in range(len(texts))
    )
    # A phonetic guide repeats its text, and rich text comes in runs.
    shared = "".join(
        f'<si><r><t>{text[:1]}</t></r><r><t xml:space="preserve">{text[1:]}</t></r><rPh><t>x</t></rPh></si>'
        for text in texts
    )
    relation = (
        '<Relationship Id="rIdT" Target="sharedStrings.xml" Type="http://schemas.openxmlformats.org/'
        'officeDocument/2006/relationships/sharedStrings"/></Relationships>'
    )
    relations = parts["xl/_rels/workbook.xml.rels"].decode().replace("</Relationships>", relation)
    changed = {
        "xl/_rels/workbook.xml.rels": relations,
        "xl/worksheets/sheet1.xml": f"<worksheet {_NAMESPACE}><sheetData>{cells}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"<sst {_NAMESPACE}>{shared}</sst>",
    }
    return write(path, {**parts, **{name: content.encode() for name, content in changed.items()}})
