"""Print how far each regulation is honoured; with the number of an issue, what waits for it."""

from __future__ import annotations

import sys

from tests.conformance.model import State, load_all


def main(wanted: str = "") -> None:
    """A table of counts; or the clauses that wait for `wanted` (``4``, ``unplanned``), and what they lack."""
    files = load_all().values()
    if wanted:
        for name, clause in (item for file in files for item in file.clauses.items()):
            if clause.later and wanted in str(clause.later).split():
                print(f"{name}: {clause.what}")
        return
    print(f"{'':4}{'clauses':>9}" + "".join(f"{state:>13}" for state in State))
    for file in files:
        states = [clause.state for clause in file.clauses.values()]
        print(f"{file.regulation:4}{len(states):>9}" + "".join(f"{states.count(each):>13}" for each in State))


if __name__ == "__main__":
    main(*sys.argv[1:])
