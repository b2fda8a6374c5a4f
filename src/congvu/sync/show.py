"""Plans and outcomes as lines to read: by mail domain, by unit, and as JSON. Nothing is printed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from congvu.directory.operations import Add, DomainPlan, Modify, Operation
from congvu.printable import printable
from congvu.sync.job import Brake, Outcome, Status
from congvu.sync.planfile import plan_as_json

FIRST_UNITS = 12
"""Units of a mail domain that are shown without ``--all``, those with the most changes."""
FIRST_LINES = 4
"""Operations of a unit that are shown without ``--all``."""
FIRST_FINDINGS = 10
"""Findings of a mail domain that are shown without ``--all``."""
FIRST_NOTES = 20
"""Findings of a mail domain, and doubts, in the journal."""
VERSION = 1
"""Of the JSON output."""


def lines(outcome: Outcome, *, everything: bool) -> Iterator[str]:
    """What `outcome` found, in Rich's markup."""
    if outcome.quick:
        yield "[green]nothing to do[/]: neither the lists nor the directory have moved since the last run"
        return
    for plan in outcome.plans:
        yield from _domain(plan, everything=everything)
    told = [f"[cyan]note[/] {_safe(finding)}" for finding in outcome.findings]
    yield from _some(told, FIRST_FINDINGS, everything=everything)
    for doubt in outcome.doubts:
        yield f"[magenta]in doubt[/] {_safe(str(doubt))}"
    for brake in outcome.overridden:
        yield f"[yellow]allowed[/] {brake.code}: {_safe(_where(brake) + brake.message)}"


def brakes(outcome: Outcome) -> Iterator[str]:
    """Why the run is refused, in Rich's markup."""
    for brake in outcome.brakes:
        yield f"[bold red]refused[/] {brake.code}: {_safe(str(brake))}"
    if outcome.brakes:
        yield "[bold red]nothing was written[/]"


def troubles(outcome: Outcome) -> Iterator[str]:
    """What went wrong, in Rich's markup."""
    yield from brakes(outcome)
    for failure in outcome.failures:
        yield f"[bold red]failed[/] {_safe(failure)}"
    if outcome.status is Status.FAILED:
        yield f"[bold red]stopped[/] with {outcome.left} operations left; the next run goes on"


def notes(outcome: Outcome) -> Iterator[str]:
    """Findings and doubts, one plain line each, the first of each mail domain: for a journal."""
    yield from _first([f"note: {finding}" for finding in outcome.findings])
    for plan in outcome.plans:
        yield from _first([f"{plan.domain}: note: {finding}" for finding in plan.findings])
    yield from _first([f"{doubt.domain}: in doubt: {doubt}" for doubt in outcome.doubts])


def _first(told: Sequence[str]) -> Iterator[str]:
    yield from map(printable, told[:FIRST_NOTES])
    if len(told) > FIRST_NOTES:
        yield f"… and {len(told) - FIRST_NOTES} more ('congvu sync plan --verify --all' shows them)"


def done(outcome: Outcome) -> Iterator[str]:
    """What was done: a line for each mail domain and one for the whole run, in Rich's markup."""
    if outcome.status is Status.REFUSED:
        yield f"run {outcome.run_id}: refused, {len(outcome.brakes)} brakes; nothing was written"
        return
    for plan in outcome.plans:
        yield _summary(plan, outcome.done)
    for sheet in outcome.sheets:
        yield _safe(f"initial passwords: {sheet}")
    parts = [f"{len(outcome.done)} operations done"]
    parts += [f"{len(outcome.failures)} refused"] if outcome.failures else []
    parts += [f"{outcome.left} left"] if outcome.left else []
    parts += [f"{len(outcome.doubts)} in doubt"] if outcome.doubts else []
    parts += [f"{outcome.passwords} initial passwords"] if outcome.passwords else []
    parts += [f"{outcome.without_password} to come"] if outcome.without_password else []
    said = "nothing has moved" if outcome.quick else ", ".join(parts)
    yield f"run {outcome.run_id}: {said}"


def _summary(plan: DomainPlan, done: Iterable[Operation]) -> str:
    operations = [operation for operation in done if operation.domain == plan.domain]
    added = sum(isinstance(one, Add) and one.entry.managed for one in operations)
    changed = sum(isinstance(one, Modify) for one in operations)
    return f"{plan.domain}: {added} added, {changed} changed, {plan.unchanged} unchanged"


