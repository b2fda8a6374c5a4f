"""What the directory should hold: registry + policy + ledger → wanted entries (pure).

The ledger is the snapshot of LDAP. Whoever holds an address there keeps it, with everything that other
hands put beside it (aliases, the mail host after a move, the date of issue); the rest is computed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from congvu.directory.ledger import read_holding, read_ledger, write_holding
from congvu.directory.model import DOMAIN_CLASS, MANAGED_CLASS, PEOPLE, UNITS, Entry, Layout, Snapshot, State
from congvu.directory.scope import people_out_of_scope, units_out_of_scope
from congvu.naming.allocation import How, Issued, allocate
from congvu.naming.ledger import Holding
from congvu.naming.names import readings
from congvu.policy.effective import effective
from congvu.policy.model import Kind, Policy
from congvu.policy.source import NO_SOURCES, Source
from congvu.policy.values import Size
from congvu.registry.model import Person, Registry, Status, Unit

_PERSON_CLASSES = ("inetOrgPerson", "inetLocalMailRecipient", MANAGED_CLASS)
_UNIT_CLASSES = ("organizationalUnit", "inetLocalMailRecipient", MANAGED_CLASS)
# RFC 4517, 3.3.31: a telephone number is a printable string.
_DASHES = re.compile(r"[\u2010-\u2015]")
_NOT_PRINTABLE = re.compile(r"[^A-Za-z0-9'()+,./:? -]+")


@dataclass(frozen=True, slots=True)
class WantedEntry:
    """An entry as it should be, and why it is wanted."""

    entry: Entry
    reason: str
    clause: str
    """Clause of the regulation or the design that asks for it."""
    quota_clause: str = ""
    """Clause that the size of the mailbox comes from."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One domain's wanted entries, in an order in which they can be added."""

    layout: Layout
    structure: tuple[WantedEntry, ...]
    units: tuple[WantedEntry, ...]
    people: tuple[WantedEntry, ...]
    problems: tuple[str, ...]
    """What a person must settle before anything is written, each with file and row."""
    findings: tuple[str, ...]
    """What a person should know; it stops nothing."""


def wanted(
    layout: Layout,
    registry: Registry,
    policy: Policy,
    found: Snapshot,
    *,
    mail_host: str,
    today: date,
    cited: Mapping[str, Source] = NO_SOURCES,
) -> Wanted:
    """Compute the wanted entries of the domain of `layout`.

    `today` is the date of issue of new addresses; `mail_host` is the store of new mailboxes; `cited` says
    which clause each of the policy's values comes from.
    """
    work = _Work(layout, registry, policy, found, cited=cited, mail_host=mail_host, today=today)
    units = [entry for unit in work.units if (entry := work.unit(unit))]
    people = [entry for person in work.staff if (entry := work.person(person))]
    work.tell()
    return Wanted(
        layout,
        tuple(_structure(layout)),
        tuple(units),
        tuple(people),
        tuple(work.problems),
        tuple(work.findings),
    )


def _structure(layout: Layout) -> Iterable[WantedEntry]:
    for dn in layout.steps[:-1]:
        label = dn.split(",", 1)[0].removeprefix("dc=")
        yield WantedEntry(
            Entry.build(dn, ("domain",), {"dc": label}), "a step towards the domain", "DESIGN Directory"
        )
    label = layout.dn.split(",", 1)[0].removeprefix("dc=")
    classes = ("domain", "domainRelatedObject", DOMAIN_CLASS)
    values = {"dc": label, "associatedDomain": layout.domain}
    yield WantedEntry(Entry.build(layout.dn, classes, values), "the mail domain", "DESIGN Directory")
    for dn, name in ((layout.units, UNITS), (layout.people, PEOPLE)):
        yield WantedEntry(
            Entry.build(dn, ("organizationalUnit",), {"ou": name}), "a container", "DESIGN Directory"
        )


