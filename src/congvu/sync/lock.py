"""One run at a time: a lock in the folder of state that its owner's death releases.

The kernel holds it (flock(2)), so a killed run leaves nothing behind that somebody must remove. It reaches as
far as the folder's file system does: two hosts with a folder each are not kept apart.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from congvu import files
from congvu.errors import SystemFailure

NAME = "lock"
"""The file's name in the folder of state. It stays when nobody holds it; only flock(2) counts."""


class AtWork(SystemFailure):
    """Somebody else holds the lock."""


@contextmanager
def only_one(folder: Path, author: str, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of `folder`, which is made with mode 0700 if it is missing.

    Raises `AtWork` when somebody else holds it for longer than `wait` seconds, with who, where and for
    how long.
    """
    deadline = time.monotonic() + wait
    files.make_folder(folder, 0o700)
    path = folder / NAME
    with files.failures(path):
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _taken(held):
            if time.monotonic() >= deadline:
                raise AtWork(
                    f"another run is at work: {_owner(held)}",
                    where=str(path),
                    hint="wait for its end; a run that was killed holds no lock",
                )
            time.sleep(0.2)
        with files.failures(path):
            _sign(held, author)
        files.sweep(folder)
        yield
    finally:
        os.close(held)


def _taken(held: int) -> bool:
    """Take the lock, unless somebody else has it."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        if fault.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return False
    return True


def _sign(held: int, author: str) -> None:
    """Write down who holds the lock, for whom it keeps out; nothing depends on it."""
    owner = {
        "author": author,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    os.ftruncate(held, 0)
    os.pwrite(held, json.dumps(owner).encode(), 0)


def _owner(held: int) -> str:
    """Who has signed."""
    try:
        owner = json.loads(os.pread(held, 4096, 0))
        age = datetime.now(UTC) - datetime.fromisoformat(owner["since"])
        minutes, seconds = divmod(int(age.total_seconds()), 60)
        return f"{owner['author']}, process {owner['pid']} on {owner['host']}, for {minutes} min {seconds} s"
    except (ValueError, KeyError, TypeError):
        return "it has not signed yet"
