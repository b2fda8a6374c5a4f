"""What the operator says about a request, and how it is carried out: in the ways that are there already.

Locks, revocations, passwords are acts at the desk of the lifecycle (`congvu.lifecycle.desk`), with the
request as their reason. Who gets an account, or another name, the registry must say: such rows wait until
it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from congvu.directory.model import State as AccountState
from congvu.directory.operations import Act, Operation
from congvu.directory.password import first_password
from congvu.errors import InputError
from congvu.lifecycle import acts
from congvu.lifecycle.account import Account
from congvu.mail.accounts import Account as Holder
from congvu.policy.effective import effective
from congvu.policy.model import Policy
from congvu.policy.values import Duration
from congvu.registry.model import Action
from congvu.registry.text import key
from congvu.requests.model import Request, Row, State
from congvu.vietnam import VIETNAM

_RESTORES = {
    AccountState.REVOKED: Act.RESTORED,
    AccountState.SUSPENDED: Act.RESUMED,
    AccountState.LOCKED: Act.UNLOCKED,
}
_AT_WORK = frozenset({AccountState.INITIAL, AccountState.ACTIVE})


@dataclass(frozen=True, slots=True)
class Step:
    """What a row comes to."""

    row: Row
    operation: Operation | None
    """None: it is so already."""
    secret: str = ""
    """The initial password that it sets."""


def approved(request: Request, by: str, document: str, now: datetime) -> Request:
    """The request, approved. Raises `InputError` where it was decided otherwise.

    One that was approved already, and cut off, goes on under its own decision.
    """
    if request.state is State.APPROVED:
        return request
    _must_be(request, State.PENDING)
    if not by.strip():
        raise InputError("nobody has approved it", where=request.id, hint="say who with --by")
    when = now.isoformat(timespec="seconds")
    return replace(
        request, state=State.APPROVED, decided_by=by.strip(), decision=document.strip(), decided=when
    )


def refused(request: Request, reason: str, by: str, now: datetime) -> Request:
    """The request, refused; of one that was approved, what is left. Raises `InputError` where it is over."""
    if request.state is not State.APPROVED:
        _must_be(request, State.PENDING)
    if not reason.strip():
        raise InputError("a refusal needs a reason", where=request.id, hint="say why with --reason")
    when = now.isoformat(timespec="seconds")
    return replace(request, state=State.REFUSED, decided_by=by, decision=reason.strip(), decided=when)


def closed(request: Request, people: Iterable[Holder]) -> Request:
    """The request with the registry's rows done, as far as `people`, all who have an account, bear it out.

    Raises `InputError` where a new account is not there yet. One that is older than the request is a
    namesake's.
    """
    _must_be(request, State.APPROVED)
    came = datetime.fromisoformat(request.received).astimezone(VIETNAM).date()
    new = [(key(one.name), one.unit_id) for one in people if one.issued and one.issued >= came]
    for row in request.left:
        if not row.by_registry:
            raise InputError(
                f"row {row.number} was not carried out", where=request.id, hint="congvu request approve"
            )
        if row.action is Action.CREATE and not any(
            name == key(row.name) and row.unit_id in ("", unit_id) for name, unit_id in new
        ):
            raise InputError(
                f"row {row.number}: {row.name} has no account yet that was made since {came}",
                where=request.id,
                hint="let the registry name them, and run the sync; or refuse what is left",
            )
        request = request.with_done(row.number)
    return request


def steps(
    request: Request,
    account_of: Callable[[str], Account],
    policy: Policy,
    today: date,
    clauses: Mapping[Act, str],
) -> Iterator[Step]:
    """What the rows that are left come to, but for those that the registry must say.

    Raises `InputError` where one cannot be done, `DirectoryFailure`.
    """
    why = f"theo đề nghị {request.id} của {request.unit}, người duyệt: {request.decided_by}"
    for row in request.left:
        if row.by_registry:
            continue
        account = account_of(row.address)
        if key(account.entry.value("cn")) != key(row.name):
            raise InputError(
                f"row {row.number}: it is not {row.name}'s any more",
                where=row.address,
                hint="refuse the request, and let the unit ask anew",
            )
        if account.entry.value("departmentNumber") != row.unit_id:
            raise InputError(
                f"row {row.number}: {row.name} is not in unit {row.unit_id} any more",
                where=row.address,
                hint="refuse the request, and let the unit ask anew",
            )
        act = _act(row.action, account.state)
        if act is None:
            yield Step(row, None)
            continue
        secret = ""
        if act is Act.RESET:
            secret = first_password(account.entry, effective(policy).password_min_length)
        document = row.document or request.document or request.decision
        operation = acts.act(
            account, act, policy, today,
            why=why, document=document, secret=secret, clause=clauses.get(act, ""),
        )  # fmt: skip
        yield Step(row, operation, secret)


def due(request: Request, policy: Policy) -> date | None:
    """The day by which the policy wants it done; None where it says nothing."""
    deadlines = policy.deadlines
    spans: Mapping[Action, Duration | None] = {
        Action.CREATE: deadlines.issue,
        Action.CHANGE: deadlines.change,
        Action.REVOKE: deadlines.revoke,
        Action.DELETE: deadlines.revoke,
        Action.RESTORE: deadlines.unlock,
        Action.RESET_PASSWORD: deadlines.reset_password,
    }
    came = datetime.fromisoformat(request.received).date()
    return min(_days(came, (spans.get(row.action) for row in request.left)), default=None)


def _days(came: date, spans: Iterable[Duration | None]) -> Iterator[date]:
    yield from (span.after(came) for span in spans if span)


def _act(action: Action, state: AccountState) -> Act | None:
    """What is done to an account of this state; None where it is so already."""
    if action.ends:
        return None if state.gone else Act.WITHDRAWN
    if action is Action.LOCK:
        return None if state is AccountState.LOCKED else Act.LOCKED
    if action is Action.RESTORE:
        return None if state in _AT_WORK else _RESTORES.get(state, Act.RESTORED)
    return Act.RESET


def _must_be(request: Request, state: State) -> None:
    if request.state is not state:
        raise InputError(f"the request is {request.state}", where=request.id, hint=f"must be {state}")
