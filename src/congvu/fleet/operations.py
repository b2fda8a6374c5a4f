"""pyinfra, called as a library: run one deploy on some hosts and say what changed.

`congvu.cli` patches for gevent before it imports this module; pyinfra needs that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api import Config, Inventory, State
from pyinfra.api.connect import connect_all, disconnect_all
from pyinfra.api.deploy import add_deploy
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.operations import run_ops
from pyinfra.api.state import BaseStateCallback, StateStage

from congvu.errors import DeployFailure, HostUnreachable

LOCAL = "@local"

# What went wrong is an exception with the host's name; pyinfra's own lines would tell it twice.
logging.getLogger("pyinfra").addHandler(logging.NullHandler())
logging.getLogger("pyinfra").propagate = False


@dataclass(slots=True)
class _Watcher(BaseStateCallback):
    """Collects what went wrong, where."""

    unreachable: dict[str, str] = field(default_factory=dict)
    failed: dict[Any, str] = field(default_factory=dict)
    """Host to the operation's hash: its output is complete only when the run is over."""

    def host_connect_error(self, state: State, host: Any, error: Any) -> None:  # noqa: ARG002  (pyinfra's)
        self.unreachable[host.name] = str(error)

    def operation_host_error(
        self,
        state: State,  # noqa: ARG002  (pyinfra's)
        host: Any,
        op_hash: str,
        retry_count: int = 0,  # noqa: ARG002  (pyinfra's)
        max_retries: int = 0,  # noqa: ARG002
    ) -> None:
        self.failed[host] = op_hash


def run(
    targets: Sequence[str | tuple[str, Mapping[str, Any]]],
    deploy: Callable[..., object],
    *,
    data: Mapping[str, Any] | None = None,
    sudo: bool = False,
    **arguments: Any,
) -> dict[str, list[str]]:
    """Run `deploy(**arguments)` on the targets; returns the names of the operations that changed each host.

    Raises `HostUnreachable` before anything is changed when one of the targets does not answer, and
    `DeployFailure` with the operation and its last words when one fails.
    """
    inventory = Inventory((list(targets), dict(data or {})))
    state = State(inventory, Config(CONNECT_TIMEOUT=15, SUDO=sudo))
    watcher = _Watcher()
    state.add_callback_handler(watcher)
    try:
        state.set_stage(StateStage.Connect)
        connect_all(state)
        state.set_stage(StateStage.Prepare)
        add_deploy(state, deploy, **arguments)
        state.set_stage(StateStage.Execute)
        run_ops(state)
    except PyinfraError as error:
        _explain(state, watcher, error)
    finally:
        disconnect_all(state)
    return {
        host.name: [
            ", ".join(sorted(state.op_meta[op_hash].names))
            for op_hash in state.get_op_order()
            if op_hash in state.ops[host] and state.ops[host][op_hash].operation_meta.did_change()
        ]
        for host in inventory
    }


def _explain(state: State, watcher: _Watcher, error: PyinfraError) -> None:
    for name, words in watcher.unreachable.items():
        raise HostUnreachable(
            f"does not answer over SSH: {words}",
            where=f"host {name}",
            hint="is it up, is its address in hosts.yml right, may your key log in?",
        ) from error
    for host, op_hash in watcher.failed.items():
        title = ", ".join(sorted(state.op_meta[op_hash].names))
        output = state.ops[host][op_hash].operation_meta.stderr_lines[-5:]
        raise DeployFailure("\n".join([title, *output]), where=f"host {host.name}") from error
    raise DeployFailure(str(error)) from error
