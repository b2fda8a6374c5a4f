"""Addresses of people: a name, its readings, the ladder, the number of a namesake (LD-5.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from congvu.naming.allocation.result import AGREED, How, Issued, ProblemCode
from congvu.naming.allocation.work import Work, registration_order
from congvu.naming.ledger import Holding, basis, parts
from congvu.naming.letters import FoldError, fold
from congvu.naming.names import Name, readings
from congvu.naming.namespace import key
from congvu.naming.roster import Person
from congvu.naming.template import render_all, render_person
from congvu.policy.model import AddressChange, Kind, NumberingScope
from congvu.policy.template import PERSON, PersonTemplate
from congvu.policy.values import is_local_part


class Values(NamedTuple):
    """The variables of a person's template, in the order of `congvu.policy.template.PERSON`."""

    ho: str
    dem: str
    ten: str
    hovaten: str
    base: str
    n: str
    unit: str
    unit_path: str
    birth_year: str
    birth_month: str
    citizen_id: str


class _Words(NamedTuple):
    """What an address is formed from, as written; with the number, the `basis` in the ledger."""

    ho: str
    dem: str
    ten: str
    written: str
    """Empty where the name is written surname first."""
    unit: str
    unit_path: str


class _Case(NamedTuple):
    """Somebody who needs an address now: the first, or another one."""

    person: Person
    held: Holding | None
    words: _Words
    values: Values


@dataclass(frozen=True, slots=True)
class _Rung:
    template: PersonTemplate
    source: str
    numbered: bool
    needs: tuple[str, ...]
    """Variables that must not be empty."""
    uses_more: bool
    """Whether it has other variables than ``base`` and ``n``."""

    def missing(self, values: Values) -> str:
        """What the registry would have to say for this rung to apply; empty when it applies."""
        return next((_WANTED[name] for name in self.needs if not getattr(values, name)), "")


_HERE = "\0"
"""Stands for the number while a rung is rendered once for all namesakes."""
_AT_ONCE = 1000
"""So many people are served together: one rendering for all of them, and few of them in memory."""
_WANTED = {
    "unit": "an address of the unit",
    "unit_path": "an address of the unit",
    "birth_year": "the date of birth",
    "birth_month": "the date of birth",
    "citizen_id": "the number of the citizen's card",
}
"""Variables without which a rung does not apply, and what they come from."""


def serve_people(
    staff: Sequence[Person], paths: Mapping[str, tuple[str, str]], work: Work
) -> dict[str, Issued]:
    """Everybody's address by staff id; problems go to `work`.

    `paths` has each unit's local part, and the local parts from there to the top. Units are served before.
    """
    return _People(paths, work).serve(staff)


