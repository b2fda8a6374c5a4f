"""The forms that offices fill in are read back by the importer as they are (LD-7.2-end2)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from congvu.cli.registry import registry as command
from congvu.errors import RegistryError
from congvu.policy import Policy
from congvu.policy.model import PersonalData
from congvu.policy.values import DomainName
from congvu.registry import Action, Code, Employment, OrgType, Severity, Status
from congvu.registry.headings import OF_KIND, Field, Kind, field_of
from congvu.registry.lint import lint
from congvu.registry.mapping import TableSource, load_mapping
from congvu.registry.opening import open_source
from congvu.registry.people import StaffRows
from congvu.registry.problems import Problem, Problems
from congvu.registry.seen import Seen
from congvu.registry.template import ROWS, TemplateKind, columns, write_template
from congvu.registry.units import UnitRows
from tests.unit.helpers import ROOT, STAFF, UNITS

FIRST = 7
"""Row for the first person."""
VALUES: dict[Field, str] = {
    Field.ORDINAL: "1",
    Field.STAFF_ID: "LD001",
    Field.FAMILY_AND_MIDDLE: "Trần Thị Ngọc",
    Field.GIVEN_NAME: "Ánh",
    Field.POSITION: "Chuyên viên",
    Field.UNIT_NAME: "Sở Nội vụ",
    Field.PHONE: "0999000001",
    Field.REGISTERED_ON: "30/12/2012",
    Field.EMPLOYMENT: "Khách",
    Field.STATUS: "Đang làm việc",
    Field.BIRTH_DATE: "31/01/1985",
    Field.CITIZEN_ID: "068085000001",
    Field.DOMAINS: "lamdong.gov.vn",
    Field.SPONSOR_UNIT_ID: "Sở Nội vụ",
    Field.UNTIL: "31/12/2026",
    Field.DOCUMENT: "12/QĐ-SNV",
    Field.NOTE: "ghi chú",
    Field.ADDRESS: "anhttn@lamdong.gov.vn",
    Field.REVOKE: "x",
    Field.REQUEST: "nghỉ hưu",
    Field.UNIT_ID: "H36.12",
    Field.NAME: "Sở Nội vụ",
    Field.PARENT_NAME: "",
    Field.ORG_TYPE: "Cơ quan nhà nước",
    Field.DOMAIN: "snv.lamdong.gov.vn",
    Field.AGREEMENT: "12/STTTT",
    Field.IT_CONTACT: "Lê Na",
    Field.HEAD_ID: "LD001",
    Field.SUCCESSOR_IDS: "",
}
IN_UNITS = {Field.STATUS: "Đang hoạt động"}
"""What is written otherwise in a list of units."""


def value(field: Field, kind: TemplateKind) -> str:
    """What is filled in."""
    return (IN_UNITS if kind is TemplateKind.UNITS else {}).get(field) or VALUES.get(field, "")


@pytest.fixture
def policy(lamdong: Policy) -> Policy:
    """One whose forms have all columns."""
    person = replace(
        lamdong.person,
        personal_data=(PersonalData.BIRTH_DATE, PersonalData.CITIZEN_ID),
        also_in=(DomainName.from_text("snv.lamdong.gov.vn"),),
    )
    return replace(lamdong, person=person)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "form.xlsx"


def filled(path: Path, policy: Policy, kind: TemplateKind) -> Path:
    """The form with one row, every cell filled in, and its total calculated."""
    write_template(path, policy, kind)
    book = load_workbook(path)
    sheet = book["Danh sách"]
    assert isinstance(sheet, Worksheet)
    for number, column in enumerate(columns(policy, kind), start=1):
        sheet.cell(FIRST, number).value = value(column.field, kind)
    sheet.cell(FIRST + ROWS, 3).value = 1
    book.save(path)
    return path


@pytest.mark.parametrize("kind", TemplateKind)
def test_the_columns_of_a_form_are_those_of_the_importer(
    kind: TemplateKind, path: Path, policy: Policy
) -> None:
    table = open_source(TableSource(file=filled(path, policy, kind)), None, Problems())
    wanted = columns(policy, kind)
    assert [column.field for column in table.columns] == [column.field for column in wanted]
    assert [column.heading.rpartition(" / ")[2] for column in table.columns] == [
        column.heading for column in wanted
    ]
    (row,) = table
    assert list(row.values) == [value(column.field, kind) for column in wanted]
    assert table.totals == [1]


@pytest.mark.parametrize("kind", TemplateKind)
def test_a_filled_form_is_read_without_a_word(kind: TemplateKind, path: Path, policy: Policy) -> None:
    problems: list[Problem] = []
    lint(filled(path, policy, kind), problems.append)
    assert [problem for problem in problems if problem.severity is not Severity.NOTE] == []


def test_every_cell_of_the_staff_form_reaches_the_model(path: Path, policy: Policy) -> None:
    problems = Problems()
    table = open_source(TableSource(file=filled(path, policy, TemplateKind.STAFF)), Kind.STAFF, problems)
    with Seen() as seen:
        (person,) = StaffRows(table, TableSource(file=path).reading, problems, seen, None, complete=True)
    assert problems.errors == 0
    assert (person.surname, person.middle_name, person.given_name) == ("Trần", "Thị Ngọc", "Ánh")
    assert (person.staff_id, person.position, person.unit_name) == ("LD001", "Chuyên viên", "Sở Nội vụ")
    assert (person.phone, person.document, person.citizen_id) == ("0999000001", "12/QĐ-SNV", "068085000001")
    assert (person.registered_on, person.birth_date, person.until) == (
        date(2012, 12, 30),
        date(1985, 1, 31),
        date(2026, 12, 31),
    )
    assert (person.employment, person.status, person.sponsor_unit_id, person.domains) == (
        Employment.GUEST,
        Status.WORKING,
        "Sở Nội vụ",
        ("lamdong.gov.vn",),
    )


def test_every_cell_of_the_form_for_changes_reaches_the_model(path: Path, policy: Policy) -> None:
    problems = Problems()
    table = open_source(TableSource(file=filled(path, policy, TemplateKind.CHANGES)), Kind.STAFF, problems)
    with Seen() as seen:
        (person,) = StaffRows(table, TableSource(file=path).reading, problems, seen, None, complete=False)
    assert (person.action, person.status, person.request) == (Action.REVOKE, Status.LEFT, "nghỉ hưu")
    assert person.address == "anhttn@lamdong.gov.vn"


def test_every_cell_of_the_units_form_reaches_the_model(path: Path, policy: Policy) -> None:
    problems = Problems()
    table = open_source(TableSource(file=filled(path, policy, TemplateKind.UNITS)), Kind.UNITS, problems)
    with Seen() as seen:
        (unit,) = UnitRows(table, TableSource(file=path).reading, problems, seen, complete=True)
    assert problems.errors == 0
    assert (unit.unit_id, unit.name, unit.domain) == ("H36.12", "Sở Nội vụ", "snv.lamdong.gov.vn")
    assert (unit.address, unit.agreement, unit.it_contact) == (
        "anhttn@lamdong.gov.vn",
        "12/STTTT",
        "Lê Na",
    )
    assert (unit.org_type, unit.registered_on) == (OrgType.STATE_AGENCY, date(2012, 12, 30))


def test_the_example_and_empty_rows_are_no_records(path: Path, lamdong: Policy) -> None:
    write_template(path, lamdong, TemplateKind.STAFF)
    table = open_source(TableSource(file=path), None, Problems())
    assert list(table) == []
    found = [problem.code for problem in table.problems.found]
    assert sorted(found) == sorted([Code.FILE, Code.CONTROL_TOTAL])  # each once


def test_private_data_is_asked_for_only_where_addresses_use_it(lamdong: Policy, policy: Policy) -> None:
    private = {Field.BIRTH_DATE, Field.CITIZEN_ID}
    for kind in (TemplateKind.STAFF, TemplateKind.CHANGES):
        assert not private & {column.field for column in columns(lamdong, kind)}
        assert private <= {column.field for column in columns(policy, kind)}


@pytest.mark.parametrize("kind", TemplateKind)
def test_choices_fit_into_a_cells_rule_and_are_understood(kind: TemplateKind, policy: Policy) -> None:
    """Excel allows 255 characters, and a comma ends a choice."""
    for column in columns(policy, kind):
        assert len(",".join(column.choices)) < 254
        assert not any("," in choice for choice in column.choices)


def test_a_form_has_lists_to_choose_from_and_a_frozen_heading(path: Path, lamdong: Policy) -> None:
    write_template(path, lamdong, TemplateKind.CHANGES)
    sheet = load_workbook(path)["Danh sách"]
    assert sheet.freeze_panes == "A6"
    assert [rule.formula1 for rule in sheet.data_validations.dataValidation] == ['"x"'] * 6
    assert sheet["C207"].value == "=COUNTA(D7:D206)"


def test_a_form_that_cannot_be_written_is_told(tmp_path: Path, lamdong: Policy) -> None:
    with pytest.raises(RegistryError, match="cannot be written"):
        write_template(tmp_path / "no/form.xlsx", lamdong, TemplateKind.STAFF)


# The command line


def run(*arguments: str, code: int) -> str:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == code, result.output
    return result.stdout


def test_the_command_writes_a_form_and_reads_it_back(path: Path) -> None:
    directory = ("--directory", str(ROOT / "inventory/policy"))
    run("template", "--domain", "lamdong.gov.vn", "--kind", "units", *directory, str(path), code=0)
    assert "a list of units, heading in row 4" in run("lint", str(path), code=1)


def test_lint_tells_problems_one_to_a_line(folder: Path) -> None:
    assert "error" not in run("lint", str(folder), code=0)
    (folder / "staff.csv").write_text(STAFF.replace("S2,", "S1,"), encoding="utf-8")
    lines = run("lint", str(folder), code=1).splitlines()
    assert lines[0].startswith("error: ")
    assert "staff.csv:3: column 'staff_id': 'S1' stands also in row 2" in lines[0]


def test_notes_are_no_findings(folder: Path) -> None:
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    assert "note: " in run("lint", str(folder / "units.csv"), code=0)


def test_lint_tells_machines_everything(folder: Path) -> None:
    (folder / "staff.csv").write_text(STAFF.replace("S2,", "S1,"), encoding="utf-8")
    told = json.loads(run("lint", "--json", str(folder / "staff.csv"), code=1))
    (table,) = told["tables"]
    assert (table["kind"], table["rows_read"], table["heading_rows"]) == ("staff", 3, [1])
    assert table["columns"][0] == {"column": "A", "heading": "staff_id", "field": "staff_id"}
    (problem,) = (problem for problem in told["problems"] if problem["severity"] == "error")
    assert (problem["code"], problem["row"], problem["heading"]) == ("duplicate", 3, "staff_id")


def test_lint_reads_with_a_mapping_and_a_charset(folder: Path) -> None:
    (folder / "staff.csv").write_bytes(STAFF.encode("utf-16"))
    run("lint", "--charset", "utf-16", str(folder / "staff.csv"), code=0)
    (folder / "registry.yml").write_text("version: 1\nstaff: [{file: staff.csv}]\n")
    run("lint", "--mapping", str(folder / "registry.yml"), str(folder / "staff.csv"), code=0)
    result = CliRunner().invoke(
        command, ["lint", "--mapping", str(folder / "registry.yml"), str(folder / "units.csv")]
    )
    assert isinstance(result.exception, RegistryError)


def test_lint_of_what_cannot_be_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["lint", str(tmp_path / "none.csv")])
    assert isinstance(result.exception, RegistryError)
    assert result.exception.exit_code == 2


# The document


def test_every_documented_heading_is_recognised_and_every_known_one_documented() -> None:
    text = (ROOT / "docs/registry.md").read_text(encoding="utf-8")
    documented: dict[Kind, dict[Field, set[str]]] = {}
    for kind in Kind:
        section = text.partition(f"<!-- headings: {kind} -->")[2].partition("<!-- end -->")[0]
        rows = [line.strip("|").split("|") for line in section.strip().splitlines()[2:]]
        documented[kind] = {
            Field(name.strip(" `")): {heading.strip(" *") for heading in headings.split(";")}
            for name, headings in rows
        }
    for kind, fields in OF_KIND.items():
        assert documented[kind] == {field: set(headings) for field, headings in fields.items()}
        for field, headings in documented[kind].items():
            assert {field_of(heading, kind) for heading in headings} == {field}


def test_every_code_is_documented() -> None:
    text = (ROOT / "docs/registry.md").read_text(encoding="utf-8")
    assert [code for code in Code if f"| `{code}` |" not in text] == []


def test_the_documented_mapping_is_one(tmp_path: Path) -> None:
    text = (ROOT / "docs/registry.md").read_text(encoding="utf-8")
    block = text.partition("    version: 1\n")[2].partition("\n\n")[0]
    (tmp_path / "registry.yml").write_text(dedent(f"    version: 1\n{block}\n"), encoding="utf-8")
    mapping = load_mapping(tmp_path / "registry.yml")
    assert [len(mapping.of(kind)) for kind in (Kind.UNITS, Kind.STAFF)] == [1, 3]
    assert mapping.staff[0].columns["Số thẻ"] is Field.STAFF_ID
