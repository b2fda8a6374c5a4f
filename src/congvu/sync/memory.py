"""What the sync keeps between two runs: who was without a row, how many there were, and what it last saw.

One small file in the folder of state, written whole. It is read strictly: what is damaged is never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from congvu import files
from congvu.errors import SystemFailure

VERSION = 1
"""The version of the file that this package reads and writes."""
NAME = "memory.json"
"""The file's name in the folder of state."""
_HINT = (
    "restore it from the backup, or move it away: then counting of absent rows begins anew, and nobody "
    "notices whether the directory is another one than before"
)


@dataclass(frozen=True, slots=True)
class Domain:
    """One mail domain after its last finished run."""

    accounts: int
    """Accounts in use."""
    absences: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Finished runs in a row without a row, by the account's key (``people/CB0001``)."""
    digest: str = ""
    """Of the inputs of the run that was last counted in `absences`; empty when nobody is absent."""
    day: date | None = None
    """Of that run."""

    def earlier(self, digest: str, today: date) -> Mapping[str, int]:
        """The absences that count as earlier ones for a run with this input on this day.

        The same input on the same day is the same run once more: a timer that fires twice takes nobody's
        mailbox away.
        """
        if (digest, today) != (self.digest, self.day):
            return self.absences
        return {key: runs - 1 for key, runs in self.absences.items() if runs > 1}

    def after(self, accounts: int, absent: frozenset[str], digest: str, today: date) -> Domain:
        """What is to be kept once a run with this outcome has finished."""
        earlier = self.earlier(digest, today)
        absences = {key: earlier.get(key, 0) + 1 for key in sorted(absent)}
        return Domain(accounts, absences, digest if absences else "", today if absences else None)


@dataclass(frozen=True, slots=True)
class Seen:
    """Which directory it was, and how far its changes had come."""

    base_uuid: str
    """``entryUUID`` of the base entry: tells directories apart, and is the same on all providers."""
    context_csn: str
    """``contextCSN``: moves with every change; a value for each provider that takes writes."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A finished run that had nothing left to do. With the same input and directory, so has the next."""

    digest: str
    """Of all inputs."""
    day: date
    """Aliases and contracts end with a day."""
    frames: str
    """`congvu.directory.inspect.digest` of what was compared; empty where it was not taken."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything that is kept. Nothing of it: there was no run yet."""

    domains: Mapping[str, Domain] = field(default_factory=lambda: MappingProxyType({}))
    seen: Seen | None = None
    quiet: Quiet | None = None

    def domain(self, name: str) -> Domain:
        """What is kept of one domain; a blank one where there is nothing."""
        return self.domains.get(name, Domain(0))

    def begun(self, first_loads: Iterable[str]) -> Memory:
        """What is to be kept before the first write: nothing is quiet any more.

        `first_loads` are domains without accounts. One that is not known yet is noted, so that a run that
        is cut off there is still a first load for the next one.
        """
        return replace(self, domains={**dict.fromkeys(first_loads, Domain(0)), **self.domains}, quiet=None)

    def write(self, folder: Path) -> None:
        """Put it into `folder`, whole or not at all. Raises `SystemFailure`."""
        text = json.dumps(_as_json(self), ensure_ascii=False, indent=1, sort_keys=True)
        files.write_whole(folder / NAME, text + "\n")


def read(folder: Path) -> Memory:
    """What the last finished run left in `folder`; blank when there was none.

    Raises `SystemFailure` (exit status 3) when the file is damaged or another version's.
    """
    path = folder / NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Memory()
    except (OSError, UnicodeDecodeError) as fault:
        raise SystemFailure(f"cannot be read: {fault}", where=str(path), hint=_HINT) from None
    try:
        return _from_json(json.loads(text))
    except (ValueError, RecursionError) as fault:
        raise SystemFailure(f"is damaged: {fault}", where=str(path), hint=_HINT) from None


def moved_back(before: str, now: str) -> bool:
    """Whether a ``contextCSN`` is older than the one before, of any provider that both name.

    A value is ``20261122174408.123456Z#000000#001#000000``: time, count, provider, modification; of one
    provider they sort as text (draft-ietf-ldup-urp).
    """
    old, new = _by_provider(before), _by_provider(now)
    return any(new[provider] < csn for provider, csn in old.items() if provider in new)


def _by_provider(context_csn: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for csn in context_csn.split():
        parts = csn.split("#")
        provider = parts[2] if len(parts) == 4 else ""
        found[provider] = max(csn, found.get(provider, ""))
    return found


def _as_json(memory: Memory) -> dict[str, Any]:
    seen, quiet = memory.seen, memory.quiet
    return {
        "version": VERSION,
        "domains": {
            name: {
                "accounts": kept.accounts,
                "absences": dict(kept.absences),
                "digest": kept.digest,
                "day": kept.day.isoformat() if kept.day else "",
            }
            for name, kept in memory.domains.items()
        },
        "seen": {"base_uuid": seen.base_uuid, "context_csn": seen.context_csn} if seen else {},
        "quiet": {"digest": quiet.digest, "day": quiet.day.isoformat(), "frames": quiet.frames}
        if quiet
        else {},
    }


def _from_json(found: Any) -> Memory:
    parts = _section(found, {"version": int, "domains": dict, "seen": dict, "quiet": dict})
    if parts["version"] != VERSION:
        raise ValueError(f"version {parts['version']}, this program reads {VERSION}")
    seen = _texts(parts["seen"], "base_uuid", "context_csn")
    quiet = _texts(parts["quiet"], "digest", "day", "frames")
    return Memory(
        {name: _domain(kept) for name, kept in parts["domains"].items()},
        Seen(seen["base_uuid"], seen["context_csn"]) if seen else None,
        Quiet(quiet["digest"], date.fromisoformat(quiet["day"]), quiet["frames"]) if quiet else None,
    )


def _domain(found: Any) -> Domain:
    parts = _section(found, {"accounts": int, "absences": dict, "digest": str, "day": str})
    absences: dict[str, int] = parts["absences"]
    for key, runs in absences.items():
        if type(runs) is not int or runs < 1:
            raise ValueError(f"absences of {key}: {runs!r} is not a number of runs")
    if parts["accounts"] < 0 or bool(absences) != bool(parts["digest"] and parts["day"]):
        raise ValueError("a domain's numbers contradict each other")
    day = date.fromisoformat(parts["day"]) if parts["day"] else None
    return Domain(parts["accounts"], absences, parts["digest"], day)


def _texts(found: Any, *names: str) -> dict[str, str]:
    return _section(found, dict.fromkeys(names, str)) if found else {}


def _section(found: Any, wanted: Mapping[str, type]) -> dict[str, Any]:
    if not isinstance(found, dict) or found.keys() != wanted.keys():
        raise ValueError(f"does not have the keys {', '.join(wanted)}")
    for name, kind in wanted.items():
        if type(found[name]) is not kind:
            raise ValueError(f"{name} is not of the type {kind.__name__}")
    return found