class _People:
    def __init__(self, paths: Mapping[str, tuple[str, str]], work: Work) -> None:
        self._paths, self._work, self._rules = paths, work, work.rules
        self._claim, self._longest = work.namespace.claim, work.rules.person_max_length
        self._rungs = tuple(
            _Rung(
                rung,
                rung.source,
                rung.numbered,
                needs=tuple(name for name in _WANTED if rung.uses(name)),
                uses_more=any(rung.uses(name) for name in PERSON if name not in ("base", "n")),
            )
            for rung in work.policy.person.address
        )
        # Where no unit is in the address, who has the same address has the same name in the whole domain.
        self._per_domain = work.rules.person_numbering_scope is NumberingScope.DOMAIN and bool(
            {"unit", "unit_path"} & set(self._rungs[0].needs)
        )
        # What is counted -> the next number to try: counting from 2 for each namesake would be quadratic.
        self._numbers: dict[str, int] = {}
        self._around: dict[tuple[str, str, Values | None], tuple[str, str, str]] = {}

    def serve(self, staff: Sequence[Person]) -> dict[str, Issued]:
        issued: dict[str, Issued] = {}
        news: list[Person] = []
        holdings = self._work.ledger.people
        for person in staff:
            held = holdings.get(person.staff_id)
            if held and self._nothing_new(person, held):
                issued[person.staff_id] = Issued(held, How.KEPT, "")
            else:
                news.append(person)
        news.sort(key=_order)
        # Addresses that were held before the ledger knew of them come before the rule.
        by_rule = [person for person in news if not (person.address and self._import(person, issued))]
        if self._per_domain:
            self._count_those_before()
        for start in range(0, len(by_rule), _AT_ONCE):
            self._serve_some(by_rule[start : start + _AT_ONCE], issued)
        return issued

    def _serve_some(self, people: Sequence[Person], issued: dict[str, Issued]) -> None:
        """The next ones in the order of registration."""
        cases: list[_Case] = []
        for person in people:
            held = self._work.ledger.people.get(person.staff_id)
            result = self._stay_or_follow(person, held) if held else self._begin(person)
            if isinstance(result, Issued):
                issued[person.staff_id] = result
            elif result:
                cases.append(result)
        values = [case.values for case in cases]
        bases = render_all(self._rungs[0].template, values)
        for case, base, group in zip(cases, bases, self._groups(values, bases), strict=True):
            self._by_rule(case, base, group, issued)

    # Who needs an address

    def _words(self, person: Person) -> tuple[tuple[_Words, str], ...]:
        """Every reading of the person's name, at least one, and why it is one."""
        unit, path = self._paths.get(person.unit_id, ("", ""))
        if person.given_name:
            words = _Words(
                person.surname, person.middle_name, person.given_name, person.written_name, unit, path
            )
            return ((words, ""),)
        names = readings(person.written_name) or (Name("", "", "", ""),)
        return tuple((_Words(*_as_written(name), unit, path), f"{name}; {name.why}") for name in names)

    def _begin(self, person: Person) -> _Case | None:
        """Somebody who never had an address. None after noting a problem."""
        found = self._words(person)
        try:
            cases = [_Case(person, None, words, _values(words, person)) for words, _ in found]
        except FoldError as problem:
            self._refuse(person, ProblemCode.LETTER, str(problem), "correct the name")
            return None
        if not cases[0].values.ten:
            name = person.given_name or person.written_name
            message = f"the given name {name!r} has no letters"
            self._refuse(person, ProblemCode.LETTER, message, "correct the name")
            return None
        if len(cases) > 1 and not self._one_address(person, cases, [why for _, why in found]):
            return None
        return cases[0]

    def _one_address(self, person: Person, cases: Sequence[_Case], why: Sequence[str]) -> bool:
        """Whether all readings give the same address; that there are several is noted in any case."""
        spoken = [self._spoken(case.values) for case in cases]
        same = all(other == spoken[0] for other in spoken)
        told = " or ".join(f"{first[0]!r} ({reason})" for first, reason in zip(spoken, why, strict=True))
        name = person.written_name
        message = f"{name!r} has several readings, the address is the same" if same else f"{name!r}: {told}"
        self._refuse(person, ProblemCode.NEEDS_NAME_SPLIT, message, "fill in the columns for họ, đệm and tên")
        return same

    def _stay_or_follow(self, person: Person, held: Holding) -> Issued | _Case:
        """The address held; or a case, where the registry says something else than when it was issued."""
        how = How.RETURNED if held.gone else How.KEPT
        before, number = _read_basis(held.issued_for)
        try:
            now = self._words_now(person, before)
            no_unit = before is not None and bool(before.unit) and not now.unit
            target = self._followed(before or now, now)
            values = _values(target, person)
            if not (no_unit or self._spoken(values) == self._spoken(_values(before or now, person))):
                return _Case(person, held, target, values)
        except FoldError as problem:
            self._refuse(person, ProblemCode.LETTER, str(problem), "correct the name; the address stays")
            return Issued(self._work.current(held, held.issued_for), how, "")
        issued_for = held.issued_for if no_unit else basis((*now, number))
        return Issued(self._work.current(held, issued_for), how, "")

    def _words_now(self, person: Person, before: _Words | None) -> _Words:
        """What the registry says of who has an address. Where it does not split a name, the ledger may."""
        found = self._words(person)
        if person.given_name or before is None:
            return found[0][0]
        unit, path = found[0][0][4:]
        if len(found) > 1 and not _same_name(before, person.written_name):
            self._refuse(
                person,
                ProblemCode.NEEDS_NAME_SPLIT,
                f"{person.written_name!r} is a new name and has several readings; the address stays",
                "fill in the columns for họ, đệm and tên",
            )
        elif not _same_name(before, person.written_name):
            return found[0][0]
        return before._replace(unit=unit, unit_path=path)

    def _nothing_new(self, person: Person, held: Holding) -> bool:
        """Whether all that the registry says is what it said when the address was issued. The usual case."""
        if held.gone or held.aliases or person.address or not person.given_name:
            return False
        unit, path = self._paths.get(person.unit_id, ("", ""))
        name = f"{person.surname}|{person.middle_name}|{person.given_name}|{person.written_name}"
        return held.issued_for.startswith(f"{name}|{unit}|{path}|")

    def _followed(self, before: _Words, now: _Words) -> _Words:
        """The words that count: new ones only as far as the policy lets an address follow."""
        name = now if self._rules.person_renamed.address is AddressChange.REISSUE else before
        unit = now if self._rules.person_moved.address is AddressChange.REISSUE else before
        return _Words(*name[:4], *unit[4:])

    def _spoken(self, values: Values) -> list[str]:
        """What the rungs without a number say."""
        return [render_person(rung.template, values) for rung in self._rungs if not rung.numbered] or [
            render_person(self._rungs[0].template, values)
        ]

    # Which address

    def _import(self, person: Person, issued: dict[str, Issued]) -> bool:
        """Give the address that the registry says was held before. False where it says nothing new."""
        identifier, address = person.staff_id, self._work.asked(person.address)
        held = self._work.ledger.people.get(identifier)
        if held and key(address) in map(key, held.every):
            return False
        if problem := self._work.why_not(Kind.PERSON, identifier, address):
            self._refuse(person, ProblemCode.TAKEN, f"address to import: {problem}", "correct it")
            if held:
                issued[identifier] = Issued(held, How.KEPT, "")
            return True
        self._claim(address, identifier)
        words = self._words(person)[0][0]
        issued[identifier] = self._issue(held, words, address, AGREED, "")
        return True

    def _by_rule(self, case: _Case, base: str, group: str, issued: dict[str, Issued]) -> None:
        """Go down the ladder until a rung gives an address that is free."""
        first = self._rungs[0]
        if first.needs and (missing := first.missing(case.values)):
            self._stay(
                case, ProblemCode.MISSING, f"the rule needs {missing}", "complete the registry", issued
            )
            return
        tried: list[str] = []
        for rung in self._rungs:
            if rung.needs and rung.missing(case.values):
                continue
            if rung.numbered:
                given = self._numbered(rung, case, base, group, issued)
                if not given:
                    return
            elif rung is first:
                given = base
                if not self._has_namesakes(case, group) and self._take(case, given, rung, issued):
                    if self._per_domain:
                        self._numbers.setdefault(group, self._rules.person_numbering_first)
                    return
            else:
                given = render_person(rung.template, case.values._replace(base=base))
                if self._take(case, given, rung, issued):
                    return
            tried.append(given)
        identifier = case.person.staff_id
        problems = [
            self._too_long(given) or self._work.why_not(Kind.PERSON, identifier, given) for given in tried
        ]
        taken = any("is held by" in problem or not problem for problem in problems)
        self._stay(
            case,
            ProblemCode.TAKEN if taken else ProblemCode.INVALID,
            "; ".join(problem or f"{base!r} has namesakes" for problem in problems),
            "agree on an address, and write it in 'address'" if taken else "shorten or correct the name",
            issued,
        )

    def _numbered(self, rung: _Rung, case: _Case, base: str, group: str, issued: dict[str, Issued]) -> str:
        """Issue the next number; empty when done, else an address that no number can mend."""
        first, width = self._rules.person_numbering_first, self._rules.person_numbering_width
        # Rendered and checked once for all namesakes; then a number costs no more than itself.
        known = (rung.source, base, case.values if rung.uses_more else None)
        around = self._around.get(known)
        if around is None:
            form = render_person(rung.template, case.values._replace(base=base, n=_HERE))
            if not is_local_part(form.replace(_HERE, str(first))):
                return form.replace(_HERE, str(first))
            around = self._around[known] = form.partition(_HERE)
        before, _, after = around
        number = first if case.held else self._numbers.get(group, first)
        if self._per_domain:
            number = int(self._own_number(case, group) or self._numbers.get(group, first))
        identifier = case.person.staff_id
        while True:
            digits = str(number).zfill(width)
            given = f"{before}{digits}{after}"
            if len(given) > self._longest:
                return given
            number += 1
            if self._claim(given, identifier):
                issued[identifier] = self._issue(case.held, case.words, given, rung.source, digits)
                self._numbers[group] = max(number, self._numbers.get(group, first))
                return ""

    def _has_namesakes(self, case: _Case, group: str) -> bool:
        """Whether somebody with the same name came before: then the address without a number is taken."""
        if group not in self._numbers or (case.held and not self._per_domain):
            return False
        return not self._per_domain or self._own_number(case, group) != ""

    def _too_long(self, given: str) -> str:
        longest = self._rules.person_max_length
        return f"{given!r} has {len(given)} characters, more than {longest}" if len(given) > longest else ""

    def _take(self, case: _Case, given: str, rung: _Rung, issued: dict[str, Issued]) -> bool:
        """Issue `given`; False when it cannot be."""
        if len(given) > self._longest or not is_local_part(given):
            return False
        if not self._claim(given, case.person.staff_id):
            return False
        issued[case.person.staff_id] = self._issue(case.held, case.words, given, rung.source, "")
        return True

    def _issue(self, held: Holding | None, words: _Words, given: str, rule: str, number: str) -> Issued:
        issued_for = basis((*words, number))
        if held is None:
            return Issued(Holding(given, issued_for), How.NEW, rule)
        before, _ = _read_basis(held.issued_for)
        moved = before is not None and before[:4] == words[:4]
        change = self._rules.person_moved if moved else self._rules.person_renamed
        return Issued(self._work.changed(held, given, issued_for, change.alias_for), How.CHANGED, rule)

    def _stay(
        self, case: _Case, code: ProblemCode, message: str, hint: str, issued: dict[str, Issued]
    ) -> None:
        """No address by rule: what was issued stays, and the problem is noted."""
        self._refuse(case.person, code, message, hint)
        if case.held:
            issued[case.person.staff_id] = Issued(case.held, How.KEPT, "")

    def _refuse(self, person: Person, code: ProblemCode, message: str, hint: str) -> None:
        self._work.refuse(Kind.PERSON, person.staff_id, code, message, hint)

    # Numbers

    def _groups(self, values: Sequence[Values], bases: Sequence[str]) -> Sequence[str]:
        """Among whom each one is counted: all of the same name, or all of the same address."""
        if not self._per_domain:
            return bases
        return render_all(self._rungs[0].template, [one._replace(unit="", unit_path="") for one in values])

    def _own_number(self, case: _Case, group: str) -> str | None:
        """The number somebody has among these namesakes, empty for the first; None for who is new there."""
        before, number = _read_basis(case.held.issued_for) if case.held else (None, "")
        if before is None or self._groups([_values(before, None)], ())[0] != group:
            return None
        return number

    def _count_those_before(self) -> None:
        """The numbers that were given in the whole domain, also to those who left."""
        words: list[_Words] = []
        numbers: list[int] = []
        for holding in self._work.ledger.people.values():
            before, number = _read_basis(holding.issued_for)
            if before:
                words.append(before)
                numbers.append(int(number) if number else self._rules.person_numbering_first - 1)
        values = [_values(one, None) for one in words]
        for group, given in zip(self._groups(values, ()), numbers, strict=True):
            self._numbers[group] = max(given + 1, self._numbers.get(group, 0))


