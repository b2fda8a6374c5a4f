"""Everything a run does before it writes: read, compute, and check, in all domains at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from congvu.directory import inspect as inspecting
from congvu.directory.connection import Directory
from congvu.directory.model import Layout, Snapshot
from congvu.directory.operations import DomainPlan, Operation
from congvu.directory.plans import plan_all
from congvu.directory.wanted.model import Task
from congvu.errors import SettingsError
from congvu.registry.model import Registry
from congvu.strictyaml import nearest
from congvu.sync import decisions, guard, identity, memory, sources
from congvu.sync.census import Census, check_directory
from congvu.sync.gathered import Gathered
from congvu.sync.job import Brake, Order
from congvu.sync.look import Ground as Ground  # noqa: PLC0414  (callers have it from here)
from congvu.sync.look import gather
from congvu.sync.memory import Memory, Quiet, Seen
from congvu.sync.settings import Settings


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be done, and whether it may be."""

    gathered: Gathered
    found: Snapshot
    census: Census
    """The accounts in `found`."""
    tasks: tuple[Task, ...]
    whole: tuple[DomainPlan, ...]
    """The plans of all domains."""
    plans: tuple[DomainPlan, ...]
    """Those that are asked for, and of these the units that are asked for."""
    brakes: tuple[Brake, ...]
    overridden: tuple[Brake, ...]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All that is to be written, in order."""
        return tuple(operation for plan in self.plans for operation in plan.operations)

    @property
    def first_loads(self) -> tuple[str, ...]:
        """The mail domains that have no accounts yet."""
        return tuple(plan.domain for plan in self.plans if not self.census.count(plan.domain))

    @property
    def waiting(self) -> bool:
        """Whether rows were set aside, or wait for a person's decision."""
        return bool(self.gathered.doubts) or any(
            source.aside or source.set_aside for source in self.gathered.sources
        )


def prepare(order: Order, directory: Directory, ground: Ground) -> Prepared:
    """Read the directory and plan everything.

    Raises `RegistryError` with the problems of all plans, `SettingsError` for a unit that is nowhere,
    `DirectoryFailure`, and what `read` raises.
    """
    settings = order.settings
    gathered = ground.inputs.gathered or gather(order)
    found = inspecting.inspect(directory, settings.directory.base)
    gathered = identity.identify(gathered, found, decisions.load(settings.decisions))
    absences = {
        source.domain: _earlier(order, source.registry, ground.memory.domain(source.domain))
        for source in gathered.sources
    }
    tasks = sources.tasks(gathered, today=order.today, absences=absences)
    whole = plan_all(tasks, found)
    if problems := [problem for plan in whole for problem in plan.problems]:
        sources.refuse(problems)
    census = Census(found)
    _check_units(order, tasks, census)
    plans = tuple(
        guard.in_scope(plan, order.units, census.of(Layout(settings.directory.base, plan.domain)))
        for plan in whole
        if not order.domains or plan.domain in order.domains
    )
    brakes = _brakes(settings, tasks, plans, census, ground)
    stopping = tuple(brake for brake in brakes if brake.code not in order.allow)
    overridden = tuple(brake for brake in brakes if brake.code in order.allow)
    return Prepared(gathered, found, census, tasks, whole, plans, stopping, overridden)


def _check_units(order: Order, tasks: tuple[Task, ...], census: Census) -> None:
    """Raise `SettingsError` for a unit asked for that neither a list nor the directory has.

    A unit that vanished from the list still has accounts, and can be asked for.
    """
    if not order.units:
        return
    asked = [task for task in tasks if not order.domains or task.layout.domain in order.domains]
    known = {unit.unit_id for task in asked for unit in task.registry.units}
    known.update(entry.unit_id for task in asked for entry in census.of(task.layout))
    if strange := order.units - known:
        name = min(strange)
        raise SettingsError(f"there is no unit {name!r} in the lists", hint=nearest(name, known))


def _brakes(
    settings: Settings,
    tasks: tuple[Task, ...],
    plans: tuple[DomainPlan, ...],
    census: Census,
    ground: Ground,
) -> tuple[Brake, ...]:
    by_domain = {task.layout.domain: task for task in tasks}
    own = (guard.check(by_domain[plan.domain], plan, census, ground.memory) for plan in plans)
    return (
        *check_directory(ground.seen, census, ground.memory, settings.domains),
        *(brake for brakes in own for brake in brakes),
    )


def settle(
    order: Order,
    directory: Directory,
    ground: Ground,
    prepared: Prepared,
    *,
    undone: frozenset[str],
    nothing_left: bool,
) -> Memory:
    """What is to be kept of a run that has finished.

    `undone` are the mail domains in which something was refused: they keep the absences they had, as those
    do that were not looked at as a whole (``--domain``, ``--unit``). `nothing_left` says that nothing waits
    for a person or for the next run.
    """
    known = {name: kept for name, kept in ground.memory.domains.items() if name in order.settings.domains}
    registries = {task.layout.domain: task.registry for task in prepared.tasks}
    for plan in prepared.whole:
        name = plan.domain
        before = ground.memory.domain(name)
        if order.units or (order.domains and name not in order.domains):
            continue
        kinds = guard.sort_out(plan.operations)
        there = prepared.census.count(name)
        accounts = there + len(kinds.begins) - len(kinds.ends)
        if name in undone:
            known[name] = replace(before, accounts=min(there, accounts))
            continue
        leaving = {operation.entry.key for operation in kinds.ends}
        absent = plan.absent - leaving
        digest = list_digest(registries[name]) if absent else ""
        known[name] = before.after(accounts, absent, digest, order.today)
    if not nothing_left or not order.whole or prepared.operations:
        return Memory(known, Seen(directory.base_uuid(), directory.context_csn()), None)
    return Memory(
        known, ground.seen, Quiet(ground.inputs.digest, order.today, _frames(order, directory, ground))
    )


def _frames(order: Order, directory: Directory, ground: Ground) -> str:
    """The hash of what was compared, where it will spare the next run the comparison.

    It takes a second reading, so it is taken only where the directory has moved by itself since a run on the
    same day with the same input. It counts only when nothing moved between the two readings.
    """
    quiet = ground.memory.quiet
    if quiet is None or (quiet.digest, quiet.day) != (ground.inputs.digest, order.today):
        return ""
    if order.verify or ground.memory.seen == ground.seen:
        return quiet.frames
    frames = inspecting.digest(directory, order.settings.directory.base)
    return frames if directory.context_csn() == ground.seen.context_csn else ""


def _earlier(order: Order, registry: Registry, kept: memory.Domain) -> Mapping[str, int]:
    return kept.earlier(list_digest(registry), order.today) if kept.absences else {}


def list_digest(registry: Registry) -> str:
    """SHA-256 over what the rows of a domain say. Tells whether a run saw another list than the last one."""
    whole = hashlib.sha256()
    for row in (*registry.units, *registry.staff):
        whole.update(repr(row).encode())
    return whole.hexdigest()
