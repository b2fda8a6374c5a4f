"""Faults for tests: a process killed before any of its system calls, a disk that is full."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CALLS = (
    "open",
    "write",
    "pwrite",
    "fchmod",
    "fsync",
    "fdatasync",
    "ftruncate",
    "replace",
    "mkdir",
    "unlink",
    "close",
)
"""What `congvu.files` asks of the system; a process may be killed before each."""


def killed_before(number: int, act: Callable[[], None]) -> bool:
    """Do `act` in a child that is killed with SIGKILL before its call `number`; whether it came to that.

    A write that it is killed at has written its first half.
    """
    child = os.fork()
    if child == 0:
        counted = 0

        def deadly(name: str) -> None:
            real = getattr(os, name)

            def call(*args: object, **options: object) -> object:
                nonlocal counted
                counted += 1
                if counted == number:
                    if name == "pwrite":
                        descriptor, data, offset = args
                        real(descriptor, bytes(data)[: len(bytes(data)) // 2], offset)  # type: ignore[call-overload]
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **options)

            setattr(os, name, call)

        for name in CALLS:
            deadly(name)
        try:
            act()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


class Killed(BaseException):
    """As the kernel does it: nothing after it happens."""


def survives(
    number: int, act: Callable[[], object], writers: Iterable[tuple[object, str]], patch: pytest.MonkeyPatch
) -> bool:
    """Do `act` until its write of this number, counted from 0; returns whether there was none.

    `writers` are what writes: objects, each with the name of its attribute.
    """
    left = number

    def counted(real: Any) -> Any:
        def perhaps(*args: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return real(*args, **options)

        return perhaps

    with patch.context() as mortal:
        for holder, name in writers:
            mortal.setattr(holder, name, counted(getattr(holder, name)))
        try:
            act()
        except Killed:
            return False
    return True


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """A disk that is full: writes past `size` bytes of a file fail."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
