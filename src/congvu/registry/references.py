"""What the rows of a registry say of each other: a unit's parent, its successors and its head."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from congvu.registry.headings import Field
from congvu.registry.model import Status, Unit
from congvu.registry.places import Place
from congvu.registry.problems import Code, Problems
from congvu.registry.seen import Seen, staff_key
from congvu.registry.units import UnitRows, Units

_LETTERS = string.digits + string.ascii_lowercase + "._-"
"""What an id is made of, but for case."""


@dataclass(slots=True)
class Links:
    """References that the tables of units write as words, each by the row that it stands in."""

    parents: dict[Place, str] = field(default_factory=dict)
    successors: dict[Place, str] = field(default_factory=dict)

    def add(self, rows: UnitRows) -> None:
        """Take over those of one table, when it is read."""
        self.parents |= rows.parents
        self.successors |= rows.successors


def link(units: Sequence[Unit], links: Links, problems: Problems) -> list[Unit]:
    """`units` with the ids of the parents and successors that were written as words; all are checked."""
    known = Units(units)
    linked: list[Unit] = []
    for unit in units:
        parent = unit.parent_id
        if not parent and (name := links.parents.get(unit.place)):
            parent = _found(known, unit, Field.PARENT_NAME, name, problems)
        names = _several(links.successors.get(unit.place, ""), known)
        successors = (_found(known, unit, Field.SUCCESSOR_IDS, name, problems) for name in names)
        linked.append(
            replace(unit, parent_id=parent, successor_ids=tuple(dict.fromkeys(filter(None, successors))))
        )
    _check(linked, problems)
    return linked


def _several(text: str, known: Units) -> Iterator[str]:
    """The units that a cell names, with ``;`` or ``,`` between them; a name may hold commas of its own."""
    for part in filter(None, (part.strip() for part in re.split(r"[;\n]", text))):
        if known.named(part):
            yield part
        else:
            yield from filter(None, (name.strip() for name in part.split(",")))


def _found(known: Units, unit: Unit, column: Field, name: str, problems: Problems) -> str:
    """The id of the unit that `unit` names; empty, with a problem, where that is none."""
    choice = known.choose(name)
    if choice.unit is None:
        problems.error(unit.place, column, Code.UNIT, choice.message, choice.hint)
        return ""
    if choice.in_doubt:
        problems.warn(unit.place, column, Code.UNIT, choice.message, "the marks differ; correct the name")
    elif choice.message:
        problems.note(unit.place, column, Code.UNIT, choice.message, choice.hint)
    return choice.unit.unit_id


def _check(units: Sequence[Unit], problems: Problems) -> None:
    """Every parent exists; nobody is their own ancestor or successor; only what ended has successors."""
    known = Units(units)
    parents = {unit_id: (unit.parent_id,) for unit_id, unit in known.by_id.items()}
    successors = {unit_id: unit.successor_ids for unit_id, unit in known.by_id.items()}
    for unit in known.by_id.values():
        if unit.parent_id and unit.parent_id not in known.by_id:
            problems.error(
                unit.place,
                Field.PARENT_ID,
                Code.UNIT,
                f"there is no unit {unit.parent_id!r}",
                known.nearest(unit.parent_id),
            )
        elif _returns(unit.unit_id, parents):
            problems.error(
                unit.place,
                Field.PARENT_ID,
                Code.CIRCLE,
                f"{unit.unit_id!r} is its own ancestor",
                "correct the parent",
            )
        if unit.successor_ids and unit.status is not Status.LEFT:
            problems.error(
                unit.place,
                Field.SUCCESSOR_IDS,
                Code.SUCCESSOR,
                f"{unit.unit_id!r} names successors, and has not ended",
                "write in its status that it was dissolved, merged or divided; or name no successor",
            )
        elif unit.unit_id in unit.successor_ids:
            problems.error(
                unit.place,
                Field.SUCCESSOR_IDS,
                Code.SUCCESSOR,
                f"{unit.unit_id!r} cannot take over from itself",
                "name the unit that goes on; one that only changed its name keeps its row",
            )
        elif _returns(unit.unit_id, successors):
            problems.error(
                unit.place,
                Field.SUCCESSOR_IDS,
                Code.CIRCLE,
                f"{unit.unit_id!r} is its own successor by way of others",
                "name the unit that goes on",
            )


def _returns(start: str, leads_to: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether one comes from `start` back to it."""
    seen: set[str] = set()
    waiting = list(leads_to[start])
    while waiting:
        unit_id = waiting.pop()
        if unit_id == start:
            return True
        if unit_id not in seen:
            seen.add(unit_id)
            waiting.extend(leads_to.get(unit_id, ()))
    return False


def check_heads(units: Sequence[Unit], seen: Seen, problems: Problems) -> None:
    """Every head is on the staff list; `seen` knows the staff ids when the whole list is read."""
    for unit in units:
        if not unit.head_id or seen.place(staff_key(unit.head_id)):
            continue
        close = next((near for near in _one_off(unit.head_id) if seen.place(staff_key(near))), "")
        where = seen.place(staff_key(close)) if close else ""
        problems.error(
            unit.place,
            Field.HEAD_ID,
            Code.HEAD,
            f"{unit.head_id!r} is nobody on the staff list",
            f"did you mean {close!r} ({where})?" if close else "add the person, or correct the id",
        )


def _one_off(word: str) -> Iterator[str]:
    """What `word` may have been before a slip: letters swapped, one too many, one missing, one wrong."""
    letters = _LETTERS.upper() if word.isupper() else _LETTERS
    places = range(len(word))
    yield from (word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in places[:-1])
    yield from (word[:i] + word[i + 1 :] for i in places)
    yield from (word[:i] + letter + word[i:] for i in range(len(word) + 1) for letter in letters)
    yield from (word[:i] + letter + word[i + 1 :] for i in places for letter in letters)
