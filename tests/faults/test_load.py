"""Each part breaks while 500 messages are on their way: each arrives once, and none unscanned."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from congvu.fleet.client import Outside
from tests.faults.breakage import FAULTS
from tests.faults.report import table
from tests.faults.suffering import People, Result, people, suffer
from tests.faults.traffic import MESSAGES
from tests.lab import Site


@pytest.fixture(scope="module")
def who(site: Site) -> People:
    return people(site)


@pytest.fixture(scope="module")
def results(pytestconfig: pytest.Config) -> Iterator[list[Result]]:
    """All results, printed when the last one is there."""
    all_of_them: list[Result] = []
    yield all_of_them
    terminal = pytestconfig.pluginmanager.getplugin("terminalreporter")
    terminal.write_line(f"\n{table(all_of_them)}")


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_lost_refused_doubled_or_unscanned(
    outside: Outside, site: Site, who: People, results: list[Result], name: str
) -> None:
    one = suffer(outside, site, who, name, FAULTS[name])
    results.append(one)
    assert one.faults == {}
    assert one.verdict.accepted + one.verdict.viruses_refused == MESSAGES
    assert one.verdict.delivered == one.verdict.accepted
