"""The mail of purged accounts: into an archive that only the operator's key opens, then off the store.

What is to be done is what there is: a tombstone of the state ``purged`` in the directory, and still a folder
in the store. Killed anywhere, the next run finds the same, or less of it:

1. The archive is written, and stands in its place only once it is whole and on the disk.
2. The directory is asked once more; the log tells of it; the folder gets another name, in one step.
3. What bears such a name is removed. It has an archive, whatever else is left of it.

So mail is never gone without a whole archive; whoever is killed between 1 and 2 leaves one archive too many.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from congvu.directory.inspect import Reader
from congvu.directory.model import MANAGED_CLASS, Entry, State
from congvu.errors import CongvuError, DirectoryFailure, SystemFailure
from congvu.files import PARTIAL, failures, make_folder, rename, whole
from congvu.mail import record
from congvu.mail.accounts import domain_of
from congvu.mail.record import Acts
from congvu.sealed import Certificate
from congvu.sync.lock import only_one
from congvu.vietnam import VIETNAM

WAIT = 60.0
"""Seconds that a command waits for the timer's run, and the other way round."""
PART = 256 << 20
"""Bytes of mail in one file: ``openssl`` opens a file as a whole, in memory, and none of 2 GiB or more."""
PURGED = f"(&(objectClass={MANAGED_CLASS})(congvuState={State.PURGED}))"
READ = ("objectClass", "uid", "mail", "congvuState")
_GOING = ".purged-"
"""How the name of a folder begins that has an archive and is being removed."""
_MESSAGES = ("cur", "new")


@dataclass(frozen=True, slots=True)
class Archive:
    """A mailbox as it was."""

    address: str
    folder: Path
    """Its files in order: what they hold, one after the other, is a tar."""
    parts: tuple[str, ...]
    """Of each file its name and the SHA-256 of it as it lies there."""
    messages: int
    octets: int
    """Of all that was in the mailbox."""


@dataclass(frozen=True, slots=True)
class Archived:
    """What a run has done."""

    archives: tuple[Archive, ...]
    failures: tuple[CongvuError, ...]
    """Whose mail stays, and why; the next run tries again."""


@dataclass(frozen=True, slots=True)
class Archivist:
    """Archives and removes what purged accounts have left in a store of Dovecot's (maildir)."""

    directory: Reader
    base: str
    store: Path
    """A folder for each mail domain, in it one for each account, by the registry's id."""
    archives: Path
    """A folder for each mail domain; beside them the log and the lock."""
    certificate: Certificate
    author: str

    def run(self, now: datetime) -> Archived:
        """Do what is outstanding. Raises `SettingsError` where the certificate is over, `SystemFailure`."""
        done: list[Archive] = []
        failed: list[CongvuError] = []
        with (
            only_one(self.archives, self.author, wait=WAIT),
            record.acts(self.archives / "audit", self.author) as acts,
        ):
            self._go_on()
            for entry in list(self.directory.search(self.base, PURGED, READ)):
                try:
                    home = self._home(entry)
                    archive = self._purge(acts, entry, home, now) if home.is_dir() else None
                except DirectoryFailure as fault:  # it would be the same for all others
                    failed.append(fault)
                    break
                except SystemFailure as fault:
                    failed.append(fault)
                else:
                    done += [archive] if archive else []
        return Archived(tuple(done), tuple(failed))

    def _home(self, entry: Entry) -> Path:
        """Where Dovecot has an account's mail, see its ``userdb``. Raises `SystemFailure`."""
        domain, uid = domain_of(entry.value("mail")), entry.value("uid")
        if not domain or not uid or uid.startswith(".") or {"/", "\0"} & {*domain, *uid}:
            raise SystemFailure("its id names no folder", where=entry.dn)
        return self.store / domain / uid

    def _go_on(self) -> None:
        """Finish what a killed run has begun."""
        for folder in self.store.glob(f"*/{_GOING}*"):
            _remove(folder)
        for folder in self.archives.glob(f"*/.*{PARTIAL}"):
            _remove(folder)

    def _purge(self, acts: Acts, entry: Entry, home: Path, now: datetime) -> Archive | None:
        """Archive and remove one mailbox; None where its holder has come back meanwhile."""
        self.certificate.check("no mail is archived, and none is removed")
        name = f"{home.name}-{now.astimezone(VIETNAM):%Y%m%d-%H%M%S}"
        archive = self._write(home, self.archives / home.parent.name / name, entry.value("mail"))
        purged = False
        try:
            purged = any(self.directory.search(entry.dn, PURGED, READ))
        finally:
            if not purged:
                _remove(archive.folder)
        if not purged:
            return None
        facts = {
            "address": archive.address, "dn": entry.dn, "folder": str(archive.folder),
            "parts": archive.parts, "messages": archive.messages, "octets": archive.octets,
        }  # fmt: skip
        with acts.act("mailbox_purged", facts):
            going = home.with_name(f"{_GOING}{name}")
            rename(home, going)
            _remove(going)
        return archive

    def _write(self, home: Path, into: Path, address: str) -> Archive:
        """Write an archive of `home`; it is whole, or not there. Raises `SystemFailure`."""
        partial = into.with_name(f".{into.name}{PARTIAL}")
        with failures(into):
            make_folder(partial, 0o700)
            counted = _Counted()
            try:
                with (
                    _Parts(partial, self.certificate) as parts,
                    _Tar.open(mode="w|", fileobj=cast(IO[bytes], parts)) as tar,
                ):
                    tar.add(home, arcname=address, filter=counted)
                rename(partial, into)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
        return Archive(address, into, tuple(parts.done), counted.messages, counted.octets)


class _Tar(tarfile.TarFile):
    """Remembers nothing of what it has written: copies that are hard links are written whole, as messages."""

    def addfile(self, tarinfo: tarfile.TarInfo, fileobj: Any = None) -> None:
        super().addfile(tarinfo, fileobj)
        self.members.clear()  # type: ignore[attr-defined]
        self.inodes.clear()  # type: ignore[attr-defined]


@dataclass(slots=True)
class _Counted:
    """Counts what goes into an archive."""

    messages: int = 0
    octets: int = 0

    def __call__(self, member: tarfile.TarInfo) -> tarfile.TarInfo:
        self.octets += member.size
        self.messages += member.isfile() and Path(member.name).parent.name in _MESSAGES
        return member


@dataclass(slots=True)
class _Parts:
    """A stream that ends up in sealed files of a size that can be opened."""

    folder: Path
    certificate: Certificate
    done: list[str] = field(default_factory=list)
    _room: int = 0
    _stack: ExitStack = field(default_factory=ExitStack)
    _pipe: IO[bytes] | None = None

    def write(self, data: bytes) -> int:
        """As a file's."""
        if self._pipe is None or len(data) > self._room:
            self._next()
        if self._pipe:
            self._pipe.write(data)
        self._room -= len(data)
        return len(data)

    def _next(self) -> None:
        self._stack.close()
        self._pipe, self._room = self._stack.enter_context(self._part()), PART

    @contextmanager
    def _part(self) -> Iterator[IO[bytes]]:
        path = self.folder / f"{len(self.done):03}.cms"
        with whole(path) as file, self.certificate.sealing(file) as pipe:
            yield pipe
        with path.open("rb") as file:
            self.done.append(f"{path.name} {file_digest(file, 'sha256').hexdigest()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, value, trace)


def _remove(folder: Path) -> None:
    with failures(folder), suppress(FileNotFoundError):
        shutil.rmtree(folder)
