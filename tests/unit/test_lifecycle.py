"""The life of an account: its table, acts, clocks to the day, and a random life against a model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvu.directory import inspect
from congvu.directory.model import Entry, State
from congvu.directory.operations import Act, Event, Modify, Reason
from congvu.directory.password import first_password
from congvu.directory.states import after_leaving
from congvu.directory.states import ended as is_ended
from congvu.errors import InputError
from congvu.lifecycle import delegation
from congvu.lifecycle.account import ATTRIBUTES, Account
from congvu.lifecycle.acts import act, clause_of
from congvu.lifecycle.night import WITH_A_HOLD, WITH_CLOCKS, WITH_DELEGATES, WITH_WHAT_GOES, look
from congvu.lifecycle.story import facts
from congvu.lifecycle.timers import due, kept_long_enough, next_clock
from congvu.lifecycle.transitions import TABLE, Asker, Document
from congvu.policy import Policy, load
from congvu.policy.effective import DEFAULTS, effective
from congvu.policy.model import Inactivity, Leaving, Locking, Password, Removal, Returning, Role
from congvu.policy.values import Duration
from tests.unit.helpers import BASE, ROOT

DOMAIN = "lamdong.gov.vn"
DN = f"uid=S1,ou=people,dc=lamdong,{BASE}"
ACTS = [one for one in Act if one in TABLE]
SECRET = "made-up"  # noqa: S105  (set nowhere)
USED = "20270131020000Z"
"""A login on 31 January 2027, 9:00 in Vietnam."""


def account(**values: str) -> Account:
    """A person's account; what is not said is as in most."""
    usual = {
        "uid": "S1", "cn": "Nguyễn Văn An", "mail": f"annv@{DOMAIN}", "ou": "Sở Nội vụ",
        "departmentNumber": "A1", "congvuState": "active", "congvuIssued": "20261122000000Z",
        "pwdChangedTime": "20261122010000Z",
    }  # fmt: skip
    return Account(Entry.build(DN, ("inetOrgPerson", "congvuAccount"), usual | values))


def after(one: Account, operation: Modify) -> Account:
    """The account as the directory has it after `operation`, with what slapd itself adds to a password."""
    merged = dict(one.entry.attributes) | {change.attribute: change.after for change in operation.changes}
    if merged.pop("userPassword", ()):
        merged["pwdChangedTime"] = ("20261122010000Z",)
    return Account(Entry(one.entry.dn, {name: values for name, values in merged.items() if values}))


# The table


def test_the_document_prints_the_table() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (.+) \|$", (ROOT / "docs/lifecycle.md").read_text(encoding="utf-8"), re.M
    )
    printed = {event: cells.replace("`", "").split(" | ") for event, cells in rows}
    assert printed == {
        str(event): [
            ", ".join(way.sources) or "–", ", ".join(way.targets), way.asker, way.document,
            way.notice or "–", way.timer or "–",
        ]
        for event, way in TABLE.items()
    }  # fmt: skip


def test_every_act_is_in_the_table_and_every_notice_and_clock_in_the_policy() -> None:
    assert set(Act) - TABLE.keys() == {
        Act.DELEGATED,
        Act.DELEGATION_ENDED,
        Act.HANDED_OVER,
    }  # of rights, not of states
    for way in TABLE.values():
        assert not way.notice or f"notices.{way.notice}" in DEFAULTS
        assert way.timer in ("", "password.initial_valid", "inactivity.warn_before", "inactivity.after",
                             "locking.revoke_after", "leaving.hold")  # fmt: skip


def test_only_who_comes_back_leads_out_of_purged_and_of_revoked() -> None:
    out = {Event.RETURN, Act.RESTORED}
    assert {what for what, way in TABLE.items() if State.PURGED in way.sources} == out
    by_hand = {what for what in ACTS if TABLE[what].asker is not Asker.TIMER}
    assert {what for what in by_hand if State.REVOKED in TABLE[what].sources} == {Act.RESTORED}


# Acts

TODAY = date(2027, 1, 1)
WHY: dict[str, Any] = {"why": "lý do", "document": "12/CV"}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("what", ACTS)
def test_an_act_is_done_from_the_states_of_the_table_and_refused_from_all_others(
    what: Act, state: State, lamdong: Policy
) -> None:
    one = account(congvuState=str(state))
    if state in TABLE[what].sources:
        became = after(one, act(one, what, lamdong, TODAY, until=TODAY, secret=SECRET, **WHY))
        assert became.state in TABLE[what].targets
    else:
        with pytest.raises(InputError, match=f"the account is {state}"):
            act(one, what, lamdong, TODAY, **WHY)


