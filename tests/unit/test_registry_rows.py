"""Which rows of an office's sheet are records, sections, totals or signatures; none is lost in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from congvu.errors import RegistryError
from congvu.policy import Policy
from congvu.policy.model import PersonalData
from congvu.registry import Code, Person, Problem, Severity, totals
from congvu.registry.headings import Kind
from congvu.registry.lint import Understood, lint
from congvu.registry.mapping import TableSource
from congvu.registry.opening import open_source
from congvu.registry.people import StaffRows
from congvu.registry.problems import Problems
from congvu.registry.seen import Seen
from congvu.registry.template import TemplateKind, write_template
from tests.unit.registry_forms import Cell, fill, save
from tests.unit.registry_package import edit

Rows = Sequence[Sequence[Cell]]

HEADING: list[Cell] = ["STT", "Họ và tên", "Chức vụ", "Số điện thoại"]
NAMES = ("Nguyễn Văn An", "Lê Thị Bình", "Trần Thị Cúc", "Đỗ Văn Dũng")


def person(number: int, ordinal: Cell = None) -> list[Cell]:
    return [ordinal or number, NAMES[number - 1], "Chuyên viên", f"099900000{number}"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.xlsx"


def people(path: Path) -> tuple[list[Person], list[Problem]]:
    problems = Problems()
    source = TableSource(file=path)
    table = open_source(source, Kind.STAFF, problems)
    with Seen() as seen:
        found = list(StaffRows(table, source.reading, problems, seen, None, complete=False))
    problems.close()
    return found, list(problems.found)


def understood(path: Path) -> tuple[Understood, list[Problem]]:
    problems: list[Problem] = []
    (table,) = lint(path, problems.append)
    return table, problems


def errors(problems: Sequence[Problem]) -> list[tuple[Code, int]]:
    """Codes and rows."""
    return [
        (problem.code, int(str(problem.place).partition("row ")[2].partition(",")[0]))
        for problem in problems
        if problem.severity is Severity.ERROR
    ]


# The end of the table


NO_STT: list[Cell] = ["Mã CBCC", "Họ và tên", "Chức vụ", "Số điện thoại"]
SIGNED: tuple[list[Cell], ...] = (
    [],
    [None, None, "Đà Lạt, ngày 8 tháng 12 năm 2025"],
    [None, "NGƯỜI LẬP", "GIÁM ĐỐC"],
    [None, "(Ký, ghi rõ họ tên)"],
    [None, "Lê Na", "Sơn Kim"],
)
BELOW = Code.BELOW_THE_TABLE

# (rows below the heading, names that are read, errors)
ENDS: dict[str, tuple[list[Cell], Rows, Sequence[str], list[tuple[Code, int]]]] = {
    "signatures": (HEADING, [person(1), *SIGNED], NAMES[:1], []),
    "signatures without numbered rows": (NO_STT, [person(1, "A1"), *SIGNED], NAMES[:1], []),
    "a position below a gap": (
        HEADING,
        [person(1), [], [None, None, "GIÁM ĐỐC"], [None, None, "Lê Na"]],
        NAMES[:1],
        [],
    ),
    "copies": (
        HEADING,
        [person(1), [], ["Nơi nhận:"], [None, "- UBND tỉnh;"], [None, "Sở Nội vụ"]],
        NAMES[:1],
        [],
    ),
    "a position under a section's number": (
        HEADING,
        [["I", "Lãnh đạo cơ quan"], person(1, "1.1"), person(2, "1.2"), ["II", "Giám đốc"], person(3, "1)")],
        NAMES[:3],
        [],
    ),
    "a position instead of a name": (
        HEADING,
        [[None, "Giám đốc"], [None, *person(1)[1:]], [None, *person(2)[1:]]],
        NAMES[:2],
        [(BELOW, 2)],
    ),
    "a row without a name and an odd number": (
        HEADING,
        [person(1, "1)"), ["2)", None, "Giám đốc", "0999000009"], person(3, "3)")],
        [NAMES[0], "", NAMES[2]],
        [(Code.EMPTY, 3)],
    ),
    "a row without a name and a number": (
        NO_STT,
        [person(1, "A1"), ["A2", None, "Giám đốc"], person(3, "A3")],
        [NAMES[0], "", NAMES[2]],
        [(Code.EMPTY, 3)],
    ),
    "people below signatures": (
        HEADING,
        [person(1), *SIGNED, person(2), [None, *person(3)[1:]], person(4, "1.1")],
        NAMES[:1],
        [(BELOW, 8), (BELOW, 9), (BELOW, 10)],
    ),
    "people below signatures without numbers": (
        NO_STT,
        [person(1, "A1"), *SIGNED, person(2, "A2"), [None, NAMES[2], "Kế toán", None], person(4, "1)")],
        NAMES[:1],
        [(BELOW, 8), (BELOW, 9), (BELOW, 10)],
    ),
    "more names than sign": (
        HEADING,
        [person(1), [], [None, "NGƯỜI LẬP"], [None, "Lê Na"], [None, "Sơn Kim"]],
        NAMES[:1],
        [(BELOW, 6)],
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_nobody_is_lost_below_a_word_of_signatures(case: str, path: Path) -> None:
    heading, content, names, wanted = ENDS[case]
    found, problems = people(save(path, [heading, *content]))
    assert [one.full_name for one in found] == list(names)
    assert errors(problems) == wanted


def test_addresses_beside_positions_are_all_records(path: Path) -> None:
    heading = ["Địa chỉ thư điện tử công vụ", "Chức vụ", "Số điện thoại"]
    save(path, [heading, ["a@x.gov.vn", "Chuyên viên", "0999000001"], ["b@x.gov.vn", "Giám đốc", "099"]])
    found, _ = people(path)
    assert [one.address for one in found] == ["a@x.gov.vn", "b@x.gov.vn"]


def test_positions_that_change_are_all_records(path: Path) -> None:
    save(
        path,
        [
            ["Thông tin cần thay đổi", "Thông tin mới"],
            ["Trưởng phòng", "Giám đốc"],
            [],
            ["Giám đốc", "Chủ tịch"],
        ],
    )
    table, _ = understood(path)
    assert (table.kind, table.rows_read) == (Kind.CHANGES, 2)


def test_a_row_of_formulas_without_values_is_no_end(path: Path) -> None:
    formulas: list[Cell] = [None, '="Lê"', '="Kế toán"', None]
    found, problems = people(save(path, [HEADING, person(1), [], formulas, person(2), *SIGNED, formulas]))
    assert [one.full_name for one in found] == [NAMES[0], "", NAMES[1]]
    assert {row for _, row in errors(problems)} == {4, 11}


# Sections


def test_sections_of_communes_and_sections_within_them(path: Path) -> None:
    save(
        path,
        [
            HEADING,
            ["I", "Sở Nội vụ", None, "2 người"],
            [1, "Văn phòng Sở"],
            person(1, "1.1"),
            ["2", "Phòng Cán bộ"],
            person(2, "2.1"),
            ["II", "Xã Bảo Lâm 1"],
            person(3, "1"),
            ["Phường Xuân Hương"],
            person(4, "1"),
        ],
        "A9:D9",
    )
    problems = Problems()
    table = open_source(TableSource(file=path), Kind.STAFF, problems)
    assert [(row.section, row.outer) for row in table] == [
        ("Văn phòng Sở", "Sở Nội vụ"),
        ("Phòng Cán bộ", "Sở Nội vụ"),
        ("Xã Bảo Lâm 1", ""),
        ("Phường Xuân Hương", ""),
    ]
    assert errors(problems.found) == []


def test_the_number_of_people_that_a_section_says_must_be_right(path: Path) -> None:
    _, problems = people(
        save(path, [HEADING, ["I", "Sở Nội vụ", None, "2 người"], person(1), ["II", "Sở Tư pháp"], person(2)])
    )
    assert errors(problems) == [(Code.CONTROL_TOTAL, 2)]


@pytest.mark.parametrize(
    ("row", "merge"),
    [
        ([None, "Những người mới"], "B2:D2"),
        (["Những người mới"], "A2:D2"),
        (["I", "Những người mới"], "A9:B9"),
        (["I", "Sở Nội vụ", "xem thêm", "ghi chú"], "A9:B9"),
    ],
)
def test_a_heading_in_doubt_is_refused_and_no_person(row: list[Cell], merge: str, path: Path) -> None:
    found, problems = people(save(path, [HEADING, row, person(1)], merge))
    assert [one.full_name for one in found] == [NAMES[0]]
    assert errors(problems) == [(Code.UNIT, 2)]


@pytest.mark.parametrize(
    "holder", ["Xã Tân Hòa", "Phường 2", "Đặc khu Phú Quý", "Thị trấn Đức Phổ", "Huyện X"]
)
def test_a_commune_that_asks_is_no_person(holder: str, path: Path) -> None:
    heading = ["STT", "Tên cơ quan/Cá nhân", "Đơn vị", "Thay đổi", "Thu hồi"]
    found, problems = people(save(path, [heading, [1, holder, None, "x", None]]))
    assert found == []
    assert Code.UNIT_REQUEST in {problem.code for problem in problems}


# Totals

ONE, TWO = person(1), [person(2), person(3)]
FIRST, SECOND = ["I", "Sở Nội vụ"], ["II", "Sở Tư pháp"]
TOTALS: dict[str, tuple[Rows, bool]] = {
    "all of two sections": ([FIRST, ONE, ["Cộng: 1"], SECOND, *TWO, ["Cộng: 2"], ["Tổng cộng: 3"]], True),
    "nothing for all": ([FIRST, ONE, ["Cộng: 1"], SECOND, *TWO, ["Cộng: 2"], ["Tổng cộng: 0"]], False),
    "the last section for all": ([FIRST, ONE, ["Cộng: 1"], SECOND, *TWO, ["Tổng cộng: 2"]], False),
    "sections by the word for all": ([FIRST, ONE, ["Tổng cộng: 1"], SECOND, *TWO, ["Tổng cộng: 2"]], True),
    "a section without people": ([FIRST, ONE, ["Cộng: 1"], SECOND, ["Cộng: 0"], ["Tổng cộng: 1"]], True),
    "units beside people": ([ONE, *TWO, ["Tổng cộng có 1 đơn vị, 3 người"]], True),
    "ticks beside people": ([ONE, *TWO, [None, "Tổng cộng", 3, 1, 2]], True),
    "too many beside ticks": ([ONE, *TWO, [None, "Tổng cộng", 4, 1, 2]], False),
    "in brackets": ([ONE, *TWO, ["(Danh sách gồm 5 người)"]], False),
    "by number": ([ONE, *TWO, ["Số lượng: 5 tài khoản"]], False),
    "in words": ([ONE, *TWO, ["Danh sách đề nghị: ba tài khoản"]], True),
    "wrong in words": ([ONE, *TWO, ["Danh sách đề nghị: bốn tài khoản"]], False),
    "a figure and other words": ([ONE, *TWO, ["Danh sách này có 03 (hai) người"]], False),
    "a figure and its words": ([ONE, *TWO, ["Danh sách này có 03 (ba) người theo Công văn 12/SNV"]], True),
    "too many digits": ([ONE, *TWO, ["Tổng cộng: " + "9" * 5000]], False),
}


@pytest.mark.parametrize("case", TOTALS)
def test_a_total_counts_what_it_says(case: str, path: Path) -> None:
    content, right = TOTALS[case]
    found, problems = people(save(path, [HEADING, *content]))
    assert {one.full_name for one in found} <= set(NAMES)
    assert [code for code, _ in errors(problems)] == ([] if right else [Code.CONTROL_TOTAL])


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("không", 0),
        ("mười", 10),
        ("mười lăm", 15),
        ("hai mươi mốt", 21),
        ("Một trăm linh hai", 102),
        ("một nghìn hai trăm", 1200),
        ("ba người", None),
        ("hai ba", None),
        ("", None),
    ],
)
def test_numerals(words: str, number: int | None) -> None:
    assert totals.in_words(words) == number


def test_a_list_of_units_counts_units() -> None:
    assert totals.totals_of(["Tổng cộng có 2 đơn vị, 30 người"], units=True) == (2,)


@pytest.mark.parametrize("name", ["Trương Phong", "Chu Tịch", "Lưu Ý Nhi", "Đại Diễn"])
def test_names_that_read_like_positions_without_marks_are_people(name: str, path: Path) -> None:
    heading = ["Họ và tên", "Chức vụ"]
    found, problems = people(
        save(path, [heading, [name, "Kế toán"], [], [name, "Kế toán"], ["Lê Na", "Kế toán"]])
    )
    assert [one.full_name for one in found] == [name, name, "Lê Na"]
    assert errors(problems) == []


@pytest.mark.parametrize("row", [[1, "Giám đốc", "x"], [1, "Tổng cộng", "x"], [None, "Trưởng phòng", "x"]])
def test_a_position_or_a_total_is_nobodys_name(row: list[Cell], path: Path) -> None:
    found, problems = people(save(path, [HEADING, row, person(2)]))
    assert [one.full_name for one in found] == [NAMES[1]]
    assert errors(problems) == [(Code.BELOW_THE_TABLE, 2)]


# Examples


@pytest.mark.parametrize("kind", TemplateKind)
@pytest.mark.parametrize("typed_over", [False, True])
def test_an_example_that_was_typed_over_is_refused(
    kind: TemplateKind, typed_over: bool, path: Path, lamdong: Policy
) -> None:
    private = (PersonalData.BIRTH_DATE, PersonalData.CITIZEN_ID)
    write_template(path, replace(lamdong, person=replace(lamdong.person, personal_data=private)), kind)
    book = load_workbook(path)
    sheet = book["Danh sách"]
    if typed_over:
        sheet["C6"].value = "Nguyễn Văn"
    book.save(path)
    _, problems = understood(path)
    assert ((Code.VALUE, 6) in errors(problems)) is typed_over


# Order


def test_rows_out_of_order_are_counted(path: Path) -> None:
    save(path, [HEADING, person(1), person(2), person(3)])
    edit(path, "xl/worksheets/sheet1.xml", b'<row r="4"', b'<row r="1"')
    found, problems = people(path)
    assert [one.full_name for one in found] == list(NAMES[:3])
    assert (Code.FILE, Severity.WARNING) in {(problem.code, problem.severity) for problem in problems}


# Sheets

FULL: Rows = [["STT", "Mã CBCC", *HEADING[1:], "Đơn vị", "Ghi chú"], [1, "A1", NAMES[0]]]
BARE: Rows = [["Họ và tên", "Đơn vị"], [NAMES[1], "Sở Nội vụ"]]


@pytest.mark.parametrize(
    ("other", "doubt"),
    [
        (BARE, True),
        ([["Mã đơn vị", "Tên đơn vị"], ["A", "Sở Nội vụ"]], True),
        ([["STT", "Nội dung"], [1, "Mỗi người một dòng"]], False),
        ([["Số người", 25]], False),
    ],
)
def test_of_two_lists_somebody_must_choose(other: Rows, doubt: bool, path: Path) -> None:
    save(path, FULL)
    book = load_workbook(path)
    fill(book.create_sheet("Khác"), other)
    book.save(path)
    if doubt:
        with pytest.raises(RegistryError, match="several sheets look like a list: 'DS', 'Khác'"):
            understood(path)
    else:
        assert understood(path)[0].sheet == "DS"
