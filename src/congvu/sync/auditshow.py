"""Choosing among the records of an audit log (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from congvu.directory.model import dn_key
from congvu.sync.auditrecord import Record
from congvu.vietnam import VIETNAM

_ADDRESSES = ("mail", "mailLocalAddress", "congvuFormerAddress")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records are wanted; what is empty leaves none out. Upper and lower case are the same."""

    who: str = ""
    """Author of the run."""
    dn: str = ""
    address: str = ""
    """An address that the account has, got, or lost."""
    run: str = ""
    since: str = ""
    """First day, as ``2026-11-22``, in Vietnam's time."""
    event: str = ""

    def takes(self, record: Record) -> bool:
        """Whether `record` is wanted. What is about a whole run is not where an account is asked for."""
        if self.who and record["author"].casefold() != self.who.casefold():
            return False
        if self.run and record["run"] != self.run:
            return False
        if self.since and _day(record) < self.since:
            return False
        if self.event and record.get("event", "").casefold() != self.event.casefold():
            return False
        if self.dn and dn_key(self.dn) not in _dns(record):
            return False
        return not self.address or self.address.lower() in _addresses(record)


def joined(records: Iterable[Record]) -> Iterator[Record]:
    """The records, each operation with its outcome (``outcome``, ``failure``) and told once it has one.

    What has none comes at the end.
    """
    waiting: dict[int, Record] = {}
    for record in records:
        match record["record"]:
            case "intended":
                waiting[record["sequence"]] = record
            case "settled":
                if intended := waiting.pop(record["of"], None):
                    yield {**intended, "outcome": record["outcome"], "failure": record["failure"]}
            case _:
                yield record
    yield from waiting.values()


def _day(record: Record) -> str:
    return f"{datetime.fromisoformat(record['time']).astimezone(VIETNAM):%Y-%m-%d}"


def _dns(record: Record) -> set[str]:
    return {dn_key(one["dn"]) for one in (record, *record.get("accounts", ())) if "dn" in one}


def _addresses(record: Record) -> set[str]:
    found = {one["label"].lower() for one in (record, *record.get("accounts", ())) if "label" in one}
    for values in (record.get("before", {}), record.get("after", {})):
        found.update(value.lower() for name in _ADDRESSES for value in values.get(name, ()))
    return found
