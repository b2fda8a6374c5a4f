"""What one run of the sync may change at once. No regulation says it: a wrong list must hurt nobody."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Threshold:
    """More than this in one run is a brake: refused when both are passed, unless a person allows it."""

    most: int | None = None
    """So many accounts are fine, whatever their share is; 0: each one asks for a person."""
    percent: int | None = None
    """So large a share of the accounts in use is fine, whatever their number is; from 0 to 100."""

    def __post_init__(self) -> None:
        if self.percent is not None and self.percent > 100:
            raise ValueError(f"percent: {self.percent} is more than 100")


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
    absent_runs: int | None = None
    """Runs in a row without a row after which the holder counts as gone; 1 to 30."""
    quarantine: bool | None = None
    """Rows that cannot be taken are set aside and the rest goes on; else one such row refuses the run."""

    def __post_init__(self) -> None:
        if self.absent_runs is not None and not 1 <= self.absent_runs <= 30:
            raise ValueError(f"absent_runs: {self.absent_runs} is not between 1 and 30")
