"""That a unit's mailbox was handed over by hand, as the unit's entry has it (pure).

The registry's word about the head counts again once it is another one than on that day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Self

from congvu.directory.model import Entry

ATTRIBUTE = "congvuHandover"
_FORM = re.compile(r"([0-9]{8}) (.+) \| (.+)")
_NOBODY = "-"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A value of ``congvuHandover``."""

    day: date
    document: str
    """Number of the document that ordered it."""
    said: str
    """Staff id of the head whom the registry named on that day; empty: nobody."""

    @classmethod
    def of(cls, unit: Entry) -> Self | None:
        """What stands on a unit's entry; None: nothing, or nothing that can be read."""
        match = _FORM.fullmatch(unit.value(ATTRIBUTE))
        if match is None:
            return None
        day, document, said = match.groups()
        try:
            return cls(date.fromisoformat(day), document, "" if said == _NOBODY else said)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.day:%Y%m%d} {' '.join(self.document.split()) or _NOBODY} | {self.said or _NOBODY}"


def head_id(unit: Entry) -> str:
    """Staff id of the head that the entry names; empty: nobody."""
    return unit.value("congvuHead").partition(",")[0].partition("=")[2]
