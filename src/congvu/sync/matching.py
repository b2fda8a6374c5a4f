"""One domain's rows without ids against its accounts (pure).

An account belongs to one row at most. What is certain is settled first; only accounts that nobody claims can
be in doubt. A row in doubt waits for a person, and the accounts it may be about are left alone.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from congvu.directory.model import PEOPLE, Snapshot
from congvu.registry.model import Person, Registry, Status
from congvu.sync.accounts import Account, UnitsToday, accounts_of
from congvu.sync.decisions import Answer, Decision
from congvu.sync.gathered import DomainSource, Doubt
from congvu.sync.likeness import NearNames, Traits

PREFIX = "gen-"
"""What generated ids start with; no personnel office's do."""


@dataclass(slots=True)
class _Row:
    number: int
    """Its index in the registry."""
    person: Person
    traits: Traits
    twin: int
    """Rows before it that say the very same."""


class Matching:
    """One domain's rows without ids against its accounts."""

    def __init__(
        self, source: DomainSource, found: Snapshot, decisions: Mapping[str, Decision], taken: set[str]
    ) -> None:
        """`taken`: every id anybody has or had, in any domain, without case; ids given here are added."""
        self._source, self._decisions, self._taken = source, decisions, taken
        self._units = UnitsToday(source.registry.units)
        self._accounts = accounts_of(source.layout, found, self._units)
        self._claimed = {person.staff_id for person in source.registry.staff if person.staff_id}
        taken.update(map(str.casefold, self._claimed))
        self._ids: dict[int, str] = {}
        self._left: dict[str, Decision] = {}
        self.doubts: list[Doubt] = []
        """What a person must answer."""
        self.findings: list[str] = []
        """What a person should know."""

    def settled(self) -> DomainSource:
        """The domain with ids, and what to leave alone."""
        rows = self._decided(self._rows())
        rows = self._alike(rows, with_phone=True)
        rows = self._alike(rows, with_phone=False)
        self._others(rows)
        waiting = {person for doubt in self.doubts for person in doubt.candidates}
        keys = waiting | self._beside()
        return replace(
            self._source,
            registry=self._registry(),
            set_aside=frozenset(f"{PEOPLE}/{staff_id}" for staff_id in keys),
            left=dict(self._gone(waiting)),
        )

    # The rows

    def _rows(self) -> Iterator[_Row]:
        seen: Counter[Traits] = Counter()
        for number, person in enumerate(self._source.registry.staff):
            if person.staff_id:
                continue
            traits = Traits.of(person.full_name, self._units.of(person.unit_id), person.phone)
            yield _Row(number, person, traits, seen[traits])
            seen[traits] += 1

    def _doubt_id(self, row: _Row) -> str:
        """What the doubt about a row is called: the same as long as the row says the same."""
        return "D-" + _hash(self._source.domain, *_parts(row.traits), str(row.twin))

    def _registry(self) -> Registry:
        """Everybody who is settled, in the order of the list."""
        staff: list[Person] = []
        for number, person in enumerate(self._source.registry.staff):
            if person.staff_id:
                staff.append(person)
            elif staff_id := self._ids.get(number):
                staff.append(replace(person, staff_id=staff_id))
        return replace(self._source.registry, staff=tuple(staff))

    def _claim(self, row: _Row, staff_id: str) -> None:
        self._ids[row.number] = staff_id
        self._claimed.add(staff_id)
        self._taken.add(staff_id.casefold())

    # What a person decided

    def _decided(self, rows: Iterable[_Row]) -> list[_Row]:
        rest: list[_Row] = []
        for row in rows:
            decision = self._decisions.get(self._doubt_id(row)) if self._decisions else None
            if decision is None:
                rest.append(row)
            elif why := self._misfit(decision):
                self.findings.append(
                    f"{row.person.place}: the decision of {decision.at} about {decision.doubt} does not fit "
                    f"any more: {why} (decide once more with 'congvu sync decide')"
                )
                rest.append(row)
            else:
                self._claim(row, decision.staff_id)
                if decision.answer is Answer.LEFT:
                    self._left |= dict.fromkeys(decision.candidates, decision)
        return rest

    def _misfit(self, decision: Decision) -> str:
        if decision.staff_id in self._claimed:
            return f"{decision.staff_id} is another row's"
        if decision.answer is Answer.SAME and decision.staff_id not in self._accounts:
            return f"there is no account {decision.staff_id}"
        return ""

    def _gone(self, waiting: set[str]) -> Iterator[tuple[str, str]]:
        """Accounts in use whose holder has left, as a person decided, and why."""
        for staff_id, decision in self._left.items():
            account = self._accounts.get(staff_id)
            if staff_id in self._claimed:
                self.findings.append(
                    f"{staff_id} has a row, although {decision.author} decided on {decision.at} that its "
                    f"holder has left ({decision.doubt}); the row counts"
                )
            elif account and account.in_use and staff_id not in waiting:
                why = f"left, decided by {decision.author}: {decision.reason} ({decision.doubt})"
                yield f"{PEOPLE}/{staff_id}", why

    # What is certain

    def _alike(self, rows: list[_Row], *, with_phone: bool) -> list[_Row]:
        """Settle the rows of which name, unit and telephone, or name and unit alone, say who it is."""
        accounts: dict[tuple[str, ...], list[Account]] = {}
        for account in self._accounts.values():
            if account.staff_id not in self._claimed:
                accounts.setdefault(_form(account.traits, with_phone=with_phone), []).append(account)
        asked = Counter(_form(row.traits, with_phone=with_phone) for row in rows)
        rest: list[_Row] = []
        for row in rows:
            form = _form(row.traits, with_phone=with_phone)
            # One that ended comes back by all three only; a row that says so itself may be about it.
            ended = (with_phone and bool(row.traits.phone)) or row.person.status is Status.LEFT
            one = _only(accounts.get(form, ()), ended=ended) if asked[form] == 1 else None
            if one and (with_phone or not (row.traits.phone and one.traits.phone)):
                self._claim(row, one.staff_id)
            else:
                rest.append(row)
        return rest

    # What is new, and what is in doubt

    def _others(self, rows: list[_Row]) -> None:
        free = [account for account in self._accounts.values() if account.staff_id not in self._claimed]
        named: dict[str, list[Account]] = {}
        for account in free:
            named.setdefault(account.traits.name, []).append(account)
        near: NearNames | None = None
        says = Counter(row.traits for row in rows)
        for row in rows:
            candidates = [one for one in named.get(row.traits.name, ()) if _similar(row.traits, one)]
            if not candidates and free:
                near = near or NearNames((one.staff_id, one.traits) for one in free if one.in_use)
                candidates = [self._accounts[staff_id] for staff_id in near.of(row.traits)]
            if candidates or says[row.traits] > 1:
                self._doubt(row, candidates, says[row.traits])
            elif row.person.status is Status.LEFT:
                self.findings.append(f"{row.person.place}: {row.person.full_name} left and had no account")
            else:
                self._claim(row, self._new_id(row))

    def _doubt(self, row: _Row, candidates: list[Account], twins: int) -> None:
        reasons = [f"may be {account}: {_why(row.traits, account.traits)}" for account in candidates]
        if twins > 1:
            reasons.append(f"{twins} rows say the same: one person twice, or namesakes")
        self.doubts.append(
            Doubt(
                self._doubt_id(row),
                self._source.domain,
                row.person,
                f"{row.person.full_name} " + "; ".join(reasons),
                tuple(account.staff_id for account in candidates),
                self._new_id(row),
            )
        )

    def _new_id(self, row: _Row) -> str:
        """An id that nobody has or had, the same whenever it is asked for with the same directory."""
        doubt, registered = self._doubt_id(row), row.person.registered_on.isoformat()
        number = 0
        while True:
            staff_id = PREFIX + _hash(doubt, registered, str(number))
            if staff_id.casefold() not in self._taken:
                return staff_id
            number += 1

    # What is set aside

    def _beside(self) -> set[str]:
        aside = self._source.aside
        return {
            account.staff_id
            for account in (self._accounts.values() if aside else ())
            if account.entry.unit_id in aside.units
            or account.traits.name in aside.names
            or account.staff_id.casefold() in aside.people
        }


