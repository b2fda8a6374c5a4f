"""What naming needs to know of people and units. `congvu.registry.model` has types that fit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol


class Unit(Protocol):
    """A unit that holds or needs an address."""

    @property
    def unit_id(self) -> str:
        """The registry's stable id."""

    @property
    def name(self) -> str:
        """The official name."""

    @property
    def kind(self) -> str:
        """The registry's kind of unit."""

    @property
    def parent_id(self) -> str:
        """Id of the unit above; empty at the top."""

    @property
    def address(self) -> str:
        """Local part agreed with the operator (LD-5.1b), or held before; empty when the rule decides."""

    @property
    def domain(self) -> str:
        """The unit's own domain below the mail domain (LD-5.1c); empty for most."""

    @property
    def registered_on(self) -> date:
        """Decides who is first."""


class Person(Protocol):
    """Somebody who holds or needs an address."""

    @property
    def staff_id(self) -> str:
        """The registry's stable id."""

    @property
    def surname(self) -> str:
        """Họ; empty for who has none, or where the name is not split."""

    @property
    def middle_name(self) -> str:
        """Đệm."""

    @property
    def given_name(self) -> str:
        """Tên; empty where the name is not split."""

    @property
    def written_name(self) -> str:
        """The full name where it is not written surname first, or is not split."""

    @property
    def unit_id(self) -> str:
        """Id of the person's unit."""

    @property
    def address(self) -> str:
        """Local part held before, to be imported; empty when the rule decides."""

    @property
    def registered_on(self) -> date:
        """Date of registration: decides who is the first namesake (LD-5.2b)."""

    @property
    def document(self) -> str:
        """Incoming document by which the person was registered; decides between equal dates."""

    @property
    def birth_date(self) -> date | None:
        """Used only where the policy's ladder asks for it."""

    @property
    def citizen_id(self) -> str:
        """Used only where the policy's ladder asks for it."""


class Register(Protocol):
    """Units and people of one mail domain, in any order."""

    @property
    def units(self) -> Sequence[Unit]:
        """All units: those that hold an address, too."""

    @property
    def staff(self) -> Sequence[Person]:
        """Those who are to have an address."""
