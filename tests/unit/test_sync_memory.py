"""What is kept between runs: counted once a run, written whole, read strictly."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from congvu.errors import SystemFailure
from congvu.sync.memory import NAME, Domain, Memory, Quiet, Seen, moved_back, read

ONE, TWO = date(2026, 11, 22), date(2026, 11, 23)
FULL = Memory(
    {"lamdong.gov.vn": Domain(2150, {"people/CB0001": 1}, "abc", ONE), "quangtri.gov.vn": Domain(0)},
    Seen("11111111", "20261122174408.123456Z#000000#001#000000"),
    Quiet("def", ONE, "012"),
)
KEY = "people/S1"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read(tmp_path) == Memory()
    FULL.write(tmp_path)
    assert read(tmp_path) == FULL
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    Memory().write(tmp_path)
    assert read(tmp_path) == Memory()


def spoilt(path: str, value: Any) -> str:
    """The file with another value at `path`; `...` takes the key out."""
    whole: dict[str, Any] = {
        "version": 1,
        "domains": {"x.vn": {"accounts": 3, "absences": {KEY: 1}, "digest": "d", "day": "2026-11-22"}},
        "seen": {"base_uuid": "u", "context_csn": "c"},
        "quiet": {"digest": "d", "day": "2026-11-22", "frames": ""},
    }
    *way, last = path.split("|")
    part = whole
    for name in way:
        part = part[name]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return json.dumps(whole)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 1}',
        "[" * 100_000,
        spoilt("version", 2),
        spoilt("version", True),
        spoilt("seen", ...),
        spoilt("more", 1),
        spoilt("seen|base_uuid", 1),
        spoilt("quiet|day", "22/11/2026"),
        spoilt("quiet|frames", ...),
        spoilt("domains|x.vn", []),
        spoilt("domains|x.vn|accounts", -1),
        spoilt("domains|x.vn|accounts", True),
        spoilt("domains|x.vn|absences", {KEY: 0}),
        spoilt("domains|x.vn|absences", {KEY: "1"}),
        spoilt("domains|x.vn|absences", {}),
        spoilt("domains|x.vn|day", ""),
        spoilt("domains|x.vn|digest", ""),
    ],
)
def test_a_damaged_file_is_never_guessed(text: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(SystemFailure, match=r"memory\.json: .*restore it from the backup") as caught:
        read(tmp_path)
    assert caught.value.exit_code == 3


def test_the_file_that_is_spoilt_above_is_right_without_it(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(spoilt("version", 1), encoding="utf-8")
    assert read(tmp_path).domain("x.vn").absences == {KEY: 1}


def test_bytes_that_are_no_text_are_damage(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(SystemFailure, match="cannot be read"):
        read(tmp_path)


def test_the_same_list_on_the_same_day_counts_once() -> None:
    kept = Domain(5)
    for _ in range(5):
        assert kept.earlier("list", ONE) == {}
        kept = kept.after(5, frozenset({KEY}), "list", ONE)
        assert kept.absences == {KEY: 1}


@pytest.mark.parametrize(("digest", "day"), [("other", ONE), ("list", TWO), ("other", TWO)])
def test_another_list_or_another_day_is_another_run(digest: str, day: date) -> None:
    kept = Domain(5).after(5, frozenset({KEY}), "list", ONE)
    assert kept.earlier(digest, day) == {KEY: 1}
    kept = kept.after(5, frozenset({KEY}), digest, day)
    assert kept.absences == {KEY: 2}
    assert kept.earlier(digest, day) == {KEY: 1}


def test_a_row_that_is_back_is_no_longer_absent() -> None:
    kept = Domain(5).after(5, frozenset({KEY, "people/S2"}), "list", ONE)
    kept = kept.after(5, frozenset({"people/S2"}), "other", ONE)
    assert kept.absences == {"people/S2": 2}
    assert kept.after(5, frozenset(), "other", TWO) == Domain(5)


@pytest.mark.parametrize(
    ("before", "now", "back"),
    [
        ("20261122174408.1Z#000000#000#000000", "20261122174408.1Z#000000#000#000000", False),
        ("20261122174408.1Z#000000#000#000000", "20261122174409.1Z#000000#000#000000", False),
        ("20261122174408.1Z#000000#000#000000", "20261122174407.9Z#000000#000#000000", True),
        # Two providers: each has its own; one that is new or no longer there says nothing.
        ("2026#000000#001#000000 2025#000000#002#000000", "2027#000000#001#000000", False),
        ("2026#000000#001#000000 2025#000000#002#000000", "2027#000000#001#000000 2024#000000#002#0", True),
        ("2026#000000#001#000000", "2020#000000#002#000000", False),
        ("", "2020#000000#002#000000", False),
    ],
)
def test_a_directory_that_went_back_is_seen(before: str, now: str, back: bool) -> None:
    assert moved_back(before, now) is back
