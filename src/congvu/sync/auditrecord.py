"""What stands in a record of the audit log (pure). docs/audit.md describes the keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from congvu.directory.model import Entry, Snapshot
from congvu.directory.operations import Add, Modify, Operation
from congvu.printable import printable

Record = Mapping[str, Any]
"""One record as it is read: it may come from an older version of the program."""
SECRET = "userpassword"  # noqa: S105  (the attribute's name)
SET, REMOVED = ("set",), ("removed",)
"""What stands for a password that was set, or taken away."""


def encode(record: Record) -> str:
    """JSON in one line. Vietnamese letters stay; what would steer a terminal is an escape."""
    return printable(json.dumps(record, ensure_ascii=False, separators=(",", ":")))


def describe(operation: Operation) -> dict[str, Any]:
    """An operation: upon what, why, and each attribute before and after. Never a password."""
    entry, reason = operation.entry, operation.reason
    before, after = _values(operation)
    return {
        "operation": "add" if isinstance(operation, Add) else "modify",
        "domain": operation.domain,
        "dn": operation.dn,
        "key": entry.key if entry.managed else "",
        "label": operation.label,
        "name": entry.value("cn"),
        "unit": operation.unit_id,
        "event": reason.event.value,
        "why": reason.text,
        "place": reason.place,
        "clause": reason.clause,
        "document": reason.document,
        "before": before,
        "after": after,
    }


def has_happened(record: Record, found: Snapshot) -> bool:
    """Whether the directory shows that the operation of `record` was done.

    For operations that were sent and never answered. An entry is there or not; a modify is done as a whole or
    not at all, so one attribute that has moved to its new values is proof of it. One that was there before
    proves nothing.
    """
    entry = found.get(record["dn"])
    if entry is None:
        return False
    if record["operation"] == "add":
        return True
    before = record["before"]
    return any(
        _has(entry, name, values)
        for name, values in record["after"].items()
        if set(values) != set(before.get(name, ()))
    )


def _has(entry: Entry, name: str, values: Iterable[str]) -> bool:
    return name.lower() != SECRET and set(entry.values(name)) == set(values)


def _values(operation: Operation) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    if isinstance(operation, Modify):
        before = {change.attribute: list(change.before) for change in operation.changes}
        after = {change.attribute: list(change.after) for change in operation.changes}
    else:
        before, after = {}, {name: list(values) for name, values in operation.entry.attributes.items()}
    for name in after:
        if name.lower().startswith(SECRET):
            before.pop(name, None)
            after[name] = list(SET if after[name] else REMOVED)
    return before, after
