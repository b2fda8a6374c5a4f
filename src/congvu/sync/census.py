"""The accounts in use, and whether the directory is the one of the last run (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from congvu.directory.model import Entry, Layout, Snapshot, dn_key
from congvu.directory.states import is_open
from congvu.sync.job import Brake
from congvu.sync.memory import Memory, Seen, moved_back

FEWEST = 3
"""A mail domain with fewer accounts than this cannot lose half of them; it is too small to tell."""


class Census:
    """The accounts in use of all mail domains; those that have ended and are kept locked are not."""

    def __init__(self, found: Snapshot) -> None:
        self._base = found.base
        self._below: dict[str, list[Entry]] = {}
        for key, entry in found.entries.items():
            if entry.managed and is_open(entry):
                self._below.setdefault(key.partition(",")[2], []).append(entry)

    def of(self, layout: Layout) -> Sequence[Entry]:
        """The accounts of one mail domain."""
        return [entry for dn in (layout.units, layout.people) for entry in self._below.get(dn_key(dn), ())]

    def count(self, domain: str) -> int:
        """How many accounts a mail domain has."""
        layout = Layout(self._base, domain)
        return sum(len(self._below.get(dn_key(dn), ())) for dn in (layout.units, layout.people))


def check_directory(
    now: Seen, census: Census, memory: Memory, domains: Mapping[str, object]
) -> tuple[Brake, ...]:
    """Every brake that the directory itself hits, against the last finished run.

    `domains` are those of the settings. Nothing stops the very first run.
    """
    return (*_wrong_directory(now, memory), *_lost(census, memory, domains))


def _wrong_directory(now: Seen, memory: Memory) -> Iterator[Brake]:
    before = memory.seen
    if before is None:
        return
    if now.base_uuid != before.base_uuid:
        message = f"the base has the entryUUID {now.base_uuid}, that of the last run had {before.base_uuid}"
        hint = "correct directory in the settings, or allow it if the directory was built anew"
        yield Brake("directory", "", message, hint)
    elif moved_back(before.context_csn, now.context_csn):
        message = f"its last change is {now.context_csn}, at the last run it was {before.context_csn}"
        hint = "a provider that lags behind, or an old backup: wait for it, or allow it if it is meant"
        yield Brake("directory", "", message, hint)


def _lost(census: Census, memory: Memory, domains: Mapping[str, object]) -> Iterator[Brake]:
    for name, kept in sorted(memory.domains.items()):
        here = census.count(name)
        if name not in domains:
            if here:
                message = f"is no longer in the settings, and has {here} accounts in use"
                yield Brake("domain", name, message, "put it back, or allow it: its accounts then stay as is")
        elif kept.accounts >= FEWEST and here * 2 < kept.accounts:
            message = f"the directory has {here} accounts in use, after the last run it had {kept.accounts}"
            yield Brake("directory", name, message, "look whether this is the right one, and complete")
