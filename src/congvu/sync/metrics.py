"""Figures of the last run for node_exporter's textfile collector, in Prometheus' text format.

All are gauges: the file says how the last run went. docs/audit.md lists them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from congvu.directory.model import Snapshot
from congvu.directory.operations import Operation
from congvu.files import write_whole
from congvu.sync.job import Brake, Status

if TYPE_CHECKING:
    from congvu.directory.apply import Applied
    from congvu.sync.prepare import Prepared

_MODE = 0o644  # node_exporter reads it
HELP = {
    "congvu_sync_last_run_timestamp_seconds": "When the last run ended.",
    "congvu_sync_last_success_timestamp_seconds": "When a run last went through, even if some was refused.",
    "congvu_sync_status": "Exit status of the last run: 0 done, 1 some in doubt, 2 refused, 3 failed.",
    "congvu_sync_duration_seconds": "How long the last run took.",
    "congvu_sync_operations": "Operations that the last run did.",
    "congvu_sync_refused_operations": "Operations that the directory refused in the last run.",
    "congvu_sync_brakes": "Brakes that refused the last run.",
    "congvu_sync_accounts": "Accounts after the last run that looked.",
}
"""Every metric, and what it says."""
_CARRIED = ("congvu_sync_last_success_timestamp_seconds", "congvu_sync_accounts")

Accounts = Mapping[tuple[str, str, str], int]
"""How many, by mail domain, kind and state."""
_Values = Mapping[tuple[tuple[str, str], ...], float]


@dataclass(frozen=True, slots=True)
class Run:
    """What is told of a run."""

    status: Status
    ended: datetime
    """With its time zone."""
    seconds: float
    done: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Operations by mail domain and event, see `by_event`."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Operations that the directory refused, by mail domain."""
    brakes: tuple[Brake, ...] = ()
    accounts: Accounts | None = None
    """None when the run did not look; the figures of the run before are kept then."""


class Meter:
    """Tells how one run went, once, where the settings name a file for it."""

    def __init__(self, path: Path | None) -> None:
        """The run begins now."""
        self._path = path
        self._began = time.monotonic()

    def tell(self, status: Status, prepared: Prepared | None = None, applied: Applied | None = None) -> None:
        """Write the file, unless it is written. Raises `SystemFailure`."""
        path, self._path = self._path, None
        if path is None:
            return
        done = applied.written if applied else ()
        write(
            path,
            Run(
                status,
                ended=datetime.now(UTC),
                seconds=time.monotonic() - self._began,
                done=by_event(done),
                refused=Counter(operation.domain for operation, _ in applied.failures) if applied else {},
                brakes=prepared.brakes if prepared else (),
                accounts=accounts(prepared.found, done) if prepared else None,
            ),
        )


def by_event(operations: Iterable[Operation]) -> Mapping[tuple[str, str], int]:
    """How many of `operations` there are of each mail domain and event."""
    return Counter((operation.domain, operation.reason.event.value) for operation in operations)


def accounts(found: Snapshot, done: Iterable[Operation]) -> Accounts:
    """How many accounts there are, from what was read before a run and what the run did."""
    entries = {entry.dn: entry for entry in found.entries.values() if entry.managed}
    states = {dn: entry.state.value for dn, entry in entries.items()}
    for operation in done:
        if operation.entry.managed:
            entries[operation.dn] = operation.entry
            states[operation.dn] = operation.entry.state.value
            for change in getattr(operation, "changes", ()):
                if change.attribute == "congvuState":
                    states[operation.dn] = change.after[0].lower()
    return Counter((_domain(dn), entry.kind, states[dn]) for dn, entry in entries.items())


def write(path: Path, run: Run) -> None:
    """Replace the file at once. Raises `SystemFailure`."""
    write_whole(path, "".join(_text(run, _before(path))), _MODE)


def _text(run: Run, before: Mapping[str, list[str]]) -> Iterator[str]:
    success: _Values | None = {(): run.ended.timestamp()} if run.status <= Status.PENDING else None
    values: dict[str, _Values | None] = {
        "congvu_sync_last_run_timestamp_seconds": {(): run.ended.timestamp()},
        "congvu_sync_last_success_timestamp_seconds": success,
        "congvu_sync_status": {(): int(run.status)},
        "congvu_sync_duration_seconds": {(): run.seconds},
        "congvu_sync_operations": {
            (("domain", domain), ("event", event)): count for (domain, event), count in run.done.items()
        },
        "congvu_sync_refused_operations": {(("domain", name),): count for name, count in run.refused.items()},
        "congvu_sync_brakes": Counter(
            (("code", brake.code), ("domain", brake.domain)) for brake in run.brakes
        ),
        "congvu_sync_accounts": None
        if run.accounts is None
        else {
            (("domain", domain), ("kind", kind), ("state", state)): count
            for (domain, kind, state), count in run.accounts.items()
        },
    }
    for name, found in values.items():
        lines = before[name] if found is None else [_line(name, *one) for one in sorted(found.items())]
        if lines:
            yield f"# HELP {name} {HELP[name]}\n# TYPE {name} gauge\n"
            yield from lines


def _line(name: str, labels: tuple[tuple[str, str], ...], value: float) -> str:
    told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
    return f"{name}{{{told}}} {value:.15g}\n" if told else f"{name} {value:.15g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _before(path: Path) -> Mapping[str, list[str]]:
    """The lines of the file as it is that are carried over; none where it cannot be read."""
    kept: dict[str, list[str]] = {name: [] for name in _CARRIED}
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError):
        return kept
    for line in lines:
        for name in _CARRIED:
            if line.startswith((f"{name} ", f"{name}{{")) and line.endswith("\n"):
                kept[name].append(line)
    return kept


def _domain(dn: str) -> str:
    """The mail domain of an account of ours, whose DN ends in ``dc=lamdong,dc=gov,dc=vn``."""
    parts = (part.strip() for part in dn.split(","))
    return ".".join(part[3:] for part in parts if part.lower().startswith("dc=")).lower()
