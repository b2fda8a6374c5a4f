"""What `scripts/bench sync` measures, in a process of its own that has nothing else in memory."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from congvu import registry as registries
from congvu.cli import spare_the_collector
from congvu.directory.apply import Applier
from congvu.directory.connection import Directory
from congvu.directory.inspect import digest, inspect
from congvu.directory.model import Entry
from congvu.directory.operations import Add, Change, Event, Modify, Operation, Reason
from congvu.sync import settings as sync_settings
from congvu.sync.job import Order, Status
from congvu.sync.run import carry_out

DOMAIN = "lamdong.gov.vn"
WHY = Reason(Event.DETAILS, "a measurement")


def measure(do: Callable[[Path], float], path: Path) -> None:
    """Do it and print seconds and peak of memory in MB."""
    spare_the_collector()
    done = do(path)
    # Not getrusage: it counts the memory of the process that started this one, too.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]
    print(json.dumps({"seconds": done, "peak": peak}))


def timed(do: Callable[[], object]) -> float:
    """Seconds that `do` takes."""
    began = time.monotonic()
    do()
    return time.monotonic() - began


def run(path: Path, *, verify: bool = False, quick: bool = False) -> float:
    """A whole run, as the timer's."""
    settings = sync_settings.load(path)
    order = Order(settings, date.today(), "bench", verify=verify)
    began = time.monotonic()
    outcome = carry_out(order)
    seconds = time.monotonic() - began
    if outcome.status is not Status.FINE or outcome.quick is not quick:
        raise SystemExit(f"{outcome.status!r} quick={outcome.quick} {outcome.failures[:3]} {outcome.brakes}")
    return seconds


def read(path: Path, how: Callable[[Directory, str], object]) -> float:
    """Read the directory in one of two ways."""
    settings = sync_settings.load(path).directory
    began = time.monotonic()
    with Directory.as_service(settings) as directory:
        how(directory, settings.base)
    return time.monotonic() - began


class Unkept:
    """A journal that keeps nothing: what is measured is the way to the server and back."""

    def intend(self, operations: Sequence[Operation]) -> None:
        """Nothing."""

    def settled(self, operation: Operation, failure: str) -> None:  # noqa: ARG002  (as of a Journal)
        """Nothing, if it is done."""
        if failure:
            raise SystemExit(failure)


def write(path: Path, operations: Sequence[Operation]) -> float:
    """Carry out operations, connection included."""
    settings = sync_settings.load(path).directory
    return timed(lambda: Applier(lambda: Directory.as_service(settings), Unkept()).carry_out(operations))


def add(path: Path) -> float:
    """Add what stands in ``entries.json``."""
    return write(path, [Add(DOMAIN, entry, WHY) for entry in load_entries(path.parent)])


def modify(path: Path) -> float:
    """Give the people of ``titles.json`` another title, provided that they have the old one."""
    wanted = json.loads((path.parent / "titles.json").read_text(encoding="utf-8"))
    operations = [
        Modify(DOMAIN, Entry(dn, {"objectClass": ("inetOrgPerson", "congvuAccount")}),
               (Change("title", (before,) if before else (), (after,)),), WHY)
        for dn, before, after in wanted
    ]  # fmt: skip
    return write(path, operations)


def workbook(path: Path) -> float:
    """Read the registry beside the settings."""
    return timed(lambda: registries.read(path.parent / "workbook"))


OURS: Mapping[str, Callable[[Path], float]] = {
    "run": run,
    "verify": lambda path: run(path, verify=True),
    "quick": lambda path: run(path, quick=True),
    "inspect": lambda path: read(path, inspect),
    "digest": lambda path: read(path, digest),
    "add": add,
    "modify": modify,
    "workbook": workbook,
}


def load_entries(folder: Path) -> list[Entry]:
    """What `store_entries` has stored."""
    found = json.loads((folder / "entries.json").read_text(encoding="utf-8"))
    return [Entry(each["dn"], {k: tuple(v) for k, v in each["attributes"].items()}) for each in found]


def store_entries(folder: Path, entries: Sequence[Entry]) -> None:
    """Entries for a process of ours."""
    found = [{"dn": one.dn, "attributes": dict(one.attributes)} for one in entries]
    (folder / "entries.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    measure(OURS[sys.argv[1]], Path(sys.argv[2]))
