"""What a person in charge, or a timer, has done to an account, as one operation (pure)."""

from __future__ import annotations

from datetime import date

from congvu.directory.model import State
from congvu.directory.operations import Act, Change, Modify, Reason
from congvu.directory.states import after_leaving, ended, stamp
from congvu.errors import InputError
from congvu.lifecycle.account import NOT_KEPT, Account
from congvu.lifecycle.transitions import TABLE, Document
from congvu.policy.model import Policy, Removal

_CLAUSES = {
    Act.APPROVED: "joining.needs_approval",
    Act.RESET: "password.reset_through",
    Act.RESTORED: "returning",
    Act.EXEMPTED: "inactivity.exemption",
}


def act(
    account: Account,
    what: Act,
    policy: Policy,
    today: date,
    *,
    why: str,
    document: str = "",
    secret: str = "",
    until: date = date.max,
    clause: str = "",
) -> Modify:
    """The operation that does `what` to `account` today.

    `why` is in words, `document` the number of the document that orders it, `secret` the password that
    `Act.RESET` sets, `until` the last day of an exemption or of a warning. Raises `InputError` where the
    table has no such way, where a document is missing, or where the sync must speak first.
    """
    transition = TABLE[what]
    if account.state not in transition.sources:
        allowed = ", ".join(transition.sources)
        raise InputError(f"the account is {account.state}", where=account.address, hint=f"must be {allowed}")
    if what is Act.RESET and not account.is_person:
        raise InputError(
            "nobody logs in as a unit",
            where=account.address,
            hint="give people rights: 'congvu unit delegate', 'congvu unit handover'",
        )
    needed = transition.document is Document.ALWAYS or (
        transition.document is Document.BY_POLICY and bool(policy.returning.needs_document)
    )
    if needed and not document.strip():
        raise InputError(
            f"'{what}' needs a document", where=account.address, hint="name its number with --document"
        )
    if not why.strip():
        raise InputError(f"'{what}' needs a reason", where=account.address, hint="say why with --reason")
    if what in _OPENING and ended(account.entry):
        raise InputError(
            "its holder has left, as the registry says",
            where=account.address,
            hint="let the registry say 'working' and run the sync",
        )
    changes = _changes(account, what, policy, today, secret=secret, until=until, why=why)
    return Modify(account.domain, account.entry, changes, Reason(what, why, "", clause, document.strip()))


_OPENING = frozenset({Act.UNLOCKED, Act.RESUMED, Act.RESTORED})


def target(account: Account, what: Act, policy: Policy) -> State:
    """The state that `what` leads to, of those that the table names."""
    match what:
        case Act.UNLOCKED if policy.locking.new_password:
            return State.INITIAL
        case Act.UNLOCKED | Act.RESUMED:
            return State.ACTIVE if account.own_password else State.INITIAL
        case Act.INACTIVE:
            then = policy.inactivity.then if policy.inactivity else None
            return after_leaving(account.state, then or Removal.REVOKE)
        case Act.EXEMPTED | Act.WARNED:
            return account.state
        case _:
            (only,) = TABLE[what].targets
            return only


def _changes(
    account: Account, what: Act, policy: Policy, today: date, *, secret: str, until: date, why: str
) -> tuple[Change, ...]:
    entry, state = account.entry, target(account, what, policy)
    found: list[Change] = []

    def put(name: str, *after: str) -> None:
        if entry.values(name) != after:
            found.append(Change(name, entry.values(name), after))

    match what:
        case Act.WARNED:
            put("congvuWarned", stamp(until))
        case Act.EXEMPTED:
            put("congvuExempt", f"{until:%Y%m%d} {' '.join(why.split())}")
            put("congvuWarned")
        case Act.BEGUN:
            put("congvuState", str(state))
        case _:
            put("congvuState", str(state))
            put("congvuSince", stamp(today))
            put("congvuWarned")
    if what is Act.PURGED:
        for name in NOT_KEPT:
            put(name)
    if what is Act.RESET:
        found += (Change("userPassword", (), (secret,)), Change("pwdReset", (), ("TRUE",)))
    elif state.gone or what is Act.RESTORED or (what is Act.UNLOCKED and policy.locking.new_password):
        found += Change.no_password()
    return tuple(found)


def clause_of(what: Act) -> str:
    """The key of the policy that `what` rests on, by which its clause is found; empty: none does."""
    return TABLE[what].timer or _CLAUSES.get(what, "")
