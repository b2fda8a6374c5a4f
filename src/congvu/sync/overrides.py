"""Values that a person set by hand over what the lists say: with author and reason, and mostly for a time."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from congvu import strictyaml
from congvu.errors import RegistryError
from congvu.policy.values import DomainName, LocalPart, MailAddress, Size
from congvu.registry.model import Employment, OrgType, Status

VERSION = 1
"""The version of override files that this package reads."""


@dataclass(frozen=True, slots=True)
class PersonValues:
    """What may be set of a person. A name is set as a whole: parts that are left out are empty."""

    surname: str | None = None
    middle_name: str | None = None
    given_name: str | None = None
    full_name: str | None = None
    unit_id: str | None = None
    position: str | None = None
    phone: str | None = None
    contact_mail: MailAddress | None = None
    address: MailAddress | None = None
    """The official address, whole."""
    employment: Employment | None = None
    sponsor_unit_id: str | None = None
    until: date | None = None
    """The last day of a guest or of a contract."""
    quota: Size | None = None
    """A special case (LD-6.1); reason and document are the override's, which must have both."""
    quota_class: str | None = None
    status: Status | None = None

    @property
    def given(self) -> dict[str, Any]:
        """What is set, by field."""
        return _given(self)


@dataclass(frozen=True, slots=True)
class UnitValues:
    """What may be set of a unit."""

    name: str | None = None
    kind: str | None = None
    parent_id: str | None = None
    address: LocalPart | None = None
    """Local part agreed with the operator (LD-5.1b); the agreement is the override's document."""
    domain: DomainName | None = None
    org_type: OrgType | None = None
    it_contact: str | None = None
    head_id: str | None = None
    quota: Size | None = None
    """As a person's."""

    @property
    def given(self) -> dict[str, Any]:
        """What is set, by field."""
        return _given(self)


@dataclass(frozen=True, slots=True)
class Override:
    """Who set something, why, and for how long."""

    author: str
    """Who decided."""
    reason: str
    until: date | None = None
    """The last day on which it counts; left out: until it is taken out of the file."""
    document: str | None = None
    """Number of the document that asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOverride(Override):
    """What was set of one person."""

    set: PersonValues

    def __post_init__(self) -> None:
        if not self.set.given:
            raise ValueError("set: names nothing")
        names = (self.set.surname, self.set.middle_name, self.set.full_name)
        if any(names) and not (self.set.given_name or self.set.full_name):
            raise ValueError("set: a name needs given_name, or full_name")
        _check_quota(self, self.set.quota)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOverride(Override):
    """What was set of one unit."""

    set: UnitValues

    def __post_init__(self) -> None:
        if not self.set.given:
            raise ValueError("set: names nothing")
        _check_quota(self, self.set.quota)


@dataclass(frozen=True, slots=True)
class Overrides:
    """The whole file."""

    version: int
    people: Mapping[str, PersonOverride] = field(default_factory=dict)
    """By staff id."""
    units: Mapping[str, UnitOverride] = field(default_factory=dict)
    """By unit id."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Overrides, and where each of them stands."""

    overrides: Overrides
    places: Mapping[str, str]
    """``file:line`` by ``people.ID`` and ``units.ID``."""


NONE = Placed(Overrides(VERSION), {})
"""No overrides."""


def load(path: Path) -> Placed:
    """Read a file of overrides; raises `RegistryError` with ``file:line`` and the nearest known key."""
    overrides = strictyaml.load(path, Overrides, RegistryError, version=VERSION)
    return Placed(overrides, {name: f"{path}:{line}" for name, line in _lines(path)})


def _lines(path: Path) -> Iterator[tuple[str, int]]:
    """The lines of a file that is known to be sound, by ``people.ID`` and ``units.ID``."""
    text = unicodedata.normalize("NFC", path.read_bytes().decode("utf-8-sig"))
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for section, entries in root.value if isinstance(root, yaml.MappingNode) else ():
        for name, _ in entries.value if isinstance(entries, yaml.MappingNode) else ():
            yield f"{section.value}.{name.value}", name.start_mark.line + 1


@dataclass(slots=True)
class Told:
    """What is to say about inputs."""

    problems: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def in_force(placed: Placed, today: date, told: Told) -> Placed:
    """The overrides that count on `today`; a finding for each that has run out."""

    def counts(name: str, override: Override) -> bool:
        if override.until is None or today <= override.until:
            return True
        told.findings.append(
            f"{placed.places[name]}: {name}: has run out on {override.until} and is ignored "
            f"({override.author}: {override.reason}; take it out, or set another day)"
        )
        return False

    given = placed.overrides
    return replace(
        placed,
        overrides=Overrides(
            VERSION,
            {one: what for one, what in given.people.items() if counts(f"people.{one}", what)},
            {one: what for one, what in given.units.items() if counts(f"units.{one}", what)},
        ),
    )


def _check_quota(override: Override, quota: Size | None) -> None:
    """A mailbox of another size than the policy's is decided in writing (LD-6.1); raises ``ValueError``."""
    if quota and not override.document:
        raise ValueError("document: is missing; a quota of its own needs the number of the document (LD-6.1)")


def _given(values: PersonValues | UnitValues) -> dict[str, Any]:
    return {one.name: value for one in fields(values) if (value := getattr(values, one.name)) is not None}
