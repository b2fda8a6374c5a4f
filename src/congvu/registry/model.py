"""What a registry says, in types. All text is NFC with single spaces; marks and case are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path


class Status(StrEnum):
    """What the registry says of somebody. Who left has a row that says so; an absent row says nothing."""

    WORKING = "working"
    LEFT = "left"
    """Transfer out of the province, retirement or resignation (LD-7.2c)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands, for messages."""

    file: Path
    row: int
    """Line number as an editor counts; the heading is 1."""

    def __str__(self) -> str:
        return f"{self.file}:{self.row}"


@dataclass(frozen=True, slots=True)
class Unit:
    """An agency or a unit of one."""

    place: Place
    unit_id: str
    """The registry's stable id, never the name."""
    name: str
    kind: str
    """``department``, ``commune``, ``centre`` …, as the registry likes; templates may use it."""
    parent_id: str
    """Empty at the top."""
    address: str
    """Local part agreed with the operator (LD-5.1b); empty when the rule decides."""
    domain: str
    """The unit's own domain below the mail domain (LD-5.1c); empty for most."""
    registered_on: date


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the staff list. The split of the name is the registry's, never guessed."""

    place: Place
    staff_id: str
    """The registry's stable id, never the name: one person in five shares theirs."""
    surname: str
    """Họ; empty for the K'Ho, Ba Na and others who have none."""
    middle_name: str
    """Đệm; empty for some."""
    given_name: str
    """Tên."""
    written_name: str
    """The full name where it is not written surname first (Êđê, foreigners); empty for others."""
    unit_id: str
    position: str
    phone: str
    registered_on: date
    """Decides who is the first namesake (LD-5.2b)."""
    status: Status

    @property
    def full_name(self) -> str:
        """As it is written: surname, middle name, given name, unless the registry says otherwise."""
        return self.written_name or " ".join(
            part for part in (self.surname, self.middle_name, self.given_name) if part
        )


@dataclass(frozen=True, slots=True)
class Registry:
    """One domain's registry. Ids are unique, every person's unit exists, parents form no circle."""

    units: tuple[Unit, ...]
    staff: tuple[Person, ...]
