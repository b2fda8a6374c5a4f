"""What differs between an account as it should be and as it is (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from congvu.directory.model import RIGHTS, Entry, dn_key
from congvu.directory.operations import Change
from congvu.directory.states import has_password

Attributes = Mapping[str, tuple[str, ...]]

_BOTH = (
    "cn",
    "displayName",
    "ou",
    "mail",
    "mailLocalAddress",
    "congvuAliasUntil",
    "congvuFormerAddress",
    "congvuIssuedFor",
    "congvuIssued",
    "congvuQuota",
    "congvuState",
    "congvuEnded",
    "congvuDelegate",
    "congvuSearch",
)
_PERSON = (
    *("cn", "displayName", "sn", "givenName", "title", "ou", "departmentNumber", "employeeNumber"),
    *("telephoneNumber", *_BOTH[3:]),
)
_RIGHTS = ("congvuOwner", "congvuReader", "congvuAnswerer", "congvuLeader")
"""Who has rights in a unit's mailbox and shared folder, besides the head and who may send as it."""
_UNIT = (
    *_BOTH[:3],
    "congvuParent",
    "congvuHead",
    "congvuHandover",
    "congvuSuccessor",
    "congvuContact",
    *_BOTH[3:],
    *_RIGHTS,
)
OWNED = frozenset({*_PERSON, *_UNIT})
"""All attributes that the sync owns."""
_SETS = frozenset({"mailLocalAddress", "congvuAliasUntil", "congvuFormerAddress"})
_NAMES = frozenset({"congvuParent", "congvuSuccessor", *RIGHTS})
"""Attributes whose values are DNs."""
_NONE: tuple[str, ...] = ()


def differing(kind_is_person: bool, wanted: Attributes, there: Attributes) -> Iterator[str]:
    """The attributes that the sync owns and that differ, in the order of the tree's description.

    Byte for byte, since slapd keeps NFD and case as written; as a set where order means nothing; DNs as DNs.
    """
    for name in _PERSON if kind_is_person else _UNIT:
        ours, theirs = wanted.get(name, _NONE), there.get(name, _NONE)
        if ours == theirs:
            continue
        if name in _SETS and set(ours) == set(theirs):
            continue
        if name in _NAMES and set(map(dn_key, ours)) == set(map(dn_key, theirs)):
            continue
        yield name


def changes(wanted: Entry, there: Entry) -> tuple[Change, ...]:
    """What has to change for `there` to be as `wanted`, the end of a login included."""
    person = wanted.has_class("inetOrgPerson")
    found = [
        Change(name, there.values(name), wanted.values(name))
        for name in differing(person, wanted.attributes, there.attributes)
    ]
    # Who leaves loses the password (a bind to LDAP is a login too); who comes back gets a new one. No
    # password that a head knew opens the mailbox for the next one (LD-11.3).
    if any(
        change.attribute == "congvuState"
        or (change.attribute == "congvuEnded" and change.after)
        or (change.attribute == "congvuHead" and change.before and has_password(there))
        for change in found
    ):
        found += Change.no_password()
    return tuple(found)
