"""The documents tell nothing that is not so: paths, links, commands and options in them exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.run import STAGES
from tests.unit.helpers import ROOT

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = "inventory|playbooks|roles|src|scripts|molecule|tests|docs"
PATH = re.compile(rf"(?<![\w./-])(?:(?:{FOLDERS})/|\.ci/)[\w./-]*[\w/]")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)")
CODE = re.compile(r"```\w*\n(.*?)```|^ {4}(\S[^\n]*)$|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
COPY = re.compile(r"\bcp -r (\S+) (\S+)")
LAUNCHER = re.compile(r"exec .*congvu\"? ([a-z]+(?: [a-z-]+)?) ?\"\$@\"")
DUMP = """\
import json, click
from congvu.cli import cli
told = {}
def walk(words, command):
    names = [name for option in command.params for name in option.opts]
    told[" ".join(words)] = [name for name in names if name.startswith("-")]
    context = click.Context(command)
    for name in command.list_commands(context) if isinstance(command, click.Group) else ():
        walk([*words, name], command.get_command(context, name))
walk([], cli)
print(json.dumps(told))
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A command line of ours in a document: the command's words, then whatever follows."""

    command: tuple[str, ...]
    rest: tuple[str, ...]
    line: str


@pytest.fixture(scope="module")
def commands() -> Mapping[str, Sequence[str]]:
    """Each command with its options, as the command line has them."""
    done = subprocess.run([sys.executable, "-c", DUMP], capture_output=True, text=True, check=True)
    told: dict[str, list[str]] = json.loads(done.stdout)
    return told


def launchers() -> dict[str, str]:
    """Which command each script runs."""
    found = {path.name: LAUNCHER.search(path.read_text()) for path in (ROOT / "scripts").iterdir()}
    return {name: match[1] for name, match in found.items() if match}


def code(text: str) -> list[str]:
    """Lines of code blocks, and code within sentences."""
    return [line for parts in CODE.findall(text) for part in parts for line in part.splitlines()]


def calls(text: str) -> list[Call]:
    runs, found = launchers(), []
    for line in code(text):
        words = line.partition(" #")[0].replace('"$(', " ").replace(')"', " ").split()
        for place, word in enumerate(words):
            script = word.removeprefix("scripts/")
            if word == "congvu" or word.endswith("/congvu"):
                command: list[str] = []
            elif word.startswith("scripts/") and script in runs:
                command = runs[script].split()
            else:
                continue
            rest = words[place + 1 :]
            while len(command) < 2 and rest and re.fullmatch(r"[a-z-]*[a-z]", rest[0]):
                command.append(rest.pop(0))
            if command:
                found.append(Call(tuple(command), tuple(rest), line))
    return found


def real(path: str, text: str) -> str:
    """The path behind one that the document tells its reader to copy."""
    for source, copy in COPY.findall(text):
        if path == copy or path.startswith(f"{copy}/"):
            return f"{source}{path.removeprefix(copy)}"
    return path


def documents() -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in DOCUMENTS]


@pytest.mark.parametrize("document", documents())
def test_every_path_that_is_named_exists(document: Path) -> None:
    text = document.read_text()
    named = {real(path, text) for path in PATH.findall(text) if not re.search(r"/[A-Z]{3,}\b(?!\.)", path)}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", documents())
def test_every_link_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text()) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", documents())
def test_every_command_and_option_that_is_shown_exists(
    document: Path, commands: Mapping[str, Sequence[str]]
) -> None:
    wrong = []
    for call in calls(document.read_text()):
        command = " ".join(call.command)
        options = [word.partition("=")[0] for word in call.rest if word.startswith("-")]
        if command not in commands:
            wrong.append(f"no command {command!r}: {call.line}")
        else:
            known = {*commands[command], "--help"}
            wrong += [f"{command} has no {option}: {call.line}" for option in options if option not in known]
    assert wrong == []


@pytest.mark.parametrize("document", documents())
def test_every_stage_of_the_tests_that_is_named_exists(document: Path) -> None:
    named = [
        word
        for line in code(document.read_text())
        for match in re.findall(r"scripts/test((?: [a-z0-9]+)+)$", line.partition(" #")[0].rstrip())
        for word in match.split()
    ]
    assert [word for word in named if word not in STAGES] == []


def test_the_launchers_run_commands_that_exist(commands: Mapping[str, Sequence[str]]) -> None:
    assert {"up", "lab", "deploy", "check", "bootstrap", "sync-directory"} <= set(launchers())
    assert [command for command in launchers().values() if command not in commands] == []


def test_the_readme_shows_the_two_commands() -> None:
    shown = " ".join(code((ROOT / "README.md").read_text()))
    assert "scripts/up" in shown
    assert "scripts/test" in shown


def test_these_tests_see_what_they_look_for() -> None:
    text = """
    congvu sync plan --settings x.yml   # congvu sync nothing
    .venv/bin/congvu host deploy -i inventory/mytinh
    scripts/up --down
    cp -r inventory/example inventory/mytinh

Run `eval "$(scripts/lab environment)"` and `scripts/lab fill`; see [the guide](docs/none.md#part).
"""
    assert [(call.command, call.rest) for call in calls(text)] == [
        (("sync", "plan"), ("--settings", "x.yml")),
        (("host", "deploy"), ("-i", "inventory/mytinh")),
        (("lab", "up"), ("--down",)),
        (("lab", "environment"), ()),
        (("lab", "fill"), ()),
    ]
    assert PATH.findall("see `roles/tls/`, docs/a.md. (tests/unit/x_y.py)") == [
        "roles/tls/",
        "docs/a.md",
        "tests/unit/x_y.py",
    ]
    assert LINK.findall(text) == ["docs/none.md"]
    assert real("inventory/mytinh/hosts.yml", text) == "inventory/example/hosts.yml"
