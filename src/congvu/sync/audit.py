"""The audit log of a run: what was to be done, before it was sent, and what became of it.

`AuditLog` is the `Journal` of `congvu.directory.apply`. Its records only grow and are chained by hashes, see
`congvu.sync.chain`; docs/audit.md describes them.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from congvu import __version__
from congvu.directory.model import Snapshot
from congvu.directory.operations import Operation
from congvu.sync.auditfile import AuditFile, Position, records
from congvu.sync.auditrecord import Record, describe, has_happened
from congvu.sync.chain import Head
from congvu.sync.job import Brake, Status


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a run sets out from."""

    input_digest: str
    """Of all input files."""
    provider: str
    """URI of the server that is written to."""
    base_uuid: str
    """``entryUUID`` of the base: which directory that is."""
    allowed: frozenset[str] = frozenset()
    """Codes of the brakes that are overridden."""
    operations: int = 0
    """How many are planned."""
    limits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Where not all is written: the mail domains, the units."""


class AuditLog:
    """The log in `folder`, open for one run. Use it in a ``with`` statement, from one thread.

    Whatever cannot be written raises `SystemFailure`; then nothing may be sent to the directory.
    """

    def __init__(
        self,
        folder: Path,
        run_id: str,
        author: str,
        reason: str = "",
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Lock the log and read what earlier runs left open.

        `author` is who runs it, `reason` why brakes are overridden. Raises `SystemFailure`, also when another
        run is writing, or when the end of the log is missing or damaged.
        """
        self.folder, self.run_id, self.author, self.reason = folder, run_id, author, reason
        self._clock = clock or (lambda: datetime.now(UTC))
        self._host = socket.gethostname()
        self._sent: dict[int, tuple[int, Operation]] = {}
        self._file = AuditFile(folder, author, self._now())
        try:
            self._resume = self._file.kept.resume if self._file.kept else None
            self.unsettled, self.unfed = _open_matters(records(folder, self._resume))
            """Operations of earlier runs without an outcome, by number; numbers of those done and not fed."""
            if self._file.torn:
                self._write("mended", [{"bytes": len(self._file.torn), "text": _text(self._file.torn)}])
        except BaseException:
            self._file.close()
            raise

    @property
    def head(self) -> Head:
        """Number and hash of the last record: worth a line in a journal that others keep."""
        return self._file.head

    # A run

    def begin(self, beginning: Beginning, found: Snapshot | None = None) -> None:
        """Record that the run begins.

        `found` is the directory as it was read just now: with it, what a killed run had sent and nobody
        answered is looked up and settled. Without it, it stays open.
        """
        facts = {
            "version": __version__,
            "allowed": sorted(beginning.allowed),
            "reason": self.reason,
            "input_digest": beginning.input_digest,
            "provider": beginning.provider,
            "base_uuid": beginning.base_uuid,
            "operations": beginning.operations,
            "limits": {name: list(values) for name, values in beginning.limits.items()},
            "unsettled": sorted(self.unsettled),
        }
        self._write("begin", [facts])
        if found is not None:
            self._settle_earlier(found)

    def refused(self, brakes: Iterable[Brake]) -> None:
        """Record that the run is refused, and why; nothing has been written to the directory."""
        facts = [
            {"code": brake.code, "domain": brake.domain, "why": brake.message, "hint": brake.hint}
            for brake in brakes
        ]
        self._write("refused", facts)

    def end(self, status: Status, counts: Mapping[str, int]) -> None:
        """Record that the run is over, with what it counted."""
        left = sorted(number for number, _ in self._sent.values())
        self._write("end", [{"status": status.name.lower(), "counts": dict(counts), "unsettled": left}])
        opened = self._sent or self.unsettled or self.unfed
        self._file.keep(self._since if opened else self._file.end)

    # What is written to the directory

    def intend(self, operations: Sequence[Operation]) -> None:
        """Record `operations` before any of them is sent; they are on the disk when this returns.

        What was intended before and is not settled is not recorded twice: it is sent again.
        """
        new = [operation for operation in operations if id(operation) not in self._sent]
        numbers = self._write("intended", [describe(operation) for operation in new])
        self._sent |= {
            id(operation): (number, operation) for number, operation in zip(numbers, new, strict=True)
        }

    def settled(self, operation: Operation, failure: str) -> None:
        """Record an answer: `failure` is what the directory said against it, empty when it was done."""
        if id(operation) not in self._sent:
            raise ValueError(f"{operation.dn}: settled, but never intended")
        number, _ = self._sent.pop(id(operation))
        self._write("settled", [_outcome(number, failure)], durable=False)
        if not failure:
            self.unfed.add(number)

    # What others tell

    def tell(self, record: str, facts: Sequence[Mapping[str, Any]]) -> None:
        """Write records of another kind, such as ``password``, durably. Never a secret in them."""
        self._write(record, facts)

    def fed(self, files: Sequence[Path]) -> None:
        """Record that all that was done so far has been told to the upper tier, in `files`."""
        if self.unfed:
            self._write("fed", [{"through": self.head.sequence, "files": [str(path) for path in files]}])
            self.unfed.clear()

    def to_feed(self) -> Iterator[Record]:
        """The operations that were done and not fed, of this run and of earlier ones, in their order."""
        for record in records(self.folder, self._resume):
            if record["record"] == "intended" and record["sequence"] in self.unfed:
                yield record

    def close(self) -> None:
        """Close the log and let others write it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _since(self) -> Position:
        return self._resume or Position("", 0)

    def _now(self) -> datetime:
        """The time in Greenwich, by which files and records are dated."""
        return self._clock().astimezone(UTC)

    def _settle_earlier(self, found: Snapshot) -> None:
        outcomes = []
        for number, record in sorted(self.unsettled.items()):
            done = has_happened(record, found)
            outcomes.append(
                _outcome(number, "" if done else "never answered, and not done") | {"looked": True}
            )
            if done:
                self.unfed.add(number)
        self._write("settled", outcomes)
        self.unsettled.clear()

    def _write(self, record: str, facts: Sequence[Mapping[str, Any]], *, durable: bool = True) -> range:
        if not facts:
            return range(0)
        now = self._now()
        common = {
            "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "run": self.run_id,
            "record": record,
            "author": self.author,
            "host": self._host,
        }
        return self._file.append([common | dict(one) for one in facts], now, durable=durable)


def _outcome(number: int, failure: str) -> dict[str, Any]:
    return {"of": number, "outcome": "failed" if failure else "done", "failure": failure}


def _text(data: bytes) -> str:
    return data[:1000].decode(errors="backslashreplace")


def _open_matters(found: Iterable[Record]) -> tuple[dict[int, Record], set[int]]:
    """Operations without an outcome, by their number; and the numbers of those done but not fed."""
    unsettled: dict[int, Record] = {}
    unfed: set[int] = set()
    for record in found:
        match record["record"]:
            case "intended":
                unsettled[record["sequence"]] = record
            case "settled":
                unsettled.pop(record["of"], None)
                if record["outcome"] == "done":
                    unfed.add(record["of"])
            case "fed":
                unfed.clear()
    return unsettled, unfed
