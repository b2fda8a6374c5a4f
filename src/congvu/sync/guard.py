"""The brakes: a wrong list, or a wrong directory, must not hurt anybody (pure).

Each stops the whole run before anything is written. A person may override one for one run, with a reason.
docs/sync.md has them in a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from congvu.directory.model import PEOPLE, UNITS, Entry, Layout, Snapshot, State, dn_key
from congvu.directory.operations import Add, DomainPlan, Event, Modify, Operation
from congvu.directory.states import is_open
from congvu.directory.wanted.model import Task
from congvu.policy.effective import Limit, effective
from congvu.sync import memory as memories
from congvu.sync.hands import Suspect, suspects
from congvu.sync.job import Brake
from congvu.sync.memory import Memory, Seen

CODES: Mapping[str, str] = {
    "leavers": "too many accounts of a mail domain would end, or have no row any more",
    "unit-leavers": "too many accounts of one unit would end, or have no row any more",
    "joins": "too many new accounts in a mail domain",
    "changes": "too many accounts of a mail domain would change",
    "unit-changes": "too many accounts of one unit would change",
    "domain": "a mail domain with accounts has no rows, or is no longer in the settings",
    "unit": "a unit and its people have vanished from the list, or units have swapped names",
    "person": "a mailbox would go to another person under the same id",
    "directory": "it is not the directory of the last run, or it has lost accounts or changes",
}
"""What can be overridden with ``--allow``, and why it stops a run."""
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


def check(task: Task, plan: DomainPlan, found: Snapshot, memory: Memory) -> tuple[Brake, ...]:
    """Every brake that `plan` of the mail domain of `task` hits; none when it may go on.

    `found` is the directory as the plan was made from it. Thresholds are those of the domain's policy.
    """
    accounts = tuple(_accounts(task.layout, found))
    return tuple(_check(task, plan, accounts, memory))


def _check(task: Task, plan: DomainPlan, accounts: Sequence[Entry], memory: Memory) -> Iterator[Brake]:
    rules, kinds, domain = effective(task.policy), sort_out(plan.operations), plan.domain
    size = len(accounts)
    # Whoever has no row counts at once, though the account may end runs later: the list is shorter now.
    ending = plan.absent | {operation.entry.key for operation in kinds.ends}
    gone = [entry for entry in accounts if entry.key in ending]
    yield from _vanished(task, plan, accounts)
    half = len(gone) >= max(FEWEST, size / 2)
    if half or rules.sync_leavers.passed(len(gone), size):
        message = f"{len(gone)} of {size} accounts would end, or have no row any more: {_named(gone)}"
        yield _brake("leavers", domain, message, rules.sync_leavers)
    known = size or memory.domain(domain).accounts
    if known and rules.sync_joins.passed(len(kinds.begins), size):
        message = f"{len(kinds.begins)} new accounts beside {size} in use"
        yield _brake("joins", domain, message, rules.sync_joins)
    if rules.sync_changes.passed(len(kinds.changes), size):
        message = f"{len(kinds.changes)} of {size} accounts would change ({_what(kinds.changes)})"
        yield _brake("changes", domain, message, rules.sync_changes)
    follow = {Event.UNIT_RENAMED, Event.UNIT_MOVED}  # of one unit: all its people follow, as they should
    own = [operation.entry for operation in kinds.changes if operation.reason.event not in follow]
    sizes = Counter(entry.unit_id for entry in accounts)
    for code, limit, entries, what in (
        ("unit-leavers", rules.sync_unit_leavers, gone, "would end, or have no row any more"),
        ("unit-changes", rules.sync_unit_changes, own, "would change"),
    ):
        counted = Counter(entry.unit_id for entry in entries)
        parts = [
            f"{count} of {sizes[unit]} in unit {unit}"
            for unit, count in counted.most_common()
            if limit.passed(count, sizes[unit])
        ]
        if parts:
            yield _brake(code, domain, f"accounts {what}: {_some(parts)}", limit)
    names = {entry.key: entry.value("cn") for entry in accounts}
    suspected = suspects([one for one in plan.operations if isinstance(one, Modify)], names)
    for code, kind, whose in (("person", PEOPLE, "another person"), ("unit", UNITS, "another unit")):
        if some := [one for one in suspected if one.key.startswith(f"{kind}/")]:
            yield _hands(code, domain, some, whose)


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


def check_directory(
    now: Seen, found: Snapshot, memory: Memory, domains: Mapping[str, Layout]
) -> tuple[Brake, ...]:
    """Every brake that the directory itself hits, against the last finished run.

    `domains` are those of the settings. Nothing stops the very first run.
    """
    return (*_wrong_directory(now, memory), *_lost(found, memory, domains))


def _wrong_directory(now: Seen, memory: Memory) -> Iterator[Brake]:
    before = memory.seen
    if before is None:
        return
    if now.base_uuid != before.base_uuid:
        message = f"the base has the entryUUID {now.base_uuid}, that of the last run had {before.base_uuid}"
        hint = "correct directory in the settings, or allow it if the directory was built anew"
        yield Brake("directory", "", message, hint)
    elif memories.moved_back(before.context_csn, now.context_csn):
        message = f"its last change is {now.context_csn}, at the last run it was {before.context_csn}"
        hint = "a provider that lags behind, or an old backup: wait for it, or allow it if it is meant"
        yield Brake("directory", "", message, hint)


def _lost(found: Snapshot, memory: Memory, domains: Mapping[str, Layout]) -> Iterator[Brake]:
    for name, kept in sorted(memory.domains.items()):
        layout = domains.get(name) or Layout(found.base, name)
        here = count_accounts(layout, found)
        if name not in domains:
            if here:
                message = f"is no longer in the settings, and has {here} accounts in use"
                yield Brake("domain", name, message, "put it back, or allow it: its accounts then stay as is")
        elif kept.accounts >= FEWEST and here * 2 < kept.accounts:
            message = f"the directory has {here} accounts in use, after the last run it had {kept.accounts}"
            yield Brake("directory", name, message, "look whether this is the right one, and complete")


def _accounts(layout: Layout, found: Snapshot) -> Iterator[Entry]:
    """The accounts in use of one mail domain; those that have ended and are kept locked are not."""
    branches = {dn_key(layout.people), dn_key(layout.units)}
    for key, entry in found.entries.items():
        if entry.managed and key.partition(",")[2] in branches and is_open(entry):
            yield entry


def count_accounts(layout: Layout, found: Snapshot) -> int:
    """How many accounts of the mail domain are in use."""
    return sum(1 for _ in _accounts(layout, found))


def in_scope(plan: DomainPlan, units: frozenset[str], layout: Layout, found: Snapshot) -> DomainPlan:
    """The part of `plan` that concerns `units`: theirs, whoever moves there, and what all stand below.

    No `units`: the whole plan.
    """
    if not units:
        return plan
    inside = {entry.key for entry in _accounts(layout, found) if entry.unit_id in units}

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
