"""What the container engine is told, from what the machine is."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from congvu.fleet.engine import Machine, containers_conf, machine_facts

# May raise limits, cgroup v2 → what the two lines that depend on the machine say.
MACHINES = {
    "root on v2": (True, True, None, None),
    "root on v1 or hybrid": (True, False, None, "runc"),
    "no CAP_SYS_RESOURCE, v2": (False, True, ["nofile=20000:20000", "nproc=4194304:4194304"], None),
    "no CAP_SYS_RESOURCE, v1": (False, False, ["nofile=20000:20000", "nproc=4194304:4194304"], "runc"),
}
RAISE_A_LIMIT = """\
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
resource.setrlimit(resource.RLIMIT_NOFILE, (65, 65))
"""


@pytest.mark.parametrize("case", MACHINES)
def test_the_file_says_what_the_machine_needs_and_no_more(case: str) -> None:
    may_raise, v2, ulimits, runtime = MACHINES[case]
    machine = Machine(may_raise_limits=may_raise, open_files=20000, processes=4194304, cgroup_v2=v2)
    written = tomllib.loads(containers_conf(machine))
    containers = {"base_hosts_file": "none"} | ({"default_ulimits": ulimits} if ulimits else {})
    assert written == {
        "containers": containers,
        "network": {"network_backend": "netavark"},
        "engine": {"runtime": runtime} if runtime else {},
    }


def test_the_facts_are_those_of_this_machine() -> None:
    machine = machine_facts()
    raising = subprocess.run([sys.executable, "-c", RAISE_A_LIMIT], capture_output=True, check=False)
    assert machine.may_raise_limits == (raising.returncode == 0)
    assert str(machine.open_files) == _shell("ulimit -Hn")
    kind = _shell("stat --file-system --format=%T /sys/fs/cgroup")
    assert machine.cgroup_v2 == (kind == "cgroup2fs")


def test_no_more_processes_are_asked_for_than_the_kernel_numbers() -> None:
    processes = machine_facts().processes
    assert 0 < processes <= int(_shell("cat /proc/sys/kernel/pid_max"))
    limit = _shell("bash -c 'ulimit -Hu'")
    assert limit == "unlimited" or processes <= int(limit)


def _shell(command: str) -> str:
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    return done.stdout.strip()
