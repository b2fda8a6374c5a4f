"""How each part of the mail server is broken and mended, for the tests under load."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

from congvu.fleet.client import poll
from congvu.fleet.lab import Lab, podman, run_in

_FILL = """\
fallocate -l "$(df --output=avail -B1 {0} | tail -1)" {0}/full || true
dd if=/dev/zero of={0}/fuller bs=4k 2>/dev/null || true"""
_EMPTY = "rm -f {0}/full {0}/fuller"
_OVERLAY = """\
ldapmodify -Q -Y EXTERNAL -H ldapi:/// <<'LDIF' || [ $? -eq 20 ]  # it is loaded since the last time
dn: cn=module{{0}},cn=config
changetype: modify
add: olcModuleLoad
olcModuleLoad: retcode
LDIF
ldapadd -Q -Y EXTERNAL -H ldapi:/// <<'LDIF'
dn: olcOverlay=retcode,olcDatabase={{1}}mdb,cn=config
objectClass: olcRetcodeConfig
olcOverlay: retcode
{0}
LDIF"""
_NO_OVERLAY = """\
base=$(ldapsearch -Q -LLL -o ldif-wrap=no -Y EXTERNAL -H ldapi:/// -b cn=config -s sub \\
  '(objectClass=olcRetcodeConfig)' dn | sed -n 's/^dn: //p')
[ -z "$base" ] || ldapdelete -Q -Y EXTERNAL -H ldapi:/// "$base\""""
_SLOW = _OVERLAY.format("olcRetcodeSleep: 5\nolcRetcodeParent: cn=retcodes")
_EMPTY_TREE = _OVERLAY.format("olcRetcodeSleep: 0")
_NO_DNS = """\
table inet congvu_fault {
  chain output {
    type filter hook output priority -10;
    oifname != "lo" meta l4proto { tcp, udp } th dport 53 drop
  }
}
"""
DAEMONS = ("unbound", "slapd", "redis-server", "clamav-daemon", "rspamd", "dovecot", "postfix")
# What starts from here on sees the time that the file tells. The machine's own clock stays as it is, and so
# does the monotonic one: no jump moves it. slapd, rspamd and Redis do not run under libfaketime.
_FAKED = "unbound clamav-daemon dovecot postfix"
_OWN_CLOCK = f"""\
DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends libfaketime >/dev/null
echo +0 >/etc/faketimerc
systemctl set-environment FAKETIME_DONT_FAKE_MONOTONIC=1
ls /usr/lib/*/faketime/libfaketime.so.1 >/etc/ld.so.preload
systemctl restart {_FAKED}"""
_THE_CLOCK = f"""\
rm -f /etc/ld.so.preload
systemctl unset-environment FAKETIME_DONT_FAKE_MONOTONIC
systemctl restart {_FAKED}
rm -f /etc/faketimerc /dev/shm/faketime_* /dev/shm/sem.faketime_*"""


@dataclass(frozen=True, slots=True)
class Breakage:
    """One fault: shell on the mail server as root, or a function of the lab."""

    what: str
    """For the table."""
    breaks: str | Callable[[Lab], None]
    mends: str | Callable[[Lab], None] = ""
    """Nothing: it must mend itself."""
    lasts: float = 12
    """Seconds from breaking to mending."""
    prepares: str = ""
    clears: str = ""
    kills_postfix: bool = False
    """Then what was under way can be sent twice, and nobody can know."""


def _killed(what: str, unit: str, *, kills_postfix: bool = False) -> Breakage:
    return Breakage(
        f"{what}: kill -9 of all its processes",
        f"systemctl kill --kill-whom=all --signal=KILL {unit}",
        lasts=0,
        kills_postfix=kills_postfix,
    )


def _pull_the_plug(lab: Lab) -> None:
    """Kill all of the mail server at once, and switch it on again."""
    name, engine = f"{lab.network}-mail", podman()
    engine("kill", "--signal=KILL", name)
    subprocess.run(["ssh", "-F", str(lab.ssh_config), "-O", "exit", "mail"], check=False, capture_output=True)
    poll(lambda: engine("inspect", "--format={{.State.Status}}", name).strip() == "exited", f"{name} down")
    engine("start", name)
    poll(lambda: run_in(lab, "mail", "true", check=False).returncode == 0, f"{name} up", pause=1)


def _nft(lab: Lab, *arguments: str, rules: str = "") -> None:
    """nft in the network of the mail server, from outside of it: it need not have nft."""
    process = podman()("inspect", "--format={{.State.Pid}}", f"{lab.network}-mail").strip()
    command = ["nsenter", "--target", process, "--net", "nft", *arguments]
    subprocess.run(command, input=rules, text=True, check=True, capture_output=True)


def _cut_dns(lab: Lab) -> None:
    """No answer to any question from now on, and what was remembered is forgotten."""
    _nft(lab, "-f", "-", rules=_NO_DNS)
    run_in(lab, "mail", "sudo", "systemctl", "restart", "unbound")


def _mend_dns(lab: Lab) -> None:
    _nft(lab, "delete", "table", "inet", "congvu_fault")


FAULTS: Mapping[str, Breakage] = {
    "postfix": _killed("Postfix", "postfix", kills_postfix=True),
    "dovecot": _killed("Dovecot", "dovecot"),
    "slapd": _killed("slapd", "slapd"),
    "clamd": _killed("clamd", "clamav-daemon"),
    "rspamd": _killed("rspamd", "rspamd"),
    "redis": _killed("Redis", "redis-server"),
    "unbound": _killed("unbound", "unbound"),
    "server": Breakage(
        "the whole server, killed and started again", _pull_the_plug, lasts=0, kills_postfix=True
    ),
    "store-full": Breakage("disk full: the store", _FILL.format("/var/vmail"), _EMPTY.format("/var/vmail")),
    "queue-full": Breakage(
        "disk full: the queue", _FILL.format("/var/spool/postfix"), _EMPTY.format("/var/spool/postfix")
    ),
    "slapd-slow": Breakage("slapd answers after 5 s", _SLOW, _NO_OVERLAY, lasts=20),
    "slapd-empty": Breakage(
        "slapd answers that there is no such tree, as while it is restored", _EMPTY_TREE, _NO_OVERLAY
    ),
    "no-dns": Breakage("no DNS: what goes to port 53 is dropped", _cut_dns, _mend_dns, lasts=15),
    "clock": Breakage(
        "the clock jumps an hour ahead, then back",
        "echo +1h >/etc/faketimerc",
        "echo +0 >/etc/faketimerc; sleep 12; systemctl restart dovecot; postqueue -f",
        lasts=15,
        prepares=_OWN_CLOCK,
        clears=_THE_CLOCK,
    ),
}


class Switch:
    """Breaks and mends the mail server of a lab; leaves it whole in any case."""

    def __init__(self, lab: Lab, fault: Breakage) -> None:
        self._lab, self._fault = lab, fault
        self._broken = False

    def __enter__(self) -> Self:
        self._do(self._fault.prepares)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.on()
        finally:
            self._do(self._fault.clears)

    def off(self) -> float:
        """Break it; returns the time."""
        self._broken = True
        began = time.time()
        self._do(self._fault.breaks)
        return began

    def on(self) -> float:
        """Mend it; returns the time."""
        if self._fault.mends and self._broken:
            self._do(self._fault.mends)
        self._broken = False
        return time.time()

    def _do(self, act: str | Callable[[Lab], None]) -> None:
        if callable(act):
            act(self._lab)
        elif act:
            run_in(self._lab, "mail", "sudo", "sh", "-ec", act)
