"""What the directory should hold: registry + policy + ledger → wanted entries (pure).

The ledger is the snapshot of LDAP. Whoever holds an address there keeps it, with everything that other
hands put beside it (aliases, the mail host after a move, the date of issue); the rest is computed.
"""

from __future__ import annotations

from congvu.directory.model import Snapshot
from congvu.directory.wanted.leaving import leavers, rights_of_leavers
from congvu.directory.wanted.model import Task, Wanted, WantedEntry
from congvu.directory.wanted.people import wanted_people
from congvu.directory.wanted.structure import structure
from congvu.directory.wanted.units import wanted_units
from congvu.directory.wanted.values import telephone
from congvu.directory.wanted.work import Work

__all__ = ["Draft", "Task", "Wanted", "WantedEntry", "telephone", "wanted"]


def wanted(task: Task, found: Snapshot) -> Wanted:
    """Compute the wanted entries of one mail domain. What is wrong is in the result, nothing is raised."""
    return Draft(task, found).complete()


class Draft:
    """The computation in two steps: who leaves, then all the rest, which must know who leaves anywhere."""

    def __init__(self, task: Task, found: Snapshot) -> None:
        self._work = Work(task, found)
        self._leavers = tuple(leavers(self._work))

    @property
    def leaving(self) -> frozenset[str]:
        """`dn_key` of the people's accounts that end."""
        return frozenset(self._work.leaving)

    def complete(self, leaving: frozenset[str] = frozenset()) -> Wanted:
        """The wanted entries; `leaving` are the accounts of other domains that end in the same run."""
        work = self._work
        work.leaving |= leaving
        people = sorted((*self._leavers, *wanted_people(work)), key=lambda item: item.entry.dn)
        units = tuple(wanted_units(work))
        rights = tuple(rights_of_leavers(work, (*units, *people)))
        work.tell()
        foreign = (f"{entry.dn}: not ours, untouched" for entry in work.accounts.foreign)
        return Wanted(
            work.task,
            structure=tuple(structure(work.layout)),
            units=(*units, *rights),
            people=tuple(people),
            unchanged=work.unchanged,
            in_use=work.in_use(),
            absent=frozenset(work.absent),
            problems=tuple(work.problems),
            findings=(*work.findings, *foreign),
        )
