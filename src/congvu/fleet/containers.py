"""pyinfra facts and operations for podman networks and containers, run with the local connector."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pyinfra import host
from pyinfra.api import FactBase, StringCommand, operation
from pyinfra.api.command import QuoteString


class Networks(FactBase[list[str]]):
    """Names of podman's networks."""

    def command(self) -> str:
        """The command whose output `process` reads."""
        return "podman network ls --format {{.Name}}"

    def process(self, output: Any) -> list[str]:
        """One name a line."""
        return [line.strip() for line in output]


class Containers(FactBase[dict[str, dict[str, Any]]]):
    """podman's containers of one label, running or not, by name."""

    def command(self, label: str) -> str:
        """The command whose output `process` reads."""
        return f"podman ps --all --format json --filter label={label}"

    def process(self, output: Any) -> dict[str, dict[str, Any]]:
        """podman's own description of each, by its first name."""
        found: list[dict[str, Any]] = json.loads("".join(output) or "null") or []
        return {container["Names"][0]: container for container in found}


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs a whole Debian with systemd, as a host of the lab."""

    name: str
    image: str
    network: str
    address: str
    hostname: str
    label: str
    authorized_keys: str
    gateway: str
    mounts: tuple[tuple[str, str], ...] = ()

    def command(self) -> StringCommand:
        """The `podman run` that makes it.

        SYS_ADMIN lets systemd enforce the sandboxing of units (without it ProtectSystem and the like are
        silently not enforced). /etc/resolv.conf and /etc/hosts belong to the host, as on hardware: podman
        manages neither, and the first resolver is written once before systemd starts.
        """
        options = [
            "--detach",
            f"--name={self.name}",
            f"--hostname={self.hostname}",
            f"--network={self.network}",
            f"--ip={self.address}",
            f"--label={self.label}",
            "--dns=none",
            "--no-hosts",
            "--systemd=always",
            "--cap-add=SYS_ADMIN,NET_ADMIN,NET_RAW,SYS_PTRACE,AUDIT_WRITE",
            "--security-opt=unmask=/proc/sys",
            f"--volume={self.authorized_keys}:/root/.ssh/authorized_keys:ro",
            *(f"--volume={source}:{target}" for source, target in self.mounts),
        ]
        init = '[ -e /etc/resolv.conf ] || echo "nameserver $0" > /etc/resolv.conf; exec /sbin/init'
        words = ["podman", "run", *options, self.image, "/bin/sh", "-c", init, self.gateway]
        return StringCommand(*(QuoteString(word) for word in words))


@operation()
def network(lab_network: str, label: str, present: bool = True) -> Iterator[StringCommand]:
    """A bridge network; podman picks a free subnet."""
    exists = lab_network in host.get_fact(Networks)
    if present and not exists:
        yield StringCommand(
            "podman", "network", "create", "--label", QuoteString(label), QuoteString(lab_network)
        )
    elif exists and not present:
        yield StringCommand("podman", "network", "rm", QuoteString(lab_network))
    else:
        host.noop(f"network {lab_network} is {'present' if present else 'absent'}")


@operation()
def container(wanted: Container) -> Iterator[StringCommand]:
    """A running container; one that exists but stopped is started."""
    existing = host.get_fact(Containers, label=wanted.label).get(wanted.name)
    if existing is None:
        yield wanted.command()
    elif existing["State"] != "running":
        yield StringCommand("podman", "start", QuoteString(wanted.name))
    else:
        host.noop(f"container {wanted.name} is running")


@operation()
def no_containers(label: str) -> Iterator[StringCommand]:
    """No container of a label is left."""
    names: Sequence[str] = sorted(host.get_fact(Containers, label=label))
    if names:
        yield StringCommand("podman", "rm", "--force", "--time=0", *(QuoteString(name) for name in names))
    else:
        host.noop(f"no container has the label {label}")
