"""Who leaves: by a row, by a person's decision, or for want of a row in several runs (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from congvu.directory.model import PEOPLE, RIGHTS, UNITS, Entry, State, dn_key
from congvu.directory.operations import Event, Reason
from congvu.directory.scope import is_over
from congvu.directory.states import after_leaving, ended
from congvu.directory.wanted.model import WantedEntry
from congvu.directory.wanted.values import frozen
from congvu.directory.wanted.work import Work
from congvu.registry.model import Person, Status

LEAVING = ("leaving.then", "leaving")
DISSOLUTION = ("dissolution.then", "dissolution.hold", "leaving.then")


def leavers(work: Work) -> Iterator[WantedEntry]:
    """People who leave, as their entries should be."""
    for person in work.task.registry.staff:
        leaves = person.status is Status.LEFT or is_over(person, work.task.today)
        if leaves and not work.set_aside(PEOPLE, person.staff_id):
            held = work.accounts.people.get(person.staff_id)
            if held is None:
                continue
            if ended(held) or held.state is State.PURGED:
                work.unchanged += 1
            else:
                yield end(work, held, _left(work, person))
    for key, told in work.task.left.items():
        row = work.people.get(key.removeprefix(f"{PEOPLE}/"))
        if row and row.status is Status.WORKING:
            work.findings.append(
                f"{row.place}: {row.staff_id} left, as decided ({told}), and works; the row counts"
            )
    yield from without_row(work, PEOPLE, work.people, named=frozenset())


def without_row(
    work: Work, kind: str, rows: Mapping[str, object], named: frozenset[str]
) -> Iterator[WantedEntry]:
    """Accounts in use whose ids are not in `rows`, if it is their time. `named`: ids that rows still name."""
    accounts = work.accounts.people if kind == PEOPLE else work.accounts.units
    clause = work.task.clause(*(LEAVING if kind == PEOPLE else DISSOLUTION))
    event = Event.LEAVE if kind == PEOPLE else Event.UNIT_DISSOLVED
    after = work.rules.sync_absent_runs
    for identifier in sorted(accounts.keys() - rows.keys()):
        held, key = accounts[identifier], f"{kind}/{identifier}"
        if not held.in_use or ended(held) or key in work.task.set_aside:
            continue
        if told := work.task.left.get(key):
            yield end(work, held, Reason(event, f"left, as decided: {told}", clause=clause))
            continue
        if identifier in named:
            work.findings.append(
                f"{held.dn}: {held.value('mail')} has no row, others still name it; untouched"
            )
            continue
        work.absent.add(key)
        runs = work.task.absences.get(key, 0) + 1
        if runs >= after:
            text = f"no row in {runs} runs in a row" if runs > 1 else "no row"
            yield end(work, held, Reason(event, text, clause=clause))
        else:
            work.findings.append(
                f"{held.dn}: {held.value('mail')} has no row for the {_ordinal(runs)} time,"
                f" ended after the {_ordinal(after)}"
            )


def end(work: Work, held: Entry, reason: Reason, **changes: tuple[str, ...]) -> WantedEntry:
    """`held` as it should be when its holder has left."""
    policy = work.task.policy
    then = work.rules.leaving_then
    if held.kind == UNITS and policy.dissolution.then:
        then = policy.dissolution.then
    work.leaving.add(dn_key(held.dn))
    state = after_leaving(held.state, then)
    entry = frozen(held, congvuState=(str(state),), congvuEnded=(work.stamped,), **changes)
    return WantedEntry(entry, reason)


def rights_of_leavers(work: Work, wanted: Iterable[WantedEntry]) -> Iterator[WantedEntry]:
    """Accounts that no row changes, and that give somebody who has left a right.

    `wanted` are the entries that are wanted for other reasons; those have lost such names already.
    """
    known = {item.entry.dn for item in wanted}
    for kind, accounts in ((UNITS, work.accounts.units), (PEOPLE, work.accounts.people)):
        for identifier in sorted(
            key for key, held in accounts.items() if held.attributes.keys() & set(RIGHTS)
        ):
            held = accounts[identifier]
            if held.dn in known or not held.in_use or work.set_aside(kind, identifier):
                continue
            entry = frozen(held, **{right: work.keeping(held, right) for right in RIGHTS})
            if entry.attributes != held.attributes:
                yield WantedEntry(entry, Reason(Event.DETAILS, "", clause=work.task.clause(*LEAVING)))


def _left(work: Work, person: Person) -> Reason:
    clause = work.task.clause(*LEAVING)
    if person.status is not Status.LEFT:
        text, clause = f"the guest's last day was {person.until}", work.task.clause("eligible.guests")
    elif person.action is not None and person.action.ends:
        text = f"left: the row asks to {person.action}"
    else:
        text = "left"
    return Reason(Event.LEAVE, text, str(person.place), clause, person.document)


def _ordinal(number: int) -> str:
    last = 0 if 10 < number % 100 < 14 else number % 10
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"
