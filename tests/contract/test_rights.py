"""Rights in units' mailboxes, given and taken as the sync writes them: what Dovecot's search then finds."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

import ldap3
import pytest

from congvu.directory.connection import Directory
from congvu.directory.model import Entry
from congvu.directory.operations import Change, Event, Modify, Reason
from congvu.fleet.lab import ROOT, Lab
from tests.contract.doors import BASE, SUCCESS, World, directory, person, unit

DOMAIN = "kiemtra.gov.vn"
OPEN, LOCKED = unit("PhongAn"), unit("PhongEm", congvuState="locked")
AN, BINH = person("An (A)*"), person("Binh", departmentNumber="phongan")
RIGHTS = (
    "congvuHead",
    "congvuOwner",
    "congvuReader",
    "congvuAnswerer",
    "congvuDelegate",
    "congvuLeader",
)
WHY = Reason(Event.DETAILS, "a right", "units.csv:2")


@pytest.fixture(scope="module")
def world(lab: Lab) -> Iterator[World]:
    with directory(lab, OPEN, LOCKED, AN, BINH) as one:
        yield one


@pytest.fixture(scope="module")
def program() -> Iterator[ModuleType]:
    """The role's program that looks units up at a login."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "roles/dovecot/files/mailbox"))
        yield importlib.import_module("units")
    del sys.modules["units"]


def found(world: World, program: ModuleType, who: Entry) -> dict[str, set[str]]:
    """The units that Dovecot finds for an account, and in which attributes it reads who it is."""
    account = program.Account(who.dn, who.value("mail"), who.value("departmentNumber"))
    with world.as_one("dovecot") as one:
        one.search(BASE, program.question(account), ldap3.SUBTREE, attributes=["uid", *RIGHTS])
        assert one.result["result"] == SUCCESS, one.result
        return {
            each["attributes"]["uid"][0]: {
                name for name in RIGHTS if who.dn in map(str, each["attributes"].get(name, ()))
            }
            for each in one.response
        }


def write(world: World, entry: Entry, right: str, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """As the sync does: only if the attribute is still as the plan has it."""
    operation = Modify(DOMAIN, entry, (Change(right, before, after),), WHY)
    with Directory.as_service(world.server.settings) as sync:
        assert [failure for _, failure in sync.write([operation])] == [None]


@pytest.mark.parametrize("right", RIGHTS)
def test_a_right_that_is_given_is_found_at_once_and_not_when_it_is_taken(
    right: str, world: World, program: ModuleType
) -> None:
    assert found(world, program, AN) == {}
    write(world, OPEN, right, (), (AN.dn,))
    assert found(world, program, AN) == {"PhongAn": {right}}
    write(world, OPEN, right, (AN.dn,), ())
    assert found(world, program, AN) == {}


def test_a_unit_that_is_locked_is_found_by_nobody(world: World, program: ModuleType) -> None:
    write(world, LOCKED, "congvuOwner", (), (AN.dn,))
    assert found(world, program, AN) == {}
    assert found(world, program, LOCKED) == {}


def test_a_person_finds_the_own_unit_and_a_unit_itself(world: World, program: ModuleType) -> None:
    assert found(world, program, BINH) == {"PhongAn": set()}
    assert found(world, program, OPEN) == {"PhongAn": set()}
