"""`scripts/faults`: each fault under load in a lab; the table of results goes to docs/reliability.md."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from congvu.fleet.client import Outside
from congvu.fleet.lab import ROOT, Lab
from tests.faults.breakage import FAULTS
from tests.faults.suffering import Result, people, suffer
from tests.faults.traffic import MESSAGES
from tests.lab import Site

DOCUMENT = ROOT / "docs" / "reliability.md"
_BEGIN, _END = "<!-- written by scripts/faults: begin -->", "<!-- written by scripts/faults: end -->"


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and what stands below it."""

    title: str
    value: Callable[[Result], object]


COLUMNS = (
    Column("fault", lambda one: one.what),
    Column("put off", lambda one: one.verdict.deferrals),
    Column("accepted", lambda one: one.verdict.accepted),
    Column("arrived", lambda one: one.verdict.delivered),
    Column("returned", lambda one: len(one.verdict.returned)),
    Column("lost", lambda one: len(one.verdict.lost)),
    Column("twice: cannot be known", lambda one: one.verdict.twice),
    Column("twice: our fault", lambda one: len(one.verdict.doubled)),
    Column("5xx to good mail", lambda one: len(one.verdict.refused)),
    Column("viruses refused", lambda one: one.verdict.viruses_refused),
    Column("viruses or unscanned in a box", lambda one: len(one.verdict.viruses + one.verdict.unscanned)),
    Column("last put off after", lambda one: f"{max(0.0, one.put_off):.0f} s"),
    Column("nothing waits after", lambda one: f"{one.all_there:.0f} s"),
    Column("at commit", lambda _: _commit()),
)


def table(results: Sequence[Result]) -> str:
    """The results as a Markdown table."""
    rows = [
        [column.title for column in COLUMNS],
        ["---" for _ in COLUMNS],
        *([str(column.value(one)) for column in COLUMNS] for one in results),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write(results: Sequence[Result], document: Path = DOCUMENT) -> None:
    """Put the results between the document's marks, in the order of the faults; rows of other faults stay."""
    before, _, rest = document.read_text(encoding="utf-8").partition(_BEGIN)
    known, _, after = rest.partition(_END)
    rows = {line.split(" | ")[0]: line for line in known.splitlines() if line.startswith("| ")}
    rows |= {line.split(" | ")[0]: line for line in table(results).splitlines()}
    head, rule = table([]).splitlines()
    kept = [rows[title] for fault in FAULTS.values() if (title := f"| {fault.what}") in rows]
    told = "\n".join((f"{MESSAGES} messages for each fault.", "", head, rule, *kept))
    document.write_text(f"{before}{_BEGIN}\n{told}\n{_END}{after}", encoding="utf-8")


def _commit() -> str:
    """The commit that the lab is made from, as far as this clone knows."""
    head = ("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    return subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the faults that are named, or all, and write each into the document as soon as it is over."""
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--lab", default=os.environ.get("CONGVU_LAB", "default"))
    parser.add_argument("fault", nargs="*", choices=[[], *FAULTS], help="none: all of them")
    chosen = parser.parse_args(arguments)
    lab, results = Lab(chosen.lab), []
    with Outside(lab) as outside, closing(Site(lab)) as site:
        who = people(site)
        for name in chosen.fault or FAULTS:
            one = suffer(outside, site, who, name, FAULTS[name])
            print(f"{name}: {one.faults or 'good'}", flush=True)
            results.append(one)
            write(results)
    print(table(results))
    return int(any(one.faults for one in results))


if __name__ == "__main__":
    sys.exit(main())
