"""Fixtures of several unit tests: the shipped policies, a small registry, a directory in memory."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from congvu import policy as policies
from congvu.mail import post
from congvu.mail.tools import Done
from congvu.policy import Policy
from tests.unit.helpers import ROOT, STAFF, UNITS, Tree
from tests.unit.postfix import Postfix


@pytest.fixture
def tree() -> Tree:
    return Tree()


@pytest.fixture(scope="session")
def lamdong() -> Policy:
    return policies.load_domain(ROOT / "inventory/policy", "lamdong.gov.vn")


@pytest.fixture(scope="session")
def quangtri() -> Policy:
    return policies.load_domain(ROOT / "inventory/policy", "quangtri.gov.vn")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small correct registry."""
    path = tmp_path / "registry"
    path.mkdir()
    (path / "units.csv").write_text(UNITS, encoding="utf-8")
    (path / "staff.csv").write_text(STAFF, encoding="utf-8")
    return path


@pytest.fixture
def postfix(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postfix]:
    client = smtplib.SMTP
    with Postfix() as server:
        server.block_on_close = True
        place = server.server_address[1]
        monkeypatch.setattr(smtplib, "SMTP", lambda host, _port, **rest: client(host, place, **rest))
        monkeypatch.setattr(post, "SECONDS", 0.3)
        monkeypatch.setattr(post, "run", lambda *_words, **_options: Done(1, b"", ""))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
