"""The golden tables of the naming rules (data/*.csv), and what holds for every unit's name."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vietnam_provinces import Province, Ward

from congvu.naming.allocation import allocate
from congvu.naming.ledger import Ledger
from congvu.naming.letters import FoldError, clean
from congvu.naming.names import readings
from congvu.naming.namespace import Namespace
from congvu.naming.proposals import propose
from congvu.naming.template import FILTERS, render_unit
from congvu.naming.units import USUAL, Style, acronym, place_name
from congvu.policy import Policy, template
from congvu.policy.template import PersonTemplate, UnitTemplate
from congvu.policy.values import is_local_part
from tests.unit.helpers import DAY, APerson, ARegister, AUnit, table

RULES = {
    "tenhodem": "{{ ten }}{{ ho | initials }}{{ dem | initials }}",
    "hovaten": "{{ hovaten }}",
    "hovaten.unit": "{{ hovaten }}.{{ unit }}",
    "hodemten": "{{ ho | initials }}{{ dem | initials }}{{ ten }}",
}
SKHCN = AUnit("U", "Sở Khoa học và Công nghệ")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "row", table("persons.csv"), ids=lambda row: row["full_name"] or " ".join(row.values())
)
def test_person(row: dict[str, str], rule: str, lamdong: Policy) -> None:
    ladder = (PersonTemplate.from_text(RULES[rule]),)
    policy = dataclasses.replace(lamdong, person=dataclasses.replace(lamdong.person, address=ladder))
    for full_name in ("", row["full_name"]):  # the order in which a name is written is found, or told
        person = APerson("1", row["ho"], row["dem"], row["ten"], full_name)
        done = allocate(ARegister([SKHCN], [person]), policy, Ledger(), today=DAY)
        assert (done.people["1"].local_part, done.problems) == (row[rule], ())


@pytest.mark.parametrize("row", table("readings.csv"), ids=lambda row: row["written"])
def test_readings_of_a_name_in_one_piece(row: dict[str, str]) -> None:
    found = ";".join(f"{name.ho}|{name.dem}|{name.ten}" for name in readings(row["written"]))
    assert found == row["readings"]


@given(st.text(max_size=40))
def test_any_text_has_readings_that_keep_every_word(written: str) -> None:
    for name in readings(written):
        words = " ".join((name.ho, name.dem, name.ten)).split()
        assert sorted(words) == sorted(clean(written).split())
        assert name.ten


@pytest.mark.parametrize("row", table("units.csv"), ids=lambda row: row["name"])
def test_unit(row: dict[str, str]) -> None:
    assert str(acronym(row["name"])) == row["acronym"]


def test_the_two_parts_of_an_acronym_are_told_apart() -> None:
    assert (acronym("Ủy ban nhân dân xã Cát Tiên").letters, acronym("Phường 1 Bảo Lộc").place) == (
        "ubnd",
        "1baoloc",
    )
    assert acronym("Sở Nội vụ").place == ""


def test_a_policy_may_have_other_stop_words_and_more_abbreviations() -> None:
    name = "Ban Quản lý các khu CNTT của tỉnh"
    style = Style.of(stop_words=["và", "Khu"], kept=["Quản"])
    assert str(acronym(name)) == "bqlkcnttt"
    assert str(acronym(name, style)) == "bquanlccnttct"


@pytest.mark.parametrize(
    ("name", "gave"),
    [
        ("Sở Lao động - Thương binh và Xã hội", "Sở:s Lao:l động:d Thương:t binh:b và: Xã:x hội:h"),
        ("Ủy ban nhân dân xã Cát Tiên", "Ủy:u ban:b nhân:n dân:d Cát:cat Tiên:tien xã:"),
        ("Chi cục Kiểm lâm thuộc Sở X", "Chi:c cục:c Kiểm:k lâm:l thuộc: Sở: X:"),
        ("Sở Y tế tỉnh Lâm Đồng", "Sở:s Y:y tế:t tỉnh: Lâm: Đồng:"),
        ("Phường 1 Bảo Lộc", ":ubnd 1:1 Bảo:bao Lộc:loc Phường:"),
    ],
)
def test_every_word_of_a_name_is_accounted_for(name: str, gave: str) -> None:
    short = acronym(name)
    parts = (*short.head, *short.tail, *short.dropped)
    assert " ".join(f"{part.word}:{part.gave}" for part in parts) == gave
    assert all(part.why for part in parts)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Phường  Buôn Ma Thuột", "buonmathuot"),
        ("Thành phố Đông Hà", "dongha"),
        ("Xã Sơn Kim 2", "sonkim2"),
        ("Thị xã Buôn Hồ", "buonho"),
        ("Quận 1", "1"),
        ("Đông Hà", "dongha"),
        ("Phường", "phuong"),
    ],
)
def test_the_name_of_a_place_is_spelled_without_its_kind(name: str, place: str) -> None:
    assert place_name(name) == place


@pytest.mark.parametrize("codename", ["lam_dong", "quang_tri", "dak_lak", "ha_tinh"])
def test_spelled_out_communes_of_a_province_do_not_clash(codename: str) -> None:
    province = next(province for province in Province.iter_all() if province.codename == codename)
    wards = [ward.name for ward in Ward.iter_by_province(province.code)]
    assert len(wards) >= 69
    assert len({str(acronym(name)) for name in wards}) == len(wards)


@given(st.text(max_size=60))
def test_any_unit_name_gives_letters_and_digits_only_or_is_refused(name: str) -> None:
    try:
        short = str(acronym(name))
    except FoldError:
        return
    assert re.fullmatch(r"[a-z0-9]*", short)


@given(st.text(max_size=60), st.integers(0, 12))
def test_any_unit_name_has_proposals_that_are_valid_and_free_or_none(name: str, most: int) -> None:
    namespace = Namespace(["snv"])
    try:
        found = propose(name, USUAL, most, namespace)
    except FoldError:
        return
    assert all(is_local_part(one) and len(one) <= (most or 64) and not namespace.holder(one) for one in found)


def test_the_policy_language_and_its_filters_are_the_same_list() -> None:
    assert set(FILTERS) == set(template.FILTERS)


@pytest.mark.parametrize("name", template.FILTERS)
def test_a_filter_computes_what_its_description_says(name: str) -> None:
    example = re.search(r"`([^`]+)` is `([^`]+)`", template.FILTERS[name])
    assert example
    rung = UnitTemplate("{{ name | " + name + " }}")
    assert render_unit(rung, {"name": example[1]}, USUAL) == example[2].replace(" ", "")


@pytest.mark.parametrize(
    "module",
    [
        "congvu.naming.letters",
        "congvu.naming.names",
        "congvu.naming.units",
        "congvu.policy.values",
        "congvu.registry.text",
        "congvu.registry.totals",
        "congvu.directory.wanted.values",
    ],
)
def test_examples_in_docstrings_are_true(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted
    assert not found.failed
