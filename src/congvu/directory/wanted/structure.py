"""The entries that a mail domain's accounts stand below (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from congvu.directory.model import DOMAIN_CLASS, PEOPLE, UNITS, Entry, Layout
from congvu.directory.operations import Event, Reason
from congvu.directory.wanted.model import WantedEntry

_CLAUSE = "DESIGN Directory"


def structure(layout: Layout) -> Iterator[WantedEntry]:
    """From below the base down to the containers of one mail domain."""
    for dn in layout.steps[:-1]:
        yield _item(Entry.build(dn, ("domain",), {"dc": _label(dn)}), "a step towards the domain")
    classes = ("domain", "domainRelatedObject", DOMAIN_CLASS)
    values = {"dc": _label(layout.dn), "associatedDomain": layout.domain}
    yield _item(Entry.build(layout.dn, classes, values), "the mail domain")
    for dn, name in ((layout.units, UNITS), (layout.people, PEOPLE)):
        yield _item(Entry.build(dn, ("organizationalUnit",), {"ou": name}), "a container")


def _label(dn: str) -> str:
    return dn.split(",", 1)[0].removeprefix("dc=")


def _item(entry: Entry, text: str) -> WantedEntry:
    return WantedEntry(entry, Reason(Event.STRUCTURE, text, clause=_CLAUSE))
