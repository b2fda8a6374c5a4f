"""What the textfile collector is given: Prometheus' text format, and figures that are right."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from congvu.directory.model import Entry
from congvu.directory.operations import Event, Operation
from congvu.sync import metrics
from congvu.sync.job import Brake, Status
from congvu.sync.metrics import Run, write
from tests.unit.audited import DOMAIN, change, join, person, tree

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)")
RUN = Run(
    Status.FINE,
    NOW,
    12.25,
    done={(DOMAIN, "join"): 7},
    refused={DOMAIN: 1},
    accounts={(DOMAIN, "people", "active"): 1000},
)


def parsed(path: Path) -> dict[str, float]:
    """The samples by name and labels, after a check against the rules of the format.

    https://prometheus.io/docs/instrumenting/exposition_formats/: HELP, TYPE, then all samples of one metric
    together, none twice, the last line ended.
    """
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    found: dict[str, float] = {}
    metric = ""
    finished: set[str] = set()
    for line in text.removesuffix("\n").split("\n"):
        if match := re.fullmatch(rf"# HELP ({NAME}) [^\n]+", line):
            assert match[1] not in finished | {metric}
            finished.add(metric)
            metric = match[1]
            assert metric.startswith("congvu_sync_")
            assert not metric.endswith("_total"), "a gauge is no counter"
        elif line.startswith("# TYPE"):
            assert line == f"# TYPE {metric} gauge"
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            assert sample[1] == metric
            key = f"{sample[1]}{{{sample[2]}}}" if sample[2] else sample[1]
            assert key not in found
            found[key] = float(sample[3])
    return found


def test_a_run_in_figures(tmp_path: Path) -> None:
    path = tmp_path / "congvu.prom"
    write(path, RUN)
    assert parsed(path) == {
        "congvu_sync_last_run_timestamp_seconds": NOW.timestamp(),
        "congvu_sync_last_success_timestamp_seconds": NOW.timestamp(),
        "congvu_sync_status": 0,
        "congvu_sync_duration_seconds": 12.25,
        f'congvu_sync_operations{{domain="{DOMAIN}",event="join"}}': 7,
        f'congvu_sync_refused_operations{{domain="{DOMAIN}"}}': 1,
        f'congvu_sync_accounts{{domain="{DOMAIN}",kind="people",state="active"}}': 1000,
    }


@pytest.mark.parametrize("status", [Status.REFUSED, Status.FAILED])
def test_a_run_that_did_not_go_through_keeps_the_time_of_the_last_that_did(
    tmp_path: Path, status: Status
) -> None:
    path = tmp_path / "congvu.prom"
    write(path, RUN)
    later = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    brakes = (Brake("leavers", DOMAIN, "", ""), Brake("leavers", "dalat.gov.vn", "", ""))
    for _ in range(2):
        write(path, Run(status, later, 1, brakes=brakes))
    found = parsed(path)
    assert found["congvu_sync_last_run_timestamp_seconds"] == later.timestamp()
    assert found["congvu_sync_last_success_timestamp_seconds"] == NOW.timestamp()
    assert found["congvu_sync_status"] == int(status)
    assert found[f'congvu_sync_brakes{{code="leavers",domain="{DOMAIN}"}}'] == 1
    assert found[f'congvu_sync_accounts{{domain="{DOMAIN}",kind="people",state="active"}}'] == 1000


def test_a_run_with_doubts_went_through(tmp_path: Path) -> None:
    write(tmp_path / "congvu.prom", replace(RUN, status=Status.PENDING))
    assert parsed(tmp_path / "congvu.prom")["congvu_sync_last_success_timestamp_seconds"] == NOW.timestamp()


def test_a_first_run_that_fails_tells_no_success(tmp_path: Path) -> None:
    write(tmp_path / "congvu.prom", Run(Status.FAILED, NOW, 1))
    assert "congvu_sync_last_success_timestamp_seconds" not in parsed(tmp_path / "congvu.prom")


@pytest.mark.parametrize("before", [b"\xff\xfe", b"congvu_sync_accounts 7", b"nonsense\n"])
def test_a_damaged_file_is_replaced(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "congvu.prom"
    path.write_bytes(before)
    write(path, Run(Status.FAILED, NOW, 1))
    assert set(parsed(path)) == {
        "congvu_sync_last_run_timestamp_seconds",
        "congvu_sync_status",
        "congvu_sync_duration_seconds",
    }


def test_labels_are_escaped(tmp_path: Path) -> None:
    write(tmp_path / "congvu.prom", replace(RUN, done={('a"b\\c\nd', "join"): 1}))
    assert any(r"a\"b\\c\nd" in key for key in parsed(tmp_path / "congvu.prom"))


def test_others_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(tmp_path / "congvu.prom", RUN)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "congvu.prom").stat().st_mode) == 0o644


def test_accounts_are_counted_as_they_are_after_the_run() -> None:
    container = Entry.build("ou=people,dc=lamdong,dc=gov,dc=vn", ("organizationalUnit",), {"ou": "people"})
    found = tree(container, person(1), person(2, congvuState="active"), person(3, congvuState="active"))
    left = change(3, Event.LEAVE, congvuState="revoked")
    moved = change(2, Event.MOVE, departmentNumber="A2")
    moved = replace(moved, entry=person(2, congvuState="active"))
    assert metrics.accounts(found, [join(4), left, moved]) == {
        (DOMAIN, "people", "initial"): 2,
        (DOMAIN, "people", "active"): 1,
        (DOMAIN, "people", "revoked"): 1,
    }


def test_operations_are_counted_by_event() -> None:
    done: list[Operation] = [join(1), join(2), change(3, Event.LEAVE, congvuState="revoked")]
    assert metrics.by_event(done) == {(DOMAIN, "join"): 2, (DOMAIN, "leave"): 1}
