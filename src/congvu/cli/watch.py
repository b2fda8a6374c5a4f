"""What a running deployment tells a person: the role at work."""

from __future__ import annotations

from dataclasses import dataclass

from congvu.cli.progress import Step
from congvu.fleet.deploy import Event


@dataclass(slots=True)
class RoleWatcher:
    """Notes each role once as it begins; a line for each task would flood a log."""

    step: Step
    _last: str = ""

    def __call__(self, event: Event) -> None:
        """Take one event of the run."""
        now = str(event.data.get("role") or event.data.get("name") or self._last)
        if event.kind in ("play", "task") and now != self._last:
            self._last = now
            self.step.note(now)
