"""`scripts/bench sync`: the sync against OpenLDAP's own tools on the same server, as ratios within one run.

The server is a second slapd on the lab's host `mail` (CONGVU_LAB), with the repository's configuration. What
is compared takes turns, and the median counts, since the machine is shared. Each of ours runs in a process of
its own: seconds are those of the clock without the start of Python, memory is the peak of the process.

    scripts/bench sync reads       first load, full comparison, digest, growth to twice as many
    scripts/bench sync quick       a run that finds nothing moved
    scripts/bench sync writes      10,000 adds, 1,000 modifies
    scripts/bench sync xlsx        reading a workbook
    … --people 100000 --rounds 5 --far        --far: a round trip of 5 ms between client and server
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import openpyxl
import yaml

from congvu.directory.connection import Directory
from congvu.directory.inspect import ATTRIBUTES, inspect
from congvu.directory.model import Entry, Layout, Snapshot
from congvu.directory.settings import DirectorySettings
from congvu.fleet.lab import ROOT, Lab, run_in
from tests.bench.measured.sync import DOMAIN, store_entries, timed
from tests.relay import Relay
from tests.slapd import Slapd, ldif, scratch

ROUND_TRIP = 0.005
"""Seconds, with ``--far``."""
ADDS, MODIFIES, ROWS = 10_000, 1_000, 20_000


# --- The stage


@dataclass(frozen=True, slots=True)
class Stage:
    """A server, the way to it, and a registry."""

    server: Slapd
    folder: Path
    people: int
    far: DirectorySettings
    """Through the relay, if there is one."""

    def ours(self, name: str, module: str = "sync") -> dict[str, float]:
        """Measure one of the ``OURS`` of a module of `tests.bench.measured`."""
        command = [
            sys.executable,
            "-m",
            f"tests.bench.measured.{module}",
            name,
            str(self.folder / "sync.yml"),
        ]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found

    def tool(self, *words: str, stdin: str = "") -> float:
        """Seconds of an OpenLDAP tool on the server's host, as the sync account under TLS."""
        provider = self.far.providers[0]
        bound = ["-x", "-ZZ", "-H", provider.uri, "-D", self.far.bind_dn, "-w", self.far.password()]
        return self.clock(["env", "LDAPTLS_REQCERT=never", words[0], *bound, *words[1:]], stdin)

    def clock(self, words: Sequence[str], stdin: str = "") -> float:
        """Seconds of a command as root on the server's host."""
        script = f"TIMEFORMAT=%R; time {shlex.join(words)} >/dev/null"
        done = run_in(self.server.lab, "mail", "sudo", "bash", "-c", script, stdin=stdin)
        return float(done.stderr.split()[-1])

    def search(self) -> float:
        """The anchor of all reading: ``ldapsearch`` dumps the same attributes of the same entries."""
        unwrapped = ("-LLL", "-o", "ldif-wrap=no", "-E", "pr=1000/noprompt")
        return self.tool("ldapsearch", *unwrapped, "-b", self.far.base, "(objectClass=*)", *ATTRIBUTES)

    def found(self) -> Snapshot:
        """The directory as it is now."""
        with Directory.as_service(self.server.settings) as directory:
            return inspect(directory, self.far.base)


