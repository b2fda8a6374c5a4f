"""The Ansible inventory as the one list of hosts: for pyinfra, for SSH clients, for the lab.

`ansible-inventory --list` reads it, so every inventory Ansible understands is understood. Values come
untemplated: connection details must be literals.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
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

    Raises `SettingsError` naming the file, and the line where the file is not YAML.
    """
    for source in sources:
        if not Path(source).exists():
            raise SettingsError("no such inventory", where=str(source), hint="give a folder with hosts.yml")
        _check_syntax(Path(source))
    files = [file for source in sources for file in (Path(source), *sorted(Path(source).rglob("*")))]
    state = tuple((str(file), file.stat().st_mtime_ns) for file in files)
    return list(_read(tuple(map(str, sources)), state))


@functools.lru_cache(maxsize=8)
def _read(sources: tuple[str, ...], _state: tuple[tuple[str, int], ...]) -> tuple[InventoryHost, ...]:
    """Ask Ansible, which takes half a second: once for each state of the files."""
    command = ["ansible-inventory", "--list", *(arg for source in sources for arg in ("-i", source))]
    strict = {
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | strict)
    # A key that Ansible skips is a host or a group that a run would leave out without a word.
    if done.returncode or "Skipping unexpected key" in done.stderr:
        raise _explain(done.stderr, sources)
    data = json.loads(done.stdout)
    variables = data.pop("_meta")["hostvars"]
    groups: dict[str, list[str]] = {}
    for group, content in data.items():
        for name in content.get("hosts", ()):
            groups.setdefault(name, []).append(group)
    if not groups:
        raise SettingsError("names no host", where=_listed(sources), hint="give a folder with hosts.yml")
    return tuple(
        InventoryHost(name, tuple(sorted(groups[name])), variables.get(name, {})) for name in sorted(groups)
    )


def _check_syntax(source: Path) -> None:
    """Ansible tries a broken file as INI too, and of a broken group_vars file it names not even the name."""
    for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
        if file.suffix in {".yml", ".yaml"} and file.is_file():
            try:
                yaml.compose(file.read_text())
            except yaml.MarkedYAMLError as error:
                line = error.problem_mark.line + 1 if error.problem_mark else 1
                problem = " ".join(filter(None, (error.context, error.problem)))
                raise SettingsError(f"is not YAML: {problem}", where=f"{file}:{line}") from error


def _explain(stderr: str, sources: Sequence[str | Path]) -> SettingsError:
    """One message out of those of every plugin that tried: the YAML plugin's, or else Ansible's last."""
    words = re.sub(r"\x1b\[[0-9;]*m", "", stderr).strip()
    of_yaml = re.search(r"Failed to parse inventory with 'yaml' plugin: (.+)", words)
    told = (
        of_yaml
        or re.search(r"Skipping (unexpected key .+)", words)
        or re.search(r".*\[ERROR\]: (.+)", words, re.S)
    )
    named = re.search(r"plugin 'yaml' with source '(.+?)'", words)
    where = named[1] if named and of_yaml else _listed(sources)
    locked = "ANSIBLE_VAULT_PASSWORD_FILE must name the file with the vault's password"
    hint = locked if "ecrypt" in words else "mend the inventory"
    return SettingsError(told[1] if told else words, where=where, hint=hint)


def _listed(sources: Sequence[str | Path]) -> str:
    return ", ".join(map(str, sources))


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
