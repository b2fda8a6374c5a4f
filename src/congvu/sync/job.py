"""A run's order and its outcome, in types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from congvu.directory.operations import DomainPlan
from congvu.sync.settings import Settings


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
    """What is asked of a run."""

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


@dataclass(frozen=True, slots=True)
class Brake:
    """A reason why the whole run is refused, which a person may override for one run."""

    code: str
    """For ``--allow``: ``leavers``, ``unit-leavers``, ``changes``, ``unit-changes``, ``joins`` …"""
    domain: str
    message: str
    """What is wrong, with numbers and names."""
    hint: str
    """What to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found and did."""

    status: Status
    run_id: str
    plans: tuple[DomainPlan, ...] = ()
    brakes: tuple[Brake, ...] = ()
    findings: tuple[str, ...] = ()
    """Of the inputs: warnings, rows set aside, doubts about who is who."""
    written: int = 0
    """Operations that the directory answered."""
    failures: tuple[str, ...] = ()
    """Operations that the directory refused, with DN and what to do."""
    quick: bool = False
    """Whether nothing was read: neither the files nor the directory have moved since the last run."""
