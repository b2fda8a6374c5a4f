"""Who needs an address: the registry's words for a person, beside those the ledger has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from congvu.naming.allocation.result import How, Issued, ProblemCode
from congvu.naming.allocation.work import Work
from congvu.naming.ledger import Holding, basis, parts
from congvu.naming.letters import FoldError, fold, fold_name
from congvu.naming.names import CLANS, Name, as_written, readings
from congvu.naming.roster import Person
from congvu.naming.template import render_person
from congvu.policy.model import AddressChange, Kind


class Words(NamedTuple):
    """What an address is formed from, as written. With the number, they are the `basis` in the ledger."""

    ho: str
    dem: str
    ten: str
    written: str
    """Empty where the name is written surname first."""
    unit: str
    unit_path: str


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


class Case(NamedTuple):
    """Somebody who needs an address now: the first, or another one."""

    person: Person
    held: Holding | None
    words: Words
    values: Values


class Cases:
    """Decides who keeps an address and who needs one."""

    def __init__(self, paths: Mapping[str, tuple[str, str]], work: Work) -> None:
        self._paths, self._work, self._rules = paths, work, work.rules
        ladder = work.policy.person.address
        self._unnumbered = [rung for rung in ladder if not rung.numbered] or [ladder[0]]

    def nothing_new(self, person: Person, held: Holding) -> bool:
        """Whether all that the registry says is what it said when the address was issued. The usual case."""
        if held.gone or held.aliases or person.address or not person.given_name:
            return False
        unit, path = self._paths.get(person.unit_id, ("", ""))
        name = f"{person.surname}|{person.middle_name}|{person.given_name}|{person.written_name}"
        return held.issued_for.startswith(f"{name}|{unit}|{path}|")

    def words(self, person: Person) -> Words:
        """The registry's words for a person; of a name with several readings, those of the Kinh order."""
        return self._readings(person)[0][0]

    def begin(self, person: Person) -> Case | None:
        """Somebody who never had an address. None after noting a problem."""
        found = self._readings(person)
        try:
            first = Case(person, None, found[0][0], values_of(found[0][0], person))
            if len(found) > 1:
                others = [values_of(words, person) for words, _ in found[1:]]
                if not self._one_address(person, [first.values, *others], [why for _, why in found]):
                    return None
        except FoldError as problem:
            self._refuse(person, ProblemCode.LETTER, str(problem), problem.hint)
            return None
        if not first.values.ten:
            name = person.given_name or person.written_name
            message = f"the given name {name!r} has no letters"
            self._refuse(person, ProblemCode.LETTER, message, "correct the name")
            return None
        return first

    def stay_or_follow(self, person: Person, held: Holding) -> Issued | Case:
        """The address held; or a case, where the registry says something else than when it was issued."""
        before, number = read_basis(held.issued_for)
        try:
            now = self._words_now(person, before)
            no_unit = before is not None and any(
                had and not has for had, has in ((before.unit, now.unit), (before.unit_path, now.unit_path))
            )
            target = self._followed(before or now, now)
            values = values_of(target, person)
            if not (no_unit or self._spoken(values) == self._spoken(values_of(before or now, person))):
                return Case(person, held, now, values_of(now, person))
        except FoldError as problem:
            self._refuse(person, ProblemCode.LETTER, str(problem), f"{problem.hint}; the address stays")
            return keep(held, held.issued_for, self._work)
        return keep(held, held.issued_for if no_unit else basis((*now, number)), self._work)

    def _readings(self, person: Person) -> Sequence[tuple[Words, str]]:
        """Every reading of the person's name, at least one, and why it is one."""
        unit, path = self._paths.get(person.unit_id, ("", ""))
        if person.given_name:
            name = (person.surname, person.middle_name, person.given_name, person.written_name)
            return ((Words(*name, unit, path), ""),)
        names = readings(person.written_name) or (Name("", "", "", ""),)
        return [(Words(*_parts(name), unit, path), f"{name}; {name.why}") for name in names]

    def _one_address(self, person: Person, values: Sequence[Values], why: Sequence[str]) -> bool:
        """Whether all readings give the same address; that there are several is noted in any case."""
        spoken = [self._spoken(one) for one in values]
        same = all(other == spoken[0] for other in spoken)
        told = " or ".join(f"{first[0]!r} ({reason})" for first, reason in zip(spoken, why, strict=True))
        name = person.written_name
        message = f"{name!r} has several readings, the address is the same" if same else f"{name!r}: {told}"
        self._refuse(person, ProblemCode.NEEDS_NAME_SPLIT, message, _SPLIT)
        return same

    def _words_now(self, person: Person, before: Words | None) -> Words:
        """What the registry says of who has an address. Where it does not split a name, the ledger may."""
        found = self._readings(person)
        now = found[0][0]
        if person.given_name or before is None:
            return now
        if not _same_name(before, person.written_name):
            if len(found) == 1:
                return now
            message = f"{person.written_name!r} is a new name and has several readings; the address stays"
            self._refuse(person, ProblemCode.NEEDS_NAME_SPLIT, message, _SPLIT)
        return before._replace(unit=now.unit, unit_path=now.unit_path)

    def _followed(self, before: Words, now: Words) -> Words:
        """The words that count: new ones only as far as the policy lets an address follow."""
        name = now if self._rules.person_renamed.address is AddressChange.REISSUE else before
        unit = now if self._rules.person_moved.address is AddressChange.REISSUE else before
        return name._replace(unit=unit.unit, unit_path=unit.unit_path)

    def _spoken(self, values: Values) -> list[str]:
        """What the rungs without a number say."""
        return [render_person(rung, values) for rung in self._unnumbered]

    def _refuse(self, person: Person, code: ProblemCode, message: str, hint: str) -> None:
        self._work.refuse(Kind.PERSON, person.staff_id, code, message, hint)


_SPLIT = "fill in the columns for họ, đệm and tên"


def keep(held: Holding, issued_for: str, work: Work) -> Issued:
    """The address held, by somebody who works here."""
    return Issued(work.current(held, issued_for), How.RETURNED if held.gone else How.KEPT, "")


def read_basis(issued_for: str) -> tuple[Words | None, str]:
    """The words and the number of a `basis`; no words where the ledger does not know them."""
    found = parts(issued_for)
    if len(found) != len(Words._fields) + 1:
        return None, ""
    return Words(*found[:-1]), found[-1]


def values_of(words: Words, person: Person | None) -> Values:
    """The variables of a person's template; private ones only with `person`. Raises `FoldError`."""
    ho, dem, ten, written, unit, path = words
    ho, dem, ten = fold_name(ho), fold_name(dem), fold_name(ten)
    if written or ho in CLANS:
        hovaten = fold_name(written or as_written(*words[:3]))
    else:
        hovaten = " ".join(filter(None, (ho, dem, ten)))
    born = person.birth_date if person else None
    year, month = (f"{born:%Y}", f"{born:%m}") if born else ("", "")
    return Values(ho, dem, ten, hovaten, "", "", unit, path, year, month, person.citizen_id if person else "")


def _parts(name: Name) -> tuple[str, str, str, str]:
    usual = as_written(name.ho, name.dem, name.ten)
    return name.ho, name.dem, name.ten, "" if usual == name.written else name.written


def _same_name(before: Words, written: str) -> bool:
    """Whether a name in one piece is the name that the ledger has in parts."""
    try:
        return fold(before.written or as_written(*before[:3])) == fold(written)
    except FoldError:
        return False
