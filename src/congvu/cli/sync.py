"""`congvu sync`: make the directory say what the registry says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from congvu import files
from congvu.cli import author as who
from congvu.cli import watching
from congvu.cli.options import json_option
from congvu.errors import InputError, SettingsError
from congvu.printable import printable
from congvu.strictyaml import nearest
from congvu.sync import ldif, planfile, show
from congvu.sync import run as running
from congvu.sync.job import CODES, Order, Status
from congvu.sync.planfile import SavedPlan
from congvu.sync.settings import Settings, load

_Command = TypeVar("_Command", bound=Callable[..., Any])

_settings = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path),
    required=True,
    help="Settings file: directory, domains, registries, where records go.",
)
_all = click.option("--all", "everything", is_flag=True, help="Show every operation, not only the first.")


def _limits(command: _Command) -> _Command:
    """What `plan`, `apply` and `run` have in common."""
    for option in (
        click.option("--reason", default="", help="Why --allow is right; it stands in the audit log."),
        click.option(
            "--allow",
            multiple=True,
            type=click.Choice(sorted(CODES)),
            help="Override this brake for this run; needs --reason. May be repeated.",
        ),
        click.option("--verify", is_flag=True, help="Compare all, even where nothing seems to have moved."),
        click.option("--unit", "units", multiple=True, help="Only this unit (its id). May be repeated."),
        click.option("--domain", "domains", multiple=True, help="Only this mail domain. May be repeated."),
    ):
        command = option(command)
    return command


@click.group()
def sync() -> None:
    """Bring the LDAP directory in step with the staff registry.

    Exit status 0: nothing to do, or done. 1: changes pending, or some refused or in doubt. 2: bad input or a
    brake, nothing was written. 3: a system failed, the next run goes on.
    """


@sync.command()
@_settings
@_limits
@json_option
@_all
@click.option("--out", type=click.Path(path_type=Path), help="Save the plan, for 'congvu sync apply FILE'.")
@click.option("--ldif", "ldif_file", type=click.Path(path_type=Path), help="Write the changes as LDIF, too.")
def plan(
    settings_file: Path,
    *,
    as_json: bool,
    everything: bool,
    out: Path | None,
    ldif_file: Path | None,
    **limits: Any,
) -> None:
    """Show what would change; write nothing to the directory."""
    order = _order(load(settings_file), **limits)
    outcome = running.preview(order)
    if as_json:
        click.echo(printable(json.dumps(show.as_json(outcome), ensure_ascii=False, indent=2)))
    else:
        _print(show.lines(outcome, everything=everything))
    _print(show.brakes(outcome), err=True)
    if outcome.status is not Status.REFUSED:
        if out:
            planfile.save(out, order, outcome)
        if ldif_file:
            files.write_whole(
                ldif_file, ldif.of_operations(one for plan in outcome.plans for one in plan.operations)
            )
    click.get_current_context().exit(outcome.status)


@sync.command()
@_settings
@_limits
@json_option
@_all
@click.argument("saved", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
def apply(settings_file: Path, *, as_json: bool, everything: bool, saved: Path | None, **limits: Any) -> None:
    """Show what changes, and do it; with the FILE of 'plan --out', only if that is still what it says."""
    order = _order(load(settings_file), **limits)
    expected = SavedPlan.read(saved) if saved else None
    if expected:
        _check_scope(order)
        order = expected.order(order)
    with watching.ended_by_signals() as stop, watching.progress(quiet=False) as progress:
        outcome = running.carry_out(order, progress, stop=stop, saved=expected)
    if as_json:
        click.echo(printable(json.dumps(show.as_json(outcome), ensure_ascii=False, indent=2)))
    else:
        _print(show.lines(outcome, everything=everything))
        _print(show.done(outcome))
    _print(show.troubles(outcome), err=True)
    click.get_current_context().exit(outcome.status)


@sync.command()
@_settings
@_limits
def run(settings_file: Path, **limits: Any) -> None:
    """Plan and apply, with one line for each mail domain and one for all: for a timer and its journal."""
    order = _order(load(settings_file), **limits)
    with watching.ended_by_signals() as stop, watching.progress(quiet=True) as progress:
        outcome = running.carry_out(order, progress, stop=stop)
    if outcome.quick:  # Rich takes longer to import than such a run takes
        click.echo(next(show.done(outcome)))
    else:
        for line in show.notes(outcome):
            click.echo(line, err=True)
        _print(show.done(outcome))
        _print(show.troubles(outcome), err=True)
    click.get_current_context().exit(outcome.status)


@sync.command()
@_settings
@click.argument("doubt", required=False)
@click.argument("answer", required=False)
@click.option("--author", default="", help="Who decides; who is logged in unless given.")
@click.option("--reason", default="", help="Why: kept with the answer, which needs it.")
def decide(settings_file: Path, doubt: str | None, answer: str | None, *, author: str, reason: str) -> None:
    """Answer a doubt about who a row is: ANSWER is same:ID, new or left. Without a DOUBT, list them.

    The answer is remembered for all later runs.
    """
    from congvu.sync import decisions  # noqa: PLC0415  (`run` does without most of what this imports)

    settings = load(settings_file)
    doubts = {one.id: one for one in running.preview(_order(settings, verify=True)).doubts}
    if doubt is None:
        for one in doubts.values():
            click.echo(printable(str(one)))
        click.get_current_context().exit(Status.PENDING if doubts else Status.FINE)
    if doubt not in doubts:
        raise InputError(f"there is no doubt {doubt!r}", hint=nearest(doubt, doubts))
    decision = decisions.answered(
        doubts[doubt],
        answer or "",
        author=author or who.author(),
        reason=reason,
        now=datetime.now().astimezone(),
    )
    files.make_folder(settings.state, 0o700)
    decisions.remember(settings.decisions, decision)
    click.echo(printable(f"{doubt}: {decision.answer}, {decision.staff_id}"))


def _order(
    settings: Settings,
    *,
    domains: tuple[str, ...] = (),
    units: tuple[str, ...] = (),
    verify: bool = False,
    allow: tuple[str, ...] = (),
    reason: str = "",
) -> Order:
    try:
        return Order(
            settings,
            today=date.today(),
            author=who.author(),
            domains=frozenset(domains),
            units=frozenset(units),
            allow=frozenset(allow),
            reason=reason,
            verify=verify,
        )
    except ValueError as problem:
        raise SettingsError(str(problem), hint="--allow CODE --reason TEXT") from None


def _check_scope(order: Order) -> None:
    if not order.whole:
        raise SettingsError("a saved plan has its own scope", hint="leave out --domain and --unit")


def _print(lines: Iterator[str], *, err: bool = False) -> None:
    from rich.console import Console  # noqa: PLC0415  (see `run`)

    console = Console(stderr=err, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line)
