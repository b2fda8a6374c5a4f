"""Several lists of one domain, and what a person set by hand: who decides what, and what fits nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from congvu.policy.values import Size
from congvu.registry import Employment, Person, Status, Unit
from congvu.sync.settings import Attribute, Layer
from tests.unit.helpers import STAFF
from tests.unit.sync_inputs import DOMAIN, POLICY, gathered, one, refused, site

OWN = """\
Mã CBCC,Họ và tên,Mã đơn vị,Chức vụ,SĐT
S1,Nguyễn Văn An,A1,Trưởng phòng,0912345678
S3,Trần Thị Ngọc Ánh,A2,Giám đốc,
"""
LAYER = "layers: [{path: so.csv, attributes: [phone, position]}]\n"


def people(folder: Path, more: str) -> dict[str, Person]:
    """The people by id."""
    (source,) = gathered(one(folder.parent, more)).sources
    return {person.staff_id: person for person in source.registry.staff}


def lists(folder: Path, *texts: str) -> None:
    """Write ``so.csv``, ``so2.csv`` … beside the registry."""
    for number, text in enumerate(texts, 1):
        name = "so.csv" if number == 1 else f"so{number}.csv"
        (folder.parent / name).write_text(text, encoding="utf-8")


# Further lists


def test_a_further_list_decides_its_attributes_and_the_place_says_so(folder: Path) -> None:
    lists(folder, OWN)
    found = people(folder, LAYER)
    assert (found["S1"].phone, found["S1"].position) == ("0912345678", "Trưởng phòng")
    assert (found["S3"].phone, found["S3"].position) == ("", "Giám đốc")
    assert found["S2"].position == "Kế toán"
    so = folder.parent / "so.csv"
    assert str(found["S1"].place) == f"{folder}/staff.csv:2, with phone: {so}:2; position: {so}:2"
    assert str(found["S2"].place) == f"{folder}/staff.csv:3"


def test_an_empty_cell_takes_nothing_away(folder: Path) -> None:
    lists(folder, OWN.replace("Trưởng phòng", "").replace("0912345678", ""))
    found = people(folder, LAYER)["S1"]
    assert (found.phone, found.position) == ("0999 000 001", "Chuyên viên")
    assert str(found.place) == f"{folder}/staff.csv:2"


def test_an_attribute_that_a_list_does_not_decide_is_left_alone(folder: Path) -> None:
    lists(folder, OWN)
    found = people(folder, "layers: [{path: so.csv, attributes: [phone]}]\n")
    assert (found["S1"].phone, found["S1"].position) == ("0912345678", "Chuyên viên")


def test_the_later_of_two_lists_counts_and_their_difference_is_told(folder: Path) -> None:
    lists(folder, OWN, OWN.replace("Trưởng phòng", "Phó Giám đốc"))
    more = (
        "layers:\n  - {path: so.csv, attributes: [phone, position]}\n"
        "  - {path: so2.csv, attributes: [position]}\n"
    )
    found = gathered(one(folder.parent, more))
    person = found.sources[0].registry.staff[0]
    assert (person.phone, person.position) == ("0912345678", "Phó Giám đốc")
    assert f"position: {folder.parent}/so2.csv:2" in str(person.place)
    (finding,) = [one for one in found.findings if "so2" in one]
    assert finding == (
        f"{DOMAIN}: {folder.parent}/so2.csv:2: position differs from {folder.parent}/so.csv:2; "
        f"the later list counts"
    )


def test_a_row_without_an_id_is_found_by_name_and_unit(folder: Path) -> None:
    text = "\n".join(line.split(",", 1)[1] for line in OWN.splitlines()) + "\n"
    lists(folder, text)
    assert people(folder, LAYER)["S1"].position == "Trưởng phòng"


def test_a_list_of_one_unit_needs_no_column_of_units(folder: Path) -> None:
    lists(folder, "full_name,staff_id,phone\nNguyễn Văn An,S1,0912345678\n")
    found = people(folder, "layers: [{path: so.csv, attributes: [phone], units: [A1]}]\n")
    assert found["S1"].phone == "0912345678"


ALL = ", ".join(Attribute)
EVERYTHING = """\
Mã CBCC,Họ và tên,Mã đơn vị,Chức vụ,SĐT,Email,Loại lao động,Đến ngày,Dung lượng,Lý do dung lượng,\
Nhóm dung lượng,Ngày sinh,CCCD
S2,Ngô Viết Bảo,A1,Phó phòng,0912345678,b@lamdong.gov.vn,contract,31/12/2027,5 GB,công văn 5,\
lanh_dao,01/02/1990,012345678901
"""


def test_every_attribute_can_be_decided(folder: Path) -> None:
    lists(folder, EVERYTHING)
    found = people(folder, f"layers: [{{path: so.csv, attributes: [{ALL}]}}]\n")["S2"]
    assert (found.full_name, found.unit_id, found.position) == ("Ngô Viết Bảo", "A1", "Phó phòng")
    assert (found.phone, found.contact_mail) == ("0912345678", "b@lamdong.gov.vn")
    assert found.employment is Employment.CONTRACT
    assert (found.quota, found.quota_reason) == (Size.from_text("5G"), "công văn 5")
    assert (found.quota_class, found.citizen_id) == ("lanh_dao", "012345678901")
    assert (str(found.until), str(found.birth_date)) == ("2027-12-31", "1990-02-01")
    assert all(f"{name}: " in str(found.place) for name in Attribute)


LEFT_OUT = {
    "an id nobody has": (
        OWN.replace("S1,", "S9,"),
        "",
        ["so.csv:2", "nobody in the registry has the id 'S9'", "S1"],
    ),
    "a name nobody has": (
        OWN.replace("S1,Nguyễn Văn An", ",Nguyễn Văn Bình"),
        "",
        ["so.csv:2", "nobody called 'Nguyễn Văn Bình' is in unit 'A1'"],
    ),
    "another unit's": (
        OWN,
        "A2",
        ["so.csv:2", "is in unit 'A1', about which this list has no say", "staff.csv:2"],
    ),
    "the same twice": (
        OWN + OWN.splitlines()[1].replace("S1", "") + "\n",
        "",
        ["so.csv:4", "says the same as", "so.csv:2"],
    ),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_a_row_that_fits_nobody_is_told_with_its_place(folder: Path, case: str) -> None:
    text, units, words = LEFT_OUT[case]
    lists(folder, text)
    found = gathered(one(folder.parent, LAYER.replace("position]", f"position], units: [{units}]")))
    (finding,) = [one for one in found.findings if "so.csv" in one]
    assert all(word in finding for word in words), finding


def test_who_has_left_is_told_and_left_out(folder: Path) -> None:
    (folder / "staff.csv").write_text(STAFF.replace("working", "left", 1), encoding="utf-8")
    lists(folder, OWN)
    found = gathered(one(folder.parent, LAYER))
    assert any("so.csv:2: 'Nguyễn Văn An' has left" in finding for finding in found.findings)
    assert found.sources[0].registry.staff[0].position == "Chuyên viên"


def test_namesakes_of_one_unit_are_not_told_apart_by_a_list_without_ids(folder: Path) -> None:
    (folder / "staff.csv").write_text(
        STAFF + STAFF.splitlines()[1].replace("S1", "S4") + "\n", encoding="utf-8"
    )
    lists(folder, OWN.replace("S1,", ","))
    found = gathered(one(folder.parent, LAYER))
    (finding,) = [one for one in found.findings if "so.csv:2" in one]
    assert "2 people of this name are in its unit" in finding
    assert "staff.csv:2" in finding
    assert "staff.csv:5" in finding


REFUSED = {
    "another name": (
        OWN.replace("Nguyễn Văn An", "Lê Na"),
        LAYER,
        ["so.csv:2", "'S1' is 'Lê Na' here and 'Nguyễn Văn An' there", "staff.csv:2"],
    ),
    "twice, otherwise": (
        OWN + ",Nguyễn Văn An,A1,Phó phòng,\n",
        LAYER,
        ["so.csv:4", "stands also in", "so.csv:2"],
    ),
    "unknown unit in the row": (OWN.replace(",A1,", ",A9,"), LAYER, ["so.csv:2", "there is no unit 'A9'"]),
    "unknown unit in the settings": (
        OWN,
        LAYER.replace("position]", "position], units: [A9]"),
        ["so.csv", "has no unit 'A9'", "in the settings"],
    ),
    "no names": ("Mã CBCC,SĐT\nS1,0912345678\n", LAYER, ["so.csv:1", "is missing"]),
    "empty": ("", LAYER, ["so.csv", "is empty"]),
    "cut off": (OWN[:-1], LAYER, ["so.csv", "its last line has no end"]),
    "not there": (OWN, LAYER.replace("so.csv", "nobody.csv"), ["nobody.csv"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_list_that_contradicts_the_registry_or_itself_is_refused(folder: Path, case: str) -> None:
    text, more, words = REFUSED[case]
    lists(folder, text)
    problems = refused(one(folder.parent, more))
    assert any(all(word in problem for word in words) for problem in problems), problems


def test_a_further_list_with_units_is_refused(folder: Path) -> None:
    lists(folder, OWN)
    text = "version: 1\nunits: [{file: registry/units.csv}]\nstaff: [{file: so.csv}]\n"
    (folder.parent / "so.yml").write_text(text, encoding="utf-8")
    (problem,) = refused(one(folder.parent, LAYER.replace("so.csv", "so.yml")))
    assert "a further list of a domain has people only" in problem


def test_a_layer_must_decide_something() -> None:
    with pytest.raises(ValueError, match="names nothing"):
        Layer(Path("x"), ())


# Overrides

OVERRIDES = """\
version: 1
people:
  S1:
    set: {position: Quyền Giám đốc, quota: 10G, unit_id: A2}
    author: Trần Thị Bình
    reason: văn bản 12/SKHCN
    until: 2026-12-31
    document: 12/SKHCN
