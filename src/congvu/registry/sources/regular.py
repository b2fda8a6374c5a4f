"""What is opened is a file: a pipe would be waited for without end, a device read without end."""

from __future__ import annotations

import stat
from pathlib import Path

from congvu.registry.problems import Unreadable

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def require_file(path: Path) -> None:
    """Raise `Unreadable` where `path` is something else than a file.

    One that is not there, or may not be looked at, is told by whoever opens it.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise Unreadable(
            str(path), f"is {kind}, not a file", "give the path of a file; save a stream in one first"
        )
