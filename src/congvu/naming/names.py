"""How a written name splits into *họ* (surname), *đệm* (middle names) and *tên* (given name).

The regulations think of Kinh names: surname first, given name last. Êđê write the clan last, K'Ho, Ba Na
and Xơ Đăng often have none (naming.md, section 2). Such a name has several readings; which one is true
is known to the person and to the office, so a program that picks one is wrong for a career.
"""

from __future__ import annotations

from dataclasses import dataclass

from congvu.naming.letters import APOSTROPHES, FoldError, clean, fold

_MARKS = frozenset({"y", "a", "ka"})
"""Words before a given name that say man or woman: Êđê and Gia Rai *Y*, Ba Na *A*, K'Ho *Ka*."""
_JOINED = frozenset({"h", "k"})
"""The same, written with an apostrophe and counted as part of the given name: *H'Hen*, *K'Brêu*."""
CLANS = frozenset(
    (
        *("nie", "mlo", "bya", "eban", "ayun", "kbuor", "ksor", "kpa", "ecam", "adrong", "hwing", "enuol"),
        *("kdoh", "knul", "ktla", "nie kdam", "buon ya", "buon krong"),
    )
)
"""Clans that Êđê names end in, folded (naming.md, section 2)."""
_CLANS = sorted((tuple(clan.split()) for clan in CLANS), key=lambda words: (-len(words), words))


@dataclass(frozen=True, slots=True)
class Name:
    """One reading of a person's name, every part as written."""

    ho: str
    """Surname; empty for who has none."""
    dem: str
    """Middle names; empty for some."""
    ten: str
    """Given name."""
    written: str
    """The full name in the order in which it is written."""
    why: str = "as the registry splits it"

    def __str__(self) -> str:
        return f"họ {self.ho or '–'}, đệm {self.dem or '–'}, tên {self.ten}"


def readings(written: str) -> tuple[Name, ...]:
    """Every reading of a full name: one for a Kinh name, several where nobody but its bearer can tell.

    Empty for a text without words. Never raises: letters that cannot stand in an address are found later.

    >>> [str(name) for name in readings("Y Blŏ Niê")]
    ['họ Y, đệm Blŏ, tên Niê', 'họ Niê, đệm Y, tên Blŏ']
    """
    written = clean(written)
    words = written.split()
    if not words:
        return ()
    if len(words) == 1:
        return (Name("", "", words[0], written, "one word: a given name"),)
    kinh = Name(words[0], " ".join(words[1:-1]), words[-1], written, "Kinh order: the surname is first")
    folded = tuple(map(_folded, words))
    clan = next((len(clan) for clan in _CLANS if len(clan) < len(words) and folded[-len(clan) :] == clan), 0)
    if not clan and not _is_marked(words[0], folded[0]):
        return (kinh,)
    if not clan and folded[0] in _MARKS and len(words) > 2:
        clan = 1  # Y Thanh Siu: a clan that the list does not know
    body, why = words[: len(words) - clan], "the clan is last" if clan else "no surname"
    mark = body[0] if len(body) > 1 and folded[0] in _MARKS else ""
    other = Name(
        " ".join(words[len(body) :]), mark, " ".join(body[1:] if mark else body), written, f"Êđê order: {why}"
    )
    return (kinh, other)


def as_written(ho: str, dem: str, ten: str) -> str:
    """A split name in the order in which it is written: the clan last in Êđê names, else the surname first.

    >>> as_written("Niê", "Y", "Blŏ"), as_written("Nguyễn", "Văn", "An")
    ('Y Blŏ Niê', 'Nguyễn Văn An')
    """
    first = f"{dem} {ten}".split()
    if first and _folded(ho) in CLANS and _is_marked(first[0], _folded(first[0])):
        return " ".join((*first, ho))
    return " ".join(part for part in (ho, dem, ten) if part)


def _is_marked(word: str, folded: str) -> bool:
    """Whether a name that begins with `word` may put the given name first."""
    if folded in _MARKS or folded in _JOINED:
        return True
    return len(word) > 1 and word[0].lower() in _JOINED and word[1] in APOSTROPHES


def _folded(word: str) -> str:
    try:
        return fold(word)
    except FoldError:
        return ""
