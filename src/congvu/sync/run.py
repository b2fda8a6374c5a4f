"""One run: look whether anything has moved, prepare, stop at a brake, write, and remember.

Everything is read and checked in all domains before the first write, and every operation is in the audit log
before it is sent. A run that is cut off anywhere is completed by the next one. docs/sync.md describes it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from congvu.directory.apply import Applied, Applier, GaveUp
from congvu.directory.connection import Directory
from congvu.directory.operations import Operation
from congvu.errors import CongvuError, InputError, SystemFailure
from congvu.policy.model import Policy
from congvu.sync import feed, memory, metrics, quarantine
from congvu.sync.audit import AuditLog, Beginning
from congvu.sync.handover import EncryptedFile, hand_over
from congvu.sync.job import Order, Outcome, Status
from congvu.sync.lock import only_one
from congvu.sync.memory import Memory
from congvu.sync.planfile import SavedPlan
from congvu.sync.prepare import Ground, Prepared, look, prepare, read, settle

Progress = Callable[[str, int, int], None]
"""Called after each operation with what it is about, how many are answered, and of how many."""


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
        prepared = prepare(order, directory, ground)
    return _seen(prepared, run_id)


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
        self._began = time.monotonic()
        self._id = _new_id()
        self._measured = False

    def carry_out(self) -> Outcome:
        """The whole run; whatever its end is, it stands in the metrics."""
        try:
            return self._carry_out(memory.read(self._settings.state))
        except CongvuError as fault:
            with suppress(SystemFailure):  # the first failure is the one to tell
                self._measure(Status(fault.exit_code))
            raise

    def _carry_out(self, kept: Memory) -> Outcome:
        inputs = read(self._order, kept)
        with self._directory() as directory:
            ground = look(self._order, directory, kept, inputs)
            if ground.quick:
                if kept.seen != ground.seen:
                    replace(kept, seen=ground.seen).write(self._settings.state)
                self._measure(Status.FINE)
                return Outcome(Status.FINE, self._id, quick=True)
            prepared = prepare(self._order, directory, ground)
        if self._saved:
            self._saved.compare(prepared.operations, prepared.found)
        with AuditLog(self._settings.audit_folder, self._id, self._order.author, self._order.reason) as audit:
            audit.begin(self._beginning(ground, prepared), prepared.found)
            quarantine.write(self._settings, prepared.gathered)
            if prepared.brakes:
                audit.refused(prepared.brakes)
                audit.end(Status.REFUSED, {})
                self._measure(Status.REFUSED, prepared)
                return _seen(prepared, self._id)
            return self._write(audit, ground, prepared)

    def _directory(self) -> Directory:
        """A connection, to the server of the one before where that still answers: others may lag."""
        directory = Directory.as_service(self._servers)
        self._servers = self._servers.preferring(directory.provider)
        return directory

    def _beginning(self, ground: Ground, prepared: Prepared) -> Beginning:
        return Beginning(
            input_digest=ground.inputs.digest,
            provider=ground.provider,
            base_uuid=ground.seen.base_uuid,
            allowed=frozenset(brake.code for brake in prepared.overridden),
            operations=len(prepared.operations),
            limits={
                name: sorted(names)
                for name, names in (("domains", self._order.domains), ("units", self._order.units))
                if names
            },
        )

    def _write(self, audit: AuditLog, ground: Ground, prepared: Prepared) -> Outcome:
        """Send what is planned, tell the tier above, and remember."""
        if prepared.operations:  # whatever is cut off from here on: the next run compares all
            replace(ground.memory, quiet=None).write(self._settings.state)
        applied = Applied((), (), prepared.operations)
        try:
            applied = self._apply(audit, prepared.operations)
            policies = {task.layout.domain: task.policy for task in prepared.tasks}
            feed.write(self._settings.feed, audit, policies, self._order.today)
            outcome = self._outcome(applied, prepared)
            if outcome.status is not Status.FAILED:
                outcome = self._hand_over(audit, policies, outcome)
                self._remember(ground, prepared, applied, outcome)
        except CongvuError as fault:
            if isinstance(fault, GaveUp):
                applied = fault.applied
            with suppress(SystemFailure):  # a full disk stops these, too; the first is the one to tell
                audit.end(Status.FAILED, _counts(applied))
                self._measure(Status.FAILED, prepared, applied)
            raise
        audit.end(outcome.status, _counts(applied))
        self._measure(outcome.status, prepared, applied)
        return outcome

    def _apply(self, audit: AuditLog, operations: Sequence[Operation]) -> Applied:
        count, total = 0, len(operations)

        def step(operation: Operation) -> None:
            nonlocal count
            count += 1
            self._progress(operation.domain, count, total)

        return Applier(self._directory, audit, stop=self._stop).carry_out(operations, step)

    def _outcome(self, applied: Applied, prepared: Prepared) -> Outcome:
        if self._stop.is_set() and applied.left:
            status = Status.FAILED
        elif applied.failures or prepared.waiting:
            status = Status.PENDING
        else:
            status = Status.FINE
        return replace(
            _seen(prepared, self._id),
            status=status,
            done=applied.written,
            failures=tuple(str(failure) for _, failure in applied.failures),
            left=len(applied.left),
        )

    def _hand_over(self, audit: AuditLog, policies: Mapping[str, Policy], outcome: Outcome) -> Outcome:
        """Issue initial passwords in the domains asked for, where the settings say how they go out."""
        how = self._settings.handover
        if how is None or self._order.units or self._stop.is_set():
            return outcome
        asked = {name: policies[name] for name in self._order.domains or policies}
        try:
            with self._directory() as directory:
                handed = hand_over(
                    directory,
                    audit,
                    EncryptedFile(how.certificate, how.folder),
                    base=self._settings.directory.base,
                    policies=asked,
                    now=datetime.now(UTC),
                    progress=lambda done, total: self._progress("passwords", done, total),
                )
        except InputError as fault:  # the accounts are there; their passwords wait for a person
            return replace(outcome, status=Status.PENDING, failures=(*outcome.failures, str(fault)))
        return replace(
            outcome,
            status=Status.PENDING if handed.failures else outcome.status,
            failures=(*outcome.failures, *handed.failures),
            sheets=handed.sheets,
            passwords=handed.issued,
            without_password=handed.left,
        )

    def _remember(self, ground: Ground, prepared: Prepared, applied: Applied, outcome: Outcome) -> None:
        refused = [operation for operation, _ in applied.failures]
        undone = frozenset(operation.domain for operation in (*refused, *applied.left))
        nothing_left = outcome.status is Status.FINE and not outcome.without_password
        with self._directory() as directory:
            kept = settle(self._order, directory, ground, prepared, undone=undone, nothing_left=nothing_left)
        kept.write(self._settings.state)

    def _measure(
        self, status: Status, prepared: Prepared | None = None, applied: Applied | None = None
    ) -> None:
        """Tell node_exporter how the run went, where the settings name a file for it."""
        path = self._settings.metrics
        if path is None or self._measured:
            return
        self._measured = True
        done = applied.written if applied else ()
        metrics.write(
            path,
            metrics.Run(
                status,
                ended=datetime.now(UTC),
                seconds=time.monotonic() - self._began,
                done=metrics.by_event(done),
                refused=Counter(operation.domain for operation, _ in applied.failures) if applied else {},
                brakes=prepared.brakes if prepared else (),
                accounts=metrics.accounts(prepared.found, done) if prepared else None,
            ),
        )


def _seen(prepared: Prepared, run_id: str) -> Outcome:
    """What is known before anything is written."""
    pending = any(plan.operations for plan in prepared.plans) or prepared.waiting
    status = Status.REFUSED if prepared.brakes else Status.PENDING if pending else Status.FINE
    return Outcome(
        status,
        run_id,
        plans=prepared.plans,
        brakes=prepared.brakes,
        overridden=prepared.overridden,
        findings=prepared.gathered.findings,
        doubts=prepared.gathered.doubts,
    )


def _counts(applied: Applied) -> Mapping[str, int]:
    return {
        "done": len(applied.written),
        "refused": len(applied.failures),
        "left": len(applied.left),
    }


def _new_id() -> str:
    """Names a run: sorts by time, and is not given twice."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
