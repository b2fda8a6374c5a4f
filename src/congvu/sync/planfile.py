"""A plan in a file: saved, looked at by somebody else, and done later if it is still true.

The file is not replayed. The plan is made again from the same inputs, as of the same day, and the file says
what may come out (docs/adr/0013). It never holds a password.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Self

from congvu import files
from congvu.directory.model import Snapshot
from congvu.directory.operations import Add, DomainPlan, Operation
from congvu.errors import InputError
from congvu.sync.job import Order, Outcome

VERSION = 1
"""The version of the file that this package reads and writes."""
_SECRET = "userpassword"  # noqa: S105  (the attribute's name)
_MOVES_ON = (_SECRET, "congvustate")
_IDENTITY = ("uid", "mail", "dc", "ou")
_SHOWN = 5
_AGAIN = "make the plan again"

_Values = tuple[str, tuple[str, ...], tuple[str, ...]]
Deed = tuple[str, str, tuple[_Values, ...]]
"""What an operation does, without its reason: the word, the DN, and attributes before and after."""


def as_json(operation: Operation) -> dict[str, Any]:
    """An operation for machines; docs/sync.md describes the keys."""
    reason = operation.reason
    common = {
        "dn": operation.dn,
        "unit": operation.unit_id,
        "event": reason.event.value,
        "reason": reason.text,
        "place": reason.place,
        "clause": reason.clause,
        "document": reason.document,
    }
    if isinstance(operation, Add):
        attributes = {name: list(values) for name, values in operation.entry.attributes.items()}
        return {"operation": "add", **common, "attributes": attributes}
    changes = [
        {"attribute": change.attribute, "before": list(change.before), "after": list(change.after)}
        for change in operation.changes
    ]
    return {"operation": "modify", **common, "changes": changes}


def plan_as_json(plan: DomainPlan) -> dict[str, Any]:
    """One mail domain's plan for machines."""
    return {
        "domain": plan.domain,
        "added": plan.added,
        "changed": plan.changed,
        "unchanged": plan.unchanged,
        "operations": [as_json(operation) for operation in plan.operations],
        "findings": list(plan.findings),
    }


def save(path: Path, order: Order, outcome: Outcome) -> None:
    """Write the plan of `outcome`, which was made as `order` says. Raises `SystemFailure`.

    The file has mode 0600: it says what becomes of people before they know it.
    """
    found = {
        "version": VERSION,
        "run_id": outcome.run_id,
        "author": order.author,
        "today": order.today.isoformat(),
        "domains": sorted(order.domains),
        "units": sorted(order.units),
        "allow": sorted(order.allow),
        "reason": order.reason,
        "plans": [plan_as_json(plan) for plan in outcome.plans],
    }
    files.write_whole(path, json.dumps(found, ensure_ascii=False, indent=1) + "\n")


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a file says."""

    path: Path
    today: date
    """The day that the plan was made as of."""
    domains: frozenset[str]
    units: frozenset[str]
    allow: frozenset[str]
    """Brakes that were overridden when the plan was made."""
    reason: str
    deeds: frozenset[Deed]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a saved plan. Raises `InputError` for a file that is none, or another version's."""
        try:
            return cls._from_json(path, json.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as fault:
            raise InputError(f"cannot be read: {fault}", where=str(path), hint="check the path") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as fault:
            raise InputError(f"is no saved plan: {fault}", where=str(path), hint=_AGAIN) from None

    @classmethod
    def _from_json(cls, path: Path, found: Any) -> Self:
        keys = {"version", "run_id", "author", "today", "domains", "units", "allow", "reason", "plans"}
        if not isinstance(found, dict) or found.keys() != keys:
            raise ValueError(f"its keys are not {', '.join(sorted(keys))}")
        if found["version"] != VERSION:
            raise ValueError(f"version {found['version']}, this program reads {VERSION}")
        operations = (one for plan in _list(found["plans"]) for one in _list(plan["operations"]))
        return cls(
            path,
            date.fromisoformat(found["today"]),
            frozenset(_texts(found["domains"])),
            frozenset(_texts(found["units"])),
            frozenset(_texts(found["allow"])),
            _text(found["reason"]),
            frozenset(_read(operation) for operation in operations),
        )

    def order(self, order: Order) -> Order:
        """`order` as the plan was made: on its day, in its scope, with what was allowed then."""
        return replace(
            order,
            today=self.today,
            domains=self.domains,
            units=self.units,
            allow=self.allow | order.allow,
            reason="; ".join(dict.fromkeys(filter(None, (self.reason, order.reason)))),
            verify=True,
        )

    def compare(self, operations: Iterable[Operation], found: Snapshot) -> None:
        """Check that the plan made again holds nothing new, and that what it lacks has been done.

        So a plan that was cut off in the middle can go on. Raises `InputError` when the directory or the
        inputs have moved on; nothing has been written then.
        """
        now = {_deed(operation): operation for operation in operations}
        new = [operation.dn for deed, operation in now.items() if deed not in self.deeds]
        if new:
            raise InputError(
                f"the directory or the lists have moved on; {len(new)} operations are not in the saved plan: "
                f"{_some(new)}",
                where=str(self.path),
                hint=_AGAIN,
            )
        lacking = sorted(deed[1] for deed in self.deeds - now.keys() if not _is_done(deed, found))
        if lacking:
            raise InputError(
                f"the lists have moved on; {len(lacking)} operations of the saved plan are no longer wanted: "
                f"{_some(lacking)}",
                where=str(self.path),
                hint=_AGAIN,
            )


def _deed(operation: Operation) -> Deed:
    return _read(as_json(operation))


def _read(found: Mapping[str, Any]) -> Deed:
    word, dn = _text(found["operation"]), _text(found["dn"])
    values: list[_Values] = []
    if word == "add":
        values += ((name, (), _texts(after)) for name, after in found["attributes"].items())
    elif word == "modify":
        values += (
            (_text(change["attribute"]), _texts(change["before"]), _texts(change["after"]))
            for change in found["changes"]
        )
    else:
        raise ValueError(f"{word!r} is no operation")
    told = tuple(sorted(values))
    if any(name.lower() == _SECRET and (before or after) for name, before, after in told):
        raise ValueError(f"{dn}: a plan holds no passwords")
    return word, dn, told


def _is_done(deed: Deed, found: Snapshot) -> bool:
    """Whether the directory shows that `deed` was done; its owner may have logged in since."""
    word, dn, values = deed
    entry = found.get(dn)
    compared = (
        (name, set(after))
        for name, _, after in values
        if name.lower() not in _MOVES_ON and (word == "modify" or name in _IDENTITY)
    )
    return entry is not None and all(set(entry.values(name)) == after for name, after in compared)


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise TypeError(f"{found!r} is no list")
    return found


def _texts(found: Any) -> tuple[str, ...]:
    return tuple(sorted(_text(item) for item in _list(found)))


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise TypeError(f"{found!r} is no text")
    return found


def _some(dns: Sequence[str]) -> str:
    return "; ".join((*dns[:_SHOWN], *(["…"] if len(dns) > _SHOWN else [])))
