"""Where requests are kept: a folder for each, that is there as a whole or not at all.

``incoming/`` holds messages as Postfix delivered them, named by what they hold: one that is delivered twice
is one file. ``outbox/`` has the ids of requests whose decision is to be told. The folder of a request has
``request.json``, the message, and the attachments under plain names.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from congvu.errors import InputError, SystemFailure
from congvu.files import failures, make_folder, rename, write_whole
from congvu.requests.model import Request

FOLDER = Path("/var/lib/congvu-requests")
_FACTS = "request.json"
_ID = re.compile(r"[0-9]{8}-[0-9a-f]{12}")
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Store:
    """All requests of a mail server."""

    folder: Path

    def receive(self, message: bytes) -> None:
        """Keep a message until it is looked at. On the disk when this returns. Raises `SystemFailure`."""
        write_whole(self.folder / "incoming" / f"{sha256(message).hexdigest()}.eml", message)

    def waiting(self) -> tuple[Path, ...]:
        """Messages that wait, those that nobody has looked at first. Raises `SystemFailure`."""
        with failures(self.folder):
            found = [(path.stat().st_mtime_ns, path) for path in (self.folder / "incoming").glob("*.eml")]
        return tuple(path for _, path in sorted(found))

    def begin(self, path: Path) -> bytes:
        """A message, from now on behind all others: one that ends a run keeps nobody waiting.

        Raises `SystemFailure`.
        """
        with failures(path):
            os.utime(path)
            return path.read_bytes()

    def forget(self, path: Path) -> None:
        """Remove a message that was dealt with. Raises `SystemFailure`."""
        with failures(path):
            path.unlink(missing_ok=True)

    def add(self, request: Request, files: Mapping[str, bytes]) -> None:
        """Keep a request with its files, unless there is one with its id. Raises `SystemFailure`."""
        final = self.folder / request.id
        partial = self.folder / f"{request.id}{_PARTIAL}"
        with failures(partial):
            if final.exists():
                return
            shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
            make_folder(partial, 0o700)
            for name, content in files.items():
                write_whole(partial / name, content)
            write_whole(partial / _FACTS, _encoded(request))
            rename(partial, final)

    def save(self, request: Request) -> None:
        """Write down what has become of a request. Raises `SystemFailure`."""
        write_whole(self.folder / request.id / _FACTS, _encoded(request))

    def decide(self, request: Request) -> None:
        """As `save`, of a decision that the unit is told. Raises `SystemFailure`.

        That somebody is to be told is on the disk before the decision, so that it is not forgotten.
        """
        write_whole(self.folder / "outbox" / request.id, b"")
        self.save(request)

    def untold(self) -> tuple[Request, ...]:
        """The requests of which a decision may not have been told. Raises `SystemFailure`."""
        with failures(self.folder):
            names = sorted(path.name for path in (self.folder / "outbox").glob("*"))
        return tuple(request for name in names if (request := self.find(name)))

    def told(self, request: Request) -> None:
        """The unit knows. Raises `SystemFailure`."""
        with failures(self.folder):
            (self.folder / "outbox" / request.id).unlink(missing_ok=True)

    def get(self, id_: str) -> Request:
        """The request with this id. Raises `InputError` where there is none, `SystemFailure`."""
        found = self.find(id_)
        if found is None:
            raise InputError("there is no such request", where=id_, hint="congvu request list --all")
        return found

    def find(self, id_: str) -> Request | None:
        """The request with this id, if there is one. Raises `SystemFailure`."""
        path = self.folder / id_ / _FACTS
        if not _ID.fullmatch(id_):
            return None
        with failures(path):
            try:
                return Request.from_json(json.loads(path.read_bytes()))
            except FileNotFoundError:
                return None
            except (ValueError, KeyError, TypeError):
                raise SystemFailure(
                    "this is no request", where=str(path), hint="restore it from the backup"
                ) from None

    def all(self) -> Iterator[Request]:
        """Every request, the oldest first. Raises `SystemFailure`."""
        with failures(self.folder):
            names = sorted(path.name for path in self.folder.iterdir() if _ID.fullmatch(path.name))
        for name in names:
            if found := self.find(name):
                yield found

    def file(self, request: Request, name: str) -> Path:
        """Where a file of a request is."""
        return self.folder / request.id / name


def identity(day: str, *of: str) -> str:
    """An id: the day, and what is the same whenever the same message comes again."""
    return f"{day}-{sha256(chr(0).join(of).encode(errors='replace')).hexdigest()[:12]}"


def plain_names(names: Iterable[str]) -> Iterator[str]:
    """What attachments of these names are called here: in order, with nothing of others but the ending."""
    for number, name in enumerate(names, start=1):
        ending = re.search(r"\.([A-Za-z0-9]{1,5})\Z", name)
        yield f"{number:02}{ending[0].lower() if ending else ''}"


def _encoded(request: Request) -> bytes:
    """What others wrote may hold half characters, which are no reason to fail."""
    return f"{json.dumps(request.as_json(), ensure_ascii=False, indent=1)}\n".encode(errors="replace")