def _form(traits: Traits, *, with_phone: bool) -> tuple[str, ...]:
    return _parts(traits) if with_phone else _parts(traits)[:3]


def _parts(traits: Traits) -> tuple[str, str, str, str]:
    return traits.name, traits.marks, traits.unit, traits.phone


def _only(accounts: Iterable[Account], *, ended: bool) -> Account | None:
    """The only account in use; where there is none and it may have `ended`, the only tombstone."""
    alive = [account for account in accounts if account.in_use]
    gone = [account for account in accounts if not account.in_use]
    if len(alive) == 1:
        return alive[0]
    return gone[0] if ended and not alive and len(gone) == 1 else None


def _similar(row: Traits, account: Account) -> bool:
    """Whether an account of the same name, but for marks, may be the row's.

    Namesakes are many, and most of them ended some day: a tombstone needs more in common.
    """
    other = account.traits
    close = row.unit == other.unit or (row.phone != "" and row.phone == other.phone)
    same = row.marks == other.marks
    return (close or same) if account.in_use else (close and same)


def _why(row: Traits, account: Traits) -> str:
    parts = []
    if row.name != account.name:
        parts.append("a name that is near")
    elif row.marks != account.marks:
        parts.append("the same name with other marks")
    else:
        parts.append("the same name")
    parts.append("the same unit" if row.unit == account.unit else "another unit")
    if row.phone and account.phone:
        parts.append("the same telephone" if row.phone == account.phone else "another telephone")
    else:
        parts.append("no telephone to compare")
    return ", ".join(parts)


def _hash(*parts: str) -> str:
    """Sixty bits of SHA-256, in twelve letters and digits."""
    whole = hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).digest()
    return b32encode(whole)[:12].decode().lower()
