"""The entries of people (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from congvu.directory.model import MANAGED_CLASS, Entry, State
from congvu.directory.operations import Event, Reason
from congvu.directory.states import is_open
from congvu.directory.wanted.compare import differing
from congvu.directory.wanted.model import WantedEntry
from congvu.directory.wanted.values import (
    Values,
    mailbox,
    name_parts,
    new_mailbox,
    one,
    special_quota,
    telephone,
)
from congvu.directory.wanted.work import Work
from congvu.naming.allocation import Issued
from congvu.naming.letters import search_words
from congvu.policy.model import Kind
from congvu.registry.model import Person

CLASSES = ("inetOrgPerson", "inetLocalMailRecipient", MANAGED_CLASS)
_NONE: tuple[str, ...] = ()
_RARE = frozenset({"congvuEnded", "congvuDelegate"})
"""What most entries do not have and has to be looked at."""
_QUOTA = ("person.quota.max", "person.quota.min")


def wanted_people(work: Work) -> Iterator[WantedEntry]:
    """Everybody who is served and whose entry is not already as it should be."""
    issued, accounts, before = work.allocation.people, work.accounts.people, work.accounts.ledger.people
    quota_clause = work.task.clause(*_QUOTA)
    for person in work.staff:
        given = issued.get(person.staff_id)
        if given is None:  # the problem is told
            continue
        held = accounts.get(person.staff_id)
        if held is None:
            yield _new(work, person, given, quota_clause)
            continue
        holding, values = before[person.staff_id], _values(work, person, given)
        if given.holding is holding and _is_so(held, values):
            work.unchanged += 1
            continue
        back = not is_open(held)
        values |= mailbox(work.layout, held, given, holding, work.stamped)
        values["congvuState"] = (str(State.INITIAL),) if back else held.values("congvuState")
        if "congvuDelegate" in held.attributes:
            values["congvuDelegate"] = work.keeping(held, "congvuDelegate")
        if any(differing(True, values, held.attributes)):
            reason = (
                _back(work, person)
                if back
                else Reason(Event.DETAILS, "", str(person.place), "", person.document)
            )
            entry = Entry(held.dn, {"objectClass": held.values("objectClass"), **values})
            yield WantedEntry(entry, reason, quota_clause, person.quota_reason)
        else:
            work.unchanged += 1


def _new(work: Work, person: Person, given: Issued, quota_clause: str) -> WantedEntry:
    values = {
        "objectClass": CLASSES,
        "uid": (person.staff_id,),
        **_values(work, person, given),
        **new_mailbox(work.layout, given, work.task.mail_host, work.stamped),
        "congvuState": (str(work.state_of_new(person)),),
    }
    entry = Entry(
        work.layout.person(person.staff_id), {name: found for name, found in values.items() if found}
    )
    text = f"{person.full_name} joins; address by {given.rule}{special_quota(person)}"
    clause = work.task.clause("person.address[0]")
    return WantedEntry(
        entry, Reason(Event.JOIN, text, str(person.place), clause, person.document), quota_clause
    )


def _back(work: Work, person: Person) -> Reason:
    clause = work.task.clause("returning.needs_document", "returning")
    text = "works again, the old address comes back"
    return Reason(Event.RETURN, text, str(person.place), clause, person.document)


def _values(work: Work, person: Person, given: Issued) -> Values:
    """What the row says of a person, as attributes."""
    surname, given_name = name_parts(person)
    name = (person.full_name,)
    unit = work.units[person.unit_id].name
    return {
        "employeeNumber": (person.staff_id,),
        "cn": name,
        "displayName": name,
        "sn": (surname or given_name,),  # inetOrgPerson must have one; some people have none
        "givenName": one(given_name),
        "title": one(person.position),
        "ou": (unit,),
        "departmentNumber": (person.unit_id,),
        "telephoneNumber": one(telephone(person.phone)),
        "congvuQuota": _quota(work, person),
        "congvuSearch": one(search_words(person.full_name, unit, given.holding.local_part)),
    }


def _is_so(held: Entry, said: Values) -> bool:
    """Whether the entry has all that is `said`, byte for byte, and its mailbox is sound. The usual case."""
    at = held.attributes
    for name, value in said.items():
        if at.get(name, _NONE) != value:
            return False
    return at["mail"] == at.get("mailLocalAddress") and not at.keys() & _RARE


def _quota(work: Work, person: Person) -> tuple[str, ...]:
    """The registry's special case (LD-6.1), else the size of the class, else everybody's."""
    size = person.quota
    if size is None and not person.quota_class:
        return work.usual_quota
    if size is None:
        try:
            size = work.rules.quota_for(Kind.PERSON, person.quota_class)
        except ValueError as problem:
            work.problems.append(f"{person.place}: {problem} (correct the class in one of them)")
            size = work.rules.person_quota
    return (str(size.octets),)
