"""What serving units and serving people share: the namespace that grows, and the change of a holding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, cached_property
from typing import NamedTuple

from congvu.naming.allocation.result import Problem, ProblemCode
from congvu.naming.ledger import Alias, Holding, Ledger, parts
from congvu.naming.names import as_written
from congvu.naming.namespace import Namespace, key
from congvu.naming.roster import Register
from congvu.naming.units import Style, called, place_name
from congvu.policy import Policy
from congvu.policy.effective import effective
from congvu.policy.model import Kind, Places
from congvu.policy.values import Duration, check_local_part

_NUMBER = re.compile(r"[0-9]+")


def registration_order(registered_on: date, document: str, identifier: str) -> tuple[date, str, str, str]:
    """Sort key: date, then incoming document, then the registry's id, with numbers counted: 9 before 10.

    Independent of the order of rows, so that a sorted or shuffled file issues the same addresses.
    """
    return registered_on, counted(document), counted(identifier), identifier


def counted(text: str) -> str:
    """A key under which numbers within `text` count: ``S9`` before ``S10``."""
    if not text:
        return text
    stem = text.rstrip("0123456789")
    if stem.isalpha() or not stem:  # the usual id: S00012
        return stem.casefold() + text[len(stem) :].zfill(20)
    return _NUMBER.sub(lambda digits: digits[0].zfill(20), text.casefold())


class Objection(NamedTuple):
    """Why an address cannot be given."""

    code: ProblemCode
    message: str


@cache
def _place_names(places: Places) -> Mapping[str, str]:
    """What each place name spells out to, and whose name it is. Cached: provinces have hundreds."""
    return {
        place_name(official): f"the place name {official}"
        for official in (*places.present, *places.abolished)
    }


class Work:
    """One allocation under way."""

    def __init__(self, policy: Policy, ledger: Ledger, today: date, registry: Register) -> None:
        self.policy, self.ledger, self.today, self._registry = policy, ledger, today, registry
        self.rules = effective(policy)
        self.style = Style.of(self.rules.unit_stop_words, policy.unit.kept)
        self.agreed = {called(name): str(local) for name, local in policy.unit.agreed.items()}
        self.problems: list[Problem] = []
        self.namespace = Namespace(self.rules.reserved)
        for name in policy.lists:
            self.namespace.claim(str(name), f"the list {name}", unit=True)
        if policy.places:
            self.namespace.keep_for_units(_place_names(policy.places))
        for local_part, holder in ledger.others.items():
            self.namespace.claim(local_part, holder, unit=True)
        for kind, holdings in ((Kind.UNIT, ledger.units), (Kind.PERSON, ledger.people)):
            for identifier, holding in holdings.items():
                for local_part in holding.every:
                    self.namespace.claim(local_part, label(kind, identifier), unit=True)

    def asked(self, address: str) -> str:
        """The local part of an address in the registry: offices write it with the domain or without."""
        return address.strip().removesuffix(f"@{self.policy.domain}")

    def refuse(
        self, kind: Kind, identifier: str, code: ProblemCode, message: str, hint: str, *proposals: str
    ) -> None:
        """Note a problem."""
        self.problems.append(Problem(kind, identifier, code, message, hint, proposals))

    def objection(self, kind: Kind, identifier: str, local_part: str) -> Objection | None:
        """Why `local_part` cannot be given to this holder; None when it can."""
        if "@" in local_part:
            return Objection(ProblemCode.INVALID, f"{local_part!r} is no address of {self.policy.domain}")
        try:
            check_local_part(local_part)
        except ValueError as problem:
            return Objection(ProblemCode.INVALID, str(problem))
        holder = self.namespace.holder(local_part, unit=kind is Kind.UNIT)
        if holder is None or holder == label(kind, identifier):
            return None
        kind = Kind.UNIT if holder.startswith(label(Kind.UNIT, "")) else Kind.PERSON
        holdings = self.ledger.units if kind is Kind.UNIT else self.ledger.people
        gone = holdings.get(holder.removeprefix(label(Kind.UNIT, "")))
        left = ", who left" if gone and gone.gone else ""
        name = self._names.get(holder) or _name_in(gone, kind)
        named = f"{holder}, {name}" if name else holder
        return Objection(ProblemCode.TAKEN, f"{local_part!r} is held by {named}{left}")

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """Names by `label`, for messages. Made when the first is needed: mostly none is."""
        units = {label(Kind.UNIT, unit.unit_id): unit.name for unit in self._registry.units}
        return units | {
            person.staff_id: person.written_name
            or as_written(person.surname, person.middle_name, person.given_name)
            for person in self._registry.staff
        }

    def claim(self, kind: Kind, identifier: str, local_part: str) -> bool:
        """Take `local_part` for this holder; False when somebody else has it."""
        return self.namespace.claim(local_part, label(kind, identifier), unit=kind is Kind.UNIT)

    def current(self, holding: Holding, issued_for: str) -> Holding:
        """`holding` as it is today: its bearer works here, and aliases whose time is over are tombstones."""
        if not holding.gone and holding.issued_for == issued_for and not holding.aliases:
            return holding
        over = [alias for alias in holding.aliases if alias.until and alias.until < self.today]
        if not holding.gone and holding.issued_for == issued_for and not over:
            return holding
        return holding._replace(
            issued_for=issued_for,
            gone=False,
            aliases=tuple(alias for alias in holding.aliases if alias not in over),
            former=(*holding.former, *(alias.local_part for alias in over)),
        )

    def changed(self, holding: Holding, local_part: str, issued_for: str, alias_for: Duration) -> Holding:
        """`holding` with a new primary address; the old one delivers for the time of `alias_for`."""
        now, new = self.current(holding, issued_for), key(local_part)
        return Holding(
            local_part,
            issued_for,
            aliases=(
                Alias(holding.local_part, alias_for.after(self.today)),
                *(alias for alias in now.aliases if key(alias.local_part) != new),
            ),
            former=tuple(old for old in now.former if key(old) != new),
        )


def _name_in(holding: Holding | None, kind: Kind) -> str:
    """The name that an address was formed from; empty where the ledger does not know it."""
    if holding is None or not holding.issued_for:
        return ""
    found = parts(holding.issued_for)
    if kind is Kind.UNIT or len(found) < 4:
        return found[0]
    return found[3] or as_written(*found[:3])


def label(kind: Kind, identifier: str) -> str:
    """How a holder is named in the namespace and in messages: ``unit A02``, and people by their id."""
    return identifier if kind is Kind.PERSON else f"unit {identifier}"
