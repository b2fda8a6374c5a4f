"""How a run of Ansible is judged from what it tells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from congvu.errors import CongvuError, DeployFailure, HostUnreachable, SettingsError
from congvu.fleet import deploy
from congvu.fleet.deploy import ROOT, Event

LOG = ROOT / ".lab/logs/site.log"
INSTALL = f"{ROOT}/roles/postfix/tasks/install.yml:28"
PREFLIGHT = f"{ROOT}/playbooks/preflight.yml:24"


def result(status: str, *, path: str = INSTALL, message: str = "", **more: str) -> dict[str, Any]:
    told = {"host": "mail", "role": "postfix", "task": "Write main.cf", "path": path, "message": message}
    return {"event": "result", "status": status, **told, **more}


PLAY = {"event": "play", "name": "Set up the mail servers"}
STATS = {"event": "stats", "hosts": {}}
UNREACHABLE = result("unreachable", message="Connection refused", path=PREFLIGHT, role="", task="Look")
MISSING = result(
    "failed",
    path=PREFLIGHT,
    role="",
    task="Check the arguments",
    message="missing required arguments: tls_fqdn",
)
FAILED = result("failed", message="  postconf: fatal\n")
# What was told, the words on standard error → the error, its exit status, place and words.
ENDS: dict[str, tuple[list[dict[str, Any]], str, type[CongvuError], int, str, str]] = {
    "a host does not answer": (
        [PLAY, UNREACHABLE, STATS], "", HostUnreachable, 2, "host mail", "Connection refused",
    ),
    "an argument is missing": (
        [PLAY, result("ok"), MISSING, STATS], "", SettingsError, 2, "host mail",
        "Check the arguments: missing required arguments: tls_fqdn",
    ),
    "a task fails": (
        [PLAY, result("changed"), FAILED, STATS], "", DeployFailure, 3,
        "host mail, roles/postfix/tasks/install.yml:28", "postfix: Write main.cf: postconf: fatal",
    ),
    "the first of two counts": (
        [PLAY, FAILED, result("failed", host="outside", message="later"), STATS], "", DeployFailure, 3,
        "host mail, roles/postfix/tasks/install.yml:28", "postfix: Write main.cf: postconf: fatal",
    ),
    "a failure that was ignored does not count": (
        [PLAY, result("ignored", message="never mind"), FAILED], "", DeployFailure, 3,
        "host mail, roles/postfix/tasks/install.yml:28", "postfix: Write main.cf: postconf: fatal",
    ),
    "Ansible itself stopped": (
        [], "\x1b[1;31mERROR! no such role\x1b[0m\n", SettingsError, 2, "site.log", "ERROR! no such role",
    ),
    "Ansible said nothing": (
        [PLAY], "", SettingsError, 2, "site.log", "ansible-playbook ended without a result",
    ),
}  # fmt: skip


def events(told: Sequence[dict[str, Any]]) -> list[Event]:
    return [Event(one["event"], {k: v for k, v in one.items() if k != "event"}) for one in told]


@pytest.mark.parametrize("case", ENDS)
def test_a_run_that_failed_is_judged(case: str) -> None:
    told, stderr, kind, status, where, words = ENDS[case]
    error = deploy._explain(events(told), stderr, LOG)
    assert type(error) is kind
    assert (error.exit_code, error.where, error.message) == (status, where, words)


def test_a_failure_says_where_the_whole_run_is() -> None:
    assert str(LOG) in deploy._explain(events([FAILED]), "", LOG).hint


def ansible_that_says(folder: Path, status: int, *lines: str) -> None:
    """An ansible-playbook that replays a recorded run, and its arguments."""
    (folder / "told").write_text("".join(f"{line}\n" for line in lines))
    program = folder / "ansible-playbook"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/arguments\ncat {folder}/told\nexit {status}\n'
    )
    program.chmod(0o755)


def test_a_run_counts_its_changes_and_keeps_every_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [json.dumps(one) for one in (PLAY, result("ok"), result("changed"), result("skipped"), STATS)]
    ansible_that_says(tmp_path, 0, "[WARNING]: not an event", *lines)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    seen: list[Event] = []
    log = tmp_path / "site.log"
    summary = deploy.run("site", "--check", environment={}, log=log, watch=seen.append)
    assert summary.changed == ("mail: postfix: Write main.cf",)
    assert (summary.any_change, summary.tasks) == (True, 3)
    assert [event.kind for event in seen] == ["play", "result", "result", "result", "stats"]
    assert log.read_text() == (tmp_path / "told").read_text()
    assert (tmp_path / "arguments").read_text().splitlines() == [
        str(ROOT / "playbooks/site.yml"),
        "--check",
    ]


def test_a_run_without_changes_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ansible_that_says(tmp_path, 0, json.dumps(PLAY), json.dumps(result("ok")))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    summary = deploy.run("site", environment={}, log=tmp_path / "site.log")
    assert (summary.changed, summary.any_change) == ((), False)


def test_a_run_that_fails_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ansible_that_says(tmp_path, 2, json.dumps(FAILED))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(DeployFailure, match="postconf: fatal"):
        deploy.run("site", environment={}, log=tmp_path / "site.log")
