"""What tests of the audit log and of what is made from it share: people, operations, a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from congvu.directory.model import Entry, Snapshot
from congvu.directory.operations import Add, Change, Event, Modify, Reason
from congvu.sync.audit import AuditLog, Beginning
from congvu.sync.job import Status

DOMAIN = "lamdong.gov.vn"
BASE = "dc=gov,dc=vn"
BEGINNING = Beginning("digest", "ldaps://a.lamdong.gov.vn", "uuid")


class Clock:
    """A second later each time it is read."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def person(number: int, name: str = "Nguyễn Văn An", **more: str) -> Entry:
    """An account as the sync adds it."""
    values = {
        "uid": f"S{number}",
        "cn": name,
        "sn": "Nguyễn",
        "title": "Chuyên viên",
        "ou": "Sở Khoa học và Công nghệ",
        "departmentNumber": "A1",
        "mail": f"annv{number}@{DOMAIN}",
        "mailLocalAddress": f"annv{number}@{DOMAIN}",
        "mailHost": f"mail.{DOMAIN}",
        "congvuState": "initial",
        "congvuQuota": "2147483648",
        **more,
    }
    classes = ("inetOrgPerson", "inetLocalMailRecipient", "congvuAccount")
    return Entry.build(f"uid=S{number},ou=people,dc=lamdong,{BASE}", classes, values)


def join(number: int, **more: str) -> Add:
    """Somebody new."""
    reason = Reason(Event.JOIN, "is new", f"staff.csv:{number}", "LD-5.2", "12/QĐ-SNV")
    return Add(DOMAIN, person(number, **more), reason)


def change(number: int, event: Event, **after: str) -> Modify:
    """Attributes of somebody get other values; empty ones go."""
    entry = person(number)
    changes = tuple(
        Change(name, entry.values(name), (value,) if value else ()) for name, value in after.items()
    )
    return Modify(DOMAIN, entry, changes, Reason(event, "is changed", f"staff.csv:{number}", "LD-7.2c"))


def tree(*entries: Entry) -> Snapshot:
    """The directory as it is read."""
    return Snapshot.of(BASE, entries)


def run(folder: Path, run_id: str = "run-1", *operations: Add | Modify, clock: Clock | None = None) -> None:
    """A run that does `operations` and ends well, without a feed."""
    with AuditLog(folder, run_id, "timer", clock=clock or Clock()) as log:
        log.begin(BEGINNING, tree())
        log.intend(operations)
        for operation in operations:
            log.settled(operation, "")
        log.fed([])
        log.end(Status.FINE, {"done": len(operations)})
