"""One computation of the wanted entries: the inputs, who is served, and what was found on the way (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from congvu.directory.ledger import read_accounts
from congvu.directory.model import PEOPLE, UNITS, Entry, Snapshot, State, dn_key
from congvu.directory.scope import is_over, people_out_of_scope, units_out_of_scope
from congvu.directory.states import ended, is_open, stamp
from congvu.directory.wanted.model import Task
from congvu.naming.allocation import Allocation, allocate
from congvu.naming.ledger import parts
from congvu.policy.effective import effective
from congvu.policy.model import Kind
from congvu.registry.model import Action, Person, Registry, Status, Unit
from congvu.registry.places import Place

_BASIS = 4
"""What a unit's address is formed from: name, domain, the unit above, kind."""


class Work:
    """Sorts the rows: whom to serve, who leaves, whom to leave alone; then lets naming speak."""

    def __init__(self, task: Task, found: Snapshot) -> None:
        self.task, self.layout, self.found = task, task.layout, found
        self.rules = effective(task.policy)
        self.stamped = stamp(task.today)
        self.usual_quota = (str(self.rules.person_quota.octets),)
        registry = task.registry
        self.units: Mapping[str, Unit] = {unit.unit_id: unit for unit in registry.units}
        self.people: Mapping[str, Person] = {person.staff_id: person for person in registry.staff}
        self.accounts = read_accounts(task.layout, found, units=self.units, people=self.people)
        self.problems: list[str] = []
        self.findings: list[str] = []
        self.leaving: set[str] = set()
        """`dn_key` of the accounts that end in this run."""
        self.absent: set[str] = set()
        self.unchanged = 0
        self._same_id()
        self.units_out = units_out_of_scope(registry, task.policy)
        self.serving = tuple(self._units_to_serve())
        self.staff = tuple(self._people_to_serve())
        self.allocation = self._allocate()

    def _same_id(self) -> None:
        """LDAP does not tell capitals from small letters: two such ids would be one entry."""
        for rows in (self.units, self.people):
            seen: dict[str, str] = {}
            for identifier, row in rows.items():
                other = seen.setdefault(identifier.lower(), identifier)
                if other != identifier:
                    self.problems.append(
                        f"{row.place}: the ids {other} and {identifier} are one for LDAP"
                        " (give one of them another)"
                    )

    def set_aside(self, kind: str, identifier: str) -> bool:
        """Whether the registry could not say what it has of this account."""
        return f"{kind}/{identifier}" in self.task.set_aside

    def _units_to_serve(self) -> Iterator[Unit]:
        for unit in self.task.registry.units:
            if self.set_aside(UNITS, unit.unit_id):
                continue
            held = self.accounts.units.get(unit.unit_id)
            if unit.status is Status.LEFT:
                continue
            if reason := self.units_out.get(unit.unit_id):
                self.findings.append(f"{unit.place}: {unit.unit_id} is out of scope: {reason}")
            elif held is None or self._open(held, unit):
                yield unit

    def _people_to_serve(self) -> Iterator[Person]:
        out = people_out_of_scope(self.task.registry, self.task.policy, self.units_out, self.task.today)
        people = self.accounts.people
        for person in self.task.registry.staff:
            if person.status is Status.LEFT or (
                self.task.set_aside and self.set_aside(PEOPLE, person.staff_id)
            ):
                continue
            held = people.get(person.staff_id)
            if out and (reason := out.get(person.staff_id)):
                if held is None or not is_over(person, self.task.today):  # else it ends
                    self.findings.append(f"{person.place}: {person.staff_id} is out of scope: {reason}")
                continue
            if (held is None or self._open(held, person)) and self._has_unit(person):
                yield person

    def _has_unit(self, person: Person) -> bool:
        """Whether the person's unit goes on; what is wrong is told."""
        unit = self.units.get(person.unit_id)
        if unit is None:
            self.problems.append(
                f"{person.place}: {person.staff_id} works in {person.unit_id!r},"
                " which has no row (correct the unit)"
            )
            return False
        if unit.status is Status.WORKING:
            return True
        taking = ", ".join(unit.successor_ids)
        message = f"{person.place}: {person.staff_id} works in {unit.unit_id}, which is dissolved"
        if len(unit.successor_ids) == 1:
            self.findings.append(f"{message}; {taking} takes over, the row still has to say so")
        else:
            hint = (
                f"say which of {taking} the person works in" if taking else "say where the person works now"
            )
            self.problems.append(f"{message} ({hint})")
        return True

    def state_of_new(self, row: Unit | Person) -> State:
        """The state that an account begins in: it waits where a decision is needed and the row names none."""
        waits = self.task.policy.joining.needs_approval and not row.document
        return State.PENDING if waits else State.INITIAL

    def _open(self, held: Entry, row: Unit | Person) -> bool:
        """Whether an account is open, or comes back; why not is told."""
        if is_open(held):
            return True
        identifier = row.unit_id if isinstance(row, Unit) else row.staff_id
        who = f"{row.place}: {identifier} works again"
        restore = isinstance(row, Person) and row.action is Action.RESTORE
        if not ended(held) and not restore:
            self.findings.append(
                f"{row.place}: {identifier} was revoked by other hands"
                " and stays so until the row asks to restore it"
            )
            return False
        if self.task.policy.returning.needs_document and not row.document:
            self.findings.append(
                f"{who}; the mailbox waits for the number of the document that asks for it"
                f" ({self.task.clause('returning.needs_document')})"
            )
            return False
        return True

    def _allocate(self) -> Allocation:
        register = Registry((*self.serving, *self._units_that_speak()), self.staff)
        return allocate(register, self.task.policy, self.accounts.ledger, today=self.task.today)

    def _units_that_speak(self) -> Iterator[Unit]:
        """Units that are not served and have an address: those below them and in them have it in theirs."""
        served = {unit.unit_id for unit in self.serving}
        for identifier, held in self.accounts.units.items():
            if identifier in served:
                continue
            if identifier in self.units:
                yield self.units[identifier]
            elif self.set_aside(UNITS, identifier):
                yield _as_issued(identifier, held, self.found.get(held.value("congvuParent")))

    def tell(self) -> None:
        """What naming could not settle: a problem for who has no address, a finding for who keeps one."""
        rows = {(Kind.UNIT, unit.unit_id): unit.place for unit in self.serving}
        if self.allocation.problems:
            rows |= {(Kind.PERSON, person.staff_id): person.place for person in self.staff}
        order = {key: number for number, key in enumerate(rows)}
        told = (problem for problem in self.allocation.problems if (problem.kind, problem.id) in order)
        for problem in sorted(told, key=lambda one: order[one.kind, one.id]):
            served = self.allocation.units if problem.kind is Kind.UNIT else self.allocation.people
            lines = self.findings if problem.id in served else self.problems
            lines.append(f"{rows[problem.kind, problem.id]}: {problem}")

    def in_use(self) -> int:
        """Accounts that are in use now."""
        ledger = self.accounts.ledger
        return sum(not held.gone for holdings in (ledger.units, ledger.people) for held in holdings.values())

    def has_left(self, account: Entry) -> bool:
        """Whether the holder of an account has left, or leaves in this run."""
        if dn_key(account.dn) in self.leaving:
            return True
        return (account.state.gone or ended(account)) and account.value("uid") not in self.allocation.people

    def keeping(self, held: Entry, right: str) -> tuple[str, ...]:
        """Those whom `held` names in the attribute `right`, without who has left."""
        return tuple(dn for dn in held.values(right) if not self._left(dn))

    def _left(self, dn: str) -> bool:
        entry = self.found.get(dn)
        return entry is not None and entry.managed and self.has_left(entry)


def _as_issued(identifier: str, held: Entry, parent: Entry | None) -> Unit:
    """A unit as it was when its address was issued, in place of the row that the registry could not say."""
    said = parts(held.value("congvuIssuedFor"))
    name, domain, _, kind = said if len(said) == _BASIS else (held.value("cn"), "", "", "")
    above = parent.value("uid") if parent else ""
    return Unit(Place(held.dn, 0), identifier, name, kind, above, "", domain, date.min)
