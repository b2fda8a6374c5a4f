"""An account as its life is told: its state, and the days that clocks are set by (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from congvu.directory.dn import mail_domain
from congvu.directory.model import PEOPLE, Entry, State
from congvu.directory.states import ended
from congvu.vietnam import VIETNAM

ATTRIBUTES = (
    *("objectClass", "uid", "cn", "ou", "mail", "departmentNumber", "congvuState"),
    *("congvuIssued", "congvuSince", "congvuEnded", "congvuWarned", "congvuExempt"),
    *("pwdLastSuccess", "pwdChangedTime", "pwdReset", "title", "congvuParent"),
    *("congvuDelegation", "congvuReader", "congvuAnswerer", "congvuDelegate"),
    *("congvuHead", "congvuOwner", "congvuLeader", "congvuHandover", "congvuContact"),
)
"""What must be read of an entry."""
NOT_KEPT = (
    *("telephoneNumber", "title", "displayName", "givenName", "congvuSearch", "congvuExempt"),
    *("congvuHead", "congvuOwner", "congvuLeader", "congvuHandover", "congvuContact"),
    *("congvuDelegation", "congvuReader", "congvuAnswerer", "congvuDelegate"),
)
"""What goes with the mail: the ledger of addresses needs none of it (Luật Bảo vệ dữ liệu cá nhân 91/2025)."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account."""

    entry: Entry
    """With `ATTRIBUTES`."""

    @property
    def domain(self) -> str:
        """The mail domain whose policy holds for it."""
        return mail_domain(self.entry.dn.partition(",")[2])

    @property
    def address(self) -> str:
        """The primary address."""
        return self.entry.value("mail")

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self.entry.state

    @property
    def is_person(self) -> bool:
        """Whether it is a person's: nobody logs in as a unit, so no clock of silence runs for one."""
        return self.entry.kind == PEOPLE

    @property
    def initial_password(self) -> bool:
        """Whether there is a password that its owner must change (LD-12.1)."""
        return self.entry.value("pwdReset").upper() == "TRUE"

    @property
    def own_password(self) -> bool:
        """Whether its owner has set the password. ``pwdReset: FALSE`` says that there is none any more."""
        return bool(self.entry.value("pwdChangedTime")) and not self.entry.values("pwdReset")

    @property
    def password_set(self) -> date | None:
        """The day on which the password was set."""
        return _day(self.entry.value("pwdChangedTime"))

    @property
    def last_access(self) -> date | None:
        """The day of the last login, by whatever program: each is a bind. None: there was none."""
        return _day(self.entry.value("pwdLastSuccess"))

    @property
    def issued(self) -> date | None:
        """The day on which the address was issued."""
        return _stamped(self.entry.value("congvuIssued"))

    @property
    def since(self) -> date | None:
        """The day on which the account's state began, as far as somebody has set it after it was issued."""
        days = [_stamped(self.entry.value(name)) for name in ("congvuSince", "congvuEnded")]
        return max((day for day in days if day), default=None)

    @property
    def gone_since(self) -> date | None:
        """The day on which its holder left, else that on which it was revoked; None while it is in use."""
        if ended(self.entry):
            return _stamped(self.entry.value("congvuEnded"))
        return _stamped(self.entry.value("congvuSince")) if self.state is State.REVOKED else None

    @property
    def warned_until(self) -> date | None:
        """The last day that its owner was promised."""
        return _stamped(self.entry.value("congvuWarned"))

    @property
    def exempt_until(self) -> date | None:
        """The last day on which it may stay unused (LD-7.2d)."""
        return _stamped(self.entry.value("congvuExempt")[:8])

    @property
    def exempt_because(self) -> str:
        """Why."""
        return self.entry.value("congvuExempt")[9:]

    def used_last(self) -> date | None:
        """The day from which silence is counted: the last access, or creation where there was none (LD-7.2d).

        A new password, and a state that somebody has set, count as use. None where the account waits for a
        password that nobody has given it again: its owner could not log in.
        """
        if self.entry.value("pwdReset").upper() == "FALSE":
            return None
        days = (self.issued, self.since, self.password_set, self.last_access)
        return max((day for day in days if day), default=None)


_MIDNIGHT = 24 - int(VIETNAM.utcoffset(None).total_seconds()) // 3600
"""The hour in UTC at which a day begins in Vietnam."""


def _day(text: str) -> date | None:
    """The day in Vietnam of a generalizedTime in UTC (RFC 4517, 3.3.13). strptime is five times slower."""
    if not text:
        return None
    day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    return day + timedelta(days=1) if int(text[8:10]) >= _MIDNIGHT else day


def _stamped(text: str) -> date | None:
    """A day that `congvu.directory.states.stamp` wrote: a day, whatever the zone."""
    return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if text else None
