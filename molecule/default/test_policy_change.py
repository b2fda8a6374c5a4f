"""A changed policy converges, and touches only what it must."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from congvu.cli.stack import SAMPLES
from congvu.fleet import deploy
from congvu.fleet.client import Outside
from congvu.fleet.lab import ROOT, Lab

DOMAIN = "lamdong.gov.vn"
CONGVU = str(Path(sys.executable).with_name("congvu"))
COPIED = "mail: sync: Install the policies and the places they name"
ALLOWED = ("--allow", "changes", "--allow", "unit-changes", "--reason", "a test changes the policy")
"""Everybody's quota at once is a brake, as it should be."""


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab(os.environ["CONGVU_LAB"])


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A copy of the policies that a test may change."""
    return Path(shutil.copytree(ROOT / "inventory" / "policy", tmp_path / "policy"))


@pytest.fixture
def settings(lab: Lab, policies: Path) -> Iterator[Path]:
    """The lab's sync settings with the copied policies; the directory is put back afterwards."""
    content = yaml.safe_load((lab.folder / "sync.yml").read_text())
    for domain, files in content["domains"].items():
        files["policy"] = str(policies / f"{domain}.yml")
    changed = lab.folder / "sync-changed.yml"
    changed.write_text(yaml.safe_dump(content))
    yield changed
    changed.unlink()
    sync(lab.folder / "sync.yml")


def sync(settings: Path) -> None:
    """Let the directory follow; the samples leave findings (status 1), which are no matter here."""
    done = subprocess.run([CONGVU, "sync", "run", "--settings", str(settings), *ALLOWED], check=False)
    assert done.returncode in {0, 1}


def change(policies: Path, pattern: str, replacement: str) -> None:
    file = policies / f"{DOMAIN}.yml"
    text, count = re.subn(pattern, replacement, file.read_text(), flags=re.MULTILINE)
    assert count, f"{pattern} is not in {file}"
    file.write_text(text)


def converge(lab: Lab, policies: Path) -> list[str]:
    extra = ["--extra-vars", json.dumps({"policy_directory": str(policies)})]
    return list(deploy.run("site", *extra, environment=lab.environment, log=lab.log("policy")).changed)


def test_a_larger_quota_changes_the_directory_and_no_daemon(lab: Lab, policies: Path, settings: Path) -> None:
    change(policies, r"^  quota: \{max: 2G\}", "  quota: {max: 3G}")
    assert converge(lab, policies) == [COPIED]

    plan = [CONGVU, "sync", "plan", "--json", "--settings", str(settings)]
    planned = json.loads(subprocess.run(plan, capture_output=True, text=True, check=False).stdout)
    touched = {
        (one["domain"], step["operation"], change["attribute"])
        for one in planned["domains"]
        for step in one["operations"]
        for change in step["changes"]
    }
    assert touched == {(DOMAIN, "modify", "congvuQuota")}

    sync(settings)
    address, password = next(iter(json.loads((lab.folder / "logins.json").read_text()).items()))
    with Outside(lab) as outside:
        client = outside.imap(address, password)
        _, quota = client.getquotaroot("INBOX")
        client.logout()
    assert str(quota[1][0]).count(" 3145728)"), quota  # KiB


def test_a_smaller_attachment_limit_reloads_postfix_the_filter_and_the_webmail_only(
    lab: Lab, policies: Path
) -> None:
    for domain in SAMPLES:
        file = policies / f"{domain}.yml"
        rest = re.sub(r"^attachments:.*\n(?: +.*\n)*", "", file.read_text(), flags=re.MULTILINE)
        file.write_text(f"{rest}\nattachments: {{limit: 10M}}\n")
    try:
        changed = converge(lab, policies)
    finally:
        back = converge(lab, ROOT / "inventory" / "policy")
    assert changed == back
    assert changed == [
        "mail: postfix: Write main.cf and master.cf",
        "mail: postfix: Notice files that Postfix has not read yet",
        "mail: postfix: Reload Postfix after the check",
        "mail: rspamd: Write the policies that our own rules read",
        "mail: rspamd: Notice files that rspamd has not read yet",
        "mail: roundcube: Write what differs from site to site",
        "mail: roundcube: Write what nginx serves under the webmail's names",
        "mail: roundcube: Write the configuration of PHP",
        "mail: roundcube: Notice files that the webmail's PHP has not read yet",
        "mail: web: Notice a file that nginx has not read yet",
        COPIED,
        "mail: rspamd: Restart rspamd after the check",
        "mail: roundcube: Restart the webmail after the check",
        "mail: web: Reload nginx after the check",
    ]
