"""What contract tests need of the lab: the repository's templates rendered on its hosts, commands there."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from congvu.fleet.lab import ROOT, Lab, run_in
from tests.lab import lab, outside, site

__all__ = ["lab", "outside", "site"]

GROUPS = {"mail": "mail_servers", "outside": "lab_outside"}
ONE_EACH: dict[str, dict[str, tuple[str, ...]]] = {
    "mail": {
        "slapd": ("config.ldif", "seed.ldif"),
        "postfix": ("main.cf", "master.cf"),
        "dovecot": ("dovecot.conf",),
        "clamav": ("clamd.conf",),
        "unbound": ("unbound.conf",),
        "rspamd": ("rspamd.conf", "policy.conf", "charset.conf"),
        "web": ("nginx.conf",),
    },
    "outside": {"outside_dns": ("knot.conf",), "outside_mta": ("main.cf",)},
}
"""Host → role → templates that make one file each; those that a loop fills are in `_play`."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The repository's templates, filled with the lab's inventory, in a folder on each host."""

    lab: Lab
    folder: str

    def path(self, role: str, name: str) -> str:
        return f"{self.folder}/{role}/{name}"

    def read(self, host: str, role: str, name: str) -> str:
        return self.run(host, "cat", self.path(role, name)).stdout

    def write(self, host: str, path: str, text: str) -> None:
        run_in(self.lab, host, "sudo", "sh", "-c", f"umask 077; cat > {shlex.quote(path)}", stdin=text)

    def run(self, host: str, *words: str) -> subprocess.CompletedProcess[str]:
        return run_in(self.lab, host, "sudo", *words, check=False)


def _play(host: str, folder: str) -> dict[str, Any]:
    roles = sorted(path.name for path in (ROOT / "roles").iterdir())
    used = [role for role in roles if role in _wired(host)]

    def template(role: str, name: str, **more: Any) -> dict[str, Any]:
        source = ROOT / "roles" / role / "templates" / name.replace("ldap/{{ item.name }}.cf", "ldap.cf")
        source = source.with_name("zone") if name.endswith(".zone") else source
        content = {"src": f"{source}.j2", "dest": f"{folder}/{role}/{name}", "mode": "0600"}
        return {"ansible.builtin.template": content, **more}

    loops = {
        "mail": [template("postfix", "ldap/{{ item.name }}.cf", loop="{{ __postfix_tables }}")],
        "outside": [
            template("outside_dns", "{{ item.key }}.zone", loop="{{ outside_dns_zones | dict2items }}")
        ],
    }
    folders = [f"{folder}/{role}" for role in ONE_EACH[host]] + [f"{folder}/postfix/ldap"]
    return {
        "hosts": GROUPS[host],
        "gather_facts": False,
        "vars_files": [
            str(file)
            for role in used
            for file in sorted((ROOT / "roles" / role / "vars").glob("*.yml"))
            if file.name != "main.yml"
        ],
        "tasks": [
            # For their defaults and variables; no task of theirs runs.
            *(
                {"ansible.builtin.import_role": {"name": role, "tasks_from": "check"}, "when": False}
                for role in used
            ),
            {
                "ansible.builtin.file": {"path": "{{ item }}", "state": "directory", "mode": "0700"},
                "loop": [folder, *folders],
            },
            *(template(role, name) for role, names in ONE_EACH[host].items() for name in names),
            *loops[host],
        ],
    }


def _wired(host: str) -> list[str]:
    file = ROOT / "playbooks" / "group_vars" / f"{GROUPS[host]}.yml"
    roles: list[str] = yaml.safe_load(file.read_text())["host_roles"]
    return roles


@pytest.fixture(scope="module")
def rendered(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rendered]:
    """Ansible fills the templates as a deployment would; the folder is removed afterwards."""
    folder = f"/tmp/congvu-contract-{secrets.token_hex(4)}"  # noqa: S108  (on the lab's hosts, of mode 0700)
    play = tmp_path_factory.mktemp("play")
    (play / "group_vars").symlink_to(ROOT / "playbooks" / "group_vars")
    (play / "render.yml").write_text(yaml.safe_dump([_play(host, folder) for host in GROUPS]))
    policies = json.dumps({"policy_directory": str(ROOT / "inventory" / "policy")})
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(play / "render.yml")]
    env = os.environ | lab.environment | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(
        [*command, "--extra-vars", policies], capture_output=True, text=True, check=False, env=env, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        yield Rendered(lab, folder)
    finally:
        for host in GROUPS:
            run_in(lab, host, "sudo", "rm", "-r", folder, check=False)