@pytest.mark.parametrize("what", ACTS)
def test_a_document_is_asked_for_where_the_table_says_so(what: Act, lamdong: Policy) -> None:
    one = account(congvuState=str(TABLE[what].sources[0]))
    needs = {Document.ALWAYS: (True, True), Document.BY_POLICY: (True, False), Document.FREE: (False, False)}
    for asked, needed in zip((True, False), needs[TABLE[what].document], strict=True):
        policy = replace(lamdong, returning=Returning(needs_document=asked))
        if needed:
            with pytest.raises(InputError, match="needs a document"):
                act(one, what, policy, TODAY, why="lý do", document=" ")
        else:
            act(one, what, policy, TODAY, why="lý do", until=TODAY)


def test_an_act_without_a_reason_is_refused(lamdong: Policy) -> None:
    with pytest.raises(InputError, match="--reason"):
        act(account(), Act.LOCKED, lamdong, TODAY, why=" ")


@pytest.mark.parametrize(
    ("what", "state"), [(Act.UNLOCKED, "locked"), (Act.RESUMED, "suspended"), (Act.RESTORED, "revoked")]
)
def test_whom_the_registry_has_let_go_nobody_opens_by_hand(what: Act, state: str, lamdong: Policy) -> None:
    one = account(congvuState=state, congvuEnded="20261122000000Z")
    with pytest.raises(InputError, match="left, as the registry says"):
        act(one, what, lamdong, TODAY, **WHY)


def test_who_is_unlocked_goes_on_with_the_password_they_have(lamdong: Policy) -> None:
    own, first = account(congvuState="locked"), account(congvuState="locked", pwdReset="TRUE")
    assert after(own, act(own, Act.UNLOCKED, lamdong, TODAY, **WHY)).state is State.ACTIVE
    assert after(first, act(first, Act.UNLOCKED, lamdong, TODAY, **WHY)).state is State.INITIAL
    strict = replace(lamdong, locking=Locking(new_password=True))
    became = after(own, act(own, Act.UNLOCKED, strict, TODAY, **WHY))
    assert (became.state, became.own_password, became.initial_password) == (State.INITIAL, False, False)


@pytest.mark.parametrize("what", [Act.REVOKED, Act.WITHDRAWN])
def test_a_revoked_account_has_no_password_and_keeps_its_address(what: Act, lamdong: Policy) -> None:
    operation = act(account(), what, lamdong, TODAY, **WHY)
    assert {change.attribute for change in operation.changes} == {
        "congvuState", "congvuSince", "userPassword", "pwdReset"
    }  # fmt: skip


def test_a_new_password_has_no_word_of_its_bearers_name_and_the_policys_length(lamdong: Policy) -> None:
    policy = replace(lamdong, password=Password(min_length=20))
    secret = first_password(account().entry, effective(policy).password_min_length)
    assert len(secret) == 20
    assert not any(word in secret.lower() for word in ("nguyen", "annv"))
    operation = act(account(), Act.RESET, policy, TODAY, secret=secret, **WHY)
    assert {(one.attribute, one.after) for one in operation.changes} >= {
        ("userPassword", (secret,)), ("pwdReset", ("TRUE",)), ("congvuState", ("initial",))
    }  # fmt: skip


# Clocks


def what(one: Account, policy: Policy, today: date) -> Act | None:
    found = due(one, policy, effective(policy), today)
    return found.act if found else None


def test_silence_is_counted_to_the_day_in_calendar_months(lamdong: Policy) -> None:
    """LD-7.2d: day 89 keeps, three months and a day revokes; three months after 31 January are 30 April."""
    warned = account(pwdLastSuccess=USED, congvuWarned="20270430000000Z")
    assert what(warned, lamdong, date(2027, 1, 31) + timedelta(days=89)) is None
    assert what(warned, lamdong, date(2027, 4, 30)) is None
    assert what(warned, lamdong, date(2027, 5, 1)) is Act.INACTIVE


def test_a_warning_comes_first_names_the_last_day_and_is_kept(lamdong: Policy) -> None:
    one, rules = account(pwdLastSuccess=USED), effective(lamdong)
    first = date(2027, 4, 30) - timedelta(days=14)
    assert due(one, lamdong, rules, first - timedelta(days=1)) is None
    found = due(one, lamdong, rules, first)
    assert found
    assert (found.act, found.until) == (Act.WARNED, date(2027, 4, 30))
    late = due(one, lamdong, rules, date(2027, 9, 1))
    assert late
    assert (late.act, late.until) == (Act.WARNED, date(2027, 9, 15))  # nobody is struck unwarned
    told = after(one, act(one, Act.WARNED, lamdong, date(2027, 9, 1), why="x", until=late.until))
    assert [what(told, lamdong, date(2027, 9, day)) for day in (2, 15, 16)] == [None, None, Act.INACTIVE]


