"""`congvu unit`: the mailboxes and shared folders of units."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from congvu.printable import printable
from congvu.sync import settings as sync_settings

_settings = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("/etc/congvu/sync.yml"),
    show_default=True,
    help="Settings file of the sync: directory, domains, policies.",
)


@click.group()
def unit() -> None:
    """The mailboxes and shared folders of units."""


@unit.command()
@_settings
def freshness(settings_file: Path) -> None:
    """List the shared folders without news for as long as the policy says. As root, on a mail server.

    Exit status 1 when there are some.
    """
    from congvu.mail import freshness as looking  # noqa: PLC0415  (the quick commands do without)
    from congvu.mail import site  # noqa: PLC0415

    today, stale = date.today(), False
    with site.opened(sync_settings.read(settings_file)) as here:
        for domain in here.settings.domains:
            policy = here.policy(domain)
            shared = policy.shared_folders if policy else None
            if not shared:
                continue
            folders = [looking.look(one.name, one.address) for one in here.accounts.units(domain)]
            stale = stale or any(looking.passed(one, shared.fresh_within, today) for one in folders)
            click.echo(
                printable("\n".join((f"{domain}:", *looking.report(folders, shared.fresh_within, today))))
            )
    if stale:
        click.get_current_context().exit(1)
