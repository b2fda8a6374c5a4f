"""`scripts/test`: everything, or the named stages, with progress, logs and a closing count.

A command that takes longer than its deadline is ended, and its log tells where each of its Python threads
stood. What talks to daemons on a busy machine gets a second try: of a suite, the tests that failed; whatever
passes only then is named as unsteady at the end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from congvu.cli.progress import Steps

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / ".lab" / "logs" / "test"
LAB = "test"
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Run:
    """One command of a stage. `pytest` says that it writes a report of its tests."""

    title: str
    command: Sequence[str]
    pytest: bool = False
    expect: str = ""
    """Words that its output must contain, where the exit status alone does not say enough."""
    daemons: bool = False
    """Whether it talks to daemons, and may be tried twice."""
    minutes: float = 20
    """Deadline of one try."""


@dataclass(frozen=True, slots=True)
class Try:
    """How one try ended."""

    good: bool
    passed: int = 0
    failed: tuple[str, ...] = ()
    """Names of the tests that failed."""


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(BIN / name), *arguments)


def _check() -> tuple[str, ...]:
    reached = f"ANSIBLE_SSH_ARGS=-F {ROOT}/.lab/{LAB}/ssh/config"
    return ("env", reached, "scripts/check", "-i", "inventory/lab", "-i", f".lab/{LAB}/inventory")


def _suite(title: str, folder: str, *options: str, daemons: bool = True, minutes: float = 20) -> Run:
    command = _tool("pytest", "-q", *options, f"tests/{folder}")
    return Run(title, command, pytest=True, daemons=daemons, minutes=minutes)


STAGES: dict[str, tuple[Run, ...]] = {
    "lint": (
        Run("ruff check", _tool("ruff", "check", ".")),
        Run("ruff format", _tool("ruff", "format", "--check", ".")),
        Run("yamllint", _tool("yamllint", "--strict", ".")),
        Run("ansible-lint", _tool("ansible-lint", "--offline", "-q")),
    ),
    "types": (Run("mypy", _tool("mypy")),),
    "unit": (_suite("unit tests", "unit", "--numprocesses=auto", "--dist=worksteal", daemons=False),),
    "lab": (
        Run("scripts/up, from nothing", ("scripts/up", "--name", LAB), daemons=True),
        Run("scripts/up again", ("scripts/up", "--name", LAB), expect="up: nothing changed"),
        Run("scripts/check", _check(), expect="Check: no change", daemons=True),
        _suite("contract tests", "contract"),
        _suite("host tests", "host"),
    ),
    "sync": (_suite("sync tests", "sync", "--numprocesses=2", "--dist=worksteal"),),
    "e2e": (_suite("end-to-end tests", "e2e"),),
    "faults": (_suite("fault tests", "faults", minutes=40),),
    "down": (Run("scripts/up --down", ("scripts/up", "--name", LAB, "--down", "--keep-image")),),
    "molecule": (Run("molecule default", _tool("molecule", "test"), pytest=True, minutes=40),),
}
NEED_LAB = {"sync", "e2e", "faults"}


def main(chosen: Sequence[str]) -> int:
    """Run stages in order and stop at the first that fails; returns the exit status."""
    unknown = [name for name in chosen if name not in STAGES]
    if unknown:
        print(f"scripts/test: no stage {', '.join(unknown)}; there are {', '.join(STAGES)}", file=sys.stderr)
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    steps, passed = Steps(), 0
    unsteady: list[str] = []
    for run in (run for stage in chosen or STAGES for run in STAGES[stage]):
        done = _try(run, steps)
        passed += done.passed
        if not done.good and run.daemons:
            unsteady += done.failed or (run.title,)
            done = _try(run, steps, again=True)
            passed += done.passed
        if not done.good:
            print(f"{passed} passed, {max(len(done.failed), 1)} failed")
            return 1
    for name in unsteady:
        print(f"unsteady: {name} passed at its second try only")
    print(f"{passed} passed, 0 failed")
    return 0


def _try(run: Run, steps: Steps, *, again: bool = False) -> Try:
    title = f"{run.title}, second try" if again else run.title
    log = LOGS / f"{title.replace('/', '-').replace(' ', '-')}.log"
    report = log.with_suffix(".xml")
    report.unlink(missing_ok=True)
    options = ("--last-failed", "--last-failed-no-failures=all") if again else ()
    environment = os.environ | {
        "CONGVU_LAB": LAB,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTEST_ADDOPTS": " ".join((f"--junitxml={report}", *options)) if run.pytest else "",
        "PYTHONFAULTHANDLER": "1",
    }
    try:
        with steps.step(title) as step:
            status = _stream(run, environment, log, step.note)
            passed, failed = _count(report)
            missing = bool(run.expect) and run.expect not in log.read_text()
            if status or missing:
                raise subprocess.CalledProcessError(status, list(run.command))
            step.outcome = f"{passed} tests" if run.pytest else ""
    except subprocess.CalledProcessError:
        print("\n".join(log.read_text().splitlines()[-60:]))
        if missing:
            print(f"expected in the output: {run.expect}")
        print(f"the whole log is {log.relative_to(ROOT)}")
        return Try(False, passed, failed)
    return Try(True, passed)


def _stream(run: Run, environment: dict[str, str], log: Path, note: Callable[[str], None]) -> int:
    """Run a command into its log and note its last line of words now and then; returns its exit status."""
    with (
        log.open("w") as file,
        subprocess.Popen(
            run.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        clock = threading.Timer(run.minutes * 60, _end, (process, run.minutes))
        clock.start()
        try:
            for line in process.stdout or ():
                file.write(line)
                file.flush()
                if words := line.strip()[:100]:
                    note(words)
        finally:
            clock.cancel()
    return int(process.returncode)


def _end(process: subprocess.Popen[str], minutes: float) -> None:
    """End a command and its children: Python's tell their stacks (faulthandler), all of them go."""
    print(f"no end after {minutes:.0f} minutes; the log tells where it stood")
    os.killpg(process.pid, signal.SIGABRT)
    try:
        process.wait(10)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _count(report: Path) -> tuple[int, tuple[str, ...]]:
    """The number of tests that passed, and the names of those that failed, of a JUnit report."""
    if not report.exists():
        return 0, ()
    passed, failed = 0, []
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314  (pytest wrote it)
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            failed.append(f"{case.get('classname')}::{case.get('name')}")
        elif "skipped" not in outcomes:
            passed += 1
    return passed, tuple(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