def test_a_login_after_a_warning_counts_and_a_later_silence_is_warned_of_anew(lamdong: Policy) -> None:
    one = account(pwdLastSuccess="20270501020000Z", congvuWarned="20270430000000Z")
    assert what(one, lamdong, date(2027, 5, 2)) is None
    assert what(one, lamdong, date(2027, 8, 1)) is Act.WARNED


@pytest.mark.parametrize(
    ("login", "last"),
    [("20270131165959Z", date(2027, 4, 30)), ("20270131170000Z", date(2027, 5, 1))],
    ids=["31 January, 23:59:59", "1 February, 0:00"],
)
def test_the_day_of_a_login_is_vietnams(login: str, last: date, lamdong: Policy) -> None:
    one = account(pwdLastSuccess=login, congvuWarned=f"{last:%Y%m%d}000000Z")
    assert what(one, lamdong, last) is None
    assert what(one, lamdong, last + timedelta(days=1)) is Act.INACTIVE


def test_who_never_logged_in_is_counted_from_creation(lamdong: Policy) -> None:
    one = account(congvuState="initial", pwdChangedTime="", congvuWarned="20270222000000Z")
    assert what(one, lamdong, date(2027, 2, 22)) is None
    assert what(one, lamdong, date(2027, 2, 23)) is Act.INACTIVE


def test_who_waits_for_a_password_that_was_taken_away_is_not_silent(lamdong: Policy) -> None:
    one = account(congvuState="initial", pwdReset="FALSE", congvuWarned="20270222000000Z")
    assert what(one, lamdong, date(2030, 1, 1)) is None


def test_an_exemption_keeps_until_its_day(lamdong: Policy) -> None:
    one = account(pwdLastSuccess=USED)
    operation = act(one, Act.EXEMPTED, lamdong, TODAY, why="đi  học", until=date(2027, 12, 31))
    kept = after(one, operation)
    assert (kept.exempt_until, kept.exempt_because) == (date(2027, 12, 31), "đi học")
    assert what(kept, lamdong, date(2027, 6, 1)) is None
    assert what(kept, lamdong, date(2027, 12, 17)) is Act.WARNED
    warned = after(kept, act(kept, Act.WARNED, lamdong, TODAY, why="x", until=date(2027, 12, 31)))
    assert what(warned, lamdong, date(2027, 12, 31)) is None
    assert what(warned, lamdong, date(2028, 1, 1)) is Act.INACTIVE


def test_where_no_regulation_speaks_of_silence_none_strikes(quangtri: Policy) -> None:
    assert what(account(pwdLastSuccess=USED), quangtri, date(2037, 1, 1)) is None


def test_a_first_password_that_nobody_used_locks(lamdong: Policy) -> None:
    policy = replace(lamdong, password=Password(initial_valid=Duration(5, "days")))
    one = account(congvuState="initial", pwdReset="TRUE")
    assert [what(one, policy, date(2026, 11, day)) for day in (27, 28)] == [None, Act.EXPIRED]
    assert [what(one, lamdong, date(2026, 12, day)) for day in (22, 23)] == [None, Act.EXPIRED]  # a month


def test_who_is_unlocked_may_use_the_first_password_for_as_long_again(lamdong: Policy) -> None:
    policy = replace(lamdong, password=Password(initial_valid=Duration(5, "days")))
    locked = account(congvuState="locked", pwdReset="TRUE", congvuSince="20261128000000Z")
    one = after(locked, act(locked, Act.UNLOCKED, policy, date(2026, 12, 10), **WHY))
    assert [what(one, policy, date(2026, 12, day)) for day in (11, 15, 16)] == [None, None, Act.EXPIRED]


def test_an_exemption_keeps_from_every_clock(lamdong: Policy) -> None:
    policy = replace(
        lamdong,
        password=Password(initial_valid=Duration(5, "days")),
        locking=Locking(revoke_after=Duration(1, "months")),
    )
    kept = {"congvuExempt": "20270630 đi học"}
    first = account(congvuState="initial", pwdReset="TRUE", **kept)
    locked = account(congvuState="locked", congvuSince="20261128000000Z", **kept)
    assert [what(one, policy, date(2027, 6, 1)) for one in (first, locked)] == [None, None]
    assert [what(one, policy, date(2027, 7, 1)) for one in (first, locked)] == [Act.EXPIRED, Act.LAPSED]


def test_who_has_set_a_password_has_begun(lamdong: Policy) -> None:
    assert what(account(congvuState="initial"), lamdong, date(2026, 11, 23)) is Act.BEGUN


