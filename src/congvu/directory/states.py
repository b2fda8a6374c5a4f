"""What becomes of an account's state when its holder leaves and comes back (pure).

The sync sets `State.INITIAL`, and what the policy wants when somebody leaves. All other states are other
hands' and stay. ``congvuEnded`` marks what the sync has ended: without it, a state is somebody else's.
"""

from __future__ import annotations

from datetime import date

from congvu.directory.model import Entry, State
from congvu.policy.model import Removal

_AFTER = {
    Removal.LOCK: State.LOCKED,
    Removal.SUSPEND: State.SUSPENDED,
    Removal.REVOKE: State.REVOKED,
    Removal.DELETE: State.REVOKED,  # the mail goes when the hold is over; the address is a tombstone
}
_AT_WORK = frozenset({(str(State.INITIAL),), (str(State.ACTIVE),)})
_STRICTER = (State.LOCKED, State.SUSPENDED, State.REVOKED, State.PURGED)


def ended(entry: Entry) -> bool:
    """Whether the sync has ended the account, and nobody has opened it again by hand since."""
    return bool(entry.values("congvuEnded")) and entry.state in _STRICTER


def is_open(entry: Entry) -> bool:
    """Whether the account has neither ended nor become a tombstone."""
    return entry.attributes.get("congvuState") in _AT_WORK or not (entry.state.gone or ended(entry))


def has_password(entry: Entry) -> bool:
    """Whether the account has a password: ppolicy's note stays when it goes, see `Change.no_password`."""
    return bool(entry.value("pwdChangedTime")) and entry.value("pwdReset").upper() != "FALSE"


def after_leaving(state: State, then: Removal) -> State:
    """The state of an account whose holder left; never a milder one than it has."""
    wanted = State.REVOKED if state is State.PENDING else _AFTER[then]  # there is no mailbox to be kept
    return state if state in _STRICTER and _STRICTER.index(state) > _STRICTER.index(wanted) else wanted


def stamp(today: date) -> str:
    """A day as LDAP writes it (generalizedTime, RFC 4517, 3.3.13)."""
    return f"{today:%Y%m%d}000000Z"
