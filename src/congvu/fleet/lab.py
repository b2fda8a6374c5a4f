"""A lab: the stack on containers that are hosts in every respect Ansible, pyinfra and testinfra can see.

All that belongs to a lab named NAME lies in `.lab/NAME/`: keys and ssh_config, an inventory of addresses
and secrets that is merged with `inventory/lab`, its certificate authority, registries, logs, and the file
systems of the mail store and the queue. Two labs share nothing but the base image.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import secrets
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pyinfra.api.deploy import deploy

from congvu.errors import InputError, LabFailure
from congvu.files import write_whole
from congvu.fleet import bootstrap, containers, image, inventory, operations
from congvu.fleet.authority import Authority
from congvu.fleet.engine import Podman
from congvu.fleet.zonekey import ZoneKey
from congvu.policy import load_domain

ROOT = Path(__file__).resolve().parents[3]
HOSTS = ROOT / "inventory" / "lab"
_SERVICE_ACCOUNTS = ("dovecot", "postfix", "sync", "webmail")
_WEB_NAMES = ("mta-sts", "autoconfig", "autodiscover")
"""Names below each mail domain; a site says which with `dns_web_names`."""
_DISK_BYTES = 1 << 30
"""Of each file system of a host's own; the file behind it is sparse."""
_SSH_DEADLINE = 60.0
_COMMAND_DEADLINE = 600.0
"""Seconds for one command on a host; the longest is a suite of a daemon's own checks."""


@dataclass(frozen=True, slots=True)
class Lab:
    """Paths and names of one lab."""

    name: str

    @property
    def folder(self) -> Path:
        """Everything the lab keeps."""
        return ROOT / ".lab" / self.name

    @property
    def key(self) -> Path:
        """The private SSH key that opens the lab's hosts."""
        return self.folder / "ssh" / "id_ed25519"

    @property
    def ssh_config(self) -> Path:
        """For `ssh -F`, Ansible and testinfra alike."""
        return self.folder / "ssh" / "config"

    @property
    def known_hosts(self) -> Path:
        """The host keys seen at the first connection."""
        return self.folder / "ssh" / "known_hosts"

    @property
    def logins(self) -> Path:
        """Addresses and passwords of a person and a unit, as JSON."""
        return self.folder / "logins.json"

    @property
    def inventories(self) -> tuple[Path, Path]:
        """What all labs have in common, and what is this one's own."""
        return HOSTS, self.folder / "inventory"

    @property
    def label(self) -> str:
        """Marks this lab's containers and network, among those of other labs and of other clones."""
        return f"congvu.lab={self.network}"

    @property
    def network(self) -> str:
        """The name of the lab's network, and the beginning of its containers' names."""
        clone = hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]
        return f"congvu-{self.name}-{clone}"

    @property
    def authority(self) -> Authority:
        """The lab's certificate authority."""
        return Authority(self.folder / "tls", f"congvu lab {self.name}")

    @property
    def zone_key(self) -> ZoneKey:
        """What signs the lab's DNS zones."""
        return ZoneKey(self.folder / "dnssec" / "zone.key")

    def hosts(self) -> list[inventory.InventoryHost]:
        """The hosts with their addresses in this lab."""
        return inventory.read(*self.inventories)

    def host(self, name: str) -> inventory.InventoryHost:
        """One host by name."""
        return next(each for each in self.hosts() if each.name == name)

    def log(self, step: str) -> Path:
        """The log file of one step."""
        path = self.folder / "logs" / f"{step}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def ssh(self) -> Mapping[str, str]:
        """The connection in pyinfra's words."""
        return {
            "ssh_key": str(self.key),
            "ssh_known_hosts_file": str(self.known_hosts),
        }

    @property
    def environment(self) -> Mapping[str, str]:
        """What tells Ansible and molecule how to reach this lab's hosts."""
        return {
            "ANSIBLE_INVENTORY": ",".join(map(str, self.inventories)),
            "ANSIBLE_SSH_ARGS": f"-F {self.ssh_config}",
            "CONGVU_LAB": self.name,
        }


def podman() -> Podman:
    """The container engine with this machine's settings."""
    if os.geteuid() != 0:
        raise InputError("the lab needs root: its containers run systemd", hint="run it as root or with sudo")
    return Podman(ROOT / ".lab" / "containers.conf")


