"""Table cases of the sync, as data: what a file of `cases` may say, read strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "cases"
FIRST_DAY = date(2026, 1, 5)
"""The day of the first night; each further night is the next day, unless it says ``today``."""

Row = Mapping[str, str]
Rows = Mapping[str, Row | None]
"""Changes of a table by id: cells that are other than the night before, ``null`` where the row goes."""


@dataclass(frozen=True, slots=True)
class Office:
    """What one mail domain's files say otherwise than the night before."""

    units: Rows = field(default_factory=dict)
    staff: Rows = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the policy, section by section; ``null`` takes one away."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the domain in the settings file; paths count from the domain's folder."""
    files: Mapping[str, str | Mapping[str, str] | None] = field(default_factory=dict)
    """Files of the domain's folder, for good: a text, a text in an ``encoding``, or ``null``: removed."""
    edit: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Words that stand otherwise in a file, this night only; applied to the written file."""
    cut: Mapping[str, int] = field(default_factory=dict)
    """Octets that are left of a file, this night only."""
    gone: bool = False
    """It is no longer in the settings."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What another hand does in LDAP before a night's run."""

    at: str
    """``people/S1``, ``units/A1``, or the first parts of a DN below the mail domain's."""
    set: Mapping[str, Any] = field(default_factory=dict)
    """Attributes with their new values; an empty list takes one away."""
    add: Mapping[str, Any] = field(default_factory=dict)
    """A new entry."""
    delete: bool = False
    """It and all below it go."""


@dataclass(frozen=True, slots=True)
class Step:
    """An operation that is expected."""

    event: str
    who: str
    """The uid; ``domain/uid`` of another domain than the office's; the first part of the DN otherwise."""
    values: Mapping[str, tuple[str, ...]]
    """After it; of a change all attributes but the ledger's, of a new entry some."""


@dataclass(frozen=True, slots=True)
class Night:
    """One run: what is other than before, and what it must do."""

    today: date
    changes: Mapping[str, Office]
    """By mail domain; empty: the office's."""
    by_hand: tuple[Hand, ...] = ()
    anew: bool = False
    """The directory was built anew from a dump: another one with the same entries."""
    damage: Mapping[str, str] = field(default_factory=dict)
    """Files of the folder of state that hold something else."""
    decide: tuple[Mapping[str, str], ...] = ()
    """Answers to the doubts of a plan, before the run: ``about`` (words of the doubt) and ``answer``."""
    order: Mapping[str, Any] = field(default_factory=dict)
    """``allow``, ``reason``, ``domains``, ``units``, ``verify``."""
    status: int = 0
    operations: tuple[Step, ...] = ()
    brakes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Each stands somewhere in the findings, problems, brakes or the error."""
    after: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """By uid (see `Step.who`): attributes of its entry; no values: it has none. ``{}``: no such entry."""
    again: tuple[Step, ...] = ()
    """What a second run in the same night does."""


@dataclass(frozen=True, slots=True)
class Case:
    """A story of some nights."""

    name: str
    nights: tuple[Night, ...]
    empty: bool = False
    """The first night meets a directory without the office; else the office was synchronised before."""


_OFFICE = frozenset({"units", "staff", "policy", "settings", "files", "edit", "cut", "gone"})
_TABLES = ("units", "staff")
_NIGHT = frozenset({"today", "by_hand", "decide", "order", "status", "operations"}) | frozenset(
    {"brakes", "words", "after", "again", "elsewhere", "anew", "damage"}
)


def load() -> Iterator[tuple[str, Case]]:
    """All cases with the names of their files. Raises ``ValueError`` on a key that means nothing."""
    for path in sorted(FOLDER.glob("*.yml")):
        names: set[str] = set()
        for raw in yaml.safe_load(path.read_text(encoding="utf-8")):
            case = _case(raw, path)
            if case.name in names:
                raise ValueError(f"{path}: two cases are named {case.name!r}")
            names.add(case.name)
            yield path.stem, case


def _case(raw: dict[str, Any], path: Path) -> Case:
    where = f"{path.name}: {raw.get('name')}"
    _known(raw, _OFFICE | {"name", "nights", "empty", "elsewhere"}, where)
    empty = raw.get("empty", False)
    before = {key: value for key, value in raw.items() if key in _OFFICE or key == "elsewhere"}
    nights, day = [], FIRST_DAY
    if not empty:  # what it does is the cases' of an empty directory to say
        nights.append(_night(before, day, where))
    for number, one in enumerate(raw["nights"]):
        day = one.get("today", day + timedelta(days=1))
        nights.append(_night({**before, **one} if empty and number == 0 else one, day, where))
    return Case(raw["name"], tuple(nights), empty)


def _night(raw: dict[str, Any], day: date, where: str) -> Night:
    _known(raw, _OFFICE | _NIGHT, where)
    changes = {"": _office(raw, where)}
    for domain, office in raw.get("elsewhere", {}).items():
        _known(office, _OFFICE, where)
        changes[domain] = _office(office, where)
    hands = []
    for hand in raw.get("by_hand", ()):
        _known(hand, {"at", "set", "add", "delete"}, where)
        hands.append(Hand(**hand))
    return Night(
        day,
        changes,
        tuple(hands),
        raw.get("anew", False),
        raw.get("damage", {}),
        tuple(raw.get("decide", ())),
        raw.get("order", {}),
        raw.get("status", 0),
        _steps(raw.get("operations", ())),
        tuple(raw.get("brakes", ())),
        tuple(raw.get("words", ())),
        {who: _values(values) for who, values in raw.get("after", {}).items()},
        _steps(raw.get("again", ())),
    )


def _office(raw: dict[str, Any], where: str) -> Office:
    units, staff = ({uid: _row(row, where) for uid, row in raw.get(one, {}).items()} for one in _TABLES)
    edit = {name: tuple((old, new) for old, new in pairs) for name, pairs in raw.get("edit", {}).items()}
    rest = {name: raw[name] for name in ("policy", "settings", "files", "cut", "gone") if name in raw}
    return Office(units, staff, edit=edit, **rest)


def _row(row: dict[str, Any] | None, where: str) -> Row | None:
    if row is not None and not all(isinstance(cell, str | int | date) for cell in row.values()):
        raise ValueError(f"{where}: a cell of {row} is no text nor a number nor a date")
    return None if row is None else {name: str(cell) for name, cell in row.items()}


def _steps(raw: Any) -> tuple[Step, ...]:
    return tuple(Step(event, who, _values(values[0]) if values else {}) for event, who, *values in raw)


def _values(raw: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: listed(value) for name, value in raw.items()}


def listed(value: Any) -> tuple[str, ...]:
    """The values of an attribute: of a list all, of one value it, of nothing none."""
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _known(raw: Mapping[str, Any], names: frozenset[str] | set[str], where: str) -> None:
    if unknown := set(raw) - names:
        raise ValueError(f"{where}: {', '.join(sorted(unknown))} means nothing here")
