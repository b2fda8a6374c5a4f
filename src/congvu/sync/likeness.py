"""How alike two people are by what a list says of them: name, unit, telephone (pure)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from congvu.registry.text import key

_DIGITS = re.compile(r"[^0-9]+")
_FEWEST = 7
"""Digits of a telephone number; fewer are an extension, which many have."""
_MOBILE = re.compile(r"0[35789]\d{8}")
"""A number that is one person's; a landline is often a whole office's (Vietnam's numbering plan, 2018)."""
_MOST = 20
"""Candidates that are looked at. Where more accounts than this, of one unit or telephone, differ from a row
in one word and have no row themselves, this is no slip but another list: policy's thresholds stop the run."""
_SHARED_WORDS = 2
"""Words that two names must have in common to be near each other."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What rows and accounts are compared by."""

    name: str
    """Without marks and case."""
    marks: str
    """What `name` lost: two names with both alike are the same, wherever a tone mark stands."""
    unit: str
    """Id of the unit, or of the one that took over from it."""
    phone: str
    """Digits, with the leading zero; empty where there are none."""

    @classmethod
    def of(cls, name: str, unit: str, phone: str) -> Traits:
        """The traits of what a list or the directory says."""
        words = name.split()
        # Word by word: words repeat, and `key` keeps what it has seen.
        return cls(" ".join(filter(None, map(key, words))), " ".join(map(_marks, words)), unit, digits(phone))

    @property
    def mobile(self) -> bool:
        """Whether the telephone is a person's own."""
        return bool(_MOBILE.fullmatch(self.phone))


def digits(phone: str) -> str:
    """The digits of a telephone number, the country's 84 as a zero; empty where they are too few.

    >>> digits("+84 912 345 678"), digits("0263.3822111"), digits("12")
    ('0912345678', '02633822111', '')
    """
    found = _DIGITS.sub("", phone)
    if found.startswith("84") and len(found) in (11, 12):
        found = "0" + found[2:]
    return found if len(found) >= _FEWEST else ""


@lru_cache(maxsize=1 << 13)
def _marks(word: str) -> str:
    """The marks of a word: ``Hoà`` and ``Hòa`` have the same, ``Hoa`` and ``Hỏa`` have others."""
    letters = unicodedata.normalize("NFD", word.casefold())
    return "".join(sorted(letter for letter in letters if unicodedata.combining(letter) or letter in "đð"))


def near(one: str, other: str, *, slip: bool) -> bool:
    """Whether two names without marks differ in one word only, by which a person may have been renamed.

    With `slip` the two words must differ as by a slip of the hand, in one letter.
    """
    first, second = one.split(), other.split()
    if len(first) == len(second):
        differ = [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]]
        enough = len(first) > _SHARED_WORDS and len(differ) == 1
        return enough and (not slip or one_off(*differ[0]))
    shorter, longer = sorted((first, second), key=len)
    return not slip and len(shorter) >= _SHARED_WORDS and tuple(shorter) in _without_one(" ".join(longer))


def one_off(one: str, other: str) -> bool:
    """Whether two words are one letter apart: another, one more, one less, or two swapped.

    >>> one_off("hung", "hug"), one_off("lan", "hoa"), one_off("nhan", "nahn")
    (True, False, True)
    """
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    a, b = one[start:], other[start:]
    if len(a) < len(b):
        return a == b[1:]
    return a[1:] == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])


def _without_one(name: str) -> frozenset[tuple[str, ...]]:
    """The name without each of its words in turn."""
    words = tuple(name.split())
    return frozenset(words[:i] + words[i + 1 :] for i in range(len(words)))


class NearNames:
    """People by names that differ in one word, and by unit or telephone; a search compares few."""

    def __init__(self, people: Iterable[tuple[str, Traits]]) -> None:
        """`people`: staff ids and traits."""
        self._traits: dict[str, Traits] = {}
        self._by_form: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for staff_id, traits in people:
            self._traits[staff_id] = traits
            for form in _forms(traits):
                self._by_form.setdefault(form, []).append(staff_id)

    def of(self, row: Traits) -> list[str]:
        """Staff ids of those whose name is near, and whose unit or telephone is the same."""
        found: dict[str, None] = {}
        for form in _forms(row):
            for staff_id in self._by_form.get(form, ())[:_MOST]:
                other = self._traits[staff_id]
                own = row.mobile and row.phone == other.phone
                if near(row.name, other.name, slip=not own):
                    found[staff_id] = None
        return list(found)


def _forms(traits: Traits) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What two people have in common whose names are near each other."""
    words = tuple(traits.name.split())
    for part in {words, *_without_one(traits.name)}:
        if len(part) >= _SHARED_WORDS:
            if traits.phone:
                yield f"phone {traits.phone}", part
            yield f"unit {traits.unit}", part
