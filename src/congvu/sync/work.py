"""The part of a run that compares all, stops at a brake, writes, and remembers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from congvu.directory.apply import Applied, Applier, GaveUp
from congvu.directory.connection import Directory
from congvu.directory.operations import Operation
from congvu.errors import CongvuError, InputError, SystemFailure
from congvu.policy.model import Policy
from congvu.sync import feed, quarantine
from congvu.sync.audit import AuditLog, Beginning
from congvu.sync.issuing import EncryptedFile, hand_over
from congvu.sync.job import Order, Outcome, Progress, Status
from congvu.sync.look import Ground
from congvu.sync.metrics import Meter
from congvu.sync.planfile import SavedPlan
from congvu.sync.prepare import Prepared, prepare, settle


def preview(order: Order, directory: Directory, ground: Ground, run_id: str) -> Outcome:
    """What a run would do. Raises as `congvu.sync.prepare.prepare`."""
    return _seen(prepare(order, directory, ground), run_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A run under the lock that has seen something move."""

    order: Order
    run_id: str
    connect: Callable[[], Directory]
    progress: Progress
    stop: threading.Event
    saved: SavedPlan | None
    meter: Meter

    def prepare(self, directory: Directory, ground: Ground) -> Prepared:
        """Read and plan everything; with a saved plan, only if that is still what it says."""
        prepared = prepare(self.order, directory, ground)
        if self.saved:
            self.saved.compare(prepared.operations, prepared.found)
        return prepared

    def carry_out(self, ground: Ground, prepared: Prepared) -> Outcome:
        """Write what is prepared, unless a brake stops it."""
        order = self.order
        with AuditLog(order.settings.audit_folder, self.run_id, order.author, order.reason) as audit:
            audit.begin(self._beginning(ground, prepared), prepared.found)
            quarantine.write(order.settings, prepared.gathered)
            if prepared.brakes:
                audit.refused(prepared.brakes)
                audit.end(Status.REFUSED, {})
                self.meter.tell(Status.REFUSED, prepared)
                return _seen(prepared, self.run_id)
            return self._write(audit, ground, prepared)

    def _beginning(self, ground: Ground, prepared: Prepared) -> Beginning:
        return Beginning(
            input_digest=ground.inputs.digest,
            provider=ground.provider,
            base_uuid=ground.seen.base_uuid,
            allowed=frozenset(brake.code for brake in prepared.overridden),
            operations=len(prepared.operations),
            limits={
                name: sorted(names)
                for name, names in (("domains", self.order.domains), ("units", self.order.units))
                if names
            },
        )

    def _write(self, audit: AuditLog, ground: Ground, prepared: Prepared) -> Outcome:
        """Send what is planned, tell the tier above, and remember."""
        if prepared.operations:  # whatever is cut off from here on: the next run compares all
            ground.memory.begun(prepared.first_loads).write(self.order.settings.state)
        applied = Applied((), (), prepared.operations)
        try:
            applied = self._apply(audit, prepared.operations)
            policies = {task.layout.domain: task.policy for task in prepared.tasks}
            feed.write(self.order.settings.feed, audit, policies, self.order.today)
            outcome = self._outcome(applied, prepared)
            if outcome.status is not Status.FAILED:
                outcome = self._hand_over(audit, policies, outcome)
                self._remember(ground, prepared, applied, outcome)
        except CongvuError as fault:
            if isinstance(fault, GaveUp):
                applied = fault.applied
            with suppress(SystemFailure):  # a full disk stops these, too; the first is the one to tell
                audit.end(Status.FAILED, _counts(applied))
                self.meter.tell(Status.FAILED, prepared, applied)
            raise
        audit.end(outcome.status, _counts(applied))
        self.meter.tell(outcome.status, prepared, applied)
        return outcome

    def _apply(self, audit: AuditLog, operations: Sequence[Operation]) -> Applied:
        count, total = 0, len(operations)

        def step(operation: Operation) -> None:
            nonlocal count
            count += 1
            self.progress(operation.domain, count, total)

        return Applier(self.connect, audit, stop=self.stop).carry_out(operations, step)

    def _outcome(self, applied: Applied, prepared: Prepared) -> Outcome:
        if self.stop.is_set() and applied.left:
            status = Status.FAILED
        elif applied.failures or prepared.waiting:
            status = Status.PENDING
        else:
            status = Status.FINE
        return replace(
            _seen(prepared, self.run_id),
            status=status,
            done=applied.written,
            failures=tuple(str(failure) for _, failure in applied.failures),
            left=len(applied.left),
        )

    def _hand_over(self, audit: AuditLog, policies: Mapping[str, Policy], outcome: Outcome) -> Outcome:
        """Issue initial passwords in the domains asked for, where the settings say how they go out."""
        how = self.order.settings.handover
        if how is None or self.order.units or self.stop.is_set():
            return outcome
        asked = {name: policies[name] for name in self.order.domains or policies}
        try:
            with self.connect() as directory:
                handed = hand_over(
                    directory,
                    audit,
                    EncryptedFile(how.certificate, how.folder),
                    base=self.order.settings.directory.base,
                    policies=asked,
                    now=datetime.now(UTC),
                    progress=lambda done, total: self.progress("passwords", done, total),
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
        with self.connect() as directory:
            kept = settle(self.order, directory, ground, prepared, undone=undone, nothing_left=nothing_left)
        kept.write(self.order.settings.state)


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
