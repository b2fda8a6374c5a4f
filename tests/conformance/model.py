"""Which test proves which clause of a regulation: the files beside this one, read strictly."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from congvu import strictyaml
from congvu.errors import InputError

FOLDER = Path(__file__).parent
FIRST_OPEN_ISSUE = 6
"""Raise it when an issue is closed: whatever waits for a closed issue is an error of its file then."""


class ConformanceError(InputError):
    """A conformance file, with file and line."""


class State(StrEnum):
    """How far a clause is honoured. The order is that of the overview."""

    PROVED = "proved"
    """Tests prove what it asks of software."""
    PARTLY = "partly"
    """Tests prove a part; the rest is still to be built."""
    LATER = "later"
    """All of it is still to be built."""
    PEOPLE_ONLY = "people only"
    """It asks nothing of software."""


@dataclass(frozen=True, slots=True)
class Later:
    """Who builds what is missing."""

    issue: int | None
    """The last issue that is needed; ``None``, written ``unplanned``: no issue is open for it."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read ``5`` or ``unplanned``."""
        if text == "unplanned":
            return cls(None)
        if not text.isdecimal() or int(text) < FIRST_OPEN_ISSUE:
            raise ValueError(f"{text!r} is not an open issue ({FIRST_OPEN_ISSUE} or later), nor 'unplanned'")
        return cls(int(text))

    def __str__(self) -> str:
        return "unplanned" if self.issue is None else f"issue {self.issue}"


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: tests, or why there are none."""

    tests: tuple[str, ...] = ()
    """Ids as pytest prints them; without a parameter they mean all parameters."""
    people_only: str | None = None
    """Why no software can or need honour it."""
    later: Later | None = None
    what: str | None = None
    """What is still to be built."""

    def __post_init__(self) -> None:
        if self.people_only and (self.tests or self.later or self.what):
            raise ValueError("people_only stands alone: either software does something or it does not")
        if not (self.people_only or self.tests or self.later):
            raise ValueError("says nothing; give tests, people_only with the reason, or later with what")
        if (self.later is None) != (self.what is None):
            raise ValueError("later and what belong together")
        if len(set(self.tests)) < len(self.tests):
            raise ValueError("tests: one is named twice")

    @property
    def state(self) -> State:
        """How far it is honoured."""
        if self.people_only:
            return State.PEOPLE_ONLY
        if self.later:
            return State.PARTLY if self.tests else State.LATER
        return State.PROVED


@dataclass(frozen=True, slots=True)
class Conformance:
    """One regulation."""

    version: int
    regulation: str
    """What the ids of its clauses begin with: ``LD``."""
    clauses: Mapping[str, Clause]

    def __post_init__(self) -> None:
        if strangers := [name for name in self.clauses if not name.startswith(f"{self.regulation}-")]:
            raise ValueError(f"clauses: {', '.join(strangers)} is not of {self.regulation}")


def load(path: Path) -> Conformance:
    """Read one file; raises `ConformanceError` with ``file:line``, also for a clause that stands twice."""
    return strictyaml.load(path, Conformance, ConformanceError, version=1)


def load_all() -> Mapping[str, Conformance]:
    """All files by the mail domain they are named for."""
    return {path.stem: load(path) for path in sorted(FOLDER.glob("*.yml"))}


def kinds() -> Mapping[str, str]:
    """Every clause there is with its kind (``naming``, ``info`` …): our copy of the matrix's first and third
    column, which a clone without the matrix is held against.
    """
    with (FOLDER / "clauses.csv").open(encoding="utf-8", newline="") as file:
        return {row["clause"]: row["kind"] for row in csv.DictReader(file)}


_ROW = re.compile(r"\|\s*((?:[A-Z]{2})-[^|]+?)\s*\|[^|]*\|\s*([^|]*?)\s*\|")


def read_matrix(text: str) -> list[tuple[str, str]]:
    """Clause and kind of each row of the requirements matrix, a Markdown table; compact rows are expanded."""
    rows = (_ROW.match(line) for line in text.splitlines())
    return [(clause, row[2]) for row in rows if row for clause in expand(row[1])]


def expand(cell: str) -> list[str]:
    """The clauses of one row.

    >>> expand("LD-2.2, 2.3"), expand("LD-1.1/1.2"), expand("DL-7.1–7.3"), expand("LD-7.2-end1")
    (['LD-2.2', 'LD-2.3'], ['LD-1.1', 'LD-1.2'], ['DL-7.1', 'DL-7.2', 'DL-7.3'], ['LD-7.2-end1'])
    """
    regulation, _, rest = cell.partition("-")
    found: list[str] = []
    for part in re.split(r"\s*[,/]\s*", rest):
        first, _, last = part.partition("–")
        if last:
            stem = re.sub(r"\d+$", "", first)
            numbers = range(int(first.removeprefix(stem)), int(last.removeprefix(stem)) + 1)
            found += [f"{regulation}-{stem}{number}" for number in numbers]
        else:
            found.append(f"{regulation}-{part}")
    return found
