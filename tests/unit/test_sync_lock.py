"""One run at a time; a dead one keeps nobody out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from congvu.errors import SystemFailure
from congvu.files import PARTIAL
from congvu.sync.lock import NAME, only_one

HOLD = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from congvu.sync.lock import only_one
    with only_one(Path(sys.argv[1]), "the timer"):
        print("held", flush=True)
        time.sleep(60)
    """
)


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_kept_out_and_told_by_whom(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    try:
        with pytest.raises(SystemFailure) as caught, only_one(tmp_path, "somebody"):
            pytest.fail("two runs at a time")
        assert f"the timer, process {holder.pid} on {os.uname().nodename}, for 0 min" in str(caught.value)
        assert caught.value.exit_code == 3
    finally:
        _end(holder)


def test_a_killed_run_keeps_nobody_out(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    _end(holder)
    with only_one(tmp_path, "somebody"):
        assert "somebody" in (tmp_path / NAME).read_text(encoding="utf-8")


def test_the_lock_is_free_afterwards_and_within_a_process_it_holds(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    told = "another run is at work: one, process"
    for _ in range(2):
        with only_one(folder, "one"), pytest.raises(SystemFailure, match=told), only_one(folder, "x"):
            pytest.fail("two runs at a time")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / NAME).stat().st_mode & 0o777 == 0o600


def test_a_holder_that_has_not_signed_yet_is_told_as_such(tmp_path: Path) -> None:
    with only_one(tmp_path, "one"):
        (tmp_path / NAME).write_text("{", encoding="utf-8")
        with pytest.raises(SystemFailure, match="it has not signed yet"), only_one(tmp_path, "x"):
            pytest.fail("two runs at a time")


def test_litter_of_killed_writers_is_swept(tmp_path: Path) -> None:
    litter = tmp_path / f".x{PARTIAL}"
    litter.touch()
    with only_one(tmp_path, "one"):
        assert not litter.exists()


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    assert process.stdout
    process.stdout.close()
