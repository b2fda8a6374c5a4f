"""Write a plan to the directory. The only writer, besides `congvu.directory.password`.

Every operation stands alone and the tree is valid after each, so a run that was killed is completed by
the next: it plans again, and what was done is no longer in the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from congvu.directory.diff import Add, Operation, Plan
from congvu.directory.model import Entry


class Writer(Protocol):
    """What can be written to: `congvu.directory.connection.Directory`, or a tree in memory."""

    def add(self, entry: Entry) -> None:
        """Create `entry`."""

    def replace(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        """Give each attribute exactly these values (none removes it), all at once."""


def apply(directory: Writer, plan: Plan, progress: Callable[[Operation], None]) -> None:
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
