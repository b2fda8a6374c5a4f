"""Who everybody is: ids for the rows without one, and the accounts that a run must leave alone (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from congvu.directory.model import Snapshot
from congvu.sync.amending import amend, unknown
from congvu.sync.decisions import Decision
from congvu.sync.gathered import DomainSource, Doubt, Gathered
from congvu.sync.matching import Matching


def identify(gathered: Gathered, found: Snapshot, decisions: Mapping[str, Decision]) -> Gathered:
    """`gathered` with an id for everybody, without the rows in doubt, and with the accounts to leave alone.

    Where all rows have ids and none is set aside, this is `gathered` itself. The doubts that stay are told
    in `Gathered.doubts`, decisions that do not fit any more in `Gathered.findings`.
    """
    taken: set[str] | None = None
    sources: list[DomainSource] = []
    doubts: list[Doubt] = []
    findings = list(gathered.findings)
    for source in gathered.sources:
        if not _asks(source):
            sources.append(source)
            continue
        if taken is None:
            taken = {name.casefold() for entry in found.entries.values() if (name := entry.value("uid"))}
        matching = Matching(source, found, decisions, taken)
        settled = matching.settled()
        registry, rest = amend(settled.registry, settled.overrides)
        sources.append(replace(settled, registry=registry, overrides=rest))
        doubts.extend(matching.doubts)
        told = (*matching.findings, *(f"{line}; the override waits" for line in unknown(rest, registry)))
        findings.extend(f"{source.domain}: {finding}" for finding in told)
    if taken is None:
        return gathered
    return replace(gathered, sources=tuple(sources), findings=tuple(findings), doubts=tuple(doubts))


def _asks(source: DomainSource) -> bool:
    return bool(source.aside) or any(not person.staff_id for person in source.registry.staff)
