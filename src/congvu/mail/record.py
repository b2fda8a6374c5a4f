"""The audit log of what is done to messages: a chained log as the sync's (`congvu.sync.audit`), of its own.

An act stands in it twice: ``intended`` before it is done, ``done`` or ``failed`` after. docs/incidents.md
lists the records.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from congvu.errors import CongvuError
from congvu.sync.audit import AuditLog
from congvu.sync.auditfile import records
from congvu.sync.auditrecord import Record
from congvu.sync.job import Status
from congvu.sync.lock import AtWork

WAIT = 30.0
"""Seconds that a command waits for another one to finish with the log."""


@dataclass(frozen=True, slots=True)
class Acts:
    """The log, open for one command."""

    log: AuditLog

    @contextmanager
    def act(self, record: str, facts: Mapping[str, Any]) -> Iterator[None]:
        """Record an act before and after it is done in the ``with`` statement.

        What goes wrong within is recorded and goes up. Raises `SystemFailure` when it cannot be recorded.
        """
        self.log.tell(record, [{"step": "intended", **facts}])
        try:
            yield
        except CongvuError as fault:
            self.log.tell(record, [{"step": "failed", **facts, "failure": str(fault)}])
            raise
        self.log.tell(record, [{"step": "done", **facts}])

    def earlier(self, record: str) -> Iterator[Record]:
        """The log's records of one kind, oldest first. Raises `SystemFailure`."""
        return (one for one in records(self.log.folder) if one["record"] == record)


@contextmanager
def acts(folder: Path, author: str, reason: str = "") -> Iterator[Acts]:
    """Open the log in `folder`, alone; raises `SystemFailure` when another command does not let go of it."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            log = AuditLog(folder, uuid4().hex[:12], author, reason)
            break
        except AtWork:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    with log:
        status = Status.FAILED
        try:
            yield Acts(log)
            status = Status.FINE
        finally:
            log.end(status, {})
