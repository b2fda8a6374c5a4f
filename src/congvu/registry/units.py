"""Units: made from their rows, and found again by id or by the name that a staff list uses."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache

from congvu.registry import values
from congvu.registry.cells import Cells, Reading
from congvu.registry.headings import Field
from congvu.registry.model import OrgType, Unit
from congvu.registry.problems import Code, Problems
from congvu.registry.seen import Seen
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


class UnitRows:
    """The units of one table, as they are read."""

    def __init__(
        self, table: Table, reading: Reading, problems: Problems, seen: Seen, *, complete: bool
    ) -> None:
        """`complete`: the rows are for a sync, which needs ids and dates."""
        self._table, self._problems, self._seen, self._complete = table, problems, seen, complete
        self._cells = Cells(table, reading, problems)
        self.parent_names: dict[str, str] = {}
        """Names of parents that a table gives instead of their ids, by unit id."""

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
            self.parent_names[unit_id] = parent_name
        strict = self._table.ours
        return Unit(
            place=row.place,
            unit_id=unit_id,
            name=cells.required(Field.NAME),
            kind=cells.required(Field.KIND) if strict else cells.optional(Field.KIND) or "unit",
            parent_id=cells.optional(Field.PARENT_ID),
            address=cells.optional(Field.ADDRESS),
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
        )

    def _registered_on(self) -> date:
        found = self._cells.date(Field.REGISTERED_ON)
        if found is None and self._complete and not self._cells.optional(Field.REGISTERED_ON):
            self._cells.required(Field.REGISTERED_ON)
        return found or date.max


class Units:
    """All units of a registry, to be found by id or by name."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.by_id: Mapping[str, Unit] = {unit.unit_id: unit for unit in units if unit.unit_id}
        self.folded: Mapping[str, Unit] = {name.casefold(): unit for name, unit in self.by_id.items()}
        names: dict[str, list[Unit]] = {}
        for unit in units:
            names.setdefault(key(unit.name), []).append(unit)
        self._names = names
        self.nearest = lru_cache(maxsize=1000)(self._nearest)

    def named(self, name: str, within: str = "") -> tuple[Unit, ...]:
        """The units of this name, or with this id. `within` names the unit above, where several share one."""
        if unit := self.by_id.get(name):
            return (unit,)
        found = self._names.get(key(name), [])
        above = {unit.unit_id for unit in self._names.get(key(within), [])} if within else set()
        inner = [unit for unit in found if unit.parent_id in above]
        return tuple(inner or found)

    def _nearest(self, name: str) -> str:
        """The hint about an unknown name or id: the nearest known one."""
        close = difflib.get_close_matches(key(name), self._names, n=1, cutoff=0.6)
        if close:
            return f"did you mean {self._names[close[0]][0].name!r}?"
        return "add the unit, or correct the name"

    def check(self, problems: Problems) -> None:
        """Every parent exists, and nobody is their own ancestor."""
        for unit in self.by_id.values():
            if unit.parent_id and unit.parent_id not in self.by_id:
                problems.error(
                    unit.place,
                    "parent_id",
                    Code.UNIT,
                    f"there is no unit {unit.parent_id!r}",
                    "add the unit, or correct the id",
                )
            elif self._in_a_circle(unit):
                problems.error(
                    unit.place,
                    "parent_id",
                    Code.CIRCLE,
                    f"{unit.unit_id!r} is its own ancestor",
                    "correct the parent",
                )

    def _in_a_circle(self, unit: Unit) -> bool:
        seen: set[str] = set()
        above = unit.parent_id
        while above in self.by_id and above not in seen:
            if above == unit.unit_id:
                return True
            seen.add(above)
            above = self.by_id[above].parent_id
        return False
