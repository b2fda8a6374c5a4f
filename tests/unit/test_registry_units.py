"""Which unit a list means: by the very name, within the section that it stands in, never another's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from congvu import registry as registries
from congvu.errors import RegistryError
from congvu.registry import Code, Problem, Severity
from congvu.registry.headings import Kind
from congvu.registry.lint import lint
from tests.unit.registry_forms import Cell, save

DAY = "13/05/2025"
UNITS: list[list[Cell]] = [
    ["Mã đơn vị", "Tên đơn vị", "Đơn vị cấp trên", "Ngày đăng ký"],
    ["SNV", "Sở Nội vụ", None, DAY],
    ["STC", "Sở Tài chính", None, DAY],
    ["STC.VP", "Văn phòng", "Sở Tài chính", DAY],
    ["STC.CC", "Chi cục Giá", "Sở Tài chính", DAY],
    ["STC.CC.1", "Đội Một", "Chi cục Giá", DAY],
    ["TH1", "Xã Tân Hội", None, DAY],
    ["TH2", "Xã Tân Hồi", None, DAY],
    ["MA", "Xã Mỹ An", None, DAY],
    ["TH3", "Xã Tân Hòa", None, DAY],
]
HEADING: list[Cell] = ["Mã CBCC", "Họ và tên", "Đơn vị", "Ngày đăng ký", "Cơ quan chủ quản"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "units.xlsx", UNITS)
    return tmp_path


def staff(folder: Path, unit: str, section: str = "", agency: str = "") -> None:
    rows: list[list[Cell]] = [HEADING, ["A1", "Lê Na", unit, DAY, agency]]
    save(folder / "staff.xlsx", [*rows[:1], [None, f"I. {section}"], *rows[1:]] if section else rows)


@pytest.mark.parametrize(
    ("unit", "section", "agency", "found"),
    [
        ("Văn phòng", "Sở Tài chính", "", "STC.VP"),
        ("Văn phòng", "", "Sở Tài chính", "STC.VP"),
        ("Đội Một", "Sở Tài chính", "", "STC.CC.1"),
        ("Sở Nội vụ", "Sở Nội vụ", "", "SNV"),
        ("Sở Nội vụ", "Khối sở, ban, ngành", "", "SNV"),
        ("", "Sở Nội vụ", "", "SNV"),
        ("Xã Tân Hội", "", "", "TH1"),
        ("Xã Tân Hồi", "", "", "TH2"),
        ("Xã Tân Hoà", "", "", "TH3"),
    ],
)
def test_a_unit_is_found_by_its_name_and_where_it_stands(
    unit: str, section: str, agency: str, found: str, folder: Path
) -> None:
    staff(folder, unit, section, agency)
    registry = registries.read(folder)
    assert [person.unit_id for person in registry.staff] == [found]
    assert not any(
        problem.code is Code.UNIT and problem.severity is Severity.WARNING for problem in registry.findings
    )


@pytest.mark.parametrize(
    ("unit", "section", "agency", "words"),
    [
        ("Văn phòng", "Sở Nội vụ", "", ("'Văn phòng'", "is no part of 'Sở Nội vụ'")),
        ("Văn phòng", "", "Sở Nội vụ", ("'Văn phòng'", "is no part of 'Sở Nội vụ'")),
        ("Sở Tài chính", "Sở Nội vụ", "", ("'Sở Tài chính'", "is no part of 'Sở Nội vụ'")),
        ("Văn phòng", "", "Sở Không Có", ("'Văn phòng'", "'Sở Không Có', which is no unit")),
        ("Xã Tân Hoi", "", "", ("2 units are called 'Xã Tân Hoi': TH1, TH2",)),
    ],
)
def test_a_unit_that_contradicts_its_section_is_refused(
    unit: str, section: str, agency: str, words: tuple[str, ...], folder: Path
) -> None:
    staff(folder, unit, section, agency)
    with pytest.raises(RegistryError) as caught:
        registries.read(folder)
    (problem,) = caught.value.problems
    assert [word for word in words if word not in problem] == []


@pytest.mark.parametrize(
    ("unit", "agency", "severity"),
    [
        ("Xã Mỹ Ân", "", Severity.WARNING),
        ("Xa My An", "", Severity.WARNING),
        ("XÃ MỸ AN", "", Severity.NOTE),
        ("Văn phòng", "Sơ Tài chính", Severity.WARNING),
    ],
)
def test_a_name_that_is_not_the_very_name_is_told(
    unit: str, agency: str, severity: Severity, folder: Path
) -> None:
    staff(folder, unit, agency=agency)
    told = [problem for problem in registries.read(folder).findings if problem.code is Code.UNIT]
    assert [problem.severity for problem in told] == [severity]
    assert "is read as" in told[0].message


def test_the_name_of_a_parent_that_is_not_the_very_name_is_told(folder: Path) -> None:
    save(folder / "units.xlsx", [*UNITS, ["X", "Trạm Y tế", "Xã Mỹ Ân", DAY]])
    staff(folder, "Sở Nội vụ")
    registry = registries.read(folder)
    assert registry.units[-1].parent_id == "MA"
    assert [str(problem.severity) for problem in registry.findings if problem.code is Code.UNIT] == [
        "warning"
    ]


QUARANTINE = "version: 1\nquarantine: unit\nunits: [{file: units.xlsx}]\nstaff: [{file: staff.xlsx}]\n"


@pytest.mark.parametrize(("unit", "settled"), [("Sở Nội vụ", True), ("Sở Nội vu1", False), ("", False)])
def test_a_bad_row_of_an_unknown_unit_refuses_everything(unit: str, settled: bool, folder: Path) -> None:
    (folder / "registry.yml").write_text(QUARANTINE)
    rows = [["A1", "Lê Na", "Sở Tài chính", DAY], ["A2", "Sơn Kim", unit, "44/05/2025"]]
    save(folder / "staff.xlsx", [HEADING[:4], *rows])
    if settled:
        assert [person.staff_id for person in registries.read(folder).staff] == ["A1"]
        return
    with pytest.raises(RegistryError):
        registries.read(folder)


def problems(path: Path) -> tuple[Kind, list[Problem]]:
    told: list[Problem] = []
    (table,) = lint(path, told.append)
    return table.kind, told


def test_a_plain_list_of_units_is_one(folder: Path) -> None:
    kind, told = problems(folder / "units.xlsx")
    assert kind is Kind.UNITS
    assert [problem for problem in told if problem.severity is Severity.ERROR] == []


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        (["Mã đơn vị", "Tên đơn vị"], Kind.UNITS),
        (["Mã đơn vị", "Tên đơn vị", "Số điện thoại"], Kind.UNITS),
        (["STT", "Tên đơn vị", "Ghi chú"], Kind.UNITS),
        (["STT", "Họ và tên", "Đơn vị"], Kind.STAFF),
        (["Mã đơn vị", "Đơn vị", "Họ tên", "Ghi chú"], Kind.STAFF),
        (["Địa chỉ thư điện tử công vụ", "Chức vụ", "Đơn vị"], Kind.STAFF),
        (["Thông tin cần thay đổi", "Thông tin mới"], Kind.CHANGES),
    ],
)
def test_the_kind_of_a_list_by_its_heading(heading: Sequence[Cell], kind: Kind, tmp_path: Path) -> None:
    path = save(tmp_path / "list.xlsx", [heading, [f"x{number}" for number in range(len(heading))]])
    assert problems(path)[0] is kind


@pytest.mark.parametrize(
    ("lines", "unit"),
    [
        (["Cơ quan đề nghị: Sở Nội vụ"], "Sở Nội vụ"),
        (["Cơ quan đề nghị: Sở Nội vụ ……"], "Sở Nội vụ"),
        (["2. Cơ quan: Sở Nội vụ"], "Sở Nội vụ"),
        (["Đơn vị:", "Sở Nội vụ"], "Sở Nội vụ"),
        (["Cơ quan đề nghị: ………………"], ""),
        (["Người đề nghị: Lê Na"], ""),
    ],
)
def test_the_title_names_the_unit(lines: list[Cell], unit: str, tmp_path: Path) -> None:
    rows: list[list[Cell]] = [lines, ["STT", "Họ và tên", "Chức vụ"], [1, "Lê Na", "Kế toán"]]
    _, told = problems(save(tmp_path / "list.xlsx", rows))
    titles = [problem.message for problem in told if problem.code is Code.UNIT]
    assert titles == ([f"the title names the unit {unit!r}"] if unit else [])
