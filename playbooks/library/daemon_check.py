#!/usr/bin/python3
"""An Ansible module: is the daemon that runs the one that is installed and configured?"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCUMENTATION = """
module: daemon_check
short_description: Check that a running daemon is the installed and configured one
description:
  - Fails with every finding at once. Changes nothing.
options:
  unit:
    description: The systemd unit.
    type: str
    required: true
  executable:
    description: Path of the program that the unit's main process must run.
    type: path
    required: true
  configuration:
    description:
      - Files and folders the daemon reads. One that is newer than its last start or reload is a finding.
    type: list
    elements: path
    default: []
  ports:
    description: TCP ports that must be listened on.
    type: list
    elements: int
    default: []
  greetings:
    description:
      - TCP ports whose daemon must speak first, with what it must say.
      - A process behind an open port may still fail to start.
    type: dict
    default: {}
  sockets:
    description: Unix sockets that must exist.
    type: list
    elements: path
    default: []
  stale_is_change:
    description:
      - Only compare the configuration's age with the last start or reload; C(changed) when it is newer.
      - For a role that must complete what an earlier run was cut off from.
      - A unit that does not run is not stale.
    type: bool
    default: false
  commands:
    description: Commands that must succeed, each a list of words; their last words become the finding.
    type: list
    elements: list
    default: []
"""

_PROPERTIES = ("ActiveState", "UnitFileState", "MainPID", "StateChangeTimestampMonotonic")


def properties(unit: str) -> dict[str, str]:
    """What systemd says of the unit."""
    command = ["systemctl", "show", unit, *(f"--property={name}" for name in _PROPERTIES)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


def state_findings(unit: str, state: dict[str, str], executable: str) -> list[str]:
    """Not running, not enabled, another program, or a program that was replaced since it started."""
    if state["ActiveState"] != "active":
        return [f"{unit} is {state['ActiveState']}: systemctl status {unit}"]
    findings = []
    if state["UnitFileState"] not in ("enabled", "static", "generated"):
        findings.append(f"{unit} does not start at boot: systemctl enable {unit}")
    running = os.readlink(f"/proc/{state['MainPID']}/exe")
    if running.endswith(" (deleted)"):
        findings.append(f"{unit} runs a program that an upgrade has replaced: systemctl restart {unit}")
    elif running != os.path.realpath(executable):
        findings.append(f"{unit} runs {running}, not {executable}")
    return findings


def newest(paths: Iterable[str]) -> tuple[float, str]:
    """The youngest file below the paths, with its modification time."""
    youngest = (0.0, "")
    for path in paths:
        tree = (
            [path]
            if os.path.isfile(path)
            else [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
        )
        for file in tree:
            youngest = max(youngest, (os.stat(file).st_mtime, file))
    return youngest


def started(state: dict[str, str]) -> float:
    """When the unit last started or reloaded, as seconds since the epoch."""
    since_boot = int(state["StateChangeTimestampMonotonic"]) / 1e6
    return time.time() - time.monotonic() + since_boot


def stale_file(state: dict[str, str], configuration: Iterable[str]) -> str:
    """A file that changed after the running unit last started or reloaded, else nothing."""
    if state["ActiveState"] != "active":
        return ""
    changed, file = newest(configuration)
    return file if changed > started(state) + 1 else ""


def listening() -> set[int]:
    """TCP ports that something listens on, from the kernel's tables."""
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(table):
            with open(table) as lines:
                ports |= {
                    int(m[1], 16) for m in re.finditer(r": [0-9A-F]+:([0-9A-F]{4}) \S+ 0A ", lines.read())
                }
    return ports


def greeting_finding(port: int, start: str) -> str | None:
    """What is wrong with a daemon's first words, if anything."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            words = connection.recv(200).decode("utf-8", "replace").strip()
    except OSError as error:
        return f"port {port} does not answer: {error}"
    return None if words.startswith(start) else f"port {port} says {words!r}, not {start!r}"


def command_finding(words: list[str]) -> str | None:
    """The last words of a command that fails, else nothing."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode == 0:
        return None
    last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
    return f"{' '.join(words)} ended with {done.returncode}: {last}"


def main() -> None:
    """Collect all findings, then fail or not."""
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "required": True},
            "executable": {"type": "path", "required": True},
            "configuration": {"type": "list", "elements": "path", "default": []},
            "ports": {"type": "list", "elements": "int", "default": []},
            "greetings": {"type": "dict", "default": {}},
            "sockets": {"type": "list", "elements": "path", "default": []},
            "stale_is_change": {"type": "bool", "default": False},
            "commands": {"type": "list", "elements": "list", "default": []},
        },
        supports_check_mode=True,
    )
    given = module.params
    state = properties(given["unit"])
    if given["stale_is_change"]:
        module.exit_json(changed=bool(stale_file(state, given["configuration"])))
    findings = state_findings(given["unit"], state, given["executable"])
    if state["ActiveState"] == "active":
        if file := stale_file(state, given["configuration"]):
            unit = given["unit"]
            findings.append(f"{unit} has not read {file} since it changed: systemctl reload {unit}")
        findings += [f"nothing listens on port {port}" for port in set(given["ports"]) - listening()]
        findings += [
            words
            for port, start in given["greetings"].items()
            if (words := greeting_finding(int(port), start))
        ]
        findings += [f"{path} is not there" for path in given["sockets"] if not os.path.exists(path)]
        findings += [words for words in map(command_finding, given["commands"]) if words]
    if findings:
        module.fail_json(msg="; ".join(findings), findings=findings)
    module.exit_json(changed=False, findings=[])


if __name__ == "__main__":
    main()
