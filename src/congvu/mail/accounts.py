"""Whose an address is, and which unit answers for it: what the directory says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from congvu.directory.dn import dn_key, mail_domain
from congvu.directory.inspect import Reader
from congvu.directory.model import MANAGED_CLASS, RIGHTS, UNITS, Entry, Layout, State
from congvu.directory.password import escape_value

_ATTRIBUTES = (
    "objectClass",
    "uid",
    "cn",
    "ou",
    "mail",
    "mailLocalAddress",
    "departmentNumber",
    "congvuParent",
    "congvuContact",
    "congvuState",
    "congvuIssued",
)
_DELIVERING = "".join(f"(congvuState={state})" for state in State if state.delivers)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody's mailbox, a person's or a unit's."""

    address: str
    """The primary one."""
    name: str
    domain: str
    """The mail domain whose policy holds for it; its address may be in its unit's own domain (LD-5.1c)."""
    unit_id: str
    parent: str
    """DN of the unit above; empty for a person."""
    contact: str
    """A unit's IT officer: a name, a telephone number or an address."""
    is_unit: bool
    delivers: bool
    """Whether it has a mailbox that mail is stored in, and Dovecot opens."""
    dn: str
    issued: date | None = None
    """The day on which the address was issued."""


class Accounts:
    """The accounts of a directory, looked up one by one."""

    def __init__(self, directory: Reader, base: str, domains: Iterable[str]) -> None:
        self._directory, self._base = directory, base
        self._domains = frozenset(domains)

    def is_ours(self, address: str) -> bool:
        """Whether the address is in one of our mail domains."""
        return domain_of(address) in self._domains

    def holding(self, address: str) -> Account | None:
        """The account that holds `address`; an extension (``name+extension@``) does not count.

        Raises `DirectoryFailure`.
        """
        plain = _plain(address)
        if "@" not in plain:
            return None
        wanted = f"(&(objectClass={MANAGED_CLASS})(mailLocalAddress={escape_value(plain)}))"
        return next(map(_account, self._directory.search(self._base, wanted, _ATTRIBUTES)), None)

    def at(self, dn: str) -> Account | None:
        """The account with this DN. Raises `DirectoryFailure`."""
        entry = self.read(dn, _ATTRIBUTES)
        return _account(entry) if entry else None

    def with_rights(self, dn: str) -> frozenset[str]:
        """DNs of those who may do something with the mailbox at `dn`. Raises `DirectoryFailure`."""
        entry = self.read(dn, ("objectClass", *RIGHTS))
        return entry.with_rights if entry else frozenset()

    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """The entry of the account with this DN, with these attributes. Raises `DirectoryFailure`."""
        return next(self._directory.search(dn, f"(objectClass={MANAGED_CLASS})", attributes), None)

    def unit_of(self, account: Account) -> Account | None:
        """The unit that answers for an account: a unit for itself. None when it has no mailbox.

        Raises `DirectoryFailure`.
        """
        unit = next(self.units_above(account), None)
        return unit if unit and unit.delivers else None

    def units_above(self, account: Account) -> Iterator[Account]:
        """The unit of an account, for a unit itself, then each unit above it. Raises `DirectoryFailure`."""
        seen: set[str] = set()
        dn = Layout(self._base, account.domain).unit(account.unit_id) if account.unit_id else ""
        while dn and dn_key(dn) not in seen and (unit := self.at(dn)):
            yield unit
            seen.add(dn_key(dn))
            dn = unit.parent

    def units(self, domain: str) -> tuple[Account, ...]:
        """The units of a mail domain that have a mailbox, by address. Raises `DirectoryFailure`."""
        wanted = f"(&(objectClass={MANAGED_CLASS})(|{_DELIVERING}))"
        found = self._directory.search(Layout(self._base, domain).units, wanted, _ATTRIBUTES)
        return tuple(sorted(map(_account, found), key=lambda account: account.address))

    def all_units(self, domain: str) -> tuple[Account, ...]:
        """The units of a mail domain, with and without a mailbox. Raises `DirectoryFailure`."""
        found = self._directory.search(
            Layout(self._base, domain).units, f"(objectClass={MANAGED_CLASS})", _ATTRIBUTES
        )
        return tuple(map(_account, found))

    def people(self, domain: str) -> tuple[Account, ...]:
        """The people of a mail domain that have a mailbox. Raises `DirectoryFailure`."""
        wanted = f"(&(objectClass={MANAGED_CLASS})(|{_DELIVERING}))"
        return tuple(
            map(_account, self._directory.search(Layout(self._base, domain).people, wanted, _ATTRIBUTES))
        )

    def boxes(self) -> tuple[str, ...]:
        """Primary addresses of all accounts with a mailbox. Raises `DirectoryFailure`."""
        wanted = f"(&(objectClass={MANAGED_CLASS})(|{_DELIVERING}))"
        found = self._directory.search(self._base, wanted, ("objectClass", "mail"))
        return tuple(sorted(entry.value("mail") for entry in found if entry.value("mail")))


def domain_of(address: str) -> str:
    """The mail domain of an address, in lower case; empty when it has none."""
    return address.rpartition("@")[2].lower() if "@" in address else ""


def _plain(address: str) -> str:
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def _account(entry: Entry) -> Account:
    issued = entry.value("congvuIssued")
    return Account(
        address=entry.value("mail"),
        name=entry.value("cn") or entry.value("ou"),
        domain=mail_domain(entry.dn.partition(",")[2]),
        unit_id=entry.unit_id,
        parent=entry.value("congvuParent"),
        contact=entry.value("congvuContact"),
        is_unit=entry.kind == UNITS,
        delivers=entry.state.delivers,
        dn=entry.dn,
        # A day, whatever the zone (`congvu.directory.states.stamp`).
        issued=date.fromisoformat(issued[:8]) if issued else None,
    )
