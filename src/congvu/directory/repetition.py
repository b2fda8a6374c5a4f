"""How an operation is sent so that it may be sent again, and how to tell that it is done already (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from congvu.directory import ber, results
from congvu.directory.dn import dn_key
from congvu.directory.model import Entry
from congvu.directory.operations import Add, Operation

_PASSWORD = "userpassword"  # noqa: S105  (the attribute's name)
_DN_SYNTAX = frozenset({"congvuhead", "congvusuccessor", "congvuparent", "congvudelegate"})
"""Attributes whose values the server writes in its own way."""


def request(operation: Operation) -> tuple[bytes, tuple[bytes, ...]]:
    """The operation as LDAP, with its controls: a change happens only to what it was planned for."""
    if isinstance(operation, Add):
        return ber.add(operation.entry), ()
    changes = ber.replace(operation.dn, {change.attribute: change.after for change in operation.changes})
    before = {change.attribute: change.before for change in operation.changes if not change.secret}
    return changes, ((ber.assertion(before),) if before else ())


def may_be_done(operation: Operation, result: ber.Result) -> bool:
    """Whether the directory's refusal may mean that the operation was carried out before."""
    expected = results.ALREADY_EXISTS if isinstance(operation, Add) else results.ASSERTION_FAILED
    return result.code == expected


def wished(operation: Operation) -> Mapping[str, Sequence[str]]:
    """What the entry has afterwards, as far as it can be read: passwords cannot."""
    if isinstance(operation, Add):
        after: Mapping[str, Sequence[str]] = operation.entry.attributes
    else:
        after = {change.attribute: change.after for change in operation.changes}
    return {name: values for name, values in after.items() if name.lower() != _PASSWORD}


def is_so(wish: Mapping[str, Sequence[str]], there: Entry) -> bool:
    """Whether the entry is as wished in these attributes."""
    return all(_same(name, there.values(name), values) for name, values in wish.items())


def _same(attribute: str, one: Sequence[str], other: Sequence[str]) -> bool:
    if attribute.lower() in _DN_SYNTAX:
        return set(map(dn_key, one)) == set(map(dn_key, other))
    return set(one) == set(other)
