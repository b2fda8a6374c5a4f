"""What addresses a list of names would get in an empty mail domain: for a person who tries a rule (pure)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from congvu.naming.allocation import allocate, registration_order
from congvu.naming.ledger import Ledger
from congvu.naming.letters import FoldError, clean
from congvu.naming.units import Style, acronym, called, code_in, is_code
from congvu.policy import Policy
from congvu.policy.effective import effective
from congvu.policy.model import Kind
from congvu.policy.values import is_local_part

_SLIP = 0.9
"""How alike two names of units are (`difflib`) where one is mistyped: «Sở Nội vu», «Sở Nôi vụụ»."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list; all text as written."""

    kind: str
    """``person`` or ``unit``."""
    name: str = ""
    """The name in one piece; of a person, who may have the parts instead."""
    ho: str = ""
    dem: str = ""
    ten: str = ""
    unit: str = ""
    """Name or code of a person's unit, or of the unit above a unit."""
    registered_on: date = date.min
    """Lines without a date count as of one day."""
    birth_date: date | None = None
    citizen_id: str = ""
    address: str = ""
    """An address that is agreed on, or held before."""
    label: str = ""
    """How messages name the line, such as ``row 4``."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """What a line would get."""

    address: str
    """With the mail domain; empty where there is none."""
    rule: str
    """The rung of the policy's ladder; ``agreed`` for an override."""
    problem: str
    """Kind of problem and what to do, empty when there is none."""


@dataclass(frozen=True, slots=True)
class _Unit:
    unit_id: str
    name: str
    registered_on: date
    parent_id: str = ""
    address: str = ""
    kind: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True)
class _Person:
    staff_id: str
    surname: str
    middle_name: str
    given_name: str
    written_name: str
    unit_id: str
    registered_on: date
    birth_date: date | None
    citizen_id: str
    address: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class _Register:
    units: Sequence[_Unit]
    staff: Sequence[_Person]


def preview(lines: Sequence[Line], policy: Policy, *, today: date) -> list[Previewed]:
    """What each of `lines` would get, in their order.

    The list has no registry behind it, so namesakes are numbered by date, then by the letters of their
    names: shuffled lines give the same addresses. A unit that only people mention is reserved, too.
    """
    units = _Units(lines, policy)
    order = _order(lines)
    people = [
        _Person(
            _id(index, line),
            *((line.ho, line.dem, line.ten) if line.ten else ("", "", "")),
            written_name=clean(line.name),
            unit_id=units.id_of(line.unit),
            registered_on=order[index],
            birth_date=line.birth_date,
            citizen_id=line.citizen_id,
            address=line.address,
        )
        for index, line in enumerate(lines)
        if line.kind == Kind.PERSON and not _contradiction(line)
    ]
    done = allocate(_Register(units.all(order), people), policy, Ledger(), today=today)
    told: dict[str, list[str]] = {}
    for problem in done.problems:
        told.setdefault(problem.id, []).append(f"{problem.code}: {problem}")
    found = []
    for index, line in enumerate(lines):
        if line.kind not in tuple(Kind):
            wrong = f"kind: {line.kind!r} is neither person nor unit (write one of them)"
            found.append(Previewed("", "", wrong))
            continue
        issued = (done.people if line.kind == Kind.PERSON else done.units).get(_id(index, line))
        problems = told.get(_id(index, line), [])
        if doubt := units.doubt(line.unit):
            problems = [doubt, *problems]
        elif wrong := _contradiction(line):
            problems = [wrong, *problems]
        elif line.kind == Kind.PERSON and issued is None:
            problems += [f"unit {line.unit!r}: {problem}" for problem in told.get(units.id_of(line.unit), [])]
        address = f"{issued.local_part}@{policy.domain}" if issued else ""
        found.append(Previewed(address, issued.rule if issued else "", "; ".join(problems)))
    return found


def _id(index: int, line: Line) -> str:
    return line.label or f"line {index + 1}"


