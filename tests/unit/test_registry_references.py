"""A unit's head, state and successors: read from any list, and checked against the units and the staff."""

from __future__ import annotations

from pathlib import Path

import pytest

from congvu import registry as registries
from congvu.errors import RegistryError
from congvu.registry import Code, Problem, Severity, Status, Unit
from congvu.registry.lint import lint
from congvu.registry.mapping import load_mapping
from congvu.registry.values import UNIT_STATES, unit_status
from tests.unit.helpers import STAFF
from tests.unit.registry_forms import Cell, save

DAY = "13/05/2025"
HEADING: list[Cell] = [
    "Mã đơn vị",
    "Tên đơn vị",
    "Ngày đăng ký",
    "Mã thủ trưởng",
    "Trạng thái",
    "Đơn vị tiếp nhận",
    "Quyết định",
]
PEOPLE: list[list[Cell]] = [
    ["Mã CBCC", "Họ và tên", "Đơn vị", "Ngày đăng ký"],
    ["LD00123", "Lê Na", "Sở Nội vụ", DAY],
    ["LD00200", "Sơn Kim", "Sở Nội vụ", DAY],
]
OURS = """\
unit_id,name,kind,parent_id,address,registered_on,head_id,status,successor_ids,document
A1,Sở Khoa học và Công nghệ,department,,,2013-01-02,S1,working,,01/QĐ
A2,Trung tâm Quản lý Cổng thông tin điện tử,centre,A1,,2013-01-02,,,,
X1,Ủy ban nhân dân xã Cát Tiên,commune,,,2025-07-01,,,,
X2,Ủy ban nhân dân xã Đạ Tẻh,commune,,,2025-07-01,,left,"X1,A2",02/NQ
"""


def offices(folder: Path, *rows: list[Cell]) -> None:
    """A registry of workbooks: «Sở Nội vụ», which stays, and `rows`."""
    stays: list[Cell] = ["SNV", "Sở Nội vụ", DAY, "LD00123", "Đang hoạt động", None, None]
    more: list[Cell] = ["VH", "Sở Văn hóa, Thể thao và Du lịch", DAY, None, None, None, None]
    save(folder / "units.xlsx", [HEADING, stays, more, *rows])
    save(folder / "staff.xlsx", PEOPLE)


def read(folder: Path) -> dict[str, Unit]:
    return {unit.unit_id: unit for unit in registries.read(folder).units}


def errors(folder: Path) -> list[str]:
    """What the sync is told, and what lint tells: the same."""
    with pytest.raises(RegistryError) as caught:
        registries.read(folder)
    told: list[Problem] = []
    lint(folder, told.append)
    assert [str(problem) for problem in told if problem.severity is Severity.ERROR] == list(
        caught.value.problems
    )
    return list(caught.value.problems)


def test_our_own_columns(folder: Path) -> None:
    (folder / "units.csv").write_text(OURS, encoding="utf-8")
    units = read(folder)
    assert (units["A1"].head_id, units["A1"].status, units["A1"].document) == ("S1", Status.WORKING, "01/QĐ")
    assert (units["X2"].status, units["X2"].successor_ids) == (Status.LEFT, ("X1", "A2"))
    assert (units["A2"].head_id, units["A2"].status, units["A2"].successor_ids) == ("", Status.WORKING, ())


@pytest.mark.parametrize("word", UNIT_STATES[1:])
def test_an_office_says_how_a_unit_ended_and_who_takes_over(word: str, tmp_path: Path) -> None:
    offices(tmp_path, ["SNgV", "Sở Ngoại vụ", DAY, None, word, "Sở Nội vụ", "9/NQ-HĐND"])
    ended = read(tmp_path)["SNgV"]
    assert (ended.status, ended.successor_ids, ended.document) == (Status.LEFT, ("SNV",), "9/NQ-HĐND")


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("SNV; VH", ("SNV", "VH")),
        ("SNV, VH", ("SNV", "VH")),
        ("Sở Văn hóa, Thể thao và Du lịch", ("VH",)),
        ("Sở Văn hóa, Thể thao và Du lịch; Sở Nội vụ", ("VH", "SNV")),
        ("SNV; Sở Nội vụ;", ("SNV",)),
        ("", ()),
    ],
)
def test_successors_are_ids_or_names_and_a_name_may_hold_commas(
    cell: str, found: tuple[str, ...], tmp_path: Path
) -> None:
    offices(tmp_path, ["X", "Sở Ngoại vụ", DAY, None, "Giải thể", cell, None])
    assert read(tmp_path)["X"].successor_ids == found


