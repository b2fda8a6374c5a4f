"""Sheets as offices write them: what is understood, what is mended with a note, what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from congvu.errors import RegistryError
from congvu.registry import (
    Action,
    Code,
    Employment,
    OrgType,
    Person,
    Problem,
    Severity,
    Status,
    lines,
    open_table,
    totals,
)
from congvu.registry.headings import OF_KIND, Field, Kind, field_of
from congvu.registry.lint import Understood, lint
from congvu.registry.mapping import TableSource
from congvu.registry.opening import open_source
from congvu.registry.people import StaffRows
from congvu.registry.problems import Problems
from congvu.registry.seen import Seen
from tests.unit import registry_forms as forms
from tests.unit.registry_forms import Cell, fill, save
from tests.unit.registry_package import edit, shared_texts

HEADING: list[Cell] = ["STT", "Mã CBCC", "Họ và tên", "Chức vụ", "Đơn vị", "Số điện thoại", "Ngày đăng ký"]
AN: list[Cell] = [1, "S1", "Nguyễn Văn An", "Chuyên viên", "Sở Nội vụ", "0999000001", "02/01/2013"]
ANH: list[Cell] = [2, "S2", "Trần Thị Ngọc Ánh", "Kế toán", "Sở Nội vụ", "0999000002", "02/01/2013"]


def people(path: Path, source: TableSource | None = None) -> tuple[list[Person], list[Problem]]:
    problems = Problems()
    source = source or TableSource(file=path)
    table = open_source(source, Kind.STAFF, problems)
    with Seen() as seen:
        found = list(StaffRows(table, source.reading, problems, seen, None, complete=False))
    problems.close()
    return found, list(problems.found)


def understood(path: Path) -> tuple[Understood, list[Problem]]:
    problems: list[Problem] = []
    (table,) = lint(path, problems.append)
    return table, problems


def rows(path: Path, *people_rows: Sequence[Cell], heading: Sequence[Cell] = HEADING) -> Path:
    return save(path, [heading, *people_rows])


def codes(problems: Sequence[Problem], severity: Severity = Severity.ERROR) -> list[Code]:
    return [problem.code for problem in problems if problem.severity is severity]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.xlsx"


# The forms of the regulations


def test_the_form_of_nghe_an_for_new_and_locked_accounts(path: Path) -> None:
    found, problems = people(forms.nghe_an_1(path))
    assert [
        (person.full_name, person.position, person.unit_name, person.phone, person.action) for person in found
    ] == [
        ("Nguyễn Văn An", "Chuyên viên", "Phòng Tổ chức", "0999000001", Action.CREATE),
        ("Trần Thị Ngọc Ánh", "Chuyên viên", "Phòng Tổ chức", "0999 000 002", Action.LOCK),
        ("Lê Na", "Kế toán", "Phòng Tổ chức", "0999.000.003", Action.DELETE),
    ]
    assert [person.status for person in found] == [Status.WORKING, Status.WORKING, Status.LEFT]
    assert not any(person.name_is_split for person in found)
    assert codes(problems) == []
    notes = {problem.code: problem for problem in problems if problem.severity is Severity.NOTE}
    assert set(notes) == {Code.DITTO, Code.CAPITALS, Code.PHONE}
    assert notes[Code.CAPITALS].count == 2
    assert str(found[0].place) == f"{path}, sheet 'DS', row 6"


def test_every_row_of_a_sheet_is_accounted_for(path: Path) -> None:
    table, _ = understood(forms.nghe_an_1(path))
    assert table.rows_read == 3
    assert table.totals == (3,)
    assert {why: str(ranges) for why, ranges in table.ignored.items()} == {
        "above the heading": "1–2",
        "blank": "3, 9, 11",
        "heading": "4",
        "numbers of the columns": "5",
        "total": "10",
        "below the table": "12–14",
    }


def test_the_form_of_nghe_an_for_the_details_of_one_account(path: Path) -> None:
    table, problems = understood(forms.nghe_an_2(path))
    assert (table.kind, table.rows_read) == (Kind.CHANGES, 2)
    assert [str(problem.place) for problem in problems if problem.severity is Severity.ERROR] == [
        f"{path}, sheet 'DS', row 4"
    ]


def test_sections_and_merged_cells_give_the_unit(path: Path) -> None:
    found, problems = people(forms.dong_thap_1(path))
    assert [(person.full_name, person.unit_name) for person in found] == [
        ("Nguyễn Văn An", "Văn phòng"),
        ("Trần Thị Ngọc Ánh", "Văn phòng"),
        ("Sơn Kim", "Sở Tài chính"),
        ("Y Blŏ Niê", "Văn phòng"),
    ]
    assert codes(problems) == []


def test_a_unit_in_the_title_holds_for_rows_without_one(path: Path) -> None:
    save(
        path,
        [["Đơn vị: Sở Ngoại vụ"], ["STT", "Họ và tên", "Chức vụ"], [1, "Nguyễn Văn An", "Chuyên viên"]],
        "A1:C1",
    )
    found, problems = people(path)
    assert found[0].unit_name == "Sở Ngoại vụ"
    assert Code.UNIT in codes(problems, Severity.NOTE)


@pytest.mark.parametrize(
    ("total", "wrong"),
    [
        ("Danh sách đề nghị: 4 tài khoản", False),
        ("Danh sách đề nghị: 04 tài khoản", False),
        ("Tổng cộng: 4 người", False),
        ("Danh sách đề nghị: 5 tài khoản", True),
        ("Cộng: 3", True),
    ],
)
def test_a_total_that_differs_from_the_rows_refuses_the_list(total: str, wrong: bool, path: Path) -> None:
    _, problems = people(forms.dong_thap_1(path, total=total))
    assert codes(problems) == ([Code.CONTROL_TOTAL] if wrong else [])


def test_a_total_may_count_a_section(path: Path) -> None:
    rows(path, AN, ["Cộng: 1"], ANH, ["Cộng: 1"], ["Tổng cộng: 2"])
    table, problems = understood(path)
    assert table.totals == (1, 1, 2)
    assert codes(problems) == []


def test_a_total_that_nobody_filled_in_is_told(path: Path) -> None:
    _, problems = people(forms.dong_thap_1(path, total="Danh sách đề nghị: …… tài khoản"))
    assert Code.CONTROL_TOTAL in codes(problems, Severity.WARNING)


def test_a_heading_of_two_rows_with_ticks(path: Path) -> None:
    found, problems = people(forms.dong_thap_2(path))
    assert [(person.full_name, person.action, person.status, person.request) for person in found] == [
        ("Nguyễn Văn An", Action.CHANGE, Status.WORKING, "Đổi số điện thoại"),
        ("Trần Thị Ngọc Ánh", Action.REVOKE, Status.LEFT, "Nghỉ hưu"),
    ]
    assert codes(problems, Severity.WARNING) == [Code.UNIT_REQUEST]


def test_a_heading_of_two_rows_that_is_not_merged(path: Path) -> None:
    heading: list[list[Cell]] = [
        ["STT", "Họ và tên", "Đơn vị", "Đề nghị", None, None],
        [None, None, None, "Cấp mới", "Thay đổi", "Thu hồi"],
    ]
    save(path, [*heading, [1, "Lê Na", "Sở Nội vụ", None, "✓", None]])
    (person,), problems = people(path)
    assert person.action is Action.CHANGE
    assert codes(problems) == []


@pytest.mark.parametrize(
    ("ticks", "words"),
    [(["x", "x"], "has several ticks"), ([None, None], "has no tick"), (["?", None], "'?' is wrong")],
)
def test_ticks_must_be_one(ticks: list[Cell], words: str, path: Path) -> None:
    save(path, [["STT", "Họ và tên", "Đơn vị", "Thay đổi", "Thu hồi"], [1, "Lê Na", "Sở Nội vụ", *ticks]])
    _, problems = people(path)
    assert any(words in problem.message for problem in problems if problem.severity is Severity.ERROR)


def test_the_surname_doan_is_no_organisation(path: Path) -> None:
    found, _ = people(forms.dong_thap_3(path))
    assert [(person.full_name, person.address) for person in found] == [
        ("Đoàn Văn Hậu", "nguyenvanan@dongthap.gov.vn")
    ]


# Names


def test_firstname_of_a_vietnamese_hrm_is_the_family_name(path: Path) -> None:
    found, problems = people(forms.hrm(path))
    assert [(person.surname, person.middle_name, person.given_name) for person in found][:3] == [
        ("Nguyễn", "Văn", "An"),
        ("Trần", "Thị Ngọc", "Ánh"),
        ("Lê", "", "Na"),
    ]
    assert Code.NAME_ORDER in codes(problems, Severity.NOTE)
    assert codes(problems) == []


def test_firstname_of_a_western_hrm_is_the_given_name(path: Path) -> None:
    swapped: list[list[Cell]] = [
        ["N1", "An", "Nguyễn", None, None, "U", "x"],
        ["N2", "Thị Ngọc Ánh", "Trần", None, None, "U", "x"],
        ["N3", "Na", "Lê", None, None, "U", "x"],
    ]
    found, _ = people(forms.hrm(path, rows=swapped))
    assert [(person.surname, person.given_name, person.full_name) for person in found] == [
        ("Nguyễn", "An", "Nguyễn An"),
        ("", "", "Trần Thị Ngọc Ánh"),
        ("Lê", "Na", "Lê Na"),
    ]


def test_firstname_in_doubt_is_refused_with_what_to_write(path: Path) -> None:
    mixed: list[list[Cell]] = [
        ["N1", "An", "Nguyễn", None, None, "U", "x"],
        ["N2", "Trần Thị", "Ánh", None, None, "U", "x"],
        ["N3", "Na", "Lê", None, None, "U", "x"],
        ["N4", "Phạm Văn", "Bình", None, None, "U", "x"],
    ]
    _, problems = people(forms.hrm(path, rows=mixed))
    (error,) = (problem for problem in problems if problem.code is Code.NAME_ORDER)
    assert error.severity is Severity.ERROR
    assert "firstname: family_and_middle" in error.hint


def test_a_mapping_settles_the_order_of_names(path: Path) -> None:
    mixed: list[list[Cell]] = [["N1", "An", "Nguyễn Văn", None, None, "U", "x"]]
    columns = {"firstname": Field.GIVEN_NAME, "lastname": Field.FAMILY_AND_MIDDLE}
    source = TableSource(file=forms.hrm(path, rows=mixed), columns=columns)
    (person,), problems = people(path, source)
    assert (person.surname, person.middle_name, person.given_name) == ("Nguyễn", "Văn", "An")
    assert codes(problems) == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("NGUYỄN THỊ ĐỘ", "Nguyễn Thị Độ"),
        ("Y BLŎ NIÊ", "Y Blŏ Niê"),
        ("H'HEN NIÊ", "H'Hen Niê"),
        ("H’ƀLĂM KBUÔR", "H’ƀLĂM KBUÔR"),
        ("K'BRÊU", "K'Brêu"),
        ("JEAN-PIERRE DUPONT", "Jean-Pierre Dupont"),
        ("Lê NA", "Lê NA"),
    ],
)
def test_names_in_capitals_are_mended(written: str, shown: str, path: Path) -> None:
    (person,), _ = people(rows(path, [1, "S1", written, *AN[3:]]))
    assert person.full_name == shown


# Cells


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("02/01/2013", date(2013, 1, 2)),
        ("2-1-2013", date(2013, 1, 2)),
        ("2.1.2013", date(2013, 1, 2)),
        ("2013-01-02", date(2013, 1, 2)),
        ("ngày 02 tháng 01 năm 2013", date(2013, 1, 2)),
        (41276, date(2013, 1, 2)),
        ("41276", date(2013, 1, 2)),
        (datetime(2013, 1, 2), date(2013, 1, 2)),
        (datetime(2013, 1, 2, 8, 30), date(2013, 1, 2)),
        (date(2013, 1, 2), date(2013, 1, 2)),
    ],
)
def test_dates_as_offices_write_them(written: Cell, read: date, path: Path) -> None:
    (person,), problems = people(rows(path, [*AN[:6], written]))
    assert person.registered_on == read
    assert codes(problems) == []


@pytest.mark.parametrize(
    ("written", "code"),
    [("12/30/2013", Code.DATE_ORDER), ("30/02/2013", Code.DATE), ("2013", Code.DATE), ("hôm qua", Code.DATE)],
)
def test_a_date_that_is_none_is_refused(written: Cell, code: Code, path: Path) -> None:
    _, problems = people(rows(path, [*AN[:6], written]))
    assert codes(problems) == [code]


def test_a_column_that_an_american_program_has_half_converted_is_told(path: Path) -> None:
    """05/01 became 1 May, 13/01 stayed text."""
    _, problems = people(rows(path, [*AN[:6], datetime(2013, 5, 1)], [*ANH[:6], "13/01/2013"]))
    assert Code.DATE_ORDER in codes(problems, Severity.WARNING)


def test_a_column_that_shows_no_order_of_day_and_month_is_told(path: Path) -> None:
    _, problems = people(rows(path, [*AN[:6], "05/01/2013"], [*ANH[:6], "06/02/2013"]))
    assert Code.DATE_ORDER in codes(problems, Severity.NOTE)


def test_numbers_that_should_be_text(path: Path) -> None:
    heading = ["Mã CBCC", "Họ và tên", "Đơn vị", "SĐT", "CCCD"]
    (person,), problems = people(
        rows(path, [123.0, "Lê Na", "Sở Nội vụ", 2633822111, 68085000001], heading=heading)
    )
    assert (person.staff_id, person.phone, person.citizen_id) == ("123", "02633822111", "068085000001")
    assert codes(problems) == []


def test_spaces_that_nobody_sees_do_not_matter(path: Path) -> None:
    (person,), _ = people(rows(path, [1, "S1\u00a0", "\u00a0Lê  Na\u200b", *AN[3:]]))
    assert (person.staff_id, person.full_name) == ("S1", "Lê Na")


@pytest.mark.parametrize("mark", ["nt", "n.t", "-nt-", '"', "〃", "-", "như trên", "Nt."])
def test_ditto_marks_repeat_the_unit(mark: str, path: Path) -> None:
    found, problems = people(rows(path, AN, [*ANH[:4], mark, *ANH[5:]]))
    assert found[1].unit_name == "Sở Nội vụ"
    assert codes(problems) == []


@pytest.mark.parametrize(("column", "mark"), [(1, "nt"), (2, '"'), (5, "nt")])
def test_ditto_marks_cannot_stand_for_what_is_each_ones_own(column: int, mark: str, path: Path) -> None:
    row = list(ANH)
    row[column] = mark
    _, problems = people(rows(path, AN, row))
    assert Code.DITTO in codes(problems)


def test_a_ditto_mark_with_nothing_above_is_refused(path: Path) -> None:
    _, problems = people(rows(path, [*AN[:4], "nt", *AN[5:]]))
    assert codes(problems) == [Code.DITTO]


def test_a_dash_for_no_telephone_is_empty(path: Path) -> None:
    (person,), problems = people(rows(path, [*AN[:5], "-", AN[6]]))
    assert person.phone == ""
    assert codes(problems) == []


def test_a_formula_without_a_value_is_refused_with_its_cell(path: Path) -> None:
    _, problems = people(rows(path, [*AN[:2], '=A2&" An"', *AN[3:]]))
    (error,) = (problem for problem in problems if problem.severity is Severity.ERROR)
    assert error.code is Code.FORMULA
    assert str(error.place).endswith("sheet 'DS', row 2, column C")


def test_a_formula_is_read_by_its_last_value(path: Path) -> None:
    rows(path, [*AN[:2], "=UPPER(A1)", *AN[3:]])
    edit(path, "xl/worksheets/sheet1.xml", b"<f>UPPER(A1)</f><v />", b"<f>UPPER(A1)</f><v>L\xc3\xaa Na</v>")
    edit(path, "xl/worksheets/sheet1.xml", b'r="C2"', b'r="C2" t="str"')
    (person,), problems = people(path)
    assert person.full_name == "Lê Na"
    assert codes(problems) == []


@pytest.mark.parametrize("column", [0, 7])
def test_a_formula_in_a_column_that_is_not_used_does_not_matter(column: int, path: Path) -> None:
    row: list[Cell] = [*AN, "ghi chú"]
    row[column] = "=ROW()"
    (person,), problems = people(rows(path, row, heading=[*HEADING, "Ghi chú"]))
    assert (person.staff_id, codes(problems)) == ("S1", [])


def test_shared_texts_are_read_whole_and_without_their_guides(path: Path) -> None:
    shared_texts(path, "Họ và tên", "Đơn vị", "Lê Na", "Sở Nội vụ", "Sơn Kim", "Sở Tài chính")
    assert [list(row.values) for row in open_table(path)] == [
        ["Lê Na", "Sở Nội vụ"],
        ["Sơn Kim", "Sở Tài chính"],
    ]


def test_characters_that_xml_cannot_hold_are_unpacked(path: Path) -> None:
    shared_texts(path, "Họ và tên", "Chức vụ", "Lê Na", "Phó_x000D_\nTrưởng phòng", "Sơn Kim_x0007_", "x_xyz")
    first, second = open_table(path)
    assert first.cells["Chức vụ"] == "Phó Trưởng phòng"
    assert (second.cells["Chức vụ"], len(second.faults)) == ("x_xyz", 1)


def test_hidden_rows_and_columns_are_read_and_told(path: Path) -> None:
    rows(path, AN, ANH)
    book = load_workbook(path)
    sheet = book["DS"]
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["F"].hidden = True
    book.save(path)
    table, problems = understood(path)
    assert table.rows_read == 2
    assert codes(problems, Severity.NOTE).count(Code.HIDDEN) == 2


def test_text_typed_in_a_legacy_font_is_read(path: Path) -> None:
    tcvn3: list[list[Cell]] = [
        [1, "S1", "NguyÔn V¨n An", "Chuyªn viªn", "Së Néi vô", "0999000001", "02/01/2013"],
        [2, "S2", "TrÇn ThÞ Hång §µo", "KÕ to¸n", "Së Néi vô", "0999000002", "02/01/2013"],
        [3, "S3", "§ç §øc §¹t", "Phã Tr­ëng phßng", "Së Néi vô", "0999000003", "02/01/2013"],
    ]
    heading: list[Cell] = [
        "STT",
        "M· CBCC",
        "Hä vµ tªn",
        "Chøc vô",
        "§¬n vÞ",
        "Sè ®iÖn tho¹i",
        "Ngµy ®¨ng ký",
    ]
    table, _ = understood(rows(path, *tcvn3, ["Tæng céng: 3 ng\u00adêi"], heading=heading))
    assert (table.rows_read, table.totals) == (3, (3,))
    found, problems = people(path)
    assert [person.full_name for person in found] == ["Nguyễn Văn An", "Trần Thị Hồng Đào", "Đỗ Đức Đạt"]
    assert found[0].unit_name == "Sở Nội vụ"
    assert Code.LEGACY_FONT in codes(problems, Severity.NOTE)
    assert codes(problems) == []


def test_two_scripts_in_one_column_are_never_mixed_silently(path: Path) -> None:
    tcvn3: list[list[Cell]] = [[number, f"S{number}", "TrÇn ThÞ Hång §µo", *AN[3:]] for number in range(1, 6)]
    _, problems = people(rows(path, *tcvn3, [6, "S6", "Nguyễn Thị Phượng", *AN[3:]]))
    assert set(codes(problems)) == {Code.LEGACY_FONT}


# Rows


def test_a_row_below_the_total_is_refused(path: Path) -> None:
    _, problems = people(rows(path, AN, ["Tổng cộng: 1"], ANH))
    assert Code.BELOW_THE_TABLE in codes(problems)


def test_a_name_merged_over_two_rows_is_refused(path: Path) -> None:
    save(path, [HEADING, AN, [None, None, None, None, None, "0999000009"]], "C2:C3", "B2:B3")
    _, problems = people(path)
    assert Code.VALUE in codes(problems)


def test_text_beside_the_table_is_told(path: Path) -> None:
    _, problems = people(rows(path, [*AN, "ghi thêm"]))
    (warning,) = (problem for problem in problems if problem.severity is Severity.WARNING)
    assert (warning.code, str(warning.place).endswith("row 2, column H")) == (Code.HEADING, True)


def test_two_columns_of_one_meaning_are_refused(path: Path) -> None:
    _, problems = people(rows(path, AN, heading=[*HEADING[:5], "SĐT", "Di động"]))
    assert Code.HEADING in codes(problems)


def test_the_same_person_twice_without_an_id_is_told(path: Path) -> None:
    heading = ["STT", "Họ và tên", "Đơn vị", "SĐT"]
    _, problems = people(
        rows(
            path,
            [1, "Lê Na", "Sở Nội vụ", "0999000001"],
            [2, "Lê Na", "Sở Nội vụ", 999000001],
            [3, "Lê Na", "Sở Nội vụ", "0999000003"],
            heading=heading,
        )
    )
    (warning,) = (problem for problem in problems if problem.severity is Severity.WARNING)
    assert (warning.code, "row 2" in warning.message) == (Code.DUPLICATE, True)


@pytest.mark.parametrize(
    ("line", "total"),
    [
        ("Tổng cộng: 25 người", 25),
        ("TỔNG SỐ: 1.025", 1025),
        ("Cộng: 5", 5),
        ("Cộng II: 5", 5),
        ("Cộng", None),
        ("Tổng: …", None),
        ("Danh sách đề nghị: 25 tài khoản", 25),
        ("Ấn định danh sách có 25 người./.", 25),
    ],
)
def test_totals_as_offices_write_them(line: str, total: int | None) -> None:
    assert totals.is_total([line])
    assert totals.totals_of([line]) == (() if total is None else (total,))


@pytest.mark.parametrize(
    "name", ["Công an tỉnh", "Tổng công ty Cấp nước", "Công", "Tổng cục Thuế", "Q.1", "KT-XH"]
)
def test_agencies_and_names_are_no_totals_and_no_signatures(name: str) -> None:
    assert not totals.is_total([name])
    assert not lines.is_signature([name])


@pytest.mark.parametrize("name", ["Tô Văn An", "Đoàn Văn Hậu", "Hồ Thị Ban", "Trương Văn Nhã"])
def test_people_are_no_agencies(name: str) -> None:
    assert not lines.names_organisation(name)


# Sheets


def two_sheets(path: Path, *others: tuple[str, list[list[Cell]]]) -> Path:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Sở A"
    fill(sheet, [HEADING, AN])
    for name, content in others:
        fill(book.create_sheet(name), content)
    book.save(path)
    return path


def test_the_sheet_whose_heading_fits_is_read(path: Path) -> None:
    two_sheets(path, ("Hướng dẫn", [["Cách điền"], ["Mỗi người một dòng"]]))
    found, problems = people(path)
    assert (len(found), found[0].place.sheet) == (1, "Sở A")
    assert Code.SHEET in codes(problems, Severity.NOTE)


def test_two_sheets_that_fit_are_refused_until_one_is_named(path: Path) -> None:
    two_sheets(path, ("Sở B", [HEADING, ANH]))
    with pytest.raises(RegistryError, match="several sheets look like a list: 'Sở A', 'Sở B'"):
        open_table(path)
    assert [row.cells["Mã CBCC"] for row in open_table(path, sheet="sở b")] == ["S2"]
    with pytest.raises(RegistryError, match="no sheet 'Sở C'"):
        open_table(path, sheet="Sở C")


# What rows mean


def staff_row(path: Path, **cells: Cell) -> tuple[list[Person], list[Problem]]:
    basis: dict[str, Cell] = {"Mã CBCC": "S1", "Họ và tên": "Lê Na", "Đơn vị": "Sở Nội vụ"}
    basis |= cells
    return people(save(path, [list(basis), list(basis.values())]))


def test_a_guest_needs_a_sponsor_and_an_end(path: Path) -> None:
    guest: dict[str, Cell] = {"Đối tượng": "Khách", "Đơn vị bảo lãnh": "Sở Nội vụ", "Thời hạn": "31/12/2026"}
    (person,), problems = staff_row(path, **guest)
    assert (person.employment, person.until) == (Employment.GUEST, date(2026, 12, 31))
    assert codes(problems) == []
    for missing in ("Đơn vị bảo lãnh", "Thời hạn"):
        _, problems = staff_row(path, **{**guest, missing: None})
        assert codes(problems) == [Code.GUEST]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Cán bộ", Employment.OFFICIAL),
        ("CÔNG CHỨC", Employment.CIVIL_SERVANT),
        ("viên chức", Employment.PUBLIC_EMPLOYEE),
        ("NLĐ", Employment.CONTRACT),
        ("Hợp đồng lao động", Employment.CONTRACT),
        ("contract", Employment.CONTRACT),
    ],
)
def test_terms_of_employment_in_the_words_of_offices(word: str, kind: Employment, path: Path) -> None:
    (person,), _ = staff_row(path, **{"Đối tượng": word})
    assert person.employment is kind


def test_unknown_terms_are_refused_with_the_known_ones(path: Path) -> None:
    _, problems = staff_row(path, **{"Đối tượng": "bạn bè"})
    (error,) = (problem for problem in problems if problem.severity is Severity.ERROR)
    assert "contract (Người lao động)" in error.hint


def test_a_quota_of_its_own_needs_a_reason(path: Path) -> None:
    (person,), problems = staff_row(path, **{"Dung lượng": "5 GB", "Lý do dung lượng": "Văn thư"})
    assert (str(person.quota), person.quota_reason) == ("5G", "Văn thư")
    assert codes(problems) == []
    _, problems = staff_row(path, **{"Dung lượng": "5 GB"})
    assert codes(problems) == [Code.QUOTA]


@pytest.mark.parametrize(
    ("mail", "code"),
    [
        ("An@Gmail.com", Code.FREE_MAIL),
        ("an@yahoo.com.vn", Code.FREE_MAIL),
        ("an@hotmail.com", Code.FREE_MAIL),
        ("an@so", Code.VALUE),
        ("an@gmail.com.lamdong.gov.vn", None),
        ("an@lamdong.gov.vn", None),
    ],
)
def test_a_contact_at_a_free_provider_is_told(mail: str, code: Code | None, path: Path) -> None:
    _, problems = staff_row(path, Email=mail)
    assert codes(problems, Severity.WARNING) == ([code] if code else [])


@pytest.mark.parametrize("text", ["068085000001", "068 085 000 001"])
def test_a_citizens_number_has_twelve_digits(text: str, path: Path) -> None:
    (person,), problems = staff_row(path, CCCD=text)
    assert (person.citizen_id, codes(problems)) == ("068085000001", [])


def test_a_wrong_citizens_number_is_refused_and_not_shown(path: Path) -> None:
    _, problems = staff_row(path, CCCD="250123456")
    (error,) = (problem for problem in problems if problem.severity is Severity.ERROR)
    assert "250123456" not in str(error)


def test_several_domains_of_one_person(path: Path) -> None:
    (person,), _ = staff_row(path, **{"Tên miền": "daklak.gov.vn; DAKLAK.doj.gov.vn"})
    assert person.domains == ("daklak.gov.vn", "daklak.doj.gov.vn")


def test_units_with_their_type_contact_and_parent(path: Path) -> None:
    save(
        path,
        [
            ["Mã đơn vị", "Tên đơn vị", "Đơn vị cấp trên", "Loại hình tổ chức", "Cán bộ phụ trách CNTT"],
            ["A1", "Sở Nội vụ", None, "Cơ quan nhà nước", "Nguyễn Văn An"],
            ["A2", "Trung tâm Lưu trữ", "Sở Nội vụ", "Đơn vị sự nghiệp", None],
            ["A3", "Văn phòng Tỉnh ủy", None, "Đảng", "Lê Na"],
            ["A4", "Câu lạc bộ Thơ", None, "Câu lạc bộ", "Lê Na"],
        ],
    )
    table, problems = understood(path)
    assert (table.kind, table.rows_read) == (Kind.UNITS, 4)
    (error,) = (problem for problem in problems if problem.severity is Severity.ERROR)
    assert "'Câu lạc bộ' is wrong" in error.message
    assert str(OrgType.POLITICAL_SOCIAL) in error.hint
    assert [problem.message for problem in problems if problem.code is Code.NO_CONTACT] == [
        "'Trung tâm Lưu trữ' names no IT officer (LD-10.2d)"
    ]


# Headings


@pytest.mark.parametrize("kind", Kind)
def test_no_heading_has_two_meanings(kind: Kind) -> None:
    for field, headings in OF_KIND[kind].items():
        for heading in headings:
            assert field_of(heading, kind) is field, heading


@pytest.mark.parametrize("heading", ["HỌ VÀ TÊN", "họ và tên (*)", "Họ  và\ntên", "Ho va ten", "Họ và tên:"])
def test_headings_are_compared_without_marks_case_and_signs(heading: str) -> None:
    assert field_of(heading, Kind.STAFF) is Field.FULL_NAME
