"""CSV files of any charset and delimiter, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from congvu.charset import Charset, encode
from congvu.errors import RegistryError
from congvu.registry import Code, open_table
from congvu.registry.mapping import TableSource
from congvu.registry.opening import open_source
from congvu.registry.problems import Problems

# Long enough for a charset to be told by its words.
NAMES = [
    "Nguyễn Văn An",
    "Trần Thị Ngọc Ánh",
    "Đỗ Đức Đạt",
    "Lê Thị Thùy Dương",
    "Phạm Hoàng Long",
    "Vũ Thị Phượng",
    "Bùi Quốc Khánh",
    "Đặng Thị Hường",
]
OFFICE = "STT;Họ và tên;Chức vụ;Đơn vị\r\n" + "".join(
    f"{number};{name};Chuyên viên;Sở Khoa học và Công nghệ\r\n" for number, name in enumerate(NAMES, start=1)
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def names(path: Path, charset: Charset | None = None) -> list[str]:
    return [row.cells["Họ và tên"] for row in open_table(path, charset=charset)]


@pytest.mark.parametrize("charset", Charset)
def test_each_charset_is_found(charset: Charset, path: Path) -> None:
    path.write_bytes(encode(OFFICE, charset))
    table = open_table(path)
    assert [row.cells["Họ và tên"] for row in table] == NAMES
    assert table.charset.startswith(charset)
    assert table.headings == ("STT", "Họ và tên", "Chức vụ", "Đơn vị")


@pytest.mark.parametrize("charset", Charset)
def test_each_charset_can_be_chosen(charset: Charset, path: Path) -> None:
    path.write_bytes(encode(OFFICE, charset))
    assert names(path, charset) == NAMES


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_is_read(encoding: str, path: Path) -> None:
    path.write_bytes(OFFICE.encode(encoding))
    assert names(path) == NAMES


def test_a_charset_in_doubt_is_refused_with_what_to_write(path: Path) -> None:
    path.write_bytes("STT;Họ và tên\r\n1;X\r\n".encode() + "Ngô Đăng".encode("cp1258"))
    with pytest.raises(RegistryError, match="doubt") as caught:
        open_table(path)
    assert "--charset" in caught.value.hint
    assert str(caught.value.where) == f"{path}:3"


def test_the_wrong_charset_is_refused_with_its_line(path: Path) -> None:
    path.write_bytes("Họ và tên;Đơn vị\r\nNa;Sở\r\n".encode() + b"Ng\xff;x\r\n")
    with pytest.raises(RegistryError, match=r"list\.csv:3: is not UTF-8 at byte 2 of the line"):
        names(path, Charset.UTF8)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found(delimiter: str, newline: str, path: Path) -> None:
    path.write_bytes(OFFICE.replace(";", delimiter).replace("\r\n", newline).encode())
    assert names(path) == NAMES


def test_excels_own_first_line_names_the_delimiter(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbfsep=;\r\n" + OFFICE.replace("Chuyên viên", '"a,b,c,d,e,f"').encode())
    table = open_table(path)
    rows = list(table)
    assert (rows[0].cells["Chức vụ"], rows[0].place.row) == ("a,b,c,d,e,f", 3)


def test_a_cell_may_hold_a_line_end(path: Path) -> None:
    path.write_text('Họ và tên,Chức vụ\nLê Na,"Phó\nTrưởng phòng"\nSơn Kim,Kế toán\n', encoding="utf-8")
    first, second = open_table(path)
    assert (first.cells["Chức vụ"], second.place.row) == ("Phó Trưởng phòng", 4)


def test_titles_above_the_heading_and_signatures_below_the_table_are_left_out(path: Path) -> None:
    title = "DANH SÁCH ĐỀ NGHỊ;;;\r\n;;;\r\n"
    end = "Tổng cộng: 8 người;;;\r\n;;;Đà Lạt, ngày 1 tháng 5 năm 2026\r\n;NGƯỜI LẬP;;GIÁM ĐỐC\r\n"
    path.write_bytes((title + OFFICE + end).encode())
    table = open_source(TableSource(file=path), None, Problems())
    assert len(list(table)) == len(NAMES)
    assert table.totals == [8]
    assert {str(why): str(ranges) for why, ranges in table.ignored.items()} == {
        "above the heading": "1",
        "blank": "2",
        "heading": "3",
        "total": "12",
        "below the table": "13–14",
    }


def test_a_list_without_a_known_heading_is_read_by_its_first_row(path: Path) -> None:
    path.write_text("kind,name,ho,dem,ten,unit\nperson,,Nguyễn,Văn,An,Sở Nội vụ\nunit,Sở Nội vụ,,,,\n")
    table = open_table(path)
    assert table.headings == ("kind", "name", "ho", "dem", "ten", "unit")
    assert [dict(row.cells) for row in table] == [
        {"kind": "person", "name": "", "ho": "Nguyễn", "dem": "Văn", "ten": "An", "unit": "Sở Nội vụ"},
        {"kind": "unit", "name": "Sở Nội vụ", "ho": "", "dem": "", "ten": "", "unit": ""},
    ]
    path.write_text("a,b\n1,2\n")
    assert [dict(row.cells) for row in open_table(path)] == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("9;Lê Na;Kế toán", Code.CELL_COUNT),
        ("9;Lê Na;Kế toán;Sở;thừa", Code.CELL_COUNT),
        ("9;Lê Na;Kế toán;Sở;", None),
    ],
)
def test_a_row_of_another_length_is_told_and_not_read(line: str, code: Code | None, path: Path) -> None:
    path.write_bytes((OFFICE + line + "\r\n").encode())
    table = open_table(path)
    read = len(list(table))
    assert [problem.code for problem in table.problems.found] == ([code] if code else [])
    assert (read, table.rows_read) == (8 if code else 9, 9)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b'9;"Le Na', "is not CSV"),
        (b"9;" + b"x" * 70_000 + b";a;b", "is not CSV: field larger"),
        (b"x" * 1_100_000, "line is longer"),
        (b";" * 1500, "more than 1000"),
    ],
)
def test_what_cannot_be_a_list_is_refused_with_its_row(bad: bytes, words: str, path: Path) -> None:
    path.write_bytes(OFFICE.encode() + bad)
    with pytest.raises(RegistryError, match=words) as caught:
        list(open_table(path))
    assert caught.value.where == f"{path}:10"


def test_a_nul_is_told_with_its_row(path: Path) -> None:
    path.write_bytes(OFFICE.encode() + b"9;Le\0Na;a;b\r\n")
    with pytest.raises(RegistryError, match="NUL") as caught:
        open_table(path)
    assert caught.value.where == f"{path}:10"


def test_a_broken_character_is_a_fault_of_its_cell(path: Path) -> None:
    path.write_bytes(OFFICE.encode() + "9;Lê\ufffd;a;b\r\n".encode())
    *_, last = open_table(path)
    assert [fault.code for fault in last.faults.values()] == [Code.CHARACTER]


@pytest.mark.parametrize(("line", "hint"), [("9;Lê Na", "missing"), ("9;a;b;c;d;e", "quote a cell")])
def test_a_row_of_another_length_is_told_what_may_be_wrong(line: str, hint: str, path: Path) -> None:
    path.write_bytes((OFFICE + line + "\r\n").encode())
    table = open_table(path)
    list(table)
    assert hint in table.problems.found[0].hint