@pytest.mark.parametrize("text", ["Nghỉ hưu", "Chuyển công tác", "Tách"])
def test_a_unit_does_not_retire(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        unit_status(text)


# The cells of «head», «status», «successors» of units X and Y, and the words of the one problem for each.
BAD: dict[str, tuple[list[list[Cell]], list[tuple[str, ...]]]] = {
    "unknown successor": (
        [["X", None, "Sáp nhập", "Sở Nội vu1"], ["Y", None, "Giải thể", "SNX"]],
        [("row 4", "there is no unit 'Sở Nội vu1'", "'Sở Nội vụ'?"), ("row 5", "'SNX'", "mean 'SNV'?")],
    ),
    "itself": ([["X", None, "Sáp nhập", "X"]], [("row 4", "'X' cannot take over from itself")]),
    "circle": (
        [["X", None, "Sáp nhập", "Y"], ["Y", None, "Chia tách", "SNV; X"]],
        [("row 4", "'X' is its own successor by"), ("row 5", "'Y' is its own successor by")],
    ),
    "not ended": (
        [["X", None, "Đang hoạt động", "SNV"]],
        [("row 4", "'X' names successors, and has not ended")],
    ),
    "word": ([["X", None, "Nghỉ hưu", None]], [("row 4", "'Nghỉ hưu' is wrong (write working (Đang hoạt")]),
    "head swapped": (
        [["X", "LD00132", None, None]],
        [("row 4", "'head_id': 'LD00132' is nobody", "did you mean 'LD00123' (row 2)?")],
    ),
    "head short": ([["X", "LD0123", None, None]], [("row 4", "did you mean 'LD00123' (row 2)?")]),
    "head long": ([["X", "LD001223", None, None]], [("row 4", "did you mean 'LD00123' (row 2)?")]),
    "head wrong": ([["X", "LD00300", None, None]], [("row 4", "did you mean 'LD00200' (row 3)?")]),
    "head strange": ([["X", "QT1", None, None]], [("row 4", "add the person, or correct the id")]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_reference_that_leads_nowhere_is_told_with_its_place(case: str, tmp_path: Path) -> None:
    rows, wanted = BAD[case]
    offices(tmp_path, *([name, f"Đơn vị {name}", DAY, *rest, None] for name, *rest in rows))
    found = errors(tmp_path)
    assert len(found) == len(wanted), found
    for problem, words in zip(found, wanted, strict=True):
        assert [word for word in words if word not in problem] == [], problem


def test_a_chain_of_successors_is_no_circle(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        ["X", "Sở X", DAY, None, "Sáp nhập", "Y", None],
        ["Y", "Sở Y", DAY, None, "Chia tách", "SNV; VH", None],
    ]
    offices(tmp_path, *rows)
    assert read(tmp_path)["X"].successor_ids == ("Y",)


def test_a_head_is_found_without_regard_to_case(tmp_path: Path) -> None:
    offices(tmp_path, ["X", "Sở X", DAY, "ld00123", None, None, None])
    assert read(tmp_path)["X"].head_id == "ld00123"


def test_heads_are_not_looked_for_without_a_staff_list(tmp_path: Path) -> None:
    offices(tmp_path, ["X", "Sở X", DAY, "QT1", None, None, None])
    told: list[Problem] = []
    lint(tmp_path / "units.xlsx", told.append)
    assert [problem for problem in told if problem.severity is Severity.ERROR] == []


def test_nor_where_the_staff_list_has_no_ids(tmp_path: Path) -> None:
    offices(tmp_path)
    save(tmp_path / "staff.xlsx", [row[1:] for row in PEOPLE])
    told: list[Problem] = []
    lint(tmp_path, told.append)
    assert [problem for problem in told if problem.code is Code.HEAD] == []


def test_parents_and_successors_may_stand_in_another_table(tmp_path: Path) -> None:
    save(tmp_path / "a.xlsx", [HEADING, ["X", "Sở X", DAY, None, "Sáp nhập", "Y", None]])
    save(
        tmp_path / "b.xlsx",
        [["Mã đơn vị", "Tên đơn vị", "Đơn vị cấp trên", "Ngày đăng ký"], ["Y", "Phòng Y", "Sở X", DAY]],
    )
    (tmp_path / "staff.csv").write_text(
        STAFF.replace(",A1,", ",X,").replace(",A2,", ",Y,").replace(",X1,", ",Y,")
    )
    mapping = tmp_path / "registry.yml"
    mapping.write_text("version: 1\nunits: [{file: a.xlsx}, {file: b.xlsx}]\nstaff: [{file: staff.csv}]\n")
    assert load_mapping(mapping).units[1].file == tmp_path / "b.xlsx"
    units = read(tmp_path)
    assert (units["X"].successor_ids, units["Y"].parent_id) == (("Y",), "X")
    told: list[Problem] = []
    lint(tmp_path, told.append)
    assert [str(problem) for problem in told if problem.severity is Severity.ERROR] == []


def test_parents_of_units_without_ids_are_each_their_own(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        ["Tên đơn vị", "Đơn vị cấp trên"],
        ["Sở Nội vụ", None],
        ["Phòng A", "Sở Nội vụ"],
        ["Phòng B", "Sở Nội vu X"],
    ]
    told: list[Problem] = []
    lint(save(tmp_path / "units.xlsx", rows), told.append)
    unknown = [str(problem) for problem in told if "there is no unit" in problem.message]
    assert len(unknown) == 1
    assert "row 4" in unknown[0]
