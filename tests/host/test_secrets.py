"""No secret in a log, in a process list, in a diff: a deployment with other passwords, and logins that fail.

The deployment is tried only (``--check --diff -vvv``). Each file that holds a password would be written,
and would show the old one and the new one.
"""

from __future__ import annotations

import imaplib
import json
import os
import secrets
import shlex
import smtplib
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from congvu.fleet.client import Outside
from congvu.fleet.deploy import mitogen
from congvu.fleet.lab import ROOT, Lab, run_in
from tests.lab import Account, Site, outside, site

__all__ = ["outside", "site"]

# Reads every command line over and over until the file is gone, and prints those that hold a secret.
WATCH = """
import glob, json, os, time
found = set()
seen = 0
open(flag, "w").close()
until = time.monotonic() + 400
while os.path.exists(flag) and time.monotonic() < until:
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError:
            continue
        seen += 1
        if any(word in content for word in words):
            found.add(repr(content[:200]))
    time.sleep(0.01)
print(json.dumps([seen, sorted(found)]))
"""
# Looks for the words in the journal of all units and in every log file; prints where they are.
SEARCH = """
import json, os, subprocess
told = subprocess.run(["journalctl", "--output=json", "--all", "--no-pager"], capture_output=True).stdout
found = ["journal: " + line.decode("utf-8", "replace")[:300] for line in told.splitlines()
         if any(word in line for word in words)]
for folder, _, names in os.walk("/var/log"):
    for path in (os.path.join(folder, name) for name in names):
        if "/journal/" not in path and os.path.isfile(path):
            with open(path, "rb") as file:
                if any(word in file.read() for word in words):
                    found.append(path)
print(json.dumps([len(told), found]))
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was said while secrets were in use."""

    words: tuple[str, ...]
    """The secrets."""
    deployment: str
    """All that Ansible printed."""
    command_lines: tuple[str, ...]
    """Those on the mail server with a secret in them."""
    looked_at: int
    """How many command lines were looked at."""


@contextmanager
def _watched(lab: Lab, words: list[str]) -> Iterator[list[str]]:
    """Watch the command lines on the mail server; what was found is in the list afterwards."""
    flag, told = f"/run/congvu-watch-{secrets.token_hex(4)}", [""]
    script = f"words = {[word.encode() for word in words]!r}\nflag = {flag!r}\n{WATCH}"

    def watch() -> None:
        told[0] = run_in(lab, "mail", "sudo", "python3", "-", stdin=script).stdout

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        wait = f"for i in $(seq 200); do [ -e {flag} ] && exit 0; sleep 0.1; done; exit 1"
        run_in(lab, "mail", "sudo", "sh", "-c", wait)
        yield told
    finally:
        run_in(lab, "mail", "sudo", "rm", "-f", flag)
        thread.join(60)


def _deploy(lab: Lab, folder: Path, given: dict[str, str]) -> str:
    """Everything that a trial deployment with these passwords prints."""
    file = folder / "given.yml"
    file.write_text(yaml.safe_dump(given))
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(ROOT / "playbooks" / "site.yml")]
    words = ["--limit", "mail", "--check", "--diff", "-vvv", "--extra-vars", f"@{file}"]
    tags = ["--tags", "slapd,postfix,dovecot,sync,held"]
    env = {**os.environ, **lab.environment, **mitogen(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(
        [*command, *words, *tags], capture_output=True, text=True, check=False, cwd=ROOT, env=env
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


def _fail_to_log_in(lab: Lab, outside: Outside, account: Account, wrong: str) -> None:
    """Once at each door; and once with the right password, which must not be told either."""
    with suppress(imaplib.IMAP4.error):
        outside.imap(account.address, wrong)
    with suppress(smtplib.SMTPAuthenticationError):
        outside.submission(account.address, wrong)
    bind = ["ldapwhoami", "-x", "-ZZ", "-H", "ldap://$(hostname --fqdn)", "-y", "/dev/stdin"]
    script = f"{' '.join(bind)} -D {shlex.quote(account.dn)}"
    done = run_in(
        lab, "mail", "sh", "-c", f"LDAPTLS_CACERT=/etc/ssl/congvu/ca.pem {script}", stdin=wrong, check=False
    )
    assert done.returncode == 49, done.stderr
    outside.imap(account.address, account.password).logout()


@pytest.fixture(scope="module")
def evidence(lab: Lab, outside: Outside, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    account, wrong = site.person(), f"Sai-{secrets.token_hex(8)}"
    written = yaml.safe_load((lab.folder / "inventory/group_vars/all/secrets.yml").read_text())
    in_use = {name: value for name, value in written.items() if name.startswith("directory_password_")}
    given = {name: f"Khac-{secrets.token_hex(12)}" for name in in_use}
    words = [*in_use.values(), *given.values(), account.password, wrong]
    with _watched(lab, words) as told:
        deployment = _deploy(lab, tmp_path_factory.mktemp("given"), given)
        _fail_to_log_in(lab, outside, account, wrong)
    looked_at, lines = json.loads(told[0])
    return Evidence(tuple(words), deployment, tuple(lines), looked_at)


def test_a_deployment_that_changes_passwords_shows_none(evidence: Evidence) -> None:
    shown = evidence.deployment
    assert "Write what the tree holds before any sync" in shown
    assert "changed: [mail]" in shown  # the files that hold passwords would be written anew
    for word in evidence.words:
        place = shown.find(word)
        assert place < 0, shown[max(0, place - 400) : place].replace(word, "…")


def test_no_command_line_bears_one(evidence: Evidence) -> None:
    assert evidence.looked_at > 1000
    assert evidence.command_lines == ()


def test_no_log_has_one(lab: Lab, evidence: Evidence) -> None:
    script = f"words = {[word.encode() for word in evidence.words]!r}\n{SEARCH}"
    size, found = json.loads(run_in(lab, "mail", "sudo", "python3", "-", stdin=script).stdout)
    assert size > 10000
    assert found == []
    for file in (lab.folder / "logs").iterdir():
        assert not any(word in file.read_text(errors="replace") for word in evidence.words), file
