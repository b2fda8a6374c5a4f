"""One run: look whether anything has moved, prepare, stop at a brake, write, and remember.

Everything is read and checked in all domains before the first write, and every operation is in the audit log
before it is sent. A run that is cut off anywhere is completed by the next one. docs/sync.md describes it.

Most runs find that nothing has moved. So `congvu.sync.work` is imported only when there is some: templates,
charsets and workbooks take longer to import than such a run takes.
"""

from __future__ import annotations

import secrets
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from congvu.directory.connection import Directory
from congvu.errors import CongvuError, SystemFailure
from congvu.sync import memory
from congvu.sync.job import Order, Outcome, Progress, Status
from congvu.sync.lock import only_one
from congvu.sync.look import look, read
from congvu.sync.memory import Memory
from congvu.sync.metrics import Meter

if TYPE_CHECKING:
    from congvu.sync.planfile import SavedPlan


def preview(order: Order) -> Outcome:
    """What a run would do. Reads, writes nothing, and needs no lock.

    Raises `InputError` for inputs that are wrong, `DirectoryFailure`.
    """
    run_id = _new_id()
    kept = memory.read(order.settings.state)
    inputs = read(order, kept)
    with Directory.as_service(order.settings.directory) as directory:
        ground = look(order, directory, kept, inputs)
        if ground.quick:
            return Outcome(Status.FINE, run_id, quick=True)
        from congvu.sync import work  # noqa: PLC0415  (see above)

        return work.preview(order, directory, ground, run_id)


def carry_out(
    order: Order,
    progress: Progress | None = None,
    *,
    stop: threading.Event | None = None,
    saved: SavedPlan | None = None,
) -> Outcome:
    """Do what `preview` shows; with `saved`, only if that is still what it says.

    `stop` ends it between two operations. Raises as `preview`, and `SystemFailure` when another run is at
    work, when the audit log cannot be written, or when the directory fails for good: the next run goes on.
    """
    with only_one(order.settings.state, order.author):
        return _Run(order, progress or (lambda *_: None), stop or threading.Event(), saved).carry_out()


class _Run:
    """One run under the lock."""

    def __init__(
        self, order: Order, progress: Progress, stop: threading.Event, saved: SavedPlan | None
    ) -> None:
        self._order, self._settings = order, order.settings
        self._progress, self._stop, self._saved = progress, stop, saved
        self._servers = self._settings.directory
        self._id = _new_id()
        self._meter = Meter(self._settings.metrics)

    def carry_out(self) -> Outcome:
        """The whole run; whatever its end is, it stands in the metrics."""
        try:
            return self._carry_out(memory.read(self._settings.state))
        except CongvuError as fault:
            with suppress(SystemFailure):  # the first failure is the one to tell
                self._meter.tell(Status(fault.exit_code))
            raise

    def _carry_out(self, kept: Memory) -> Outcome:
        inputs = read(self._order, kept)
        with self._directory() as directory:
            ground = look(self._order, directory, kept, inputs)
            if ground.quick:
                if kept.seen != ground.seen:
                    replace(kept, seen=ground.seen).write(self._settings.state)
                self._meter.tell(Status.FINE)
                return Outcome(Status.FINE, self._id, quick=True)
            from congvu.sync.work import Work  # noqa: PLC0415  (see above)

            work = Work(
                order=self._order,
                run_id=self._id,
                connect=self._directory,
                progress=self._progress,
                stop=self._stop,
                saved=self._saved,
                meter=self._meter,
            )
            prepared = work.prepare(directory, ground)
        return work.carry_out(ground, prepared)

    def _directory(self) -> Directory:
        """A connection, to the server of the one before where that still answers: others may lag."""
        directory = Directory.as_service(self._servers)
        self._servers = self._servers.preferring(directory.provider)
        return directory


def _new_id() -> str:
    """Names a run: sorts by time, and is not given twice."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