def test_a_lock_that_nobody_lifts_becomes_a_revocation(lamdong: Policy) -> None:
    policy = replace(lamdong, locking=Locking(revoke_after=Duration(1, "months")))
    one = account(congvuState="locked", congvuSince="20270131000000Z")
    assert [what(one, policy, day) for day in (date(2027, 2, 28), date(2027, 3, 1))] == [None, Act.LAPSED]
    assert what(one, lamdong, date(2037, 1, 1)) is None


def test_no_clock_runs_for_a_unit(lamdong: Policy) -> None:
    unit = Entry.build(
        f"uid=A1,ou=units,dc=lamdong,{BASE}", ("organizationalUnit", "congvuAccount"),
        {"uid": "A1", "mail": f"snv@{DOMAIN}", "congvuState": "initial", "congvuIssued": "20200101000000Z"},
    )  # fmt: skip
    assert what(Account(unit), lamdong, date(2037, 1, 1)) is None


HELD = Leaving(Removal.REVOKE, hold=Duration(3, "months"))
LEFT = {"congvuState": "revoked", "congvuEnded": "20270131000000Z"}
"""Somebody who left on 31 January 2027."""


def is_over(one: Account, policy: Policy, *days: date) -> list[bool]:
    return [kept_long_enough(one, policy, day) is not None for day in days]


@pytest.mark.parametrize(
    "values",
    [
        LEFT,
        {"congvuState": "revoked", "congvuSince": "20270131000000Z"},  # by hand, or by a clock
        {**LEFT, "congvuState": "locked"},
        {**LEFT, "congvuState": "suspended", "congvuSince": "20270301000000Z"},  # by hand, later
    ],
    ids=["left", "revoked", "locked as leaver", "suspended as leaver"],
)
def test_mail_is_kept_for_calendar_months_and_to_the_last_day(
    values: Mapping[str, str], lamdong: Policy
) -> None:
    """HT-5.2: three months after 31 January are over with 30 April."""
    policy, last = replace(lamdong, leaving=HELD), date(2027, 4, 30)
    one = account(**values)
    assert is_over(one, policy, last, last + timedelta(days=1)) == [False, True]
    assert next_clock(one, policy, effective(policy), TODAY) == "lưu trữ rồi xóa thư sau ngày 30/04/2027"
    assert is_over(one, lamdong, date(2047, 1, 1)) == [False]  # no hold stated: until somebody acts


@pytest.mark.parametrize("state", ["initial", "active", "locked", "suspended", "purged"])
def test_only_mail_of_who_left_or_was_revoked_ends(state: str, lamdong: Policy) -> None:
    one = account(congvuState=state, congvuSince="20270131000000Z")
    assert is_over(one, replace(lamdong, leaving=HELD), date(2047, 1, 1)) == [False]


def test_whoever_was_opened_again_by_hand_has_not_ended(lamdong: Policy) -> None:
    one = account(**LEFT | {"congvuState": "active"})
    assert is_over(one, replace(lamdong, leaving=HELD), date(2047, 1, 1)) == [False]


def test_the_longest_hold_of_all_classes_counts(lamdong: Policy) -> None:
    longer = replace(HELD, hold_classes={"leaders": Duration(12, "months")})
    policy = replace(lamdong, leaving=longer)
    assert is_over(account(**LEFT), policy, date(2028, 1, 31), date(2028, 2, 1)) == [False, True]


def test_delete_without_a_hold_ends_the_mail_of_who_left_and_nobody_elses(lamdong: Policy) -> None:
    policy = replace(lamdong, leaving=Leaving(Removal.DELETE))
    assert is_over(account(**LEFT), policy, date(2027, 1, 31), date(2027, 2, 1)) == [False, True]
    by_hand = account(congvuState="revoked", congvuSince="20270131000000Z")
    assert is_over(by_hand, policy, date(2047, 1, 1)) == [False]


def test_a_units_mail_ends_as_its_dissolution_says_and_not_as_peoples(lamdong: Policy) -> None:
    unit, days = box(**LEFT), (date(2027, 7, 31), date(2027, 8, 1))
    assert is_over(unit, replace(lamdong, leaving=HELD), *days) == [False, False]
    held = Leaving(hold=Duration(6, "months"))
    assert is_over(unit, replace(lamdong, dissolution=held), *days) == [False, True]


LEDGER = {
    "objectClass", "dc", "associatedDomain", "uid", "employeeNumber", "cn", "sn", "ou", "departmentNumber",
    "congvuParent", "congvuSuccessor", "mailHost", "mail", "mailLocalAddress", "congvuAliasUntil",
    "congvuFormerAddress", "congvuIssued", "congvuIssuedFor", "congvuQuota", "congvuState", "congvuSince",
    "congvuEnded", "pwdReset", "pwdChangedTime", "pwdLastSuccess",
}  # fmt: skip
"""What a tombstone keeps: addresses, which are nobody else's ever, and whose they were."""


