"""`congvu lifecycle`: what clocks ask for, and what follows from what happened to accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from congvu import policy as policies
from congvu.cli import serving
from congvu.cli.author import author
from congvu.errors import CongvuError, SettingsError
from congvu.printable import printable
from congvu.sync import settings as sync_settings
from congvu.vietnam import today

if TYPE_CHECKING:
    from congvu.lifecycle.night import Night
    from congvu.sync.settings import Settings

_day = click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), help="As if it were that day; today unless given."
)


_FOLDER = click.Path(path_type=Path, file_okay=False)
_state = click.option(
    "--state", type=_FOLDER, default=serving.STATE, show_default=True, help="Folder of what was done so far."
)
_only = click.option("--only", multiple=True, metavar="ADDRESS", help="Only this account. May be repeated.")


@click.group()
def lifecycle() -> None:
    """Clocks of accounts (first passwords, silence, locks), ends of sessions, and letters.

    Exit status 0: nothing to do, or done. 1: something is due (plan), was refused, or somebody could not be
    told. 2: bad input, nothing was written; or the brake held back whose accounts would end. 3: a system
    failed; the next run goes on.
    """


@lifecycle.command()
@serving.settings_option
@_day
@_only
def plan(settings_file: Path, day: datetime | None, only: tuple[str, ...]) -> None:
    """Show what is due today, and write nothing."""
    settings = sync_settings.read(settings_file)
    with serving.as_owner_of(settings.state):
        rules = _policies(settings)
        night = _look(settings, rules, day, only)
    _print(night)
    for brake in night.braked(rules)[1]:
        click.echo(printable(str(brake)), err=True)
    click.get_current_context().exit(1 if night.operations else 0)


@lifecycle.command()
@serving.settings_option
@_day
@_only
@click.option("--allow", type=click.Choice(["leavers"]), help="Override the brake; needs --reason.")
@click.option("--reason", default="", help="Why --allow is right; it stands in the audit log.")
@click.option("--purge", is_flag=True, help="End mail whose hold is over, too: it can be archived first.")
def run(
    settings_file: Path,
    day: datetime | None,
    only: tuple[str, ...],
    allow: str | None,
    reason: str,
    *,
    purge: bool,
) -> None:
    """Do what is due today: for a timer."""
    from congvu.lifecycle.desk import Desk  # noqa: PLC0415

    if bool(allow) != bool(reason.strip()):
        raise SettingsError("the brake is overridden with a reason", hint="--allow leavers --reason TEXT")
    settings = sync_settings.read(settings_file)
    with serving.as_owner_of(settings.state):
        rules = _policies(settings)
        night = _look(settings, rules, day, only)
        if not purge and (waiting := len(night.operations) - len(night.keeping_mail().operations)):
            click.echo(f"the hold of {waiting} is over; their mail stays until --purge", err=True)
            night = night.keeping_mail()
        night, brakes = (night, ()) if allow else night.braked(rules)
        for brake in brakes:
            click.echo(printable(str(brake)), err=True)
        failures: Sequence[CongvuError] = ()
        if night.operations:
            applied = Desk(settings, author(), reason).carry_out(night.operations)
            failures = [failure for _, failure in applied.failures]
            click.echo(f"{len(applied.written)} done, {len(failures)} refused")
        elif not brakes:
            click.echo("nothing is due")
    for failure in failures:
        click.echo(printable(str(failure)), err=True)
    click.get_current_context().exit(2 if brakes else 1 if failures else 0)


@lifecycle.command()
@serving.settings_option
@_state
def follow(settings_file: Path, state: Path) -> None:
    """End the sessions of who may not log in any more, and write the letters that are due. As root."""
    done = serving.followed(sync_settings.read(settings_file), state)
    for reason in done.untold:
        click.echo(printable(reason), err=True)
    if done.ended or done.told:
        ended, told = (", ".join(those) or "none" for those in (done.ended, done.told))
        click.echo(f"sessions ended: {ended}; told: {told}")
    click.get_current_context().exit(1 if done.untold else 0)


@lifecycle.command()
@serving.settings_option
@click.option(
    "--store", type=_FOLDER, default="/var/vmail", show_default=True, help="Where Dovecot has the mail."
)
@click.option(
    "--archives",
    type=_FOLDER,
    default="/var/lib/congvu-archive",
    show_default=True,
    help="Where they go.",
)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, dir_okay=False),
    default="/etc/congvu/archive.pem",
    show_default=True,
    help="Of the operator, whose key alone opens them.",
)
def archive(settings_file: Path, store: Path, archives: Path, certificate: Path) -> None:
    """Archive the mail of purged accounts, and remove it. As root, on the mail server."""
    from congvu.directory.connection import Directory  # noqa: PLC0415
    from congvu.lifecycle.archive import Archivist  # noqa: PLC0415
    from congvu.sealed import Certificate  # noqa: PLC0415

    settings = sync_settings.read(settings_file)
    with Directory.as_service(settings.directory) as directory:
        archivist = Archivist(
            directory, settings.directory.base, store, archives, Certificate(certificate), author()
        )
        done = archivist.run(datetime.now(UTC))
    for one in done.archives:
        click.echo(printable(f"{one.address}: {one.messages} messages, {one.octets} bytes, in {one.folder}"))
    for fault in done.failures:
        click.echo(printable(str(fault)), err=True)
    click.get_current_context().exit(max((fault.exit_code for fault in done.failures), default=0))


@lifecycle.command()
@serving.settings_option
@_state
def handovers(settings_file: Path, state: Path) -> None:
    """Record the handovers of units' mailboxes: count, end sessions, count again. As root, for a timer.

    Exit status 1: in some mailbox something is not there any more.
    """
    from congvu.lifecycle.takeover import Office  # noqa: PLC0415

    done = Office(sync_settings.read(settings_file), state, author()).follow()
    for one in done:
        click.echo(f"{one.handover.address}: {one.messages} messages, {one.missing} missing; {one.paper}")
    click.get_current_context().exit(1 if any(one.missing for one in done) else 0)


def _look(
    settings: Settings, rules: Mapping[str, policies.Policy], day: datetime | None, only: tuple[str, ...]
) -> Night:
    from congvu.directory.connection import Directory  # noqa: PLC0415
    from congvu.directory.password import find  # noqa: PLC0415
    from congvu.lifecycle.night import look  # noqa: PLC0415
    from congvu.policy.source import sources  # noqa: PLC0415

    cited = {name: sources(domain.policy) for name, domain in settings.domains.items()}
    the_day = day.date() if day else today()
    with Directory.as_service(settings.directory) as directory:
        night = look(directory, settings.directory.base, rules, the_day, cited)
        for address in only:
            find(directory, settings.directory.base, address)
    return night.only(only) if only else night


def _policies(settings: Settings) -> dict[str, policies.Policy]:
    return {name: policies.load(domain.policy) for name, domain in settings.domains.items()}


def _print(night: Night) -> None:
    for one in night.operations:
        click.echo(printable(f"{one.label}: {one.reason.event}, {one.reason.text}"))
    click.echo(f"{len(night.operations)} due, of {sum(night.in_use.values())} accounts")
