"""Whatever is in a file: a list, or a `RegistryError` that says where, in bounded memory."""

from __future__ import annotations

import csv
import io
import random
import sqlite3
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from congvu.charset import Charset
from congvu.errors import RegistryError
from congvu.registry import open_table
from congvu.registry.lint import lint
from congvu.registry.sources import package, workbook
from tests.unit import registry_forms as forms
from tests.unit.registry_package import members, shared_texts, write

SHEET = "xl/worksheets/sheet1.xml"
NUMBERS = random.Random(1)  # noqa: S311  (what the archive cannot pack, not a secret)
MOST = 60 << 20
"""Octets of memory that reading a small hostile file may take."""
FUZZ = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.xlsx"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return forms.dong_thap_1(tmp_path_factory.mktemp("good") / "list.xlsx").read_bytes()


def survives(path: Path, charset: Charset | None = None) -> str:
    """Read it all, both ways; the message where it was refused. Any other exception fails the test."""
    tracemalloc.start()
    try:
        list(open_table(path, charset=charset))
        lint(path, lambda _: None, charset=charset)
    except RegistryError as refused:
        message = str(refused)
    else:
        return ""
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MOST
    assert str(path) in message
    return message


def sheet(path: Path, xml: bytes) -> Path:
    """A workbook with this content of its sheet's rows."""
    parts = members(forms.save(path, [["Họ và tên", "Đơn vị"], ["Lê Na", "Sở Nội vụ"]]))
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return write(path, {**parts, SHEET: head + xml + b"</worksheet>"})


HEADING = (
    b'<row r="1"><c r="A1" t="inlineStr"><is><t>Ten</t></is></c>'
    b'<c r="B1" t="inlineStr"><is><t>Phong</t></is></c></row>'
)


# Archives


