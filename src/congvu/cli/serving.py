"""What commands on a server share: where its settings are, and whose files they write."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from congvu.cli.author import author
from congvu.printable import printable

if TYPE_CHECKING:
    from congvu.lifecycle.follow import Followed
    from congvu.sync.settings import Settings

SETTINGS = Path("/etc/congvu/sync.yml")
STATE = Path("/var/lib/congvu-lifecycle")
"""Where the mail server keeps what it has told and whose sessions it has ended."""

settings_option = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=SETTINGS,
    show_default=True,
    help="Settings file of the sync: directory, domains, policies.",
)


def is_root() -> bool:
    """Whether this may act on the host's daemons."""
    return os.geteuid() == 0


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Within the ``with`` statement, root acts as the owner of `folder`; anybody else as themselves.

    So the sync, which is not root, can go on with every file that is made.
    """
    owner = folder.stat() if is_root() and folder.exists() else None
    if owner is None or owner.st_uid == 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups(os.getgrouplist(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid))
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def followed(settings: Settings, state: Path = STATE) -> Followed:
    """Do what follows on this mail server from what happened to accounts, see `congvu.lifecycle.follow`."""
    from congvu.lifecycle.follow import follow as follow_  # noqa: PLC0415

    return follow_(settings, state, author(), datetime.now(UTC))


def on_mail_server() -> bool:
    """Whether this is a mail server, and this process may ask its daemons."""
    return is_root() and STATE.is_dir()


def follow(settings: Settings) -> None:
    """As `followed`, after a command, where this is a mail server: it need not wait for the timer."""
    if on_mail_server():
        for reason in followed(settings).untold:
            click.echo(printable(reason), err=True)
