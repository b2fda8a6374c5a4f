"""What stands in cells: letters that look like blanks, numbers, dates, and characters nobody typed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from congvu.charset import Charset, encode
from congvu.registry import Code, Person, Problem, Severity
from congvu.registry.headings import Kind
from congvu.registry.mapping import TableSource
from congvu.registry.opening import open_source
from congvu.registry.people import StaffRows
from congvu.registry.problems import Problems
from congvu.registry.seen import Seen
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
