from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pytest

from congvu import registry as registries
from congvu.errors import RegistryError
from congvu.registry import Status
from tests.unit.helpers import STAFF, UNITS


def problems(folder: Path) -> list[str]:
    with pytest.raises(RegistryError) as caught:
        registries.read(folder)
    assert caught.value.exit_code == 2
    return list(caught.value.problems)


# (file, what to replace, by what, [words of one problem each])
BAD: dict[str, tuple[str, str, str, list[str]]] = {
    "missing column": (
        "staff.csv",
        "staff_id,",
        "staffid,",
        ["staff.csv:1: column 'staff_id': is missing (did you mean 'staffid'?)"],
    ),
    "duplicate staff id": (
        "staff.csv",
        "S2,",
        "S1,",
        ["staff.csv:3: column 'staff_id': 'S1' stands also in row 2"],
    ),
    "same but for case": (
        "staff.csv",
        "S2,",
        "s1,",
        ["staff.csv:3: column 'staff_id': 's1' stands also in row 2"],
    ),
    "duplicate unit id": (
        "units.csv",
        "X1,",
        "A1,",
        ["units.csv:4: column 'unit_id': 'A1' stands also in row 2", "X1"],
    ),
    "unknown unit": ("staff.csv", ",X1,", ",X9,", ["staff.csv:3: column 'unit_id': there is no unit 'X9'"]),
    "unknown parent": (
        "units.csv",
        "centre,A1",
        "centre,A9",
        ["units.csv:3: column 'parent_id': there is no unit 'A9'"],
    ),
    "own ancestor": (
        "units.csv",
        "department,,",
        "department,A2,",
        [
            "units.csv:2: column 'parent_id': 'A1' is its own",
            "units.csv:3: column 'parent_id': 'A2' is its own",
        ],
    ),
    "no given name": ("staff.csv", "Văn,An", "Văn,", ["staff.csv:2: column 'given_name': is empty"]),
    "blank given name": ("staff.csv", "Văn,An", "Văn,\u00a0", ["staff.csv:2: column 'given_name': is empty"]),
    "no id": ("staff.csv", "S1,", ",", ["staff.csv:2: column 'staff_id': is empty"]),
    "date": (
        "staff.csv",
        "2014-05-01",
        "1/5/2014",
        ["staff.csv:3: column 'registered_on': '1/5/2014' is wrong (write a"],
    ),
    "no such day": (
        "staff.csv",
        "2014-05-01",
        "2014-02-30",
        ["staff.csv:3: column 'registered_on': '2014-02-30'"],
    ),
    "status": (
        "staff.csv",
        "01,working",
        "01,retired",
        ["staff.csv:3: column 'status': 'retired' is wrong (write working"],
    ),
    "character in an id": ("staff.csv", "S1,", "S+1,", ["staff.csv:2: column 'staff_id': 'S+1' is wrong"]),
    "comma in an id": ("staff.csv", "S1,", '"S,1",', ["staff.csv:2: column 'staff_id': 'S,1' is wrong"]),
    "dot before an id": ("staff.csv", "S1,", ".S1,", ["staff.csv:2: column 'staff_id': '.S1' is wrong"]),
    "unit and person with one id": (
        "staff.csv",
        "S1,",
        "a1,",
        ["staff.csv:2: column 'staff_id': 'a1' is also the unit"],
    ),
    "broken character": ("staff.csv", "Kế toán", "K\x07 toán", ["staff.csv:3: column 'position'", "U+0007"]),
    "text turned around": (
        "staff.csv",
        "Kế toán",
        "Kế\u202e toán",
        ["staff.csv:3: column 'position'", "U+202E"],
    ),
    "lost character": ("staff.csv", "Ngô", "Ng\ufffd", ["staff.csv:3: column 'surname'", "U+FFFD"]),
    "comma not quoted": (
        "staff.csv",
        "Kế toán",
        "Kế toán, thủ quỹ",
        ["staff.csv:3: has 10 cells, the heading has 9"],
    ),
    "quote not closed": ("staff.csv", "Kế toán", '"Kế toán', ["staff.csv", "is not CSV"]),
    "column twice": (
        "staff.csv",
        "position",
        "phone",
        ["position", "staff.csv:1: column 'phone': stands twice"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_problem_names_file_row_and_column(case: str, folder: Path) -> None:
    name, old, new, words = BAD[case]
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    found = "\n".join(problems(folder))
    for word in words:
        assert word in found


def test_all_problems_of_both_files_are_told_at_once(folder: Path) -> None:
    (folder / "units.csv").write_text(UNITS.replace("2025-07-01", "x"), encoding="utf-8")
    (folder / "staff.csv").write_text(
        STAFF.replace("S2,", "S1,").replace(",X1,", ",X9,").replace("2014-05-01", "y"), encoding="utf-8"
    )
    assert len(problems(folder)) == 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "staff.csv: is empty"),
        (b"\xef\xbb\xbf\n\n", "staff.csv: is empty"),
        (STAFF.splitlines()[0].encode(), "staff.csv: has no rows"),
        (
            STAFF.encode().replace("Ngô".encode(), b"Ng\xf4"),
            "staff.csv:3: its charset is in doubt: is utf-8, but",
        ),
    ],
)
def test_a_file_that_cannot_be_a_list_is_refused(content: bytes, words: str, folder: Path) -> None:
    (folder / "staff.csv").write_bytes(content)
    assert any(words in line for line in problems(folder))


def test_a_file_that_is_not_there_is_refused(folder: Path) -> None:
    (folder / "units.csv").unlink()
    assert len(problems(folder)) == 1
    assert "units.csv: cannot be read: No such file" in problems(folder)[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_bom_line_ends_and_decomposed_letters_make_no_difference(
    encoding: str, form: str, newline: str, folder: Path
) -> None:
    expected = registries.read(folder)
    for name, text in (("units.csv", UNITS), ("staff.csv", STAFF)):
        changed = unicodedata.normalize(form, text).replace("\n", newline)  # type: ignore[arg-type]
        (folder / name).write_bytes(changed.encode(encoding))
    assert registries.read(folder) == expected


def test_a_row_becomes_a_person(folder: Path) -> None:
    registry = registries.read(folder)
    person = registry.staff[1]
    assert (person.staff_id, person.full_name, person.unit_id) == ("S2", "Ngô Viết Ân", "X1")
    assert (person.position, person.phone, person.registered_on) == ("Kế toán", "", date(2014, 5, 1))
    assert person.status is Status.WORKING
    assert str(person.place) == f"{folder / 'staff.csv'}:3"
    assert registry.units[1].parent_id == "A1"


def test_cells_are_cleaned_and_columns_may_stand_in_any_order(folder: Path) -> None:
    (folder / "staff.csv").write_text(
        "status,staff_id,note,given_name,middle_name,surname,full_name,unit_id,position,phone,registered_on\n"
        'left,S1,x,"Blŏ "," Y",  Niê,Y  Blŏ\u00a0Niê,A1,"Phó\nTrưởng  phòng",,2013-01-02\n'
        "\n"
        "working,S2,,Kim,,Sơn,,A1,,,2013-01-02\n",
        encoding="utf-8",
    )
    first, second = registries.read(folder).staff
    assert (first.full_name, first.middle_name, first.position) == ("Y Blŏ Niê", "Y", "Phó Trưởng phòng")
    assert (second.full_name, second.place.row) == ("Sơn Kim", 5)
