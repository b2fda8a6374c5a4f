"""Who is given a mailbox and who is not, by the policy's section ``eligible`` (pure).

Nobody loses a mailbox here: whoever holds one and is out of scope now is reported, and stays. A guest alone
goes with the last day that the sponsor has named.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from congvu.policy.model import Employment, OrgType, Policy
from congvu.registry.model import Person, Registry, Unit


def units_out_of_scope(registry: Registry, policy: Policy) -> dict[str, str]:
    """The reason by unit id. A unit is of the kind of organisation of the nearest unit above that has one."""
    by_id = {unit.unit_id: unit for unit in registry.units}
    reasons: dict[str, str] = {}
    for unit in registry.units:
        kind = _org_type(unit, by_id)
        eligible = policy.eligible
        if kind in eligible.excluded_org_types:
            reasons[unit.unit_id] = f"organisations of the type {kind} are ruled by somebody else"
        elif kind and eligible.org_types is not None and kind not in eligible.org_types:
            reasons[unit.unit_id] = f"organisations of the type {kind} are not named by the regulation"
    return reasons


def people_out_of_scope(
    registry: Registry, policy: Policy, units: Mapping[str, str], today: date
) -> dict[str, str]:
    """The reason by staff id; `units` are the units that are out of scope."""
    reasons: dict[str, str] = {}
    for person in registry.staff:
        if reason := units.get(person.unit_id) or _not_employed(person, policy, today):
            reasons[person.staff_id] = reason
    return reasons


def is_over(person: Person, today: date) -> bool:
    """Whether somebody was a guest, and no longer is (BT-P2b)."""
    return person.employment is Employment.GUEST and bool(person.until and person.until < today)


def _org_type(unit: Unit, by_id: Mapping[str, Unit]) -> OrgType | None:
    above: Unit | None = unit
    while above is not None and above.org_type is None:
        above = by_id.get(above.parent_id)
    return above.org_type if above else None


def _not_employed(person: Person, policy: Policy, today: date) -> str:
    eligible, employment = policy.eligible, person.employment
    if person.until and person.until < today:
        return f"the last day was {person.until}"
    if employment is Employment.GUEST:
        return "" if eligible.guests else "the regulation knows no guests"
    if employment in eligible.excluded_employment:
        return f"people of the kind {employment} are excluded by the regulation"
    if employment and eligible.employment is not None and employment not in eligible.employment:
        return f"people of the kind {employment} are not named by the regulation"
    return ""
