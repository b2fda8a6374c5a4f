"""The brakes: a wrong list, or a wrong directory, must not hurt anybody (pure).

Each stops the whole run before anything is written. A person may override one for one run, with a reason.
docs/sync.md has them in a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from congvu.directory.model import PEOPLE, UNITS, Entry, State
from congvu.directory.operations import Add, DomainPlan, Event, Modify, Operation
from congvu.directory.states import is_open
from congvu.directory.wanted.model import Task
from congvu.policy.effective import Limit, effective
from congvu.sync.census import Census
from congvu.sync.hands import Suspect, renamed, suspects
from congvu.sync.job import CODES as CODES  # noqa: PLC0414  (callers have it from here)
from congvu.sync.job import Brake
from congvu.sync.memory import Memory

FEWEST = 3
"""Half of a small domain is too many, but never fewer accounts than this."""
_ENDS = (Event.LEAVE, Event.UNIT_DISSOLVED, Event.UNIT_MERGED, Event.UNIT_SPLIT)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Kinds:
    """The operations on accounts of a plan, by what becomes of the account."""

    ends: tuple[Modify, ...]
    begins: tuple[Operation, ...]
    changes: tuple[Modify, ...]


def sort_out(operations: Iterable[Operation]) -> Kinds:
    """Which accounts end, begin (again), or change and stay."""
    ends: list[Modify] = []
    begins: list[Operation] = []
    changes: list[Modify] = []
    for operation in operations:
        if not operation.entry.managed:
            continue
        if isinstance(operation, Add) or operation.reason.event is Event.RETURN:
            begins.append(operation)
        elif _ends(operation):
            ends.append(operation)
        else:
            changes.append(operation)
    return Kinds(tuple(ends), tuple(begins), tuple(changes))


def _ends(operation: Modify) -> bool:
    """Whether the event says so, or the account becomes a tombstone whatever the event is."""
    if not is_open(operation.entry):
        return False
    state = next((one.after for one in operation.changes if one.attribute == "congvuState"), ())
    gone = bool(state) and state[0] in (State.REVOKED, State.PURGED)
    return gone or operation.reason.event in _ENDS


def check(task: Task, plan: DomainPlan, census: Census, memory: Memory) -> tuple[Brake, ...]:
    """Every brake that `plan` of the mail domain of `task` hits; none when it may go on.

    `census` is of the directory that the plan was made from. Thresholds are those of the domain's policy.
    """
    nothing = not plan.operations and not plan.absent
    if nothing and task.registry.staff and task.registry.units:
        return ()  # the usual run
    return tuple(_check(task, plan, census.of(task.layout), memory))


def _check(task: Task, plan: DomainPlan, accounts: Sequence[Entry], memory: Memory) -> Iterator[Brake]:
    rules, kinds, domain = effective(task.policy), sort_out(plan.operations), plan.domain
    size = len(accounts)
    # Whoever has no row counts at once, though the account may end runs later: the list is shorter now.
    ending = plan.absent | {operation.entry.key for operation in kinds.ends}
    gone = [entry for entry in accounts if entry.key in ending] if ending else []
    yield from _vanished(task, plan, accounts)
    half = len(gone) >= max(FEWEST, size / 2)
    if half or rules.sync_leavers.passed(len(gone), size):
        message = f"{len(gone)} of {size} accounts would end, or have no row any more: {_named(gone)}"
        yield _brake("leavers", domain, message, rules.sync_leavers)
    kept = memory.domains.get(domain)  # of a first load that was cut off: without accounts
    first = kept.accounts == 0 if kept else size == 0
    if not first and rules.sync_joins.passed(len(kinds.begins), size):
        message = f"{len(kinds.begins)} new accounts beside {size} in use"
        yield _brake("joins", domain, message, rules.sync_joins)
    named = renamed(kinds.changes)
    if len(named) >= max(FEWEST, size / 2):
        shown = _some([f"{before} → {after}" for before, after in named])
        message = f"{len(named)} of {size} accounts would have another name: {shown}"
        yield Brake("changes", domain, message, "look whether columns of names were swapped, or slipped")
    elif rules.sync_changes.passed(len(kinds.changes), size):
        message = f"{len(kinds.changes)} of {size} accounts would change ({_what(kinds.changes)})"
        yield _brake("changes", domain, message, rules.sync_changes)
    follow = {Event.UNIT_RENAMED, Event.UNIT_MOVED}  # of one unit: all its people follow, as they should
    own = [operation.entry for operation in kinds.changes if operation.reason.event not in follow]
    for code, limit, entries, what in (
        ("unit-leavers", rules.sync_unit_leavers, gone, "would end, or have no row any more"),
        ("unit-changes", rules.sync_unit_changes, own, "would change"),
    ):
        if parts := _units(entries, accounts, limit):
            yield _brake(code, domain, f"accounts {what}: {_some(parts)}", limit)
    yield from _other_hands(plan, accounts)


def _units(entries: Sequence[Entry], accounts: Sequence[Entry], limit: Limit) -> list[str]:
    """The units of which too many accounts are among `entries`, those with the most first."""
    counted = Counter(entry.unit_id for entry in entries)
    if not counted or max(counted.values()) <= limit.most:
        return []
    sizes = Counter(entry.unit_id for entry in accounts)
    return [
        f"{count} of {sizes[unit]} in unit {unit}"
        for unit, count in counted.most_common()
        if limit.passed(count, sizes[unit])
    ]


def _other_hands(plan: DomainPlan, accounts: Sequence[Entry]) -> Iterator[Brake]:
    """Mailboxes that would go to somebody else."""
    named = [
        operation
        for operation in plan.operations
        if isinstance(operation, Modify) and any(one.attribute == "cn" for one in operation.changes)
    ]
    if not named:
        return
    found = suspects(named, {entry.key: entry.value("cn") for entry in accounts})
    for code, kind, whose in (("person", PEOPLE, "another person"), ("unit", UNITS, "another unit")):
        if some := [one for one in found if one.key.startswith(f"{kind}/")]:
            yield _hands(code, plan.domain, some, whose)


def _vanished(task: Task, plan: DomainPlan, accounts: Sequence[Entry]) -> Iterator[Brake]:
    """Domains and units whose rows are gone while they have people."""
    people = [entry for entry in accounts if entry.kind == PEOPLE]
    if (people and not task.registry.staff) or (accounts and not task.registry.units):
        missing = "units" if task.registry.staff else "people"
        message = f"the list has no {missing}, the directory has {len(accounts)} accounts in use"
        yield Brake("domain", plan.domain, message, "look whether the export is complete")
        return
    rows = {unit.unit_id for unit in task.registry.units}
    lost = Counter(entry.unit_id for entry in people if entry.key in plan.absent)
    parts = [
        f"{entry.unit_id} ({entry.value('ou')}) with {lost[entry.unit_id]} people"
        for entry in accounts
        if entry.kind == UNITS
        and entry.unit_id not in rows
        and entry.key not in task.set_aside
        and lost[entry.unit_id]
    ]
    if parts:
        hint = "look whether their part of the list is missing; a unit that ended has a row that says so"
        message = f"units have no row any more, nor have their people: {_some(parts)}"
        yield Brake("unit", plan.domain, message, hint)


def in_scope(plan: DomainPlan, units: frozenset[str], accounts: Sequence[Entry]) -> DomainPlan:
    """The part of `plan` that concerns `units`: theirs, whoever moves there, and what all stand below.

    No `units`: the whole plan. `accounts` are those in use in the mail domain.
    """
    if not units:
        return plan
    inside = {entry.key for entry in accounts if entry.unit_id in units}

    def concerned(operation: Operation) -> bool:
        if not operation.entry.managed or operation.unit_id in units:
            return True
        changes = operation.changes if isinstance(operation, Modify) else ()
        return any(one.attribute == "departmentNumber" and units & {*one.after} for one in changes)

    operations = tuple(filter(concerned, plan.operations))
    return replace(plan, operations=operations, absent=plan.absent & inside)


def _brake(code: str, domain: str, message: str, limit: Limit) -> Brake:
    allowed = f"policy: up to {limit.most}, or up to {limit.percent} %"
    return Brake(code, domain, message, f"look whether the list is right and complete ({allowed})")


def _hands(code: str, domain: str, some: Sequence[Suspect], whose: str) -> Brake:
    shown = _some([f"{one.key}: {one.before} → {one.after} ({one.why})" for one in some])
    message = f"{len(some)} mailboxes would go to {whose}: {shown}"
    return Brake(code, domain, message, "a new person has a new id; look for swapped ids and slipped rows")


def _named(entries: Sequence[Entry]) -> str:
    return _some([entry.value("mail") or entry.value("uid") for entry in entries])


def _some(parts: Sequence[str]) -> str:
    more = [f"and {len(parts) - _SHOWN} more"] if len(parts) > _SHOWN else []
    return "; ".join((*parts[:_SHOWN], *more))


def _what(changes: Sequence[Modify]) -> str:
    counted = Counter(operation.reason.event for operation in changes)
    return ", ".join(f"{event} {count}" for event, count in counted.most_common())
