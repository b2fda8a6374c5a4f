"""The difference between wanted and found, as typed operations (pure).

Nothing is ever deleted. An entry that is not ours is never touched; it is reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from congvu.directory.model import DOMAIN_CLASS, Entry, Snapshot, State, dn_key
from congvu.directory.wanted import Wanted, WantedEntry

_MULTI_VALUED = frozenset({"mailLocalAddress", "objectClass", "congvuAliasUntil", "congvuFormerAddress"})
# Attributes that only an empty password can mean; see Change.secret.
_PASSWORD = "userPassword"  # noqa: S105  (the attribute's name)


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute from `before` to `after`; no values after means the attribute goes."""

    attribute: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def secret(self) -> bool:
        """Whether `before` is hidden from us: a password is removed without having been read."""
        return self.attribute == _PASSWORD


@dataclass(frozen=True, slots=True)
class Add:
    """Create an entry."""

    entry: Entry
    reason: str
    clause: str

    @property
    def dn(self) -> str:
        """DN of the new entry."""
        return self.entry.dn


@dataclass(frozen=True, slots=True)
class Modify:
    """Change attributes of an entry, in one LDAP operation: all of them or none."""

    dn: str
    label: str
    """The address, or what else names the entry to a person."""
    changes: tuple[Change, ...]
    reason: str
    clause: str


Operation = Add | Modify


@dataclass(frozen=True, slots=True)
class Plan:
    """What one domain needs, in an order in which it can be done and cut off anywhere."""

    domain: str
    operations: tuple[Operation, ...]
    unchanged: int
    """Accounts that are as they should be."""
    findings: tuple[str, ...]
    """What a person should know; nothing is done about it."""
    problems: tuple[str, ...]
    """What a person must settle; a plan with problems is not applied."""

    @property
    def added(self) -> int:
        """Number of new accounts; containers do not count."""
        return sum(isinstance(operation, Add) and operation.entry.managed for operation in self.operations)

    @property
    def changed(self) -> int:
        """Number of entries to change."""
        return sum(isinstance(operation, Modify) for operation in self.operations)


def diff(wanted: Wanted, found: Snapshot) -> Plan:
    """Compare the wanted entries of one domain with the directory."""
    operations: list[Operation] = []
    findings, problems = list(wanted.findings), list(wanted.problems)
    unchanged = 0
    for item in wanted.structure:
        there = found.get(item.entry.dn)
        if there is None:
            operations.append(Add(item.entry, item.reason, item.clause))
        elif item.entry.has_class(DOMAIN_CLASS) and not there.has_class(DOMAIN_CLASS):
            operations.extend(_announce(item, there, problems))
    for item in (*wanted.units, *wanted.people):
        there = found.get(item.entry.dn)
        if there is None:
            operations.append(Add(item.entry, item.reason, item.clause))
        elif not there.managed:
            problems.append(
                f"{there.dn}: exists and is not ours (remove it, or give it the class congvuAccount)"
            )
        elif changes := _changes(item.entry, there):
            reason, clause = _why(item, changes)
            operations.append(Modify(there.dn, there.value("mail"), changes, reason, clause))
        else:
            unchanged += 1
    findings += _untouched(wanted, found)
    return Plan(wanted.layout.domain, tuple(operations), unchanged, tuple(findings), tuple(problems))


def _announce(item: WantedEntry, there: Entry, problems: list[str]) -> Iterable[Modify]:
    """Make a ``domain`` entry that was only a step on the way a mail domain."""
    if not there.has_class("domain"):
        problems.append(
            f"{there.dn}: is no mail domain and not of the class 'domain' (give it {DOMAIN_CLASS} by hand)"
        )
        return
    classes = there.values("objectClass")
    missing = [name for name in item.entry.values("objectClass") if not there.has_class(name)]
    changes = [Change("objectClass", classes, (*classes, *missing))]
    names = there.values("associatedDomain")
    if wanted_names := [name for name in item.entry.values("associatedDomain") if name not in names]:
        changes.append(Change("associatedDomain", names, (*names, *wanted_names)))
    yield Modify(there.dn, item.entry.value("associatedDomain"), tuple(changes), item.reason, item.clause)


def _changes(wanted: Entry, there: Entry) -> tuple[Change, ...]:
    changes = [
        Change(name, there.values(name), wanted.values(name))
        for name in _compared(wanted)
        if not _equal(name, wanted.values(name), there.values(name))
    ]
    if any(change.attribute == "congvuState" for change in changes) and _login_must_end(wanted, there):
        changes.append(Change(_PASSWORD, (), ()))
    return tuple(changes)


def _why(item: WantedEntry, changes: tuple[Change, ...]) -> tuple[str, str]:
    """Reason and clause of a change: the row's, unless only the policy can have caused it."""
    if {change.attribute for change in changes} == {"congvuQuota"}:
        return "the policy's quota", item.quota_clause
    return item.reason, item.clause


def _login_must_end(wanted: Entry, there: Entry) -> bool:
    """Who leaves loses the password (a bind to LDAP is a login too); who comes back gets a new one."""
    return wanted.state is State.REVOKED or there.state is State.REVOKED


def _compared(wanted: Entry) -> tuple[str, ...]:
    """Attributes the sync owns on an account of the class of `wanted`, present or not."""
    person = ("sn", "givenName", "title", "departmentNumber", "employeeNumber", "telephoneNumber")
    own = person if wanted.has_class("inetOrgPerson") else ("congvuParent",)
    ledger = (
        "mail",
        "mailLocalAddress",
        "congvuAliasUntil",
        "congvuFormerAddress",
        "congvuIssuedFor",
        "congvuIssued",
    )
    return ("ou", "cn", "displayName", *own, *ledger, "congvuQuota", "congvuState")


def _equal(name: str, wanted: tuple[str, ...], there: tuple[str, ...]) -> bool:
    """Byte for byte, since slapd keeps NFD and case as written; as a set where order means nothing."""
    return set(wanted) == set(there) if name in _MULTI_VALUED else wanted == there


def _untouched(wanted: Wanted, found: Snapshot) -> list[str]:
    """Accounts without a row, and entries that are not ours."""
    known = {dn_key(item.entry.dn) for item in (*wanted.units, *wanted.people)}
    lines: list[str] = []
    for container in (wanted.layout.units, wanted.layout.people):
        for entry in found.children(container):
            if dn_key(entry.dn) in known:
                continue
            if not entry.managed:
                lines.append(f"{entry.dn}: not ours, untouched")
            elif not entry.state.gone:
                lines.append(
                    f"{entry.dn}: {entry.value('mail')} has no row; untouched until a row says 'left'"
                )
    return lines
