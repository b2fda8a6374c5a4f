"""A run's order and its outcome, in types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import TYPE_CHECKING

from congvu.directory.operations import DomainPlan, Operation
from congvu.sync.settings import Settings

if TYPE_CHECKING:  # a run that finds nothing moved has no doubts
    from congvu.sync.gathered import Doubt

CODES: Mapping[str, str] = {
    "leavers": "too many accounts of a mail domain would end, or have no row any more",
    "unit-leavers": "too many accounts of one unit would end, or have no row any more",
    "joins": "too many new accounts in a mail domain",
    "changes": "too many accounts of a mail domain would change",
    "unit-changes": "too many accounts of one unit would change",
    "domain": "a mail domain with accounts has no rows, or is no longer in the settings",
    "unit": "a unit and its people have vanished from the list, or units have swapped names",
    "person": "a mailbox would go to another person under the same id",
    "directory": "it is not the directory of the last run, or it has lost accounts or changes",
}
"""What can be overridden with ``--allow``, and why it stops a run."""


Progress = Callable[[str, int, int], None]
"""Called after each operation with what it is about, how many are answered, and of how many."""


class Status(IntEnum):
    """Exit status of a run."""

    FINE = 0
    """Nothing to do, or done."""
    PENDING = 1
    """Changes pending (plan), or some rows refused or in doubt."""
    REFUSED = 2
    """Bad input or a brake; nothing was written."""
    FAILED = 3
    """A system failed; the next run goes on."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a run. Raises ``ValueError`` where brakes are overridden without a reason."""

    settings: Settings
    today: date
    author: str
    """Who runs it, for the audit log."""
    domains: frozenset[str] = frozenset()
    """Only these mail domains are written; none named: all."""
    units: frozenset[str] = frozenset()
    """Only these units and their people are written; none named: all."""
    allow: frozenset[str] = frozenset()
    """Codes of the brakes that are overridden in this run."""
    reason: str = ""
    """Why they are; never empty with `allow`."""
    verify: bool = False
    """Compare all, even where nothing seems to have moved."""

    def __post_init__(self) -> None:
        if bool(self.allow) != bool(self.reason.strip()):
            raise ValueError("a brake is overridden with a reason, and a reason overrides a brake")

    @property
    def whole(self) -> bool:
        """Whether all is written, not only some domains or units."""
        return not self.domains and not self.units


@dataclass(frozen=True, slots=True)
class Brake:
    """A reason why the whole run is refused, which a person may override for one run."""

    code: str
    """For ``--allow``: ``leavers``, ``unit-leavers``, ``changes``, ``unit-changes``, ``joins`` …"""
    domain: str
    """Empty where it concerns the whole directory."""
    message: str
    """What is wrong, with numbers and names."""
    hint: str
    """What to do."""

    def __str__(self) -> str:
        where = f"{self.domain}: " if self.domain else ""
        return f"{where}{self.message} ({self.hint}; --allow {self.code} --reason … overrides it for one run)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found and did."""

    status: Status
    run_id: str
    plans: tuple[DomainPlan, ...] = ()
    """What is to be done in the domains and units asked for."""
    brakes: tuple[Brake, ...] = ()
    """Those that stopped the run."""
    overridden: tuple[Brake, ...] = ()
    """Those that a person allowed."""
    findings: tuple[str, ...] = ()
    """Of the inputs: warnings, rows set aside; what concerns one plan stands in it."""
    doubts: tuple[Doubt, ...] = ()
    """Rows of which only a person can say who they are about."""
    done: tuple[Operation, ...] = ()
    """Operations that the directory has carried out."""
    failures: tuple[str, ...] = ()
    """Operations that the directory refused, with DN and what to do."""
    left: int = 0
    """Operations that were not sent because the run was stopped, or that hang on one that was refused."""
    sheets: tuple[str, ...] = ()
    """Where the initial passwords are that were handed over."""
    passwords: int = 0
    """How many there are."""
    without_password: int = 0
    """People whose initial password comes in a later run."""
    quick: bool = False
    """Whether nothing was compared: neither the files nor the directory have moved since the last run."""
