"""What is wrong, or worth knowing, about a registry: typed, with its place, in the order it was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from congvu.errors import RegistryError
from congvu.registry.places import Place


class Severity(StrEnum):
    """How much a problem weighs."""

    ERROR = "error"
    """The registry is refused."""
    WARNING = "warning"
    """Somebody should look at it; it stops nothing."""
    NOTE = "note"
    """How something was understood or mended. Told once for a column, with a count."""


class Code(StrEnum):
    """What kind of problem it is; stable, for programs. docs/registry.md explains each."""

    FILE = "file"
    CHARSET = "charset"
    SHEET = "sheet"
    HEADING = "heading"
    CELL_COUNT = "cell-count"
    CHARACTER = "character"
    FORMULA = "formula"
    EMPTY = "empty"
    VALUE = "value"
    DATE = "date"
    DATE_ORDER = "date-order"
    DUPLICATE = "duplicate"
    UNIT = "unit"
    CIRCLE = "circle"
    SUCCESSOR = "successor"
    HEAD = "head"
    WRONG_COLUMN = "wrong-column"
    CONTROL_TOTAL = "control-total"
    BELOW_THE_TABLE = "below-the-table"
    DITTO = "ditto"
    ACTION = "action"
    NAME = "name"
    NAME_ORDER = "name-order"
    CAPITALS = "capitals"
    LEGACY_FONT = "legacy-font"
    PHONE = "phone"
    NUMBER = "number"
    HIDDEN = "hidden"
    NO_ID = "no-id"
    NO_DATE = "no-date"
    SPLIT = "split"
    FREE_MAIL = "free-mail"
    GUEST = "guest"
    QUOTA = "quota"
    NO_CONTACT = "no-contact"
    UNIT_REQUEST = "unit-request"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to look at."""

    place: Place | str
    """The row or cell; a bare name where it is about a file as a whole."""
    column: str
    """Heading of the column; empty where it is about a row."""
    code: Code
    message: str
    hint: str
    """What to do about it."""
    severity: Severity = Severity.ERROR
    count: int = 1
    """Rows of which a note holds; the place is the first one's."""
    unreadable: bool = False
    """Whether nothing can be read from there on."""

    def __str__(self) -> str:
        place = f"{self.place}: column {str(self.column)!r}" if self.column else str(self.place)
        more = f", and {self.count - 1} more" if self.count > 1 else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {self.message}{more}{hint}"


class Problems:
    """What was found in one reading.

    Errors and warnings go to `told` at once (by default: they are kept); notes are counted by code and
    column, so that a file with a habit gives one line, and are told by `close`.
    """

    def __init__(self, told: Callable[[Problem], None] | None = None) -> None:
        self._kept: list[Problem] = []
        self._tell = told or self._kept.append
        self._notes: dict[tuple[str, str, Code, str], Problem] = {}
        self.errors = 0
        """Errors so far."""

    def error(self, place: Place | str, column: str, code: Code, message: str, hint: str) -> None:
        """Note what the registry is refused for."""
        self.errors += 1
        self._tell(Problem(place, column, code, message, hint))

    def warn(self, place: Place | str, column: str, code: Code, message: str, hint: str) -> None:
        """Note what somebody should look at."""
        self._tell(Problem(place, column, code, message, hint, Severity.WARNING))

    def note(self, place: Place | str, column: str, code: Code, message: str, hint: str) -> None:
        """Note how something was understood; one with the same column, code and hint is counted."""
        source = f"{place.source}\n{place.sheet}" if isinstance(place, Place) else place
        key = (source, column, code, hint)
        earlier = self._notes.get(key)
        self._notes[key] = (
            replace(earlier, count=earlier.count + 1)
            if earlier
            else Problem(place, column, code, message, hint, Severity.NOTE)
        )

    def add(self, problem: Problem) -> None:
        """Pass on a problem found elsewhere."""
        if problem.severity is Severity.ERROR:
            self.errors += 1
        self._tell(problem)

    def close(self) -> None:
        """Tell the notes."""
        for note in self._notes.values():
            self._tell(note)
        self._notes.clear()

    @property
    def found(self) -> tuple[Problem, ...]:
        """What was kept; empty where `told` takes them."""
        return tuple(self._kept)


class Unreadable(RegistryError):
    """A `RegistryError` about one place: the file cannot be read from there on."""

    def __init__(self, place: Place | str, message: str, hint: str, code: Code = Code.FILE) -> None:
        self.problem = Problem(place, "", code, message, hint, unreadable=True)
        super().__init__(message, where=str(place), hint=hint)
