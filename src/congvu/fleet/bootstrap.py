"""From a Debian 13 with only a root login over SSH to a host that Ansible can manage.

Needs nothing but a shell on the other side. What it sets is read from the inventory (see
`docs/bootstrap.md`), and nothing that it writes is written by a role.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyinfra import host
from pyinfra.api.deploy import deploy
from pyinfra.facts.files import File, FileContents
from pyinfra.operations import apt, files, server

from congvu.errors import SettingsError
from congvu.fleet import operations
from congvu.fleet.inventory import InventoryHost

PACKAGES = ["ca-certificates", "python3", "python3-apt", "python3-debian", "sudo"]
_STAMP = "/var/lib/congvu-bootstrap"
_NO_SUDO, _SSH_FAILED = 9, 255
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def _sources(data: Any, suite: str) -> str:
    stanza = "Types: deb\nURIs: {}\nSuites: {}\nComponents: main\nSigned-By: " + _KEYRING + "\n"
    archive = stanza.format(data.bootstrap_apt_mirror, f"{suite} {suite}-updates")
    security = stanza.format(data.bootstrap_apt_security_mirror, f"{suite}-security")
    return f"{archive}\n{security}"


def _content(path: str) -> str | None:
    if not host.get_fact(File, path=path):
        return None
    lines = host.get_fact(FileContents, path=path)
    return "\n".join(lines) + "\n" if lines is not None else None


@deploy("Bootstrap")
def bootstrap(public_key: str) -> None:
    """The operations, in order. Needs a root shell; run it again at any time."""
    data = host.data
    user = data.bootstrap_deploy_user

    server.hostname(name="Set the host name", hostname=data.bootstrap_fqdn)
    short = data.bootstrap_fqdn.partition(".")[0]
    server.etc_hosts(
        name="Make the host know its own name",
        ip=data.bootstrap_address,
        hostnames=[data.bootstrap_fqdn, short],
    )
    sources = _sources(data, "trixie")
    if _content("/etc/apt/sources.list.d/debian.sources") != sources:
        files.put(
            name="Point apt to the mirror",
            src=io.StringIO(sources),
            dest="/etc/apt/sources.list.d/debian.sources",
            mode="644",
        )
        files.file(name="Drop the installer's sources.list", path="/etc/apt/sources.list", present=False)
        apt.update(name="Read the mirror's package lists")
    apt.packages(name="Install what Ansible needs", packages=PACKAGES, no_recommends=True)
    server.timezone(name="Set the time zone", timezone=data.bootstrap_timezone)
    if data.bootstrap_ntp_servers:
        apt.packages(name="Install a time client", packages=["systemd-timesyncd"], no_recommends=True)
        files.directory(name="Make the time client's folder", path="/etc/systemd/timesyncd.conf.d")
        clock = files.put(
            name="Point the clock to the province's time servers",
            src=io.StringIO(f"[Time]\nNTP={' '.join(data.bootstrap_ntp_servers)}\n"),
            dest="/etc/systemd/timesyncd.conf.d/congvu.conf",
            mode="644",
        )
        server.shell(
            name="Restart the clock",
            commands=["systemctl try-restart systemd-timesyncd"],
            _if=clock.did_change,
        )
    server.user(  # noqa: S604  (a login shell, not a command)
        name="Make the deploy user", user=user, shell="/bin/bash", ensure_home=True
    )
    server.user_authorized_keys(
        name="Let the deploy key in", user=user, public_keys=[public_key], delete_keys=True
    )
    files.put(
        name="Let the deploy user become root",
        src=io.StringIO(f"{user} ALL=(ALL) NOPASSWD: ALL\n"),
        dest=f"/etc/sudoers.d/{user}",
        mode="440",
    )
    files.put(
        name="Note what was bootstrapped", src=io.StringIO(data.bootstrap_stamp), dest=_STAMP, mode="644"
    )


DEFAULTS: Mapping[str, Any] = {
    "bootstrap_deploy_user": "deploy",
    "bootstrap_timezone": "Asia/Ho_Chi_Minh",
    "bootstrap_ntp_servers": [],
}
_REQUIRED = ("bootstrap_fqdn", "bootstrap_apt_mirror", "bootstrap_apt_security_mirror")


def run(
    hosts: Sequence[InventoryHost], *, public_key_file: Path, ssh: Mapping[str, str]
) -> dict[str, list[str]]:
    """Bootstrap hosts; returns what changed on each. A second run changes nothing.

    A host that notes having been bootstrapped to the same values is left alone. Another one that has its
    deploy user is entered as that user with sudo, a bare one as root. `ssh` is the connection as pyinfra
    names it (`ssh_key`, `ssh_known_hosts_file`).

    Raises `SettingsError` for a missing variable before any host is touched, `HostUnreachable`,
    `DeployFailure`.
    """
    for each in hosts:
        for variable in _REQUIRED:
            each.need(variable)
    if not public_key_file.is_file():
        raise SettingsError(
            "there is no public key to hand to the hosts",
            where=str(public_key_file),
            hint="ssh-keygen -t ed25519",
        )
    public_key = public_key_file.read_text().strip()
    notes = {each.name: _note(each, ssh) for each in hosts}
    stamps = {each.name: _stamp(each, public_key) for each in hosts}
    changed: dict[str, list[str]] = {each.name: [] for each in hosts}
    due = [each for each in hosts if notes[each.name] != stamps[each.name]]
    bare = [each for each in due if notes[each.name] is None]
    for group, as_root in ((bare, True), ([each for each in due if each not in bare], False)):
        if group:
            targets = [_target(each, ssh, stamps[each.name], as_root=as_root) for each in group]
            changed |= operations.run(targets, bootstrap, sudo=not as_root, public_key=public_key)
    return changed


def _stamp(each: InventoryHost, public_key: str) -> str:
    """A checksum of all that the bootstrap of this host depends on: its values, the key, and this file."""
    values = {key: value for key, value in each.variables.items() if key.startswith("bootstrap_")}
    inputs = json.dumps([values, each.address, public_key, Path(__file__).read_text()], sort_keys=True)
    return hashlib.sha256(inputs.encode()).hexdigest()


def _target(
    each: InventoryHost, ssh: Mapping[str, str], stamp: str, *, as_root: bool
) -> tuple[str, dict[str, Any]]:
    own = {"bootstrap_address": each.address, "bootstrap_stamp": stamp}
    data = {**DEFAULTS, **own, **each.variables, **ssh}
    data["ssh_hostname"] = each.address
    data["ssh_port"] = int(each.variables.get("ansible_port", 22))
    data["ssh_user"] = "root" if as_root else str(data["bootstrap_deploy_user"])
    return each.name, data


def _note(each: InventoryHost, ssh: Mapping[str, str]) -> str | None:
    """What the host notes of its bootstrap; None where the deploy user cannot become root yet."""
    user = each.variables.get("bootstrap_deploy_user", DEFAULTS["bootstrap_deploy_user"])
    command = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15"]
    command += ["-o", "StrictHostKeyChecking=accept-new"]
    command += ["-p", str(each.variables.get("ansible_port", 22)), "-l", str(user)]
    if "ssh_key" in ssh:
        command += ["-o", "IdentitiesOnly=yes", "-i", ssh["ssh_key"]]
    if "ssh_known_hosts_file" in ssh:
        command += ["-o", f"UserKnownHostsFile={ssh['ssh_known_hosts_file']}"]
    command += [each.address, f"sudo -n true || exit {_NO_SUDO}; command -v python3 >&2 && cat {_STAMP}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode not in (_NO_SUDO, _SSH_FAILED) else None
