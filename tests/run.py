"""`scripts/test`: everything, or the named stages, with progress, logs and a closing count."""

from __future__ import annotations

import os
import subprocess
import sys
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


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(BIN / name), *arguments)


def _suite(title: str, *folders: str, options: Sequence[str] = ()) -> Run:
    return Run(
        title, _tool("pytest", "-q", *options, *(f"tests/{folder}" for folder in folders)), pytest=True
    )


STAGES: dict[str, tuple[Run, ...]] = {
    "lint": (
        Run("ruff check", _tool("ruff", "check", ".")),
        Run("ruff format", _tool("ruff", "format", "--check", ".")),
        Run("yamllint", _tool("yamllint", "--strict", ".")),
        Run("ansible-lint", _tool("ansible-lint", "--offline", "-q")),
    ),
    "types": (Run("mypy", _tool("mypy")),),
    "unit": (_suite("unit tests", "unit", options=("--numprocesses=auto", "--dist=worksteal")),),
    "lab": (
        Run("scripts/up, from nothing", ("scripts/up", "--name", LAB)),
        Run("scripts/up again", ("scripts/up", "--name", LAB), expect="up: nothing changed"),
        _suite("contract tests", "contract"),
        _suite("host tests", "host"),
    ),
    "e2e": (_suite("end-to-end tests", "e2e"),),
    "faults": (_suite("fault tests", "faults"),),
    "down": (Run("scripts/up --down", ("scripts/up", "--name", LAB, "--down", "--keep-image")),),
    "molecule": (Run("molecule default", _tool("molecule", "test"), pytest=True),),
}
NEED_LAB = {"e2e", "faults"}


def main(chosen: Sequence[str]) -> int:
    """Run stages in order and stop at the first that fails; returns the exit status."""
    unknown = [name for name in chosen if name not in STAGES]
    if unknown:
        print(f"scripts/test: no stage {', '.join(unknown)}; there are {', '.join(STAGES)}", file=sys.stderr)
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    steps, passed, failed = Steps(), 0, 0
    for stage in chosen or STAGES:
        for run in STAGES[stage]:
            ok, counts = _perform(run, steps)
            passed, failed = passed + counts[0], failed + counts[1]
            if not ok:
                print(f"{passed} passed, {max(failed, 1)} failed")
                return 1
    print(f"{passed} passed, {failed} failed")
    return 0


def _perform(run: Run, steps: Steps) -> tuple[bool, tuple[int, int]]:
    log = LOGS / f"{run.title.replace('/', '-').replace(' ', '-')}.log"
    report = log.with_suffix(".xml")
    report.unlink(missing_ok=True)
    environment = os.environ | {
        "CONGVU_LAB": LAB,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTEST_ADDOPTS": f"--junitxml={report}" if run.pytest else "",
    }
    try:
        with steps.step(run.title) as step:
            status = _stream(run.command, environment, log, step.note)
            counts = _count(report)
            missing = bool(run.expect) and run.expect not in log.read_text()
            if status or missing:
                raise subprocess.CalledProcessError(status, list(run.command))
            step.outcome = f"{counts[0]} tests" if run.pytest else ""
    except subprocess.CalledProcessError:
        print("\n".join(log.read_text().splitlines()[-60:]))
        if missing:
            print(f"expected in the output: {run.expect}")
        print(f"the whole log is {log.relative_to(ROOT)}")
        return False, counts
    return True, counts


def _stream(
    command: Sequence[str], environment: dict[str, str], log: Path, note: Callable[[str], None]
) -> int:
    """Run a command into its log and note its last line of words now and then."""
    options = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": ROOT, "env": environment}
    with (
        log.open("w") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process,  # type: ignore[call-overload]
    ):
        for line in process.stdout:
            file.write(line)
            file.flush()
            if words := line.strip()[:100]:
                note(words)
    return int(process.returncode)


def _count(report: Path) -> tuple[int, int]:
    """Passed and failed of a JUnit report; nothing when there is none."""
    if not report.exists():
        return 0, 0
    suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314  (pytest wrote it)
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in suites:
        for key in totals:
            totals[key] += int(suite.get(key, 0))
    bad = totals["failures"] + totals["errors"]
    return totals["tests"] - totals["skipped"] - bad, bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
