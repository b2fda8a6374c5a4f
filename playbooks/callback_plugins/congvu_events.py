"""What a run of Ansible does, as JSON lines on standard output, for `congvu.fleet.deploy` to judge."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: congvu_events
type: stdout
short_description: JSON lines, one for each event
description:
  - Each line has C(event) and C(time). Tasks have C(role) and C(task).
  - Results have C(host), C(status), C(seconds) and C(message) besides.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "congvu_events"

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()

    def _emit(self, event: str, **data: Any) -> None:
        print(json.dumps({"event": event, "time": time.time(), **data}, ensure_ascii=False), flush=True)  # noqa: T201

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._emit("play", name=play.get_name().strip())

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        self._started = time.monotonic()
        role = task._role.get_name() if task._role else ""
        self._emit("task", role=role, task=task.name)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self.v2_playbook_on_task_start(task, False)

    def _result(self, result: Any, status: str) -> None:
        task, data = result._task, result._result
        # A loop's own message only says that an item failed.
        told = [item for item in data.get("results", ()) if item.get("failed")] or [data]
        words = [str(one[key]) for one in told for key in ("msg", "stderr") if one.get(key)]
        self._emit(
            "result",
            host=result._host.get_name(),
            role=task._role.get_name() if task._role else "",
            task=task.name,
            path=task.get_path(),
            status=status,
            seconds=round(time.monotonic() - self._started, 3),
            message="\n".join(words) if status in ("failed", "unreachable") else "",
        )

    def v2_runner_on_ok(self, result: Any) -> None:
        self._result(result, "changed" if result._result.get("changed") else "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._result(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._result(result, "unreachable")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._result(result, "skipped")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._emit("stats", hosts={host: stats.summarize(host) for host in sorted(stats.processed)})
        sys.stdout.flush()
