"""The container engine: podman, told by a project-local file what this machine needs.

Nothing under /etc/containers is read into decisions or ever written. `machine_facts` looks at the kernel,
`containers_conf` turns what it saw into the text of a file that CONTAINERS_CONF names.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from congvu.errors import LabFailure

_CAP_SYS_RESOURCE = 24  # linux/capability.h


@dataclass(frozen=True, slots=True)
class Machine:
    """What of this machine decides how containers can run on it."""

    may_raise_limits: bool
    open_files: int
    processes: int
    cgroup_v2: bool


def machine_facts() -> Machine:
    """Look at this process's capabilities and limits, and at the kind of cgroups mounted."""
    status = Path("/proc/self/status").read_text()
    effective = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), 16)
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    pid_max = int(Path("/proc/sys/kernel/pid_max").read_text())
    return Machine(
        may_raise_limits=bool(effective >> _CAP_SYS_RESOURCE & 1),
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        processes=pid_max if processes == resource.RLIM_INFINITY else min(processes, pid_max),
        cgroup_v2=Path("/sys/fs/cgroup/cgroup.controllers").exists(),
    )


def containers_conf(machine: Machine) -> str:
    """The containers.conf this machine needs.

    - Without CAP_SYS_RESOURCE podman's own default limits fail ("setrlimit: operation not permitted"), and
      a process limit above pid_max fails too: name limits that this process already has.
    - crun does not start containers on a v1 or hybrid cgroup hierarchy; runc does.
    """
    lines = ["# Written by congvu for this machine; CONTAINERS_CONF names it.", "[containers]"]
    lines.append('base_hosts_file = "none"')
    if not machine.may_raise_limits:
        nofile, nproc = machine.open_files, machine.processes
        lines.append(f'default_ulimits = ["nofile={nofile}:{nofile}", "nproc={nproc}:{nproc}"]')
    lines.append("[network]")
    lines.append('network_backend = "netavark"')
    lines.append("[engine]")
    if not machine.cgroup_v2:
        lines.append('runtime = "runc"')
    return "\n".join(lines) + "\n"


class Podman:
    """podman with the project's settings. Every call raises `LabFailure` with podman's own words."""

    def __init__(self, conf: Path) -> None:
        conf.parent.mkdir(parents=True, exist_ok=True)
        conf.write_text(containers_conf(machine_facts()))
        os.environ["CONTAINERS_CONF"] = str(conf)  # pyinfra's local connector inherits it

    def __call__(self, *args: str, stdin: Any = None) -> str:
        """Run podman and return what it printed."""
        done = subprocess.run(["podman", *args], stdin=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabFailure(
                done.stderr.strip() or f"podman {args[0]} ended with {done.returncode}",
                where=f"podman {' '.join(args[:2])}",
                hint="see the message of podman above; scripts/up --down starts over",
            )
        return done.stdout

    def json(self, *args: str) -> Any:
        """Run podman and parse its JSON."""
        return json.loads(self(*args) or "null")

    def exists(self, kind: str, name: str) -> bool:
        """Whether an image, network or container of that name exists."""
        return (
            subprocess.run(["podman", kind, "exists", name], capture_output=True, check=False).returncode == 0
        )
