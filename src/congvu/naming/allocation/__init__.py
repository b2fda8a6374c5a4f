"""Issue addresses: units first, then people, in the order of registration (LD-5.2b). Pure.

An address changes only when the *registry* says something new of its holder: another name, another unit,
another agreed address. A new rule, another order of rows, or other people change nothing that was issued.
"""

from __future__ import annotations

from datetime import date

from congvu.naming.allocation.people import serve_people
from congvu.naming.allocation.result import Allocation, How, Issued, Problem, ProblemCode
from congvu.naming.allocation.units import serve_units, unit_paths
from congvu.naming.allocation.work import Work, registration_order
from congvu.naming.ledger import Ledger
from congvu.naming.roster import Register
from congvu.policy import Policy

__all__ = ["Allocation", "How", "Issued", "Problem", "ProblemCode", "allocate", "registration_order"]


def allocate(registry: Register, policy: Policy, ledger: Ledger, *, today: date) -> Allocation:
    """An address for everybody in `registry`, or a problem that says why not and what to do.

    `ledger` is all that was ever issued in this mail domain, also to those who left. `today` is when the
    time of an alias begins. The same arguments always give the same result, in whatever order the rows
    come. Ids must be unique and without blanks, and parents form no circle: the registry's reader sees to it.
    """
    work = Work(policy, ledger, today, registry)
    units = serve_units(registry.units, work)
    people = serve_people(registry.staff, unit_paths(registry.units, units), work)
    return Allocation(units, people, tuple(work.problems))
