"""The sample registry is deterministic, has the shares it claims, and is accepted by the reader."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
import yaml

from congvu import registry as registries
from congvu.cli.stack import SAMPLES
from congvu.naming.units import acronym
from congvu.registry import Registry, Status
from congvu.sync.everybody import spread
from tests.sample.registry import main
from tests.unit.helpers import ROOT

# The shares of data.md, written again here: the generator is not its own witness.
SURNAMES = {"Nguyễn": 38.4, "Trần": 12.1, "Lê": 9.5, "Phạm": 7.0, "Phan": 4.5, "Đặng": 2.1, "Bùi": 2.0}
OTHER_SURNAMES = """
    Hoàng Huỳnh Vũ Võ Đỗ Hồ Ngô Dương Lý Đinh Trịnh Đoàn Lương Mai Trương Nông Cao Tạ Châu Hà Lưu Tô Thái La
    Quách Tăng Chu Đào Vương Triệu Lâm
"""
UNUSUAL_SURNAMES = {
    "Niê",
    "",
    "Công Tằng Tôn Nữ",
    "Tôn Thất",
    "Niê Kdăm",
    "Êban",
    "Ka",
    "Rơ Châm",
    "Ra Glan",
    "A",
}
UNUSUAL_SURNAMES |= {"Dupont", "Âu Dương", "Sơn", "Kbuôr", "Buôn Yă", "Ðỗ"}


def generate(folder: Path, *options: str) -> Path:
    main([str(folder), *options])
    return folder


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("ld"))


@pytest.fixture(scope="module")
def registry(sample: Path) -> Registry:
    return registries.read(sample)


def test_the_same_options_give_the_same_bytes_in_another_process(sample: Path, tmp_path: Path) -> None:
    options = ["--domain", "lamdong.gov.vn", "--staff", "2000", "--units", "150", "--seed", "61"]
    program = ROOT / "tests/sample/registry.py"
    subprocess.run([sys.executable, str(program), str(tmp_path), *options], check=True)
    for name in ("units.csv", "staff.csv"):
        assert (tmp_path / name).read_bytes() == (sample / name).read_bytes()


def test_another_seed_gives_other_people_in_the_same_units(sample: Path, tmp_path: Path) -> None:
    generate(tmp_path, "--seed", "62")
    assert (tmp_path / "units.csv").read_bytes() == (sample / "units.csv").read_bytes()
    assert (tmp_path / "staff.csv").read_bytes() != (sample / "staff.csv").read_bytes()


def test_leaving_changes_the_status_and_nothing_else(sample: Path, tmp_path: Path) -> None:
    generate(tmp_path, "--left", "7")
    before = (sample / "staff.csv").read_text(encoding="utf-8").splitlines()
    after = (tmp_path / "staff.csv").read_text(encoding="utf-8").splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 7
    assert all(new == old.removesuffix("working") + "left" for old, new in changed)


def test_two_thousand_people_in_150_units_by_their_real_names(registry: Registry) -> None:
    assert (len(registry.staff), len(registry.units)) == (2000, 150)
    communes = [unit for unit in registry.units if unit.kind == "commune"]
    assert len(communes) == 124
    assert len({str(acronym(unit.name)) for unit in communes}) == 124
    names = {unit.name for unit in registry.units}
    assert {
        "Ủy ban nhân dân xã D'Ran",
        "Ủy ban nhân dân đặc khu Phú Quý",
        "Sở Khoa học và Công nghệ",
    } <= names


def test_long_and_clashing_abbreviations_have_an_agreed_address(registry: Registry) -> None:
    offices = [unit for unit in registry.units if unit.kind != "commune"]
    assert all(unit.address for unit in offices if len(str(acronym(unit.name))) > 10)
    final = [unit.address or str(acronym(unit.name)) for unit in offices]
    assert len(set(final)) == len(final) == 26
    assert sum(bool(unit.address) for unit in offices) >= 4


def test_surnames_have_their_shares_and_none_is_of_somebody_else(registry: Registry) -> None:
    counts = Counter(person.surname for person in registry.staff)
    for surname, share in SURNAMES.items():
        assert counts[surname] / 20 == pytest.approx(share, abs=max(1.2, share * 0.15)), surname
    assert set(counts) <= {*SURNAMES, *OTHER_SURNAMES.split(), *UNUSUAL_SURNAMES}


def test_words_per_name_have_their_shares(registry: Registry) -> None:
    # 55 % women of 64.6 and 34.7 per cent, 45 % men of 26.1 and 72.8 (hoten.org SG01)
    words = Counter(len(person.full_name.split()) for person in registry.staff)
    assert words[4] / 20 == pytest.approx(0.55 * 64.6 + 0.45 * 26.1, abs=3)
    assert words[3] / 20 == pytest.approx(0.55 * 34.7 + 0.45 * 72.8, abs=3)
    assert words[1] >= 1
    assert words[7] >= 1


def test_women_are_named_thi_and_leading_given_names_lead(registry: Registry) -> None:
    thi = sum(person.middle_name.startswith("Thị") for person in registry.staff)
    assert thi / 20 == pytest.approx(0.55 * 55, abs=4)
    given = Counter(person.given_name for person in registry.staff)
    assert given["Trang"] / 20 == pytest.approx(0.55 * 4.2, abs=0.9)
    assert given["Tuấn"] / 20 == pytest.approx(0.45 * 2.7, abs=0.7)


def test_hard_names_and_both_apostrophes_and_both_forms_are_there(sample: Path, registry: Registry) -> None:
    written = {person.full_name for person in registry.staff}
    assert {"Y Blŏ Niê", "H'Hen Niê", "H’Či Êban", "K'Brêu", "Jean-Pierre Dupont", "Ðỗ Đức Ðạt"} <= written
    text = (sample / "staff.csv").read_text(encoding="utf-8")
    assert not unicodedata.is_normalized("NFC", text)


def test_units_are_of_heavy_tailed_size_and_none_is_empty(registry: Registry) -> None:
    sizes = sorted(Counter(person.unit_id for person in registry.staff).values(), reverse=True)
    assert len(sizes) == 150
    assert sizes[0] > 8 * sizes[75]


def test_every_department_has_a_head_who_works_there(registry: Registry) -> None:
    people = {person.staff_id: person for person in registry.staff}
    departments = [unit for unit in registry.units if unit.kind == "department"]
    assert len(departments) > 10
    assert [unit for unit in departments if people[unit.head_id].unit_id != unit.unit_id] == []
    assert not any(unit.head_id for unit in registry.units if unit.kind != "department")


def test_nobody_leaves_who_is_a_head(tmp_path: Path) -> None:
    generate(tmp_path, "--domain", "monre.gov.vn", "--staff", "40", "--units", "18", "--left", "22")
    registry = registries.read(tmp_path)
    left = {person.staff_id for person in registry.staff if person.status is Status.LEFT}
    assert len(left) == 22
    assert not left & {unit.head_id for unit in registry.units}


def test_namesakes_register_on_equal_and_on_different_days(registry: Registry) -> None:
    days: dict[str, list[str]] = {}
    for person in registry.staff:
        days.setdefault(person.full_name, []).append(person.registered_on.isoformat())
    groups = [group for group in days.values() if len(group) > 1]
    assert len(groups) > 50
    assert any(len(set(group)) < len(group) for group in groups)
    assert any(len(set(group)) == len(group) for group in groups)


@pytest.mark.parametrize(
    ("domain", "staff", "units"),
    [("quangtri.gov.vn", 40, 8), ("daklak.gov.vn", 200, 128), ("hue.gov.vn", 3, 3)],
)
def test_any_province_works(domain: str, staff: int, units: int, tmp_path: Path) -> None:
    generate(tmp_path, "--domain", domain, "--staff", str(staff), "--units", str(units), "--left", "2")
    registry = registries.read(tmp_path)
    assert (len(registry.staff), len(registry.units)) == (staff, units)
    assert sum(person.status is Status.LEFT for person in registry.staff) == 2


def test_the_people_of_a_department_of_justice_work_in_its_divisions(tmp_path: Path) -> None:
    generate(tmp_path, "--domain", "daklak.doj.gov.vn", "--staff", "40", "--units", "8")
    registry = registries.read(tmp_path)
    assert [unit.name for unit in registry.units] == [
        "Sở Tư pháp",
        "Văn phòng Sở",
        "Phòng Tổ chức - Đào tạo",
        "Phòng Phổ biến, giáo dục pháp luật",
        "Trung tâm Trợ giúp pháp lý nhà nước",
        "Trung tâm Dịch vụ bán đấu giá tài sản",
        "Thi hành án dân sự tỉnh",
        "Phòng Công chứng số 2",
    ]
    assert {unit.parent_id for unit in registry.units} == {"", "T00"}
    assert [unit.unit_id for unit in registry.units if not unit.parent_id] == ["T00"]
    assert {unit.kind for unit in registry.units} == {"department", "division", "centre"}
    # The province has a register of its own: nobody's id may stand in both by chance.
    assert {person.staff_id[:-5] for person in registry.staff} == {"DLTP"}


def test_the_people_of_the_department_itself_have_an_account_in_the_province_too(tmp_path: Path) -> None:
    both = {"daklak.gov.vn": ("60", "24"), "daklak.doj.gov.vn": ("40", "8")}
    read = {
        name: registries.read(generate(tmp_path / name, "--domain", name, "--staff", staff, "--units", units))
        for name, (staff, units) in both.items()
    }
    inner = [person for person in read["daklak.doj.gov.vn"].staff if person.unit_id == "T00"]
    assert len(inner) > 1
    assert {person.domains for person in inner} == {tuple(both)}
    done = spread(read)
    assert (done.problems, done.findings) == ([], [])
    added = [person for person in done.registries["daklak.gov.vn"].staff if person.staff_id[:4] == "DLTP"]
    assert [person.staff_id for person in added] == [person.staff_id for person in inner]
    assert {person.unit_id for person in added} == {"A12"}


def test_a_ministry_has_departments_and_no_communes(tmp_path: Path) -> None:
    generate(tmp_path, "--domain", "monre.gov.vn", "--staff", "40", "--units", "18")
    registry = registries.read(tmp_path)
    assert len(registry.units) == 18
    firsts = {"Văn", "Thanh", "Vụ", "Cục", "Tổng", "Viện", "Trung", "Báo"}
    assert {unit.name.split()[0] for unit in registry.units} == firsts
    assert {unit.kind for unit in registry.units} == {"department", "centre"}
    final = [unit.address or str(acronym(unit.name)) for unit in registry.units]
    assert len(set(final)) == len(final)


def test_the_lab_has_a_registry_and_a_zone_for_every_mail_domain() -> None:
    inventory = ROOT / "inventory" / "lab" / "group_vars"
    domains = yaml.safe_load((inventory / "all" / "domains.yml").read_text())["mail_domains"]
    zones = yaml.safe_load((inventory / "lab_outside" / "outside_dns.yml").read_text())["outside_dns_zones"]
    shipped = {path.stem for path in (ROOT / "inventory" / "policy").glob("*.gov.vn.yml")}
    ours = {name for name in zones if not name.endswith(".example")}
    assert set(domains) == set(SAMPLES) == ours == shipped


@pytest.mark.parametrize(
    "options",
    [
        ("--domain", "atlantis.gov.vn"),
        ("--domain", "monre.doj.gov.vn"),
        ("--units", "151"),
        ("--left", "2001"),
    ],
)
def test_impossible_wishes_are_refused(options: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        generate(tmp_path, *options)
    assert caught.value.code
    assert not list(tmp_path.iterdir())
