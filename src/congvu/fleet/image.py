"""The base image: a bare Debian 13 as its installer leaves it, built from Debian packages only.

It has systemd, an SSH server and root's login, and on purpose neither Python nor sudo: the lab's containers
go through the same bootstrap as hardware does.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from congvu.errors import InputError, LabFailure
from congvu.fleet.engine import Podman

SUITE = "trixie"
PACKAGES = ("ca-certificates", "dbus", "iproute2", "openssh-server", "procps", "systemd", "systemd-sysv")
REPOSITORY = "localhost/congvu-base"

# Run by mmdebstrap in the new tree ($1). What the build host would leak goes; units that need hardware are
# masked; every container makes its own SSH host keys; dpkg need not fsync in a throw-away machine.
_HOOK = """\
set -eu
rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/resolv.conf "$1"/etc/hostname
printf '127.0.0.1 localhost\\n::1 localhost ip6-localhost\\n' > "$1"/etc/hosts
: > "$1"/etc/machine-id
for unit in systemd-logind.service getty.target console-getty.service systemd-udevd.service \\
            systemd-networkd.service systemd-resolved.service; do
    ln -sf /dev/null "$1"/etc/systemd/system/$unit
done
mkdir -p "$1"/etc/systemd/system/ssh.service.d
printf '%s\\n' '[Service]' ExecStartPre= \\
    'ExecStartPre=/usr/bin/ssh-keygen -A' 'ExecStartPre=/usr/sbin/sshd -t' > \\
    "$1"/etc/systemd/system/ssh.service.d/keys.conf
echo force-unsafe-io > "$1"/etc/dpkg/dpkg.cfg.d/lab
"""


@dataclass(frozen=True, slots=True)
class Mirrors:
    """Where Debian packages come from."""

    archive: str
    security: str


def find_mirrors(etc_apt: Path = Path("/etc/apt")) -> Mirrors:
    """The mirrors this machine itself uses, so that no host name stands in the repository.

    Raises `InputError` when this machine's apt names none.
    """
    files = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*"))]
    text = "\n".join(f.read_text() for f in files if f.suffix in {".list", ".sources"} and f.is_file())
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    uris = re.findall(r"(?:https?|mirror\+\S*?|file|copy)://?[^\s\]]+", "\n".join(lines))
    archive = next((uri for uri in uris if re.search(r"/debian/?$", uri)), None)
    security = next((uri for uri in uris if re.search(r"/debian-security/?$", uri)), None)
    if archive is None:
        raise InputError(
            "no Debian mirror found in this machine's apt sources",
            where=str(etc_apt),
            hint="add a deb822 or sources.list entry whose URI ends in /debian",
        )
    return Mirrors(archive.rstrip("/"), (security or f"{archive.rstrip('/')}-security").rstrip("/"))


def image_name(mirrors: Mirrors) -> str:
    """The image's name, with a tag made of everything that goes into it."""
    inputs = "\n".join([SUITE, *PACKAGES, _HOOK, mirrors.archive, mirrors.security])
    return f"{REPOSITORY}:{hashlib.sha256(inputs.encode()).hexdigest()[:12]}"


def build(podman: Podman, mirrors: Mirrors, log: Path) -> tuple[str, bool]:
    """Build the base image unless it exists. Returns its name and whether it was built.

    Raises `LabFailure` with the last lines of the log.
    """
    name = image_name(mirrors)
    if podman.exists("image", name):
        return name, False
    with tempfile.TemporaryDirectory(prefix="congvu-image-") as scratch:
        hook, tar = Path(scratch, "hook"), Path(scratch, "base.tar")
        hook.write_text(_HOOK)
        command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
        command += ["--aptopt=APT::Install-Recommends false", f'--customize-hook=sh {hook} "$1"']
        command += [SUITE, str(tar)]
        command += [f"deb {mirrors.archive} {SUITE} main", f"deb {mirrors.archive} {SUITE}-updates main"]
        command += [f"deb {mirrors.security} {SUITE}-security main"]
        with log.open("w") as out:
            done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            tail = "\n".join(log.read_text().splitlines()[-8:])
            raise LabFailure(
                f"the base image was not built:\n{tail}", where=str(log), hint="is the Debian mirror reached?"
            )
        podman("import", "--change", "STOPSIGNAL SIGRTMIN+3", str(tar), name)
    return name, True