def raise_containers(lab: Lab, image_name: str) -> bool:
    """Network, containers, SSH and the lab's own inventory; returns whether anything changed.

    Raises `LabFailure` when a container does not answer over SSH in time.
    """
    engine = podman()
    if not lab.key.exists():  # containers of a lab whose folder is gone cannot be entered any more
        operations.run([operations.LOCAL], _nothing, lab=lab)
    _make_key(lab)
    changed = bool(operations.run([operations.LOCAL], _network, lab=lab)["@local"])
    subnet = _subnet(engine, lab)
    mirrors = image.find_mirrors()
    members = inventory.read(HOSTS)
    _write_inventory(lab, members, subnet, mirrors)
    _write_ssh_config(lab)
    for each in members:
        for name in _disks(each):
            _mount_disk(lab, name)
    if not all(engine.exists("container", _container_name(lab, each.name)) for each in members):
        # New hosts have other host keys and an empty directory: what was remembered of the old ones is wrong.
        for stale in (lab.known_hosts, lab.logins):
            stale.unlink(missing_ok=True)
    changed |= bool(
        operations.run([operations.LOCAL], _containers, lab=lab, image_name=image_name, subnet=subnet)[
            "@local"
        ]
    )
    for host in lab.hosts():
        _wait_for_ssh(lab, host.name)
    return changed


def bootstrap_hosts(lab: Lab) -> dict[str, list[str]]:
    """Take the bare containers through the bootstrap that hardware goes through."""
    return bootstrap.run(lab.hosts(), public_key_file=lab.key.with_suffix(".pub"), ssh=lab.ssh)


def remove(lab: Lab, *, keep_image: bool = False) -> bool:
    """Remove all that belongs to the lab, and with the last lab the base image. True if any was."""
    engine = podman()
    changed = bool(operations.run([operations.LOCAL], _nothing, lab=lab)["@local"])
    for disk in sorted(lab.folder.glob("*.img")):
        if os.path.ismount(disk.with_suffix("")):
            subprocess.run(["umount", str(disk.with_suffix(""))], check=True)
    if lab.folder.exists():
        shutil.rmtree(lab.folder)
        changed = True
    if not keep_image and not engine("network", "ls", "--quiet", "--filter", "label=congvu.lab").split():
        reference = f"reference={image.REPOSITORY}"
        for name in engine("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", reference).split():
            engine("rmi", "--force", name)
            changed = True
        shutil.rmtree(lab.folder.parent, ignore_errors=True)
    return changed