def _order(person: Person) -> tuple[object, ...]:
    return registration_order(person.registered_on, person.document, person.staff_id)


def _as_written(name: Name) -> tuple[str, str, str, str]:
    usual = " ".join(part for part in (name.ho, name.dem, name.ten) if part)
    return name.ho, name.dem, name.ten, "" if usual == name.written else name.written


def _read_basis(issued_for: str) -> tuple[_Words | None, str]:
    """The words and the number of a `basis`; no words where the ledger does not know them."""
    found = parts(issued_for)
    if len(found) != len(_Words._fields) + 1:
        return None, ""
    return _Words(*found[:-1]), found[-1]


def _same_name(before: _Words, written: str) -> bool:
    """Whether a name in one piece is the name that the ledger has in parts."""
    usual = " ".join(part for part in before[:3] if part)
    try:
        return fold(before.written or usual) == fold(written)
    except FoldError:
        return False


def _values(words: _Words, person: Person | None) -> Values:
    """The variables of a person's template. Raises `FoldError`."""
    ho, dem, ten = fold(words.ho), fold(words.dem), fold(words.ten)
    hovaten = fold(words.written) if words.written else " ".join(filter(None, (ho, dem, ten)))
    born = person.birth_date if person else None
    return Values(
        ho,
        dem,
        ten,
        hovaten,
        "",
        "",
        words.unit,
        words.unit_path,
        f"{born:%Y}" if born else "",
        f"{born:%m}" if born else "",
        person.citizen_id if person else "",
    )
