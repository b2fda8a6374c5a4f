"""How good a reading is: the words of a text that are Vietnamese under one charset and not under another."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from congvu.charset import viqr
from congvu.charset.common import is_common
from congvu.charset.syllable import is_syllable

AROUND = re.compile("[\u00a0‘’“”–—…•]+")
"""What may touch a word without being part of it. Else it must be letters: "V¨n" is no word."""

_VIQR_WORD = re.compile(r"[A-Za-z][A-Za-z(^+'`?~.-]*")
# "Le^", "Va(n" and "D-a`"; not "O+", "H'Hen", "Tran Van A." or "f.le@": plain text has those too.
_VIQR_SIGN = re.compile(r"[AEIOUYaeiouy](?:[`^~]|[(+][A-Za-z'`?~.])")
_VIQR_TWO_MARKS = re.compile(r"[AEOUaeou][(^+]['`?~.]")


def is_vietnamese(word: str) -> bool:
    """Whether all parts of `word` are ASCII or syllables whose case a person would write.

    "TuÊn" is a wrong reading; "NGUYễN" is not, for so capital fonts of TCVN3 leave it.
    """
    return all(
        part.isascii() or (is_syllable(part) and not has_stray_capital(part))
        for part in AROUND.split(unicodedata.normalize("NFC", word))
    )


def is_common_word(word: str) -> bool:
    """Whether a part of `word` is among the syllables every registry has."""
    return any(map(is_common, AROUND.split(word)))


def has_stray_capital(word: str) -> bool:
    """Whether a capital beyond ASCII follows a small letter: no language writes that."""
    return any(
        first.islower() and second.isupper() and not second.isascii() for first, second in pairwise(word)
    )


@dataclass(frozen=True, slots=True)
class ViqrSigns:
    """How much of an ASCII text looks like VIQR.

    `words` have marks that plain text hardly has behind a vowel, `vietnamese` of them are syllables when
    read, `doubled` of these have a vowel with two marks, which plain text never has.
    """

    words: int = 0
    vietnamese: int = 0
    doubled: int = 0

    def __add__(self, other: ViqrSigns) -> ViqrSigns:
        return ViqrSigns(
            self.words + other.words, self.vietnamese + other.vietnamese, self.doubled + other.doubled
        )


def viqr_signs(text: str) -> ViqrSigns:
    """The signs of VIQR in `text`, which is ASCII."""
    if not _VIQR_SIGN.search(text):
        return ViqrSigns()
    words = [word for word in _VIQR_WORD.findall(text) if _VIQR_SIGN.search(word)]
    vietnamese = [word for word in words if _reads_as_viqr(word)]
    return ViqrSigns(len(words), len(vietnamese), sum(bool(_VIQR_TWO_MARKS.search(w)) for w in vietnamese))


def _reads_as_viqr(word: str) -> bool:
    reading = viqr.decode(word.encode("ascii"))
    return not reading.isascii() and all(map(is_vietnamese, re.split(r"[(^+'`?~.-]+", reading)))
