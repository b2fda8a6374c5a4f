"""Random histories of an office: after each version of its registry the directory is as the model says."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from congvu.directory.model import Entry, dn_key
from congvu.directory.operations import Act, Event, Modify
from congvu.sync.guard import CODES
from congvu.sync.run import carry_out
from tests.sync.model import Model, dn
from tests.sync.story import LEDGER, attempt, faults, order
from tests.sync.world import DOMAIN, World

VERSIONS = 200
PEOPLE = 25
POLICY = {"unit": {"renamed": {"address": "keep"}}}
ANYTHING = {"allow": list(CODES), "reason": "a history goes its own ways"}


@pytest.mark.parametrize("seed", [61])
def test_the_directory_is_as_the_model_says_after_each_version(seed: int, world: World) -> None:
    model = Model(seed)
    model.found(PEOPLE)
    office = world.files[DOMAIN]
    office.policy["unit"] |= POLICY["unit"]
    owners: dict[str, str] = {}
    seen: set[Event | Act] = set()
    for number in range(VERSIONS):
        office.units, office.staff = model.units, model.staff
        changed = model.apply()
        done = attempt(carry_out, order(world.write({}), model.today, ANYTHING))
        where = f"seed {seed}, version {number}, {model.today}"
        assert done.status == 0, f"{where}: status {done.status}\n{done.words}"
        tree = world.tree()
        told = f"{where}:\n{done.words}"
        assert _differences(model, tree) == [], told
        assert list(faults(tree, world.server.settings.base)) == [], told
        assert {one.entry.key for one in done.written if one.entry.managed and _tells(one)} == changed, told
        for key, box in model.boxes.items():
            for local in box.held():
                assert owners.setdefault(local, key) == key, f"{local} changed hands, {told}"
        seen.update(one.reason.event for one in done.written)
        if number % 20 == 0:
            again = attempt(carry_out, order(world.write({}), model.today, {**ANYTHING, "verify": True}))
            assert (again.status, again.written) == (0, ()), told
        model.next_version()
    assert seen == set(Event) - {Event.QUOTA}, f"seed {seed} knows no {set(Event) - seen}"


def _tells(operation: object) -> bool:
    """Whether an operation changes more than the ledger."""
    if not isinstance(operation, Modify):
        return True
    return not {change.attribute for change in operation.changes} <= LEDGER


def _differences(model: Model, tree: Mapping[str, Entry]) -> list[str]:
    found = []
    expected = model.expected()
    for key, attributes in expected.items():
        entry = tree.get(dn_key(dn(*key.split("/"))))
        if entry is None:
            found.append(f"{key} has no entry")
            continue
        found += [
            f"{key}: {name} is {sorted(entry.values(name))}, not {sorted(values)}"
            for name, values in attributes.items()
            if set(entry.values(name)) != values
        ]
    there = {entry.key for entry in tree.values() if entry.managed}
    return found + [f"{key} is nobody's" for key in sorted(there - expected.keys())]
