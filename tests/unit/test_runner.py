"""`scripts/test` itself: second tries are told, a deadline ends what hangs, a failure stays one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import run

ONCE = """\
from pathlib import Path

def test_steady():
    pass

def test_once():
    flag = Path({flag!r})
    seen = flag.exists()
    flag.touch()
    assert seen
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs, and the cache of failed tests, stay in the test's own folder."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "LOGS", tmp_path / "logs")


def stage(monkeypatch: pytest.MonkeyPatch, *runs: run.Run) -> None:
    """These commands are the only stage."""
    monkeypatch.setattr(run, "STAGES", {"only": runs})


def suite(folder: Path, text: str, *, daemons: bool) -> run.Run:
    """A suite of one file."""
    file = folder / "test_it.py"
    file.write_text(text)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", str(file))
    return run.Run("the suite", command, pytest=True, daemons=daemons)


def test_what_passes_at_its_second_try_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stage(monkeypatch, suite(tmp_path, ONCE.format(flag=str(tmp_path / "flag")), daemons=True))
    assert run.main([]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert "unsteady: test_it::test_once passed at its second try only" in lines
    assert lines[-1] == "2 passed, 0 failed"


@pytest.mark.parametrize("daemons", [False, True])
def test_what_fails_stays_failed(
    daemons: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stage(monkeypatch, suite(tmp_path, "def test_never():\n    assert 0\n", daemons=daemons))
    assert run.main([]) == 1
    output = capfd.readouterr().out
    assert output.splitlines()[-1] == "0 passed, 1 failed"
    assert ("second try" in output) is daemons


def test_what_hangs_is_ended_and_tells_where_it_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "waits.py"
    script.write_text("import threading\nprint('ready', flush=True)\nthreading.Event().wait()\n")
    stage(monkeypatch, run.Run("waits", (sys.executable, str(script)), minutes=0.05))
    assert run.main([]) == 1
    output = capfd.readouterr().out
    assert "no end after" in output
    assert 'waits.py", line 3' in output
