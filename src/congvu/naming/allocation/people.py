"""Addresses of people: those held stay, those to import come first, the others climb the ladder (LD-5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from congvu.naming.allocation.cases import Case, Cases, keep
from congvu.naming.allocation.ladder import Ladder, issue
from congvu.naming.allocation.result import AGREED, How, Issued, ProblemCode
from congvu.naming.allocation.work import Work, counted
from congvu.naming.namespace import key
from congvu.naming.roster import Person
from congvu.policy.model import Kind

_AT_ONCE = 1000
"""So many people are served together: one rendering for all of them, and few of them in memory."""


def serve_people(
    staff: Sequence[Person], paths: Mapping[str, tuple[str, str]], work: Work
) -> dict[str, Issued]:
    """Everybody's address by staff id; problems go to `work`.

    `paths` has each unit's local part, and the local parts from there to the top. Units are served before.
    """
    cases, holdings = Cases(paths, work), work.ledger.people
    issued: dict[str, Issued] = {}
    news: list[Person] = []
    for person in staff:
        held = holdings.get(person.staff_id)
        if held and cases.nothing_new(person, held):
            issued[person.staff_id] = Issued(held, How.KEPT, "")
        else:
            news.append(person)
    news = sort_people(news)
    # Addresses that were held before the ledger knew of them come before the rule.
    by_rule = [person for person in news if not (person.address and _import(person, cases, issued, work))]
    ladder = Ladder(work)
    for start in range(0, len(by_rule), _AT_ONCE):
        needing: list[Case] = []
        for person in by_rule[start : start + _AT_ONCE]:
            held = holdings.get(person.staff_id)
            result = cases.stay_or_follow(person, held) if held else cases.begin(person)
            if isinstance(result, Issued):
                issued[person.staff_id] = result
            elif result:
                needing.append(result)
        ladder.issue(needing, issued)
    return issued


def _import(person: Person, cases: Cases, issued: dict[str, Issued], work: Work) -> bool:
    """Give the address that the registry says was held before. False where it says nothing new."""
    identifier, address = person.staff_id, work.asked(person.address)
    held = work.ledger.people.get(identifier)
    if held and key(address) in map(key, held.every):
        return False
    if objection := work.objection(Kind.PERSON, identifier, address):
        message = f"address to import: {objection.message}"
        work.refuse(Kind.PERSON, identifier, ProblemCode.TAKEN, message, "correct it")
        if held:
            issued[identifier] = keep(held, held.issued_for, work)
        return True
    work.claim(Kind.PERSON, identifier, address)
    issued[identifier] = issue(held, cases.words(person), address, work, rule=AGREED)
    return True


def sort_people(people: Iterable[Person]) -> list[Person]:
    """`people` in `registration_order`: sorted by one plain key after the other, the last one weighing most.

    Lists come sorted by id, and a sort that finds order costs next to nothing; one key of all finds none.
    """
    found = sorted(people, key=lambda person: f"{counted(person.staff_id)}\0{person.staff_id}")
    found.sort(key=lambda person: counted(person.document))
    found.sort(key=lambda person: person.registered_on.toordinal())
    return found
