"""The plans of all mail domains (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from congvu.directory.diff import diff
from congvu.directory.model import Snapshot
from congvu.directory.operations import Add, DomainPlan
from congvu.directory.wanted import Draft, Task


def plan_all(tasks: Sequence[Task], found: Snapshot) -> tuple[DomainPlan, ...]:
    """What each mail domain needs: a domain comes before those below it, and builds what they stand on.

    Problems stay in the plans, nothing is raised. `tasks` may come in any order.
    """
    ordered = sorted(tasks, key=lambda task: (task.layout.domain.count("."), task.layout.domain))
    drafts = [Draft(task, found) for task in ordered]
    leaving = frozenset[str]().union(*(draft.leaving for draft in drafts))
    plans: list[DomainPlan] = []
    for draft in drafts:
        plan = diff(draft.complete(leaving), found)
        # A domain below another one builds on the containers that the first plan adds.
        steps = [one.entry for one in plan.operations if isinstance(one, Add) and not one.entry.managed]
        found = found.plus(steps) if steps else found
        plans.append(plan)
    return tuple(plans)
