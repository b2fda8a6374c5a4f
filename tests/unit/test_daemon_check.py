"""The module that says whether a running daemon is the installed and configured one."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.helpers import ROOT

SOURCE = ROOT / "playbooks/library/daemon_check.py"
ACTIVE = {"ActiveState": "active", "UnitFileState": "enabled", "MainPID": str(os.getpid())}
OURSELVES = os.path.realpath(sys.executable)


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("daemon_check", SOURCE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


daemon_check = load()

# What systemd says, beside ACTIVE, and the program that should run → the findings.
STATES: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "as it should be": ({}, OURSELVES, []),
    "by a link to the program": ({}, "/proc/self/exe", []),
    "a static unit": ({"UnitFileState": "static"}, OURSELVES, []),
    "a generated unit": ({"UnitFileState": "generated"}, OURSELVES, []),
    "stopped": (
        {"ActiveState": "inactive", "MainPID": "0"}, OURSELVES, ["slapd is inactive: systemctl status slapd"]
    ),
    "failed": (
        {"ActiveState": "failed", "MainPID": "0"}, OURSELVES, ["slapd is failed: systemctl status slapd"]
    ),
    "not there": ({"ActiveState": "inactive", "UnitFileState": "", "MainPID": "0"}, OURSELVES,
                  ["slapd is inactive: systemctl status slapd"]),
    "restarting for ever": (
        {"ActiveState": "activating"}, OURSELVES, ["slapd is activating: systemctl status slapd"]
    ),
    "not at boot": (
        {"UnitFileState": "disabled"}, OURSELVES, ["slapd does not start at boot: systemctl enable slapd"]
    ),
    "another program": ({}, "/bin/true", [f"slapd runs {OURSELVES}, not /bin/true"]),
    "two findings": ({"UnitFileState": "disabled"}, "/bin/true", [
        "slapd does not start at boot: systemctl enable slapd", f"slapd runs {OURSELVES}, not /bin/true"]),
}  # fmt: skip


@pytest.mark.parametrize("case", STATES)
def test_the_state_of_a_unit_is_judged(case: str) -> None:
    state, executable, findings = STATES[case]
    assert daemon_check.state_findings("slapd", ACTIVE | state, executable) == findings


def test_a_program_that_an_upgrade_replaced_is_found(tmp_path: Path) -> None:
    program = Path(shutil.copy2(os.path.realpath("/bin/cat"), tmp_path / "daemon"))
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as daemon:
        assert daemon.stdin
        assert daemon.stdout
        daemon.stdin.write(b"up")  # it runs once it answers
        assert daemon.stdout.read(2) == b"up"
        state = ACTIVE | {"MainPID": str(daemon.pid)}
        assert daemon_check.state_findings("slapd", state, str(program)) == []
        program.unlink()
        assert daemon_check.state_findings("slapd", state, str(program)) == [
            "slapd runs a program that an upgrade has replaced: systemctl restart slapd"
        ]
        daemon.stdin.close()


def test_the_newest_file_of_files_and_folders_is_found(tmp_path: Path) -> None:
    for name, age in {"main.cf": 300, "ldap/a.cf": 200, "ldap/deep/b.cf": 100, "other": 0}.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.utime(file, (1e9 - age, 1e9 - age))
    paths = [str(tmp_path / "main.cf"), str(tmp_path / "ldap")]
    assert daemon_check.newest(paths) == (1e9 - 100, str(tmp_path / "ldap/deep/b.cf"))
    assert daemon_check.newest(paths[:1]) == (1e9 - 300, str(tmp_path / "main.cf"))
    assert daemon_check.newest([]) == (0.0, "")


def test_the_start_of_a_unit_is_counted_from_the_boot() -> None:
    state = {"StateChangeTimestampMonotonic": str(int((time.monotonic() - 60) * 1e6))}
    assert daemon_check.started(state) == pytest.approx(time.time() - 60, abs=1)


@contextmanager
def server(family: socket.AddressFamily, address: str, words: bytes | None = None) -> Iterator[int]:
    """A port that listens; with words it says them to one client."""
    with socket.socket(family) as listener:
        listener.bind((address, 0))
        listener.listen()

        def greet() -> None:
            client, _ = listener.accept()
            with client:
                client.sendall(words or b"")

        thread = threading.Thread(target=greet, daemon=True)
        if words is not None:
            thread.start()
        yield listener.getsockname()[1]
        if words is not None:
            thread.join(10)


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_ports_that_listen_are_seen_and_others_not(family: socket.AddressFamily, address: str) -> None:
    with server(family, address) as port:
        assert port in daemon_check.listening()
        with socket.socket(family) as bound:
            bound.bind((address, 0))
            assert bound.getsockname()[1] not in daemon_check.listening()
    assert port not in daemon_check.listening()


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        (b"220 mail.lamdong.gov.vn ESMTP\r\n", None),
        (b"554 no\r\n", "port {port} says '554 no', not '220 '"),
        (b"", "port {port} says '', not '220 '"),  # accepted, then closed: a process that cannot start
    ],
)
def test_the_first_words_of_a_daemon_are_judged(said: bytes, finding: str | None) -> None:
    with server(socket.AF_INET, "127.0.0.1", said) as port:
        assert daemon_check.greeting_finding(port, "220 ") == (finding and finding.format(port=port))


def test_a_port_that_nobody_serves_is_a_finding() -> None:
    with server(socket.AF_INET, "127.0.0.1") as port:
        pass
    assert f"port {port} does not answer" in daemon_check.greeting_finding(port, "220 ")


@pytest.mark.parametrize(
    ("command", "finding"),
    [
        (["true"], None),
        (["false"], "false ended with 1: no output"),
        (["sh", "-c", "echo one; echo two >&2; echo three >&2; exit 4"], "ended with 4: three"),
        (["sh", "-c", "echo only; exit 1"], "ended with 1: only"),
        (["sh", "-c", "echo fine >&2"], None),
    ],
)
def test_a_command_that_fails_leaves_its_last_words(command: list[str], finding: str | None) -> None:
    found = daemon_check.command_finding(command)
    assert found is None if finding is None else found.endswith(finding)


class Systemd:
    """A systemctl that knows one unit, and the module run as Ansible runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        since = int((time.monotonic() - 600) * 1e6)
        self.says(ACTIVE | {"StateChangeTimestampMonotonic": str(since)})

    def says(self, state: dict[str, str]) -> None:
        lines = "".join(f"{key}={value}\n" for key, value in state.items())
        (self.folder / "state").write_text(lines)
        program = self.folder / "systemctl"
        program.write_text(f"#!/bin/sh\nexec cat {self.folder}/state\n")
        program.chmod(0o755)

    def run(self, **arguments: object) -> tuple[int, dict[str, object]]:
        given = {"unit": "slapd", "executable": OURSELVES, **arguments}
        done = subprocess.run(
            [sys.executable, str(SOURCE)],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"},
        )
        told: dict[str, object] = json.loads(done.stdout)
        return done.returncode, told


