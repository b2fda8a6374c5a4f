"""`scripts/bench lifecycle`: a night's run against reading what it reads, as a ratio within one run.

The server is a second slapd on the lab's host `mail` (CONGVU_LAB), with the repository's configuration. The
run warns `DUE` people who have not logged in, writes them, and keeps its audit log; what it is compared with
is ``ldapsearch`` dumping the same attributes of the same entries. Seconds are those of the clock without the
start of Python, memory is the peak of the process. Letters are not in it: Postfix is not on that stage.

    scripts/bench lifecycle --people 100000 --rounds 3
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from congvu.directory.model import Entry, Layout
from congvu.lifecycle.account import ATTRIBUTES
from congvu.lifecycle.night import WITH_CLOCKS
from tests.bench.measured.sync import DOMAIN
from tests.bench.sync import Stage, in_turns, stage

DUE = 1_000
AIM = 3.0


def entries(base: str, people: int) -> Iterator[Entry]:
    """A mail domain in which `DUE` people have been silent for so long that they are warned."""
    layout = Layout(base, DOMAIN)
    yield Entry.build(
        layout.dn,
        ("domain", "domainRelatedObject", "congvuDomain"),
        {"dc": "lamdong", "associatedDomain": DOMAIN},
    )
    yield Entry.build(layout.people, ("organizationalUnit",), {"ou": "people"})
    yield Entry.build(layout.units, ("organizationalUnit",), {"ou": "units"})
    for number in range(people):
        used = "20270120020000Z" if number < DUE else "20270401020000Z"
        address = f"p{number}@{DOMAIN}"
        values = {
            "uid": f"P{number}", "employeeNumber": f"P{number}", "cn": f"Nguyễn Văn {number}", "sn": "Nguyễn",
            "ou": "Sở Nội vụ", "departmentNumber": f"A{number % 100}", "mail": address,
            "mailLocalAddress": address, "mailHost": "mail.lamdong.gov.vn", "congvuState": "active",
            "congvuQuota": "2147483648", "congvuIssued": "20261122000000Z",
            "pwdChangedTime": "20261122010000Z", "pwdLastSuccess": used,
        }  # fmt: skip
        classes = ("inetOrgPerson", "inetLocalMailRecipient", "congvuAccount")
        yield Entry.build(layout.person(f"P{number}"), classes, values)


def read(one: Stage) -> float:
    """The anchor: OpenLDAP's own tool reads what the run reads."""
    unwrapped = ("-LLL", "-o", "ldif-wrap=no", "-E", "pr=1000/noprompt")
    return one.tool("ldapsearch", *unwrapped, "-b", one.far.base, WITH_CLOCKS, *ATTRIBUTES)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="A night's run, as a ratio to ldapsearch.")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with stage(100, far=False) as one:
        server, people = one.server, list(entries(one.far.base, chosen.people))

        def night() -> dict[str, float]:
            server.fill(people)
            read(one)  # warm, as the anchor is
            return one.ours("night", "lifecycle")

        found = in_turns(chosen.rounds, night=night, ldapsearch=lambda: read(one))
    ours, theirs = found["night"], found["ldapsearch"]["seconds"]
    print(
        f"  {chosen.people:,} people, {DUE:,} due: {ours['seconds']:.2f} s, ldapsearch {theirs:.2f} s: "
        f"{ours['seconds'] / theirs:.2f} times   aim {AIM:.0f}   {ours['peak']:.0f} MB"
    )


if __name__ == "__main__":
    main()
