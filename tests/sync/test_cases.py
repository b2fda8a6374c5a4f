"""Each case of `cases` against a real slapd: plan, run, a second run, and what must always hold."""

from __future__ import annotations

import pytest

from congvu.directory.operations import Event
from congvu.sync.guard import CODES
from tests.sync.cases import Case, load
from tests.sync.story import Story
from tests.sync.world import World

CASES = tuple(load())


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{theme}: {case.name}") for theme, case in CASES])
def test_case(case: Case, world: World) -> None:
    Story(case, world).tell()


def test_every_event_is_expected_by_a_case() -> None:
    expected = {step.event for _, case in CASES for night in case.nights for step in night.operations}
    assert expected == {str(event) for event in Event}


def test_every_brake_is_hit_and_overridden_by_a_case() -> None:
    nights = [night for _, case in CASES for night in case.nights]
    assert {code for night in nights for code in night.brakes} == set(CODES)
    assert {code for night in nights for code in night.order.get("allow", ())} == set(CODES)


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 100
