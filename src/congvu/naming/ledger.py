"""What was issued, to whom, and what it was formed from. An address in it never changes by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Alias:
    """A second address of somebody."""

    local_part: str
    until: date | None = None
    """Last day of delivery; None: for as long as the holder has a mailbox."""


class Holding(NamedTuple):
    """What one person or unit holds. A tuple, for there is one per person and tuples are cheap to make."""

    local_part: str
    """The primary address."""
    issued_for: str = ""
    """The `basis` of the primary address; empty when it is not known (an imported address)."""
    aliases: tuple[Alias, ...] = ()
    former: tuple[str, ...] = ()
    """Held once, delivers no more, goes to nobody else: tombstones."""
    gone: bool = False
    """Whether the holder left; all of the above are tombstones then."""

    @property
    def every(self) -> tuple[str, ...]:
        """All local parts that are this holder's for ever."""
        return (self.local_part, *(alias.local_part for alias in self.aliases), *self.former)


@dataclass(frozen=True, slots=True)
class Ledger:
    """One mail domain's holdings, by registry id."""

    units: Mapping[str, Holding] = field(default_factory=dict)
    people: Mapping[str, Holding] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    """Local parts that somebody outside the registry holds, and who."""


def basis(parts: Sequence[str]) -> str:
    """What an address is formed from, in one line for the ledger: parts as written, joined by ``|``.

    Written, not folded: when our folding is mended one day, no address may move because of it.
    """
    joined = "|".join(parts)
    if joined.count("|") == len(parts) - 1:
        return joined
    return "|".join(part.replace("|", " ") for part in parts)


def parts(of_basis: str) -> list[str]:
    """The parts that `basis` joined."""
    return of_basis.split("|")
