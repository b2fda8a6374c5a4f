"""`congvu address`: what a person sees who tries a naming rule."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from congvu.cli.address import address
from congvu.errors import RegistryError
from tests.unit.helpers import ROOT, table

POLICIES = ["--directory", str(ROOT / "inventory" / "policy")]
HEADING = "kind,name,ho,dem,ten,unit"
LIST = [
    "person,,Nguyễn,Văn,An,skhcn",
    "person,Ngô Viết Ân,,,,Sở Khoa học và Công nghệ",
    "person,NGUYỄN VĂN AN,,,,Sở Khoa học và Công nghệ",
    "unit,Sở Ngoại vụ,,,,",
    "unit,Phòng Quản lý Công nghệ,,,,Sở Khoa học và Công nghệ",
    "person,Y Blŏ Niê,,,,skhcn",
    "person,Lê Na,,,,",
]


def call(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(address, [*arguments, *POLICIES], input=stdin)


def write(folder: Path, *lines: str, heading: str = HEADING) -> Path:
    path = folder / "names.csv"
    path.write_text("\n".join((heading, *lines, "")), encoding="utf-8")
    return path


def preview(path: Path, domain: str) -> list[dict[str, str]]:
    done = call("preview", "--domain", domain, "--input", str(path))
    assert done.exit_code in (0, 1), done.output
    return list(csv.DictReader(io.StringIO(done.stdout)))


def addresses(path: Path, domain: str) -> list[str]:
    return [row["address"].removesuffix(f"@{domain}") for row in preview(path, domain)]


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("lamdong.gov.vn", ["annv2", "annv", "annv3", "snv", "pqlcn", "", "nal"]),
        (
            "quangtri.gov.vn",
            ["nguyenvanan", "ngovietan", "nguyenvanan2", "snv", "pqlcn", "yblonie", "lena"],
        ),
        (
            "hatinh.gov.vn",
            [
                "nguyenvanan.skhcn",
                "ngovietan.skhcn",
                "nguyenvanan2.skhcn",
                "sngv",
                "pqlcn.skhcn",
                "yblonie.skhcn",
                "",
            ],
        ),
    ],
)
def test_each_domain_names_by_its_own_rule(tmp_path: Path, domain: str, expected: list[str]) -> None:
    assert addresses(write(tmp_path, *LIST), domain) == expected


def test_a_row_is_written_as_it_was_read_with_three_more_columns(tmp_path: Path) -> None:
    path = write(tmp_path, LIST[0] + ",x", heading=HEADING + ",Ghi chú")
    assert preview(path, "quangtri.gov.vn") == [
        {
            **dict(zip(HEADING.split(","), LIST[0].split(","), strict=True)),
            "Ghi chú": "x",
            "address": "nguyenvanan@quangtri.gov.vn",
            "rule": "{{ hovaten }}",
            "problem": "",
        }
    ]


@pytest.mark.parametrize(("rule", "domain"), [("tenhodem", "lamdong.gov.vn"), ("hovaten", "quangtri.gov.vn")])
@pytest.mark.parametrize("row", table("persons.csv"), ids=lambda row: " ".join(row.values()))
def test_the_golden_table_comes_out_of_the_shipped_policies(
    tmp_path: Path, row: dict[str, str], rule: str, domain: str
) -> None:
    line = f"person,{row['full_name']},{row['ho']},{row['dem']},{row['ten']},"
    assert addresses(write(tmp_path, line), domain) == [row[rule]]


@pytest.mark.parametrize("name", ["Lưu Ý Nhi", "Lưu Yến", "Giám Đốc", "Tổng Cộng Hai", "Cộng Hòa"])
def test_no_row_is_left_out_for_what_it_says(tmp_path: Path, name: str) -> None:
    rows = preview(write(tmp_path, f"person,{name},,,,", "unit,Sở Nội vụ,,,,"), "quangtri.gov.vn")
    assert [row["name"] for row in rows] == [name, "Sở Nội vụ"]


def test_an_agreed_address_in_the_list_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path, "unit,Sở Ngoại vụ,sngv", "person,Lê Na,na.le", heading="kind,name,address")
    assert addresses(path, "lamdong.gov.vn") == ["sngv", "na.le"]


def test_a_date_that_is_none_is_bad_input(tmp_path: Path) -> None:
    path = write(tmp_path, "person,Lê Na,02/01/2013", heading="kind,name,registered_on")
    done = call("preview", "--domain", "lamdong.gov.vn", "--input", str(path))
    assert str(done.exception).startswith(f"{path}:2: registered_on: '02/01/2013' is not a date")


def test_shuffled_rows_get_the_same_addresses(tmp_path: Path) -> None:
    def by_row(lines: list[str]) -> set[tuple[str, ...]]:
        return {tuple(row.values()) for row in preview(write(tmp_path, *lines), "lamdong.gov.vn")}

    shuffled = list(LIST)
    random.Random(1).shuffle(shuffled)  # noqa: S311
    assert shuffled != LIST
    assert by_row(shuffled) == by_row(LIST)


def test_a_date_of_registration_decides_who_is_first(tmp_path: Path) -> None:
    lines = ["person,Nguyễn Văn An,2014-01-02", "person,Nguyễn Viết An,2013-01-02"]
    path = write(tmp_path, *lines, heading="kind,name,registered_on")
    assert addresses(path, "lamdong.gov.vn") == ["annv2", "annv"]


def test_a_list_may_come_from_standard_input_and_go_out_as_json() -> None:
    text = f"{HEADING}\nperson,Đỗ Đức Đạt,,,,\n"
    done = call("preview", "--domain", "lamdong.gov.vn", "--input", "-", "--json", stdin=text)
    assert done.exit_code == 0
    (row,) = json.loads(done.stdout)
    assert (row["name"], row["address"], row["problem"]) == ("Đỗ Đức Đạt", "datdd@lamdong.gov.vn", "")


def test_vietnamese_is_written_whatever_the_locale(tmp_path: Path) -> None:
    path = write(tmp_path, "person,Đỗ Đức Đạt,,,,")
    program = [sys.executable, "-c", "from congvu.cli import main; main()"]
    words = ["address", "preview", "--domain", "lamdong.gov.vn", "--input", str(path), *POLICIES]
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([*program, *words], capture_output=True, check=True, env=os.environ | locale)
    assert "Đỗ Đức Đạt" in done.stdout.decode("utf-8")


def test_rows_with_problems_stay_in_the_output_and_give_status_1(tmp_path: Path) -> None:
    path = write(tmp_path, "person,Y Blŏ Niê,,,,", "robot,R2,,,,", "person,Иван,,,,", "unit,-,,,,")
    assert call("preview", "--domain", "lamdong.gov.vn", "--input", str(path)).exit_code == 1
    problems = [row["problem"] for row in preview(path, "lamdong.gov.vn")]
    assert [problem.partition(":")[0] for problem in problems] == [
        "needs_name_split",
        "kind",
        "letter",
        "needs_agreement",
    ]
    assert "nieyb" in problems[0]
    assert "blony" in problems[0]


def test_a_person_hears_why_the_unit_has_no_address(tmp_path: Path) -> None:
    lines = ["unit,Sở Nội vụ,,,,", "unit,Sở Ngành vụ,,,,", "person,Lê Na,,,,Sở Ngành vụ"]
    rows = preview(write(tmp_path, *lines), "hatinh.gov.vn")
    assert [bool(row["address"]) for row in rows] == [False, True, True]
    person = preview(write(tmp_path, *lines[:2], "person,Lê Na,,,,Sở Nội vụ"), "hatinh.gov.vn")[2]
    assert "unit 'Sở Nội vụ': needs_agreement: 'snv' is held by unit row 3" in person["problem"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,unit\nLê Na,snv\n", "no column kind"),
        ("kind,unit\nperson,snv\n", "no column name"),
        ("kind,name,birth_date\nperson,Lê Na,mai\n", "'mai' is not a date"),
        ("", ""),
    ],
)
def test_a_list_that_cannot_be_read_is_bad_input(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "names.csv"
    path.write_text(content, encoding="utf-8")
    done = call("preview", "--domain", "lamdong.gov.vn", "--input", str(path))
    assert isinstance(done.exception, RegistryError)
    assert message in str(done.exception)


def test_an_explanation_names_every_step() -> None:
    done = call("explain", "--domain", "lamdong.gov.vn", "--json", "Đỗ Đức Đạt")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["address"], told["problem"]) == (0, "datdd@lamdong.gov.vn", "")
    steps = [(step["step"], step["given"], step["gave"]) for step in told["steps"]]
    assert steps == [
        ("split", "Kinh order: the surname is first", "họ Đỗ, đệm Đức, tên Đạt"),
        ("letter with a spelling of its own", "Đ", "d"),
        ("marks dropped", "ỗ", "o"),
        ("marks dropped", "ứ", "u"),
        ("marks dropped", "ạ", "a"),
        ("folded", "Đỗ Đức Đạt", "do duc dat"),
        (
            "rung of the ladder",
            "{{ ten }}{{ ho | initials }}{{ dem | initials }}",
            "datdd@lamdong.gov.vn",
        ),
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "last"),
    [
        (["Y Blŏ Niê"], 1, "needs_name_split"),
        (["--ho", "Niê", "--dem", "Y", "--ten", "Blŏ", "Y Blŏ Niê"], 0, "blony@lamdong.gov.vn"),
        (["--kind", "unit", "Sở Lao động - Thương binh và Xã hội"], 0, "sldtbxh@lamdong.gov.vn"),
        (["--kind", "unit", "Ban Quản lý Khu du lịch quốc gia Hồ Tuyền Lâm"], 1, "needs_agreement"),
        (["Иван"], 1, "letter"),
        (["--kind", "unit", "☎"], 1, "letter"),
    ],
)
def test_an_explanation_ends_in_the_address_or_the_problem(
    arguments: list[str], status: int, last: str
) -> None:
    done = call("explain", "--domain", "lamdong.gov.vn", *arguments)
    assert done.exit_code == status
    assert done.stdout.splitlines()[-1].startswith(last)
