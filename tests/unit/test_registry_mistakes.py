"""Mistakes of offices that a cell alone does not show: swapped columns, slips of the pen, wrong sums."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from congvu import registry as registries
from congvu.cli.address import address as address_command
from congvu.cli.registry import registry as command
from congvu.errors import RegistryError
from congvu.registry import Code, Problem, Severity
from congvu.registry.headings import Kind
from congvu.registry.lint import Understood, lint
from tests.unit.helpers import ROOT, STAFF, UNITS
from tests.unit.registry_forms import Cell, save

DAY = "13/05/2025"
STAFF_HEADING: list[Cell] = ["Mã CBCC", "Họ và tên", "Đơn vị", "Số điện thoại", "Ngày đăng ký"]


def look(path: Path) -> tuple[Understood, list[Problem]]:
    told: list[Problem] = []
    (table,) = lint(path, told.append)
    return table, told


def wrong(path: Path, *codes: Code) -> list[str]:
    return [
        str(problem)
        for problem in look(path)[1]
        if problem.severity is not Severity.NOTE and (not codes or problem.code in codes)
    ]


# Columns that are swapped

SWAPPED: dict[str, tuple[list[Cell], list[str]]] = {
    "telephone and date": (["A1", "Lê Na", "Sở A", DAY, "0999000001"], ["Số điện thoại", "Ngày đăng ký"]),
    "telephone and name": (["A1", "0999000001", "Sở A", "Lê Na", DAY], ["Họ và tên"]),
    "name and date": (["A1", DAY, "Sở A", "0999000001", "Lê Na"], ["Họ và tên"]),
    "name and number": (["A1", "12", "Sở A", "0999000001", DAY], ["Họ và tên"]),
    "unit and telephone": (["A1", "Lê Na", "0999000001", "", DAY], ["Đơn vị"]),
    "mail": (
        ["a@x.vn", "b@x.vn", "Sở A", "c@x.vn", "d@x.vn"],
        ["Mã CBCC", "Họ và tên", "Số điện thoại", "Ngày đăng ký"],
    ),
    "nothing": (["A1", "Lê Na", "Sở A", "0999000001", DAY], []),
    "an Excel day": (["A1", "Lê Na", "Sở A", "0999000001", 41275], []),
    "ids that are telephone numbers": (["0999000001", "Lê Na", "Sở A", "0999000001", DAY], []),
}


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("case", SWAPPED)
def test_a_column_of_another_kind_than_its_heading_is_told(case: str, rows: int, tmp_path: Path) -> None:
    row, headings = SWAPPED[case]
    path = save(tmp_path / "x.xlsx", [STAFF_HEADING, *[row] * rows])
    told = wrong(path, Code.WRONG_COLUMN)
    assert [
        heading
        for heading in headings
        if not any(f"column {heading!r}: {rows} of {rows}" in one for one in told)
    ] == []
    assert len(told) == len(headings)
    assert all("it is probably the wrong column" in one for one in told)


def test_a_few_cells_of_another_kind_are_no_swapped_column(tmp_path: Path) -> None:
    good: list[Cell] = ["A1", "Lê Na", "Sở A", "0999000001", DAY]
    bad: list[Cell] = ["A2", "12", "Sở A", DAY, DAY]
    assert wrong(save(tmp_path / "x.xlsx", [STAFF_HEADING, good, bad]), Code.WRONG_COLUMN) == []


def test_a_sync_takes_no_list_with_swapped_columns(folder: Path) -> None:
    text = STAFF.replace("0999 000 001", DAY).replace("Chuyên viên", "0999 000 001")
    (folder / "staff.csv").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match="1 of 1 cells look like dates: it is probably the wrong column"):
        registries.read(folder)


# Names of units, and of people


def test_an_unknown_id_is_told_with_the_nearest(folder: Path) -> None:
    (folder / "units.csv").write_text(
        UNITS.replace("centre,A1", "centre,STC.1").replace("X1,", "STC.01,"), encoding="utf-8"
    )
    (folder / "staff.csv").write_text(STAFF.replace(",X1,", ",STC.10,"), encoding="utf-8")
    with pytest.raises(RegistryError) as caught:
        registries.read(folder)
    parent, unit = caught.value.problems
    assert "'parent_id': there is no unit 'STC.1' (did you mean 'STC.01'?)" in parent
    assert "'unit_id': there is no unit 'STC.10' (did you mean 'STC.01'?)" in unit


def test_a_mistyped_parent_is_told_with_the_nearest(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        ["Tên đơn vị", "Đơn vị cấp trên"],
        ["Sở Tài chính", None],
        ["Phòng A", "Sở Tài chánh"],
    ]
    told = wrong(save(tmp_path / "x.xlsx", rows), Code.UNIT)
    assert len(told) == 1
    assert "there is no unit 'Sở Tài chánh' (did you mean 'Sở Tài chính'?)" in told[0]


@pytest.mark.parametrize(
    ("full", "parts", "told"),
    [
        ("Lê Văn Na", ["Lê", "Văn", "An"], "'Lê Văn Na' and its parts differ: 'Lê Văn An'"),
        ("Lê Na", ["Sơn", None, "Kim"], "'Lê Na' and its parts differ: 'Sơn Kim'"),
        ("Trần Lê Na", ["Lê", "Trần", "Na"], "'Trần Lê Na' and its parts differ in order: 'Lê Trần Na'"),
        ("Y Blŏ Niê", ["Niê", "Y", "Blŏ"], ""),
        ("LÊ VĂN AN", ["Lê", "Văn", "An"], ""),
    ],
)
def test_a_name_and_its_parts_must_say_the_same(
    full: str, parts: list[Cell], told: str, tmp_path: Path
) -> None:
    path = save(tmp_path / "x.xlsx", [["Họ và tên", "Họ", "Đệm", "Tên"], [full, *parts]])
    found = wrong(path, Code.NAME)
    assert len(found) == bool(told)
    assert all(told in one for one in found)


def test_our_own_list_must_say_one_name_too(folder: Path) -> None:
    text = STAFF.replace("status\n", "status,full_name\n").replace("working\n", "working,\n")
    text = text.replace("2013-01-02,working,\n", "2013-01-02,working,Trần Văn Bình\n", 1)
    (folder / "staff.csv").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match="'Trần Văn Bình' and its parts differ: 'Nguyễn Văn An'"):
        registries.read(folder)


# Lists of units with their addresses


@pytest.mark.parametrize(
    "heading",
    [
        ["STT", "Tên đơn vị", "Địa chỉ thư điện tử công vụ"],
        ["STT", "Đơn vị", "Email"],
        ["STT", "Cơ quan, đơn vị", "Hộp thư công vụ"],
        ["STT", "Tên cơ quan", "Thư điện tử công vụ", "Điện thoại"],
        ["STT", "Tên đơn vị", "Địa chỉ hộp thư", "Ghi chú"],
    ],
)
def test_units_and_their_addresses_alone_are_a_list_of_units(heading: list[Cell], tmp_path: Path) -> None:
    table, told = look(save(tmp_path / "x.xlsx", [heading, [1, "Sở Nội vụ", "snv@lamdong.gov.vn"]]))
    assert table.kind is Kind.UNITS
    assert "address" in [column.field for column in table.columns]
    assert [problem for problem in told if problem.severity is Severity.ERROR] == []


@pytest.mark.parametrize(
    "heading",
    [
        ["STT", "Tên đơn vị", "Địa chỉ thư điện tử công vụ", "Chức vụ"],
        ["STT", "Đơn vị", "Thư điện tử công vụ", "Thu hồi"],
        ["STT", "Họ và tên", "Đơn vị", "Thư điện tử công vụ"],
    ],
)
def test_addresses_with_something_of_a_person_are_a_staff_list(heading: list[Cell], tmp_path: Path) -> None:
    table, _ = look(save(tmp_path / "x.xlsx", [heading, [1, "Sở Nội vụ", "an@lamdong.gov.vn", "x"]]))
    assert table.kind is Kind.STAFF


@pytest.mark.parametrize(
    ("cell", "kept", "told"),
    [
        ("SNV@LamDong.gov.vn", "snv@lamdong.gov.vn", False),
        ("snv", "snv", False),
        ("pqlcn.skhcn@lamdong.gov.vn", "pqlcn.skhcn@lamdong.gov.vn", False),
        ("s nv", "s nv", True),
        ("snv@lamdong", "snv@lamdong", True),
        ("SNV", "SNV", True),
    ],
)
def test_the_address_of_a_unit_may_be_whole(cell: str, kept: str, told: bool, tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        ["Mã đơn vị", "Tên đơn vị", "Thư công vụ", "Ngày đăng ký"],
        ["A", "Sở Nội vụ", cell, DAY],
    ]
    path = save(tmp_path / "units.xlsx", rows)
    assert bool(wrong(path, Code.VALUE)) is told
    save(tmp_path / "staff.xlsx", [STAFF_HEADING, ["1", "Lê Na", "Sở Nội vụ", "0999000001", DAY]])
    assert registries.read(tmp_path).units[0].address == kept


# Rows over their people

PEOPLE: list[list[Cell]] = [
    [1, "Lê Na", "Chuyên viên", "0999000001"],
    [2, "Sơn Kim", "Kế toán", "0999000002"],
]


@pytest.mark.parametrize("column", [0, 1])
def test_a_row_with_the_name_of_a_unit_is_that_of_the_people_below(column: int, tmp_path: Path) -> None:
    unit: list[Cell] = [None] * column
    save(
        tmp_path / "units.xlsx",
        [["Mã đơn vị", "Tên đơn vị", "Ngày đăng ký"], ["A", "Sở Nội vụ", DAY], ["B", "Chi cục Giá", DAY]],
    )
    heading: list[Cell] = ["STT", "Họ và tên", "Chức vụ", "Số điện thoại"]
    rows = [heading, [*unit, "Sở Nội vụ"], PEOPLE[0], [*unit, "Chi cục Giá"], PEOPLE[1]]
    save(tmp_path / "staff.xlsx", rows)
    settings = "columns: {STT: staff_id}, defaults: {registered_on: 2025-01-01}"
    mapping = f"version: 1\nunits: [{{file: units.xlsx}}]\nstaff: [{{file: staff.xlsx, {settings}}}]\n"
    (tmp_path / "registry.yml").write_text(mapping, encoding="utf-8")
    assert [person.unit_id for person in registries.read(tmp_path).staff] == ["A", "B"]


def test_a_lone_text_that_is_hardly_a_name_is_told(tmp_path: Path) -> None:
    heading: list[Cell] = ["Họ và tên", "Chức vụ", "Số điện thoại"]
    rows: list[list[Cell]] = [heading, *(row[1:] for row in PEOPLE), ["Kế hoạch - Tài chính"], ["Lê văn nam"]]
    table, told = look(save(tmp_path / "x.xlsx", rows))
    (problem,) = [problem for problem in told if problem.severity is Severity.ERROR]
    assert "'Kế hoạch - Tài chính' may be a person or a heading for the rows below" in problem.message
    assert table.rows_read == 4


# Sums below columns of ticks

TICKS: list[list[Cell]] = [
    ["STT", "Họ và tên", "Cấp mới", "Thu hồi"],
    [1, "Lê Na", "x", None],
    [2, "Sơn Kim", None, "x"],
    [3, "Lê Nam", "x", None],
]


@pytest.mark.parametrize(
    ("total", "told"),
    [
        (["Tổng cộng", 3, 2, 1], []),
        (["Tổng cộng", None, 2, 1], []),
        (["Tổng cộng: 3 tài khoản", None, 2, 1], []),
        (["Tổng cộng", 3, 1, 1], ["column 'Cấp mới': the total says 1, but 2 rows are ticked"]),
        (["Tổng cộng", 3, 2, 0], ["column 'Thu hồi': the total says 0, but 1 rows are ticked"]),
        (["Tổng cộng", 4, 2, 1], ["the total says 4, but 3 rows were read"]),
        (
            ["Tổng cộng", None, 1, 1],
            ["column 'Cấp mới': the total says 1", "the total says 2, but 3 rows were read"],
        ),
    ],
)
def test_a_sum_below_ticks_must_be_that_of_the_ticks(
    total: list[Cell], told: list[str], tmp_path: Path
) -> None:
    found = wrong(save(tmp_path / "x.xlsx", [*TICKS, total]), Code.CONTROL_TOTAL)
    assert len(found) == len(told)
    assert [words for words in told if not any(words in one for one in found)] == []


def test_a_sum_of_a_part_counts_the_ticks_since_the_last(tmp_path: Path) -> None:
    rows = [*TICKS[:3], ["Cộng", 2, 1, 1], TICKS[3], ["Cộng", 1, 1, 0], ["Tổng cộng", 3, 2, 1]]
    assert wrong(save(tmp_path / "x.xlsx", rows), Code.CONTROL_TOTAL) == []
    rows[3] = ["Cộng", 2, 2, 1]
    assert len(wrong(save(tmp_path / "x.xlsx", rows), Code.CONTROL_TOTAL)) == 1


# What cannot be read


@pytest.mark.parametrize("missing", ["units.csv", "staff.csv"])
def test_a_registry_with_a_table_that_cannot_be_read_ends_with_2(missing: str, folder: Path) -> None:
    (folder / missing).unlink()
    result = CliRunner().invoke(command, ["lint", str(folder)])
    assert (result.exit_code, "cannot be read" in result.output) == (2, True)
    (folder / missing).write_text("a\x00b\n", encoding="utf-8")
    assert CliRunner().invoke(command, ["lint", str(folder), "--json"]).exit_code == 2


def test_units_that_cannot_be_read_make_nobodys_unit_unknown(folder: Path) -> None:
    (folder / "registry.yml").write_text("version: 1\nunits: [{file: no.csv}]\nstaff: [{file: staff.csv}]\n")
    with pytest.raises(RegistryError, match="the list of units cannot be read"):
        lint(folder / "staff.csv", list[Problem]().append, mapping=folder / "registry.yml")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04broken", b"\x00\x01\x02", b"a;b\n1;2\n"])
def test_a_preview_of_what_cannot_be_read_ends_with_2(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    if content is not None:
        path.write_bytes(content)
    arguments = ["preview", "--domain", "lamdong.gov.vn", "--directory", str(ROOT / "inventory/policy")]
    result = CliRunner().invoke(address_command, [*arguments, "--input", str(path)])
    assert isinstance(result.exception, RegistryError)
    assert result.exception.exit_code == 2
