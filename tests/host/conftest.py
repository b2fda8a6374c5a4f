"""The hosts of the lab that CONGVU_LAB names, over SSH and as root.

Nothing comes from molecule's arguments: the same tests run under molecule and alone.
"""

from __future__ import annotations

from typing import Any

import pytest
import testinfra

from congvu.fleet.lab import Lab
from tests.lab import lab

__all__ = ["lab"]


def connect(lab: Lab, name: str) -> Any:
    return testinfra.get_host(f"ssh://{name}?ssh_config={lab.ssh_config}&sudo=True")


@pytest.fixture(scope="session")
def mail(lab: Lab) -> Any:
    return connect(lab, "mail")


@pytest.fixture(scope="session")
def outside(lab: Lab) -> Any:
    return connect(lab, "outside")


@pytest.fixture(params=["mail", "outside"])
def each(request: pytest.FixtureRequest) -> Any:
    """Every host in turn."""
    return request.getfixturevalue(request.param)
