"""Bad input that only shows with hosts at hand: one message, exit status 2, and no task beyond the preflight.

All runs are in check mode, so that a fault of ours would not touch the lab either.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from congvu.fleet.lab import ROOT, Lab

CONGVU = str(Path(sys.executable).with_name("congvu"))


class Site:
    """A copy of the lab's inventory and policies, to be broken in one place."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        shutil.copytree(lab.inventories[0], folder / "lab")
        shutil.copytree(ROOT / "inventory/policy", folder / "policy")
        self.edit(
            "lab/group_vars/all/domains.yml", r"^policy_directory: .*", f"policy_directory: {folder}/policy"
        )

    def edit(self, name: str, pattern: str, new: str) -> int:
        """Replace what matches, once, and return its line."""
        text = (self.folder / name).read_text(encoding="utf-8")
        match = re.search(pattern, text, re.MULTILINE)
        assert match, f"{pattern} is not in {name}"
        (self.folder / name).write_text(text[: match.start()] + new + text[match.end() :], encoding="utf-8")
        return text[: match.start()].count("\n") + 1

    def refuses(self, *sources: Path) -> str:
        """Deploy in check mode, which must be refused; returns the one message."""
        inventories = [self.folder / "lab", self.lab.inventories[1], *sources]
        command = [CONGVU, "host", "deploy", "--check"]
        command += [word for one in inventories for word in ("-i", str(one))]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"ANSIBLE_SSH_ARGS": self.lab.environment["ANSIBLE_SSH_ARGS"]},
        )
        assert done.returncode == 2, done.stdout + done.stderr
        assert done.stderr.startswith("error: "), done.stderr
        assert "Traceback" not in done.stderr
        self.nothing_was_done()
        return done.stderr.removeprefix("error: ")

    def nothing_was_done(self) -> None:
        lines = (ROOT / ".lab/logs/site.log").read_text().splitlines()
        results = [one for one in map(json.loads, lines) if one["event"] == "result"]
        assert results
        assert [one["task"] for one in results if "/playbooks/preflight.yml" not in one["path"]] == []
        assert [one["task"] for one in results if one["status"] == "changed"] == []


@pytest.fixture
def site(lab: Lab, tmp_path: Path) -> Site:
    return Site(lab, tmp_path)


# File, what is replaced, by what → words of the message.
MISSING = {
    "a variable that a role needs": (
        "lab/group_vars/lab_outside/outside_mta.yml", r"^outside_mta_domain: .*", "# nothing",
        ("host outside: ", "outside_mta_domain"),
    ),
    "a variable that the wiring needs": (
        "lab/group_vars/all/domains.yml", r"^directory_suffix: .*", "", ("host mail: ", "directory_suffix"),
    ),
    "a value of another kind": (
        "lab/group_vars/mail_servers/unbound.yml", r"\[.*\]", "{a: b}", ("host mail: ", "unbound_forwarders"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MISSING)
def test_what_the_inventory_lacks_is_named_with_the_host(case: str, site: Site) -> None:
    name, pattern, new, words = MISSING[case]
    site.edit(name, pattern, new)
    message = site.refuses()
    for word in words:
        assert word in message


POLICY = "policy/lamdong.gov.vn.yml"
POLICIES = {
    "unknown key": (r"^attachments:", "atachments:", "did you mean 'attachments'?"),
    "undefined name": (r"\{\{ ten \}\}", "{{ tem }}", "undefined name 'tem'"),
}


@pytest.mark.parametrize("case", POLICIES)
def test_a_deployment_refuses_a_broken_policy_as_the_sync_does(case: str, site: Site) -> None:
    pattern, new, words = POLICIES[case]
    line = site.edit(POLICY, pattern, new)
    message = site.refuses()
    assert f"{site.folder}/{POLICY}:{line}: " in message
    assert words in message


def test_a_domain_without_a_policy_is_named(site: Site) -> None:
    site.edit("lab/group_vars/all/domains.yml", r"- quangtri\.gov\.vn", "- haugiang.gov.vn")
    assert "no policy for 'haugiang.gov.vn'" in site.refuses()


def test_one_host_that_does_not_answer_stops_all(site: Site) -> None:
    with socket.socket() as once:
        once.bind(("127.0.0.1", 0))
        port = once.getsockname()[1]
    away = site.folder / "away"
    away.mkdir()
    where = f"{{ansible_host: 127.0.0.1, ansible_port: {port}}}"
    (away / "hosts.yml").write_text(f"all:\n  hosts:\n    outside: {where}\n")
    message = site.refuses(away)
    assert message.startswith("host outside: ")
    assert str(port) in message
    assert message.count("\n") == 1
