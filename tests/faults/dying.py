"""Programs that die by SIGKILL at an effect of the test's choice."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

EFFECTS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (os, "replace"),
    (os, "rename"),
    (os, "unlink"),
    (os, "mkdir"),
    (os, "write"),
    (os, "ftruncate"),
    (socket.socket, "send"),
    (socket.socket, "sendall"),
    (ssl.SSLSocket, "send"),
    (ssl.SSLSocket, "sendall"),
    (ssl.SSLSocket, "write"),
    (subprocess.Popen, "__init__"),
)
"""Calls by which a run leaves something behind: on the disk, in the directory, in another process."""


@dataclass(slots=True)
class _Fuse:
    """Counts effects and ends the process at one of them: before it (even numbers) or after it (odd)."""

    at: int
    seen: int = 0
    deep: bool = False

    def guard(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(effect)
        def guarded(*words: Any, **named: Any) -> Any:
            if self.deep:  # an effect within an effect is one
                return effect(*words, **named)
            self.deep = True
            try:
                self._burn()
                result = effect(*words, **named)
                self._burn()
            finally:
                self.deep = False
            return result

        return guarded

    def _burn(self) -> None:
        if self.seen == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.seen += 1


def dies_at(number: int, act: Callable[[], object]) -> bool:
    """Do `act` in a child that kills itself at its effect `number`; False when it had ended before.

    Raises `AssertionError` when `act` fails by itself.
    """

    def armed() -> None:
        _arm(number)
        act()

    return _in_child(armed)


def _arm(number: int) -> None:
    fuse = _Fuse(number)
    for owner, name in EFFECTS:
        setattr(owner, name, fuse.guard(getattr(owner, name)))


def _in_child(act: Callable[[], object]) -> bool:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            act()
            status = 0
        except BaseException:  # the parent is told by the status
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the run failed; its error is above"
    return False
