"""What is built like a Vietnamese syllable, and what is not."""

from __future__ import annotations

import csv
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vietnam_provinces import Ward

from congvu.charset import is_syllable
from tests.sample import registry as sample

with (Path(__file__).parent / "data/charset/syllables.csv").open(encoding="utf-8", newline="") as _file:
    CASES = [
        (word, row["well formed"] == "yes") for row in csv.DictReader(_file) for word in row["words"].split()
    ]
SYLLABLES = [word for word, well_formed in CASES if well_formed]
TONES = "\u0300\u0301\u0303\u0309\u0323"


@pytest.mark.parametrize(("word", "well_formed"), CASES)
def test_words_are_told_from_syllables(word: str, well_formed: bool) -> None:
    assert is_syllable(word) is well_formed


@given(st.sampled_from(CASES))
def test_case_and_normal_form_do_not_matter(case: tuple[str, bool]) -> None:
    word, well_formed = case
    for form in ("NFC", "NFD"):
        written = unicodedata.normalize(form, word)
        assert is_syllable(written.upper()) is is_syllable(written.lower()) is well_formed


@given(st.sampled_from(SYLLABLES), st.sampled_from(TONES))
def test_a_syllable_has_one_tone(word: str, tone: str) -> None:
    marked = unicodedata.normalize("NFD", word)
    if any(mark in marked for mark in TONES):
        assert not is_syllable(marked + "n" + tone)
        assert not is_syllable(marked + tone)


@given(st.text(max_size=10))
def test_any_text_has_an_answer(text: str) -> None:
    assert is_syllable(text) in {True, False}


def test_names_of_the_sample_registry_are_syllables() -> None:
    names = [
        *sample.SURNAMES,
        *sample.OTHER_SURNAMES,
        *sample.MIDDLE_MEN,
        *sample.MIDDLE_WOMEN,
        *sample.OTHER_GIVEN_MEN,
        *sample.OTHER_GIVEN_WOMEN,
    ]
    assert [name for name in names if not is_syllable(name)] == []


def test_nearly_all_words_of_the_communes_of_2025_are_syllables() -> None:
    """Those that are not are of the highlands: "Dêê", "Rvê", "Kông"."""
    words = {word for ward in Ward.iter_all() for word in re.findall(r"[^\W\d_]+", ward.name)}
    strange = {word for word in words if not word.isascii() and not is_syllable(word)}
    assert len(strange) < 0.02 * len(words)
