"""`congvu lab`: the whole stack in containers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import click
import yaml
from rich.table import Table

from congvu.fleet import prelude

prelude.prepare()

# ruff: noqa: E402  (what follows needs prelude.prepare)
from congvu.cli.progress import Steps
from congvu.cli.watch import RoleWatcher
from congvu.directory import settings as sync_settings
from congvu.directory.apply import apply as apply_plan
from congvu.directory.connection import Directory
from congvu.directory.inspect import inspect
from congvu.directory.password import change_own, find_open, generate, issue_initial
from congvu.directory.sync import plan_all, read_sources
from congvu.fleet import deploy, image, proof
from congvu.fleet import lab as labs
from congvu.fleet.lab import ROOT, Lab

# The sample registries: mail domain to (staff, units).
SAMPLES = {"lamdong.gov.vn": (2000, 150), "quangtri.gov.vn": (40, 8)}
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
    changes = _raise(one, steps)
    if not bare:
        changes += _deploy(one, steps, plain_ansible=plain_ansible)
        changes += _fill(one, steps)
        _prove(one, steps)
        _table(one, steps)
    _verdict("up", changes, steps)


@lab.command()
@_name
def fill(name: str) -> None:
    """Synchronise the sample registries and make two logins, on a lab whose hosts are deployed."""
    steps = Steps()
    _verdict("fill", _fill(Lab(name), steps), steps)


@lab.command()
@_name
def prove(name: str) -> None:
    """Send mail in, out and to a unit, and wait for it."""
    _prove(Lab(name), Steps())


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


def _raise(one: Lab, steps: Steps) -> int:
    with steps.step("Base image") as step:
        name, built = image.build(labs.podman(), image.find_mirrors(), one.log("image"))
        step.outcome = f"built {name}" if built else f"cached {name}"
    with steps.step("Containers") as step:
        raised = labs.raise_containers(one, name)
        step.outcome = "raised" if raised else "no change"
    with steps.step("Bootstrap of the bare hosts") as step:
        changed = [what for changes in labs.bootstrap_hosts(one).values() for what in changes]
        step.outcome = f"{len(changed)} changes" if changed else "no change"
    return built + raised + len(changed)


def _deploy(one: Lab, steps: Steps, *, plain_ansible: bool) -> int:
    with steps.step("Deploy") as step:
        speed: Mapping[str, str] = {} if plain_ansible else deploy.mitogen()
        summary = deploy.run(
            "site",
            environment={**one.environment, **speed},
            log=one.log("deploy"),
            watch=RoleWatcher(step),
        )
        step.outcome = (
            f"{len(summary.changed)} changes in {summary.tasks} tasks" if summary.any_change else "no change"
        )
    return len(summary.changed)


def _verdict(what: str, changes: int, steps: Steps) -> None:
    said = f"{changes} changes" if changes else "nothing changed"
    steps.console.print(f"[bold green]{what}[/]: {said}, {time.monotonic() - steps.began:.0f} s")


def _fill(one: Lab, steps: Steps) -> int:
    return _sync(one, steps) + _make_logins(one, steps)


def _prove(one: Lab, steps: Steps) -> None:
    with steps.step("Send mail and wait for it") as step:
        arrived = proof.prove(one, _logins(one))
        step.outcome = f"{len(arrived)} of 3 arrived"


def _sync(one: Lab, steps: Steps) -> int:
    with steps.step("Sample registry") as step:
        made = _sample(one)
        step.outcome = "made" if made else "no change"
    with steps.step("Synchronise the directory") as step:
        settings = sync_settings.load(_sync_settings(one))
        sources = read_sources(settings)
        with Directory.as_service(settings.directory) as directory:
            found = inspect(directory, settings.directory.base)
            plans = plan_all(sources, found, mail_host=settings.mail_host, today=date.today())
            for plan in plans:
                step.note(f"{plan.domain}: {plan.added} to add, {plan.changed} to change")
                apply_plan(directory, plan, lambda _: None)
        count = sum(len(plan.operations) for plan in plans)
        step.outcome = f"{count} changes" if count else "no change"
    return made + count


def _sample(one: Lab) -> int:
    made = 0
    for domain, (staff, units) in SAMPLES.items():
        folder = one.folder / "registry" / domain
        if folder.exists():
            continue
        command = [sys.executable, str(ROOT / "tests" / "sample" / "registry.py"), str(folder)]
        command += ["--domain", domain, "--staff", str(staff), "--units", str(units)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        made += 1
    return made


def _sync_settings(one: Lab) -> Path:
    mail = one.host("mail")
    secret = one.folder / "sync.password"
    secret.touch(mode=0o600)
    secret.write_text(mail.need("directory_password_sync") + "\n")
    base = mail.need("directory_suffix")
    policies = ROOT / "inventory" / "policy"
    content = {
        "version": 1,
        "directory": {
            "uri": f"ldap://{mail.address}",
            "start_tls": True,
            "tls_name": mail.need("bootstrap_fqdn"),
            "ca_file": str(one.authority.certificate_file),
            "bind_dn": f"cn=sync,ou=services,{base}",
            "password_file": str(secret),
            "base": base,
        },
        "mail_host": mail.need("bootstrap_fqdn"),
        "domains": {
            domain: {
                "policy": str(policies / f"{domain}.yml"),
                "registry": str(one.folder / "registry" / domain),
            }
            for domain in SAMPLES
        },
    }
    path = one.folder / "sync.yml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def _logins(one: Lab) -> dict[str, str]:
    """The address of a person and of a unit, with their passwords."""
    logins: dict[str, str] = json.loads((one.folder / "logins.json").read_text())
    return logins


def _make_logins(one: Lab, steps: Steps) -> int:
    """Give a person and a unit passwords that are known: issued, then changed as at first login."""
    file = one.folder / "logins.json"
    if file.exists():
        return 0
    with steps.step("Two logins") as step:
        settings = sync_settings.load(one.folder / "sync.yml").directory
        made = {}
        with Directory.as_service(settings) as directory:
            for branch, classes in (("people", "inetOrgPerson"), ("units", "organizationalUnit")):
                search = f"(&(objectClass={classes})(objectClass=congvuAccount)(congvuState=initial))"
                base = f"ou={branch},dc=lamdong,{settings.base}"
                address = next(iter(directory.search(base, search, ("mail",)))).value("mail")
                initial = issue_initial(directory, find_open(directory, settings.base, address).dn)
                made[address] = generate()
                change_own(settings, address, initial, made[address])
        file.touch(mode=0o600)
        file.write_text(json.dumps(made))
        step.outcome = "issued and changed at first login"
    return len(made)


def _table(one: Lab, steps: Steps) -> None:
    mail, outside = one.host("mail"), one.host("outside")
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_row("mail", f"{mail.address}  {mail.need('bootstrap_fqdn')}")
    table.add_row("", "SMTP 25, submission 587 (STARTTLS) 465 (TLS), IMAP 993 143, sieve 4190, LDAP 389 636")
    table.add_row("outside", f"{outside.address}  {outside.need('bootstrap_fqdn')}: DNS 53, SMTP 25")
    for address, password in _logins(one).items():
        table.add_row("login", f"{address}  {password}")
    table.add_row("shell", f"ssh -F {one.ssh_config.relative_to(ROOT)} mail")
    table.add_row("logs", f"{one.folder.relative_to(ROOT)}/logs/, on hosts journalctl --facility=mail")
    steps.console.print(table)
