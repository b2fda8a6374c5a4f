"""Cells that are Unicode already, but whose letters are bytes of an older charset in Western clothes.

A spreadsheet holds "NguyÔn ThÞ Hång" where somebody typed in a font such as .VnTime. Short proper names are
the danger: "Hoàng" reads as a syllable in VNI too, so a cell is proper unless that is impossible.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from congvu.charset.codec import decode, encode, repair
from congvu.charset.model import Charset, CharsetError, Doubt
from congvu.charset.reading import AROUND, has_stray_capital, is_common_word, is_vietnamese, viqr_signs
from congvu.charset.syllable import is_syllable
from congvu.charset.tables import LETTERS, WINDOWS, split

# The more usual first.
_LEGACY = (Charset.UTF8, Charset.TCVN3, Charset.VNI, Charset.VISCII)
_WORD = re.compile(r"(?<![A-Za-z\x80-\U0010ffff])[A-Za-z]*+[^\x00-\x7f][A-Za-z\x80-\U0010ffff]*")
_LETTERS = re.compile(r"[^\W\d_]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WESTERN = frozenset(WINDOWS)
_ETH = str.maketrans("ðÐ", "đĐ")
_SIGN_IN_WORD = re.compile("[^A-Za-zÀ-ÖØ-öø-ÿŠŒŽšœžŸ]")
_NON_ASCII_WORD = re.compile(r"[A-Za-z]*+[^\x00-\x7f]\S*")
_TONED = frozenset(letter for letter in LETTERS if split(letter)[2])
_ONLY_VIETNAMESE = re.compile("[ĩũơưĨŨƠƯ\u1ea0-\u1ef9]")
_LONGEST = 64
"""Characters of a word looked at; no word has more in any charset."""
_ALONE = 3
"""In a cell of fewer syllables, one strange word that might be a foreign name decides nothing."""
_MOST = 0.75
"""Share of the words of a cell that must be Vietnamese under a charset before the cell is taken for it."""


def detect_text(text: str) -> Charset | None:
    """The charset whose bytes `text` shows as Western letters, for `repair`; None when it is proper.

    Ask before anything is trimmed, as `repair` says. "utf-8" means UTF-8 that was opened as Western text
    ("Nguyá»…n"). One word is proper unless it cannot be ("V¨n"); so are names of any Western language.
    Raises `Doubt` where two charsets read it equally well, and where one word alone speaks for one: then
    ``utf-8`` among its candidates stands for "proper as it is". `CharsetError` on NUL and lone surrogates.
    """
    text = unicodedata.normalize("NFC", text)
    if "\0" in text or _SURROGATE.search(text):
        raise CharsetError(f"{text!r} holds a NUL or half a character, so it is no text")
    if text.isascii():
        return _viqr(text)
    if any(letter not in _WESTERN and letter.isalpha() for letter in text):
        return None
    return _clothed([word[:_LONGEST] for word in _WORD.findall(text)], text)


def other_charset(text: str, charset: Charset) -> Charset | None:
    """The charset that a cell of a file in `charset` was really written in.

    Rows that were pasted together come from several programs. ``None`` where the cell is Vietnamese as it
    was read, or in no other charset either.
    """
    words = [word for word in _LETTERS.findall(unicodedata.normalize("NFC", text)) if not word.isascii()]
    if not words or all(map(_is_readable, words)):
        return None
    try:
        data = encode(text, charset)
    except CharsetError:
        return None
    for other in (*_LEGACY, Charset.CP1258):
        reading = _decoded(data, other) if other is not charset else None
        if reading is None or reading.isascii():
            continue
        strange = [word for word in _NON_ASCII_WORD.findall(reading) if not is_vietnamese(word)]
        if not strange and any(map(is_common_word, _LETTERS.findall(reading))):
            return other
    return None


def is_unwritable(text: str) -> bool:
    """Whether a word of `text` has tones on two vowels as no language has: "éóũng"."""
    return any(
        sum(letter in _TONED for letter in word) > 1 and bool(_ONLY_VIETNAMESE.search(word))
        for word in _LETTERS.findall(unicodedata.normalize("NFC", text))
        if not word.isascii() and not _is_readable(word)
    )


@lru_cache(maxsize=1 << 12)
def _is_readable(word: str) -> bool:
    return is_vietnamese(word.translate(_ETH))


def _decoded(data: bytes, charset: Charset) -> str | None:
    try:
        return decode(data, charset)
    except CharsetError:
        return None


def _viqr(text: str) -> Charset | None:
    signs = viqr_signs(text)
    if signs.words == 0 or signs.vietnamese < _MOST * signs.words:
        return None
    reading = repair(text, Charset.VIQR)
    marked = sum(not letter.isascii() for letter in reading)
    if signs.doubled or signs.vietnamese >= 2 or (marked >= 2 and _is_sentence(reading)):
        return Charset.VIQR
    raise Doubt(f"one word of {text!r} may be viqr", Charset.VIQR, Charset.UTF8)


def _is_sentence(text: str) -> bool:
    """Whether `text` has enough syllables around a word that might be foreign alone."""
    return sum(map(is_syllable, _LETTERS.findall(text))) >= _ALONE


@dataclass(frozen=True, slots=True, order=True)
class _Fit:
    """How well a charset explains a cell: words it makes Vietnamese, and common ones among them."""

    vietnamese: int
    common: int


def _clothed(words: Sequence[str], text: str) -> Charset | None:
    """The charset under which words become Vietnamese that are not, and none ceases to be."""
    strange = [word for word in words if not _is_proper(word)]
    fits = {charset: fit for charset in _LEGACY if (fit := _fit(words, strange, charset))}
    repaired = {charset: whole for charset in fits if (whole := _repaired(text, charset)) is not None}
    if not repaired:
        return None
    best, *others = sorted(repaired, key=lambda charset: fits[charset], reverse=True)
    for other in others:
        if _is_close(fits, best, other) and repaired[other] != repaired[best]:
            raise Doubt(f"{text!r} is Vietnamese read as {best} and as {other}", best, other)
    if len(strange) == 1 and not _is_impossible(strange[0]) and not _is_sentence(repaired[best]):
        raise Doubt(f"{strange[0]!r} alone speaks for {best} in {text!r}", best, Charset.UTF8)
    return best


def _is_close(fits: Mapping[Charset, _Fit], best: Charset, other: Charset) -> bool:
    """Whether common words do not settle it: a rarer charset needs two more of them than a usual one."""
    lead = fits[best].common - fits[other].common
    needed = 1 if _LEGACY.index(best) < _LEGACY.index(other) else 2
    return fits[best].vietnamese == fits[other].vietnamese and lead < needed


def _fit(words: Sequence[str], strange: Sequence[str], charset: Charset) -> _Fit | None:
    """None where `charset` explains nothing, or makes nonsense of proper words."""
    reads = {word: reading for word in words if (reading := _reading(word, charset)) is not None}
    explained = [w for w in strange if w in reads and (_is_impossible(w) or is_common_word(reads[w]))]
    lost = [word for word in words if word not in strange and word not in reads]
    count = sum(word in reads for word in words)
    if not explained or lost or count < _MOST * len(words):
        return None
    return _Fit(count, sum(word in reads and is_common_word(reads[word]) for word in words))


def _repaired(text: str, charset: Charset) -> str | None:
    try:
        return repair(text, charset)
    except CharsetError:
        return None


@lru_cache(maxsize=1 << 12)
def _reading(word: str, charset: Charset) -> str | None:
    """`word` repaired, if that is Vietnamese."""
    reading = _repaired(word, charset)
    return reading if reading is not None and is_vietnamese(reading) else None


@lru_cache(maxsize=1 << 12)
def _is_proper(word: str) -> bool:
    """Vietnamese as it stands, or no word at all: "°", "–". Ð (U+00D0) is a wrong but readable Đ."""
    bare = AROUND.sub("", word)
    return not any(map(str.isalpha, bare)) or is_vietnamese(bare.translate(_ETH))


def _is_impossible(word: str) -> bool:
    """No language writes it: a sign within a word ("V¨n"), or a capital after a small letter ("TrÇn")."""
    return bool(_SIGN_IN_WORD.search(AROUND.sub("", word))) or has_stray_capital(word)
