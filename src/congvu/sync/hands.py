"""Whether an account would change hands: another person under the same id (pure).

Ids are given again by mistake, two rows are swapped, or a column of names slips down by a row. Each would
hand somebody's mailbox to somebody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from congvu.directory.model import PEOPLE
from congvu.directory.operations import Change, Modify
from congvu.naming.letters import FoldError, clean, fold
from congvu.sync.likeness import digits


@dataclass(frozen=True, slots=True)
class Suspect:
    """An account that would change hands, and what speaks for it."""

    key: str
    before: str
    """The name so far."""
    after: str
    why: str


def words(name: str) -> tuple[str, ...]:
    """The words of a name without marks; of a name with foreign letters, its words in small letters.

    >>> words("Nguyễn Văn Ân")
    ('nguyen', 'van', 'an')
    """
    try:
        return tuple(fold(name).split())
    except FoldError:
        return tuple(clean(name).casefold().split())


def suspects(changes: Sequence[Modify], names: Mapping[str, str]) -> tuple[Suspect, ...]:
    """The accounts among `changes` that somebody else would have, in the order of `changes`.

    `names` are all names in use, by key. An account changes hands when its new name was that of one whose
    own name changes as well (swapped or slipped rows). A person is another one, too, when no word of the
    name stays, or when another given name comes with another telephone: surnames say little where two in
    five are called Nguyễn. A unit may be called something else altogether.
    """
    others = {change.entry.key: pair for change in changes if (pair := _names(change))}
    leaving = {words(before): key for key, (before, _) in others.items()}
    staying = {words(name) for key, name in names.items() if key not in others}
    found: list[Suspect] = []
    for change in changes:
        key = change.entry.key
        if key not in others:
            continue
        before, after = others[key]
        old, new = words(before), words(after)
        if old == new:
            continue
        other = leaving.get(new)
        if other and other != key and new not in staying:
            found.append(Suspect(key, before, after, f"until now the name of {other}"))
        elif change.entry.kind != PEOPLE:
            continue
        elif not set(old) & set(new):
            found.append(Suspect(key, before, after, "no word of the name stays"))
        elif old[-1] != new[-1] and _telephone_differs(change):
            found.append(Suspect(key, before, after, "another given name and another telephone"))
    return tuple(found)


def renamed(changes: Sequence[Modify]) -> list[tuple[str, str]]:
    """The names before and after of the people among `changes` whose name differs in more than marks."""
    pairs = (_names(change) for change in changes if change.entry.kind == PEOPLE)
    return [pair for pair in pairs if pair and words(pair[0]) != words(pair[1])]


def _names(change: Modify) -> tuple[str, str] | None:
    named = _change(change, "cn")
    if named is None or not named.before or not named.after:
        return None
    return named.before[0], named.after[0]


def _telephone_differs(change: Modify) -> bool:
    telephone = _change(change, "telephoneNumber")
    if telephone is None or not telephone.before or not telephone.after:
        return False
    before, after = digits(telephone.before[0]), digits(telephone.after[0])
    return bool(before and after) and before != after


def _change(change: Modify, attribute: str) -> Change | None:
    return next((one for one in change.changes if one.attribute == attribute), None)
