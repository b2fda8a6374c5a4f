"""Units: made from their rows, and found again by id or by the name that a staff list uses."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from congvu.policy.values import is_local_part
from congvu.registry import values
from congvu.registry.cells import Cells
from congvu.registry.headings import Field
from congvu.registry.model import OrgType, Status, Unit
from congvu.registry.places import Place
from congvu.registry.problems import Code, Problems
from congvu.registry.seen import Seen
from congvu.registry.settled import Reading
from congvu.registry.sheet import Row, Table
from congvu.registry.text import key

REQUIRED = (
    Field.UNIT_ID,
    Field.NAME,
    Field.KIND,
    Field.PARENT_ID,
    Field.ADDRESS,
    Field.REGISTERED_ON,
)
"""Columns of our own ``units.csv``."""


_SEARCHES = 50
"""Unknown names that are compared with all known ones; each takes some time."""
_STATES = f"working ({values.UNIT_STATES[0]}) or left ({', '.join(values.UNIT_STATES[1:])})"
_TONES = "\u0300\u0301\u0303\u0309\u0323"


class UnitRows:
    """The units of one table, as they are read."""

    def __init__(
        self, table: Table, reading: Reading, problems: Problems, seen: Seen, *, complete: bool
    ) -> None:
        """`complete`: the rows are for a sync, which needs ids and dates."""
        self._table, self._problems, self._seen, self._complete = table, problems, seen, complete
        self._cells = Cells(table, reading, problems)
        self.parents: dict[Place, str] = {}
        """Names of parents that a table gives instead of their ids, by the unit's row."""
        self.successors: dict[Place, str] = {}
        """Units that take over, as the table writes them: ids or names, by the row of the unit that ended."""

    def __iter__(self) -> Iterator[Unit]:
        for row in self._table:
            self._cells.take(row)
            yield self._unit(row)
        self._cells.close()

    def _unit(self, row: Row) -> Unit:
        cells = self._cells
        unit_id = cells.identifier(Field.UNIT_ID)
        if not unit_id and self._complete:
            cells.required(Field.UNIT_ID)
        if unit_id and (first := self._seen.earlier(unit_id.casefold(), f"row {row.place.row}")):
            cells.error(
                Field.UNIT_ID,
                Code.DUPLICATE,
                f"{unit_id!r} stands also in {first}",
                "give each its own, or drop one row",
            )
        if parent_name := cells.optional(Field.PARENT_NAME):
            self.parents[row.place] = parent_name
        if successors := cells.optional(Field.SUCCESSOR_IDS):
            self.successors[row.place] = successors
        strict = self._table.ours
        return Unit(
            place=row.place,
            unit_id=unit_id,
            name=cells.required(Field.NAME),
            kind=cells.required(Field.KIND) if strict else cells.optional(Field.KIND) or "unit",
            parent_id=cells.optional(Field.PARENT_ID),
            address=self._address(),
            domain=cells.optional(Field.DOMAIN).lower(),
            registered_on=self._registered_on(),
            org_type=cells.parsed(
                Field.ORG_TYPE,
                lambda text: values.word(text, OrgType),
                None,
                f"one of {values.words(OrgType)} (LD-1.1)",
            ),
            agreement=cells.optional(Field.AGREEMENT),
            it_contact=cells.optional(Field.IT_CONTACT),
            head_id=cells.identifier(Field.HEAD_ID),
            status=cells.parsed(Field.STATUS, values.unit_status, Status.WORKING, _STATES),
            document=cells.optional(Field.DOCUMENT),
        )

    def _address(self) -> str:
        """The agreed address: its local part, or the whole as offices write it."""
        text = self._cells.optional(Field.ADDRESS)
        local, at, domain = text.partition("@")
        address = text.lower() if at else text
        if text and not (is_local_part(local.lower() if at else local) and (not at or "." in domain)):
            self._cells.warn(
                Field.ADDRESS, Code.VALUE, f"{text!r} is no address", "write one such as skhcn, in lower case"
            )
        return address

    def _registered_on(self) -> date:
        found = self._cells.date(Field.REGISTERED_ON)
        if found is None and self._complete and not self._cells.optional(Field.REGISTERED_ON):
            self._cells.required(Field.REGISTERED_ON)
        return found or date.max


