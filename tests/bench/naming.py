"""`scripts/bench naming`: reading a staff list and issuing its addresses, as ratios within one run.

The floor is what no program can do without: ``csv.reader`` over the same file, and one
``unicodedata.normalize`` for each name. Seconds are those of the processor, the best of three, since the
machine is shared. Each size is measured in a process of its own, so that the peak of memory is that of the
work and not of the generator.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

from congvu import policy as policies
from congvu import registry as registries
from congvu.cli import spare_the_collector
from congvu.naming.allocation import allocate
from congvu.naming.ledger import Ledger

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
SIZES = (20_000, 200_000)
UNITS = 100
DOMAINS = ("lamdong.gov.vn", "quangtri.gov.vn")
"""tenhodem, where three of four need a number, and hovaten."""
TODAY = date(2026, 11, 22)


def main() -> None:
    """Make the lists, measure, print."""
    with tempfile.TemporaryDirectory() as name:
        for domain in DOMAINS:
            print(f"{domain}: {policies.load_domain(ROOT / 'inventory/policy', domain).person.address[0]}")
            small, large = (one_size(Path(name), domain, size) for size in SIZES)
            for phase in ("allocate", "allocate again"):
                growth = large[phase] / small[phase]
                print(f"  {phase}: {SIZES[1]:,} take {growth:.1f} times as long as {SIZES[0]:,}   aim 11")


def one_size(folder: Path, domain: str, size: int) -> dict[str, float]:
    """Measure one size in a process of its own, and print it."""
    path = folder / f"{domain}-{size}"
    sample = [sys.executable, str(ROOT / "tests/sample/registry.py"), str(path), "--domain", domain]
    options = ["--staff", str(size), "--units", str(UNITS)]
    subprocess.run([*sample, *options], check=True, stdout=subprocess.DEVNULL)
    child = [sys.executable, __file__, "--measure", str(path), domain]
    printed = subprocess.run(child, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, float] = json.loads(printed)
    print(f"  {size:,} people: floor {found['floor']:.2f} s, peak of memory {found['peak']:.0f} MB   aim 400")
    for phase, aim in (("read", ""), ("allocate", "   aim 5"), ("allocate again", "")):
        seconds = found[phase]
        print(
            f"    {phase:15} {seconds:6.2f} s {size / seconds:10,.0f} rows/s   "
            f"{seconds / found['floor']:5.1f} times the floor{aim}"
        )
    return found


def measure(folder: Path, domain: str) -> dict[str, float]:
    """Seconds of each phase, and the peak of memory in MB."""
    spare_the_collector()
    policy = policies.load_domain(ROOT / "inventory/policy", domain)
    taken: dict[str, float] = {}
    taken["read"], registry = timed(lambda: registries.read(folder), times=1)
    taken["floor"], _ = timed(lambda: floor(folder / "staff.csv"))
    taken["allocate"], done = timed(lambda: allocate(registry, policy, Ledger(), today=TODAY))
    ledger = Ledger(
        {key: issued.holding for key, issued in done.units.items()},
        {key: issued.holding for key, issued in done.people.items()},
    )
    if len(done.people) != len(registry.staff):
        raise SystemExit(f"{len(done.problems)} problems, the first: {done.problems[0]}")
    taken["allocate again"], again = timed(lambda: allocate(registry, policy, ledger, today=TODAY))
    if {issued.holding for issued in again.people.values()} != {one.holding for one in done.people.values()}:
        raise SystemExit("the second allocation differs from the first")
    return {**taken, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def floor(path: Path) -> int:
    """The least that reading and naming can cost."""
    count = 0
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            unicodedata.normalize("NFC", " ".join(row[1:4]))
            count += 1
    return count


def timed(do: Callable[[], T], times: int = 3) -> tuple[float, T]:
    """The fewest seconds of the processor that `do` takes, and what it gives."""
    best, result = float("inf"), None
    for _ in range(times):
        began = time.process_time()
        result = do()
        best = min(best, time.process_time() - began)
    assert result is not None
    return best, result


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Path(sys.argv[2]), sys.argv[3])))
    else:
        main()
