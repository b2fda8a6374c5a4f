"""What `scripts/bench lifecycle` measures, in a process of its own that has nothing else in memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from congvu import policy as policies
from congvu.directory.connection import Directory
from congvu.lifecycle.desk import Desk
from congvu.lifecycle.night import look
from congvu.sync import settings as sync_settings
from tests.bench.measured.sync import measure

DAY = date(2027, 4, 20)
"""The day that the run takes it to be."""


def night(path: Path) -> float:
    """A night's run, as the timer's, the audit log included."""
    settings = sync_settings.read(path)
    began = time.monotonic()
    rules = {name: policies.load(domain.policy) for name, domain in settings.domains.items()}
    with Directory.as_service(settings.directory) as directory:
        found, brakes = look(directory, settings.directory.base, rules, DAY).braked(rules)
    for brake in brakes:
        raise brake
    applied = Desk(settings, "bench").carry_out(found.operations)
    seconds = time.monotonic() - began
    if applied.failures or not applied.written:
        raise SystemExit(f"{len(applied.written)} done, {applied.failures[:3]}")
    return seconds


OURS: Mapping[str, Callable[[Path], float]] = {"night": night}


if __name__ == "__main__":
    measure(OURS[sys.argv[1]], Path(sys.argv[2]))
