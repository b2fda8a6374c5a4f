"""Which address: the rungs of a policy's ladder in turn, and the number of a namesake (LD-5.2b)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from congvu.naming.allocation.cases import Case, Values, Words, keep, read_basis, values_of
from congvu.naming.allocation.result import How, Issued, Problem, ProblemCode
from congvu.naming.allocation.work import Objection, Work
from congvu.naming.ledger import Holding, basis
from congvu.naming.letters import FoldError
from congvu.naming.namespace import key
from congvu.naming.template import render_all, render_person
from congvu.policy.model import Kind, NumberingScope
from congvu.policy.template import PERSON, PersonTemplate
from congvu.policy.values import is_local_part

_HERE = "\0"
"""Stands for the number while a rung is rendered once for all namesakes."""
_SHAPES = tuple(
    map(
        PersonTemplate,
        (
            "{{ dem }}{{ ten }}",
            "{{ hovaten }}",
            "{{ ho | initials }}{{ dem | initials }}{{ ten }}",
            "{{ ten }}{{ ho | initials }}{{ dem | initials }}",
        ),
    )
)
"""Shapes of addresses that many provinces use (naming.md, section 1), for proposals."""
_WANTED = {
    "unit": "an address of the unit",
    "unit_path": "an address of the unit, and of each one above it",
    "birth_year": "the date of birth",
    "birth_month": "the date of birth",
    "citizen_id": "the number of the citizen's card",
}
"""Variables without which a rung does not apply, and what they come from."""


@dataclass(frozen=True, slots=True)
class _Rung:
    template: PersonTemplate
    source: str
    numbered: bool
    needs: tuple[str, ...]
    """Variables that must not be empty."""
    uses_more: bool
    """Whether it has other variables than ``base`` and ``n``."""

    @classmethod
    def of(cls, template: PersonTemplate) -> _Rung:
        needs = tuple(name for name in _WANTED if template.uses(name))
        more = any(template.uses(name) for name in PERSON if name not in ("base", "n"))
        return cls(template, template.source, template.numbered, needs, more)

    def missing(self, values: Values) -> str:
        """What the registry would have to say for this rung to apply; empty when it applies."""
        return next((_WANTED[name] for name in self.needs if not getattr(values, name)), "")


class Ladder:
    """Issues addresses to people who need one, in the order in which they come."""

    def __init__(self, work: Work) -> None:
        self._work, self._rules = work, work.rules
        self._claim, self._longest = work.namespace.claim, work.rules.person_max_length
        self._rungs = tuple(map(_Rung.of, work.policy.person.address))
        # Where no unit is in the address, who has the same address has the same name in the whole domain.
        self._per_domain = (
            work.rules.person_numbering_scope is NumberingScope.DOMAIN
            and any(rung.numbered for rung in self._rungs)
            and bool({"unit", "unit_path"} & set(self._rungs[0].needs))
        )
        # What is counted -> the next number to try: counting from 2 for each namesake would be quadratic.
        self._numbers: dict[str, int] = {}
        self._around: dict[str | tuple[str, Values], tuple[str, str, str]] = {}
        if self._per_domain:
            self._count_those_before()

    def issue(self, cases: Sequence[Case], issued: dict[str, Issued]) -> None:
        """An address for each of `cases`, or a problem."""
        values = [case.values for case in cases]
        bases = render_all(self._rungs[0].template, values)
        for case, base, group in zip(cases, bases, self._groups(values, bases), strict=True):
            result = self._climb(case, base, group)
            if isinstance(result, Issued):
                issued[case.person.staff_id] = result
                continue
            self._work.problems.append(result)
            if case.held:  # what was issued stays
                issued[case.person.staff_id] = keep(case.held, case.held.issued_for, self._work)

    def _climb(self, case: Case, base: str, group: str) -> Issued | Problem:
        """Try the rungs in turn until one gives an address that is free."""
        first = self._rungs[0]
        if first.needs and (missing := first.missing(case.values)):
            return _problem(case, ProblemCode.MISSING, f"the rule needs {missing}", "complete the registry")
        tried: list[str] = []
        for rung in self._rungs:
            if rung.needs and rung.missing(case.values):
                continue
            if rung.numbered:
                result = self._numbered(rung, case, base, group)
            elif rung is first:
                result = base if self._has_namesakes(case, group) else self._take(case, base, rung)
                if self._per_domain and not isinstance(result, str):
                    self._numbers.setdefault(group, self._rules.person_numbering_first)
            else:
                given = render_person(rung.template, case.values._replace(base=base))
                result = self._take(case, given, rung)
            if not isinstance(result, str):
                return result
            tried.append(result)
        return self._why_none(case, tried)

    def _take(self, case: Case, given: str, rung: _Rung) -> Issued | str:
        """Issue `given`; itself again when it cannot be."""
        if len(given) > self._longest or not is_local_part(given):
            return given
        if not self._claim(given, case.person.staff_id):
            return given
        return issue(case.held, case.words, given, self._work, rule=rung.source)

    def _numbered(self, rung: _Rung, case: Case, base: str, group: str) -> Issued | str:
        """Issue the next number; else an address that no number can mend."""
        # Rendered and checked once for all namesakes; then a number costs no more than itself.
        known = (base, case.values) if rung.uses_more else base
        first, width = self._rules.person_numbering_first, self._rules.person_numbering_width
        around = self._around.get(known)
        if around is None:
            form = render_person(rung.template, case.values._replace(base=base, n=_HERE))
            if not is_local_part(form.replace(_HERE, str(first))):
                return form.replace(_HERE, str(first))
            around = self._around[known] = form.partition(_HERE)
        before, _, after = around
        number = _number_before(case.held, before, after) or self._numbers.get(group, first)
        if self._per_domain:
            number = int(self._own_number(case, group) or self._numbers.get(group, first))
        while True:
            digits = str(number).zfill(width)
            given = f"{before}{digits}{after}"
            if len(given) > self._longest:
                return given
            number += 1
            if self._claim(given, case.person.staff_id):
                self._numbers[group] = max(number, self._numbers.get(group, first))
                return issue(case.held, case.words, given, self._work, rule=rung.source, number=digits)

    def _why_none(self, case: Case, tried: Sequence[str]) -> Problem:
        found: list[Objection] = []
        for given in tried:
            if len(given) > self._longest:
                message = f"{given!r} has {len(given)} characters, more than {self._longest}"
                found.append(Objection(ProblemCode.INVALID, message))
            else:
                objection = self._work.objection(Kind.PERSON, case.person.staff_id, given)
                found.append(objection or Objection(ProblemCode.TAKEN, f"{given!r} has namesakes"))
        message = "; ".join(objection.message for objection in found)
        if any(objection.code is ProblemCode.TAKEN for objection in found):
            hint = "agree on an address, and write it in the column 'address'"
            return _problem(case, ProblemCode.TAKEN, message, hint, *self._proposals(case))
        return _problem(case, ProblemCode.INVALID, message, "shorten or correct the name")

    def _proposals(self, case: Case) -> list[str]:
        """What somebody whose address is taken might agree to: easy to know by, and free."""
        unit = f".{case.values.unit}" if "unit" in self._rungs[0].needs else ""
        forms = (f"{render_person(shape, case.values)}{unit}" for shape in _SHAPES)
        return [
            form
            for form in dict.fromkeys(forms)
            if len(form) <= self._longest
            and self._work.objection(Kind.PERSON, case.person.staff_id, form) is None
        ]

    # Numbers

    def _has_namesakes(self, case: Case, group: str) -> bool:
        """Whether somebody with the same name came before: then the address without a number is taken."""
        if group not in self._numbers or (case.held and not self._per_domain):
            return False
        return not self._per_domain or self._own_number(case, group) != ""

    def _groups(self, values: Sequence[Values], bases: Sequence[str]) -> Sequence[str]:
        """Among whom each one is counted: all of the same name, or all of the same address."""
        if not self._per_domain:
            return bases
        return render_all(self._rungs[0].template, [one._replace(unit="", unit_path="") for one in values])

    def _own_number(self, case: Case, group: str) -> str | None:
        """The number somebody has among these namesakes, empty for the first; None for who is new there."""
        before, number = read_basis(case.held.issued_for) if case.held else (None, "")
        try:
            same = before is not None and self._groups([values_of(before, None)], ())[0] == group
        except FoldError:
            return None
        return number if same else None

    def _count_those_before(self) -> None:
        """The numbers that were given in the whole domain, also to those who left."""
        values: list[Values] = []
        numbers: list[int] = []
        for holding in self._work.ledger.people.values():
            before, number = read_basis(holding.issued_for)
            try:
                if before:
                    values.append(values_of(before, None))
                    numbers.append(int(number) if number else self._rules.person_numbering_first - 1)
            except FoldError:  # imported under a name that no rule could spell
                continue
        for group, given in zip(self._groups(values, ()), numbers, strict=True):
            self._numbers[group] = max(given + 1, self._numbers.get(group, 0))


def _number_before(held: Holding | None, before: str, after: str) -> int:
    """The number with which somebody had this name before; 0 for who had not."""
    for local_part in held.every if held else ():
        digits = local_part.removeprefix(before).removesuffix(after)
        if f"{before}{digits}{after}" == local_part and digits.isdigit():
            return int(digits)
    return 0


def issue(
    held: Holding | None, words: Words, given: str, work: Work, *, rule: str, number: str = ""
) -> Issued:
    """Write down that somebody has `given` from now on; what was held before becomes an alias."""
    issued_for = basis((*words, number))
    if held is None:
        return Issued(Holding(given, issued_for), How.NEW, rule)
    if key(given) == key(held.local_part):  # another rung, the same address
        return keep(held, issued_for, work)
    before, _ = read_basis(held.issued_for)
    moved = before is not None and before[:4] == words[:4]
    change = work.rules.person_moved if moved else work.rules.person_renamed
    return Issued(work.changed(held, given, issued_for, change.alias_for), How.CHANGED, rule)


def _problem(case: Case, code: ProblemCode, message: str, hint: str, *proposals: str) -> Problem:
    return Problem(Kind.PERSON, case.person.staff_id, code, message, hint, proposals)
