"""10,000 sessions that no honest client would hold: all goes on, nothing leaves, memory is bounded."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from congvu.fleet.client import Outside, mailbox, poll
from congvu.fleet.lab import run_in
from tests.faults import noise
from tests.faults.breakage import DAEMONS
from tests.faults.ledger import queued, swept
from tests.lab import MIB, Account, Site, letter, wait

SESSIONS = 10_000
SEED = "congvu"
SECONDS = 900
CRASHED = re.compile(
    r"signal (?:4|6|7|8|11)\b|SIG(?:SEGV|ABRT|BUS|ILL|FPE)|segfault|core dump|panic|assertion"
    r"|terminated abnormally|killed by signal|out of memory|watchdog|fatal: (?!Queue report)",
    re.IGNORECASE,
)
PEAK_ABOVE_REST, REST_GROWTH, REST_SLACK = 400 * MIB, 1.5, 64 * MIB
"""How much memory one process of a daemon may take at its height above what it had, and keep afterwards."""
_MEMORY = """\
import json, pathlib, re
found = {}
for status in pathlib.Path("/proc").glob("[0-9]*/status"):
    try:
        words = status.read_text()
        group = status.with_name("cgroup").read_text()
    except OSError:
        continue
    unit = re.search(r"system.slice/([\\w-]+)[.]service", group)
    sizes = [int(kib) << 10 for name in ("RSS", "HWM") for kib in re.findall(rf"Vm{name}:\\s+(\\d+)", words)]
    if unit and len(sizes) == 2:
        now, most = found.get(unit[1], (0, 0))
        found[unit[1]] = (max(now, sizes[0]), max(most, sizes[1]))
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Health:
    """The daemons' main processes, and the largest process of each in bytes: now, and at its height."""

    processes: Mapping[str, str]
    memory: Mapping[str, tuple[int, int]]


def health(site: Site) -> Health:
    shown = {
        unit: site.on_mail("systemctl", "show", "--property=MainPID,NRestarts", unit) for unit in DAEMONS
    }
    found = json.loads(run_in(site.lab, "mail", "sudo", "python3", "-", stdin=_MEMORY).stdout)
    return Health(shown, {unit: tuple(found[unit]) for unit in DAEMONS})


@dataclass(frozen=True, slots=True)
class Storm:
    """What 10,000 sessions did."""

    mark: str
    before: Health
    after: Health
    outcomes: Counter[tuple[str, str]]
    log: list[str]


@pytest.fixture(scope="module")
def storm(outside: Outside, site: Site, unit: Account) -> Iterator[Storm]:
    mark, before, began = f"noise-{uuid4().hex[:8]}", health(site), time.time()
    order = {
        "host": outside.mail.address,
        "fqdn": outside.fqdn,
        "ca": outside.lab.authority.certificate_file.read_text(),
        "seed": SEED,
        "sessions": SESSIONS,
        "seconds": SECONDS,
        "ours": unit.address,
        "sender": f"{mark}@ngoai.example",
        "foreign": f"{mark}-foreign@ngoai.example",
    }
    source = base64.b64encode(Path(noise.__file__).read_bytes()).decode()
    program = f"import base64; exec(base64.b64decode('{source}'))"
    command = ["ssh", "-F", str(site.lab.ssh_config), "outside", f'python3 -c "{program}"']
    with swept(outside, site, mark, [unit]):
        done = subprocess.run(
            command,
            input=json.dumps(order),
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS + 120,
        )
        outcomes = Counter({(kind, came): times for kind, came, times in json.loads(done.stdout)})
        poll(lambda: not queued(outside, "mail", mark, [unit]), "an empty queue", seconds=240, pause=1)
        log = site.on_mail("journalctl", "--output=cat", f"--since=@{int(began)}").splitlines()
        yield Storm(mark, before, health(site), outcomes, log)


def test_every_session_finds_the_server_at_home(storm: Storm) -> None:
    assert storm.outcomes.total() == SESSIONS
    assert [came for came in storm.outcomes if came[1].startswith("no connection")] == []
    assert {kind for kind, _ in storm.outcomes} == {kind.__name__ for kind, _ in noise.KINDS}
    scanned = [line for line in storm.log if "rspamd_task_write_log" in line]
    assert len(scanned) > SESSIONS / 10, "many go all the way to the filter"


def test_every_daemon_is_the_one_it_was(storm: Storm) -> None:
    assert storm.after.processes == storm.before.processes
    assert [line for line in storm.log if CRASHED.search(line)] == []


def test_memory_is_bounded(storm: Storm) -> None:
    before, after = storm.before.memory, storm.after.memory
    for unit in DAEMONS:
        rest, peak = after[unit]
        assert rest <= before[unit][0] * REST_GROWTH + REST_SLACK, (unit, before[unit], after[unit])
        assert peak <= max(before[unit]) + PEAK_ABOVE_REST, (unit, before[unit], after[unit])


def test_nothing_is_relayed_smuggled_or_injected(outside: Outside, unit: Account, storm: Storm) -> None:
    assert outside.received(f"{storm.mark}-foreign@ngoai.example", "") == []
    assert [
        line for line in storm.log if f"to=<{storm.mark}-foreign@" in line and "status=sent" in line
    ] == []
    assert not [came for came in storm.outcomes if came[1] == "INJECTED"]
    with mailbox(outside, unit.address, unit.password) as box:
        _, second_messages = box.search(None, "SUBJECT", "smuggled")
        _, first_ones = box.search(None, "SUBJECT", '"Cong van"')
    assert second_messages == [b""]
    assert len(first_ones[0].split()) > SESSIONS / 50, "those that carried them are here"


def test_mail_flows_as_before(outside: Outside, person: Account, storm: Storm) -> None:
    message = letter(f"{storm.mark}@ngoai.example", person.address)
    outside.send(message)
    wait(outside, person, message)
