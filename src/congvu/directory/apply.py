"""Write a plan to the directory. The only writer, besides `congvu.directory.password`.

Every operation stands alone and the tree is valid after each, so a run that was killed is completed by
the next: it plans again, and what was done is no longer in the plan.
"""

from __future__ import annotations

from collections.abc import Callable

from congvu.directory.connection import Directory
from congvu.directory.diff import Add, Operation, Plan


def apply(directory: Directory, plan: Plan, progress: Callable[[Operation], None]) -> None:
    """Do the operations of `plan` in order, calling `progress` after each.

    Raises `DirectoryFailure` with the DN at the first that fails; what was done before stays done.
    """
    if plan.problems:
        raise ValueError("a plan with problems is not applied")
    for operation in plan.operations:
        if isinstance(operation, Add):
            directory.add(operation.entry)
        else:
            directory.replace(operation.dn, {change.attribute: change.after for change in operation.changes})
        progress(operation)
