"""From the official name of a unit to its abbreviation (LD-5.1; naming.md, section 3).

The letter of LD-5.1 would give ``skhvcn`` for *Sở Khoa học và Công nghệ*; the province's own address is
``skhcn``. So: function words fall out, abbreviations in capitals stay whole, and the place name of a
commune is spelled out, because initials of 124 communes clash in 37 cases and spelled names in none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from congvu.naming.letters import clean, fold

_STOP_WORDS = frozenset({"va", "cac", "cua"})
_KEPT = frozenset({"ubnd", "hdnd", "thpt", "thcs", "kcn", "mttq", "hdqt", "bql", "ttyt"})
_COUNCILS = (("uy", "ban", "nhan", "dan"), ("hoi", "dong", "nhan", "dan"), ("ubnd",), ("hdnd",))
_COMMITTEE = "ubnd"
# Longest first: "thị xã" before "xã".
_COMMUNES = (("thi", "tran"), ("thi", "xa"), ("dac", "khu"), ("phuong",), ("xa",), ("huyen",), ("quan",))
_PROVINCES = (("thanh", "pho"), ("tinh",))
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015,/&().;:]+")


@dataclass(frozen=True, slots=True)
class Acronym:
    """An abbreviated unit name, in its two parts."""

    letters: str
    """What was abbreviated."""
    place: str
    """The place name of a commune, spelled out; empty for other units."""

    def __str__(self) -> str:
        return self.letters + self.place


@dataclass(frozen=True, slots=True)
class _Word:
    written: str
    folded: str

    @property
    def capital(self) -> bool:
        return self.written[0].isupper() or self.written[0].isdigit()


def acronym(name: str) -> Acronym:
    """Abbreviate the official `name`. Raises `congvu.naming.letters.FoldError`.

    >>> str(acronym("Sở Lao động - Thương binh và Xã hội")), str(acronym("Ủy ban nhân dân xã Cát Tiên"))
    ('sldtbxh', 'ubndcattien')
    """
    words = _words(name)
    head, place = _split(words)
    shouted = name.upper() == name
    letters = "".join(_abbreviate(word, shouted=shouted) for word in head)
    return Acronym(letters or _COMMITTEE, "".join(word.folded for word in place))


def _words(name: str) -> list[_Word]:
    written = [part for part in _SEPARATORS.split(clean(name)) if part]
    words = [_Word(part, fold(part)) for part in written]
    words = [word for word in words if word.folded]
    for index, word in enumerate(words):
        if index and word.folded == "thuoc":  # "… thuộc Sở …": the parent is no part of the name
            return words[:index]
    return words


def _split(words: list[_Word]) -> tuple[list[_Word], list[_Word]]:
    """What is abbreviated, and what is spelled out."""
    for index in range(len(words)):
        council = _ends_with_council(words[:index])
        kind = _kind_at(words, index, _COMMUNES)
        if kind and (index == 0 or council or not words[index].capital or words[index].written.isupper()):
            return words[:index], words[index + kind :]
        province = _kind_at(words, index, _PROVINCES)
        if province and index:
            place = words[index + province :] if council and province == 2 else []  # 2: thành phố, a place
            return words[:index], place
        if council and index == len(words) - 1 and _is_level(words[index]):
            return words[:index], []  # "… HĐND-UBND huyện": the level of a body that is named already
    return words, []


def _kind_at(words: list[_Word], index: int, kinds: tuple[tuple[str, ...], ...]) -> int:
    """Length of the type word that starts at `index` and has a place name behind it, else 0.

    The name behind must have a capital: ``xã hội`` is society, ``hợp tác xã`` a cooperative.
    """
    for kind in kinds:
        end = index + len(kind)
        if (
            tuple(word.folded for word in words[index:end]) == kind
            and end < len(words)
            and words[end].capital
        ):
            society = kind == ("xa",) and words[index].capital and words[end].folded == "hoi"
            return 0 if society else len(kind)
    return 0


def _ends_with_council(words: list[_Word]) -> bool:
    folded = tuple(word.folded for word in words)
    return any(folded[-len(council) :] == council for council in _COUNCILS)


def _is_level(word: _Word) -> bool:
    return (word.folded,) in (*_COMMUNES, *_PROVINCES)


def _abbreviate(word: _Word, *, shouted: bool) -> str:
    if word.folded in _STOP_WORDS:
        return ""
    capitals = word.written.isupper() and len(word.folded) > 1 and not shouted
    if word.folded.isdigit() or capitals or word.folded in _KEPT:
        return word.folded
    return word.folded[0]
