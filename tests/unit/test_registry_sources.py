"""Registries from workbooks, databases and several files, put together by a mapping file."""

from __future__ import annotations

import os
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from congvu import registry as registries
from congvu.errors import RegistryError
from congvu.registry import Code, Place, Severity, Status
from congvu.registry.lint import lint
from congvu.registry.problems import Problem
from tests.unit.helpers import STAFF, UNITS
from tests.unit.registry_forms import save

UNIT_ROWS: list[list[object]] = [
    ["Mã đơn vị", "Tên đơn vị", "Đơn vị cấp trên", "Ngày đăng ký"],
    ["A1", "Sở Nội vụ", None, "02/01/2013"],
    ["A2", "Văn phòng", "Sở Nội vụ", "02/01/2013"],
    ["B1", "Sở Tài chính", None, "02/01/2013"],
    ["B2", "Văn phòng", "Sở Tài chính", "02/01/2013"],
]
STAFF_HEADING: list[object] = ["Mã CBCC", "Họ và tên", "Đơn vị", "SĐT", "Ngày đăng ký"]
AN: list[object] = ["S1", "Nguyễn Văn An", "Sở Nội vụ", 999000001, "02/01/2013"]
NA: list[object] = ["S2", "Lê Na", "Sở Tài chính", None, "02/01/2013"]


def errors(path: Path) -> str:
    with pytest.raises(RegistryError) as caught:
        registries.read(path)
    return str(caught.value)


def mapping(folder: Path, text: str) -> Path:
    (folder / "registry.yml").write_text(f"version: 1\n{text}", encoding="utf-8")
    return folder


def workbooks(folder: Path, *staff: list[object]) -> Path:
    save(folder / "units.xlsx", UNIT_ROWS)
    save(folder / "staff.xlsx", [STAFF_HEADING, *staff])
    return folder


def test_a_folder_of_workbooks_is_a_registry(tmp_path: Path) -> None:
    registry = registries.read(workbooks(tmp_path, AN, NA))
    assert [(unit.unit_id, unit.parent_id) for unit in registry.units] == [
        ("A1", ""),
        ("A2", "A1"),
        ("B1", ""),
        ("B2", "B1"),
    ]
    first = registry.staff[0]
    assert (first.staff_id, first.unit_id, first.unit_name, first.phone) == (
        "S1",
        "A1",
        "Sở Nội vụ",
        "0999000001",
    )
    assert (first.registered_on, first.status, first.name_is_split) == (
        date(2013, 1, 2),
        Status.WORKING,
        False,
    )
    assert {problem.code for problem in registry.findings} == {Code.PHONE, Code.DATE_ORDER}


def test_a_workbook_and_a_csv_file_of_one_name_are_refused(tmp_path: Path) -> None:
    workbooks(tmp_path, AN)
    (tmp_path / "staff.csv").write_text(STAFF, encoding="utf-8")
    assert "there are both staff.csv and staff.xlsx" in errors(tmp_path)


def test_units_of_one_name_are_told_apart_by_the_section(tmp_path: Path) -> None:
    save(tmp_path / "units.xlsx", UNIT_ROWS)
    rows: list[list[object]] = [
        STAFF_HEADING,
        ["Sở Tài chính"],
        ["S1", "Nguyễn Văn An", "Văn phòng", None, "02/01/2013"],
    ]
    save(tmp_path / "staff.xlsx", rows, "A2:E2")
    assert registries.read(tmp_path).staff[0].unit_id == "B2"


def test_units_of_one_name_are_told_apart_by_the_agency_above(tmp_path: Path) -> None:
    save(tmp_path / "units.xlsx", UNIT_ROWS)
    heading: list[object] = ["Mã CBCC", "Họ và tên", "Phòng", "Cơ quan", "Ngày đăng ký"]
    save(tmp_path / "staff.xlsx", [heading, ["S1", "Lê Na", "Văn phòng", "Sở Tài chính", "02/01/2013"]])
    assert "column 'Cơ quan': means the same as 'Phòng'" in errors(tmp_path)
    text = "units: [{file: units.xlsx}]\nstaff: [{file: staff.xlsx, columns: {Cơ quan: agency}}]"
    assert registries.read(mapping(tmp_path, text)).staff[0].unit_id == "B2"


def test_a_unit_name_that_two_bear_is_refused(tmp_path: Path) -> None:
    message = errors(workbooks(tmp_path, ["S1", "Lê Na", "Văn phòng", None, "02/01/2013"]))
    assert "2 units are called 'Văn phòng': A2, B2" in message