def test_a_workbook_cut_off_anywhere_is_refused(path: Path, good: bytes) -> None:
    for length in {*range(40), *range(0, len(good) - 1, len(good) // 60)}:
        path.write_bytes(good[:length])
        assert survives(path)


@FUZZ
@given(data=st.data())
def test_a_workbook_with_changed_octets_is_read_or_refused(
    data: st.DataObject, path: Path, good: bytes
) -> None:
    changed = bytearray(good)
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(changed)
    survives(path)


@FUZZ
@given(data=st.data())
def test_a_workbook_with_a_changed_part_is_read_or_refused(
    data: st.DataObject, path: Path, good: bytes
) -> None:
    """The archive is whole, its XML is not."""
    path.write_bytes(good)
    parts = members(path)
    name = data.draw(st.sampled_from(sorted(name for name in parts if "theme" not in name)))
    content = bytearray(parts[name])
    start = data.draw(st.integers(0, len(content) - 1))
    content[start : start + data.draw(st.integers(0, 30))] = data.draw(
        st.sampled_from(
            [b"", b"-1", b"99999999999", b"<", b'"', b"&#0;", b"\xff", b'r="A0"', b"</row>", b"1e999"]
        )
    )
    write(path, {**parts, name: bytes(content)})
    survives(path)


@pytest.mark.parametrize("lost", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", SHEET, "_rels/.rels"])
def test_a_workbook_without_one_of_its_parts_is_read_or_refused(lost: str, path: Path, good: bytes) -> None:
    path.write_bytes(good)
    parts = members(path)
    write(path, {name: content for name, content in parts.items() if name != lost})
    assert survives(path) or lost == "_rels/.rels"


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x03\x04", b"\0" * 5000, b"\xff" * 5000, b"PK\x05\x06" + b"\0" * 18]
)
def test_what_is_no_archive_is_refused(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    assert survives(path)


@pytest.mark.parametrize("rows", [[], [[""]], [["Họ và tên"]], [["a", "b"], ["c", "d"]]])
def test_a_workbook_without_a_list_is_refused(rows: list[list[str]], path: Path) -> None:
    forms.save(path, rows)
    with pytest.raises(RegistryError):
        lint(path, lambda _: None)


def test_an_old_workbook_is_told_what_to_do(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert "save it as .xlsx" in survives(path)
    path.rename(path.with_suffix(".csv"))
    assert "save it as .xlsx" in survives(path.with_suffix(".csv"))


def test_a_zip_bomb_is_refused(path: Path, good: bytes) -> None:
    path.write_bytes(good)
    write(path, {**members(path), "xl/media/image1.png": b"\0" * (12 << 20)})
    assert "times its size" in survives(path)


def test_what_unpacks_to_too_much_is_refused(
    path: Path, good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(good)
    monkeypatch.setattr(package, "MAX_UNPACKED", 5000)
    assert "unpacks to more than" in survives(path)


def test_a_size_that_the_archive_lies_about_is_noticed(path: Path, good: bytes) -> None:
    """The directory at the end declares ten octets for every member."""
    changed = bytearray(good)
    place = 0
    while (place := changed.find(b"PK\x01\x02", place)) >= 0:
        changed[place + 24 : place + 28] = struct.pack("<I", 10)
        place += 4
    path.write_bytes(changed)
    assert survives(path)


def test_too_many_members_are_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(package.MAX_MEMBERS + 1):
            archive.writestr(f"{number}", b"")
    assert "members" in survives(path)


def test_a_member_with_a_password_is_refused(path: Path, good: bytes) -> None:
    changed = bytearray(good)
    place = 0
    while (place := changed.find(b"PK\x01\x02", place)) >= 0:
        changed[place + 8] |= 1
        place += 4
    path.write_bytes(changed)
    assert "cannot be unpacked" in survives(path)


# XML


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    "part", [SHEET, "xl/workbook.xml", "xl/styles.xml", "_rels/.rels", "docProps/core.xml"]
)
@pytest.mark.parametrize("bomb", [LAUGHS, OUTSIDE])
def test_a_document_type_is_refused_wherever_it_stands(
    part: str, bomb: bytes, path: Path, good: bytes
) -> None:
    path.write_bytes(good)
    parts = members(path)
    body = parts[part].partition(b"?>")[2] if parts[part].startswith(b"<?xml") else parts[part]
    write(path, {**parts, part: bomb + body})
    assert "declares a document type" in survives(path)


def test_a_row_of_a_million_columns_is_refused(path: Path) -> None:
    some = b"".join(b"<c><v>%d</v></c>" % number for number in NUMBERS.sample(range(1 << 24), 10_000))
    cells = some * 100  # too far apart for the archive to notice that they repeat
    sheet(path, b"<sheetData>" + HEADING + b'<row r="2">' + cells + b"</row></sheetData>")
    assert "row 2: has cells beyond column 1000" in survives(path)


def test_a_cell_far_to_the_right_is_refused(path: Path) -> None:
    sheet(path, b"<sheetData>" + HEADING + b'<row r="2"><c r="XFD2"><v>1</v></c></row></sheetData>')
    assert "row 2: has cells beyond column 1000" in survives(path)


def test_a_row_of_a_million_empty_columns_is_refused(path: Path) -> None:
    sheet(path, b"<sheetData>" + HEADING + b'<row r="2">' + b'<c s="1"/>' * 100_000 + b"</row></sheetData>")
    assert survives(path)


@pytest.mark.parametrize(
    "dimension", [b"A1:XFD1048576", b"A1:ZZZZZ99999999", b"B2:A1", b"-1:-1", b"A0:A-5", b"", b"1:1"]
)
def test_what_a_sheet_says_of_its_size_does_not_matter(dimension: bytes, path: Path) -> None:
    last = b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>Na</t></is></c></row>'
    sheet(
        path,
        b'<dimension ref="' + dimension + b'"/><sheetData>' + HEADING + last + b"</sheetData>"
        b'<mergeCells><mergeCell ref="' + dimension + b'"/></mergeCells>',
    )
    table = open_table(path)
    assert [row.place.row for row in table] == [1048576]
    assert not survives(path)


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="A0"><v>1</v></c>',
        b'<c r="A-1"><v>1</v></c>',
        b'<c r="ZZZZ1"><v>1</v></c>',
        b'<c r="A2" t="s"><v>-1</v></c>',
        b'<c r="A2" t="s"><v>99999999999999999999</v></c>',
        b'<c r="A2" s="-1"><v>1</v></c>',
        b'<c r="A2" s="99999999999999"><v>1e308</v></c>',
        b'<c r="A2"><v>1e999</v></c>',
        b'<c r="A2"><v>nan</v></c>',
        b'<c r="A2" t="d"><v>9999-99-99</v></c>',
        b'<c r="A2" t="b"><v>x</v></c>',
        b'<c r="A2" t="e"><v>#REF!</v></c>',
        b'<c r="A2"><f>1/0</f></c>',
        b'<c r="A2" t="unknown"><v>1</v></c>',
        b'<c r="A2" t="inlineStr"><is><t>&#x7;</t></is></c>',
        b'<c r="A2" t="inlineStr"><is><rPh><t>x</t></rPh></is></c>',
        b'<c r="A2"><v>1</v><v>2</v></c>',
    ],
)
@pytest.mark.parametrize("row", [b"2", b"-2", b"0", b"99999999999", b""])
def test_odd_cells_are_read_or_told(cell: bytes, row: bytes, path: Path) -> None:
    sheet(path, b"<sheetData>" + HEADING + b'<row r="' + row + b'">' + cell + b"</row></sheetData>")
    survives(path)


@pytest.mark.parametrize(
    "kind", [b'<c r="A2" t="inlineStr"><is><t>%s</t></is></c>', b'<c r="A2"><v>%s</v></c>']
)
def test_a_huge_cell_is_refused(kind: bytes, path: Path) -> None:
    text = bytes(NUMBERS.choices(b"0123456789", k=3 << 20))
    sheet(path, b"<sheetData>" + HEADING + b'<row r="2">' + kind % text + b"</row></sheetData>")
    assert "row 2: a cell holds more than" in survives(path)


def test_a_huge_shared_text_is_told(path: Path) -> None:
    shared_texts(path, "Họ và tên", "Đơn vị", "x" * 70_000, "Sở Nội vụ")
    (row,) = open_table(path)
    assert [fault.message for fault in row.faults.values()] == ["holds more than 65536 characters"]


def test_shared_texts_that_fill_the_memory_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_texts(path, "Họ và tên", "Đơn vị", *("" for _ in range(2000)))
    monkeypatch.setattr(workbook, "_MAX_TEXT", 50 * 1000)
    assert "MB of text" in survives(path)


# Text files


@FUZZ
@given(content=st.binary(max_size=400), name=st.sampled_from(["list.csv", "list.xlsx", "list.txt"]))
def test_octets_of_any_kind_are_read_or_refused(content: bytes, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    survives(path)


@FUZZ
@given(
    rows=st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=5), max_size=8),
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_text_of_any_kind_is_read_or_refused(
    rows: list[list[str]], delimiter: str, encoding: str, tmp_path: Path
) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows([["Họ và tên", "Đơn vị"], *rows])
    path = tmp_path / "list.csv"
    path.write_bytes(written.getvalue().encode(encoding, "replace"))
    survives(path)


@FUZZ
@given(data=st.data(), charset=st.sampled_from(list(Charset)))
def test_a_list_with_changed_octets_is_read_or_refused_in_any_charset(
    data: st.DataObject, charset: Charset, tmp_path: Path
) -> None:
    content = bytearray(
        "STT,Họ và tên,Đơn vị\n1,Nguyễn Văn An,Sở Nội vụ\n2,Lê Na,nt\nTổng cộng: 2,,\n".encode()
    )
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    survives(path)
    survives(path, charset)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_lone_surrogate_is_refused(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    text = "Họ và tên,Đơn vị\nLê\ud800Na,Sở Nội vụ\n"
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    path.write_bytes(mark + text.encode(encoding, "surrogatepass"))
    assert survives(path)


def test_long_cells_are_not_kept(tmp_path: Path) -> None:
    """Eighteen megabytes of cells that are each within the limit."""
    path = tmp_path / "list.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("Họ và tên,Đơn vị\n")
        for number in range(300):
            file.write(f"{number}{'x' * 60_000},Sở Nội vụ\n")
    tracemalloc.start()
    try:
        assert sum(1 for _ in open_table(path)) == 300
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


# Databases


@pytest.mark.parametrize("value", [b"\0\xff", "Le\0Na", "x" * 100_000, 1e300, -1, float("inf")])
def test_odd_values_of_a_database_are_read_or_told(value: object, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "hr.db") as connection:
        connection.execute("CREATE TABLE staff (full_name, staff_id, unit_id)")
        connection.execute("INSERT INTO staff VALUES (?, 'S1', 'U')", (value,))
    connection.close()
    (tmp_path / "url").write_text(f"sqlite:///{tmp_path / 'hr.db'}")
    (tmp_path / "registry.yml").write_text("version: 1\nstaff: [{sql: {url_file: url, table: staff}}]\n")
    lint(tmp_path, lambda _: None)