def test_of_a_purged_account_the_ledger_stays_and_nothing_else(lamdong: Policy) -> None:
    """Whatever the directory holds of an account is in the ledger or goes."""
    days = dict.fromkeys(("congvuSince", "congvuWarned", "congvuIssued"), "20270101000000Z")
    values = dict.fromkeys((*inspect.ATTRIBUTES, *ATTRIBUTES), "x") | days | {"congvuExempt": "20270101 ốm"}
    kept = {"uid": "S1", "mail": f"annv@{DOMAIN}", "pwdChangedTime": "20261122010000Z"}
    entry = Entry.build(DN, ("inetOrgPerson", "congvuAccount"), values | kept | LEFT)
    became = after(Account(entry), act(Account(entry), Act.PURGED, lamdong, date(2027, 5, 1), why="x"))
    assert set(became.entry.attributes) == LEDGER
    assert became.entry.value("mail") == f"annv@{DOMAIN}"
    assert became.entry.value("pwdReset") == "FALSE"  # a returner gets a new first password


def test_a_night_ends_mail_where_a_policy_says_so_and_under_the_brake(lamdong: Policy) -> None:
    left = list(people(25, **LEFT, title="Chuyên viên"))
    awake, day = list(people(100, pwdLastSuccess="20270430020000Z")), date(2027, 5, 1)
    held: Mapping[str, Policy] = {DOMAIN: replace(lamdong, leaving=HELD)}
    assert look(Directory(*left), BASE, {DOMAIN: lamdong}, day).operations == []
    night = look(Directory(*left, *awake), BASE, held, day)
    assert {one.reason.event for one in night.operations} == {Act.PURGED}
    assert all(Account(one.entry).entry.value("title") for one in night.operations)
    kept, brakes = night.braked(held)
    assert ([*kept.operations], len(brakes)) == ([], 1)
    assert night.keeping_mail().operations == []


def test_the_next_clock_is_told(lamdong: Policy) -> None:
    rules = effective(lamdong)
    silent = next_clock(account(pwdLastSuccess=USED), lamdong, rules, TODAY)
    assert silent == "xử lý do không sử dụng sau ngày 30/04/2027"
    first = account(congvuState="initial", pwdReset="TRUE")
    assert next_clock(first, lamdong, rules, TODAY) == "khóa sau ngày 22/12/2026"
    assert next_clock(account(congvuState="suspended"), lamdong, rules, TODAY) == ""


# A night's run


class Directory:
    """Accounts that are read in one search."""

    def __init__(self, *accounts: Account) -> None:
        self._accounts = accounts

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:
        assert tuple(attributes) == (WITH_WHAT_GOES if filter_ == WITH_A_HOLD else ATTRIBUTES)
        if filter_ == WITH_A_HOLD:
            return (one.entry for one in self._accounts if one.state.gone or one.gone_since)
        if base != BASE:
            return (one.entry for one in self._accounts if one.entry.dn == base)
        clocks = {WITH_CLOCKS: True, WITH_DELEGATES: False}[filter_]
        return (one.entry for one in self._accounts if one.is_person is clocks)


def people(count: int, **values: str) -> Iterator[Account]:
    for number in range(count):
        entry = account(uid=f"S{number}", mail=f"a{number}@{DOMAIN}", **values).entry
        yield Account(Entry(DN.replace("S1", f"S{number}"), entry.attributes))


def test_a_night_finds_what_is_due_and_says_by_which_clause(lamdong: Policy) -> None:
    from congvu.policy.source import sources  # noqa: PLC0415

    one = account(pwdLastSuccess=USED, congvuWarned="20270430000000Z")
    cited = {DOMAIN: sources(ROOT / f"inventory/policy/{DOMAIN}.yml")}
    night = look(Directory(one, account()), BASE, {DOMAIN: lamdong}, date(2027, 5, 1), cited)
    struck, warned = night.operations
    assert (struck.reason.event, struck.reason.clause) == (Act.INACTIVE, "LD-7.2d")
    assert warned.reason.event is Act.WARNED
    assert night.in_use == {DOMAIN: 2}


def test_the_brake_stops_a_night_that_would_empty_a_domain(lamdong: Policy) -> None:
    silent = list(people(21, pwdLastSuccess=USED, congvuWarned="20270430000000Z"))
    awake = list(people(100, pwdLastSuccess="20270430020000Z"))
    policies: Mapping[str, Policy] = {DOMAIN: lamdong}
    may, brakes = look(Directory(*silent[:20], *awake), BASE, policies, date(2027, 5, 1)).braked(policies)
    assert (len(may.operations), brakes) == (20, ())
    warned = list(people(3, pwdLastSuccess="20270210020000Z"))
    found = look(Directory(*silent, *warned, *awake), BASE, policies, date(2027, 5, 1))
    may, (brake,) = found.braked(policies)
    assert {one.reason.event for one in may.operations} == {Act.WARNED}, "who does not end goes on"
    assert (brake.message, brake.where) == ("21 of 124 accounts would end; none has", DOMAIN)
    assert brake.exit_code == 2


