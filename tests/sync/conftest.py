"""What tests of whole runs need: a slapd of their own on the lab's mail server, an office for each test."""

from __future__ import annotations

import base64
import hashlib
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from congvu.fleet.lab import Lab
from tests.lab import lab
from tests.slapd import Slapd, scratch
from tests.sync.world import World

__all__ = ["lab"]


@pytest.fixture(scope="session")
def server(lab: Lab) -> Iterator[Slapd]:
    """A directory that nobody else uses."""
    with scratch(lab) as one:
        _quicken(one)
        yield one


def _quicken(server: Slapd) -> None:
    """Take from it what costs time and is nobody's business here: syncing, and ARGON2 at every bind."""
    server.configure("olcDatabase={1}mdb,cn=config", olcDbNoSync="TRUE")
    salt = secrets.token_bytes(8)
    digest = hashlib.sha1(server.settings.password().encode() + salt).digest()  # noqa: S324  (RFC 2307)
    stored = "{SSHA}" + base64.b64encode(digest + salt).decode()
    change = (
        f"dn: {server.settings.bind_dn}\nchangetype: modify\nreplace: userPassword\nuserPassword: {stored}\n"
    )
    server.root("ldapmodify", stdin=change)
    server.stop()
    server.shell(f"rm -rf {server.folder}/seed; cp -a {server.folder}/db {server.folder}/seed")
    server.start()


@pytest.fixture
def world(server: Slapd) -> Iterator[World]:
    """An office whose files are not written yet, and an empty directory."""
    server.wipe()
    with memory_folder() as folder:
        yield World(server, folder)


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder in memory where there is one: nobody cuts the power here, and syncing takes time."""
    place = Path("/dev/shm")  # noqa: S108  (a folder of our own is made in it)
    with tempfile.TemporaryDirectory(dir=place if place.is_dir() else None) as name:
        yield Path(name)
