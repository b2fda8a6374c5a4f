"""Fixtures of several unit tests: the shipped policies, a small registry, a directory in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from congvu import policy as policies
from congvu.policy import Policy
from tests.unit.helpers import ROOT, STAFF, UNITS, Tree


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
