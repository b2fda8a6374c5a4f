"""Who owns a unit's mailbox by office, and who of the leadership reads its shared folder (pure).

The head of a unit owns its mailbox, and stands in ``congvuHead``. The offices that a policy names besides
come from the positions in the staff list; who holds one owns it from the run on in which they say so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from congvu.directory.wanted.heads import head_of
from congvu.directory.wanted.work import Work
from congvu.policy.model import Role
from congvu.registry.model import Person, Status, Unit
from congvu.registry.offices import is_office, offices

_NOBODY: tuple[str, ...] = ()


class Leadership:
    """Looks through the staff list once, and not at all for a policy that asks for heads only."""

    def __init__(self, work: Work) -> None:
        policy = work.task.policy
        self._work = work
        self._owners = frozenset(policy.delegation.owners or ()) - {Role.HEAD}
        shared = policy.shared_folders
        self._readers = frozenset((shared.readers or ()) if shared else ())
        self._staff: dict[str, list[Person]] = defaultdict(list)
        self._below: dict[str, list[Unit]] = defaultdict(list)
        self._at_top: dict[str, tuple[str, ...]] = {}
        if self._owners or self._readers:
            for person in work.task.registry.staff:
                if person.status is Status.WORKING:
                    self._staff[person.unit_id].append(person)
            for unit in work.task.registry.units:
                if unit.status is Status.WORKING:
                    self._below[unit.parent_id].append(unit)

    def owners(self, unit: Unit) -> tuple[str, ...]:
        """DNs of those who own the unit's mailbox besides its head (DL-8.3, QT-4.1a)."""
        if not self._owners:
            return _NOBODY
        return self._accounts(self._holding(unit, self._owners))

    def leaders(self, unit: Unit) -> tuple[str, ...]:
        """DNs of those who read the unit's shared folder, by office in the topmost unit above (DL-4.2a)."""
        if not self._readers:
            return _NOBODY
        top = self._top(unit)
        if top.unit_id not in self._at_top:
            self._at_top[top.unit_id] = self._accounts(self._holding(top, self._readers))
        return self._at_top[top.unit_id]

    def _top(self, unit: Unit) -> Unit:
        """The registry's reader has seen to it that there is no circle."""
        while above := self._work.units.get(unit.parent_id):
            unit = above
        return unit

    def _holding(self, unit: Unit, roles: Collection[Role]) -> Iterator[str]:
        """Staff ids of who holds one of the offices in the unit; the head: see `heads`."""
        if Role.HEAD in roles and (head := head_of(self._work, unit)):
            yield head
        wanted = set(roles) - {Role.HEAD}
        if Role.OFFICE in wanted:
            wanted.add(Role.CHIEF_OF_OFFICE)
            yield from (head_of(self._work, one) for one in self._below[unit.unit_id] if is_office(one.name))
        for person in self._staff[unit.unit_id]:
            if wanted & offices(person.position, unit.name):
                yield person.staff_id

    def _accounts(self, staff_ids: Iterator[str]) -> tuple[str, ...]:
        """DNs of those among them who have an account, or get one in this run."""
        work, found = self._work, set()
        for staff_id in staff_ids:
            account, row = work.accounts.people.get(staff_id), work.people.get(staff_id)
            if (row and row.status is Status.LEFT) or (account and work.has_left(account)):
                continue
            if account:
                found.add(account.dn)
            elif staff_id in work.allocation.people:
                found.add(work.layout.person(staff_id))
        return tuple(sorted(found))
