"""What the computation of the wanted entries takes and gives (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from congvu.directory.model import Entry, Layout
from congvu.directory.operations import Reason
from congvu.policy.model import Policy
from congvu.policy.source import NO_SOURCES, Source, clause
from congvu.registry.model import Registry


@dataclass(frozen=True, slots=True)
class Task:
    """One mail domain's inputs."""

    layout: Layout
    policy: Policy
    registry: Registry
    """Everybody has an id."""
    mail_host: str
    """Host that stores new mailboxes."""
    today: date
    """Date of issue of new addresses."""
    cited: Mapping[str, Source] = field(default_factory=lambda: NO_SOURCES)
    """Which clause each of the policy's values comes from."""
    absences: Mapping[str, int] = field(default_factory=dict)
    """Earlier runs in a row without a row for an account, by its key (``people/CB0001``)."""
    set_aside: frozenset[str] = frozenset()
    """Keys of accounts whose rows the registry could not say: they are neither absent nor changed."""
    left: Mapping[str, str] = field(default_factory=dict)
    """Keys of accounts that left according to a person, not a row; and why."""

    def clause(self, *keys: str) -> str:
        """The clauses that the policy names for the first of `keys` that it has."""
        return clause(self.cited, *keys) or "[choice]"


@dataclass(frozen=True, slots=True)
class WantedEntry:
    """An entry as it should be, and why it is wanted."""

    entry: Entry
    reason: Reason
    """If it is new, ends or comes back; the comparison finds the event of other changes."""
    quota_clause: str = ""
    """Clause that the size of the mailbox comes from."""
    quota_reason: str = ""
    """Why the size is a special one; empty where it is everybody's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One domain's wanted entries, as far as they are not already so, in an order in which they can be added.

    Who needs nothing is only counted: there is one per person, and nearly all need nothing.
    """

    task: Task
    structure: tuple[WantedEntry, ...]
    units: tuple[WantedEntry, ...]
    people: tuple[WantedEntry, ...]
    unchanged: int
    """Accounts with a row that are as they should be."""
    in_use: int
    """Accounts, people and units, that are in use now."""
    absent: frozenset[str]
    """Keys of the accounts in use without a row, in this run."""
    problems: tuple[str, ...]
    """What a person must settle before anything is written, each with file and row."""
    findings: tuple[str, ...]
    """What a person should know; it stops nothing."""
