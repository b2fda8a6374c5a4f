"""Addresses of units: agreed ones first, then by rule, parents before their children (LD-5.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from congvu.naming.allocation.result import AGREED, How, Issued, ProblemCode
from congvu.naming.allocation.work import Work, registration_order
from congvu.naming.ledger import Holding, basis, parts
from congvu.naming.letters import FoldError
from congvu.naming.namespace import key
from congvu.naming.proposals import propose
from congvu.naming.roster import Unit
from congvu.naming.template import render_unit
from congvu.naming.units import acronym, called, code_in
from congvu.policy.model import AddressChange, Kind, LongPlaceNames

_AGREE = "agree on an address and write it in the column 'address', or in unit.agreed of the policy"


def serve_units(units: Sequence[Unit], work: Work) -> dict[str, Issued]:
    """Everybody's address by unit id; problems go to `work`."""
    by_id = {unit.unit_id: unit for unit in units}
    ordered = sorted(
        units,
        key=lambda unit: (_depth(unit, by_id), registration_order(unit.registered_on, "", unit.unit_id)),
    )
    asked = {unit.unit_id: agreed for unit in ordered if (agreed := _agreed(unit, work))}
    # Agreed addresses are claimed before any rule speaks, so that no abbreviation takes one.
    refused = {unit_id: problem for unit_id in asked if (problem := _claim(unit_id, asked[unit_id], work))}
    issued: dict[str, Issued] = {}
    for unit in ordered:
        awaited = _awaited(unit, by_id, issued)
        issued_for = _basis(unit, _parent(unit, issued, work))
        held = work.ledger.units.get(unit.unit_id)
        if unit.unit_id in refused:
            result = _refused(unit, refused[unit.unit_id], held, work)
        elif unit.unit_id in asked:
            result = _by_agreement(asked[unit.unit_id], issued_for, held, work)
        elif held:
            result = _stay_or_follow(unit, held, issued_for, awaited, work)
        else:
            result = _new(unit, issued_for, awaited, work)
        if result:
            issued[unit.unit_id] = result
    return issued


def unit_paths(units: Sequence[Unit], issued: Mapping[str, Issued]) -> dict[str, tuple[str, str]]:
    """Each unit's local part, and the local parts from there up to the top, joined by dots.

    A parent whose name is in the child's is left out: above ``pqlcn.skhcn`` there is no other ``skhcn``.
    Where a unit on the way has no address yet there is no path: half of one would stay for a career.
    """
    by_id = {unit.unit_id: unit for unit in units}
    paths: dict[str, tuple[str, str]] = {}
    for unit in units:
        own = issued[unit.unit_id].local_part if unit.unit_id in issued else ""
        path, above, seen = own, unit.parent_id, {unit.unit_id}
        while above in by_id and above not in seen:
            label = issued[above].local_part if above in issued else ""
            if not label or not path:
                path = ""
                break
            if f".{label}." not in f".{path}.":
                path = f"{path}.{label}"
            seen.add(above)
            above = by_id[above].parent_id
        paths[unit.unit_id] = (own, "" if above in seen else path)
    return paths


def _depth(unit: Unit, by_id: Mapping[str, Unit]) -> int:
    """How many units are above."""
    depth, seen = 0, {unit.unit_id}
    while unit.parent_id in by_id and unit.parent_id not in seen:
        unit, depth = by_id[unit.parent_id], depth + 1
        seen.add(unit.unit_id)
    return depth


def _awaited(unit: Unit, by_id: Mapping[str, Unit], issued: Mapping[str, Issued]) -> str:
    """Why the address of the unit above is not known yet; empty where it is, or there is no unit above."""
    if unit.parent_id not in by_id or unit.parent_id in issued:
        return ""
    above, seen = unit.parent_id, set[str]()
    while above in by_id and above not in seen:
        if above == unit.unit_id:
            return f"{unit.name!r} is its own ancestor"
        seen.add(above)
        above = by_id[above].parent_id
    return f"the unit above, {by_id[unit.parent_id].name!r}, has no address yet"


def _parent(unit: Unit, issued: Mapping[str, Issued], work: Work) -> str:
    """Local part of the unit above; empty at the top."""
    if unit.parent_id in issued:
        return issued[unit.parent_id].local_part
    held = work.ledger.units.get(unit.parent_id)
    return held.local_part if held else ""


def _agreed(unit: Unit, work: Work) -> str:
    """The address somebody agreed on, unless it is one that the unit had before its present one."""
    agreed = work.asked(unit.address) or work.agreed.get(called(unit.name), "")
    held = work.ledger.units.get(unit.unit_id)
    return "" if held and key(agreed) in map(key, held.every[1:]) else agreed


def _claim(unit_id: str, agreed: str, work: Work) -> str:
    """Why the agreed address cannot be had; empty when it is claimed."""
    if objection := work.objection(Kind.UNIT, unit_id, agreed):
        return objection.message
    work.claim(Kind.UNIT, unit_id, agreed)
    return ""


def _basis(unit: Unit, parent: str) -> str:
    return basis((unit.name, unit.domain.lower(), parent, unit.kind))


def _refused(unit: Unit, problem: str, held: Holding | None, work: Work) -> Issued | None:
    hint = "agree on another"
    work.refuse(Kind.UNIT, unit.unit_id, ProblemCode.TAKEN, f"agreed address: {problem}", hint)
    return Issued(held, How.KEPT, "") if held else None


