"""What tests of whole runs need: a slapd of their own on the lab's mail server, an office for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from congvu.fleet.lab import Lab
from tests.slapd import Slapd, scratch
from tests.sync.world import World


@pytest.fixture(scope="session")
def lab() -> Lab:
    import os, sys
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return Lab(os.environ["CONGVU_LAB"])


@pytest.fixture(scope="session")
def server(lab: Lab) -> Iterator[Slapd]:
    """A directory that nobody else uses."""
    with scratch(lab) as one:
        yield one


@pytest.fixture
def world(server: Slapd, tmp_path: Path) -> World:
    """An office whose files are not written yet, and an empty directory."""
    server.wipe()
    return World(server, tmp_path)
