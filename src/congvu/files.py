"""Files that survive a crash: whole or not there, and lists that only grow.

What is cut off while it writes (killed, out of power, disk full) leaves the old file as it was. Every failure
of the system is a `SystemFailure` that names the path.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from congvu.errors import SystemFailure

PARTIAL = ".congvu-partial"
"""How the name of a file ends that is still being written. After a crash such files are litter: `sweep`."""
_STEP = 1 << 16
_HINTS = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room: the quota is used up",
    errno.EFBIG: "raise the limit of the size of a file",
    errno.EACCES: "check the owner and the rights of the folder",
    errno.EPERM: "check the owner and the rights of the folder",
    errno.EROFS: "the disk is read-only: look into the journal of the kernel",
    errno.EIO: "the disk fails: look into the journal of the kernel",
    errno.EEXIST: "something else is where a folder should be",
    errno.ENOTDIR: "something else is where a folder should be",
    errno.EISDIR: "a folder is where a file should be",
}


def write_whole(path: Path, content: str | bytes, mode: int = 0o600) -> None:
    """Put a file in its place in one step, with exactly this mode; missing folders are made.

    When it returns the file is on the disk, name and all. Raises `SystemFailure`; the old file, if there was
    one, is then as it was. Text is written as UTF-8.
    """
    with whole(path, mode) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def whole(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """As `write_whole`, for what is too large to hold: write to the file given.

    It takes its place at the end of the ``with`` statement. An error within goes up and leaves the old one.
    """
    with failures(path):
        make_folder(path.parent)
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=PARTIAL, dir=path.parent)
        partial = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
        _sync_folder(path.parent)


def sweep(folder: Path) -> tuple[Path, ...]:
    """Remove what killed writers left in `folder` (not below it); returns what was removed.

    Only for who holds the lock that keeps other writers out of the folder. Raises `SystemFailure`.
    """
    with failures(folder):
        litter = tuple(sorted(folder.glob(f".*{PARTIAL}")))
        for path in litter:
            path.unlink(missing_ok=True)
    return litter


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make `folder` and what is missing above it, each durable; the umask applies.

    Raises `SystemFailure`.
    """
    with failures(folder):
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for path in reversed(missing):
            path.mkdir(mode, exist_ok=True)
            _sync_folder(path.parent)


def rename(path: Path, new: Path) -> None:
    """Give a file or a folder another name in the same folder, on the disk when it returns.

    Raises `SystemFailure`.
    """
    with failures(path):
        path.replace(new)
        _sync_folder(new.parent)


class Appender:
    """A file of lines that only grows. One writer at a time: the caller sees to that.

    A writer that was killed may leave a last line without its end. It was never acknowledged to anybody, so
    it is cut off when the file is opened again; `torn` is what was cut, for a record of it.
    """

    def __init__(self, path: Path, mode: int = 0o600) -> None:
        """Open or make the file. Raises `SystemFailure`."""
        self.path = path
        with failures(path):
            make_folder(path.parent)
            new = not path.exists()
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
            try:
                self.size, self.torn = self._mend()
                if new:
                    _sync_folder(path.parent)
            except BaseException:
                os.close(self._file)
                raise
        self.synced = True

    def append(self, lines: Iterable[bytes]) -> None:
        """Write `lines`, none of which has a line end yet, all or none; `sync` makes them durable.

        Raises `SystemFailure`; the file is then as it was before.
        """
        data = b"".join(line + b"\n" for line in lines)
        with failures(self.path):
            try:
                _write_all(self._file, data, self.size)
            except OSError:
                with suppress(OSError):  # should this fail, too: the next one to open it mends it
                    os.ftruncate(self._file, self.size)
                raise
        self.size += len(data)
        self.synced = self.synced and not data

    def sync(self) -> None:
        """Return when all that was appended is on the disk. Raises `SystemFailure`."""
        if not self.synced:
            with failures(self.path):
                os.fdatasync(self._file)
            self.synced = True

    def close(self) -> None:
        """Close the file, synced. Raises `SystemFailure`."""
        try:
            self.sync()
        finally:
            os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _mend(self) -> tuple[int, bytes]:
        """Cut what follows the last line end; returns the size that is left, and what was cut."""
        size = end = os.fstat(self._file).st_size
        while end:
            start = max(0, end - _STEP)
            found = os.pread(self._file, end - start, start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        torn = os.pread(self._file, size - end, end)
        if torn:
            os.ftruncate(self._file, end)
            os.fsync(self._file)
        return end, torn


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def _sync_folder(folder: Path) -> None:
    """Names are on the disk only when their folder is (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def failures(path: Path) -> Iterator[None]:
    """Turn what the system complains about into a `SystemFailure` that names `path`."""
    try:
        yield
    except OSError as fault:
        raise SystemFailure(
            f"cannot be written: {fault.strerror or fault}",
            where=str(path),
            hint=_HINTS.get(fault.errno or 0, ""),
        ) from fault
