from __future__ import annotations

import re
import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unidecode import unidecode

from congvu.naming.letters import FoldError, clean, fold, initials, steps

# Every letter of the Vietnamese alphabet with every tone, and those that Êđê, Gia Rai, Ba Na and K'Ho add.
VOWELS = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
SYLLABIC = [unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in TONES]
VIETNAMESE = [*SYLLABIC, *"bcdđghklmnpqrstvx"]
# Êđê, Gia Rai, Ba Na, K'Ho: breves, a stroke through b, carons, letters that Vietnamese has not.
HIGHLANDS = [
    *"ăâêôơưŏŭĕĭčñƀđfjwzšžŭ",
    *(vowel + "\u0306" for vowel in "êôơưe"),
    *(vowel + "\u0302\u0306" for vowel in "eo"),
    *(vowel + "\u0300" for vowel in "ŏŭĕĭ"),
    *(vowel + "\u0301" for vowel in "ŏŭĕĭ"),
    *("n\u0303", "s\u030c", "y\u0306"),
]
EXPECTED = {"đ": "d", "ƀ": "b"}

letters = st.sampled_from(
    [*VIETNAMESE, *HIGHLANDS, *(letter.upper() for letter in VIETNAMESE), "'", "’", " ", "-"]
)
names = st.lists(letters, max_size=40).map("".join)


@pytest.mark.parametrize("letter", sorted({*VIETNAMESE, *HIGHLANDS}))
def test_every_letter_folds_to_its_base(letter: str) -> None:
    base = unicodedata.normalize("NFD", letter)[0]
    assert fold(letter) == fold(letter.upper()) == EXPECTED.get(base, base)


@pytest.mark.parametrize("letter", sorted({*VIETNAMESE, *HIGHLANDS}))
def test_folding_agrees_with_unidecode(letter: str) -> None:
    for written in (letter, letter.upper(), unicodedata.normalize("NFD", letter)):
        assert fold(written) == unidecode(written).lower()


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("  Nguyễn\u00a0Văn\tAn ", "nguyen van an"),
        ("H'Hen", "hhen"),
        ("H\u2019Hen", "hhen"),
        ("H\u02bcHen", "hhen"),
        ("H\u00b4Hen", "hhen"),
        ("H`Hen", "hhen"),
        ("Jean-Pierre", "jean pierre"),
        ("Ðạt", "dat"),  # U+00D0, the wrong D of legacy converters
        ("Ƀhiăng", "bhiang"),
        ("Bo\u0302\u0309n", "bon"),
        ("Đam Rông 1", "dam rong 1"),
        ("Ł. Ø".replace(".", ""), "l o"),
        ("Na\u200b\ufeffm", "na m"),
        ("Nguy\u00adễn Văn\u00ad An", "nguyen van an"),  # a soft hyphen stands within a word
        ("", ""),
    ],
)
def test_folding(written: str, folded: str) -> None:
    assert fold(written) == folded


@pytest.mark.parametrize(
    "text", ["Nguyễn V. An", "An@Bình", "Иван", "An\u0000", "李", "An_B", "½", "An\u00b2"]
)
def test_a_letter_without_a_spelling_is_refused(text: str) -> None:
    with pytest.raises(FoldError, match=re.escape("cannot stand in an address")):
        fold(text)


def test_the_refusal_names_the_letter() -> None:
    with pytest.raises(FoldError, match=r"U\+0418, CYRILLIC CAPITAL LETTER I"):
        fold("An И")


@given(names)
def test_folding_leaves_ascii_words_only(name: str) -> None:
    assert set(fold(name)) <= set(string.ascii_lowercase + string.digits + " ")
    assert fold(name) == " ".join(fold(name).split())


@given(names)
def test_folding_twice_is_folding_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@given(names)
def test_nfd_and_nfc_fold_alike(name: str) -> None:
    assert fold(unicodedata.normalize("NFD", name)) == fold(unicodedata.normalize("NFC", name))


@given(st.text(max_size=30))
def test_any_text_is_folded_or_refused(text: str) -> None:
    try:
        folded = fold(text)
    except FoldError:
        return
    assert re.fullmatch(r"(?:[a-z0-9]+(?: [a-z0-9]+)*)?", folded)


@given(st.text(max_size=30))
def test_cleaning_is_stable_and_composed(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert unicodedata.is_normalized("NFC", clean(text))


def test_the_steps_end_in_what_folding_gives_and_name_each_letter() -> None:
    found = [(step.what, step.before, step.after) for step in steps(" Đỗ  H’Đạt-\u00d0an")]
    assert found == [
        ("composed (NFC), blanks made one space", " Đỗ  H’Đạt-\u00d0an", "Đỗ H’Đạt-\u00d0an"),
        ("letter with a spelling of its own", "Đ", "d"),
        ("marks dropped", "ỗ", "o"),
        ("apostrophe: the words around it are one", "’", ""),
        ("marks dropped", "ạ", "a"),
        ("hyphen: the words around it are two", "-", " "),
        ("letter with a spelling of its own", "\u00d0", "d"),
        ("folded", "Đỗ H’Đạt-\u00d0an", "do hdat dan"),
    ]


def test_initials_take_one_letter_per_word() -> None:
    assert initials("cong tang ton nu") == "cttn"
    assert initials("") == ""
