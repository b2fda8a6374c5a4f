"""How much each unit of the mail server may do, as whom it runs, and whether systemd holds it to that.

The figures stand in docs/security.md, and nowhere else: a unit that has another one, or is not there, fails.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from congvu.fleet.lab import ROOT, Lab, run_in

HIGHEST = 3.0
"""No unit of ours is more exposed than this, whatever the document says."""
SYSTEMS_OWN = re.compile(
    r"(dbus|ssh|sshd|cron|getty@.*|user@.*|user-runtime-dir@.*|systemd-.*|serial-.*)\.service"
)
"""What Debian's base system runs; no role of ours starts it."""
ROW = re.compile(r"^\| `([\w@.-]+)` \| ([0-9.]+) \| ([\w, -]+) \|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Unit:
    """A row of the document."""

    name: str
    figure: float
    users: frozenset[str]


UNITS = {
    name: Unit(name, float(figure), frozenset(users.split(", ")))
    for name, figure, users in ROW.findall((ROOT / "docs/security.md").read_text())
}
DAEMONS = [name for name in UNITS if not name.startswith("congvu-")]


def _running(mail: Any) -> list[str]:
    told = mail.check_output("systemctl list-units --type=service --state=running --plain --no-legend")
    names = [line.split()[0] for line in told.splitlines()]
    return [name.removesuffix(".service") for name in names if not SYSTEMS_OWN.fullmatch(name)]


def _processes(mail: Any, unit: str) -> list[dict[str, str]]:
    """What the kernel says of each process of a unit."""
    group = mail.check_output("systemctl show %s --property=ControlGroup --value", unit)
    script = f"""
import json, os, pwd
found = []
paths = [f"/sys/fs/cgroup{{kind}}{group}/cgroup.procs" for kind in ("", "/systemd", "/unified")]
for path in filter(os.path.exists, paths):
    for process in open(path).read().split():
        try:
            lines = open(f"/proc/{{process}}/status").read().splitlines()
        except FileNotFoundError:
            continue
        status = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
        status["user"] = pwd.getpwuid(int(status["Uid"].split()[1])).pw_name
        found.append(status)
print(json.dumps(found))
"""
    found: list[dict[str, str]] = json.loads(mail.run("python3 -c %s", script).stdout)
    assert found, f"{unit} has no process"
    return found


def test_every_service_that_runs_is_in_the_document(mail: Any) -> None:
    assert sorted(set(_running(mail)) - set(UNITS)) == []


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_as_exposed_as_the_document_says(name: str, mail: Any) -> None:
    told = mail.check_output("systemd-analyze security --no-pager %s", f"{name}.service")
    figure = float(re.findall(r"exposure level for \S+: ([0-9.]+)", told)[0])
    assert abs(figure - UNITS[name].figure) <= 0.1, f"docs/security.md: {name} has {figure}"
    assert figure <= HIGHEST


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_every_line_of_a_unit(name: str, mail: Any) -> None:
    done = mail.run("systemd-analyze verify --man=no %s", f"{name}.service")
    ours = [line for line in done.stderr.splitlines() if "/etc/systemd/system/" in line]
    assert ours == []


@pytest.fixture(scope="module")
def running(mail: Any) -> list[str]:
    return _running(mail)


@pytest.mark.parametrize("name", DAEMONS)
def test_a_daemon_runs_as_it_should_and_the_kernel_holds_it(name: str, mail: Any, running: list[str]) -> None:
    if name not in running:
        assert name == "clamav-freshclam"  # has no mirror here
        return
    for process in _processes(mail, name):
        who = f"{process['Name']} of {name}"
        assert process["user"] in UNITS[name].users, who
        assert process["NoNewPrivs"] == "1", who
        assert process["Seccomp"] == "2", who


@pytest.mark.parametrize("name", DAEMONS)
def test_a_daemon_can_write_neither_to_the_system_nor_to_homes(
    name: str, mail: Any, running: list[str]
) -> None:
    """In its own view of the file system, as root: a container may not keep what systemd promises."""
    if name not in running:
        return
    main = mail.check_output("systemctl show %s --property=MainPID --value", name)
    for path in ("/etc", "/usr", "/var", "/home", "/root", "/boot"):
        done = mail.run(f"nsenter --target {main} --mount -- touch {path}/congvu-security-test")
        assert done.rc != 0, f"{name} can write below {path}"
        assert "Read-only file system" in done.stderr or "Permission denied" in done.stderr, done.stderr
    assert not mail.file("/etc/congvu-security-test").exists


@pytest.mark.parametrize("name", DAEMONS)
def test_a_daemon_that_dies_is_started_again_and_leaves_no_core(name: str, mail: Any) -> None:
    told = mail.check_output("systemctl show %s --property=Restart --property=LimitCORE", name)
    shown = dict(line.split("=", 1) for line in told.splitlines())
    assert shown["Restart"] in ("on-failure", "always")
    assert shown["LimitCORE"] == "0"


# --- Files


FIND = """
import json, os, stat
keys, setuid = [], []
for top in ("/etc", "/usr", "/opt", "/srv", "/var", "/home", "/root", "/run"):
    for folder, folders, names in os.walk(top):
        for path in (os.path.join(folder, name) for name in names):
            try:
                about = os.lstat(path)
                if not stat.S_ISREG(about.st_mode):
                    continue
                if about.st_mode & (stat.S_ISUID | stat.S_ISGID):
                    setuid.append(path)
                if about.st_mode & stat.S_IROTH and about.st_size < 100000 and not path.startswith("/usr"):
                    with open(path, "rb") as file:
                        if b"PRIVATE KEY-----" in file.read():
                            keys.append(path)
            except OSError:
                continue
print(json.dumps([keys, setuid]))
"""


def test_no_private_key_is_for_everybody_and_nothing_of_ours_is_setuid(lab: Lab, mail: Any) -> None:
    keys, setuid = json.loads(run_in(lab, "mail", "sudo", "python3", "-", stdin=FIND).stdout)
    assert keys == []
    assert "/usr/sbin/postdrop" in setuid or "/usr/bin/sudo" in setuid  # the search finds what there is
    strange = [path for path in setuid if mail.run("dpkg --search %s", path).rc != 0]
    assert strange == []
