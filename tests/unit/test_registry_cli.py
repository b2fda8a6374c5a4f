"""`congvu registry` at its edges: full disks, files that are there, text that would steer a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from congvu.cli import cli, main
from congvu.errors import CongvuError
from tests.unit.registry_forms import Cell, save
from tests.unit.registry_package import edit

ROWS: list[list[Cell]] = [
    ["STT", "Họ và tên", "Email"],
    [1, "Nguyễn Văn An", "an@example.vn"],
    [2, "Lê Na", "na@example.vn"],
]


def test_a_full_disk_is_told_without_a_traceback(tmp_path: Path) -> None:
    path = save(tmp_path / "list.xlsx", ROWS)
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "congvu.cli", "registry", "lint", str(path)],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert run.returncode == 3
    assert run.stderr == "error: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize(
    ("escaped", "shown"),
    [
        ("_xD800_", "\\ud800"),
        ("_x001B_[31m", "\\u001b[31m"),
        ("\u202e", "\\u202e"),
        ("\x9b31m", "\\u009b31m"),
    ],
)
def test_half_characters_and_controls_are_told_and_do_not_steer_the_terminal(
    escaped: str, shown: str, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[list[Cell]] = [
        ["STT", "Họ và tên", f"Email {escaped}"],
        [1, f"Lê {escaped} Na", f"a{escaped}b@gmail.com"],
    ]
    path = save(tmp_path / f"{shown[-3:]}.xlsx", rows, title="DS")
    with pytest.raises(SystemExit) as caught:
        main(["registry", "lint", str(path), *options])
    out = capsys.readouterr().out
    assert caught.value.code == 1
    assert out.isprintable() or out.replace("\n", "").isprintable()
    if options:
        assert {problem["row"] for problem in json.loads(out)["problems"]} >= {2}


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "٣"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<row r="2"', '<row r="{}"'),
        (b'<c r="A2"', '<c s="{}" r="A2"'),
        (b"<sheetData>", '<cols><col min="{0}" max="{0}" hidden="1"/></cols><sheetData>'),
        (b'<c r="A2" t="n"><v>1</v></c>', '<c r="A2" t="s"><v>{}</v></c>'),
    ],
)
def test_numbers_that_no_program_writes_are_read_or_refused(
    old: bytes, new: str, number: str, tmp_path: Path
) -> None:
    path = save(tmp_path / "list.xlsx", ROWS)
    part = "xl/worksheets/sheet1.xml"
    edit(path, part, old, new.format(number).encode())
    result = CliRunner().invoke(cli, ["registry", "lint", str(path)])
    assert result.exception is None or isinstance(result.exception, SystemExit | CongvuError)


def test_a_form_is_not_written_over_a_file(tmp_path: Path) -> None:
    out = tmp_path / "list.xlsx"
    out.write_text("kept")
    arguments = ["registry", "template", "--domain", "lamdong.gov.vn", str(out)]
    assert "--force" in str(CliRunner().invoke(cli, arguments).exception)
    assert out.read_text() == "kept"
    assert CliRunner().invoke(cli, [*arguments, "--force"]).exit_code == 0
    assert load_workbook(out).sheetnames


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [("list.csv", [], ".xlsx"), ("list.xlsx", ["--directory", "/nonexistent"], "--directory")],
)
def test_a_form_that_cannot_be_made_says_what_to_give(
    name: str, options: list[str], words: str, tmp_path: Path
) -> None:
    arguments = ["registry", "template", "--domain", "lamdong.gov.vn", str(tmp_path / name), *options]
    result = CliRunner().invoke(cli, arguments)
    assert isinstance(result.exception, CongvuError)
    assert words in result.exception.hint
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("name", "option", "words"),
    [
        ("list.csv", ["--sheet", "DS"], "has no sheet"),
        ("list.xlsx", ["--charset", "tcvn3"], "has no charset"),
    ],
)
def test_a_setting_that_means_nothing_for_the_file_is_refused(
    name: str, option: list[str], words: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if name.endswith("csv"):
        path.write_text("STT,Họ và tên,Đơn vị\n1,Nguyễn Văn An,Sở Nội vụ\n", encoding="utf-8")
    else:
        save(path, ROWS)
    assert words in str(CliRunner().invoke(cli, ["registry", "lint", str(path), *option]).exception)
