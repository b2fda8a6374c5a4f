"""The steps that bring a lab up, one function each; every step returns how many things it changed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import yaml

from congvu.cli.progress import Step, Steps
from congvu.cli.watch import RoleWatcher
from congvu.directory.connection import Directory
from congvu.directory.password import change_own, find_open, generate, issue_initial
from congvu.errors import LabFailure
from congvu.files import write_whole
from congvu.fleet import deploy as deploying
from congvu.fleet import image, proof
from congvu.fleet import lab as labs
from congvu.fleet.lab import ROOT, Lab
from congvu.sync import settings as sync_settings
from congvu.sync.job import Order, Status
from congvu.sync.run import carry_out

SAMPLES = {
    "lamdong.gov.vn": (2000, 150),
    "quangtri.gov.vn": (40, 8),
    "daklak.gov.vn": (60, 24),  # as far as the department of justice
    "daklak.doj.gov.vn": (40, 8),
    "hatinh.gov.vn": (60, 40),  # as far as units of units, whose addresses have two dots
    "monre.gov.vn": (40, 8),
}
"""The sample registries: mail domain to numbers of staff and units."""


def raise_hosts(one: Lab, steps: Steps) -> int:
    """Base image and containers: hosts that have only a root login."""
    with steps.step("Base image") as step:
        name, built = image.build(labs.podman(), image.find_mirrors(), one.log("image"))
        step.outcome = f"built {name}" if built else f"cached {name}"
    with steps.step("Containers") as step:
        raised = labs.raise_containers(one, name)
        step.outcome = "raised" if raised else "no change"
    return built + raised


def bootstrap(one: Lab, steps: Steps) -> int:
    """Hosts that Ansible can manage."""
    with steps.step("Bootstrap of the bare hosts") as step:
        changed = [what for changes in labs.bootstrap_hosts(one).values() for what in changes]
        step.outcome = f"{len(changed)} changes" if changed else "no change"
    return len(changed)


def deploy(one: Lab, steps: Steps, *, plain_ansible: bool = False) -> int:
    """The stack, by the playbook that real servers get; through mitogen unless `plain_ansible`."""
    with steps.step("Deploy") as step:
        speed: Mapping[str, str] = {} if plain_ansible else deploying.mitogen()
        summary = deploying.run(
            "site",
            environment={**one.environment, **speed},
            log=one.log("deploy"),
            watch=RoleWatcher(step),
        )
        step.outcome = (
            f"{len(summary.changed)} changes in {summary.tasks} tasks" if summary.any_change else "no change"
        )
    return len(summary.changed)


def fill(one: Lab, steps: Steps) -> int:
    """The directory, from the sample registries; and two logins whose passwords are known."""
    return _sync(one, steps) + _make_logins(one, steps)


def _sync(one: Lab, steps: Steps) -> int:
    with steps.step("Sample registry") as step:
        made = _sample(one)
        step.outcome = "made" if made else "no change"
    with steps.step("Synchronise the directory") as step:
        order = Order(sync_settings.load(_sync_settings(one)), date.today(), "the lab")
        outcome = carry_out(order, lambda what, done, total: _note(step, what, done, total))
        if outcome.status is not Status.FINE:
            told = [*map(str, outcome.brakes), *outcome.failures, *map(str, outcome.doubts)]
            raise LabFailure("; ".join(told) or outcome.status.name, where="the sync of the sample registry")
        count = len(outcome.done)
        step.outcome = f"{count} changes" if count else "no change"
    return made + count


def _note(step: Step, what: str, done: int, total: int) -> None:
    if done % 500 == 0:
        step.note(f"{what}: {done} of {total}")


def _sample(one: Lab) -> int:
    made = 0
    for domain, (staff, units) in SAMPLES.items():
        folder = one.folder / "registry" / domain
        if folder.exists():
            continue
        partial = folder.with_name(f".{domain}.partial")
        command = [sys.executable, str(ROOT / "tests" / "sample" / "registry.py"), str(partial)]
        command += ["--domain", domain, "--staff", str(staff), "--units", str(units)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        partial.replace(folder)
        made += 1
    return made


def _sync_settings(one: Lab) -> Path:
    mail = one.host("mail")
    secret = one.folder / "sync.password"
    write_whole(secret, mail.need("directory_password_sync") + "\n")
    base = mail.need("directory_suffix")
    policies = ROOT / "inventory" / "policy"
    content = {
        "version": 1,
        "directory": {
            "providers": [
                {
                    "uri": f"ldap://{mail.address}",
                    "start_tls": True,
                    "tls_name": mail.need("bootstrap_fqdn"),
                }
            ],
            "ca_file": str(one.authority.certificate_file),
            "bind_dn": f"cn=sync,ou=services,{base}",
            "password_file": str(secret),
            "base": base,
        },
        "mail_host": mail.need("bootstrap_fqdn"),
        "state": str(one.folder / "sync-state"),
        "domains": {
            domain: {
                "policy": str(policies / f"{domain}.yml"),
                "registry": str(one.folder / "registry" / domain),
            }
            for domain in SAMPLES
        },
    }
    path = one.folder / "sync.yml"
    write_whole(path, yaml.safe_dump(content, sort_keys=False), 0o644)
    return path


def logins(one: Lab) -> dict[str, str]:
    """The address of a person and of a unit, with their passwords."""
    made: dict[str, str] = json.loads(one.logins.read_text())
    return made


def _make_logins(one: Lab, steps: Steps) -> int:
    """Give a person and a unit passwords that are known: issued, then changed as at first login."""
    if one.logins.exists():
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
        write_whole(one.logins, json.dumps(made))
        step.outcome = "issued and changed at first login"
    return len(made)


def prove(one: Lab, steps: Steps) -> None:
    """Three messages that must arrive."""
    with steps.step("Send mail and wait for it") as step:
        arrived = proof.prove(one, logins(one))
        step.outcome = f"{len(arrived)} of 3 arrived"
