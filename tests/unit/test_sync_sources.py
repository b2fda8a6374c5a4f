"""All inputs together: what is refused and where it stands, what is set aside, whom several domains share."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from congvu.errors import PolicyError, SettingsError
from congvu.sync import quarantine
from congvu.sync.digest import digest
from congvu.sync.identity import identify
from congvu.sync.sources import tasks
from tests.unit.helpers import STAFF, UNITS
from tests.unit.sync_inputs import (
    DOMAIN,
    POLICY,
    TODAY,
    account,
    directory,
    gathered,
    one,
    refused,
    site,
)

OFFICE = """\
Mã CBCC,Họ và tên,Mã đơn vị,SĐT,Ngày đăng ký
S1,Nguyễn Văn An,A1,0999000001,02/01/2013
S2,Ngô Viết Ân,X1,,01/05/2014
"""
QUANTRI = POLICY.with_name("quangtri.gov.vn.yml")
EDIT = Callable[[str], str]


def rewrite(path: Path, edit: EDIT) -> None:
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")


# What is refused, whatever the file


BAD: dict[str, tuple[str, EDIT, list[str]]] = {
    "empty staff": ("staff.csv", lambda _: "", ["staff.csv", "is empty"]),
    "empty units": ("units.csv", lambda _: "", ["units.csv", "is empty"]),
    "heading only": ("staff.csv", lambda text: text.splitlines()[0] + "\n", ["staff.csv"]),
    "missing column": (
        "staff.csv",
        lambda text: text.replace(",phone,", ",fone,"),
        ["staff.csv:1", "phone", "is missing"],
    ),
    "no ids": (
        "staff.csv",
        lambda text: text.replace("staff_id,", "number,"),
        ["staff.csv:1", "staff_id", "is missing"],
    ),
    "duplicate id": ("staff.csv", lambda text: text.replace("S2,", "S1,"), ["staff.csv:3", "stands also"]),
    "duplicate unit": ("units.csv", lambda text: text.replace("X1,", "A1,"), ["units.csv:4", "stands also"]),
    "cut in a row": ("staff.csv", lambda text: text[: text.index("Thị Ngọc")], ["staff.csv:4"]),
    "cut in the last cell": ("staff.csv", lambda text: text[:-3], ["staff.csv"]),
    "cut behind a last cell": (
        "staff.csv",
        lambda text: text[:-1],
        ["staff.csv", "its last line has no end"],
    ),
    "units cut behind a last cell": ("units.csv", lambda text: text[:-1], ["units.csv", "has no end"]),
    "unknown unit": ("staff.csv", lambda text: text.replace("X1", "X9"), ["staff.csv:3", "no unit 'X9'"]),
    "unit that vanished": (
        "units.csv",
        lambda text: text.rsplit("X1", 1)[0],
        ["staff.csv:3", "no unit 'X1'"],
    ),
    "status": ("staff.csv", lambda text: text.replace("working", "gone", 1), ["staff.csv:2", "'gone'"]),
    "date": (
        "staff.csv",
        lambda text: text.replace("2014-05-01", "2014-05-32"),
        ["staff.csv:3", "2014-05-32"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_with_its_place(case: str, folder: Path) -> None:
    name, edit, words = BAD[case]
    rewrite(folder / name, edit)
    problems = refused(one(folder.parent))
    assert any(all(word in problem for word in words) for problem in problems), problems


def test_a_file_that_is_not_there_is_refused(folder: Path) -> None:
    (folder / "staff.csv").unlink()
    assert any("staff.csv" in problem for problem in refused(one(folder.parent)))


def test_a_charset_in_doubt_is_refused(folder: Path) -> None:
    (folder / "staff.csv").write_bytes(STAFF.encode("utf-8").replace(b"\xc3\xa1", b"\xe1\xff"))
    assert any("staff.csv" in problem for problem in refused(one(folder.parent)))


def test_a_workbook_that_was_cut_off_is_refused(folder: Path) -> None:
    book = Workbook()
    assert book.active is not None
    for line in OFFICE.splitlines():
        book.active.append(line.split(","))
    book.save(folder / "staff.xlsx")
    (folder / "staff.csv").unlink()
    assert len(gathered(one(folder.parent)).sources[0].registry.staff) == 2
    (folder / "staff.xlsx").write_bytes((folder / "staff.xlsx").read_bytes()[:-600])
    assert any("staff.xlsx" in problem for problem in refused(one(folder.parent)))


# Control totals


@pytest.mark.parametrize("total", ["Tổng cộng: 2", "Tổng cộng: 2 (hai) người"])
def test_a_list_with_its_control_total_is_whole_even_without_a_last_line_end(
    folder: Path, total: str
) -> None:
    (folder / "staff.csv").write_text(f"{OFFICE}{total},,,,", encoding="utf-8")
    assert len(gathered(one(folder.parent, "control_total: true\n")).sources[0].registry.staff) == 2


def test_a_control_total_that_does_not_fit_is_refused(folder: Path) -> None:
    (folder / "staff.csv").write_text(f"{OFFICE}Tổng cộng: 3,,,,\n", encoding="utf-8")
    assert any("staff.csv" in problem and "3" in problem for problem in refused(one(folder.parent)))


def test_a_list_cut_off_before_its_control_total_is_refused_where_the_settings_ask_for_one(
    folder: Path,
) -> None:
    (folder / "staff.csv").write_text(OFFICE, encoding="utf-8")
    assert gathered(one(folder.parent)).sources
    (problem,) = refused(one(folder.parent, "control_total: true\n"))
    assert "no control total stands below the list" in problem


# All domains together


def two(folder: Path, more: str = "") -> dict[str, str]:
    second = folder.parent / "second"
    second.mkdir(exist_ok=True)
    for name in ("units.csv", "staff.csv"):
        if not (second / name).exists():
            (second / name).write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    return {
        DOMAIN: f"policy: {POLICY}\nregistry: registry\n{more}",
        "quangtri.gov.vn": f"policy: {QUANTRI}\nregistry: second\n",
    }


def test_the_problems_of_all_domains_are_told_at_once(folder: Path) -> None:
    settings = site(folder.parent, two(folder))
    rewrite(folder / "staff.csv", lambda text: text.replace("S2,", "S1,"))
    (folder.parent / "second/registry.yml").write_text("version: 2\n", encoding="utf-8")
    problems = refused(settings)
    assert len(problems) == 2, problems
    assert "registry/staff.csv:3" in problems[0]
    assert "second/registry.yml:1" in problems[1]


def test_a_policy_of_another_domain_is_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match="this policy is for quangtri"):
        gathered(one(folder.parent, policy=QUANTRI))


def test_the_problems_of_all_policies_are_told_at_once(folder: Path) -> None:
    texts = {name: text.replace(".yml", ".yaml") for name, text in two(folder).items()}
    with pytest.raises(PolicyError) as caught:
        gathered(site(folder.parent, texts))
    assert "lamdong.gov.vn.yaml" in str(caught.value)
    assert "quangtri.gov.vn.yaml" in str(caught.value)


def test_tasks_hold_what_was_read_and_the_absences_of_their_domain(folder: Path) -> None:
    found = gathered(site(folder.parent, two(folder)))
    absences = {DOMAIN: {"people/S9": 1}}
    first, second = tasks(found, today=TODAY, absences=absences)
    assert (first.layout.domain, second.layout.domain) == (DOMAIN, "quangtri.gov.vn")
    assert (first.absences, second.absences) == (absences[DOMAIN], {})
    assert first.mail_host == "mail.lamdong.gov.vn"
    assert first.today == TODAY
    assert first.cited["unit.address[0]"].marks
    assert identify(found, directory(), {}) is found


# Units that are set aside


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """A policy by which the rest goes on."""
    path = tmp_path / POLICY.name
    text = POLICY.read_text(encoding="utf-8")
    assert "\nsync:" not in text
    path.write_text(f"{text}\nsync: {{quarantine: true}}\n".replace("places: ", f"places: {POLICY.parent}/"))
    return path


QUARANTINE = "version: 1\nquarantine: unit\nunits: [file: units.csv]\nstaff: [file: staff.csv]\n".replace(
    "[file: units.csv]", "[{file: units.csv}]"
).replace("[file: staff.csv]", "[{file: staff.csv}]")
FOURTH = "S4,Lê,,Na,X1,,,2014-05-01,gone\n"


def test_a_unit_with_a_bad_row_is_set_aside_with_all_its_accounts(folder: Path, patient: Path) -> None:
    (folder / "registry.yml").write_text(QUARANTINE, encoding="utf-8")
    (folder / "staff.csv").write_text(STAFF + FOURTH, encoding="utf-8")
    found = gathered(one(folder.parent, policy=patient))
    assert [person.staff_id for person in found.sources[0].registry.staff] == ["S1", "S3"]
    assert any("everybody of unit 'X1' is set aside" in finding for finding in found.findings)
    assert any("staff.csv:5" in finding and "'gone'" in finding for finding in found.findings)
    accounts = directory(
        account("S1", "Nguyễn Văn An", "A1"),
        account("S2", "Ngô Viết Ân", "X1"),
        account("S7", "Ai Đó Khác", "X1"),  # of the unit, with no row at all
        account("S4", "Lê Na", "A2"),  # the bad row's, and in another unit until now
        account("S8", "Lê Na", "A1"),  # whose id the bad row might have meant
    )
    (source,) = identify(found, accounts, {}).sources
    assert source.set_aside == {"people/S2", "people/S7", "people/S4", "people/S8"}
    (task,) = tasks(identify(found, accounts, {}), today=TODAY, absences={})
    assert task.set_aside == source.set_aside


def test_what_was_set_aside_or_is_in_doubt_is_listed_for_the_office(folder: Path, patient: Path) -> None:
    (folder / "registry.yml").write_text(QUARANTINE, encoding="utf-8")
    (folder / "staff.csv").write_text(STAFF + FOURTH.replace("S4,Lê", ",=Lê"), encoding="utf-8")
    settings = one(folder.parent, "identity: match\nquarantine: out/ld.csv\n", patient)
    rewrite(folder / "staff.csv", lambda text: text.replace("S1,", ","))
    found = identify(gathered(settings), directory(account("CB1", "Nguyễn Văn An", "A2")), {})
    (path,) = quarantine.write(settings, found)
    assert path == folder.parent / "out/ld.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        heading, bad, doubt = csv.reader(file)
    assert tuple(heading) == quarantine.COLUMNS
    assert bad[0] == f"{folder}/staff.csv:5"
    assert bad[1:3] == ["value", "cột 'status': 'gone' is wrong"]
    assert doubt[0] == f"{folder}/staff.csv:2"
    assert doubt[1] == "nghi vấn"
    assert doubt[3].endswith(" same:CB1 | new | left")
    (folder / "staff.csv").write_text(STAFF, encoding="utf-8")
    quarantine.write(settings, gathered(settings))
    assert path.read_bytes().decode("utf-8-sig").splitlines() == [",".join(quarantine.COLUMNS)]
    assert quarantine.write(one(folder.parent), gathered(one(folder.parent))) == ()


@pytest.mark.parametrize("missing", ["policy", "mapping"])
def test_a_bad_row_refuses_all_unless_policy_and_mapping_allow_the_rest(
    folder: Path, patient: Path, missing: str
) -> None:
    if missing == "policy":
        (folder / "registry.yml").write_text(QUARANTINE, encoding="utf-8")
    (folder / "staff.csv").write_text(STAFF + FOURTH, encoding="utf-8")
    (problem,) = refused(one(folder.parent, policy=POLICY if missing == "policy" else patient))
    assert "staff.csv:5" in problem


@pytest.mark.parametrize(
    "row",
    [
        "S4,Lê,,Na,X9,,,2014-05-01,working\n",  # of a unit that nobody knows
        ",,,,X1,,,2014-05-01,working\n",  # of somebody whom nobody can name
    ],
)
def test_a_bad_row_of_which_nobody_knows_whom_it_is_about_refuses_all(
    folder: Path, patient: Path, row: str
) -> None:
    (folder / "registry.yml").write_text(QUARANTINE, encoding="utf-8")
    (folder / "staff.csv").write_text(STAFF + row, encoding="utf-8")
    assert any("staff.csv:5" in problem for problem in refused(one(folder.parent, policy=patient)))


def test_an_id_that_a_bad_row_repeats_is_set_aside_in_the_good_row_too(folder: Path, patient: Path) -> None:
    (folder / "registry.yml").write_text(QUARANTINE, encoding="utf-8")
    (folder / "staff.csv").write_text(STAFF + FOURTH.replace("S4", "s1"), encoding="utf-8")
    found = gathered(one(folder.parent, policy=patient))
    assert [person.staff_id for person in found.sources[0].registry.staff] == ["S3"]
    (source,) = identify(found, directory(account("S1", "Nguyễn Văn An", "A1")), {}).sources
    assert source.set_aside == {"people/S1"}


# The digest


def test_the_digest_is_the_same_until_something_that_is_read_changes(folder: Path) -> None:
    (folder.parent / "o.yml").write_text("version: 1\n", encoding="utf-8")
    (folder.parent / "so.csv").write_text("x\n", encoding="utf-8")
    policy, places = folder.parent / POLICY.name, folder.parent / "places.yml"
    policy.write_text(f"places: {places.name}  # all\n", encoding="utf-8")
    places.write_text("", encoding="utf-8")
    more = "overrides: o.yml\nlayers: [{path: so.csv, attributes: [phone]}]\n"
    settings = one(folder.parent, more, policy)
    settings.state.mkdir()
    seen = {digest(settings)}
    assert digest(settings) in seen
    files = (*folder.iterdir(), folder.parent / "o.yml", folder.parent / "so.csv", policy, places)
    for path in (*files, settings.decisions, folder / "registry.yml"):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n" if path.name != "registry.yml" else QUARANTINE)
        now = digest(settings)
        assert now not in seen, path
        seen.add(now)
    assert digest(one(folder.parent, more + "control_total: true\n", policy)) not in seen


def test_a_database_never_has_the_same_digest_twice(folder: Path) -> None:
    sqlite3.connect(folder / "hr.db").close()
    (folder / "hr.url").write_text(f"sqlite:///{folder}/hr.db\n", encoding="utf-8")
    text = "version: 1\nunits: [{file: units.csv}]\nstaff: [{sql: {url_file: hr.url, table: staff}}]\n"
    (folder / "registry.yml").write_text(text, encoding="utf-8")
    settings = one(folder.parent)
    assert digest(settings) != digest(settings)


def test_a_mapping_that_cannot_be_read_is_left_to_the_reading(folder: Path) -> None:
    (folder / "registry.yml").write_text("version: 2\n", encoding="utf-8")
    settings = one(folder.parent)
    assert digest(settings) != digest(settings)
    assert refused(settings)


# People of several domains

WITH_DOMAINS = STAFF.replace(",status\n", ",status,domains\n").replace(",working\n", ",working,\n")
BOTH = f"{DOMAIN};quangtri.gov.vn"


def shared(folder: Path, cell: str, second: str = STAFF, units: str = UNITS) -> dict[str, str]:
    """Two domains; S1 of the first is in those that `cell` names, the second has these lists."""
    texts = two(folder)
    (folder / "staff.csv").write_text(
        WITH_DOMAINS.replace("working,\n", f"working,{cell}\n", 1), encoding="utf-8"
    )
    (folder.parent / "second/staff.csv").write_text(second, encoding="utf-8")
    (folder.parent / "second/units.csv").write_text(units, encoding="utf-8")
    return texts


OTHER = STAFF.replace("S1,", "T1,").replace("S2,", "T2,").replace("S3,", "T3,")


def ids(folder: Path, texts: dict[str, str]) -> list[list[str]]:
    sources = gathered(site(folder.parent, texts)).sources
    return [[person.staff_id for person in source.registry.staff] for source in sources]


def test_somebody_of_two_domains_has_a_row_in_each_with_that_domains_unit(folder: Path) -> None:
    units = UNITS.replace("A1,", "Q7,").replace(",A1,", ",Q7,")
    texts = shared(folder, BOTH, OTHER.replace(",A1,", ",Q7,"), units)
    assert ids(folder, texts) == [["S1", "S2", "S3"], ["T1", "T2", "T3", "S1"]]
    person = gathered(site(folder.parent, texts)).sources[1].registry.staff[-1]
    assert (person.unit_id, person.position) == ("Q7", "Chuyên viên")
    assert person.place.source == str(folder / "staff.csv")


def test_a_row_that_does_not_name_its_own_domain_is_no_row_there(folder: Path) -> None:
    assert ids(folder, shared(folder, "quangtri.gov.vn", OTHER)) == [["S2", "S3"], ["T1", "T2", "T3", "S1"]]


def test_where_the_other_domain_lists_the_person_its_own_row_counts(folder: Path) -> None:
    texts = shared(folder, BOTH)
    assert ids(folder, texts) == [["S1", "S2", "S3"], ["S1", "S2", "S3"]]
    found = gathered(site(folder.parent, texts))
    assert found.sources[1].registry.staff[0].place.source.endswith("second/staff.csv")
    assert any("S1 is listed for quangtri.gov.vn" in finding for finding in found.findings)


@pytest.mark.parametrize(
    ("cell", "second", "units", "words"),
    [
        ("ninhbinh.gov.vn", OTHER, UNITS, ["no mail domain 'ninhbinh.gov.vn'", "quangtri.gov.vn"]),
        (BOTH, STAFF.replace("Nguyễn,Văn,An", "Lê,,Na"), UNITS, ["'S1' is 'Lê Na' in quangtri.gov.vn"]),
        (
            BOTH,
            OTHER.replace(",A1,", ",Q7,"),
            UNITS.replace("A1,", "Q7,").replace("Khoa học", "Khoa hoc"),  # other marks may be another unit
            ["in quangtri.gov.vn: 'Sở Khoa học và Công nghệ'", "list the person in the registry"],
        ),
        (
            BOTH,
            OTHER,
            UNITS.replace("Sở Khoa học và Công nghệ", "Sở Y tế"),  # the same id is another unit there
            ["there is no unit 'Sở Khoa học và Công nghệ'", "list the person in the registry"],
        ),
    ],
)
def test_a_domain_or_a_unit_that_is_not_there_is_a_problem(
    folder: Path, cell: str, second: str, units: str, words: list[str]
) -> None:
    (problem,) = refused(site(folder.parent, shared(folder, cell, second, units)))
    assert problem.startswith(f"{folder}/staff.csv:2: ")
    assert all(word in problem for word in words), problem


def test_somebody_without_an_id_cannot_be_in_several_domains(folder: Path) -> None:
    texts = shared(folder, BOTH, OTHER)
    rewrite(folder / "staff.csv", lambda text: text.replace("S1,", ","))
    texts[DOMAIN] += "identity: match\n"
    (problem,) = refused(site(folder.parent, texts))
    assert "is in several domains and has no id" in problem


def test_whom_one_domain_set_aside_the_other_leaves_alone_too(folder: Path, patient: Path) -> None:
    texts = shared(folder, BOTH, OTHER)
    texts[DOMAIN] = texts[DOMAIN].replace(str(POLICY), str(patient))
    (folder / "registry.yml").write_text(QUARANTINE, encoding="utf-8")
    rewrite(folder / "staff.csv", lambda text: text.replace("2013-01-02", "2013-01-32", 1))
    found = gathered(site(folder.parent, texts))
    assert "s1" in found.sources[1].aside.people
    assert "S1" not in {person.staff_id for person in found.sources[1].registry.staff}
