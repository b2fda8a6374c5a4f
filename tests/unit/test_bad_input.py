"""Bad input as its author meets it: one clear message with its place, exit status 2, no change anywhere.

Every case runs the real command on a broken copy. What needs a lab's hosts is in tests/contract.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.helpers import ROOT, STAFF, UNITS

CONGVU = str(Path(sys.executable).with_name("congvu"))
SETTINGS = """\
version: 1
directory:
  providers: [{{uri: "ldap://127.0.0.1:{port}", start_tls: true}}]
  bind_dn: cn=sync,ou=services,dc=gov,dc=vn
  password_file: sync.password
  base: dc=gov,dc=vn
mail_host: mail.lamdong.gov.vn
state: state
domains:
  lamdong.gov.vn: {{policy: policy/lamdong.gov.vn.yml, registry: registry}}
"""
HOSTS = """\
all:
  hosts:
    mail:
      ansible_host: 127.0.0.1
      ansible_port: {port}
  vars:
    bootstrap_fqdn: mail.example
    bootstrap_apt_mirror: http://mirror.example/debian
    bootstrap_apt_security_mirror: http://mirror.example/debian-security
"""


# "a: 1", encrypted with a password that nobody remembers.
VAULT = """\
35376463303738343436393564643637363266383837386333383936633230653131626231313430
3266666431313434343063666463663034373730646539370a373963626661646436383131323662
36353066633331366132313337663839656631336365333734306233376162396365396265663139
3532353633656636380a373338646166363435633461356537666364643834663930396438343037
3031"""


class Site:
    """Good input in a folder, to be broken in one place."""

    def __init__(self, folder: Path, listener: socket.socket) -> None:
        self.folder = folder
        self.called = False
        """Whether anybody connected to the directory or the host."""
        self._listener = listener
        threading.Thread(target=self._hang_up, daemon=True).start()
        shutil.copytree(ROOT / "inventory/policy", folder / "policy")
        port = listener.getsockname()[1]
        for name, text in {
            "registry/units.csv": UNITS,
            "registry/staff.csv": STAFF,
            "sync.yml": SETTINGS.format(port=port),
            "sync.password": "secret\n",
            "inventory/hosts.yml": HOSTS.format(port=port),
            "id.pub": "ssh-ed25519 AAAA test\n",
        }.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> int:
        """Replace a text that is there, and return its line."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        (self.folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CONGVU, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"HOME": str(self.folder)},
        )

    def refuses(self, *arguments: str) -> str:
        """Run a command that must be refused; returns its one message."""
        done = self.run(*arguments)
        assert done.returncode == 2, done.stdout + done.stderr
        assert done.stderr.startswith("error: "), done.stderr
        assert done.stderr.count("error: ") == 1
        assert "Traceback" not in done.stderr
        assert "\x1b" not in done.stderr
        return done.stderr.removeprefix("error: ").rstrip("\n")

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed when the test ends
            while True:
                self._listener.accept()[0].close()
                self.called = True


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield Site(tmp_path, listener)
        listener.shutdown(socket.SHUT_RDWR)


def closed_port() -> int:
    with socket.socket() as once:
        once.bind(("127.0.0.1", 0))
        port: int = once.getsockname()[1]
        return port


def test_the_good_input_gets_as_far_as_the_directory(site: Site) -> None:
    done = site.run("sync", "plan", "--settings", "sync.yml")
    assert done.returncode == 3, "the directory of these tests hangs up"
    assert site.called


# File, what stands there, what is made of it, words of the message.
POLICY = "policy/lamdong.gov.vn.yml"
INPUT = {
    "unknown policy key": (POLICY, "attachments:", "atachments:", "mean 'attachments'?"),
    "undefined name in a template": (POLICY, "{{ ten }}", "{{ tem }}", "undefined name 'tem'"),
    "policy that is not YAML": (POLICY, "regulation:", "\tregulation:", "is not YAML"),
    "missing CSV column": ("registry/staff.csv", "staff_id,", "id,", "column 'staff_id': is missing"),
    "duplicate staff id": ("registry/staff.csv", "S3,", "S1,", "'S1' stands also in row 2"),
    "settings of another key": ("sync.yml", "mail_host:", "mailhost:", "did you mean 'mail_host'?"),
}  # fmt: skip


@pytest.mark.parametrize("case", INPUT)
def test_a_sync_refuses_its_input_before_it_calls_the_directory(case: str, site: Site) -> None:
    name, old, new, words = INPUT[case]
    line = site.edit(name, old, new)
    message = site.refuses("sync", "run", "--settings", "sync.yml")
    assert re.search(rf"(^|/|\s){re.escape(name)}:{line}: ", message), message
    assert words in message
    assert not site.called


@pytest.mark.parametrize("case", ["unknown policy key", "undefined name in a template"])
def test_a_policy_is_refused_when_it_is_shown_too(case: str, site: Site) -> None:
    name, old, new, words = INPUT[case]
    site.edit(name, old, new)
    assert words in site.refuses("policy", "show", name)


VERBS = {
    "bootstrap": ("host", "bootstrap", "--public-key", "id.pub"),
    "deploy": ("host", "deploy", "--check"),
}


def test_an_inventory_that_does_not_exist_is_named(site: Site) -> None:
    message = site.refuses("host", "check", "-i", "inventory", "-i", "inventroy")
    assert message == "inventroy: no such inventory (give a folder with hosts.yml)"


def test_a_broken_inventory_is_named_with_its_line(site: Site) -> None:
    line = site.edit("inventory/hosts.yml", "ansible_host: 127", "ansible_host: [127")
    message = site.refuses(*VERBS["deploy"], "-i", "inventory")
    assert message.startswith(f"inventory/hosts.yml:{line + 1}: is not YAML: ")
    assert not site.called


@pytest.mark.parametrize("verb", VERBS)
def test_a_host_that_does_not_answer_is_named(verb: str, site: Site) -> None:
    """The path is relative to where the command is given, not to where Ansible runs."""
    port = closed_port()
    site.edit("inventory/hosts.yml", "ansible_port: ", f"ansible_port: {port} # ")
    message = site.refuses(*VERBS[verb], "-i", "inventory")
    assert message.startswith("host mail: ")
    assert f"{port}" in message
    assert "is its address in hosts.yml right" in message


def test_a_variable_that_the_bootstrap_needs_is_named_with_its_host(site: Site) -> None:
    site.edit("inventory/hosts.yml", "bootstrap_apt_mirror", "bootstrap_apt_miror")
    message = site.refuses(*VERBS["bootstrap"], "-i", "inventory")
    assert message.startswith("host mail: the inventory does not set 'bootstrap_apt_mirror'")
    assert not site.called


def test_a_vault_without_its_password_is_named(site: Site) -> None:
    (site.folder / "inventory/group_vars").mkdir()
    (site.folder / "inventory/group_vars/all.yml").write_text(f"$ANSIBLE_VAULT;1.1;AES256\n{VAULT}\n")
    assert "ANSIBLE_VAULT_PASSWORD_FILE" in site.refuses(*VERBS["deploy"], "-i", "inventory")
    assert not site.called
