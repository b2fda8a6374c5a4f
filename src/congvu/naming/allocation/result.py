"""What an allocation gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from congvu.naming.ledger import Holding
from congvu.policy.model import Kind

AGREED = "agreed"
"""The rule of an address that was agreed on or imported, not formed."""


class How(StrEnum):
    """What happened to a holder's address."""

    NEW = "new"
    KEPT = "kept"
    CHANGED = "changed"
    """A new primary address; the one before is an alias now."""
    RETURNED = "returned"
    """The holder had left and has the old address again (LD-7.2d)."""


class Issued(NamedTuple):
    """What one person or unit holds from now on. A tuple, like `Holding`."""

    holding: Holding
    how: How
    rule: str
    """The rung that gave the address; `AGREED` for an override; empty for an address that was kept."""

    @property
    def local_part(self) -> str:
        """The primary address, left of the ``@``."""
        return self.holding.local_part


class ProblemCode(StrEnum):
    """Kinds of problems, stable for programs."""

    LETTER = "letter"
    """A letter that has no spelling in ASCII, or a name without letters."""
    NEEDS_NAME_SPLIT = "needs_name_split"
    """The name has several readings; the registry must say which."""
    NEEDS_AGREEMENT = "needs_agreement"
    """The rule's address is too long or taken: the unit and the operator agree on one (LD-5.1b)."""
    TAKEN = "taken"
    """Every rung's address is held by somebody else."""
    INVALID = "invalid"
    """Not a local part, too long, or a domain that is not below the mail domain."""
    MISSING = "missing"
    """The rule needs something that the registry does not say."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why somebody has no address, or what a person should settle, and how."""

    kind: Kind
    id: str
    code: ProblemCode
    message: str
    hint: str
    proposals: tuple[str, ...] = ()
    """Local parts that are free and would do."""

    def __str__(self) -> str:
        proposals = f"; free: {', '.join(self.proposals)}" if self.proposals else ""
        return f"{self.message} ({self.hint}{proposals})"


@dataclass(frozen=True, slots=True)
class Allocation:
    """Everybody's holding by registry id, and what is left to settle.

    Who has a problem may hold an address all the same: one that was issued stays.
    """

    units: Mapping[str, Issued]
    people: Mapping[str, Issued]
    problems: tuple[Problem, ...]
