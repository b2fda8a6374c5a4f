"""From Vietnamese letters, and those of its neighbours, to ASCII.

Nothing is ever dropped silently: a letter the tables do not know is a `FoldError`, because an address
made of what happened to be left over would be somebody's for a career.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

APOSTROPHES = "'\u2018\u2019\u02bc\u00b4`"
"""What offices type for the apostrophe of *H'Hen* and *Ea H'leo*: one letter in six disguises."""
# Between the words of a name: NBSP, tabs, zero-width characters, BOM (naming.md, step 1).
_BLANKS = re.compile(r"[\s\u00a0\u200b-\u200f\u2060\ufeff]+")
# Within a word, where a program may break it at the end of a line; it shows nothing anywhere else.
_SOFT_HYPHEN = "\u00ad"
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015]+")
# Letters that mark-stripping leaves standing. ð and Ð are a wrong đ from legacy converters; ƀ is Êđê and
# Ba Na; the rest stands in names of foreign spouses and experts.
_LETTERS = str.maketrans(
    {
        **dict.fromkeys("đĐðÐɖƉ", "d"),
        **dict.fromkeys("ƀɃɓƁ", "b"),
        **dict.fromkeys("łŁ", "l"),
        **dict.fromkeys("øØ", "o"),
        **dict.fromkeys("ħĦ", "h"),
        **dict.fromkeys("ŧŦ", "t"),
        **dict.fromkeys("ıİ", "i"),
        **dict.fromkeys("ŋŊ", "ng"),
        **dict.fromkeys("ßẞ", "ss"),
        **dict.fromkeys("æÆ", "ae"),
        **dict.fromkeys("œŒ", "oe"),
        **dict.fromkeys("þÞ", "th"),
        **dict.fromkeys(APOSTROPHES, ""),
    }
)
_WORDS = re.compile(r"[a-z0-9 ]*")
_FOUND = re.compile(r"[a-z0-9]+")


class FoldError(ValueError):
    """A letter that has no agreed spelling in ASCII."""

    def __init__(self, text: str, letter: str, where: str = "an address") -> None:
        name = unicodedata.name(letter, "unnamed")
        super().__init__(f"{letter!r} (U+{ord(letter):04X}, {name}) in {text!r} cannot stand in {where}")
        self.letter = letter

    @property
    def hint(self) -> str:
        """What to do about it: a digit or a sign is hardly a slip of the pen."""
        if self.letter.isalpha():
            return "correct the name"
        return "write the name alone; a code, a number or a remark belongs in a column of its own"


def clean(text: str) -> str:
    """NFC, every run of blanks (also NBSP, tab, zero-width, BOM) one space, none at the ends.

    A soft hyphen goes without leaving a blank: it stands within a word.
    What a person sees stays: marks, case, apostrophes of either kind.
    """
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text.replace(_SOFT_HYPHEN, ""))).strip()


@lru_cache(maxsize=2**16)
def fold(text: str) -> str:
    """The words of `text` in lower-case ASCII, joined by single spaces.

    A hyphen separates words (``Jean-Pierre``), an apostrophe joins them (``H'Hen``). Raises `FoldError`
    on anything that is not a letter or a digit then. Cached: a province has few different words.

    >>> fold("H’Hen  Niê Kđăm")
    'hhen nie kdam'
    """
    words = _SEPARATORS.sub(" ", _bare(clean(text))).strip()
    if not _WORDS.fullmatch(words):
        raise FoldError(text, next(letter for letter in clean(text) if not _known(letter)))
    return words


@lru_cache(maxsize=2**16)
def fold_name(text: str) -> str:
    """`fold` of a person's name, in which a digit is a mistake: of a code, or of the number of a namesake.

    Raises `FoldError`.
    """
    words = fold(text)
    if digit := next((letter for letter in words if letter.isdigit()), ""):
        raise FoldError(text, digit, "a person's name")
    return words


def search_words(*texts: str) -> str:
    """The words of the texts as people search for them, each once; a sign that `fold` refuses parts words.

    >>> search_words("Trần Đức Ân", "Phòng TC-KH (bộ phận 2)")
    'tran duc an phong tc kh bo phan 2'
    """
    words = (word for text in texts for word in _FOUND.findall(_bare(clean(text))))
    return " ".join(dict.fromkeys(words))


def _known(letter: str) -> bool:
    return _WORDS.fullmatch(_SEPARATORS.sub(" ", _bare(letter))) is not None


def _bare(text: str) -> str:
    """`text` in lower case without marks and apostrophes."""
    mapped = unicodedata.normalize("NFD", text.translate(_LETTERS))
    return "".join(letter for letter in mapped if unicodedata.category(letter) != "Mn").lower()


@lru_cache(maxsize=2**16)
def initials(folded: str) -> str:
    """First letter of each word of an already folded text: ``thi ngoc`` is ``tn``."""
    return "".join(word[0] for word in folded.split())


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that folding did to one letter or to the whole text."""

    what: str
    before: str
    after: str


def steps(text: str) -> tuple[Step, ...]:
    """How `fold` comes to its result, for a person who asks; the last step has it. Raises `FoldError`."""
    found: list[Step] = []
    cleaned = clean(text)
    if cleaned != text:
        found.append(Step("composed (NFC), blanks made one space", text, cleaned))
    for letter in dict.fromkeys(cleaned):
        bare = _SEPARATORS.sub(" ", _bare(letter))
        if letter in APOSTROPHES:
            found.append(Step("apostrophe: the words around it are one", letter, ""))
        elif letter != " " and bare == " ":
            found.append(Step("hyphen: the words around it are two", letter, " "))
        elif letter.isalpha() and bare != letter.lower():
            what = "letter with a spelling of its own" if ord(letter) in _LETTERS else "marks dropped"
            found.append(Step(what, letter, bare))
    found.append(Step("folded", cleaned, fold(text)))
    return tuple(found)
