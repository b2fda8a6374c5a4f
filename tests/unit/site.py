"""A site of two mail domains on disk, its directory in memory: for tests of order and refusal.

What slapd does is tested with slapd (tests/sync, tests/faults).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Self

import pytest

from congvu.directory.connection import Directory
from congvu.directory.model import Entry, dn_key
from congvu.directory.operations import Add, Operation
from congvu.directory.results import Refused, Unreachable
from congvu.errors import DirectoryFailure
from congvu.sync.job import Order
from congvu.sync.settings import Settings, load
from tests.unit.helpers import BASE, ROOT, STAFF, UNITS, Tree

SETTINGS = """\
version: 1
directory:
  providers: [{uri: "ldaps://192.0.2.1"}]
  bind_dn: cn=sync,ou=services,dc=gov,dc=vn
  password_file: sync.password
  base: dc=gov,dc=vn
mail_host: mail.lamdong.gov.vn
state: state
domains:
  lamdong.gov.vn: {policy: ld.yml, registry: ld}
  quangtri.gov.vn: {policy: qt.yml, registry: qt}
"""
TODAY = date(2026, 11, 22)


class Server(Tree):
    """The same tree for every connection, with a counter of changes; it can refuse, and break off."""

    provider = "ldaps://192.0.2.1"

    def __init__(self) -> None:
        super().__init__()
        self.uuid = "11111111-1111-1111-1111-111111111111"
        self.moves = 0
        self.refuses: set[str] = set()
        """DNs of entries that cannot be written."""
        self.breaks_after = -1
        """So many writes until the server is gone; negative: never."""
        self.reads = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def base_uuid(self) -> str:
        return self.uuid

    def context_csn(self) -> str:
        return f"20261122000000.{self.moves + self.writes:06}Z#000000#000#000000"

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:
        self.reads += filter_ == "(objectClass=*)"
        return super().search(base, filter_, attributes)

    def encoded(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[bytes]:
        for entry in Tree.search(self, base, filter_, attributes):
            yield repr((entry.dn, sorted(entry.attributes.items()))).encode()

    def get(self, dn: str, attributes: Sequence[str]) -> Entry | None:  # noqa: ARG002  (Directory's signature)
        return self.entries.get(dn_key(dn))

    def write(self, planned: Iterable[Operation]) -> Iterator[tuple[Operation, DirectoryFailure | None]]:
        for operation in planned:
            if self.breaks_after == 0:
                raise Unreachable("it is gone", where=self.provider)
            self.breaks_after -= 1
            if operation.dn in self.refuses:
                yield operation, Refused(19, "constraintViolation: refused", where=operation.dn)
                continue
            if isinstance(operation, Add):
                self.add(operation.entry)
            else:
                self.replace(operation.dn, {change.attribute: change.after for change in operation.changes})
            yield operation, None


class Hasty(threading.Event):
    """Waits for no server to come back."""

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  (Event's signature)
        return self.is_set()


class Site:
    """The files and the directory."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.server = folder, Server()
        monkeypatch.setattr(Directory, "as_service", lambda _: self.server)
        for name, domain in (("ld", "lamdong.gov.vn"), ("qt", "quangtri.gov.vn")):
            shipped = (ROOT / "inventory/policy" / f"{domain}.yml").read_text(encoding="utf-8")
            self.write(f"{name}.yml", re.sub("(?m)^places:.*\n", "", shipped))  # reading them takes long
            (folder / name).mkdir()
            self.write(f"{name}/units.csv", UNITS)
            self.write(f"{name}/staff.csv", STAFF)
        self.write("sync.yml", SETTINGS)
        self.write("sync.password", "secret\n")

    @property
    def path(self) -> Path:
        """The settings file."""
        return self.folder / "sync.yml"

    @property
    def settings(self) -> Settings:
        return load(self.path)

    @property
    def state(self) -> Path:
        """The folder of state."""
        return self.folder / "state"

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def order(self, today: date = TODAY, **more: Any) -> Order:
        return Order(self.settings, today, "tester", **more)

    def person(self, staff_id: str, domain: str = "lamdong") -> Entry:
        return self.server.entries[f"uid={staff_id},ou=people,dc={domain},{BASE}".lower()]


def staff(count: int, *, first: int = 1, unit: str = "A1", given_name: str = "An") -> str:
    """Rows of a staff list: `count` people of one unit."""
    return "".join(
        f"S{number},Nguyễn,Văn,{given_name},{unit},Chuyên viên,,2013-01-02,working\n"
        for number in range(first, first + count)
    )


HEADING = STAFF.splitlines()[0] + "\n"
"""The columns of a staff list."""
