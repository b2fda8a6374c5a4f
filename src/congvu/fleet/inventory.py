"""The Ansible inventory as the one list of hosts: for pyinfra, for SSH clients, for the lab.

`ansible-inventory --list` reads it, so every inventory Ansible understands is understood. Values come
untemplated: connection details must be literals.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyinfra.connectors.base import BaseConnector

from congvu.errors import SettingsError

_CONNECTION = {"ansible_host": "ssh_hostname", "ansible_user": "ssh_user", "ansible_port": "ssh_port"}


@dataclass(frozen=True, slots=True)
class InventoryHost:
    """One host: its name, the groups it is in, and its variables as written (not templated)."""

    name: str
    groups: tuple[str, ...]
    variables: Mapping[str, Any]

    @property
    def address(self) -> str:
        """Where to connect: `ansible_host`, or the name itself."""
        return str(self.variables.get("ansible_host", self.name))

    def need(self, variable: str) -> str:
        """A variable that must be there.

        Raises `SettingsError` naming host and variable.
        """
        if variable not in self.variables:
            raise SettingsError(
                f"the inventory does not set {variable!r}",
                where=f"host {self.name}",
                hint="set it in hosts.yml or in group_vars beside it",
            )
        return str(self.variables[variable])


def read(*sources: str | Path) -> list[InventoryHost]:
    """All hosts of one or several inventory sources; a later source overrides an earlier one.

    Raises `SettingsError` with Ansible's own words, which name file and line.
    """
    for source in sources:
        if not Path(source).exists():
            raise SettingsError("no such inventory", where=str(source), hint="give a folder with hosts.yml")
    command = ["ansible-inventory", "--list", *(arg for source in sources for arg in ("-i", str(source)))]
    strict = {
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | strict)
    if done.returncode:
        words = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr).strip()
        raise SettingsError(words, where=", ".join(map(str, sources)), hint="mend the inventory")
    data = json.loads(done.stdout)
    variables = data.pop("_meta")["hostvars"]
    groups: dict[str, list[str]] = {}
    for group, content in data.items():
        for name in content.get("hosts", ()):
            groups.setdefault(name, []).append(group)
    return [
        InventoryHost(name, tuple(sorted(groups[name])), variables.get(name, {})) for name in sorted(groups)
    ]


class AnsibleInventoryConnector(BaseConnector):
    """pyinfra's `@ansible/SOURCE[,SOURCE…]`: the hosts of an Ansible inventory, reached over SSH.

    Only the connection (`ansible_host`, `_user`, `_port`, `_ssh_private_key_file`) is translated; every
    other variable is passed on under its own name.
    """

    handles_execution = False

    @staticmethod
    def make_names_data(name: str) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """One (name, data, groups) for each host; plain strings and integers, which paramiko insists on."""
        for host in read(*name.split(",")):
            data = {str(key): value for key, value in host.variables.items()}
            for theirs, ours in _CONNECTION.items():
                if theirs in data:
                    value = data.pop(theirs)
                    data[ours] = int(value) if theirs == "ansible_port" else str(value)
            if "ansible_ssh_private_key_file" in data:
                data["ssh_key"] = str(data["ansible_ssh_private_key_file"])
            yield host.name, data, list(host.groups)

    def run_shell_command(self, *_args: Any, **_kwargs: Any) -> Any:
        """Never called: the hosts run over SSH."""
        raise AssertionError(type(self).__name__)

    put_file = run_shell_command
    get_file = run_shell_command