class _Work:
    """One computation: the inputs, and what was found on the way."""

    def __init__(
        self,
        layout: Layout,
        registry: Registry,
        policy: Policy,
        found: Snapshot,
        *,
        cited: Mapping[str, Source],
        mail_host: str,
        today: date,
    ) -> None:
        self._layout, self._registry, self._found = layout, registry, found
        self._cited, self._mail_host, self._today = cited, mail_host, today
        self._rules = effective(policy)
        self._unit_by_id = {unit.unit_id: unit for unit in registry.units}
        self.problems: list[str] = []
        self.findings: list[str] = []
        units_out = units_out_of_scope(registry, policy)
        people_out = people_out_of_scope(registry, policy, units_out, today)
        self.units = tuple(unit for unit in registry.units if unit.unit_id not in units_out)
        self.staff = tuple(person for person in registry.staff if person.staff_id not in people_out)
        for row, identifier, reason in (
            *((unit.place, unit.unit_id, units_out.get(unit.unit_id)) for unit in registry.units),
            *((person.place, person.staff_id, people_out.get(person.staff_id)) for person in registry.staff),
        ):
            if reason:
                self.findings.append(f"{row}: {identifier} is out of scope: {reason}")
        working = tuple(person for person in self.staff if person.status is Status.WORKING)
        ledger = read_ledger(layout, found)
        self._allocation = allocate(Registry(self.units, working), policy, ledger, today=today)

    def tell(self) -> None:
        """What naming could not settle: a problem for who has no address, a finding for who keeps one."""
        places = {(Kind.UNIT, unit.unit_id): unit.place for unit in self.units}
        places |= {(Kind.PERSON, person.staff_id): person.place for person in self.staff}
        order = {key: number for number, key in enumerate(places)}
        for problem in sorted(self._allocation.problems, key=lambda one: order[one.kind, one.id]):
            served = self._allocation.units if problem.kind is Kind.UNIT else self._allocation.people
            lines = self.findings if problem.id in served else self.problems
            lines.append(f"{places[problem.kind, problem.id]}: {problem}")

    def _clause(self, *keys: str) -> str:
        """The clauses that the policy names for the first of `keys` that it has."""
        for key in keys:
            if key in self._cited and (marks := self._cited[key].marks):
                return ", ".join(marks)
        return "[choice]"

    def _held(self, dn: str) -> Entry | None:
        entry = self._found.get(dn)
        return entry if entry and entry.managed and entry.value("mail") else None

    # Units

    def unit(self, unit: Unit) -> WantedEntry | None:
        """The entry of `unit`; None while it has no address."""
        dn = self._layout.unit(unit.unit_id)
        held, issued = self._held(dn), self._allocation.units.get(unit.unit_id)
        if issued is None:
            return None
        values = {
            "uid": unit.unit_id,
            "ou": unit.name,
            "cn": unit.name,
            "displayName": unit.name,
            "congvuParent": self._layout.unit(unit.parent_id) if unit.parent_id else "",
            "congvuQuota": str(self._rules.unit_quota.octets),
            "congvuState": held.state if held else State.INITIAL,
            **self._account(held, issued),
        }
        reason = f"{unit.name}, {unit.place}{_by(issued)}"
        clause = self._clause("unit.address[0]", "unit.address")
        quota = self._clause("unit.quota.max", "unit.quota.min")
        return WantedEntry(Entry.build(dn, _UNIT_CLASSES, values), reason, clause, quota)

    # People

    def person(self, person: Person) -> WantedEntry | None:
        """The entry of `person`; None for who has no address, and for who left before having one."""
        dn = self._layout.person(person.staff_id)
        held, issued = self._held(dn), self._allocation.people.get(person.staff_id)
        if held is not None and person.status is Status.LEFT:
            issued = Issued(read_holding(self._layout, held), How.KEPT, "")
        if issued is None:
            return None
        state, why, clause = self._person_state(person, held, issued)
        surname, given_name = _parts(person)
        values = {
            "uid": person.staff_id,
            "employeeNumber": person.staff_id,
            "cn": person.full_name,
            "displayName": person.full_name,
            "sn": surname or given_name,  # inetOrgPerson must have one; some people have none
            "givenName": given_name,
            "title": person.position,
            "ou": self._unit_by_id[person.unit_id].name,
            "departmentNumber": person.unit_id,
            "telephoneNumber": telephone(person.phone),
            "congvuQuota": str(self._person_quota(person).octets),
            "congvuState": state,
            **self._account(held, issued),
        }
        reason = f"{why}, {person.place}{_by(issued)}"
        quota = self._clause("person.quota.max", "person.quota.min")
        return WantedEntry(Entry.build(dn, _PERSON_CLASSES, values), reason, clause, quota)

    def _person_quota(self, person: Person) -> Size:
        """The registry's special case (LD-6.1), else the size of the class, else everybody's."""
        if person.quota:
            return person.quota
        try:
            return self._rules.quota_for(Kind.PERSON, person.quota_class)
        except ValueError as problem:
            self.problems.append(f"{person.place}: {problem} (correct the class in one of them)")
            return self._rules.person_quota

    def _person_state(self, person: Person, held: Entry | None, issued: Issued) -> tuple[State, str, str]:
        """The state wanted, the reason and the clause."""
        if held is None:
            return State.INITIAL, person.full_name, self._clause("person.address[0]")
        if person.status is Status.LEFT:
            if held.state.gone:
                return held.state, "left", self._clause("leaving.then")
            return State.REVOKED, "left", self._clause("leaving.then")
        if held.state is State.REVOKED:
            clause = self._clause("returning.address", "returning")
            return State.INITIAL, "working again, the old address comes back", clause
        if held.state is State.PURGED:
            self.findings.append(
                f"{person.place}: {person.staff_id} works again but the mailbox was purged; decide"
            )
        if issued.how is How.CHANGED:
            return held.state, "the name or the unit changed", self._clause("person.address[0]")
        return held.state, "the registry's row changed", self._clause("registry.kept_by")

    # Both

    def _account(self, held: Entry | None, issued: Issued) -> Mapping[str, str | tuple[str, ...]]:
        """What makes an entry a mailbox: verbatim from the directory where it stays, else new."""
        written = write_holding(self._layout, issued.holding)
        if held is None:
            now = f"{self._today:%Y%m%d}000000Z"
            return {**written, "mailHost": self._mail_host, "congvuIssued": now}
        written |= {"mailHost": held.values("mailHost"), "congvuIssued": held.values("congvuIssued")}
        if issued.how is How.CHANGED:
            return {**written, "congvuIssued": f"{self._today:%Y%m%d}000000Z"}
        if _addresses(issued.holding) == _addresses(read_holding(self._layout, held)):
            for name in ("mail", "mailLocalAddress", "congvuAliasUntil", "congvuFormerAddress"):
                written[name] = held.values(name)
            if not set(map(str.lower, held.values("mail"))) <= set(
                map(str.lower, held.values("mailLocalAddress"))
            ):
                written["mailLocalAddress"] = (*held.values("mailLocalAddress"), *held.values("mail"))
        return written


def _addresses(holding: Holding) -> tuple[object, ...]:
    return holding.local_part, holding.aliases, holding.former


def _by(issued: Issued) -> str:
    return f", by {issued.rule}" if issued.rule else ""


def _parts(person: Person) -> tuple[str, str]:
    """Surname and given name; of a name in one piece, where it has one reading only, else the whole."""
    if person.given_name:
        return person.surname, person.given_name
    found = readings(person.full_name)
    return (found[0].ho, found[0].ten) if len(found) == 1 else (person.full_name, "")


def telephone(text: str) -> str:
    """`text` as LDAP takes a telephone number (RFC 4517, 3.3.31): without marks and other signs.

    >>> telephone("0263.3822111 (máy lẻ 12)")
    '0263.3822111 (may le 12)'
    """
    bare = unicodedata.normalize("NFD", _DASHES.sub("-", text).replace("đ", "d").replace("Đ", "D"))
    return _NOT_PRINTABLE.sub("", bare).strip()
