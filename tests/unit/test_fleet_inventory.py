"""Inventories as Ansible understands them, read once for everybody."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from congvu.errors import SettingsError
from congvu.fleet import inventory
from congvu.fleet.inventory import AnsibleInventoryConnector, InventoryHost

FILES = {
    "site/hosts.yml": """\
all:
  vars: {ansible_user: deploy, site: province}
  children:
    mail_servers:
      hosts:
        mail1: {ansible_host: 10.1.2.3, ansible_port: 2222, motto: "a, b"}
        mail2:
          ansible_port: "2200"
    directory_servers:
      hosts: {mail1: }
""",
    "site/group_vars/mail_servers/postfix.yml": "postfix_fqdn: mail.example\nsite: group\n",
    "site/host_vars/mail2.yml": "site: host\n",
    # A vault file is YAML to those who cannot open it.
    "site/host_vars/mail1.yml": "secret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3031\n",
    "lab/hosts.yml": """\
all:
  hosts:
    mail1: {ansible_host: 192.0.2.1, ansible_ssh_private_key_file: /lab/key, site: lab}
""",
}
BROKEN = {
    "a bracket left open": ("hosts.yml", "all:\n  hosts: {a: {x: 1\n", "hosts.yml:3", "is not YAML"),
    "a tab": ("hosts.yml", "all:\n  hosts:\n\ta:\n", "hosts.yml:3", "is not YAML"),
    "a broken file of variables": (
        "group_vars/all/postfix.yml",
        "a: 1\nb: [1\nc: 2\n",
        "group_vars/all/postfix.yml:3",
        "is not YAML",
    ),
    "hosts as a list": ("hosts.yml", "all:\n  hosts: [a]\n", "hosts.yml", 'Invalid "hosts" entry'),
    "a key misspelt": ("hosts.yml", "all:\n  hots: {a: }\n", "", "unexpected key (hots) in group (all)"),
    "variables that are a list": ("group_vars/all.yml", "[a]\n", "", "group_vars/all.yml"),
    "no host": ("hosts.yml", "", "", "names no host"),
}


@pytest.fixture(autouse=True)
def _tools_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_hosts_come_with_their_groups_and_variables_and_a_later_source_wins(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    first, second = inventory.read(tmp_path / "site", tmp_path / "lab")
    assert (first.name, first.groups) == ("mail1", ("directory_servers", "mail_servers"))
    assert (second.name, second.groups) == ("mail2", ("mail_servers",))
    assert first.address == "192.0.2.1"
    assert second.address == "mail2"
    assert (first.variables["site"], second.variables["site"]) == ("lab", "host")
    assert first.variables["motto"] == "a, b"
    assert first.need("postfix_fqdn") == second.need("postfix_fqdn") == "mail.example"


def test_a_missing_variable_is_told_with_its_host() -> None:
    with pytest.raises(SettingsError, match="does not set 'bootstrap_fqdn'") as caught:
        InventoryHost("mail7", (), {}).need("bootstrap_fqdn")
    assert caught.value.where == "host mail7"


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_inventory_is_told_in_one_sentence_with_its_place(case: str, tmp_path: Path) -> None:
    name, text, where, words = BROKEN[case]
    write(tmp_path, {"hosts.yml": "all:\n  hosts: {a: }\n", name: text})
    with pytest.raises(SettingsError) as caught:
        inventory.read(tmp_path)
    assert caught.value.where == str(tmp_path / where)
    assert words in caught.value.message
    assert "\n" not in str(caught.value)


def test_an_inventory_that_is_not_there_is_told_before_ansible_starts(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such inventory") as caught:
        inventory.read(tmp_path / "none")
    assert caught.value.where == str(tmp_path / "none")


def test_the_connector_gives_pyinfra_plain_connection_details(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    made = AnsibleInventoryConnector.make_names_data(f"{tmp_path}/site,{tmp_path}/lab")
    hosts: dict[str, tuple[dict[str, Any], list[str]]] = {name: (data, groups) for name, data, groups in made}
    first, groups = hosts["mail1"]
    assert groups == ["directory_servers", "mail_servers"]
    connection = {name: first[name] for name in ("ssh_hostname", "ssh_user", "ssh_port", "ssh_key")}
    assert connection == {
        "ssh_hostname": "192.0.2.1",
        "ssh_user": "deploy",
        "ssh_port": 2222,
        "ssh_key": "/lab/key",
    }
    assert {type(value) for value in connection.values()} == {str, int}  # paramiko insists
    assert hosts["mail2"][0]["ssh_port"] == 2200
    assert "ssh_key" not in hosts["mail2"][0]
    assert not {"ansible_host", "ansible_user", "ansible_port"} & set(first)
    assert first["postfix_fqdn"] == "mail.example"


def test_pyinfra_finds_the_connector_by_its_name() -> None:
    (entry,) = importlib.metadata.entry_points(group="pyinfra.connectors", name="ansible")
    assert entry.load() is AnsibleInventoryConnector


def test_pyinfra_reaches_the_hosts_over_ssh(tmp_path: Path) -> None:
    """In a process of its own, for pyinfra wants gevent's patches first."""
    write(tmp_path, FILES)
    script = (
        "from congvu.fleet import prelude; prelude.prepare()\n"
        "import json, sys; from pyinfra.api import Inventory\n"
        "hosts = Inventory((['@ansible/' + sys.argv[1]], {}))\n"
        "told = {h.name: [h.connector_cls.__name__, h.data.ssh_port, list(h.groups)] for h in hosts}\n"
        "print(json.dumps(told))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        "mail1": ["SSHConnector", 2222, ["directory_servers", "mail_servers"]],
        "mail2": ["SSHConnector", 2200, ["mail_servers"]],
    }