def test_an_unknown_unit_is_refused_with_the_nearest(tmp_path: Path) -> None:
    message = errors(workbooks(tmp_path, ["S1", "Lê Na", "Sở Tài chánh", None, "02/01/2013"]))
    assert "there is no unit 'Sở Tài chánh' (did you mean 'Sở Tài chính'?)" in message


def test_a_sync_needs_ids_and_dates(tmp_path: Path) -> None:
    save(tmp_path / "units.xlsx", UNIT_ROWS)
    save(tmp_path / "staff.xlsx", [["Họ và tên", "Đơn vị"], ["Lê Na", "Sở Nội vụ"]])
    message = errors(tmp_path)
    assert "column 'staff_id': is missing" in message
    assert "column 'registered_on': is missing" in message


def test_defaults_stand_for_columns_that_are_not_there(tmp_path: Path) -> None:
    save(tmp_path / "don_vi.xlsx", [row[:3] for row in UNIT_ROWS])
    save(tmp_path / "ds.xlsx", [row[:4] for row in (STAFF_HEADING, AN)])
    text = """
units: [{file: don_vi.xlsx, defaults: {registered_on: 2013-01-02}}]
staff: [{file: ds.xlsx, defaults: {registered_on: 2025-07-01, employment: civil_servant}}]
"""
    registry = registries.read(mapping(tmp_path, text))
    assert registry.staff[0].registered_on == date(2025, 7, 1)
    assert registry.staff[0].employment == "civil_servant"