@dataclass(frozen=True, slots=True)
class Choice:
    """The unit that a name means; where it is ``None``, or the name differs, what to tell."""

    unit: Unit | None
    message: str = ""
    hint: str = ""
    in_doubt: bool = False
    """Whether the name has other marks than the unit's: it may be that of another place."""


class Units:
    """All units of a registry, to be found by id or by name."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.by_id: Mapping[str, Unit] = {unit.unit_id: unit for unit in units if unit.unit_id}
        self.folded: Mapping[str, Unit] = {name.casefold(): unit for name, unit in self.by_id.items()}
        names: dict[str, list[Unit]] = {}
        for unit in units:
            names.setdefault(key(unit.name), []).append(unit)
        self._names: Mapping[str, Sequence[Unit]] = names
        self._ids: Mapping[str, Sequence[Unit]] = {key(name): [unit] for name, unit in self.by_id.items()}
        self._searches = 0
        self.nearest = lru_cache(maxsize=1000)(self._nearest)

    def named(self, name: str) -> tuple[Unit, ...]:
        """The units of this name, or with this id; those of the very name before those of other marks."""
        if unit := self.by_id.get(name):
            return (unit,)
        found = self._names.get(key(name), [])
        for form in (str, _spelling):
            if same := [unit for unit in found if form(unit.name) == form(name)]:
                return tuple(same)
        return tuple(found)

    def choose(self, name: str, within: str = "") -> Choice:
        """The unit that a list calls `name`; `within` names the section or the agency that it stands in."""
        found, outer = self.named(name), self.named(within) if within and within != name else ()
        if not found:
            return Choice(None, f"there is no unit {name!r}", self.nearest(name))
        if outer:
            if not (inner := tuple(unit for unit in found if self._is_in(unit, outer))):
                message = f"{name!r} ({found[0].unit_id}) is no part of {within!r}"
                return Choice(None, message, "correct the unit, or the section, title or agency above it")
            found = inner
        elif within and within != name and any(unit.parent_id for unit in found):
            message = f"{name!r} stands under {within!r}, which is no unit"
            return Choice(None, message, self.nearest(within))
        if len(found) > 1:
            ids = ", ".join(unit.unit_id for unit in found[:5])
            return Choice(
                None, f"{len(found)} units are called {name!r}: {ids}", "write the unit's id instead"
            )
        wanted, unit = (within, outer[0]) if outer and self._differs(within, outer[0]) else (name, found[0])
        if wanted in (unit.unit_id, unit.name):
            return Choice(found[0])
        return Choice(
            found[0],
            f"{wanted!r} is read as {unit.name!r}",
            "names are compared without case and signs",
            in_doubt=self._differs(wanted, unit),
        )

    def _differs(self, name: str, unit: Unit) -> bool:
        """Whether `name` has other marks than the unit's, whose id it is not."""
        return name != unit.unit_id and _spelling(name) != _spelling(unit.name)

    def _is_in(self, unit: Unit, outer: Sequence[Unit]) -> bool:
        """Whether `unit` is one of these, or below one."""
        above, seen = {unit.unit_id for unit in outer}, set[str]()
        unit_id = unit.unit_id
        while unit_id and unit_id not in seen:
            if unit_id in above:
                return True
            seen.add(unit_id)
            unit_id = self.by_id[unit_id].parent_id if unit_id in self.by_id else ""
        return False

    def _nearest(self, name: str) -> str:
        """The hint about an unknown name or id: the nearest known one."""
        self._searches += 1
        if self._searches > _SEARCHES:  # a list of some other province names hardly any unit that is known
            return "add the unit, or correct the name"
        for known in (self._names, self._ids):
            if close := difflib.get_close_matches(key(name), known, n=1, cutoff=0.6):
                unit = known[close[0]][0]
                return f"did you mean {unit.name if known is self._names else unit.unit_id!r}?"
        return "add the unit, or correct the name"


def _spelling(name: str) -> str:
    """`name` but for case, signs and the place of a tone mark: «Hoà» is «Hòa», and not «Hoa»."""
    words = []
    for word in re.findall(r"\w+", unicodedata.normalize("NFC", name).casefold()):
        letters = unicodedata.normalize("NFD", word)
        tones = [sign for sign in letters if sign in _TONES]
        words.append("".join([sign for sign in letters if sign not in _TONES] + tones))
    return " ".join(words)
