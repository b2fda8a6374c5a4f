"""A night killed before each of its writes: the next one does the rest, and each deed is told once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from congvu import policy as policies
from congvu.directory.connection import Directory
from congvu.lifecycle.desk import Desk
from congvu.lifecycle.happened import Reader
from congvu.lifecycle.night import look
from congvu.sync.job import Order
from congvu.sync.run import carry_out
from congvu.sync.settings import Settings
from congvu.vietnam import today
from tests.sync.cases import Hand, Office
from tests.sync.world import DOMAIN, STAFF, World
from tests.unit.crash import killed_before


@pytest.fixture
def settings(world: World) -> Settings:
    """An office whose people have not used their mailboxes."""
    made = world.write({"": Office(policy={"inactivity": {"after": "3 months", "then": "revoke"}})})
    assert carry_out(Order(made, today(), "test")).status == 0
    return made


def night(settings: Settings) -> None:
    """What `congvu lifecycle run` does, three months on."""
    rules = {DOMAIN: policies.load(settings.domains[DOMAIN].policy)}
    with Directory.as_service(settings.directory) as directory:
        found = look(directory, settings.directory.base, rules, today() + timedelta(days=95))
    Desk(settings, "test").carry_out(found.operations)


def test_killed_before_any_write_the_next_night_completes_it_and_each_deed_is_told_once(
    world: World, settings: Settings
) -> None:
    reader = Reader(settings.audit_folder, world.folder / "read.json")
    _, told = reader.read(reader.bookmark())
    everybody = {world.dn(uid) for uid in STAFF}
    number, killed = 0, True
    while killed:
        number += 1
        killed = killed_before(number, lambda: night(settings))
        night(settings)
        done, told = reader.read(told)
        warned = Counter(record["dn"] for record in done if record["event"] == "warned")
        assert warned == Counter(everybody), f"killed before call {number}"
        assert not told.open
        for uid in STAFF:
            world.by_hand(Hand(at=uid, set={"congvuWarned": []}))
    assert number > len(STAFF), "each was written on its own"