units:
  X1:
    set: {address: cattien, head_id: S2}
    author: Lê Na
    reason: agreed by telephone
    document: 7/UBND
"""
HAND = "overrides: o.yml\n"


def by_hand(folder: Path, text: str = OVERRIDES) -> str:
    (folder.parent / "o.yml").write_text(text, encoding="utf-8")
    return HAND


def test_what_a_person_set_comes_before_all_lists_with_author_and_reason(folder: Path) -> None:
    lists(folder, OWN)
    found = people(folder, LAYER + by_hand(folder))["S1"]
    assert (found.position, found.phone, found.unit_id) == ("Quyền Giám đốc", "0912345678", "A2")
    assert (found.quota, found.quota_reason) == (Size.from_text("10G"), "văn bản 12/SKHCN")
    assert found.document == "12/SKHCN"
    assert str(found.place) == (
        f"{folder}/staff.csv:2, with phone: {folder.parent}/so.csv:2; position: {folder.parent}/so.csv:2; "
        f"unit_id, position, quota: {folder.parent}/o.yml:3 (Trần Thị Bình: văn bản 12/SKHCN; 12/SKHCN)"
    )


def units(folder: Path, more: str) -> dict[str, Unit]:
    (source,) = gathered(one(folder.parent, more)).sources
    return {unit.unit_id: unit for unit in source.registry.units}


def test_a_unit_can_be_set_too(folder: Path) -> None:
    unit = units(folder, by_hand(folder))["X1"]
    assert (unit.address, unit.head_id, unit.agreement) == ("cattien", "S2", "7/UBND")
    assert f"{folder.parent}/o.yml:10 (Lê Na: agreed by telephone; 7/UBND)" in str(unit.place)


def test_a_units_special_quota_has_the_overrides_reason_and_document(folder: Path) -> None:
    text = OVERRIDES.replace("head_id: S2}", "head_id: S2, quota: 20G}")
    unit = units(folder, by_hand(folder, text))["X1"]
    assert (unit.quota, unit.quota_reason) == (Size.from_text("20G"), "agreed by telephone")
    assert (unit.document, unit.agreement) == ("7/UBND", "7/UBND")


def test_a_name_is_set_as_a_whole_and_somebody_can_have_left(folder: Path) -> None:
    text = OVERRIDES.replace(
        "{position: Quyền Giám đốc, quota: 10G, unit_id: A2}", "{given_name: Anh, status: left}"
    )
    person = people(folder, by_hand(folder, text))["S1"]
    assert (person.full_name, person.status) == ("Anh", Status.LEFT)
    text = text.replace("given_name: Anh", "full_name: Y Blŏ Niê, address: blo@lamdong.gov.vn")
    person = people(folder, by_hand(folder, text))["S1"]
    assert (person.full_name, person.name_is_split) == ("Y Blŏ Niê", False)
    assert person.address == "blo@lamdong.gov.vn"


def test_an_override_that_has_run_out_is_ignored_and_told(folder: Path) -> None:
    more = by_hand(folder, OVERRIDES.replace("2026-12-31", "2026-11-21"))
    found = gathered(one(folder.parent, more))
    assert found.sources[0].registry.staff[0].position == "Chuyên viên"
    (finding,) = [line for line in found.findings if "o.yml" in line]
    assert finding.startswith(f"{DOMAIN}: {folder.parent}/o.yml:3: people.S1: has run out on 2026-11-21")
    assert "Trần Thị Bình: văn bản 12/SKHCN" in finding
    more = by_hand(folder, OVERRIDES.replace("2026-12-31", "2026-11-22"))  # its last day
    assert people(folder, more)["S1"].position == "Quyền Giám đốc"


WRONG = {
    "unknown person": ("  S1:", "  S11:", 3, ["there is no person 'S11' (did you mean 'S1'?)"]),
    "unknown unit": ("  X1:", "  X9:", 10, ["there is no unit 'X9' (correct the id"]),
    "unknown key": ("position:", "postion:", 4, ["people.S1.set.postion", "did you mean 'position'?"]),
    "no author": ("    author: Lê Na\n", "", 11, ["units.X1.author: is missing"]),
    "no reason": ("    reason: agreed by telephone\n", "", 11, ["units.X1.reason: is missing"]),
    "nothing set": ("{address: cattien, head_id: S2}", "{}", 11, ["set: names nothing"]),
    "a quota without a document": ("    document: 12/SKHCN\n", "", 4, ["people.S1", "document", "LD-6.1"]),
    "a unit's quota without a document": (
        "head_id: S2}\n    author: Lê Na\n    reason: agreed by telephone\n    document: 7/UBND\n",
        "quota: 20G}\n    author: Lê Na\n    reason: agreed by telephone\n",
        11,
        ["units.X1", "document", "LD-6.1"],
    ),
    "half a name": ("position: Quyền Giám đốc", "surname: Lê", 4, ["a name needs given_name, or full_name"]),
    "a word that is none": ("quota: 10G", "quota: much", 4, ["people.S1.set.quota", "'much' is not a size"]),
    "a day that is none": ("2026-12-31", "2026-12-32", 7, ["people.S1.until", "is not a date"]),
    "unit of a person": ("unit_id: A2", "unit_id: A9", 3, ["unit_id: there is no unit 'A9'"]),
    "head": ("head_id: S2", "head_id: S9", 10, ["head_id: 'S9' is nobody on the staff list"]),
    "parent": ("head_id: S2", "parent_id: X2", 10, ["parent_id: there is no unit 'X2'"]),
    "its own parent": ("head_id: S2", "parent_id: X1", 10, ["'X1' would be its own ancestor"]),
    "twice": ("units:\n", "  S1:\n    set: {}\nunits:\n", 9, ["people.S1: stands twice"]),
    "version": ("version: 1", "version: 2", 1, ["reads version 1 only"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_in_the_overrides_is_refused_with_file_and_line(folder: Path, case: str) -> None:
    old, new, line, words = WRONG[case]
    assert old in OVERRIDES
    (problem,) = refused(one(folder.parent, by_hand(folder, OVERRIDES.replace(old, new, 1))))
    assert problem.startswith(f"{folder.parent}/o.yml:{line}: "), problem
    assert all(word in problem for word in words), problem


def test_an_override_of_a_domain_reaches_who_is_listed_in_another(folder: Path) -> None:
    """A person of two domains: the home's override goes with the row, the other domain's own comes on top."""
    second = folder.parent / "second"
    second.mkdir()
    other = STAFF.replace("S1,", "T1,").replace("S2,", "T2,").replace("S3,", "T3,")
    (second / "staff.csv").write_text(other, encoding="utf-8")
    (second / "units.csv").write_text((folder / "units.csv").read_text(encoding="utf-8"), encoding="utf-8")
    text = STAFF.replace(",status\n", ",status,domains\n").replace(",working\n", ",working,\n")
    text = text.replace("working,\n", f"working,{DOMAIN};quangtri.gov.vn\n", 1)
    (folder / "staff.csv").write_text(text, encoding="utf-8")
    (folder.parent / "q.yml").write_text(
        "version: 1\npeople: {S1: {set: {unit_id: X1}, author: B, reason: seconded}}\n", encoding="utf-8"
    )
    text = by_hand(folder, OVERRIDES.replace(", unit_id: A2", ""))
    quangtri = POLICY.with_name("quangtri.gov.vn.yml")
    settings = site(
        folder.parent,
        {
            DOMAIN: f"policy: {POLICY}\nregistry: registry\n{text}",
            "quangtri.gov.vn": f"policy: {quangtri}\nregistry: second\noverrides: q.yml\n",
        },
    )
    home, away = (source.registry.staff for source in gathered(settings).sources)
    assert (home[0].position, home[0].unit_id) == ("Quyền Giám đốc", "A1")
    assert (away[-1].staff_id, away[-1].position, away[-1].unit_id) == ("S1", "Quyền Giám đốc", "X1")
    assert "q.yml:2 (B: seconded)" in str(away[-1].place)
