"""Records and verdicts, for people and for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from congvu.dns.compare import Status, Verdict
from congvu.dns.model import Group

_TTL = 3600
"""Seconds that others may remember a record: an hour, so that a mistake does not stay for days."""


def zone_text(groups: Iterable[Group]) -> str:
    """The records in master-file notation (RFC 1035, 5.1), a comment above each."""
    return "\n".join(line for group in groups for line in _group(group))


def _group(group: Group) -> Iterator[str]:
    yield f"; --- {group.domain}"
    yield f"$TTL {_TTL}"
    for gap in group.gaps:
        yield f"; MISSING: {gap}"
    said = ""
    for record in group.records:
        if record.why != said:
            said = record.why
            yield f"; {said}"
        yield f"{record.name} IN {record.type} {record.rdata}"
    yield ""


def records_json(groups: Iterable[Group]) -> list[dict[str, str]]:
    """A mapping for each record."""
    return [
        {"domain": group.domain, "name": one.name, "type": one.type, "data": one.rdata, "why": one.why}
        for group in groups
        for one in group.records
    ]


def verdicts_json(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """A mapping for each verdict."""
    return [dataclasses.asdict(one) for one in verdicts]


def verdict_text(verdicts: Iterable[Verdict]) -> str:
    """A line for each verdict by domain; of what is not as it should be both sides and the reason."""
    lines: list[str] = []
    domain = ""
    for one in verdicts:
        if one.domain != domain:
            domain = one.domain
            lines.append(domain)
        lines += _verdict(one)
    return "\n".join(lines)


def _verdict(one: Verdict) -> Iterator[str]:
    yield f"  {one.status:<8} {one.type:<5} {one.name or one.why}"
    if one.status is Status.OK or not one.name:
        return
    if one.wanted:
        yield f"           wanted: {one.wanted}"
    if one.found:
        yield f"           found:  {one.found}"
    yield f"           {one.why}"
