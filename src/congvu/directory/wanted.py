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

from congvu.directory.model import DOMAIN_CLASS, MANAGED_CLASS, PEOPLE, UNITS, Entry, Layout, Snapshot, State
from congvu.naming.allocation import (
    Issued,
    PersonRequest,
    Refused,
    UnitRequest,
    allocate_people,
    allocate_units,
)
from congvu.naming.namespace import Namespace
from congvu.policy.effective import Effective, effective
from congvu.policy.model import Policy
from congvu.registry.model import Person, Place, Registry, Status, Unit

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
    layout: Layout, registry: Registry, policy: Policy, ledger: Snapshot, *, mail_host: str, today: date
) -> Wanted:
    """Compute the wanted entries of the domain of `layout`.

    `today` is the date of issue of new addresses; `mail_host` is the store of new mailboxes.
    """
    work = _Work(
        layout=layout,
        registry=registry,
        policy=policy,
        rules=effective(policy),
        ledger=ledger,
        mail_host=mail_host,
        today=today,
    )
    units = work.units()
    people = work.people()
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
    """One computation: the inputs, the namespace that grows, and what was found on the way."""

    def __init__(
        self,
        *,
        layout: Layout,
        registry: Registry,
        policy: Policy,
        rules: Effective,
        ledger: Snapshot,
        mail_host: str,
        today: date,
    ) -> None:
        self._layout, self._registry, self._policy, self._rules = layout, registry, policy, rules
        self._ledger, self._mail_host, self._today = ledger, mail_host, today
        self._unit_by_id = {unit.unit_id: unit for unit in registry.units}
        self._unit_address: dict[str, str] = {}
        self._namespace = Namespace(rules.reserved)
        self.problems: list[str] = []
        self.findings: list[str] = []
        for entry in ledger.entries.values():
            for local_part in self._local_parts(entry):
                self._namespace.claim(local_part, entry.dn)

    def _local_parts(self, entry: Entry) -> list[str]:
        suffix = f"@{self._layout.domain}"
        return [address.removesuffix(suffix) for address in entry.addresses if address.endswith(suffix)]

    def _held(self, dn: str) -> Entry | None:
        entry = self._ledger.get(dn)
        return entry if entry and entry.managed and entry.value("mail") else None

    def _settle(
        self, results: Mapping[str, Issued | Refused], places: Mapping[str, Place]
    ) -> dict[str, Issued]:
        """The issued ones; the refused become problems, in the order of their rows."""
        refused = {key: result for key, result in results.items() if isinstance(result, Refused)}
        for key in sorted(refused, key=lambda key: places[key].row):
            self.problems.append(f"{places[key]}: {refused[key].problem} ({refused[key].hint})")
        return {key: result for key, result in results.items() if isinstance(result, Issued)}

    # Units

    def units(self) -> list[WantedEntry]:
        held = {
            unit.unit_id: entry for unit in self._registry.units if (entry := self._held(self._unit_dn(unit)))
        }
        for unit_id, entry in held.items():
            self._unit_address[unit_id] = entry.value("mail").partition("@")[0]
            self._report_agreement(self._unit_by_id[unit_id], self._unit_address[unit_id])
        requests = [
            UnitRequest(
                id=unit.unit_id,
                name=unit.name,
                kind=unit.kind,
                agreed=unit.address,
                domain=unit.domain,
                parent_id=unit.parent_id,
                registered_on=unit.registered_on,
            )
            for unit in self._registry.units
            if unit.unit_id not in held
        ]
        results = allocate_units(requests, self._policy, self._rules, self._namespace, self._unit_address)
        issued = self._settle(results, {unit.unit_id: unit.place for unit in self._registry.units})
        self._unit_address |= {unit_id: result.local_part for unit_id, result in issued.items()}
        return [
            self._unit_entry(unit, held.get(unit.unit_id), issued.get(unit.unit_id))
            for unit in self._registry.units
            if unit.unit_id in held or unit.unit_id in issued
        ]

    def _report_agreement(self, unit: Unit, local_part: str) -> None:
        if unit.address and unit.address.lower() != local_part:
            self.findings.append(
                f"{unit.place}: {unit.unit_id} holds {local_part}@, the registry says {unit.address}@; "
                "an issued address never changes by itself"
            )

    def _unit_dn(self, unit: Unit) -> str:
        return self._layout.unit(unit.unit_id)

    def _unit_entry(self, unit: Unit, held: Entry | None, issued: Issued | None) -> WantedEntry:
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
        entry = Entry.build(self._unit_dn(unit), _UNIT_CLASSES, values)
        reason = f"{unit.name}, {unit.place}" + (f", by {issued.rule}" if issued else "")
        return WantedEntry(entry, reason, "LD-5.1" if issued else "LD-7.1")

    # People

    def people(self) -> list[WantedEntry]:
        staff = self._registry.staff
        held = {person.staff_id: entry for person in staff if (entry := self._held(self._person_dn(person)))}
        requests = [
            PersonRequest(
                id=person.staff_id,
                ho=person.surname,
                dem=person.middle_name,
                ten=person.given_name,
                full_name=person.full_name,
                unit=self._unit_address.get(person.unit_id, ""),
                unit_path=".".join(self._path(person.unit_id)),
                registered_on=person.registered_on,
            )
            for person in staff
            if person.staff_id not in held and person.status is Status.WORKING
        ]
        results = allocate_people(requests, self._policy, self._namespace)
        issued = self._settle(results, {person.staff_id: person.place for person in staff})
        return [
            self._person_entry(person, held.get(person.staff_id), issued.get(person.staff_id))
            for person in staff
            if person.staff_id in held or person.staff_id in issued
        ]

    def _path(self, unit_id: str) -> list[str]:
        """Local parts from the unit up to the top."""
        path: list[str] = []
        while unit_id:
            path.append(self._unit_address.get(unit_id, ""))
            unit_id = self._unit_by_id[unit_id].parent_id
        return [local_part for local_part in path if local_part]

    def _person_dn(self, person: Person) -> str:
        return self._layout.person(person.staff_id)

    def _person_entry(self, person: Person, held: Entry | None, issued: Issued | None) -> WantedEntry:
        state, why, clause = self._person_state(person, held)
        values = {
            "uid": person.staff_id,
            "employeeNumber": person.staff_id,
            "cn": person.full_name,
            "displayName": person.full_name,
            "sn": person.surname or person.given_name,  # inetOrgPerson must have one; some people have none
            "givenName": person.given_name,
            "title": person.position,
            "ou": self._unit_by_id[person.unit_id].name,
            "departmentNumber": person.unit_id,
            "telephoneNumber": telephone(person.phone),
            "congvuQuota": str(self._rules.person_quota.octets),
            "congvuState": state,
            **self._account(held, issued),
        }
        reason = f"{why}, {person.place}" + (f", by {issued.rule}" if issued else "")
        return WantedEntry(Entry.build(self._person_dn(person), _PERSON_CLASSES, values), reason, clause)

    def _person_state(self, person: Person, held: Entry | None) -> tuple[State, str, str]:
        """The state wanted, the reason and the clause."""
        if held is None:
            return State.INITIAL, person.full_name, "LD-5.2"
        if person.status is Status.LEFT:
            if held.state.gone:
                return held.state, "left", "LD-7.2c"
            return State.REVOKED, "left", "LD-7.2c"
        if held.state is State.REVOKED:
            return State.INITIAL, "working again, the old address comes back", "LD-7.2d"
        if held.state is State.PURGED:
            self.findings.append(
                f"{person.place}: {person.staff_id} works again but the mailbox was purged; decide"
            )
        return held.state, "the registry's row changed", "LD-6.3"

    # Both

    def _account(self, held: Entry | None, issued: Issued | None) -> dict[str, str | tuple[str, ...]]:
        """What makes an entry a mailbox: kept from the ledger, or new."""
        if held is not None:
            return {
                "mail": held.values("mail"),
                "mailLocalAddress": tuple(
                    dict.fromkeys((*held.values("mailLocalAddress"), *self._missing(held)))
                ),
                "mailHost": held.values("mailHost"),
                "congvuIssued": held.values("congvuIssued"),
            }
        assert issued is not None  # noqa: S101  (callers have one or the other)
        address = f"{issued.local_part}@{self._layout.domain}"
        return {
            "mail": address,
            "mailLocalAddress": address,
            "mailHost": self._mail_host,
            "congvuIssued": f"{self._today:%Y%m%d}000000Z",
        }

    @staticmethod
    def _missing(held: Entry) -> tuple[str, ...]:
        """Primary addresses that are not among all addresses, where uniqueness is enforced."""
        present = {address.lower() for address in held.values("mailLocalAddress")}
        return tuple(address for address in held.values("mail") if address.lower() not in present)


def telephone(text: str) -> str:
    """`text` as LDAP takes a telephone number (RFC 4517, 3.3.31): without marks and other signs.

    >>> telephone("0263.3822111 (máy lẻ 12)")
    '0263.3822111 (may le 12)'
    """
    bare = unicodedata.normalize("NFD", _DASHES.sub("-", text).replace("đ", "d").replace("Đ", "D"))
    return _NOT_PRINTABLE.sub("", bare).strip()
