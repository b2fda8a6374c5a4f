"""What one run of the sync may change at once. No regulation says it: a wrong list must hurt nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from congvu.strictyaml import Between


@dataclass(frozen=True, slots=True)
class Threshold:
    """More than this in one run is a brake: refused when both are passed, unless a person allows it."""

    most: Annotated[int, Between(0, 1_000_000)] | None = None
    """So many accounts are fine, whatever their share is; 0: each one asks for a person."""
    percent: Annotated[int, Between(0, 100)] | None = None
    """So large a share of the accounts in use is fine, whatever their number is."""


@dataclass(frozen=True, slots=True)
class Sync:
    """When a run is refused, and when somebody without a row counts as gone."""

    leavers: Threshold = Threshold()
    """Accounts that end, of those in use in the mail domain."""
    unit_leavers: Threshold = Threshold()
    """Accounts that end, of those in use in one unit."""
    joins: Threshold = Threshold()
    """New accounts, measured by those in use in the mail domain."""
    changes: Threshold = Threshold()
    """Accounts that change and stay, of those in use in the mail domain."""
    unit_changes: Threshold = Threshold()
    """Accounts that change and stay, of those in use in one unit."""
    absent_runs: Annotated[int, Between(1, 30, "0 would end accounts that have a row")] | None = None
    """Runs in a row without a row after which the holder counts as gone."""
    quarantine: bool | None = None
    """Rows that cannot be taken are set aside and the rest goes on; else one such row refuses the run."""
