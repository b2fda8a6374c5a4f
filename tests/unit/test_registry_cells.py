"""What stands in cells: letters that look like blanks, numbers, dates, and characters nobody typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook

from congvu.charset import Charset, encode
from congvu.registry import Action, Code, Person, Place, Problem, Severity, Status, Unit
from congvu.registry.headings import Field, Kind
from congvu.registry.mapping import TableSource
from congvu.registry.opening import open_source
from congvu.registry.people import StaffRows
from congvu.registry.problems import Problems
from congvu.registry.seen import Seen
from congvu.registry.units import Units
from tests.unit.registry_forms import Cell, save

HEADING = ("Mã CBCC", "Họ và tên", "Chức vụ", "Đơn vị", "Số điện thoại", "Ngày đăng ký")
AN = ("S1", "Nguyễn Văn An", "Chuyên viên", "Sở Nội vụ", "0999000001", "30/01/2013")


def people(path: Path, source: TableSource | None = None) -> tuple[list[Person], list[Problem]]:
    problems = Problems()
    source = source or TableSource(file=path)
    table = open_source(source, Kind.STAFF, problems)
    with Seen() as seen:
        found = list(StaffRows(table, source.reading, problems, seen, None, complete=False))
    problems.close()
    return found, list(problems.found)


def told(problems: Sequence[Problem], code: Code) -> list[tuple[Severity, int]]:
    """Weight and row of the problems of one kind."""
    return [
        (problem.severity, getattr(problem.place, "row", 0)) for problem in problems if problem.code is code
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.xlsx"


def typed(text: str, charset: Charset) -> str:
    """What a workbook holds where `text` was typed in a font of that charset."""
    return encode(text, charset).decode("latin-1")


@pytest.mark.parametrize(
    ("charset", "names"),
    [
        (Charset.TCVN3, ("Trương Văn Lưu", "Dương Thị Hương", "Lê Hữu Phước", "Hoàng Đình Thư")),
        (Charset.VISCII, ("LÊ VĂN ÁNH", "VÕ", "VÕ THỊ HỒNG", "TRẦN ĐỨC PHƯỢNG")),
    ],
)
def test_letters_of_legacy_fonts_that_look_like_blanks_are_read(
    path: Path, charset: Charset, names: Sequence[str]
) -> None:
    rows: list[list[Cell]] = [
        [f"S{number}", typed(name, charset), "CV", typed("Phường Xuân Hương", charset)]
        for number, name in enumerate(names)
    ]
    save(path, [[typed(heading, charset) for heading in HEADING[:4]], *rows])
    found, problems = people(path)
    assert [person.full_name.casefold() for person in found] == [name.casefold() for name in names]
    assert {person.unit_name for person in found} == {"Phường Xuân Hương"}
    assert Severity.ERROR not in {problem.severity for problem in problems}


def test_letters_that_look_like_blanks_survive_merging_and_ditto_marks(path: Path) -> None:
    unit = typed("Sở Lưu trữ", Charset.TCVN3)
    rows: list[list[Cell]] = [
        [f"S{number}", typed(name, Charset.TCVN3), "CV", cell]
        for number, (name, cell) in enumerate(
            [("Trương Hồng", unit), ("Đỗ Hường", '"'), ("Lê Đức", unit), ("Vũ Lợi", None)]
        )
    ]
    save(path, [HEADING[:4], *rows], "D4:D5")
    found, _ = people(path)
    assert [person.unit_name for person in found] == ["Sở Lưu trữ"] * 4


def test_a_soft_hyphen_within_a_word_joins_it(path: Path) -> None:
    save(path, [HEADING, ["S1", "Nguy\u00adễn Văn\u00a0An", *AN[2:]], ["S2", "Lê An\u00ad", *AN[2:]]])
    found, _ = people(path)
    assert [person.full_name for person in found] == ["Nguyễn Văn An", "Lê An"]


# Names in several columns

GIVEN = ("An", "Bình", "Cúc", "Dũng")


def test_a_row_that_contradicts_the_order_of_names_is_refused(path: Path) -> None:
    rows = [[f"S{i}", "Nguyễn Văn", GIVEN[i % 4], "Sở Nội vụ"] for i in range(300)]
    save(path, [["Mã CBCC", "firstname", "lastname", "Đơn vị"], *rows, ["S300", "An", "Trần Thị", "U"]])
    _, problems = people(path)
    assert told(problems, Code.NAME_ORDER)[:1] == [(Severity.ERROR, 302)]


@pytest.mark.parametrize("odd", [("Em", "Trần Thị", "Trần Thị Em"), ("Trần Thị", "Em", "Thị Em Trần")])
def test_parts_must_have_the_order_of_the_full_name(odd: Sequence[str], path: Path) -> None:
    heading = ["Mã CBCC", "firstname", "lastname", "fullName", "Đơn vị"]
    rows = [[f"S{i}", "Nguyễn Văn", g, f"Nguyễn Văn {g}", "U"] for i, g in enumerate(GIVEN * 5)]
    save(path, [heading, *rows, ["S99", *odd, "U"]])
    _, problems = people(path)
    assert told(problems, Code.NAME_ORDER)[:1] == [(Severity.ERROR, 22)]


def test_turned_parts_beside_a_full_name_are_refused_but_not_of_the_ede(path: Path) -> None:
    rows = [
        ["S1", "Nguyễn Văn An", "Nguyễn", "Văn", "An"],
        ["S2", "Trần Thị Em", "Em", "Trần", "Thị"],
        ["S3", "Y Blŏ Niê", "Niê", "Y", "Blŏ"],
    ]
    save(path, [["Mã CBCC", "Họ và tên", "Họ", "Đệm", "Tên"], *rows])
    found, problems = people(path)
    assert told(problems, Code.NAME) == [(Severity.ERROR, 3)]
    assert (found[2].given_name, found[2].full_name) == ("Blŏ", "Y Blŏ Niê")


def test_a_heading_of_names_over_two_columns_is_family_and_given_name(path: Path) -> None:
    heading = ["STT", "Họ và tên", None, "Chức vụ", "Đơn vị"]
    rows = [[1, "Nguyễn Văn", "An", "CV", "U"], [2, "Lê", "Na", "CV", "U"]]
    found, problems = people(save(path, [heading, *rows], "B1:C1"))
    assert [(p.surname, p.middle_name, p.given_name) for p in found] == [
        ("Nguyễn", "Văn", "An"),
        ("Lê", "", "Na"),
    ]
    assert told(problems, Code.NAME) == [(Severity.NOTE, 1)]


def test_a_part_of_the_name_without_a_heading_is_refused(path: Path) -> None:
    heading = ["STT", "Họ và tên", None, "Chức vụ", "Đơn vị"]
    _, problems = people(save(path, [heading, [1, "Nguyễn Văn", "An", "CV", "U"]]))
    assert told(problems, Code.NAME) == [(Severity.ERROR, 2)]


def test_a_heading_of_names_over_two_columns_of_which_one_is_empty_is_one(path: Path) -> None:
    heading = ["STT", "Họ và tên", None, "Chức vụ", "Đơn vị"]
    (an,), problems = people(save(path, [heading, [1, "Nguyễn Văn An", None, "CV", "U"]], "B1:C1"))
    assert (an.given_name, an.full_name) == ("", "Nguyễn Văn An")
    assert told(problems, Code.NAME) == []


@pytest.mark.parametrize(
    ("heading", "cells", "parts"),
    [
        (["Tên"], ["Nguyễn Văn An"], ("", "", "", "Nguyễn Văn An")),
        (["Họ", "Tên"], ["Nguyễn Văn", "An"], ("Nguyễn", "Văn", "An", "Nguyễn Văn An")),
        (["Họ", "Tên"], ["Nguyễn", "Văn An"], ("", "", "", "Nguyễn Văn An")),
    ],
)
def test_columns_of_names_that_hold_more_than_they_say_are_told(
    heading: list[Cell], cells: list[Cell], parts: tuple[str, ...], path: Path
) -> None:
    rows = [[number, *cells, "CV", "Sở Nội vụ"] for number in (1, 2, 3)]
    found, problems = people(save(path, [["STT", *heading, "Chức vụ", "Đơn vị"], *rows]))
    person = found[0]
    assert (person.surname, person.middle_name, person.given_name, person.full_name) == parts
    assert told(problems, Code.NAME_ORDER) == [(Severity.NOTE, 1)]


def test_columns_of_names_with_now_one_and_now_several_words_are_in_doubt(path: Path) -> None:
    rows = [[n, name, "CV", "U"] for n, name in enumerate(["An", "Lê Thị Bình", "Cúc"])]
    _, problems = people(save(path, [["STT", "Tên", "Chức vụ", "Đơn vị"], *rows]))
    assert told(problems, Code.NAME_ORDER) == [(Severity.ERROR, 1)]
    settled = TableSource(file=path, columns={"Tên": Field.GIVEN_NAME})
    found, problems = people(path, settled)
    assert [person.given_name for person in found] == ["An", "Lê Thị Bình", "Cúc"]
    assert told(problems, Code.NAME_ORDER) == []


# Rows of several programs in one CSV file


@pytest.mark.parametrize(
    ("charset", "other"),
    [
        (Charset.TCVN3, Charset.CP1258),
        (Charset.TCVN3, Charset.VNI),
        (Charset.VISCII, Charset.TCVN3),
        (Charset.CP1258, Charset.TCVN3),
        (Charset.CP1258, Charset.VNI),
    ],
)
def test_a_row_in_another_charset_than_its_file_is_refused(
    charset: Charset, other: Charset, path: Path
) -> None:
    names = ["Nguyễn Văn An", "Trần Thị Ngọc Ánh", "Lê Hữu Phước", "Phạm Đình Thắng"] * 30
    lines = [encode("Mã CBCC,Họ và tên,Đơn vị\n", charset)]
    for number, name in enumerate(names):
        used = other if number == 60 else charset
        lines.append(encode(f"S{number},", charset) + encode("Đặng Văn Mỹ" if number == 60 else name, used))
        lines.append(encode(",Sở Nội vụ\n", charset))
    path = path.with_suffix(".csv")
    path.write_bytes(b"".join(lines))
    found, problems = people(path, TableSource(file=path, charset=charset))
    assert told(problems, Code.CHARSET) == [(Severity.ERROR, 62)]
    assert [person.full_name for person in found[:60]] == names[:60]


def test_foreign_and_highland_names_in_a_csv_file_are_no_foreign_rows(path: Path) -> None:
    names = ["Jürgen Müller", "Hélène Noël", "K'Brơi Ha", "Nguyễn Văn Ðạt", "José Peña", "Ya Hà"]
    text = "Mã CBCC,Họ và tên,Đơn vị\n" + "".join(f"S{n},{name},Sở Nội vụ\n" for n, name in enumerate(names))
    path = path.with_suffix(".csv")
    path.write_bytes(encode(text.replace("Ð", "Đ").replace("ñ", "n"), Charset.CP1258))
    _, problems = people(path, TableSource(file=path, charset=Charset.CP1258))
    assert told(problems, Code.CHARSET) == []


# Numbers and dates


@pytest.mark.parametrize(
    ("written", "read", "weight"),
    [
        ("0912345678", "0912345678", None),
        ("(0263) 382.2123", "(0263) 382.2123", None),
        ("+84 912 345 678", "+84 912 345 678", None),
        ("1900 1234", "1900 1234", None),
        (912345678, "0912345678", Severity.NOTE),
        ("912345678.0", "0912345678", Severity.NOTE),
        ("84912345678", "0912345678", Severity.NOTE),
        ("0912 345", "0912 345", Severity.WARNING),
        ("09123456789012", "09123456789012", Severity.WARNING),
        ("O912345678", "O912345678", Severity.WARNING),
        ("0912345678/0988777666", "0912345678/0988777666", Severity.WARNING),
        ("912.345.678 - 988.777.666", "912.345.678 - 988.777.666", Severity.WARNING),
        ("²", "²", Severity.WARNING),
    ],
)
def test_telephone_numbers_are_mended_or_told(
    written: Cell, read: str, weight: Severity | None, path: Path
) -> None:
    (an,), problems = people(save(path, [HEADING, [*AN[:4], written, AN[5]]]))
    assert an.phone == read
    assert told(problems, Code.PHONE) == ([(weight, 2)] if weight else [])


def test_numbers_keep_the_zeros_that_their_format_shows(path: Path) -> None:
    save(path, [HEADING, [123, *AN[1:]], ["S2", *AN[1:]]])
    book = load_workbook(path)
    book.worksheets[0]["A2"].number_format = "00000"
    book.save(path)
    found, problems = people(path)
    assert [person.staff_id for person in found] == ["00123", "S2"]
    assert told(problems, Code.NUMBER) == [(Severity.NOTE, 2)]


@pytest.mark.parametrize(
    ("written", "weight"),
    [
        ("45000", Severity.NOTE),
        ("15/06/1925", Severity.WARNING),
        ("01/02/2103", Severity.WARNING),
        ("30/01/2013", None),
    ],
)
def test_dates_that_were_numbers_or_are_hardly_meant_are_told(
    written: str, weight: Severity | None, path: Path
) -> None:
    _, problems = people(save(path, [HEADING, [*AN[:5], written]]))
    assert told(problems, Code.DATE) == ([(weight, 2)] if weight else [])


@pytest.mark.parametrize("tick", ["R", "þ"])
def test_ticks_of_wingdings_are_ticks(tick: str, path: Path) -> None:
    heading = ["STT", "Họ và tên", "Đơn vị", "Thay đổi", "Thu hồi"]
    (person,), _ = people(save(path, [heading, [1, "Lê Na", "Sở Nội vụ", None, tick]]))
    assert person.action is Action.REVOKE


def test_who_works_may_need_the_mailbox_no_more(path: Path) -> None:
    heading = ["STT", "Họ và tên", "Đơn vị", "Tình trạng", "Nội dung đề nghị"]
    (person,), _ = people(save(path, [heading, [1, "Lê Na", "Sở Nội vụ", "đang công tác", "thu hồi"]]))
    assert (person.action, person.status) == (Action.REVOKE, Status.LEFT)


def test_an_account_is_deleted_in_these_words_too(path: Path) -> None:
    heading = ["STT", "Họ và tên", "Đơn vị", "Nội dung đề nghị"]
    (person,), _ = people(save(path, [heading, [1, "Lê Na", "Sở Nội vụ", "xóa tài khoản"]]))
    assert person.action is Action.DELETE


def test_unknown_units_are_compared_with_the_known_a_limited_number_of_times() -> None:
    place = Place("u", 1, "")
    known = Unit(place, "A", "Sở Tài chính", "unit", "", "", "", date(2013, 1, 2))
    units = Units([known])
    hints = [units.nearest(f"Sở Tài chánh {number}") for number in range(100)]
    assert sum("did you mean" in hint for hint in hints) == 50
