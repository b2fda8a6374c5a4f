"""The difference between wanted and found, as typed operations (pure).

Nothing is ever deleted. An entry that is not ours is never touched; it is reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from congvu.directory.model import DOMAIN_CLASS, Entry, Snapshot
from congvu.directory.operations import Add, Change, DomainPlan, Event, Modify, Operation, Reason, level
from congvu.directory.wanted.compare import changes
from congvu.directory.wanted.events import why
from congvu.directory.wanted.model import Wanted, WantedEntry
from congvu.directory.wanted.values import frozen


def diff(wanted: Wanted, found: Snapshot) -> DomainPlan:
    """Compare the wanted entries of one domain with the directory."""
    problems = list(wanted.problems)
    operations: list[Operation] = []
    for item in wanted.structure:
        operations.extend(_structure(item, wanted, found, problems))
    for item in (*wanted.units, *wanted.people):
        operations.extend(_account(item, wanted, found, problems))
    operations.sort(key=level)
    return DomainPlan(
        wanted.task.layout.domain,
        tuple(operations),
        wanted.unchanged,
        wanted.in_use,
        wanted.findings,
        tuple(problems),
        wanted.absent,
    )


def _structure(
    item: WantedEntry, wanted: Wanted, found: Snapshot, problems: list[str]
) -> Iterator[Operation]:
    domain, there = wanted.task.layout.domain, found.get(item.entry.dn)
    if there is None:
        yield Add(domain, item.entry, item.reason)
    elif item.entry.has_class(DOMAIN_CLASS) and not there.has_class(DOMAIN_CLASS):
        if there.has_class("domain"):
            yield Modify(domain, there, _announcement(item.entry, there), item.reason)
        else:
            problems.append(
                f"{there.dn}: is no mail domain and not of the class 'domain'"
                f" (give it {DOMAIN_CLASS} by hand)"
            )


def _announcement(wanted: Entry, there: Entry) -> tuple[Change, ...]:
    """What makes a ``domain`` entry that was only a step on the way a mail domain."""
    classes = there.values("objectClass")
    missing = [name for name in wanted.values("objectClass") if not there.has_class(name)]
    made = [Change("objectClass", classes, (*classes, *missing))]
    names = there.values("associatedDomain")
    if new := [name for name in wanted.values("associatedDomain") if name not in names]:
        made.append(Change("associatedDomain", names, (*names, *new)))
    return tuple(made)


_NAMING = ("congvuHead", "congvuOwner", "congvuLeader")
"""Attributes of a unit that name people."""


def _account(item: WantedEntry, wanted: Wanted, found: Snapshot, problems: list[str]) -> Iterator[Operation]:
    domain, there = wanted.task.layout.domain, found.get(item.entry.dn)
    if there is None:
        yield from _new(item, wanted, found)
    elif not there.managed:
        problems.append(f"{there.dn}: exists and is not ours (remove it, or give it the class congvuAccount)")
    elif made := changes(item.entry, there):
        yield Modify(domain, there, made, why(item, made, wanted.task))


def _new(item: WantedEntry, wanted: Wanted, found: Snapshot) -> Iterator[Operation]:
    """A new account. People it names who are new, are written once they are there: no DN leads nowhere."""
    domain = wanted.task.layout.domain
    later_ones = {
        name: named
        for name in _NAMING
        if (named := item.entry.values(name)) and not all(found.get(dn) for dn in named)
    }
    if not later_ones:
        yield Add(domain, item.entry, item.reason)
        return
    entry = frozen(item.entry, **dict.fromkeys(later_ones, ()))
    yield Add(domain, entry, item.reason)
    made = tuple(Change(name, (), named) for name, named in later_ones.items())
    later = Reason(Event.DETAILS, "", item.reason.place, "", item.reason.document)
    yield Modify(domain, entry, made, why(WantedEntry(item.entry, later), made, wanted.task))