def _by_agreement(agreed: str, issued_for: str, held: Holding | None, work: Work) -> Issued:
    if held is None:
        return Issued(Holding(agreed, issued_for), How.NEW, AGREED)
    if key(agreed) == key(held.local_part):
        return _stay(held, issued_for, work)
    holding = work.changed(held, agreed, issued_for, work.rules.unit_renamed.alias_for)
    return Issued(holding, How.CHANGED, AGREED)


def _new(unit: Unit, issued_for: str, awaited: str, work: Work) -> Issued | None:
    found = _by_rule(unit, issued_for, awaited, work)
    return Issued(Holding(found[0], issued_for), How.NEW, found[1]) if found else None


def _stay(held: Holding, issued_for: str, work: Work) -> Issued:
    return Issued(work.current(held, issued_for), How.RETURNED if held.gone else How.KEPT, "")


def _stay_or_follow(unit: Unit, held: Holding, now: str, awaited: str, work: Work) -> Issued:
    """The address held, unless the unit has another name now and the policy lets the address follow."""
    if not held.issued_for or held.issued_for == now or not _speaks_differently(held.issued_for, now, work):
        return _stay(held, now, work)
    if work.rules.unit_renamed.address is AddressChange.KEEP:
        return _stay(held, now, work)
    found = _by_rule(unit, now, awaited, work)
    if found is None:  # the problem is noted; what was issued stays, and the next run asks again
        return _stay(held, held.issued_for, work)
    if key(found[0]) == key(held.local_part):  # another rung, the same address
        return _stay(held, now, work)
    holding = work.changed(held, found[0], now, work.rules.unit_renamed.alias_for)
    return Issued(holding, How.CHANGED, found[1])


def _speaks_differently(before: str, now: str, work: Work) -> bool:
    """Whether the rule gives other addresses than it would have given for what was known before."""
    if len(parts(before)) != len(parts(now)):  # imported without what it was formed from
        return False
    return list(map(str, _spoken(before, work))) != list(map(str, _spoken(now, work)))


def _spoken(of_basis: str, work: Work) -> list[str | FoldError]:
    """What each rung says; a rung that cannot spell the name says so, and does not apply."""
    values = dict(zip(("name", "domain_label", "parent", "kind"), parts(of_basis), strict=True))
    values["domain_label"] = values["domain_label"].removesuffix(f".{work.policy.domain}")
    said: list[str | FoldError] = []
    for rung in work.policy.unit.address:
        try:
            said.append(render_unit(rung, values, work.style))
        except FoldError as problem:
            said.append(problem)
    return said


def _by_rule(unit: Unit, issued_for: str, awaited: str, work: Work) -> tuple[str, str] | None:
    """The local part and the rung that gave it; None after noting the problem."""
    if code := code_in(unit.name):
        message, hint = f"{code!r} is a code, no name", "write the unit's official name, in words"
        work.refuse(Kind.UNIT, unit.unit_id, ProblemCode.LETTER, message, hint)
        return None
    if unit.domain and not unit.domain.lower().endswith(f".{work.policy.domain}"):
        work.refuse(
            Kind.UNIT,
            unit.unit_id,
            ProblemCode.INVALID,
            f"the domain {unit.domain!r} does not lie below {work.policy.domain}",
            "correct the domain",
        )
        return None
    said = _spoken(issued_for, work)
    tried: list[str] = []
    for rung, local_part in zip(work.policy.unit.address, said, strict=True):
        if not local_part or isinstance(local_part, FoldError):
            continue
        if awaited and rung.uses("parent"):  # without it, the rung would say half of the address
            hint = "settle or correct the unit above, or agree on an address for this one"
            work.refuse(Kind.UNIT, unit.unit_id, ProblemCode.MISSING, awaited, hint)
            return None
        too_long = _too_long(parts(issued_for)[0], local_part, work)
        objection = work.objection(Kind.UNIT, unit.unit_id, local_part)
        if not too_long and not objection:
            work.claim(Kind.UNIT, unit.unit_id, local_part)
            return local_part, rung.source
        tried.append(too_long or (objection.message if objection else ""))
    unspelled = [problem for problem in said if isinstance(problem, FoldError)]
    if unspelled and not tried:
        work.refuse(Kind.UNIT, unit.unit_id, ProblemCode.LETTER, str(unspelled[0]), unspelled[0].hint)
        return None
    try:
        proposals = propose(unit.name, work.style, work.rules.unit_max_length, work.namespace)
    except FoldError:
        proposals = ()
    message = "; ".join(tried) or "no rule applies"
    work.refuse(Kind.UNIT, unit.unit_id, ProblemCode.NEEDS_AGREEMENT, message, _AGREE, *proposals)
    return None


def _too_long(name: str, local_part: str, work: Work) -> str:
    limit = work.rules.unit_max_length
    measured = len(local_part)
    if work.rules.long_place_names is LongPlaceNames.ALLOW:
        short = acronym(name, work.style)
        measured -= len(short.place) if local_part == str(short) else 0
    if not limit or measured <= limit:
        return ""
    return f"{local_part!r} has {measured} characters, more than {limit} must be agreed (LD-5.1b)"
