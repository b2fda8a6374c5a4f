"""One namespace per mail domain.

People, units, aliases, lists, reserved names, tombstones and the names of communes, present and
abolished, are taken from one another: 200,000 generated names gave somebody ``dongha``, which is a city.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_SEPARATORS = str.maketrans("", "", "._-")


def key(local_part: str) -> str:
    """What two local parts must differ in: letters and digits, without case.

    ``nguyen.an`` and ``nguyenan`` differ for Postfix, and hardly for who hears them: they clash (choice).
    """
    lower = local_part.lower()
    if lower.isalnum():
        return local_part if lower == local_part else lower  # a ledger has a hundred thousand: no copies
    return lower.translate(_SEPARATORS)


class Namespace:
    """Who holds which local part. Grows while addresses are issued, and never gives one up."""

    __slots__ = ("_for_units", "_holders")

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._holders = {key(name): "a reserved name" for name in reserved}
        self._for_units: Mapping[str, str] = {}

    def keep_for_units(self, local_parts: Mapping[str, str]) -> None:
        """Never give `local_parts` to people; each without separators, with the reason for messages."""
        self._for_units = local_parts

    def holder(self, local_part: str, *, unit: bool = False) -> str | None:
        """Who holds `local_part`, or one that differs only by ``.``, ``_``, ``-``; None when it is free.

        For a `unit`, what is kept for units is free.
        """
        wanted = key(local_part)
        return self._holders.get(wanted) or (None if unit else self._for_units.get(wanted))

    def claim(self, local_part: str, holder: str, *, unit: bool = False) -> bool:
        """Give `local_part` to `holder`; False when somebody else has it."""
        wanted = key(local_part)
        if not unit and wanted in self._for_units and self._holders.get(wanted) != holder:
            return False
        return self._holders.setdefault(wanted, holder) == holder
