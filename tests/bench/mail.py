"""`scripts/bench mail`: what directory, quota and filters cost a message, as ratios within one run.

`smtp-source` on `outside` hands in messages, each one new and in a connection of its own; the lab's mail
server (CONGVU_LAB, ``bench-mail`` unless said otherwise: a lab of its own) takes turns in four
configurations, all made from the deployed one, which is put back at the end:

    bare    Postfix's tables are files, Dovecot's users static, no quota asked for, no filter
    ldap    users, aliases and domains from the directory, as deployed
    quota   and Postfix asks Dovecot at RCPT whether the mailbox is full
    all     as deployed, with rspamd and clamd

    scripts/bench mail             the four, in turns
    scripts/bench mail growth      as deployed, with 1, 10 and 100 domains, and 1,000 and 100,000 people
    … --messages 2000 --people 200 --rounds 5 --sessions 20 --bytes 10240

Seconds of the processor are those of the mail server's container alone, read from its control group on this
machine, less what it takes when nothing happens; `outside` is another container.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from congvu.directory.connection import Directory
from congvu.errors import LabFailure
from congvu.fleet.client import poll
from congvu.fleet.lab import Lab, run_in
from congvu.sync import settings as sync_settings
from tests.bench.measured.mail import DELAYS, FIGURES, LETTERS, PEOPLE, SEND

SENDER = "congdan@ngoai.example"
AIMS = {"ldap": 1.2, "quota": 1.35, "all": 1.6}
"""Seconds of the processor for a message, as ratios to `bare`."""
GROWTH = ((1, 1_000), (10, 1_000), (100, 1_000), (1, 100_000), (10, 100_000), (100, 100_000))
"""Domains and people."""
LONGEST = 900.0
"""Seconds until all messages of a run have arrived."""
KEPT = "/var/lib/bench-mail"
"""On the mail server: what was there before."""
_UNLIMITED = (
    "smtpd_client_connection_rate_limit=0", "smtpd_client_connection_count_limit=0",
    "smtpd_client_message_rate_limit=0", "smtpd_client_recipient_rate_limit=0",
)  # fmt: skip
_QUEUES = ("maildrop", "incoming", "active", "deferred", "hold")


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox that gets messages."""

    address: str
    uid: str

    @property
    def home(self) -> str:
        """Its folder in the store, as deployed."""
        return f"/var/vmail/{self.address.rpartition('@')[2]}/{self.uid}"


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of so many messages."""

    per_second: float
    cpu: float
    """Seconds of the processor for a message, all of the container."""
    median: float
    """Seconds from the beginning of the transaction to delivery."""
    late: float
    """The same, the slowest but one in a hundred."""
    units: Mapping[str, float] = field(default_factory=dict)
    """Seconds of the processor for a message, by systemd unit."""
    memory: Mapping[str, float] = field(default_factory=dict)
    """MB of proportional memory after the run, by systemd unit."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A configuration that takes its turns."""

    prepare: Callable[[], None]
    boxes: Sequence[Box]
    """Those who get the messages."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """How much is measured."""

    messages: int
    people: int
    rounds: int
    sessions: int
    bytes: int


class Stage:
    """The lab, with the journal taking every line."""

    def __init__(self, lab: Lab, chosen: Chosen) -> None:
        self.lab, self.chosen = lab, chosen
        self.process = _first_process(f"{lab.network}-mail")
        self.target = f"{lab.host('mail').address}:25"
        self.settings = sync_settings.load(lab.folder / "sync.yml")
        self.idle = 0.0
        self._seed = int(time.time())

    def on_mail(self, *command: str, stdin: str = "") -> str:
        """Output of a command as root on the mail server."""
        return run_in(self.lab, "mail", "sudo", *command, stdin=stdin).stdout

    def people(self) -> list[Box]:
        """People of the directory whom nobody has used."""
        attributes = ("objectClass", "mail", "uid", "pwdChangedTime")
        wanted = "(&(objectClass=inetOrgPerson)(|(congvuState=initial)(congvuState=active)))"
        with Directory.as_service(self.settings.directory) as directory:
            found = list(directory.search(self.settings.directory.base, wanted, attributes))
        free = [Box(one.value("mail"), one.value("uid")) for one in found if not one.value("pwdChangedTime")]
        return sorted(free, key=lambda box: box.address)[: self.chosen.people]

    def cpu(self) -> float:
        """Seconds of the processor that the mail server's container has taken."""
        return _cpu(self.process)

    def rest(self) -> None:
        """Measure what the server takes when nothing happens."""
        before, began = self.cpu(), time.monotonic()
        time.sleep(10)
        self.idle = (self.cpu() - before) / (time.monotonic() - began)

    def run(self, boxes: Sequence[Box], messages: int) -> Measured:
        """Hand messages in and wait until the last one is delivered."""
        self._seed += 1
        given = {
            "seed": self._seed, "messages": messages, "bytes": self.chosen.bytes, "sender": SENDER,
            "recipients": [box.address for box in boxes],
        }  # fmt: skip
        run_in(self.lab, "outside", "python3", "-c", LETTERS, stdin=json.dumps(given))
        units = json.loads(self.on_mail("python3", "-c", FIGURES))
        since = time.time()
        began, before = time.monotonic(), self.cpu()
        run_in(self.lab, "outside", "sh", "-c", SEND, "sh", str(self.chosen.sessions), SENDER, self.target)
        poll(lambda: self.queued() == 0 or None, "an empty queue", seconds=LONGEST, pause=0.05)
        seconds, cpu = time.monotonic() - began, self.cpu() - before
        after = json.loads(self.on_mail("python3", "-c", FIGURES))
        delays = sorted(json.loads(self.on_mail("python3", "-c", DELAYS, f"{since:.3f}")))
        if len(delays) < messages:
            raise LabFailure(f"{len(delays)} of {messages} were delivered", where="the mail log")
        return Measured(
            messages / seconds,
            (cpu - self.idle * seconds) / messages,
            delays[len(delays) // 2],
            delays[len(delays) * 99 // 100],
            {
                unit: (one["seconds"] - units.get(unit, {"seconds": 0.0})["seconds"]) / messages
                for unit, one in after.items()
            },
            {unit: one["pss"] for unit, one in after.items()},
        )

    def queued(self) -> int:
        """Messages in Postfix's queue, looked at from outside of the container, which costs it nothing."""
        spool = Path(f"/proc/{self.process}/root/var/spool/postfix")
        return sum(len(files) for name in _QUEUES for _, _, files in os.walk(spool / name))

    def empty(self, boxes: Sequence[Box]) -> None:
        """Take away what was delivered."""
        folders = "".join(f"{box.home}/Maildir\n" for box in boxes)
        self.on_mail("xargs", "rm", "-rf", "/var/vmail/bench", stdin=folders)


@contextmanager
def stage(lab: Lab, chosen: Chosen) -> Iterator[Stage]:
    """The lab as it was, in the end."""
    one = Stage(lab, chosen)
    unlimited = "/run/systemd/journald.conf.d/bench.conf"
    one.on_mail("mkdir", "-p", KEPT, str(Path(unlimited).parent))
    one.on_mail("cp", "-p", "/etc/postfix/main.cf", "/etc/dovecot/dovecot.conf", KEPT)
    one.on_mail("tee", unlimited, stdin="[Journal]\nRateLimitBurst=0\n")
    timers = [name for name in ("congvu-held.timer",) if _there(one, name)]
    try:
        one.on_mail("systemctl", "restart", "systemd-journald")
        for name in timers:
            one.on_mail("systemctl", "stop", name)
        yield one
    finally:
        restore(one)
        for name in timers:
            one.on_mail("systemctl", "start", name)
        one.on_mail("rm", "-rf", KEPT, unlimited, "/etc/postfix/bench-boxes", "/var/vmail/bench")
        one.on_mail("systemctl", "restart", "systemd-journald")
        run_in(lab, "outside", "rm", "-rf", "/tmp/bench-mail")  # noqa: S108  (on a lab's host)


def restore(one: Stage) -> None:
    """The deployed configuration."""
    one.on_mail("cp", "-p", f"{KEPT}/main.cf", "/etc/postfix/main.cf")
    one.on_mail("cp", "-p", f"{KEPT}/dovecot.conf", "/etc/dovecot/dovecot.conf")
    reload(one)


def reload(one: Stage) -> None:
    """Let Postfix and Dovecot read their files; Dovecot anew, so that no old process delivers."""
    one.on_mail("systemctl", "restart", "dovecot")
    one.on_mail("systemctl", "restart", "postfix")
    poll(lambda: _listens(one), "Postfix on port 25")


def configure(one: Stage, name: str, boxes: Sequence[Box]) -> None:
    """Make a configuration from the deployed one."""
    one.on_mail("cp", "-p", f"{KEPT}/main.cf", "/etc/postfix/main.cf")
    one.on_mail("cp", "-p", f"{KEPT}/dovecot.conf", "/etc/dovecot/dovecot.conf")
    changes = list(_UNLIMITED)
    if name != "all":
        changes += ["smtpd_milters=", "non_smtpd_milters="]
    if name in ("bare", "ldap"):
        rules = one.on_mail("postconf", "-h", "smtpd_recipient_restrictions").strip()
        changes += [f"smtpd_recipient_restrictions={without_policy_service(rules)}"]
    if name == "bare":
        domains = sorted({box.address.rpartition("@")[2] for box in boxes})
        changes += [
            f"virtual_mailbox_domains={' '.join(domains)}",
            "virtual_mailbox_maps=texthash:/etc/postfix/bench-boxes",
            "virtual_alias_maps=",
            "smtpd_sender_restrictions=",
            "smtpd_sender_login_maps=",
        ]
        one.on_mail("tee", "/etc/postfix/bench-boxes", stdin="".join(f"{box.address} x\n" for box in boxes))
        one.on_mail(
            "tee", "/etc/dovecot/dovecot.conf", stdin=static_users(one.on_mail("cat", f"{KEPT}/dovecot.conf"))
        )
    one.on_mail("postconf", "-e", *changes)
    reload(one)


def without_policy_service(rules: str) -> str:
    """Recipient restrictions without ``check_policy_service`` and its argument, which may be in braces."""
    inner = r"\{(?:[^{}]|\{[^{}]*\})*\}"
    return re.sub(rf"check_policy_service\s+(?:{inner}|[^\s,]+)[\s,]*", "", rules)


def static_users(configuration: str) -> str:
    """Dovecot's configuration with users that are looked up nowhere."""
    begin = configuration.index("userdb ldap {")
    end = configuration.index("\n}\n", begin) + 3
    static = (
        "userdb static {\n  fields {\n    uid = vmail\n    gid = vmail\n"
        "    home = /var/vmail/bench/%{user | username}\n  }\n}\nuserdb_static_allow_all_users = yes\n"
    )
    return configuration[:begin] + static + configuration[end:]


# --- The benches


def configurations(one: Stage) -> None:
    """The four configurations, in turns."""
    boxes = one.people()
    turns = {
        name: Turn(partial(configure, one, name, boxes), boxes) for name in ("bare", "ldap", "quota", "all")
    }
    found = in_turns(one, turns)
    print(f"\n{len(boxes)} people; idle server: {one.idle:.3f} s of the processor each second, taken off")
    table(found, "bare", AIMS)
    units(found)


def growth(one: Stage) -> None:
    """As deployed, with larger and larger directories; throughput is to fall by 5 % at most."""
    turns: dict[str, Turn] = {}
    database, suffix = "/var/lib/ldap/congvu", one.settings.directory.base
    configure(one, "all", ())
    one.on_mail("sh", "-c", _BASE, "sh", suffix, f"{KEPT}/base.ldif")
    one.on_mail("systemctl", "stop", "slapd")
    one.on_mail("mv", database, f"{database}.kept")
    try:
        for domains, people in GROWTH:
            name, folder = f"{domains} domains, {people:,} people", f"{database}.{domains}.{people}"
            given = {"domains": domains, "people": people, "suffix": suffix, "host": one.settings.mail_host}
            one.on_mail("mkdir", "-m", "700", database)
            fill = f"(cat {KEPT}/base.ldif; python3 -c {shlex.quote(PEOPLE)}) | slapadd -q -n 1"
            one.on_mail("sh", "-c", fill, stdin=json.dumps(given))
            one.on_mail("chown", "-R", "openldap:openldap", database)
            one.on_mail("mv", database, folder)
            boxes = [
                Box(f"nguoi{number}@tinh{number % domains:03}.gov.vn", f"P{number}")
                for number in range(min(one.chosen.people, people))
            ]
            turns[name] = Turn(partial(_use, one, database, folder), boxes)
        found = in_turns(one, turns)
    finally:
        one.on_mail("systemctl", "stop", "slapd")
        one.on_mail("sh", "-c", f"rm -rf {database} {database}.[0-9]*; mv {database}.kept {database}")
        one.on_mail("systemctl", "start", "slapd")
        one.empty([])
        one.on_mail("sh", "-c", "rm -rf /var/vmail/tinh*")
    table(found, next(iter(found)), {})


_BASE = r"""
slapcat -n 1 | python3 -c '
import sys
for block in sys.stdin.read().split("\n\n"):
    dn = block.replace("\n ", "").partition("\n")[0].partition(": ")[2].lower()
    if dn == sys.argv[1] or dn.endswith(("ou=services," + sys.argv[1], "ou=policies," + sys.argv[1])):
        print(block, end="\n\n")
' "$1" > "$2"
"""


def _use(one: Stage, database: str, folder: str) -> None:
    """Start slapd on another database."""
    one.on_mail("systemctl", "stop", "slapd")
    one.on_mail("ln", "-sfn", folder, database)
    one.on_mail("systemctl", "start", "slapd")
    reload(one)


def in_turns(one: Stage, turns: Mapping[str, Turn]) -> dict[str, list[Measured]]:
    """Each configuration once in each round, each time after another one."""
    names = list(turns)
    found: dict[str, list[Measured]] = {name: [] for name in names}
    one.rest()
    for number in range(one.chosen.rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            turns[name].prepare()
            boxes = turns[name].boxes
            one.run(boxes, max(one.chosen.messages // 10, 20))  # starts processes, fills caches
            measured = one.run(boxes, one.chosen.messages)
            found[name].append(measured)
            one.empty(boxes)
            print(
                f"round {number + 1} {name:28} {measured.per_second:6.1f}/s {measured.cpu * 1000:6.1f} ms CPU"
                f"  p50 {measured.median:.2f} s p99 {measured.late:.2f} s   load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
    return found


def table(found: Mapping[str, list[Measured]], anchor: str, aims: Mapping[str, float]) -> None:
    """Medians over the rounds; ratios are within a round."""
    print(f"\n{'':28} messages/s   CPU ms   ratio (from, to)     aim    p50 s   p99 s")
    for name, runs in found.items():
        ratios = [one.cpu / base.cpu for one, base in zip(runs, found[anchor], strict=True)]
        speeds = [one.per_second / base.per_second for one, base in zip(runs, found[anchor], strict=True)]
        aim = f"{aims[name]:.2f}" if name in aims else ""
        faster = f"speed × {statistics.median(speeds):.2f}"
        print(
            f"{name:28} {_median(runs, 'per_second'):10.1f} {_median(runs, 'cpu') * 1000:8.1f}   "
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f}, {max(ratios):.2f})   {aim:>5}   "
            f"{_median(runs, 'median'):6.2f}  {_median(runs, 'late'):6.2f}   {faster}"
        )


def units(found: Mapping[str, list[Measured]]) -> None:
    """Where the processor's time and the memory go."""
    last = {name: runs[-1] for name, runs in found.items()}
    names = sorted({unit for one in last.values() for unit, ms in one.units.items() if ms > 0.0002})
    print(
        f"\nms of the processor for a message, and MB in the end\n{'':24}" + "".join(f"{n:>16}" for n in last)
    )
    for unit in names:
        cells = [
            f"{one.units.get(unit, 0.0) * 1000:7.1f} {one.memory.get(unit, 0.0):5.0f} MB"
            for one in last.values()
        ]
        print(f"{unit:24}" + "".join(f"{cell:>16}" for cell in cells))


def _median(runs: Sequence[Measured], name: str) -> float:
    values: list[float] = [getattr(one, name) for one in runs]
    return statistics.median(values)


def _first_process(container: str) -> int:
    """Its number on this machine."""
    command = ["podman", "inspect", "--format={{.State.Pid}}", container]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _cpu(process: int) -> float:
    """Seconds of the processor of a process' whole container, under control groups of either version."""
    lines = Path(f"/proc/{process}/cgroup").read_text().splitlines()
    groups: dict[str, str] = {}
    for line in lines:
        _, names, path = line.split(":", 2)
        groups[names] = path
    for names, path in groups.items():
        if "cpuacct" in names.split(","):
            return int(Path(f"/sys/fs/cgroup/{names}{path}/cpuacct.usage").read_text()) / 1e9
    whole = Path("/sys/fs/cgroup" + groups[""].removesuffix("/init.scope"))
    used: list[str] = re.findall(r"usage_usec (\d+)", (whole / "cpu.stat").read_text())
    return int(used[0]) / 1e6


def _there(one: Stage, unit: str) -> bool:
    return "loaded" in one.on_mail("systemctl", "show", "--property=LoadState", unit)


def _listens(one: Stage) -> bool:
    return "LISTEN" in one.on_mail("ss", "-Hlnt", "sport = :25")


def main() -> None:
    """Measure and print."""
    benches = {each.__name__: each for each in (configurations, growth)}
    parser = argparse.ArgumentParser(
        description="What directory, quota and filters cost a message, as ratios."
    )
    parser.add_argument("bench", choices=benches, nargs="?", default="configurations")
    for name, default in {
        "messages": 2000, "people": 200, "rounds": 5, "sessions": 20, "bytes": 10240,
    }.items():  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=default)
    words = vars(parser.parse_args())
    bench = benches[words.pop("bench")]
    with stage(Lab(os.environ.get("CONGVU_LAB", "bench-mail")), Chosen(**words)) as one:
        bench(one)


if __name__ == "__main__":
    main()