def test_headings_words_and_dates_are_settled_by_the_mapping(tmp_path: Path) -> None:
    save(tmp_path / "units.xlsx", UNIT_ROWS)
    heading = ["Số thẻ", "Người dùng", "Nơi làm", "Ngày vào sổ", "Còn làm"]
    save(tmp_path / "ds.xlsx", [heading, ["S1", "Lê Na", "A1", "12/30/2013", "hết rồi"]])
    text = """
units: [{file: units.xlsx}]
staff:
  - file: ds.xlsx
    heading_row: 1
    columns: {Số thẻ: staff_id, Người dùng: full_name, Nơi làm: unit_id, Ngày vào sổ: registered_on,
      Còn làm: status}
    values: {status: {hết rồi: left}}
    date_order: mdy
"""
    (person,) = registries.read(mapping(tmp_path, text)).staff
    assert (person.registered_on, person.status, person.unit_id) == (date(2013, 12, 30), Status.LEFT, "A1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("staff: [{file: a.csv, sheets: x}]", "registry.yml:2: staff[0].sheets: unknown key (did you mean"),
        ("staff: [{}]", "give one of file and sql"),
        ("staff: [{file: a.csv, values: {status: {làm: foo}}}]", "status: làm: 'foo' is none of working"),
        ("staff: [{file: a.csv, values: {revoke: {có: foo}}}]", "revoke: có: 'foo' is none of x"),
        ("staff: [{file: a.csv, values: {statu: {a: b}}}]", "did you mean 'status'?"),
        ("staff: [{file: a.csv, columns: {A: fullname}}]", "'fullname' is not one of"),
        ("staff: [{sql: {url_file: u}}]", "give one of table and query"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_line(text: str, words: str, tmp_path: Path) -> None:
    assert words in errors(mapping(tmp_path, text))


def test_a_heading_of_the_mapping_that_is_not_in_the_table_is_refused(tmp_path: Path) -> None:
    workbooks(tmp_path, AN)
    text = "units: [{file: units.xlsx}]\nstaff: [{file: staff.xlsx, columns: {Mã CBC: staff_id}}]"
    assert "column 'Mã CBC': stands in the mapping file, not in the table (did you mean 'Mã CBCC'?)" in (
        errors(mapping(tmp_path, text))
    )


def test_several_files_make_one_list(tmp_path: Path) -> None:
    workbooks(tmp_path, AN)
    save(tmp_path / "more.xlsx", [STAFF_HEADING, NA])
    text = "units: [{file: units.xlsx}]\nstaff: [{file: staff.xlsx}, {file: more.xlsx}]"
    assert [person.staff_id for person in registries.read(mapping(tmp_path, text)).staff] == ["S1", "S2"]
    save(tmp_path / "more.xlsx", [STAFF_HEADING, ["s1", *NA[1:]]])
    assert "'s1' stands also in row 2" in errors(tmp_path)


QUARANTINE = "quarantine: unit\nunits: [{file: units.xlsx}]\nstaff: [{file: staff.xlsx}]"


def test_a_unit_with_a_bad_row_is_set_aside_whole(tmp_path: Path) -> None:
    bad: list[object] = ["S3", "Sơn Kim", "Sở Nội vụ", None, "30/02/2013"]
    workbooks(tmp_path, AN, NA, bad)
    assert "'30/02/2013' is wrong" in errors(tmp_path)
    registry = registries.read(mapping(tmp_path, QUARANTINE))
    assert [person.staff_id for person in registry.staff] == ["S2"]
    told = [problem for problem in registry.findings if problem.severity is Severity.WARNING]
    assert [problem.code for problem in told] == [Code.DATE, Code.QUARANTINE]
    assert "'A1' is set aside because of 1 rows" in told[1].message


def test_a_bad_row_that_names_no_unit_refuses_all_of_them(tmp_path: Path) -> None:
    workbooks(tmp_path, AN, ["S3", "Sơn Kim", None, None, "02/01/2013"])
    assert "is empty" in errors(mapping(tmp_path, QUARANTINE))


# Databases


def database(folder: Path, rows: int = 0) -> Path:
    with sqlite3.connect(folder / "hr.db") as connection:
        connection.execute("CREATE TABLE nhan_su (ma TEXT, ho_ten TEXT, ma_dv TEXT, ngay DATE, nghi INTEGER)")
        people = [
            ("S1", "Nguyễn Văn An", "A1", "2013-01-02", 0),
            ("S2", "Le\u0302 Na", "X1", "2013-01-02", 1),
            *((f"N{number}", "Lê Na", "A1", "2013-01-02", 0) for number in range(rows)),
        ]
        connection.executemany("INSERT INTO nhan_su VALUES (?, ?, ?, ?, ?)", people)
    connection.close()
    (folder / "hr.url").write_text(f"sqlite:///{folder / 'hr.db'}\n")
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    return folder


TABLE = """
units: [{file: units.csv}]
staff:
  - sql: {url_file: hr.url, table: nhan_su}
    columns: {ma: staff_id, ho_ten: full_name, ma_dv: unit_id, ngay: registered_on, nghi: status}
    values: {status: {"0": working, "1": left}}
"""
QUERY = TABLE.replace("table: nhan_su", "query: 'SELECT * FROM nhan_su WHERE ma NOT LIKE '':x%'''")


@pytest.mark.parametrize("text", [TABLE, QUERY])
def test_a_database_is_read(text: str, tmp_path: Path) -> None:
    first, second = registries.read(mapping(database(tmp_path), text)).staff
    assert (first.staff_id, first.full_name, first.unit_id) == ("S1", "Nguyễn Văn An", "A1")
    assert (second.full_name, second.status, second.place.row) == ("Lê Na", Status.LEFT, 2)


def test_rows_of_a_database_are_records_whatever_they_say(tmp_path: Path) -> None:
    """Nothing in a database is a title, a total or a signature."""
    with sqlite3.connect(tmp_path / "hr.db") as connection:
        connection.execute("CREATE TABLE staff (staff_id, full_name, unit_id, registered_on)")
        people = [("S1", "Tổng cộng: 9", "A1", "2013-01-02"), ("S2", "Giám đốc", "A1", "2013-01-02")]
        connection.executemany("INSERT INTO staff VALUES (?, ?, ?, ?)", people)
    connection.close()
    (tmp_path / "hr.url").write_text(f"sqlite:///{tmp_path / 'hr.db'}")
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    text = "units: [{file: units.csv}]\nstaff: [{sql: {url_file: hr.url, table: staff}}]"
    assert len(registries.read(mapping(tmp_path, text)).staff) == 2


def test_a_table_without_its_columns_is_let_go(tmp_path: Path) -> None:
    database(tmp_path, rows=2000)
    text = TABLE.replace("ma: staff_id, ", "")
    assert "column 'staff_id': is missing" in errors(mapping(tmp_path, text))


def test_a_database_that_refuses_is_told_without_its_password(tmp_path: Path) -> None:
    database(tmp_path)
    message = errors(mapping(tmp_path, TABLE.replace("table: nhan_su", "table: nhan_vien")))
    assert "the database refuses: no such table: nhan_vien" in message
    (tmp_path / "hr.url").chmod(0o600)
    (tmp_path / "hr.url").write_text("postgresql+psycopg2://reader:sesame@127.0.0.1:1/hr")
    message = errors(tmp_path)
    assert "sesame" not in message
    assert "127.0.0.1" in message
    (tmp_path / "hr.url").write_text("reader:sesame@127.0.0.1")
    message = errors(tmp_path)
    assert ("is not the URL of a database" in message, "sesame" in message) == (True, False)


def test_a_database_is_not_written(tmp_path: Path) -> None:
    database(tmp_path)
    query = "query: DELETE FROM nhan_su RETURNING *"
    assert "readonly" in errors(mapping(tmp_path, TABLE.replace("table: nhan_su", query)))
    with sqlite3.connect(tmp_path / "hr.db") as connection:
        assert connection.execute("SELECT count(*) FROM nhan_su").fetchone() == (2,)
    connection.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///{folder}/hr.db?timeout=sesame", "has options: timeout"),
        ("sqlite:///{folder}/typo.db", "the database refuses"),
        ("sqlite:///", "names no file"),
        ("sqlite://reader:sesame@h/x.db", "the database refuses"),
        ("postgresql+psycopg2://127.0.0.1:1/hr?user=u&password=sesame", "127.0.0.1:1/hr"),
        ("postgresql+psycopg2://reader:sesame@127.0.0.1:1/hr?connect_timeout=sesame", "127.0.0.1:1/hr"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dsesame", "mssql+pyodbc:///"),
        ("nosuch://reader:sesame@host/hr", "nosuch://host/hr"),
    ],
)
def test_what_is_secret_in_a_url_stands_in_no_message(url: str, words: str, tmp_path: Path) -> None:
    database(tmp_path)
    (tmp_path / "hr.url").chmod(0o600)
    (tmp_path / "hr.url").write_text(url.format(folder=tmp_path))
    before = sorted(path.name for path in tmp_path.iterdir())
    message = errors(mapping(tmp_path, TABLE))
    assert (words in message, "sesame" in message) == (True, False)
    assert sorted({path.name for path in tmp_path.iterdir()} - {"registry.yml"}) == before


def test_a_url_with_a_password_that_others_may_read_is_refused(tmp_path: Path) -> None:
    database(tmp_path)
    (tmp_path / "hr.url").write_text("postgresql+psycopg2://reader:sesame@127.0.0.1:1/hr")
    (tmp_path / "hr.url").chmod(0o640)
    message = errors(mapping(tmp_path, TABLE))
    assert ("chmod 600 hr.url" in message, "sesame" in message) == (True, False)


# What is no file


@pytest.mark.parametrize("name", ["units.csv", "staff.csv", "registry.yml", "units.xlsx"])
def test_a_pipe_is_refused_and_not_waited_for(name: str, folder: Path) -> None:
    (folder / name).unlink(missing_ok=True)
    if name == "units.xlsx":
        mapping(folder, "units: [{file: units.xlsx}]\nstaff: [{file: staff.csv}]")
    os.mkfifo(folder / name)
    assert f"{name}: is a pipe, not a file" in errors(folder)


def test_a_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="is a device, not a file"):
        registries.open_table(Path("/dev/zero"))
    with pytest.raises(RegistryError, match="is a folder, not a file"):
        registries.open_table(tmp_path)


# Lint


def told(path: Path, **options: object) -> list[Problem]:
    found: list[Problem] = []
    lint(path, found.append, **options)  # type: ignore[arg-type]
    return found


def test_lint_of_a_folder_checks_the_staff_against_the_units(folder: Path) -> None:
    (folder / "staff.csv").write_text(STAFF.replace(",X1,", ",X9,"), encoding="utf-8")
    assert [problem.code for problem in told(folder) if problem.severity is Severity.ERROR] == [Code.UNIT]


def test_lint_of_a_file_with_a_mapping_knows_its_units(tmp_path: Path) -> None:
    workbooks(tmp_path, ["S1", "Lê Na", "Sở Tài chánh", None, "02/01/2013"])
    mapping(tmp_path, "units: [{file: units.xlsx}]\nstaff: [{file: staff.xlsx}]")
    found = told(tmp_path / "staff.xlsx", mapping=tmp_path / "registry.yml")
    assert [problem.code for problem in found if problem.severity is Severity.ERROR] == [Code.UNIT]
    assert not any(problem.code is Code.UNIT for problem in told(tmp_path / "staff.xlsx"))


def test_lint_tells_names_that_must_not_be_split_by_guess(tmp_path: Path) -> None:
    names = ["Y Blŏ Niê", "H'Hen Niê", "K'Brêu", "Ka Hương", "A Huy", "Lê Na"]
    rows: list[list[object]] = [[f"S{n}", name, *AN[2:]] for n, name in enumerate(names)]
    found = told(save(tmp_path / "ds.xlsx", [STAFF_HEADING, *rows]))
    splits = [problem for problem in found if problem.code is Code.SPLIT]
    places = [problem.place for problem in splits if problem.severity is Severity.WARNING]
    assert [place.row for place in places if isinstance(place, Place)] == [2, 3, 5, 6]
    assert "họ Niê, đệm Y, tên Blŏ" in splits[0].message
    assert [problem.count for problem in splits if problem.severity is Severity.NOTE] == [2]
