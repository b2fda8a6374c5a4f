"""A row whose values come from more than one place."""

from __future__ import annotations

from dataclasses import dataclass

from congvu.registry.places import Place


@dataclass(frozen=True, slots=True)
class Amended(Place):
    """The place of a row, and what was put over its values from where: plan and audit log show it all."""

    notes: tuple[str, ...] = ()
    """``phone: so.csv:7``, ``position: overrides.yml:3 (Trần Thị B: the office's letter)``."""

    def __str__(self) -> str:
        return f"{Place.__str__(self)}, with {'; '.join(self.notes)}"


def amended(place: Place, *notes: str) -> Amended:
    """`place` with `notes` besides those it has."""
    earlier = place.notes if isinstance(place, Amended) else ()
    return Amended(place.source, place.row, place.sheet, place.column, (*earlier, *notes))
