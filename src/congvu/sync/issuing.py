"""Initial passwords: made, put on a sheet that is safe with the operator, and only then set (LD-12.1).

A sheet leaves through a `Channel`. Now there is one: a file that only the operator's key opens. A password is
in clear in this process, in the pipe to ``openssl`` and in the request to the directory (TLS), nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from congvu.directory.inspect import Reader
from congvu.directory.model import MANAGED_CLASS, Entry, Layout, State, dn_key
from congvu.directory.password import Writer, first_password, set_initial
from congvu.errors import DirectoryFailure, SystemFailure
from congvu.files import write_whole
from congvu.policy.effective import effective
from congvu.policy.model import Policy
from congvu.sealed import Certificate
from congvu.sync.audit import AuditLog
from congvu.sync.sheet import Issued, Sheet
from congvu.vietnam import VIETNAM

MOST = 2000
"""Passwords set in one run, unless told otherwise: the server takes 30 ms to hash one (ARGON2)."""
BATCH = 200
"""People on one sheet."""
GIVEN_UP_AFTER = 3
"""So many failures in a row are no matter of single accounts."""
_NEEDED = ("objectClass", "uid", "cn", "ou", "mail", "departmentNumber", "congvuState")
_WITHOUT_ONE = (
    f"(&(objectClass={MANAGED_CLASS})(objectClass=inetOrgPerson)(congvuState={State.INITIAL})"
    "(|(!(pwdChangedTime=*))(pwdReset=FALSE)))"
)
"""Who has no password. Nobody may look for it, but ppolicy notes when one is set, and never drops the note:
whoever takes one away also writes ``pwdReset: FALSE``, which the next one turns to TRUE."""


class Channel(Protocol):
    """How sheets reach those who hand passwords out."""

    def deliver(self, sheet: Sheet) -> str:
        """Bring the sheet to safety and return where it is; it outlives a crash from then on.

        Raises `SystemFailure` or `InputError`; then no password of the sheet may be set.
        """


@dataclass(frozen=True, slots=True)
class EncryptedFile:
    """A channel: CMS (RFC 5652) files in `folder`, for the key of `certificate` only."""

    certificate: Path
    folder: Path

    def deliver(self, sheet: Sheet) -> str:
        """Write ``<domain>-<number>.cms``, PEM; docs/audit.md says how to open it."""
        certificate = Certificate(self.certificate)
        certificate.check("no passwords are issued")
        content = certificate.seal(sheet.pdf())
        path = self.folder / f"{sheet.domain}-{sheet.number}.cms"
        if path.exists():  # passwords on it may have been set
            raise SystemFailure("there is a sheet of this number", where=str(path), hint="run again")
        write_whole(path, content)
        return str(path)


def _untold(done: int, of: int) -> None:
    """Nobody watches."""


class Account(Reader, Writer, Protocol):
    """What is read and written: `congvu.directory.connection.Directory`."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed over."""

    sheets: tuple[str, ...]
    """Where they are."""
    issued: int
    """Passwords that were set."""
    failures: tuple[str, ...]
    """Accounts that the directory refused one for; the next run tries again, with another password."""
    left: int
    """People without one who come in the next run."""


def hand_over(
    directory: Account,
    audit: AuditLog,
    channel: Channel,
    *,
    base: str,
    policies: Mapping[str, Policy],
    now: datetime,
    most: int = MOST,
    progress: Callable[[int, int], None] = _untold,
) -> Handed:
    """Issue a password to each person in state ``initial`` who has none, at most `most` of them.

    `policies` by mail domain; only people of these domains get one. `progress` is told how many of how many
    are done. A sheet is safe before the first of its passwords is set. Raises `DirectoryFailure` when the
    directory is gone, `SystemFailure` and `SettingsError` when a sheet cannot be delivered; what was set by
    then stays set, and is on a sheet.
    """
    waiting = _waiting(directory, base, policies)
    total = sum(len(people) for people in waiting.values())
    work = _Work(directory, audit, channel, now, min(total, most), progress)
    for domain, people in waiting.items():
        chosen = people[: most - work.tried]
        for start in range(0, len(chosen), BATCH):
            work.batch(policies[domain], domain, chosen[start : start + BATCH])
    return Handed(tuple(work.sheets), work.issued, tuple(work.failures), total - work.tried)


@dataclass(slots=True)
class _Work:
    """One handover: its tools, and what it has done."""

    directory: Account
    audit: AuditLog
    channel: Channel
    now: datetime
    due: int
    progress: Callable[[int, int], None]
    sheets: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    issued: int = 0
    tried: int = 0
    in_a_row: int = 0
    """Failures since the last password that was set."""

    def batch(self, policy: Policy, domain: str, people: Sequence[Entry]) -> None:
        """Make a sheet for `people`, bring it to safety, then set its passwords."""
        rules = effective(policy)
        sheet = Sheet(
            # Ordered by time, and within a second by the log, in which every run and every sheet is told.
            f"{self.now.astimezone(VIETNAM):%Y%m%d-%H%M%S}-{self.audit.head.sequence:06}",
            domain,
            self.now,
            rules.initial_valid.after(self.now.astimezone(VIETNAM).date()),
            policy.operator.name if policy.operator else "",
            policy.regulation.number,
            tuple(_issue(entry, rules.password_min_length) for entry in people),
        )
        place = self.channel.deliver(sheet)
        self.sheets.append(place)
        accounts = [{"dn": one.dn, "label": one.address} for one in sheet.issued]
        told = {"domain": domain, "sheet": sheet.number, "place": place, "accounts": accounts}
        self.audit.tell("sheet", [told])
        for one in sheet.issued:
            self._set(one, {"domain": domain, "sheet": sheet.number, "dn": one.dn, "label": one.address})

    def _set(self, one: Issued, facts: Mapping[str, Any]) -> None:
        self.tried += 1
        try:
            set_initial(self.directory, one.dn, one.password)
        except DirectoryFailure as failure:
            self.in_a_row += 1
            self.audit.tell("password", [{**facts, "outcome": "failed", "failure": failure.message}])
            if self.in_a_row == GIVEN_UP_AFTER:
                raise
            self.failures.append(str(failure))
        else:
            self.in_a_row = 0
            self.issued += 1
            self.audit.tell("password", [{**facts, "outcome": "done", "failure": ""}])
        self.progress(self.tried, self.due)


def _waiting(directory: Reader, base: str, domains: Iterable[str]) -> Mapping[str, Sequence[Entry]]:
    """People without a password by mail domain, unit by unit."""
    waiting: dict[str, list[Entry]] = {domain: [] for domain in domains}
    below = {f",{dn_key(Layout(base, domain).people)}": people for domain, people in waiting.items()}
    for entry in directory.search(base, _WITHOUT_ONE, _NEEDED):
        for suffix, people in below.items():
            if dn_key(entry.dn).endswith(suffix):
                people.append(entry)
    for people in waiting.values():
        people.sort(key=lambda entry: (entry.value("departmentNumber"), entry.value("mail")))
    return waiting


def _issue(entry: Entry, length: int) -> Issued:
    password = first_password(entry, length)
    return Issued(entry.dn, entry.value("cn"), entry.value("ou"), entry.value("mail"), password)
