"""One fault under load, from the first message to the last one that is accounted for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from congvu.fleet.client import Outside, poll
from congvu.fleet.lab import run_in
from tests.faults.breakage import DAEMONS, Breakage, Switch
from tests.faults.ledger import Journal, Verdict, judge, look, queued, swept
from tests.faults.traffic import Event, Traffic, letters
from tests.lab import QUANGTRI, Account, Site

BEFORE = 120
"""Answers before the fault."""


@dataclass(frozen=True, slots=True)
class People:
    """Who writes from inside, and whose mailboxes are written to."""

    logins: Sequence[Account]
    units: Sequence[Account]

    @property
    def boxes(self) -> list[Account]:
        """All of them."""
        return [*self.logins, *self.units]


@dataclass(frozen=True, slots=True)
class Result:
    """What one fault did."""

    name: str
    what: str
    verdict: Verdict
    put_off: float
    """Seconds from the end of the fault (of a kill: from the kill) to the last answer that is "not now"."""
    all_there: float
    """Seconds from the end of the fault until no message waits anywhere; the load goes on meanwhile."""
    events: Sequence[Event]
    down: Sequence[str]
    """Daemons that do not run after all."""

    @property
    def faults(self) -> dict[str, Sequence[str]]:
        """Whatever must not be."""
        return self.verdict.faults | ({"down": self.down} if self.down else {})


def people(site: Site) -> People:
    """Four persons, one of another mail domain, and two units."""
    logins = [site.person(), site.person(), site.person(), site.person(QUANGTRI)]
    return People(logins, [site.unit(), site.unit()])


def suffer(outside: Outside, site: Site, who: People, name: str, fault: Breakage) -> Result:
    """Send the load, break one thing in the middle, mend it, and count what is left."""
    mark = f"{name}.{uuid4().hex[:8]}"
    load = letters(mark, who.logins, who.boxes)
    began = time.time()
    with swept(outside, site, mark, who.boxes), Switch(outside.lab, fault) as switch:
        with Traffic(outside, load) as traffic:
            poll(lambda: len(traffic.events) >= BEFORE or None, f"{BEFORE} answers", seconds=60)
            broken = switch.off()
            poll(lambda: time.time() - broken >= fault.lasts or None, "the end of the fault", seconds=120)
            mended = switch.on() if fault.mends else broken
            poll(lambda: traffic.over or None, "an answer for each message", seconds=240)
            events = list(traffic.events)
        for host in ("outside", "mail"):
            _await_end(outside, host, mark, who)
        empty = time.time()
        found = look(outside, mark, who.boxes)
        logs = {host: _journal(outside, host, began) for host in ("mail", "outside")}
    verdict = judge(load, events, found, logs, killed=fault.kills_postfix)
    states = run_in(outside.lab, "mail", "systemctl", "is-active", *DAEMONS, check=False).stdout.split()
    down = [unit for unit, state in zip(DAEMONS, states, strict=True) if state != "active"]
    again = [event.at for event in events if not event.accepted and not event.refused]
    return Result(
        name, fault.what, verdict, max(again, default=mended) - mended, empty - mended, events, down
    )


def _await_end(outside: Outside, host: str, mark: str, who: People) -> None:
    poll(
        lambda: not queued(outside, host, mark, who.boxes), f"an empty queue on {host}", seconds=180, pause=1
    )


def _journal(outside: Outside, host: str, began: float) -> Journal:
    command = ("sudo", "journalctl", "--facility=mail", "--output=cat", f"--since=@{int(began)}")
    return Journal(run_in(outside.lab, host, *command).stdout.splitlines())
