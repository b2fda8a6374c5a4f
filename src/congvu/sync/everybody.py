"""People with an address in several domains: one row becomes one in each of them, same id (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from congvu.registry.model import Person, Registry, Unit
from congvu.registry.text import key
from congvu.registry.units import Units
from congvu.strictyaml import nearest


@dataclass(slots=True)
class Spread:
    """The registries of all domains with everybody in them, and what is to say about it."""

    registries: dict[str, Registry]
    problems: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def spread(registries: Mapping[str, Registry]) -> Spread:
    """Give everybody a row in each domain that theirs names, and none where it does not name its own.

    A person's unit is the one of that domain with the same name. Where that domain lists the person itself,
    its own row counts.
    """
    result = Spread(dict(registries))
    moving = {
        domain: movers
        for domain, registry in registries.items()
        if (movers := [person for person in registry.staff if person.domains not in ((), (domain,))])
    }
    if not moving:
        return result
    work = _Work(registries, result)
    for domain, movers in moving.items():
        for person in movers:
            work.move(domain, person)
    work.settle()
    return result


class _Work:
    def __init__(self, registries: Mapping[str, Registry], result: Spread) -> None:
        self._registries, self._result = registries, result
        self._units = {domain: Units(registry.units) for domain, registry in registries.items()}
        self._listed = {domain: dict(_by_id(registry.staff)) for domain, registry in registries.items()}
        self._added: dict[str, dict[str, Person]] = {domain: {} for domain in registries}
        self._dropped: dict[str, set[str]] = {domain: set() for domain in registries}

    def move(self, home: str, person: Person) -> None:
        """Put `person` of the registry of `home` into the domains that the row names."""
        if not person.staff_id:
            self._problem(person, "is in several domains and has no id", "give the person one, in all lists")
            return
        if home not in person.domains:
            self._dropped[home].add(person.staff_id.casefold())
        for domain in person.domains:
            if domain not in self._registries:
                self._problem(
                    person, f"there is no mail domain {domain!r}", nearest(domain, self._registries)
                )
            elif domain != home:
                self._put(home, domain, person)

    def _put(self, home: str, domain: str, person: Person) -> None:
        folded = person.staff_id.casefold()
        other = self._listed[domain].get(folded) or self._added[domain].get(folded)
        if other is not None:
            if key(other.full_name) == key(person.full_name):
                self._result.findings.append(
                    f"{person.place}: {person.staff_id} is listed for {domain} in {other.place}, too; "
                    f"that row counts there"
                )
            else:
                self._problem(
                    person,
                    f"{person.staff_id!r} is {other.full_name!r} in {domain}, see {other.place}",
                    "an id is one person's in all domains",
                )
            return
        unit = self._unit(home, domain, person)
        if unit:
            sponsor = person.sponsor_unit_id if person.sponsor_unit_id in self._units[domain].by_id else unit
            self._added[domain][folded] = replace(
                person,
                unit_id=unit,
                sponsor_unit_id=sponsor if person.sponsor_unit_id else "",
                address=person.address if person.address.endswith(f"@{domain}") else "",
            )

    def _unit(self, home: str, domain: str, person: Person) -> str:
        """The id of the person's unit in another domain; empty, with a problem, where there is none."""
        there = self._units[domain]
        unit: Unit | None = self._units[home].by_id.get(person.unit_id)
        name = unit.name if unit else person.unit_name
        same = there.by_id.get(person.unit_id)
        if same and key(same.name) == key(name):
            return same.unit_id
        choice = there.choose(name)
        if choice.unit and not choice.in_doubt:
            return choice.unit.unit_id
        hint = f"{choice.hint}; or list the person in the registry of {domain}, with a unit that it has"
        self._problem(person, f"in {domain}: {choice.message}", hint)
        return ""

    def settle(self) -> None:
        """Write the registries anew that have other people now."""
        for domain, registry in self._registries.items():
            added, dropped = self._added[domain], self._dropped[domain]
            if added or dropped:
                stay = (person for person in registry.staff if person.staff_id.casefold() not in dropped)
                self._result.registries[domain] = replace(registry, staff=(*stay, *added.values()))

    def _problem(self, person: Person, why: str, hint: str) -> None:
        self._result.problems.append(f"{person.place}: {why} ({hint})")


def _by_id(staff: Iterable[Person]) -> Iterator[tuple[str, Person]]:
    return ((person.staff_id.casefold(), person) for person in staff if person.staff_id)
