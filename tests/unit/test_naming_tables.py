"""The golden tables of the naming rules (data/*.csv), and what holds for every unit's name."""

from __future__ import annotations

import doctest
import importlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vietnam_provinces import Province, Ward

from congvu.naming.letters import FoldError, fold
from congvu.naming.template import FILTERS, render
from congvu.naming.units import acronym
from congvu.policy import template
from congvu.policy.template import PersonTemplate
from tests.unit.helpers import table

RULES = {
    "tenhodem": PersonTemplate.from_text("{{ ten }}{{ ho | initials }}{{ dem | initials }}"),
    "hovaten": PersonTemplate.from_text("{{ hovaten }}"),
    "hodemten": PersonTemplate.from_text("{{ ho | initials }}{{ dem | initials }}{{ ten }}"),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "row", table("persons.csv"), ids=lambda row: row["full_name"] or " ".join(row.values())
)
def test_person(row: dict[str, str], rule: str) -> None:
    full_name = row["full_name"] or f"{row['ho']} {row['dem']} {row['ten']}"
    values = {name: fold(row[name]) for name in ("ho", "dem", "ten")} | {"hovaten": fold(full_name)}
    assert render(RULES[rule], values) == row[rule]


@pytest.mark.parametrize("row", table("units.csv"), ids=lambda row: row["name"])
def test_unit(row: dict[str, str]) -> None:
    assert str(acronym(row["name"])) == row["acronym"]


def test_the_two_parts_of_an_acronym_are_told_apart() -> None:
    assert (acronym("Ủy ban nhân dân xã Cát Tiên").letters, acronym("Phường 1 Bảo Lộc").place) == (
        "ubnd",
        "1baoloc",
    )
    assert acronym("Sở Nội vụ").place == ""


@pytest.mark.parametrize("codename", ["lam_dong", "quang_tri", "dak_lak", "ha_tinh"])
def test_spelled_out_communes_of_a_province_do_not_clash(codename: str) -> None:
    province = next(province for province in Province.iter_all() if province.codename == codename)
    wards = [ward.name for ward in Ward.iter_by_province(province.code)]
    assert len(wards) >= 69
    assert len({str(acronym(name)) for name in wards}) == len(wards)


@given(st.text(max_size=60))
def test_any_unit_name_gives_letters_and_digits_or_is_refused(name: str) -> None:
    try:
        short = str(acronym(name))
    except FoldError:
        return
    assert re.fullmatch(r"[a-z0-9]+", short)


def test_the_policy_language_and_its_filters_are_the_same_list() -> None:
    assert set(FILTERS) == set(template.FILTERS)


@pytest.mark.parametrize("name", template.FILTERS)
def test_a_filter_computes_what_its_description_says(name: str) -> None:
    example = re.search(r"`([^`]+)` is `([^`]+)`", template.FILTERS[name])
    assert example
    assert FILTERS[name](example[1]) == example[2]


@pytest.mark.parametrize(
    "module", ["congvu.naming.letters", "congvu.naming.units", "congvu.directory.wanted"]
)
def test_examples_in_docstrings_are_true(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted
    assert not found.failed
