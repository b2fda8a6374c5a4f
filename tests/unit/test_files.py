"""Files that are whole or not there, and lists that only grow, whoever is killed and whatever is full."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from congvu import files
from congvu.errors import SystemFailure
from congvu.files import PARTIAL, Appender, sweep, write_whole
from tests.unit.crash import killed_before, no_file_above


def test_a_writer_killed_anywhere_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "state" / "memory.json"
    write_whole(path, "old")
    seen, number = set(), 1
    while killed_before(number, lambda: write_whole(path, "new")):
        seen.add(path.read_text())
        write_whole(path, "old")
        number += 1
    assert seen == {"old", "new"}
    assert number > 5
    assert sweep(path.parent)
    assert [found.name for found in path.parent.iterdir()] == ["memory.json"]


def test_a_writer_killed_anywhere_leaves_no_file_or_a_whole_one(tmp_path: Path) -> None:
    number, path = 1, tmp_path / "a" / "b" / "new"
    while killed_before(number, lambda: write_whole(path, "new")):
        assert not path.exists() or path.read_text() == "new"
        shutil.rmtree(tmp_path / "a", ignore_errors=True)
        number += 1
    assert path.read_text() == "new"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o660])
def test_the_mode_is_the_one_asked_for_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o077)
    try:
        write_whole(tmp_path / "file", b"\0", mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_a_full_disk_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")
    with no_file_above(1000), pytest.raises(SystemFailure) as failure:
        write_whole(path, "x" * 2000)
    assert failure.value.where == str(path)
    assert failure.value.hint
    assert [found.name for found in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "old"


def test_an_error_while_the_content_is_made_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")
    with suppress(ZeroDivisionError), files.whole(path) as file:
        file.write(b"half")
        _ = 1 // 0
    assert [found.name for found in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "old"


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemFailure, match="folder") as failure:
        write_whole(tmp_path / "file" / "below", "")
    assert "file" in failure.value.where


def test_the_sweep_takes_litter_and_nothing_else(tmp_path: Path) -> None:
    litter = tmp_path / f".abc{PARTIAL}"
    for path in (litter, tmp_path / "kept", tmp_path / ".kept"):
        path.write_text("")
    assert sweep(tmp_path) == (litter,)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".kept", "kept"]


def append(path: Path, *lines: bytes) -> bytes:
    with Appender(path) as appender:
        appender.append(lines)
        appender.sync()
        return appender.torn


def two_more(path: Path) -> None:
    append(path, b"second " * 10, b"third " * 10)


def test_lines_are_appended_with_their_ends(tmp_path: Path) -> None:
    path = tmp_path / "log" / "lines"
    append(path, b"one", b"hai")
    append(path, b"three")
    assert path.read_bytes() == b"one\nhai\nthree\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("length", [1, 70_000, 200_000])
def test_a_torn_last_line_is_cut_and_told(tmp_path: Path, length: int) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\n" + b"x" * length)
    assert append(path, b"two") == b"x" * length
    assert path.read_bytes() == b"one\ntwo\n"
    assert append(path) == b""


def test_a_file_that_is_only_a_torn_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"half a line")
    assert append(path, b"one") == b"half a line"
    assert path.read_bytes() == b"one\n"


def test_an_appender_killed_anywhere_loses_no_line_that_was_acknowledged(tmp_path: Path) -> None:
    number, path = 1, tmp_path / "lines"
    append(path, b"first")
    while killed_before(number, lambda: two_more(path)):
        append(path, b"mended")
        lines = path.read_bytes().splitlines()
        assert lines[0] == b"first"
        assert lines[-1] == b"mended"
        assert set(lines) <= {b"first", b"second " * 10, b"third " * 10, b"mended"}
        path.unlink()
        append(path, b"first")
        number += 1
    assert number > 3


def test_a_full_disk_leaves_the_lines_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    with Appender(path) as appender:
        appender.append([b"one"])
        with no_file_above(1000), pytest.raises(SystemFailure) as failure:
            appender.append([b"x" * 600, b"y" * 600])
        assert failure.value.where == str(path)
        assert path.read_bytes() == b"one\n"
        appender.append([b"two"])
    assert path.read_bytes() == b"one\ntwo\n"