@contextmanager
def stage(people: int, *, far: bool) -> Iterator[Stage]:
    """An empty server and a registry of so many people."""
    lab = Lab(os.environ.get("CONGVU_LAB", "default"))
    with scratch(lab) as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, str(ROOT / "tests/sample/registry.py"), str(folder / "registry")]
        units = min(max(people // 200, 20), 150)  # the sample has no more
        command += ["--domain", DOMAIN, "--staff", str(people), "--units", str(units)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        real = server.settings.providers[0]
        with socket.create_connection((real.host, real.port)) as probe:
            near: str = probe.getsockname()[0]
        way = Relay(real.host, real.port, address=near, delay=ROUND_TRIP / 2) if far else nullcontext()
        with way as relay:
            uri = f"ldap://{near}:{relay.port}" if relay else real.uri
            settings = replace(server.settings, providers=(replace(real, uri=uri),))
            (folder / "sync.yml").write_text(_settings(folder, settings), encoding="utf-8")
            yield Stage(server, folder, people, settings)


def _settings(folder: Path, directory: DirectorySettings) -> str:
    domain = {"policy": str(ROOT / f"inventory/policy/{DOMAIN}.yml"), "registry": str(folder / "registry")}
    content = {
        "version": 1,
        "directory": {
            "providers": [asdict(provider) for provider in directory.providers],
            "bind_dn": directory.bind_dn,
            "password_file": str(directory.password_file),
            "base": directory.base,
            "ca_file": str(directory.ca_file),
        },
        "mail_host": "mail.lamdong.gov.vn",
        "state": str(folder / "state"),
        "domains": {DOMAIN: domain},
    }
    return yaml.safe_dump(content)


def in_turns(rounds: int, **steps: Callable[[], dict[str, float] | float]) -> dict[str, dict[str, float]]:
    """Do the steps one after the other, several times; the medians of each."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            measured = step()
            found[name].append(measured if isinstance(measured, dict) else {"seconds": measured})
    return {
        name: {key: statistics.median(one[key] for one in all_) for key in all_[0]}
        for name, all_ in found.items()
    }


def tell(what: str, seconds: float, ratio: float, aim: str, peak: float = 0) -> None:
    """A line of the table."""
    memory = f"{peak:6.0f} MB" if peak else ""
    print(f"  {what:52} {seconds:8.2f} s {ratio:7.2f} ×   aim {aim:8} {memory}", flush=True)


# --- The benches


def reads(people: int, rounds: int, *, far: bool) -> None:
    """First load, then a directory that is as it should be; and the same with twice as many people."""
    small = _reads_of(people, rounds, far=far)
    large = _reads_of(2 * people, max(rounds // 2, 1), far=far)
    print(f"growth from {people:,} to {2 * people:,} people")
    for name in ("inspect", "digest", "verify"):
        tell(name, large[name]["seconds"], large[name]["seconds"] / small[name]["seconds"], "2.2")


def _reads_of(people: int, rounds: int, *, far: bool) -> dict[str, dict[str, float]]:
    print(f"{people:,} people{', 5 ms away' if far else ''}")
    with stage(people, far=far) as one:
        loaded = one.ours("run")
        offline = _slapadd(one)
        tell(
            "first load of an empty server / slapadd -q",
            loaded["seconds"],
            loaded["seconds"] / offline,
            "2.5",
        )
        one.ours("run")  # notes that nothing is left to do
        steps = {name: (lambda name=name: one.ours(name)) for name in ("digest", "inspect", "verify")}
        found = in_turns(rounds, search=one.search, **steps)
    anchor = found["search"]["seconds"]
    print(f"  ldapsearch: {anchor:.2f} s; ratios are to it")
    for name, what, aim in (
        ("digest", "hash of all entries (drift-proof)", "3.5"),
        ("inspect", "all entries in memory", ""),
        ("verify", "full comparison (a run with --verify)", "5.5"),
    ):
        tell(what, found[name]["seconds"], found[name]["seconds"] / anchor, aim, found[name]["peak"])
    return found


def _slapadd(one: Stage) -> float:
    """Seconds of ``slapadd -q`` for all that is in the directory now."""
    folder, database = one.server.folder, ["-n", "1", "-F", f"{one.server.folder}/slapd.d"]
    one.server.stop()
    try:
        one.server.shell(f"{shlex.join(['slapcat', *database])} > {folder}/dump.ldif")
        one.server.shell(f"mv {folder}/db {folder}/kept; mkdir {folder}/db")
        seconds = one.clock(["slapadd", "-q", *database, "-l", f"{folder}/dump.ldif"])
        one.server.shell(f"rm -r {folder}/db {folder}/dump.ldif; mv {folder}/kept {folder}/db")
    finally:
        one.server.start()
    return seconds


def quick(people: int, rounds: int, *, far: bool) -> None:
    """A run when neither the files nor the directory have moved."""
    print(f"{people:,} people{', 5 ms away' if far else ''}")
    with stage(people, far=far) as one:
        one.ours("run")
        one.ours("run")
        command = [
            str(Path(sys.executable).with_name("congvu")),
            "sync",
            "run",
            "--settings",
            str(one.folder / "sync.yml"),
        ]
        start = timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))
        found = in_turns(rounds, search=one.search, quick=lambda: one.ours("quick"))
    anchor, ours = found["search"]["seconds"], found["quick"]
    tell("nothing moved / ldapsearch", ours["seconds"], ours["seconds"] / anchor, "0.5", ours["peak"])
    tell("the same with the start of Python", start, start / anchor, "")


def writes(people: int, rounds: int, *, far: bool) -> None:
    """Adds against ``ldapadd``, changes against python-ldap."""
    print(f"{people:,} people{', 5 ms away' if far else ''}")
    with stage(max(people, ADDS), far=far) as one:
        one.ours("run")
        found, layout = one.found(), Layout(one.far.base, DOMAIN)
        everybody = found.children(layout.people)
        containers = [entry for dn in (*layout.steps, layout.people) if (entry := found.get(dn))]
        _modifies(one, everybody, rounds)
        store_entries(one.folder, everybody[:ADDS])
        records = f"{one.server.folder}/adds.ldif"
        one.server.shell(f"cat > {records}", stdin="".join(map(ldif, everybody[:ADDS])))

        def theirs() -> float:
            one.server.fill(containers)
            return one.tool("ldapadd", "-f", records)

        def ours() -> dict[str, float]:
            one.server.fill(containers)
            return one.ours("add")

        done = in_turns(rounds, theirs=theirs, ours=ours)
    anchor, seconds = done["theirs"]["seconds"], done["ours"]["seconds"]
    tell(f"{ADDS:,} adds / ldapadd ({anchor:.2f} s)", seconds, seconds / anchor, "1.1")


def _modifies(one: Stage, everybody: Sequence[Entry], rounds: int) -> None:
    chosen = everybody[:: max(len(everybody) // MODIFIES, 1)][:MODIFIES]
    titles = {entry.dn: entry.value("title") for entry in chosen}
    library = _python_ldap(one)
    count = 0

    def wanted() -> str:
        nonlocal count
        count += 1
        changes = [(dn, before, f"Chuyên viên {count}") for dn, before in titles.items()]
        titles.update((dn, after) for dn, _, after in changes)
        return json.dumps(changes)

    def theirs() -> float:
        provider = one.far.providers[0]
        given = json.dumps([provider.uri, one.far.bind_dn, one.far.password()]) + "\n" + wanted()
        done = run_in(
            one.server.lab,
            "mail",
            "sudo",
            "env",
            f"PYTHONPATH={library}",
            "python3",
            "-c",
            _THEIRS,
            stdin=given,
        )
        return float(done.stdout)

    def ours() -> dict[str, float]:
        (one.folder / "titles.json").write_text(wanted(), encoding="utf-8")
        return one.ours("modify")

    found = in_turns(rounds, theirs=theirs, ours=ours)
    anchor, seconds = found["theirs"]["seconds"], found["ours"]["seconds"]
    people = f"{len(chosen):,} changes of {len(everybody):,} people"
    tell(f"{people} / python-ldap ({anchor:.2f} s)", seconds, seconds / anchor, "0.5")


_THEIRS = """
import json, sys, time, ldap
uri, who, password = json.loads(sys.stdin.readline())
changes = json.load(sys.stdin)
began = time.monotonic()
ldap.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_NEVER)
link = ldap.initialize(uri)
link.start_tls_s()
link.simple_bind_s(who, password)
for dn, before, after in changes:
    link.modify_s(dn, [(ldap.MOD_REPLACE, "title", [after.encode()])])
print(time.monotonic() - began)
"""


def _python_ldap(one: Stage) -> str:
    """Where Debian's python-ldap lies on the server's host, unpacked and not installed."""
    folder = f"{one.server.folder}/python-ldap"
    packages = "python3-ldap python3-pyasn1 python3-pyasn1-modules"
    one.server.shell(
        f"mkdir -p {folder}; cd {folder}; apt-get download -qq {packages} >&2; "
        f"for package in *.deb; do dpkg -x $package .; done"
    )
    return f"{folder}/usr/lib/python3/dist-packages"


def xlsx(people: int, rounds: int, *, far: bool) -> None:  # noqa: ARG001  (as the others)
    """Reading a workbook of `ROWS` people."""
    with stage(ROWS, far=False) as one:
        (one.folder / "workbook").mkdir()
        for name in ("units", "staff"):
            book = openpyxl.Workbook(write_only=True)
            sheet = book.create_sheet(name)
            with (one.folder / "registry" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                for row in csv.reader(file):
                    sheet.append(row)
            book.save(one.folder / "workbook" / f"{name}.xlsx")
        found = in_turns(rounds, ours=lambda: one.ours("workbook"))["ours"]
    print(f"  {ROWS:,} rows of a workbook: {found['seconds']:.1f} s   aim 10 s   {found['peak']:.0f} MB")


def main() -> None:
    """Measure and print."""
    benches = {each.__name__: each for each in (reads, quick, writes, xlsx)}
    parser = argparse.ArgumentParser(description="The sync, as ratios to OpenLDAP's own tools.")
    parser.add_argument("bench", choices=benches)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--far", action="store_true", help="a round trip of 5 ms to the server")
    chosen = parser.parse_args()
    benches[chosen.bench](chosen.people, chosen.rounds, far=chosen.far)


if __name__ == "__main__":
    main()
