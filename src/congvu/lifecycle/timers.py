"""What is due for an account on a day, by its policy's clocks (pure).

A span ends with its last day: three months after 31 January are over with 30 April, and what follows from
them happens on 1 May or later (LD-7.2d). Days are Vietnam's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from congvu.directory.model import State
from congvu.directory.operations import Act
from congvu.lifecycle.account import Account
from congvu.policy.effective import Effective
from congvu.policy.model import Policy, Removal


@dataclass(frozen=True, slots=True)
class Due:
    """What a timer does to an account."""

    act: Act
    why: str
    until: date = date.max
    """The last day that a warning promises."""


def due(account: Account, policy: Policy, rules: Effective, today: date) -> Due | None:
    """What is due for `account` today, one thing at most: tomorrow's run does the next. Units have none.

    The end of mail is told by `kept_long_enough`, and waits for all of these.
    """
    if not account.is_person:
        return None
    match account.state:
        case State.INITIAL if account.own_password:
            return Due(Act.BEGUN, "its owner has set a password")
        case State.INITIAL:
            return _unused(account, rules, today) or _silent(account, policy, rules, today)
        case State.ACTIVE:
            return _silent(account, policy, rules, today)
        case State.LOCKED:
            return _locked(account, policy, today)
    return None


def _unused(account: Account, rules: Effective, today: date) -> Due | None:
    given = account.password_set
    if not (given and account.initial_password) or _is_exempt(account, today):
        return None
    last = rules.initial_valid.after(max(given, account.since or given))
    if today <= last:
        return None
    return Due(Act.EXPIRED, f"the initial password of {given:%d/%m/%Y} was valid until {last:%d/%m/%Y}")


def _silent(account: Account, policy: Policy, rules: Effective, today: date) -> Due | None:
    """The warning, and what follows. Nobody is struck unwarned, nor before the day that was promised."""
    inactivity, used = policy.inactivity, account.used_last()
    if inactivity is None or used is None:
        return None
    last = inactivity.after.after(used)
    if account.exempt_until:
        last = max(last, account.exempt_until)
    promised = account.warned_until
    if promised and promised >= last:
        if today <= promised:
            return None
        return Due(Act.INACTIVE, f"not used since {used:%d/%m/%Y}, for {inactivity.after}")
    warn_before = rules.warn_before
    notice = warn_before.after(today) - today  # as long a time as a warning on this day gives
    if today < last - notice:
        return None
    return Due(Act.WARNED, f"not used since {used:%d/%m/%Y}", max(last, today + notice))


def _locked(account: Account, policy: Policy, today: date) -> Due | None:
    after, since = policy.locking.revoke_after, account.since
    if not (after and since) or today <= after.after(since) or _is_exempt(account, today):
        return None
    return Due(Act.LAPSED, f"locked since {since:%d/%m/%Y}, for {after}")


def kept_long_enough(account: Account, policy: Policy, today: date) -> Due | None:
    """The end of the mail of an account that has ended, once its hold is over."""
    since, last = account.gone_since, _kept_until(account, policy)
    if since is None or last is None or today <= last or account.state is State.PURGED:
        return None
    return Due(Act.PURGED, f"ended on {since:%d/%m/%Y}, its mail was kept until {last:%d/%m/%Y}")


def ends_mail(policy: Policy) -> bool:
    """Whether the policy ends anybody's mail at all."""
    return any(rule.hold or rule.then is Removal.DELETE for rule in (policy.leaving, policy.dissolution))


def _kept_until(account: Account, policy: Policy) -> date | None:
    """The last day on which the mail of an account that has ended is kept; None: nothing ends it.

    The directory does not know the registry's classes, so the longest hold of all counts. Without any, only
    ``then: delete`` ends the mail, and only of whom the registry has let go.
    """
    since, rule = account.gone_since, policy.leaving if account.is_person else policy.dissolution
    if since is None:
        return None
    if rule.hold:
        return max(hold.after(since) for hold in (rule.hold, *rule.hold_classes.values()))
    if rule.then is Removal.DELETE and account.entry.values("congvuEnded"):
        return max((hold.after(since) for hold in rule.hold_classes.values()), default=since)
    return None


def _is_exempt(account: Account, today: date) -> bool:
    return account.exempt_until is not None and today <= account.exempt_until


def next_clock(account: Account, policy: Policy, rules: Effective, today: date) -> str:
    """What a clock that runs will do, and after which day, in Vietnamese; empty: none runs."""
    if account.state is not State.PURGED and (kept := _kept_until(account, policy)):
        return f"lưu trữ rồi xóa thư sau ngày {max(kept, today):%d/%m/%Y}"
    if not account.is_person:
        return ""
    given, used = account.password_set, account.used_last()
    if account.state is State.INITIAL and account.initial_password and given:
        last = rules.initial_valid.after(max(given, account.since or given))
        return f"khóa sau ngày {max(last, account.exempt_until or last):%d/%m/%Y}"
    if account.state in (State.INITIAL, State.ACTIVE) and policy.inactivity and used:
        last = policy.inactivity.after.after(used)
        last = max(day for day in (last, account.exempt_until, account.warned_until) if day)
        return f"xử lý do không sử dụng sau ngày {max(last, today):%d/%m/%Y}"
    if account.state is State.LOCKED and policy.locking.revoke_after and account.since:
        last = policy.locking.revoke_after.after(account.since)
        return f"thu hồi sau ngày {max(last, account.exempt_until or last):%d/%m/%Y}"
    return ""
