"""What a unit and the operator might agree on where the rule's address is too long or taken (LD-5.1b).

"Easy to remember, systematic, not duplicated": proposals keep whole what a reader knows, the kind of unit,
a proper name, a familiar part, and never cut an abbreviation anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from congvu.naming.letters import fold
from congvu.naming.namespace import Namespace
from congvu.naming.units import Part, Style, acronym
from congvu.policy.values import LOCAL_PART_MAX, check_local_part

_MOST = 4
# Beginnings of syllables that are one sound; the longer first. "Sở Ngoại vụ" is sngv beside "Sở Nội vụ".
_SOUNDS = ("ng", "nh", "th", "tr", "ph", "kh", "gi", "qu", "ch")
# What a name may begin with: the kind of unit, which a proposal keeps.
_KINDS = (
    "ban quan ly",
    "trung tam",
    "van phong",
    "chi cuc",
    "thanh tra",
    "so",
    "ban",
    "cuc",
    "phong",
    "truong",
)


def propose(name: str, style: Style, max_length: int, namespace: Namespace) -> tuple[str, ...]:
    """Up to four free local parts of at most `max_length` characters (0: any). Raises `FoldError`."""
    found: list[str] = []
    for candidate in _candidates(name, style):
        if candidate in (*found, "ubnd", "hdnd") or len(candidate) > (max_length or LOCAL_PART_MAX):
            continue
        try:
            check_local_part(candidate)
        except ValueError:
            continue
        if namespace.holder(candidate, unit=True) is None:
            found.append(candidate)
    return tuple(found[:_MOST])


def _candidates(name: str, style: Style) -> Iterator[str]:
    short = acronym(name, style)
    head = [part for part in short.head if part.gave and part.word]
    if not head:
        return
    folded = [_folded(part) for part in head]
    size = next((kind.count(" ") + 1 for kind in _KINDS if " ".join(folded).startswith(f"{kind} ")), 1)
    kind = "".join(part.gave for part in head[:size])
    proper = _proper_name(head[size:])
    if short.place:
        yield short.place
        yield kind + short.place
    if proper:
        words = [_folded(part) for part in proper]
        yield kind + "".join(words)
        yield "".join(words)
        yield "".join(words[1:])
    segments = _segments(name, style)
    for index, segment in enumerate(segments[1:], start=1):
        yield kind + "".join(segments[index:])
        yield kind + segment
    yield from segments[:1]
    for index in range(len(head)):  # one sound instead of one letter
        sound = next((sound for sound in _SOUNDS if folded[index].startswith(sound)), "")
        if sound and len(head[index].gave) == 1:
            yield (
                "".join([*(p.gave for p in head[:index]), sound, *(p.gave for p in head[index + 1 :])])
                + short.place
            )
    yield "".join(folded[:size]) + "".join(part.gave for part in head[size:]) + short.place
    yield kind + "".join(folded[size:])
    yield "".join(folded)


def _proper_name(parts: list[Part]) -> list[Part]:
    """The words in capitals at the end of a name: *… quốc gia Hồ Tuyền Lâm*."""
    start = len(parts)
    while start and parts[start - 1].word[0].isupper():
        start -= 1
    return parts[start:] if start and len(parts) - start > 1 else []


def _segments(name: str, style: Style) -> list[str]:
    """Abbreviations of what stands between "và", commas and dashes."""
    pieces = name.replace(" và ", ",").replace(" - ", ",").split(",")
    return [str(acronym(piece.strip(), style)) for piece in pieces if piece.strip()]


def _folded(part: Part) -> str:
    return fold(part.word)