def run_in(
    lab: Lab, host: str, *command: str, stdin: str = "", check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command on a host of the lab over SSH.

    Raises `LabFailure` with its words when it fails, or when it takes longer than `_COMMAND_DEADLINE`.
    """
    ssh = ["ssh", "-F", str(lab.ssh_config), host, shlex.join(command)]
    try:
        done = subprocess.run(
            ssh,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_COMMAND_DEADLINE,
        )
    except subprocess.TimeoutExpired:
        raise LabFailure(
            f"no answer within {_COMMAND_DEADLINE:.0f} s",
            where=f"{host}: {command[0]}",
            hint="is the host's container running?",
        ) from None
    if check and done.returncode:
        raise LabFailure(
            done.stderr.strip() or f"exit status {done.returncode}", where=f"{host}: {command[0]}"
        )
    return done


@deploy("Network")
def _network(lab: Lab) -> None:
    containers.network(name="Network", lab_network=lab.network, label=lab.label)


@deploy("Containers")
def _containers(lab: Lab, image_name: str, subnet: ipaddress.IPv4Network) -> None:
    for each in lab.hosts():
        mounts = [(str(lab.folder / name), target) for name, target in _disks(each).items()]
        containers.container(
            name=f"Container {each.name}",
            wanted=containers.Container(
                name=_container_name(lab, each.name),
                image=image_name,
                network=lab.network,
                address=each.address,
                hostname=each.need("bootstrap_fqdn"),
                label=lab.label,
                authorized_keys=str(lab.key.with_suffix(".pub")),
                gateway=str(next(subnet.hosts())),
                mounts=tuple(mounts),
            ),
        )


@deploy("Nothing left")
def _nothing(lab: Lab) -> None:
    containers.no_containers(name="Containers", label=lab.label)
    containers.network(name="Network", lab_network=lab.network, label=lab.label, present=False)


def _container_name(lab: Lab, host: str) -> str:
    return f"{lab.network}-{host}"


def _make_key(lab: Lab) -> None:
    lab.key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not lab.key.exists():
        command = [
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            f"congvu-lab-{lab.name}",
            "-f",
            str(lab.key),
        ]
        subprocess.run(command, check=True)


def _subnet(engine: Podman, lab: Lab) -> ipaddress.IPv4Network:
    described = engine.json("network", "inspect", lab.network)
    return ipaddress.IPv4Network(described[0]["subnets"][0]["subnet"])


def _write_inventory(
    lab: Lab,
    members: Sequence[inventory.InventoryHost],
    subnet: ipaddress.IPv4Network,
    mirrors: image.Mirrors,
) -> None:
    addresses = {each.name: {"ansible_host": str(subnet[int(each.need("lab_number"))])} for each in members}
    tls: dict[str, Any] = {}
    for each in members:
        issued = lab.authority.issue(each.need("bootstrap_fqdn"), _served_names(each))
        tls[each.name] = {
            "tls_certificate_src": str(issued.certificate),
            "tls_key_src": str(issued.key),
            "lab_key_digest": issued.digest,
        }
    own = lab.inventories[1]
    secrets_file = own / "group_vars" / "all" / "secrets.yml"
    kept = yaml.safe_load(secrets_file.read_text()) if secrets_file.exists() else {}
    made = {f"directory_password_{name}": secrets.token_urlsafe(24) for name in _SERVICE_ACCOUNTS}
    if made.keys() - kept.keys():
        write_whole(secrets_file, yaml.safe_dump(made | kept))
    shared = {
        "bootstrap_apt_mirror": mirrors.archive,
        "bootstrap_apt_security_mirror": mirrors.security,
        "tls_ca_src": str(lab.authority.certificate_file),
        "lab_gateway": str(subnet[1]),
        "dkim_records_directory": str(lab.folder / "dkim"),
        "lab_zone_key_src": str(lab.zone_key.file),
        "lab_zone_dnskey": lab.zone_key.dnskey,
        "ansible_ssh_private_key_file": str(lab.key),
    }
    hosts = {name: {**addresses[name], **tls[name]} for name in addresses}
    write_whole(own / "hosts.yml", yaml.safe_dump({"all": {"hosts": hosts, "vars": shared}}), 0o644)


def _served_names(host: inventory.InventoryHost) -> list[str]:
    """What a host serves to browsers and mail programs besides its own name."""
    if "mail_servers" not in host.groups:
        return [str(name) for name in host.variables.get("lab_served_names", [])]
    domains = host.variables["mail_domains"]
    policies = [load_domain(ROOT / "inventory" / "policy", domain) for domain in domains]
    webmail = {str(one.webmail.host) for one in policies if one.webmail} - {host.need("bootstrap_fqdn")}
    return [*(f"{name}.{domain}" for domain in domains for name in _WEB_NAMES), *sorted(webmail)]


def _write_ssh_config(lab: Lab) -> None:
    blocks = [f"Host {each.name}\n    HostName {each.address}\n" for each in lab.hosts()]
    common = {
        "User": "deploy",
        "IdentityFile": lab.key,
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": lab.known_hosts,
        "StrictHostKeyChecking": "accept-new",
        "ControlMaster": "auto",
        # In /tmp, for a socket's path must stay under 108 characters wherever the clone lies.
        "ControlPath": "/tmp/congvu-%C",  # noqa: S108  (%C is a hash; ssh checks the owner)
        "ControlPersist": "120s",
        "BatchMode": "yes",
        "ConnectTimeout": "15",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "4",
        "LogLevel": "ERROR",
    }
    lines = "".join(f"    {key} {value}\n" for key, value in common.items())
    write_whole(lab.ssh_config, "".join(blocks) + f"Host *\n{lines}", 0o644)


def _disks(host: inventory.InventoryHost) -> Mapping[str, str]:
    """The file systems of a host's own: name, and where the host has it."""
    named: Mapping[str, str] = host.variables.get("lab_disks", {})
    return {str(name): str(target) for name, target in named.items()}


def _mount_disk(lab: Lab, name: str) -> None:
    """The mail store and the queue get small file systems, so that a full disk can be a real one."""
    where, disk = lab.folder / name, lab.folder / f"{name}.img"
    if os.path.ismount(where):
        return
    where.mkdir(exist_ok=True)
    if not disk.exists():
        with disk.open("wb") as file:
            file.truncate(_DISK_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(disk)], check=True)
    done = subprocess.run(
        ["mount", "-o", "loop", str(disk), str(where)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LabFailure(
            done.stderr.strip(), where=str(disk), hint="the lab needs loop devices: modprobe loop"
        )


def _wait_for_ssh(lab: Lab, host: str) -> None:
    deadline = time.monotonic() + _SSH_DEADLINE
    command = ["ssh", "-F", str(lab.ssh_config), "-o", "ControlPath=none", "-l", "root", host, "true"]
    while True:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        if time.monotonic() > deadline:
            raise LabFailure(
                f"does not answer over SSH: {done.stderr.strip()}",
                where=f"container {_container_name(lab, host)}",
                hint=f"podman logs {_container_name(lab, host)}",
            )
        time.sleep(0.2)
