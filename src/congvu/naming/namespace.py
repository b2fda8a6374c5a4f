"""One namespace per mail domain: people, units, aliases, reserved names and tombstones together."""

from __future__ import annotations

from collections.abc import Iterable

_SEPARATORS = str.maketrans("", "", "._-")


def key(local_part: str) -> str:
    """What two local parts must differ in: letters and digits, without case.

    ``nguyen.an`` and ``nguyenan`` differ for Postfix, and hardly for who hears them: they clash (choice).
    """
    return local_part.casefold().translate(_SEPARATORS)


class Namespace:
    """Who holds which local part. Grows while addresses are issued, and never gives one up."""

    __slots__ = ("_holders",)

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._holders = {key(name): "a reserved name" for name in reserved}

    def holder(self, local_part: str) -> str | None:
        """Who holds `local_part`, or one that differs only by ``.``, ``_``, ``-``; None when it is free."""
        return self._holders.get(key(local_part))

    def claim(self, local_part: str, holder: str) -> bool:
        """Give `local_part` to `holder`; False when somebody else has it."""
        return self._holders.setdefault(key(local_part), holder) == holder