def test_a_lock_that_is_over_does_not_wait_for_mail_that_may_not_end_yet(lamdong: Policy) -> None:
    lock = replace(lamdong.locking, revoke_after=Duration(30, "days"))
    policy = replace(lamdong, locking=lock, leaving=Leaving(Removal.LOCK, hold=Duration(1, "months")))
    left = account(congvuState="locked", congvuEnded="20270131000000Z")
    for what in (Act.LAPSED, Act.PURGED):
        night = look(Directory(left), BASE, {DOMAIN: policy}, date(2027, 6, 1))
        (operation,) = night.operations
        assert operation.reason.event is what
        left = after(left, operation)


def test_nobody_gets_a_password_of_a_unit(lamdong: Policy) -> None:
    with pytest.raises(InputError, match="nobody logs in as a unit"):
        act(box(), Act.RESET, lamdong, TODAY, secret=SECRET, **WHY)


def test_a_units_story_tells_who_may_do_what(lamdong: Policy) -> None:
    unit = box(congvuHead="uid=S2", congvuDelegation=str(given_to(until=date(2027, 12, 31))), cn="Sở Nội vụ")
    names = {DN: f"annv@{DOMAIN}", "uid=S2": f"binh@{DOMAIN}"}
    told = facts(unit, unit.entry, lamdong, effective(lamdong), TODAY, names=names)
    said = {one.name: one.value for one in told}
    assert said["Người đứng đầu"] == f"binh@{DOMAIN}"
    assert said["Ủy quyền"] == (
        f"annv@{DOMAIN}: đọc, gửi với tư cách đơn vị; từ 01/01/2027 đến hết 31/12/2027; 12/CV-SNV"
    )
    assert said["Trạng thái"] == "đã cấp"


def test_each_clock_of_the_table_rests_on_the_key_it_names() -> None:
    assert clause_of(Act.INACTIVE) == "inactivity.after"
    assert clause_of(Act.LOCKED) == ""


# Delegations

UNIT = f"uid=A1,ou=units,dc=lamdong,{BASE}"
READ, SEND = delegation.Right.READ, delegation.Right.SEND


def box(**values: str | tuple[str, ...]) -> Account:
    usual: dict[str, str | tuple[str, ...]] = {"uid": "A1", "mail": f"snv@{DOMAIN}", "congvuState": "initial"}
    return Account(Entry.build(UNIT, ("organizationalUnit", "congvuAccount"), usual | values))


def given_to(dn: str = DN, start: date = TODAY, until: date | None = None) -> delegation.Delegation:
    return delegation.Delegation(dn, frozenset({READ, SEND}), start, until, "12/CV-SNV")


def rights(unit: Account) -> tuple[set[str], set[str], set[str]]:
    read, answer, send = (set(unit.entry.values(name)) for name in delegation.ATTRIBUTES.values())
    return read, answer, send


def test_a_delegation_is_written_and_read_back() -> None:
    for one in (given_to(), given_to(until=date(2027, 12, 31))):
        assert delegation.Delegation.from_text(str(one)) == one
    with pytest.raises(ValueError, match="no delegation"):
        delegation.Delegation.from_text("somebody")


def test_a_delegation_begins_and_ends_on_its_days() -> None:
    first, last = TODAY + timedelta(days=2), TODAY + timedelta(days=4)
    why = Reason(Act.DELEGATED, "x")
    operation = delegation.delegated(box(), given_to(start=first, until=last), TODAY, why)
    assert operation
    unit, seen = after(box(), operation), []
    for day in (TODAY + timedelta(days=number) for number in range(1, 7)):
        if operation := delegation.due(unit, day):
            unit = after(unit, operation)
        seen.append(DN in unit.entry.values("congvuReader"))
    assert seen == [False, True, True, True, False, False]
    assert delegation.delegations(unit.entry) == ()
    assert rights(unit) == (set(), set(), set())


def test_whoever_has_a_right_without_a_record_keeps_it() -> None:
    other = DN.replace("S1", "S2")
    unit = box(congvuDelegate=other)
    operation = delegation.delegated(unit, given_to(), TODAY, Reason(Act.DELEGATED, "x"))
    assert operation
    unit = after(unit, operation)
    assert rights(unit) == ({DN}, set(), {DN, other})
    operation = delegation.withdrawn(unit, DN, TODAY, Reason(Act.DELEGATION_ENDED, "x"))
    assert operation
    assert rights(after(unit, operation)) == (set(), set(), {other})
    assert delegation.withdrawn(after(unit, operation), DN, TODAY, Reason(Act.DELEGATED, "x")) is None


