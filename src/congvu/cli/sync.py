"""`congvu sync`: make the directory say what the registry says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from congvu.directory.apply import apply as apply_plan
from congvu.directory.connection import Directory
from congvu.directory.diff import Add, Operation, Plan
from congvu.directory.inspect import inspect
from congvu.directory.password import find_open, issue_initial
from congvu.directory.settings import Settings, load
from congvu.directory.sync import plan_all, read_sources

FIRST_LINES = 10
"""Operations and findings shown per domain without --all."""
LINE_EVERY = 500
"""Operations between two lines of progress in a log."""

_settings = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path),
    required=True,
    help="Settings file: directory, domains, registries.",
)


@click.group()
def sync() -> None:
    """Bring the LDAP directory in step with the staff registry."""


@sync.command()
@_settings
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@click.option("--all", "all_lines", is_flag=True, help="Show every operation, not only the first.")
def plan(settings_file: Path, *, as_json: bool, all_lines: bool) -> None:
    """Show what would change. Exit status 0: nothing, 1: something."""
    settings = load(settings_file)
    with _planned(settings) as (_, plans):
        if as_json:
            click.echo(json.dumps([_as_json(plan) for plan in plans], ensure_ascii=False, indent=2))
        else:
            _show(plans, all_lines=all_lines)
    click.get_current_context().exit(1 if _pending(plans) else 0)


@sync.command()
@_settings
@click.option("--all", "all_lines", is_flag=True, help="Show every operation, not only the first.")
def apply(settings_file: Path, *, all_lines: bool) -> None:
    """Show what changes, and do it."""
    settings = load(settings_file)
    with _planned(settings) as (directory, plans):
        _show(plans, all_lines=all_lines)
        _write(directory, plans, quiet=False)
    for plan in plans:
        click.echo(_summary(plan))


@sync.command()
@_settings
def run(settings_file: Path) -> None:
    """Plan and apply with one line per domain, for a timer."""
    settings = load(settings_file)
    with _planned(settings) as (directory, plans):
        _write(directory, plans, quiet=True)
    for plan in plans:
        for finding in plan.findings:
            click.echo(f"{plan.domain}: note: {finding}", err=True)
        click.echo(_summary(plan))


@sync.command("issue-password")
@_settings
@click.argument("address")
def issue_password(settings_file: Path, address: str) -> None:
    """Give the account with ADDRESS a new initial password and print it, once.

    It must be changed at first login. Hand it to its owner in person or on a channel you trust.
    """
    settings = load(settings_file).directory
    with Directory.as_service(settings) as directory:
        click.echo(issue_initial(directory, find_open(directory, settings.base, address).dn))


@contextmanager
def _planned(settings: Settings) -> Iterator[tuple[Directory, tuple[Plan, ...]]]:
    """Everything is read and checked, for all domains, before the first write."""
    sources = read_sources(settings)
    with Directory.as_service(settings.directory) as directory:
        found = inspect(directory, settings.directory.base)
        yield directory, plan_all(sources, found, mail_host=settings.mail_host, today=date.today())


def _write(directory: Directory, plans: Sequence[Plan], *, quiet: bool) -> None:
    """Apply all plans; a bar on a terminal, a line now and then in a log unless `quiet`."""
    total = sum(len(plan.operations) for plan in plans)
    console = Console(stderr=True)
    live = console.is_terminal and total > 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not live) as bar:
        task = bar.add_task("writing", total=total)
        done = 0

        def step(_: Operation) -> None:
            nonlocal done
            done += 1
            bar.advance(task)
            if done % LINE_EVERY == 0 and not (live or quiet):
                click.echo(f"{done} of {total} written")

        for plan in plans:
            bar.update(task, description=plan.domain)
            apply_plan(directory, plan, step)


def _pending(plans: Sequence[Plan]) -> bool:
    return any(plan.operations for plan in plans)


def _summary(plan: Plan) -> str:
    return f"{plan.domain}: {plan.added} added, {plan.changed} changed, {plan.unchanged} unchanged"


def _show(plans: Sequence[Plan], *, all_lines: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for plan in plans:
        console.print(
            f"[bold]{plan.domain}[/]: [green]{plan.added} to add[/], [yellow]{plan.changed} to change[/], "
            f"{plan.unchanged} unchanged"
        )
        _print_some(console, [_line(operation) for operation in plan.operations], all_lines=all_lines)
        _print_some(
            console, [f"[cyan]note[/] {escape(finding)}" for finding in plan.findings], all_lines=all_lines
        )


def _print_some(console: Console, lines: Sequence[str], *, all_lines: bool) -> None:
    shown = lines if all_lines else lines[:FIRST_LINES]
    for line in shown:
        console.print(f"  {line}")
    if len(lines) > len(shown):
        console.print(f"  … and {len(lines) - len(shown)} more (--all shows them)")


def _line(operation: Operation) -> str:
    why = escape(f"({operation.reason}; {operation.clause})")
    if isinstance(operation, Add):
        return f"[green]+[/] {escape(operation.entry.value('mail') or operation.dn)} [dim]{why}[/]"
    changes = ", ".join(
        f"{change.attribute} removed"
        if change.secret
        else f"{change.attribute} {' '.join(change.before) or '–'} → {' '.join(change.after) or '–'}"
        for change in operation.changes
    )
    return f"[yellow]~[/] {escape(operation.label)}: {escape(changes)} [dim]{why}[/]"


def _as_json(plan: Plan) -> dict[str, object]:
    """The plan for machines; docs/directory.md describes the keys."""
    operations: list[dict[str, object]] = []
    for operation in plan.operations:
        common = {"dn": operation.dn, "reason": operation.reason, "clause": operation.clause}
        if isinstance(operation, Add):
            attributes = {name: list(values) for name, values in operation.entry.attributes.items()}
            operations.append({"operation": "add", **common, "attributes": attributes})
        else:
            changes = [
                {"attribute": change.attribute, "before": list(change.before), "after": list(change.after)}
                for change in operation.changes
            ]
            operations.append({"operation": "modify", **common, "changes": changes})
    return {
        "domain": plan.domain,
        "added": plan.added,
        "changed": plan.changed,
        "unchanged": plan.unchanged,
        "operations": operations,
        "findings": list(plan.findings),
    }
