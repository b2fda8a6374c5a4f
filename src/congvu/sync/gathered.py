"""What the inputs say, read and checked, in types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from congvu.directory.model import Layout
from congvu.policy.model import Policy
from congvu.policy.source import NO_SOURCES, Source
from congvu.registry.model import Person, Registry
from congvu.registry.problems import Problem
from congvu.sync.overrides import NONE as NO_OVERRIDES
from congvu.sync.overrides import Placed

NOBODY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Aside:
    """Whom the registry says something about that nobody can read."""

    units: frozenset[str] = frozenset()
    """Ids of the units of which a row has an error: nothing changes for their people."""
    people: frozenset[str] = frozenset()
    """Staff ids of rows of these units, without case."""
    names: frozenset[str] = frozenset()
    """Names, as `congvu.registry.text.key` makes them, of such rows that have no id."""

    def __bool__(self) -> bool:
        return bool(self.units or self.people or self.names)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row of which only a person can say who it is. It waits, and so do the accounts it may be about."""

    id: str
    """What `congvu sync decide` takes; the same in every run as long as the row says the same."""
    domain: str
    person: Person
    text: str
    """What is in doubt, in words, with the candidates."""
    candidates: tuple[str, ...]
    """Staff ids of the accounts it may be about."""
    new_id: str
    """The id that the row gets if it is about somebody new."""

    def __str__(self) -> str:
        return f"{self.person.place}: {self.id}: {self.text}"


@dataclass(frozen=True, slots=True)
class DomainSource:
    """One mail domain's inputs."""

    layout: Layout
    policy: Policy
    registry: Registry
    cited: Mapping[str, Source] = field(default_factory=lambda: NO_SOURCES)
    """Which clause each of the policy's values comes from."""
    aside: Aside = Aside()
    quarantined: tuple[Problem, ...] = ()
    """What is wrong with the rows that were set aside."""
    overrides: Placed = NO_OVERRIDES
    """Those of people whose id no row has said yet: `identify` may find them."""
    set_aside: frozenset[str] = frozenset()
    """Keys of accounts (``people/CB0001``) that this run must leave alone; `identify` finds them."""
    left: Mapping[str, str] = field(default_factory=lambda: NOBODY)
    """Keys of accounts whose holder has left, as a person decided, and why."""

    @property
    def domain(self) -> str:
        """The mail domain."""
        return self.layout.domain


@dataclass(frozen=True, slots=True)
class Gathered:
    """All inputs of a run."""

    sources: tuple[DomainSource, ...]
    """Parent domains first."""
    mail_host: str
    """Host that stores new mailboxes."""
    findings: tuple[str, ...] = ()
    """What a person should know; it stops nothing."""
    doubts: tuple[Doubt, ...] = ()
    """What a person must answer; only these rows wait."""