def test_the_night_does_what_a_delegation_asks_for(lamdong: Policy) -> None:
    unit = box(congvuDelegation=str(given_to(until=TODAY)), congvuReader=DN, congvuDelegate=DN)
    policies, delegate = {DOMAIN: lamdong}, account(pwdLastSuccess="20261231020000Z")
    assert look(Directory(unit, delegate), BASE, policies, TODAY).operations == []
    (operation,) = look(Directory(unit, delegate), BASE, policies, TODAY + timedelta(days=1)).operations
    assert operation.reason.event is Act.DELEGATION_ENDED


def test_the_night_ends_the_delegations_of_who_has_left(lamdong: Policy) -> None:
    """The sync takes the right, and would take it again each night if the record gave it back."""
    unit, left = box(congvuDelegation=str(given_to())), {"congvuEnded": "20261230000000Z"}
    for gone in (account(congvuState="revoked"), account(congvuState="locked", **left)):
        (operation,) = look(Directory(unit, gone), BASE, {DOMAIN: lamdong}, TODAY).operations
        assert operation.reason.event is Act.DELEGATION_ENDED
        assert delegation.delegations(after(unit, operation).entry) == ()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"document": ""}, "in writing"),
        ({"until": TODAY - timedelta(days=1), "start": TODAY - timedelta(days=9)}, "is over"),
        ({"until": TODAY + timedelta(days=1), "start": TODAY + timedelta(days=9)}, "is before"),
        ({"above": ()}, "not of this unit"),
        ({"unit": account()}, "no unit's mailbox"),
        ({"delegate": account(congvuState="revoked")}, "nobody's account"),
        ({"roles": (Role.CLERK,)}, "none of: clerk"),
    ],
)
def test_a_delegation_that_the_policy_does_not_allow_is_refused(
    said: dict[str, Any], words: str, lamdong: Policy
) -> None:
    usual: dict[str, Any] = {"unit": box(), "delegate": account(title="Chuyên viên"), "above": (UNIT,)}
    said_of_it = {name: value for name, value in said.items() if name in ("document", "until", "start")}
    given_ = replace(given_to(), **said_of_it)
    rules = replace(lamdong.delegation, roles=said.get("roles"))
    policy, usual = replace(lamdong, delegation=rules), usual | said
    with pytest.raises(InputError, match=words):
        delegation.check(usual["unit"], usual["delegate"], usual["above"], given_, policy=policy, today=TODAY)


@pytest.mark.parametrize(
    ("domain", "title", "may"),
    [
        pytest.param("hatinh.gov.vn", "Văn thư", True, id="HT-7.2-clerk"),
        pytest.param("hatinh.gov.vn", "Phó Giám đốc", True, id="HT-7.2-deputy"),
        pytest.param("hatinh.gov.vn", "Chánh Văn phòng", True, id="HT-7.2-chief-of-office"),
        pytest.param("hatinh.gov.vn", "Chuyên viên", False, id="HT-7.2-nobody-else"),
        pytest.param("daklak.doj.gov.vn", "Chuyên viên", True, id="DL-8.1-staff"),
        pytest.param("daklak.doj.gov.vn", "Trưởng phòng Bổ trợ tư pháp", True, id="DL-8.3-division"),
        pytest.param("lamdong.gov.vn", "Chuyên viên", True, id="LD-11.1-anybody"),
    ],
)
def test_a_shipped_policy_says_who_may_be_a_delegate_by_office(domain: str, title: str, may: bool) -> None:
    policy = load(ROOT / f"inventory/policy/{domain}.yml")
    delegate = account(title=title, ou="Sở Tư pháp")
    expected = nullcontext() if may else pytest.raises(InputError, match="none of: ")
    with expected:
        delegation.check(box(), delegate, (UNIT,), given_to(), policy=policy, today=TODAY)


def test_a_mailbox_is_watched_while_somebody_is_assigned_to_read_it() -> None:
    only_sends = delegation.Delegation(DN, frozenset({SEND}), TODAY, None, "12/CV-SNV")
    assert not delegation.watched(box().entry, TODAY)
    assert not delegation.watched(box(congvuDelegation=str(only_sends)).entry, TODAY)
    unit = box(congvuDelegation=str(given_to(until=TODAY))).entry
    assert delegation.watched(unit, TODAY)
    assert not delegation.watched(unit, TODAY + timedelta(days=1))


# A random life against a model


