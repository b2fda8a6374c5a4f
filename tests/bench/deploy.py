"""`scripts/bench deploy`: what congvu adds to the installation of the packages, as ratios within one run."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import yaml

from congvu.fleet import prelude

prelude.prepare()

# ruff: noqa: E402  (what follows needs prelude.prepare)
from congvu.cli import stack
from congvu.cli.progress import Steps
from congvu.fleet import bootstrap
from congvu.fleet import lab as labs
from congvu.fleet.lab import ROOT, Lab

GROUPS = {"mail": "mail_servers", "outside": "lab_outside"}


def packages(host: str) -> list[str]:
    """What the bootstrap and the host's roles install: the same list for both sides."""
    wiring = yaml.safe_load((ROOT / "playbooks" / "group_vars" / f"{GROUPS[host]}.yml").read_text())
    names = set(bootstrap.PACKAGES)
    for role in wiring["host_roles"]:
        file = ROOT / "roles" / role / "vars" / "Debian_13.yml"
        if file.exists():
            names.update(yaml.safe_load(file.read_text()).get(f"__{role}_packages", []))
    return sorted(names)


def plain_apt(lab: Lab) -> None:
    """Plain apt-get on all bare hosts at once, as root over SSH."""
    install = (
        "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends"
    )
    running = [
        subprocess.Popen(
            ["ssh", "-F", str(lab.ssh_config), "-l", "root", host, f"{install} {' '.join(packages(host))}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for host in GROUPS
    ]  # fmt: skip
    if any(process.wait() for process in running):
        raise SystemExit("apt-get failed on a bare host")


def timed(do: Callable[[], object]) -> float:
    """Seconds that `do` takes."""
    began = time.monotonic()
    do()
    return time.monotonic() - began


def congvu(lab: Lab, steps: Steps, *, raise_first: bool = False) -> None:
    """All that `scripts/up` does, from the bare containers or from the very start."""
    if raise_first:
        stack.raise_hosts(lab, steps)
    stack.bootstrap(lab, steps)
    stack.deploy(lab, steps)
    stack.fill(lab, steps)
    stack.prove(lab, steps)


def main() -> None:
    """Measure, print, remove."""
    lab = Lab("bench")
    labs.remove(lab, keep_image=True)
    try:
        stack.raise_hosts(lab, Steps())
        apt = timed(lambda: plain_apt(lab))
        print(f"(a) packages by plain apt-get: {apt:.1f} s")
        labs.remove(lab, keep_image=True)
        first, again = Steps(), Steps()
        stack.raise_hosts(lab, Steps())
        deployed = timed(lambda: congvu(lab, first))
        repeated = timed(lambda: congvu(lab, again, raise_first=True))
    finally:
        labs.remove(lab, keep_image=True)
    print(f"(b) bare hosts to mail: {deployed:.1f} s   (b)/(a) = {deployed / apt:.2f}   aim 2.0")
    print(f"(c) a run that changes nothing: {repeated:.1f} s   (c)/(a) = {repeated / apt:.2f}   aim 0.35")
    print(f"{'step':35} {'first':>8} {'again':>8}   seconds")
    for name, seconds in again.taken.items():
        print(f"{name:35} {first.taken.get(name, 0):8.1f} {seconds:8.1f}")


if __name__ == "__main__":
    main()
