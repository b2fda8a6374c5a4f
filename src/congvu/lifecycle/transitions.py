"""What may happen to an account, from which state, at whose word (pure): the one table of it.

docs/lifecycle.md prints the table; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from congvu.directory.model import State
from congvu.directory.operations import Act, Event


class Asker(StrEnum):
    """At whose word something happens."""

    REGISTRY = "registry"
    """A row of the staff registry, through the sync."""
    OPERATOR = "operator"
    UNIT = "unit"
    """The unit asks in writing, the operator does it."""
    OWNER = "owner"
    """The person whose account it is; a timer sees it."""
    TIMER = "timer"


class Document(StrEnum):
    """Whether a document must be named."""

    ALWAYS = "always"
    BY_POLICY = "by policy"
    """Where ``returning.needs_document`` holds (LD-7.2d)."""
    FREE = "free"
    """One may be named."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What one event may do."""

    sources: tuple[State, ...]
    """The states it may begin in; none: there was no account."""
    targets: tuple[State, ...]
    """The states it may end in; several: the policy, or the account's own past, decides."""
    asker: Asker
    document: Document = Document.FREE
    notice: str = ""
    """The key of the policy's ``notices`` that says who is told; empty: nobody."""
    timer: str = ""
    """The policy's key of the span after which it happens by itself."""


_AT_WORK = (State.INITIAL, State.ACTIVE)
_THERE = (*_AT_WORK, State.LOCKED, State.SUSPENDED)
_ENDED = (State.LOCKED, State.SUSPENDED, State.REVOKED)
_NEW = Transition((), (State.PENDING, State.INITIAL), Asker.REGISTRY, notice="issued")
_LEAVE = Transition((State.PENDING, *_THERE, State.REVOKED), _ENDED, Asker.REGISTRY, notice="revoked")

TABLE: Mapping[Event | Act, Transition] = {
    Event.JOIN: _NEW,
    Event.UNIT_NEW: _NEW,
    Act.APPROVED: Transition(
        (State.PENDING,), (State.INITIAL,), Asker.OPERATOR, Document.ALWAYS, notice="issued"
    ),
    Event.RETURN: Transition(
        (*_ENDED, State.PURGED), (State.INITIAL,), Asker.REGISTRY, Document.BY_POLICY, notice="reissued"
    ),
    Event.LEAVE: _LEAVE,
    Event.UNIT_DISSOLVED: _LEAVE,
    Event.UNIT_MERGED: _LEAVE,
    Event.UNIT_SPLIT: _LEAVE,
    Act.BEGUN: Transition((State.INITIAL,), (State.ACTIVE,), Asker.OWNER),
    Act.EXPIRED: Transition(
        (State.INITIAL,), (State.LOCKED,), Asker.TIMER, notice="locked", timer="password.initial_valid"
    ),
    Act.RESET: Transition(_AT_WORK, (State.INITIAL,), Asker.OPERATOR, Document.ALWAYS, notice="reset"),
    Act.LOCKED: Transition(_AT_WORK, (State.LOCKED,), Asker.OPERATOR, notice="locked"),
    Act.UNLOCKED: Transition((State.LOCKED,), _AT_WORK, Asker.OPERATOR, notice="unlocked"),
    Act.SUSPENDED: Transition((*_AT_WORK, State.LOCKED), (State.SUSPENDED,), Asker.OPERATOR, notice="locked"),
    Act.RESUMED: Transition((State.SUSPENDED,), _AT_WORK, Asker.OPERATOR, notice="unlocked"),
    Act.REVOKED: Transition((State.PENDING, *_THERE), (State.REVOKED,), Asker.OPERATOR, notice="revoked"),
    Act.WITHDRAWN: Transition(
        (State.PENDING, *_THERE),
        (State.REVOKED,),
        Asker.UNIT,
        Document.ALWAYS,
        notice="revoked_at_units_request",
    ),
    Act.RESTORED: Transition(
        (State.REVOKED, State.PURGED), (State.INITIAL,), Asker.UNIT, Document.BY_POLICY, notice="reissued"
    ),
    Act.EXEMPTED: Transition(_AT_WORK, _AT_WORK, Asker.UNIT),
    Act.WARNED: Transition(
        _AT_WORK, _AT_WORK, Asker.TIMER, notice="inactive_soon", timer="inactivity.warn_before"
    ),
    Act.INACTIVE: Transition(_AT_WORK, _ENDED, Asker.TIMER, notice="revoked", timer="inactivity.after"),
    Act.LAPSED: Transition(
        (State.LOCKED,), (State.REVOKED,), Asker.TIMER, notice="revoked", timer="locking.revoke_after"
    ),
    # Nobody is told: the unit was, when the account ended.
    Act.PURGED: Transition(_ENDED, (State.PURGED,), Asker.TIMER, timer="leaving.hold"),
}
"""Every event that gives an account another state, or starts a clock. Others change what it holds."""
