"""Runs of ansible-playbook: as a subprocess, its events shown as they come, its end judged.

The events are JSON lines of our callback plugin. Ansible's Python API is not for others to use.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from congvu.errors import CongvuError, DeployFailure, HostUnreachable, SettingsError

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOKS = ROOT / "playbooks"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing Ansible did or is about to do."""

    kind: str
    """`play`, `task`, `result` or `stats`."""
    data: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The role and the task, for people."""
        role, task = self.data.get("role", ""), self.data.get("task", self.data.get("name", ""))
        return f"{role}: {task}" if role else str(task)


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended."""

    changed: tuple[str, ...]
    """`host: role: task` of each change."""
    tasks: int

    @property
    def any_change(self) -> bool:
        """Whether a host was changed."""
        return bool(self.changed)


def mitogen() -> Mapping[str, str]:
    """Settings that run Ansible's modules through mitogen, about four times as fast.

    For labs only: the interface it uses is on its way out of Ansible, and a province gets the plain one.
    """
    import ansible_mitogen  # noqa: PLC0415  (a development tool; a deployment must not need it)

    return {
        "ANSIBLE_STRATEGY_PLUGINS": str(Path(ansible_mitogen.__file__).parent / "plugins" / "strategy"),
        "ANSIBLE_STRATEGY": "mitogen_linear",
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        "ANSIBLE_HOST_KEY_CHECKING": "false",  # it does not hear of StrictHostKeyChecking in ssh_config
    }


def run(
    playbook: str,
    *arguments: str,
    environment: Mapping[str, str],
    log: Path,
    watch: Callable[[Event], None] = lambda _: None,
) -> Summary:
    """Run one of our playbooks. The log has every event.

    Raises `SettingsError` when what was given is wrong (then nothing was changed anywhere),
    `HostUnreachable`, `DeployFailure` with task, host and file.
    """
    command = ["ansible-playbook", str(PLAYBOOKS / f"{playbook}.yml"), *arguments]
    env = (
        os.environ
        | environment
        | {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "congvu_events",
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        }
    )
    events: list[Event] = []
    with log.open("w") as file, log.with_suffix(".err").open("w+") as errors:
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": errors, "cwd": ROOT, "env": env}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process:
            assert process.stdout is not None  # noqa: S101  (asked for a pipe)
            for event in _events(process.stdout, file):
                events.append(event)
                watch(event)
        errors.seek(0)
        if process.returncode:
            raise _explain(events, errors.read(), log)
    results = [event for event in events if event.kind == "result"]
    changed = [f"{e.data['host']}: {e.title}" for e in results if e.data["status"] == "changed"]
    return Summary(tuple(changed), len(results))


def _events(lines: Iterator[str], log: Any) -> Iterator[Event]:
    for line in lines:
        log.write(line)
        log.flush()
        if line.startswith("{"):
            data = json.loads(line)
            yield Event(data.pop("event"), data)


def _explain(events: Sequence[Event], stderr: str, log: Path) -> CongvuError:
    results = [event for event in events if event.kind == "result"]
    bad = [event for event in results if event.data["status"] in ("failed", "unreachable")]
    if not bad:
        words = re.sub(r"\x1b\[[0-9;]*m", "", stderr).strip() or "ansible-playbook ended without a result"
        return SettingsError(words, where=log.name, hint="mend the inventory or the playbook")
    first = bad[0]
    host, message = first.data["host"], first.data["message"].strip()
    if first.data["status"] == "unreachable":
        return HostUnreachable(
            message,
            where=f"host {host}",
            hint="is it up, is its address in hosts.yml right, was it bootstrapped?",
        )
    if "/preflight.yml" in first.data["path"]:
        return SettingsError(
            f"{first.title}: {message}",
            where=f"host {host}",
            hint="mend the inventory or the host; nothing was changed",
        )
    where = f"host {host}, {Path(first.data['path']).relative_to(ROOT)}"
    return DeployFailure(f"{first.title}: {message}", where=where, hint=f"the whole run is in {log}")