class Life:
    """An account and, beside it, what a simple model says of it. Its clocks run each night."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.today = policy, date(2026, 11, 22)
        self.account = account(congvuState="initial", pwdChangedTime="")
        self.state, self.used = State.INITIAL, self.today
        self.warned_on: date | None = None
        self.gone: date | None = None
        """Since when it has ended."""

    def night(self) -> None:
        """Let a day pass, and do what it asks for."""
        self.today += timedelta(days=1)
        over = self.gone is not None and self.today > Duration(3, "months").after(self.gone)
        ended = kept_long_enough(self.account, self.policy, self.today)
        assert bool(ended) == (over and self.state is not State.PURGED)
        found = due(self.account, self.policy, effective(self.policy), self.today) or ended
        if found is None:
            return
        if found.act is Act.WARNED:
            self.warned_on = self.today
        if found.act is Act.INACTIVE:
            assert self.today > Duration(3, "months").after(self.used)
            assert self.warned_on
            assert self.today > self.warned_on + timedelta(days=14)
            assert self.today > (self.account.exempt_until or self.used)
        self._became(act(self.account, found.act, self.policy, self.today, why="x", until=found.until))
        if found.act in (Act.EXPIRED, Act.LAPSED):
            self.used = self.today

    def leave(self) -> None:
        """As the sync does when the registry says so."""
        if not is_ended(self.account.entry) and self.state is not State.PURGED:
            self.gone = self.today
            state = after_leaving(self.state, Removal.REVOKE)
            self._set(congvuState=str(state), congvuEnded=f"{self.today:%Y%m%d}000000Z", pwdReset="FALSE")

    def come_back(self) -> None:
        """As the sync does when the registry says so, with a document: whatever has become of the mail."""
        if is_ended(self.account.entry) or self.state.gone:
            self.gone, self.used = None, self.today
            self._set(congvuState="initial", congvuEnded="", pwdReset="FALSE")

    def log_in(self) -> None:
        """As the owner does, where that is possible."""
        if self.state in (State.INITIAL, State.ACTIVE) and self.account.own_password:
            self._use(pwdLastSuccess=self._noon)

    def change_password(self) -> None:
        """As the owner does, where there is one to be changed."""
        there = self.account.own_password or self.account.initial_password
        if self.state in (State.INITIAL, State.ACTIVE) and there:
            self._use(pwdChangedTime=self._noon, pwdReset="")

    def act(self, what: Act) -> None:
        """As a person in charge does: the table says whether it is allowed."""
        until = self.today + timedelta(days=30)
        try:
            operation = act(self.account, what, self.policy, self.today, secret=SECRET, until=until, **WHY)
        except InputError:
            assert self.state not in TABLE[what].sources or is_ended(self.account.entry)
            return
        assert self.state in TABLE[what].sources
        self._became(operation)
        assert self.state in TABLE[what].targets
        if what is Act.RESET:
            self._use(pwdChangedTime=self._noon)
        if what is not Act.EXEMPTED:
            self.used = self.today

    @property
    def _noon(self) -> str:
        return f"{self.today:%Y%m%d}050000Z"

    def _became(self, operation: Modify) -> None:
        self.account = after(self.account, operation)
        was, self.state = self.state, self.account.state
        if not self.state.gone:
            self.gone = self.gone if is_ended(self.account.entry) else None
        elif not was.gone and not is_ended(self.account.entry):
            self.gone = self.today

    def _use(self, **values: str) -> None:
        self._set(**values)
        self.used = self.today

    def _set(self, **values: str) -> None:
        told = {name: (value,) if value else () for name, value in values.items()}
        merged = dict(self.account.entry.attributes) | told
        self.account = Account(Entry(DN, {name: found for name, found in merged.items() if found}))
        self.state = self.account.state


_BY_HAND = [what for what in ACTS if not TABLE[what].timer and what is not Act.BEGUN]
_STEP = st.tuples(st.integers(0, 60), st.sampled_from(["login", "password", "leave", "come_back", *_BY_HAND]))


@given(steps=st.lists(_STEP, max_size=25))
def test_a_random_life_is_as_a_simple_model_says(steps: list[tuple[int, str]], lamdong: Policy) -> None:
    life = Life(
        replace(
            lamdong,
            inactivity=Inactivity(Duration(3, "months"), then=Removal.REVOKE),
            locking=Locking(revoke_after=Duration(6, "months")),
            leaving=HELD,
            password=Password(initial_valid=Duration(5, "days")),
        )
    )
    for days, step in steps:
        for _ in range(days):
            life.night()
        if step == "login":
            life.log_in()
        elif step == "password":
            life.change_password()
        elif step == "leave":
            life.leave()
        elif step == "come_back":
            life.come_back()
        else:
            life.act(Act(step))
        assert life.account.address == f"annv@{DOMAIN}"  # an address never goes
