"""Carry out operations, through restarts of the server. With `congvu.directory.password` the only writer.

Every operation stands alone and can be repeated, and the tree is valid after each. What was on its way when
a connection broke is sent again, and a run that was killed is completed by the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Protocol, Self

from congvu.directory import results
from congvu.directory.model import dn_key
from congvu.directory.operations import Operation, level
from congvu.directory.pipeline import concerns
from congvu.errors import DirectoryFailure

PATIENCE = 60.0
"""Seconds to wait, in all, for a directory that answers nothing."""
_BATCH = 256
"""Operations announced to the journal at a time."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 8.0


class Writer(Protocol):
    """What can set a password: `congvu.directory.connection.Directory`, or a tree in memory."""

    def replace(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        """Give each attribute exactly these values (none removes it), all at once."""


class Target(Protocol):
    """What can be written to: `congvu.directory.connection.Directory`, or a tree in memory."""

    def write(self, planned: Iterable[Operation]) -> Iterator[tuple[Operation, DirectoryFailure | None]]:
        """Do operations and tell of each, in order, how it went."""


class Journal(Protocol):
    """Who keeps account of what is done."""

    def intend(self, operations: Sequence[Operation]) -> None:
        """These will be sent. They are recorded for good when this returns."""

    def settled(self, operation: Operation, failure: str) -> None:
        """The directory has answered; an empty `failure`: it is done."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of the operations."""

    written: tuple[Operation, ...]
    failures: tuple[tuple[Operation, DirectoryFailure], ...]
    """Refused for good, and why."""
    left: tuple[Operation, ...]
    """Not done: what they build on was refused, or the run was asked to stop, or the directory went away."""


class GaveUp(DirectoryFailure):
    """The directory did not come back in time; `applied` is what was done until then."""

    def __init__(self, applied: Applied, cause: DirectoryFailure) -> None:
        done, all_ = len(applied.written), sum(map(len, (applied.written, applied.failures, applied.left)))
        super().__init__(
            f"{done} of {all_} operations are done, {len(applied.left)} are left: {cause.message}",
            where=cause.where,
            hint="run again when the directory is back: the run goes on where it stopped",
        )
        self.applied = applied


class Applier:
    """The one that writes."""

    def __init__(
        self,
        directory: Callable[[], AbstractContextManager[Target]],
        journal: Journal,
        *,
        stop: threading.Event | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """`directory` connects; it is called again when a connection has broken.

        When somebody sets `stop`, nothing more is sent. `patience` is in seconds without any progress.
        """
        self._connect = directory
        self._journal = journal
        self._stop = stop or threading.Event()
        self._patience = patience

    def carry_out(
        self, operations: Iterable[Operation], progress: Callable[[Operation], None] = lambda _: None
    ) -> Applied:
        """Do `operations` in order, calling `progress` after each that is settled.

        What the directory refuses is a failure of that one. What builds on it is left: operations on
        the same entry and on entries below it, and those that take an address which it should have given up.
        Raises `GaveUp` when the directory stays away for longer than `patience`.
        """
        work = _Work(self._journal, progress)
        batches = list(_batches(operations))
        with _Line(self._connect) as line:
            for number, batch in enumerate(batches):
                if self._stop.is_set():
                    work.left.extend(batch)
                    continue
                sent = work.possible(batch)
                if not sent:
                    continue
                self._journal.intend(sent)
                try:
                    self._do(line, sent, work)
                except DirectoryFailure as cause:
                    work.left.extend(operation for later in batches[number + 1 :] for operation in later)
                    raise GaveUp(work.applied(), cause) from None
        return work.applied()

    def _do(self, line: _Line, sent: Sequence[Operation], work: _Work) -> None:
        """All of `sent`, as often as it takes; raises the last failure when that takes too long."""
        pauses = _pauses(self._patience)
        remaining = list(sent)
        while True:
            settled: set[int] = set()
            trouble: DirectoryFailure | None = None
            try:
                for operation, failure in line.directory().write(remaining):
                    if failure and results.passing(failure):
                        trouble = failure
                    else:
                        work.settle(operation, failure)
                        settled.add(id(operation))
            except DirectoryFailure as failure:
                line.drop()
                trouble = failure
            remaining = [operation for operation in remaining if id(operation) not in settled]
            if not remaining:
                return
            if settled:
                pauses = _pauses(self._patience)
            pause = next(pauses, None) if trouble is None or results.passing(trouble) else None
            if pause is None or self._stop.wait(pause):
                work.left.extend(remaining)
                raise trouble or DirectoryFailure("the directory has not answered all operations")


def _pauses(patience: float) -> Iterator[float]:
    """Seconds to wait before each further attempt: doubling, `patience` in all."""
    pause = _FIRST_PAUSE
    while patience > 0:
        yield min(pause, patience)
        patience -= pause
        pause = min(2 * pause, _LONGEST_PAUSE)


class _Line:
    """The connection, opened when it is needed and again when it has broken."""

    def __init__(self, connect: Callable[[], AbstractContextManager[Target]]) -> None:
        self._connect = connect
        self._stack = ExitStack()
        self._directory: Target | None = None

    def directory(self) -> Target:
        if self._directory is None:
            self._directory = self._stack.enter_context(self._connect())
        return self._directory

    def drop(self) -> None:
        self._directory = None
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()


class _Work:
    """What has become of the operations so far."""

    def __init__(self, journal: Journal, progress: Callable[[Operation], None]) -> None:
        self._journal = journal
        self._progress = progress
        self._written: list[Operation] = []
        self._failures: list[tuple[Operation, DirectoryFailure]] = []
        self.left: list[Operation] = []
        self._spoilt: set[str] = set()

    def possible(self, batch: Sequence[Operation]) -> list[Operation]:
        """Those that build on nothing that was refused or left; the others are left."""
        if not self._spoilt:
            return list(batch)
        found = []
        for operation in batch:
            if self._spoilt.isdisjoint((*concerns(operation), *_above(operation))):
                found.append(operation)
            else:
                self._spoilt.update(concerns(operation))
                self.left.append(operation)
        return found

    def settle(self, operation: Operation, failure: DirectoryFailure | None) -> None:
        """The directory has answered for good."""
        if failure:
            self._spoilt.update(concerns(operation))
            self._failures.append((operation, failure))
        else:
            self._written.append(operation)
        self._journal.settled(operation, str(failure or ""))
        self._progress(operation)

    def applied(self) -> Applied:
        return Applied(tuple(self._written), tuple(self._failures), tuple(self.left))


def _batches(operations: Iterable[Operation]) -> Iterator[list[Operation]]:
    """Operations that do not build on each other, in order."""
    batch: list[Operation] = []
    current, taken = -1, set[str]()
    for operation in operations:
        now, own = level(operation), concerns(operation)
        if batch and (now != current or len(batch) == _BATCH or not taken.isdisjoint(own)):
            yield batch
            batch, taken = [], set()
        current = now
        batch.append(operation)
        taken |= own
    if batch:
        yield batch


def _above(operation: Operation) -> Iterator[str]:
    """Keys of the entries that the operation's entry stands below."""
    key = dn_key(operation.dn)
    while key:
        _, _, key = key.partition(",")
        yield key
