"""Issue addresses: units first, then people, in the order of registration (LD-5.2b).

Called only for those who hold no address yet. Whatever was issued is in the namespace before we start
and is never computed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import count

from congvu.naming.letters import FoldError, fold
from congvu.naming.namespace import Namespace
from congvu.naming.template import render
from congvu.naming.units import acronym
from congvu.policy.effective import Effective
from congvu.policy.model import LongPlaceNames, Policy
from congvu.policy.values import check_local_part

_FIRST_NUMBER = 2
"""The second namesake gets 2: "ký tự số tương ứng" (LD-5.2b), and 2 is what real addresses show."""


@dataclass(frozen=True, slots=True)
class PersonRequest:
    """Somebody who needs an address."""

    id: str
    ho: str
    dem: str
    ten: str
    full_name: str
    """As it is written, which is not always `ho`, `dem`, `ten`."""
    unit: str
    """Local part of the person's unit; empty when it has none."""
    unit_path: str
    """Local parts from the own unit up to the top, joined by dots."""
    registered_on: date


@dataclass(frozen=True, slots=True)
class UnitRequest:
    """A unit that needs an address."""

    id: str
    name: str
    kind: str
    agreed: str
    """Local part agreed with the operator (LD-5.1b); empty when the rule decides."""
    domain: str
    """The unit's own domain below the mail domain (LD-5.1c); empty for most."""
    parent_id: str
    registered_on: date


@dataclass(frozen=True, slots=True)
class Issued:
    """A local part and the rung that gave it."""

    local_part: str
    rule: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no address, and what a person can do about it."""

    problem: str
    hint: str


_RUNS = re.compile(r"[0-9]+|[^0-9]+")


def registration_order(registered_on: date, identifier: str) -> tuple[date, list[tuple[bool, int, str]]]:
    """Sort key: date first, then the registry's id with numbers counted (``9`` before ``10``).

    Independent of the order of rows, so that a sorted or shuffled file issues the same addresses.
    """
    parts = _RUNS.findall(identifier.casefold())
    return registered_on, [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def allocate_units(
    requests: Iterable[UnitRequest],
    policy: Policy,
    rules: Effective,
    namespace: Namespace,
    held: Mapping[str, str],
) -> dict[str, Issued | Refused]:
    """An address, or the reason for none, per unit id. `held` has the local part per unit id already issued.

    Agreed addresses are claimed before the rule speaks, so that no abbreviation takes one. Parents come
    before their children, whose template may use the parent's address.
    """
    by_id = {request.id: request for request in requests}
    ordered = sorted(
        by_id.values(),
        key=lambda unit: (_depth(unit, by_id), registration_order(unit.registered_on, unit.id)),
    )
    results: dict[str, Issued | Refused] = {}
    for request in ordered:
        if request.agreed:
            results[request.id] = _agreed(request, namespace)
    for request in ordered:
        if not request.agreed:
            parent = results.get(request.parent_id)
            label = parent.local_part if isinstance(parent, Issued) else held.get(request.parent_id, "")
            results[request.id] = _unit(request, label, policy, rules, namespace)
    return results


def _depth(request: UnitRequest, by_id: Mapping[str, UnitRequest]) -> int:
    """How many units above still need an address, too."""
    depth = 0
    while request.parent_id in by_id:
        request, depth = by_id[request.parent_id], depth + 1
    return depth


def _agreed(request: UnitRequest, namespace: Namespace) -> Issued | Refused:
    try:
        check_local_part(request.agreed)
    except ValueError as problem:
        return Refused(f"agreed address: {problem}", "correct the address")
    if not namespace.claim(request.agreed, request.id):
        return Refused(
            f"the agreed address {request.agreed!r} is held by {namespace.holder(request.agreed)}",
            "agree on another",
        )
    return Issued(request.agreed, "agreed")


def _unit(
    request: UnitRequest, parent: str, policy: Policy, rules: Effective, namespace: Namespace
) -> Issued | Refused:
    if request.domain and not request.domain.endswith(f".{policy.domain}"):
        return Refused(
            f"the domain {request.domain!r} does not lie below {policy.domain}", "correct the domain"
        )
    values = {
        "name": request.name,
        "kind": request.kind,
        "parent": parent,
        "domain_label": request.domain.removesuffix(f".{policy.domain}"),
    }
    tried: list[str] = []
    try:
        for rung in policy.unit.address:
            local_part = render(rung, values)
            if not local_part:
                continue
            problem = _unit_problem(local_part, request, rules, namespace)
            if not problem:
                namespace.claim(local_part, request.id)
                return Issued(local_part, rung.source)
            tried.append(problem)
    except FoldError as problem:
        return Refused(str(problem), "correct the name")
    return Refused(
        "; ".join(tried) or "no rule applies", "agree on an address and write it in the column 'address'"
    )


def _unit_problem(local_part: str, request: UnitRequest, rules: Effective, namespace: Namespace) -> str:
    """Why `local_part` cannot be issued by rule; empty when it can."""
    try:
        check_local_part(local_part)
    except ValueError as problem:
        return str(problem)
    measured = len(local_part)
    if rules.long_place_names is LongPlaceNames.ALLOW:
        measured -= len(acronym(request.name).place) if local_part == str(acronym(request.name)) else 0
    if rules.unit_max_length and measured > rules.unit_max_length:
        limit = rules.unit_max_length
        return f"{local_part!r} has {measured} characters, more than {limit} must be agreed (LD-5.1b)"
    holder = namespace.holder(local_part)
    return f"{local_part!r} is held by {holder}" if holder else ""


def allocate_people(
    requests: Iterable[PersonRequest], policy: Policy, namespace: Namespace
) -> dict[str, Issued | Refused]:
    """An address, or the reason for none, per staff id (LD-5.2b). Call it after `allocate_units`."""
    ordered = sorted(requests, key=lambda request: registration_order(request.registered_on, request.id))
    numbers: dict[
        str, int
    ] = {}  # base -> the next number to try: counting from 2 each time would be quadratic
    return {request.id: _person(request, policy, namespace, numbers) for request in ordered}


def _person(
    request: PersonRequest, policy: Policy, namespace: Namespace, numbers: dict[str, int]
) -> Issued | Refused:
    try:
        values = {
            "ho": fold(request.ho),
            "dem": fold(request.dem),
            "ten": fold(request.ten),
            "hovaten": fold(request.full_name),
            "unit": request.unit,
            "unit_path": request.unit_path,
            "n": "",
        }
    except FoldError as problem:
        return Refused(str(problem), "correct the name")
    if not values["ten"]:
        return Refused(f"the given name {request.ten!r} has no letters", "correct the name")
    values["base"] = render(policy.person.address[0], values)
    tried: list[str] = []
    for rung in policy.person.address:
        start = numbers.get(values["base"], _FIRST_NUMBER)
        for number in count(start) if rung.numbered else [0]:
            local_part = render(rung, values | {"n": str(number) if number else ""})
            try:
                check_local_part(local_part)
            except ValueError as problem:
                return Refused(str(problem), "shorten or correct the name")
            if number:
                numbers[values["base"]] = number + 1
            if namespace.claim(local_part, request.id):
                return Issued(local_part, rung.source)
            if not number:
                tried.append(f"{local_part!r} is held by {namespace.holder(local_part)}")
    return Refused("; ".join(tried), "add a rung with 'n' to person.address of the policy")