def as_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome for machines; docs/sync.md describes the keys."""
    return {
        "version": VERSION,
        "status": outcome.status.name.lower(),
        "run_id": outcome.run_id,
        "nothing_moved": outcome.quick,
        "domains": [plan_as_json(plan) for plan in outcome.plans],
        "brakes": [_brake(brake) for brake in outcome.brakes],
        "overridden": [_brake(brake) for brake in outcome.overridden],
        "findings": list(outcome.findings),
        "doubts": [
            {"id": doubt.id, "domain": doubt.domain, "text": str(doubt), "candidates": list(doubt.candidates)}
            for doubt in outcome.doubts
        ],
        "done": len(outcome.done),
        "failures": list(outcome.failures),
        "left": outcome.left,
    }


def _brake(brake: Brake) -> Mapping[str, str]:
    return {"code": brake.code, "domain": brake.domain, "message": brake.message, "hint": brake.hint}


def _domain(plan: DomainPlan, *, everything: bool) -> Iterator[str]:
    yield (
        f"[bold]{plan.domain}[/]: [green]{plan.added} to add[/], [yellow]{plan.changed} to change[/], "
        f"{plan.unchanged} unchanged{_events(plan.operations)}"
    )
    by_unit: dict[str, list[Operation]] = {}
    for operation in plan.operations:
        by_unit.setdefault(operation.unit_id, []).append(operation)
    names = _unit_names(plan.operations)
    shown = set(by_unit) if everything else _largest(by_unit)
    for unit, operations in by_unit.items():
        if unit not in shown:
            continue
        named = f"{unit} {names.get(unit, '')}".strip() or "structure"
        added = sum(isinstance(operation, Add) for operation in operations)
        changed = len(operations) - added
        yield f"  [bold]{_safe(named)}[/] [green]+{added}[/] [yellow]~{changed}[/]"
        yield from _some(
            [f"  {_line(operation)}" for operation in operations], FIRST_LINES, everything=everything
        )
    if rest := len(by_unit) - len(shown):
        left = sum(len(operations) for unit, operations in by_unit.items() if unit not in shown)
        yield f"  … and {left} operations in {rest} more units (--all shows them)"
    notes = [f"[cyan]note[/] {_safe(finding)}" for finding in plan.findings]
    yield from _some(notes, FIRST_FINDINGS, everything=everything)


def _largest(by_unit: Mapping[str, Sequence[Operation]]) -> set[str]:
    """What all stand below, and the units with the most operations."""
    units = sorted((unit for unit in by_unit if unit), key=lambda unit: -len(by_unit[unit]))
    return {*units[:FIRST_UNITS], *({""} & by_unit.keys())}


def _unit_names(operations: Iterable[Operation]) -> Mapping[str, str]:
    return {operation.unit_id: operation.entry.value("ou") for operation in operations if operation.unit_id}


def _events(operations: Iterable[Operation]) -> str:
    counted = Counter(operation.reason.event for operation in operations if operation.entry.managed)
    told = ", ".join(f"{event} {count}" for event, count in counted.most_common())
    return f" [dim]({told})[/]" if told else ""


def _some(told: Sequence[str], first: int, *, everything: bool) -> Iterator[str]:
    shown = told if everything else told[:first]
    for line in shown:
        yield f"  {line}"
    if len(told) > len(shown):
        yield f"    … and {len(told) - len(shown)} more (--all shows them)"


def _line(operation: Operation) -> str:
    reason = operation.reason
    parts = (reason.event.value, reason.text, reason.place, reason.clause, reason.document)
    why = f"[dim]({_safe('; '.join(part for part in dict.fromkeys(parts) if part))})[/]"
    if isinstance(operation, Add):
        return f"[green]+[/] {_safe(operation.label)} {why}"
    changes = ", ".join(
        "password removed"
        if change.secret
        else f"{change.attribute} {' '.join(change.before) or '–'} → {' '.join(change.after) or '–'}"
        for change in operation.changes
        if not (change.secret and change.after)  # what goes with the removal
    )
    return f"[yellow]~[/] {_safe(operation.label)}: {_safe(changes)} {why}"


def _where(brake: Brake) -> str:
    return f"{brake.domain}: " if brake.domain else ""


def _safe(text: str) -> str:
    """`text` that neither steers the terminal nor Rich: names come from other people's files."""
    from rich.markup import escape  # noqa: PLC0415  (a run that finds nothing moved does without Rich)

    return escape(printable(text))
