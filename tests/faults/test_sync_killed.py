"""The sync is killed, at each of its writes and at any moment; the next run completes what it began."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from congvu.fleet.lab import Lab
from congvu.sync.job import Status
from tests.faults.dying import dies_at
from tests.faults.scene import Scene
from tests.slapd import scratch

FINISHED = (Status.FINE, Status.PENDING)
MOST_WRITES = 600
"""A night has some 150; a test that never ends is no proof."""
MOMENTS = 50
MANY = 5_000
_OFFICES = ("Sở Nội vụ", "Sở Tài chính", "Ban Dân tộc", "Sở Y tế", "Sở Xây dựng", "Sở Du lịch")


@pytest.fixture
def scene(lab: Lab, tmp_path: Path) -> Iterator[Scene]:
    """The province before its first night."""
    with scratch(lab) as server:
        folder = tmp_path / "province"
        folder.mkdir()
        yield Scene.set_up(server, folder)


def fed(scene: Scene) -> set[tuple[str, ...]]:
    """What the upper tier was told of the second night: what became of whom, once or more."""
    rows: set[tuple[str, ...]] = set()
    for file in (scene.folder / "feed").rglob("*.csv"):
        with file.open(encoding="utf-8-sig", newline="") as text:
            for number, row in enumerate(csv.reader(text)):
                if number:
                    rows.add(tuple(row[2:5]))
    return rows


def test_a_run_killed_at_each_of_its_writes_is_completed_by_the_next(scene: Scene) -> None:
    scene.settle()
    reference = scene.run()
    assert reference.status in FINISHED
    assert {operation.reason.event for plan in reference.plans for operation in plan.operations} >= {
        "join", "return", "leave", "rename", "move", "position", "details", "head",
        "unit_new", "unit_renamed", "unit_moved", "unit_merged", "unit_split",
    }  # fmt: skip
    wanted, told = scene.tree(), fed(scene)
    for number in range(MOST_WRITES):
        scene.restore()
        if not dies_at(number, scene.run):
            break
        outcome = scene.run()
        assert outcome.status in FINISHED, f"killed at effect {number}"
        assert not outcome.failures, f"killed at effect {number}: {outcome.failures}"
        assert scene.tree() == wanted, f"killed at effect {number}"
        assert fed(scene) >= told, f"killed at effect {number}: the upper tier was not told all"
        assert scene.broken() is None, f"killed at effect {number}"
        again = scene.run()
        assert not any(plan.operations for plan in again.plans), f"killed at effect {number}"
    else:
        pytest.fail(f"the run had not ended after {MOST_WRITES} effects")
    assert number > 100


def test_an_apply_of_5000_killed_at_50_moments_is_completed(scene: Scene) -> None:
    units = tuple(
        f"A0{number},{name},department,,,2013-01-02,working,,," for number, name in enumerate(_OFFICES, 1)
    )
    scene.registry(units, _crowd())
    plain = replace(scene.settings, handover=None)  # 5,000 hashes of passwords take minutes
    scene.save()
    chance, killed = random.Random(4), 0  # noqa: S311
    while killed < MOMENTS:
        if dies_at(chance.randrange(10, 60), partial(scene.run, at=plain)):
            killed += 1
        else:  # it had ended; another one is begun
            scene.restore()
    outcome = scene.run(at=plain)
    assert outcome.status in FINISHED
    assert not outcome.failures
    tree = scene.tree()
    people = [dn for dn in tree if dn.startswith("uid=cb")]
    assert len(people) == MANY
    addresses = [address for one in tree.values() for address in one.get("mailLocalAddress", ())]
    assert len(addresses) == len(set(addresses))
    assert scene.broken() is None
    assert not any(plan.operations for plan in scene.run(at=plain).plans)


def _crowd() -> tuple[str, ...]:
    """Rows of many people, most of them namesakes of somebody."""
    surnames = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ")
    given = ("An", "Bình", "Châu", "Dũng", "Giang", "Hà", "Khánh", "Lan", "Mai", "Nam", "Oanh", "Phúc")
    chance, since = random.Random(5), "2015-03-01"  # noqa: S311
    return tuple(
        f"CB{number:05},{chance.choice(surnames)},Thị,{chance.choice(given)},,A0{number % 6 + 1},"
        f"Chuyên viên,0912 {number // 1000:03} {number % 1000:03},{since},working,"
        for number in range(MANY)
    )
