"""From the official name of a unit to its abbreviation (LD-5.1; naming.md, section 3).

The letter of LD-5.1 would give ``skhvcn`` for *Sở Khoa học và Công nghệ*; the province's own address is
``skhcn``. So: function words fall out, abbreviations in capitals stay whole, and the place name of a
commune is spelled out, because initials of 124 communes clash in 37 cases and spelled names in none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from congvu.naming.letters import FoldError, clean, fold

_COUNCILS = (("uy", "ban", "nhan", "dan"), ("hoi", "dong", "nhan", "dan"), ("ubnd",), ("hdnd",))
_COMMITTEE = "ubnd"
# Longest first: "thị xã" before "xã".
_COMMUNES = (
    ("thi", "tran"),
    ("thi", "xa"),
    ("dac", "khu"),
    ("phuong",),
    ("xa",),
    ("huyen",),
    ("quan",),
    ("tx",),
)
_CITIES = (("thanh", "pho"), ("tp",))
_PROVINCES = (*_CITIES, ("tinh",))
# A code of a unit, such as H36.12 or 000.00.15.H36: each part has a digit.
_CODE = re.compile(r"\W*[a-z]{0,4}[0-9]+(?:[._][a-z]{0,4}[0-9]+)+\W*", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015,/&().;:]+")


@dataclass(frozen=True, slots=True)
class Style:
    """How a mail domain abbreviates; words are folded."""

    stop_words: frozenset[str] = frozenset({"va", "cac", "cua"})
    """Words that give no letter."""
    kept: frozenset[str] = frozenset({"ubnd", "hdnd", "thpt", "thcs", "kcn", "mttq", "hdqt", "bql", "ttyt"})
    """Abbreviations that stay whole even in a name written in capitals throughout."""

    @classmethod
    def of(cls, stop_words: Iterable[str], kept: Iterable[str]) -> Style:
        """A policy's stop words, as written, and its abbreviations beside the usual ones."""
        return cls(frozenset(map(called, stop_words)), cls().kept | frozenset(map(called, kept)))


USUAL = Style()
"""What applies where a policy says nothing."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one word of a name gave, and why."""

    word: str
    gave: str
    why: str


@dataclass(frozen=True, slots=True)
class Acronym:
    """An abbreviated unit name, in its two parts."""

    head: tuple[Part, ...]
    """What was abbreviated."""
    tail: tuple[Part, ...]
    """The place name of a commune, spelled out; empty for other units."""
    dropped: tuple[Part, ...]
    """What is no part of the unit's own name."""

    @property
    def letters(self) -> str:
        """The abbreviation of the head."""
        return "".join(part.gave for part in self.head)

    @property
    def place(self) -> str:
        """The place name; empty for units that are not a commune's."""
        return "".join(part.gave for part in self.tail)

    def __str__(self) -> str:
        return self.letters + self.place


@dataclass(frozen=True, slots=True)
class _Word:
    written: str
    folded: str

    @property
    def capital(self) -> bool:
        return self.written[0].isupper() or self.written[0].isdigit()


def acronym(name: str, style: Style = USUAL) -> Acronym:
    """Abbreviate the official `name`. Raises `congvu.naming.letters.FoldError`.

    >>> str(acronym("Sở Lao động - Thương binh và Xã hội")), str(acronym("Ủy ban nhân dân xã Cát Tiên"))
    ('sldtbxh', 'ubndcattien')
    """
    every = _words(name)
    words = _own(every)
    head, place = _split(words)
    shouted = name.upper() == name
    parts = [_abbreviate(word, style, shouted=shouted) for word in head]
    if place and not parts:
        parts.append(Part("", _COMMITTEE, "a commune alone means its committee"))
    used = len(head) + len(place)
    between = words[len(head) : len(words) - len(place)] if place else []
    return Acronym(
        tuple(parts),
        tuple(Part(word.written, word.folded, "place name, spelled out") for word in place),
        (
            *(Part(word.written, "", "kind of commune") for word in between),
            *(Part(word.written, "", "not the unit's own name") for word in every[used + len(between) :]),
        ),
    )


def _words(name: str) -> list[_Word]:
    written = [part for part in _SEPARATORS.split(clean(name)) if part]
    return [word for word in (_Word(part, fold(part)) for part in written) if word.folded]


def code_in(name: str) -> str:
    """What in the name of a unit is a code, and must not be spelled into an address; empty for none.

    >>> code_in("H36.12"), code_in("A01"), code_in("Phòng Công chứng số 2")
    ('H36.12', 'A01', '')
    """
    words = clean(name).split()
    if len(words) == 1 and any(letter.isdigit() for letter in words[0]):
        return words[0]
    return next((word for word in words if is_code(word)), "")


def is_code(word: str) -> bool:
    """Whether `word` can only be a code; ``ubnddamrong1`` may be an address."""
    return _CODE.fullmatch(word) is not None


def called(name: str) -> str:
    """A form in which two spellings of one unit's name are equal: case, marks and signs do not count.

    Never raises; a name with letters that have no spelling is compared as it stands.
    """
    try:
        return spelled(name)
    except FoldError:
        return clean(name).casefold()


def spelled(name: str) -> str:
    """The folded words of a unit's name, all of them. Raises `congvu.naming.letters.FoldError`."""
    return " ".join(word.folded for word in _words(name))


def _own(words: list[_Word]) -> list[_Word]:
    """Without "… thuộc Sở …": the parent is no part of the name."""
    for index, word in enumerate(words):
        if index and word.folded == "thuoc":
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
            city = _kind_at(words, index, _CITIES)
            return words[:index], words[index + city :] if council and city else []
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
            cooperative = kind == ("xa",) and [word.folded for word in words[index - 2 : index]] == [
                "hop",
                "tac",
            ]
            return 0 if society or cooperative else len(kind)
    return 0


def _ends_with_council(words: list[_Word]) -> bool:
    folded = tuple(word.folded for word in words)
    return any(folded[-len(council) :] == council for council in _COUNCILS)


def _is_level(word: _Word) -> bool:
    return (word.folded,) in (*_COMMUNES, *_PROVINCES)


def _abbreviate(word: _Word, style: Style, *, shouted: bool) -> Part:
    if word.folded in style.stop_words:
        return Part(word.written, "", "stop word")
    if word.folded.isdigit():
        return Part(word.written, word.folded, "number, kept whole")
    if (word.written.isupper() and len(word.folded) > 1 and not shouted) or word.folded in style.kept:
        return Part(word.written, word.folded, "abbreviation, kept whole")
    return Part(word.written, word.folded[0], "first letter")


def place_name(name: str) -> str:
    """The folded name of a commune or district without its type word, blanks dropped.

    >>> place_name("Xã Sơn Kim 2"), place_name("Thành phố Đông Hà")
    ('sonkim2', 'dongha')
    """
    words = _words(name)
    kind = next(
        (
            len(kind)
            for kind in (*_COMMUNES, *_PROVINCES)
            if len(kind) < len(words) and tuple(word.folded for word in words[: len(kind)]) == kind
        ),
        0,
    )
    return "".join(word.folded for word in words[kind:])