@pytest.fixture
def systemd(tmp_path: Path) -> Systemd:
    return Systemd(tmp_path)


def test_a_daemon_as_it_should_be_passes_and_nothing_is_changed(systemd: Systemd, tmp_path: Path) -> None:
    old = tmp_path / "old.conf"
    old.touch()
    os.utime(old, (time.time() - 3600,) * 2)
    with server(socket.AF_INET, "127.0.0.1", b"220 hello\r\n") as port:
        status, told = systemd.run(
            configuration=[str(old)],
            ports=[port],
            greetings={str(port): "220 "},
            sockets=["/"],
            commands=[["true"]],
        )
    assert (status, told["changed"], told["findings"]) == (0, False, [])


def test_all_findings_are_told_at_once(systemd: Systemd, tmp_path: Path) -> None:
    changed = tmp_path / "new.conf"
    changed.touch()
    status, told = systemd.run(
        configuration=[str(changed)],
        ports=[1],
        greetings={"1": "220 "},
        sockets=["/none"],
        commands=[["false"]],
    )
    assert status == 1
    assert told["failed"] is True
    assert told["findings"] == [
        f"slapd has not read {changed} since it changed: systemctl reload slapd",
        "nothing listens on port 1",
        "port 1 does not answer: [Errno 111] Connection refused",
        "/none is not there",
        "false ended with 1: no output",
    ]
    assert told["msg"] == "; ".join(told["findings"])


def test_of_a_daemon_that_is_down_only_that_is_told(systemd: Systemd) -> None:
    systemd.says({"ActiveState": "failed", "UnitFileState": "enabled", "MainPID": "0"})
    status, told = systemd.run(ports=[1], commands=[["false"]])
    assert (status, told["findings"]) == (1, ["slapd is failed: systemctl status slapd"])


@pytest.mark.parametrize(("hours_ago", "stale"), [(1, False), (0, True)])
def test_a_role_learns_of_files_that_a_cut_off_run_left_unread(
    systemd: Systemd, tmp_path: Path, hours_ago: int, stale: bool
) -> None:
    file = tmp_path / "main.cf"
    file.touch()
    os.utime(file, (time.time() - 3600 * hours_ago,) * 2)
    status, told = systemd.run(configuration=[str(file)], ports=[1], stale_is_change=True)
    assert (status, told["changed"]) == (0, stale)


def test_a_unit_that_does_not_run_has_nothing_unread(systemd: Systemd, tmp_path: Path) -> None:
    systemd.says({"ActiveState": "failed", "UnitFileState": "enabled", "MainPID": "0"})
    status, told = systemd.run(configuration=[str(tmp_path)], stale_is_change=True)
    assert (status, told["changed"]) == (0, False)