class _Units:
    """The units that the list has lines for, and those that it only mentions, by what they are called."""

    def __init__(self, lines: Sequence[Line], policy: Policy) -> None:
        self._style = Style.of(effective(policy).unit_stop_words, policy.unit.kept)
        self._agreed = {called(name): str(local) for name, local in policy.unit.agreed.items()}
        self._domain, self._lines = policy.domain, lines
        self._names: dict[str, dict[str, str]] = {}
        """Units by name: their ids, and the name as written."""
        self._codes: dict[str, dict[str, str]] = {}
        """The same by abbreviation: a unit's code is as good as its name, where no unit is called so."""
        self._mentioned: dict[str, str] = {}
        seen: set[tuple[str, str, str, date]] = set()
        by_id = {_id(index, line): line for index, line in enumerate(lines) if line.kind == Kind.UNIT}
        for identifier in sorted(by_id, key=lambda name: registration_order(date.min, "", name)):
            line = by_id[identifier]
            said = (called(line.name), called(line.unit), line.address, line.registered_on)
            if said not in seen:  # the same line twice is one unit
                seen.add(said)
                self._add(identifier, clean(line.name), line.address)
        mentioned = {clean(line.unit) for line in lines if line.unit}
        known = {called(name): name for units in self._names.values() for name in units.values()}
        self._near: dict[str, str] = {}
        """Units without a line that are spelled almost as one with a line, and that one's name."""
        for unit in sorted(mentioned, key=lambda unit: (is_local_part(unit), unit)):  # names before codes
            if self._found(unit):
                continue
            if near := _nearly(called(unit), known):
                self._near[repr(unit)] = known[near]
                continue
            self._add(repr(unit), unit)
            self._mentioned[repr(unit)] = unit

    def _add(self, identifier: str, name: str, address: str = "") -> None:
        self._names.setdefault(called(name), {})[identifier] = name
        agreed = address.removesuffix(f"@{self._domain}") or self._agreed.get(called(name), "")
        if code := agreed or self._code(name):
            self._codes.setdefault(code, {})[identifier] = name

    def _found(self, unit: str) -> Mapping[str, str]:
        """The units that `unit` may mean."""
        return self._names.get(called(unit)) or self._codes.get(called(unit), {}) if unit else {}

    def id_of(self, unit: str) -> str:
        """The id of the unit that is called `unit`; empty for none, and where several are."""
        found = self._found(unit)
        return next(iter(found)) if len(found) == 1 else ""

    def doubt(self, unit: str) -> str:
        """Why nobody can say which unit `unit` is; empty where it is one, or none."""
        found = self._found(unit)
        if near := self._near.get(repr(clean(unit))):
            return f"unit: there is no row for {unit!r} (did you mean {near!r}?)"
        if len(found) < 2:
            return ""
        several = " or ".join(sorted(f"{name!r} ({identifier})" for identifier, name in found.items()))
        return f"unit: {unit!r} may be {several} (write the name of one, and give each a name of its own)"

    def all(self, order: Sequence[date]) -> list[_Unit]:
        """Every unit, those that are only mentioned last; without those whose unit above is in doubt."""
        own = [
            _Unit(
                _id(index, line),
                clean(line.name),
                order[index],
                parent_id=self.id_of(line.unit),
                address=line.address,
            )
            for index, line in enumerate(self._lines)
            if line.kind == Kind.UNIT and not self.doubt(line.unit)
        ]
        return own + [
            _Unit(identifier, name, date.max, address=name if self._is_address(name) else "")
            for identifier, name in sorted(self._mentioned.items())
        ]

    @staticmethod
    def _is_address(name: str) -> bool:
        """Whether a unit without a line of its own is called by its address."""
        return is_local_part(name) and not is_code(name)

    def _code(self, name: str) -> str:
        try:
            return "" if code_in(name) else str(acronym(name, self._style))
        except FoldError:
            return ""


def _nearly(unit: str, known: Iterable[str]) -> str:
    """The known name of which `unit` is a slip of the pen, with the same numbers in it; empty for none."""
    numbers = [word for word in unit.split() if word.isdigit()]
    for near in difflib.get_close_matches(unit, known, n=3, cutoff=_SLIP):
        if numbers == [word for word in near.split() if word.isdigit()]:
            return near
    return ""


def _order(lines: Sequence[Line]) -> list[date]:
    """A date for each line by which they are served: as stated, then by the letters of the name."""
    keys = [
        (
            line.registered_on,
            called(f"{line.ho} {line.dem} {line.ten}" if line.ten else line.name),
            *_text(line),
        )
        for line in lines
    ]
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return [date.min + timedelta(days=ranks[key]) for key in keys]


def _contradiction(line: Line) -> str:
    """What is wrong where a line has a name both whole and in parts, and they differ."""
    if line.kind != Kind.PERSON or not (line.name and line.ten):
        return ""
    parts = " ".join(filter(None, (line.ho, line.dem, line.ten)))
    if sorted(called(parts).split()) == sorted(called(line.name).split()):
        return ""
    return f"name: {line.name!r} and its parts differ: {parts!r} (correct one of them)"


def _text(line: Line) -> tuple[str, ...]:
    return line.name, line.ho, line.dem, line.ten, line.unit, line.citizen_id, str(line.birth_date or "")
