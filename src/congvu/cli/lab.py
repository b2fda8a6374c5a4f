"""`congvu lab`: the whole stack in containers."""

from __future__ import annotations

import time

import click
from rich.table import Table

from congvu.fleet import prelude

prelude.prepare()

# ruff: noqa: E402  (what follows needs prelude.prepare)
from congvu.cli import stack
from congvu.cli.progress import Steps
from congvu.fleet import lab as labs
from congvu.fleet.lab import ROOT, Lab

_name = click.option("--name", default="default", show_default=True, help="Which lab.")
_keep_image = click.option("--keep-image", is_flag=True, help="Leave the base image for the next lab.")


@click.group()
def lab() -> None:
    """Raise, look at and remove labs: the stack in containers with systemd and sshd."""


@lab.command()
@_name
@click.option("--down", "take_down", is_flag=True, help="Remove all that this lab made instead.")
@_keep_image
@click.option("--bare", is_flag=True, help="Stop after the bootstrap: hosts that Ansible can manage.")
@click.option("--plain-ansible", is_flag=True, help="Deploy without mitogen, as on real servers.")
def up(name: str, *, take_down: bool, keep_image: bool, bare: bool, plain_ansible: bool) -> None:
    """Bring up the whole stack, fill the directory, and prove it with mail. Safe to run again."""
    if take_down:
        _down(name, keep_image=keep_image)
        return
    one, steps = Lab(name), Steps()
    changes = stack.raise_hosts(one, steps) + stack.bootstrap(one, steps)
    if not bare:
        changes += stack.deploy(one, steps, plain_ansible=plain_ansible)
        changes += stack.fill(one, steps)
        stack.prove(one, steps)
        _table(one, steps)
    _verdict("up", changes, steps)


@lab.command()
@_name
def fill(name: str) -> None:
    """Synchronise the sample registries and make two logins, on a lab whose hosts are deployed."""
    steps = Steps()
    _verdict("fill", stack.fill(Lab(name), steps), steps)


@lab.command()
@_name
def prove(name: str) -> None:
    """Send mail in, out and to a unit, and wait for it."""
    stack.prove(Lab(name), Steps())


@lab.command()
@_name
@_keep_image
def down(name: str, *, keep_image: bool) -> None:
    """Remove all that a lab made; with the last lab the base image goes too."""
    _down(name, keep_image=keep_image)


@lab.command()
@_name
def environment(name: str) -> None:
    """Print shell variables with which Ansible and pytest reach a lab: eval "$(scripts/lab environment)"."""
    for key, value in Lab(name).environment.items():
        click.echo(f"export {key}='{value}'")


def _down(name: str, *, keep_image: bool) -> None:
    removed = labs.remove(Lab(name), keep_image=keep_image)
    click.echo(f"lab {name}: {'removed' if removed else 'there was none'}")


def _verdict(what: str, changes: int, steps: Steps) -> None:
    said = f"{changes} changes" if changes else "nothing changed"
    steps.console.print(f"[bold green]{what}[/]: {said}, {time.monotonic() - steps.began:.0f} s")


def _table(one: Lab, steps: Steps) -> None:
    mail, outside = one.host("mail"), one.host("outside")
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_row("mail", f"{mail.address}  {mail.need('bootstrap_fqdn')}")
    table.add_row("", "SMTP 25, submission 587 (STARTTLS) 465 (TLS), IMAP 993 143, sieve 4190, LDAP 389 636")
    table.add_row("outside", f"{outside.address}  {outside.need('bootstrap_fqdn')}: DNS 53, SMTP 25")
    for address, password in stack.logins(one).items():
        table.add_row("login", f"{address}  {password}")
    table.add_row("shell", f"ssh -F {one.ssh_config.relative_to(ROOT)} mail")
    table.add_row("logs", f"{one.folder.relative_to(ROOT)}/logs/, on hosts journalctl --facility=mail")
    steps.console.print(table)
