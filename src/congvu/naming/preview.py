"""What addresses a list of names would get in an empty mail domain: for a person who tries a rule (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from congvu.naming.allocation import allocate
from congvu.naming.ledger import Ledger
from congvu.naming.letters import FoldError, clean
from congvu.naming.units import Style, acronym, called
from congvu.policy import Policy, effective
from congvu.policy.model import Kind
from congvu.policy.values import is_local_part


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
        if line.kind == Kind.PERSON
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
        if line.kind == Kind.PERSON and issued is None:
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
        self._lines = lines
        self._ids: dict[str, str] = {}
        self._mentioned: dict[str, str] = {}
        for index, line in enumerate(lines):
            if line.kind == Kind.UNIT:
                self._ids.setdefault(called(line.name), _id(index, line))
        for index, line in enumerate(lines):  # a unit's code is as good as its name
            if line.kind == Kind.UNIT:
                self._ids.setdefault(self._code(line.name), _id(index, line))
        mentioned = {clean(line.unit) for line in lines if line.unit}
        for unit in sorted(mentioned, key=lambda unit: (is_local_part(unit), unit)):  # names before codes
            if not self.id_of(unit):
                identifier = repr(unit)
                self._ids[called(unit)] = identifier
                self._ids.setdefault(self._code(unit), identifier)
                self._mentioned[identifier] = unit

    def id_of(self, unit: str) -> str:
        """The id of the unit that is called `unit`; empty for none."""
        return self._ids.get(called(unit), "") if unit else ""

    def all(self, order: Sequence[date]) -> list[_Unit]:
        """Every unit, those that are only mentioned last."""
        own = [
            _Unit(
                _id(index, line),
                clean(line.name),
                order[index],
                parent_id=self.id_of(line.unit),
                address=line.address,
            )
            for index, line in enumerate(self._lines)
            if line.kind == Kind.UNIT
        ]
        return own + [
            _Unit(identifier, name, date.max, address=name if is_local_part(name) else "")
            for identifier, name in sorted(self._mentioned.items())
        ]

    def _code(self, name: str) -> str:
        try:
            return str(acronym(name, self._style))
        except FoldError:
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


def _whole(line: Line) -> str:
    return " ".join(filter(None, (line.ho, line.dem, line.ten))) if line.ten else line.name


def _text(line: Line) -> tuple[str, ...]:
    return line.name, line.ho, line.dem, line.ten, line.unit, line.citizen_id, str(line.birth_date or "")
