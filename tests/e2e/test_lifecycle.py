"""The life of an account, on the mail server: acts, sessions that were open before, clocks, letters."""

from __future__ import annotations

import imaplib
import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from email.message import EmailMessage

import pytest

from congvu.directory.password import change_own, generate
from congvu.errors import LabFailure
from congvu.fleet.client import Outside, poll
from congvu.policy.values import Duration
from congvu.vietnam import VIETNAM, today
from tests.e2e.test_units import MAILBOXES, shown
from tests.lab import LAMDONG, STRANGER, Account, Site, inbox, letter, transact, wait

AUDIT = "/var/lib/congvu-sync/audit"
LETTERS = "/var/lib/congvu-lifecycle/audit"
DOCUMENT = ("--document", "12/CV-SNV")


@pytest.fixture
def owner(site: Site) -> Account:
    """Somebody nothing has happened to yet."""
    return site.person()


@pytest.fixture(scope="module")
def offices() -> dict[str, Account]:
    """Units' mailboxes that were opened already, by the unit's id."""
    return {}


@pytest.fixture
def office(site: Site, owner: Account, offices: dict[str, Account]) -> Account:
    """The mailbox of the owner's unit."""
    unit_id = site.entry(owner.dn).value("departmentNumber")
    if unit_id not in offices:
        offices[unit_id] = site.unit(LAMDONG, unit_id)
    return offices[unit_id]


def account(site: Site, act: str, owner: Account, *options: str, reason: str = "kiểm tra") -> str:
    return site.on_mail("congvu", "account", act, owner.address, "--reason", reason, *options)


def night(site: Site, owner: Account, day: date) -> str:
    return site.on_mail("congvu", "lifecycle", "run", "--day", f"{day}", "--only", owner.address)


def state(site: Site, owner: Account) -> str:
    return site.entry(owner.dn).value("congvuState")


@contextmanager
def opened(outside: Outside, owner: Account) -> Iterator[imaplib.IMAP4]:
    """An IMAP session that the server may end before the test does."""
    session = outside.imap(owner.address, owner.password)
    try:
        assert session.noop()[0] == "OK"
        yield session
    finally:
        with suppress(OSError):
            session.shutdown()


def may_log_in(outside: Outside, owner: Account) -> bool:
    try:
        with opened(outside, owner):
            return True
    except imaplib.IMAP4.error:
        return False


def is_received(outside: Outside, owner: Account) -> bool:
    with outside.smtp() as client:
        return transact(client, STRANGER, owner.address, letter(STRANGER, owner.address)).accepted


def letters(outside: Outside, reader: Account, owner: Account) -> list[EmailMessage]:
    """What the reader was told about the owner's account, oldest first."""
    return [one for one in inbox(outside, reader) if owner.address in body(one)]


def body(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return str(part.get_content()) if part else ""


def told(outside: Outside, reader: Account, owner: Account, words: str) -> EmailMessage:
    """The one letter about the owner's account with these words, once it has come."""

    def look() -> list[EmailMessage] | None:
        return [one for one in letters(outside, reader, owner) if words in body(one)] or None

    found = poll(look, f"a letter about {owner.address} with {words!r}")
    assert len(found) == 1
    return found[0]


def last_login(site: Site, owner: Account) -> date:
    """The day that the directory has: near midnight it need not be today's."""
    shown = site.on_mail("congvu", "account", "show", owner.address)
    match = re.search(r"Đăng nhập gần nhất: +([0-9/]+)", shown)
    assert match, shown
    return datetime.strptime(match[1], "%d/%m/%Y").replace(tzinfo=VIETNAM).date()


def is_dead(session: imaplib.IMAP4) -> bool:
    try:
        return session.noop()[0] != "OK"
    except (imaplib.IMAP4.abort, OSError):
        return True


# --- Acts


def test_who_is_new_gets_the_mailbox_by_a_decision_on_paper(
    site: Site, outside: Outside, owner: Account, office: Account
) -> None:
    site.change(owner.dn, {"congvuState": ["pending"]})  # as the sync does by joining.needs_approval
    assert not may_log_in(outside, owner)
    assert not is_received(outside, owner)
    with pytest.raises(LabFailure, match="needs a document"):
        account(site, "approve", owner)
    assert "pending → initial" in account(site, "approve", owner, *DOCUMENT)
    assert is_received(outside, owner)
    assert "12/CV-SNV" in body(told(outside, office, owner, "Duyệt cấp hộp thư"))


def test_a_locked_account_has_no_session_left_and_still_receives(
    site: Site, outside: Outside, owner: Account, office: Account
) -> None:
    with opened(outside, owner) as session:
        assert "→ locked" in account(site, "lock", owner, reason="nghi bị lộ mật khẩu")
        assert is_dead(session)
    assert not may_log_in(outside, owner)
    assert is_received(outside, owner)
    assert "nghi bị lộ mật khẩu" in body(told(outside, office, owner, "Khóa"))
    account(site, "unlock", owner)
    assert may_log_in(outside, owner)
    told(outside, office, owner, "Mở khóa")
    told(outside, owner, owner, "Mở khóa")


def test_a_suspended_account_does_not_receive_and_comes_back_as_it_was(
    site: Site, outside: Outside, owner: Account
) -> None:
    before = letter(STRANGER, owner.address)
    outside.send(before)
    wait(outside, owner, before)
    account(site, "suspend", owner)
    assert not is_received(outside, owner)
    assert not may_log_in(outside, owner)
    account(site, "resume", owner)
    assert is_received(outside, owner)
    wait(outside, owner, before)


def test_after_a_reset_the_old_password_and_its_sessions_are_dead_and_the_new_one_is_for_one_use(
    site: Site, outside: Outside, owner: Account, office: Account
) -> None:
    with pytest.raises(LabFailure, match="needs a document"):
        account(site, "reset", owner, "--approved-by", "Giám đốc Sở")
    with pytest.raises(LabFailure, match="nobody has approved it"):
        account(site, "reset", owner, *DOCUMENT)
    with (
        opened(outside, owner) as session,
        outside.submission(owner.address, owner.password) as client,
    ):
        said = account(site, "reset", owner, "--approved-by", "Giám đốc Sở", *DOCUMENT)
        secret = said.strip()
        assert re.fullmatch(r"\S{16,}", secret)
        assert is_dead(session)
        answer = transact(client, owner.address, STRANGER, letter(owner.address, STRANGER))
        assert answer.refused, answer
    assert not may_log_in(outside, owner)
    with pytest.raises(imaplib.IMAP4.error, match="Phai doi mat khau"):
        outside.imap(owner.address, secret)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        outside.submission(owner.address, secret)
    logs = site.on_mail("sh", "-c", f"cat {AUDIT}/*.jsonl {LETTERS}/*.jsonl; journalctl --since=-10min")
    assert owner.address in logs
    assert secret not in logs
    owner = replace(owner, password=generate())
    change_own(site.settings.directory, owner.dn, secret, owner.password)
    assert may_log_in(outside, owner)
    for reader in (owner, office):
        text = body(told(outside, reader, owner, "Cấp lại mật khẩu"))
        assert "Giám đốc Sở" in text
        assert "12/CV-SNV" in text
        assert secret not in text
    assert "→ active" not in night(site, owner, today())
    assert state(site, owner) == "active"


def test_what_the_unit_asked_for_is_told_to_nobody_all_else_to_the_unit(
    site: Site, outside: Outside, owner: Account, office: Account
) -> None:
    """LD-7.2, closing paragraph; a revoked account gives back nothing but its address (LD-7.2d)."""
    before = len(letters(outside, office, owner))
    with pytest.raises(LabFailure, match="needs a document"):
        account(site, "revoke", owner, "--at-units-request")
    account(site, "revoke", owner, "--at-units-request", *DOCUMENT)
    assert not is_received(outside, owner)
    with pytest.raises(LabFailure, match="needs a document"):
        account(site, "restore", owner)
    account(site, "restore", owner, *DOCUMENT)
    assert is_received(outside, owner)
    assert not may_log_in(outside, owner)
    assert site.entry(owner.dn).value("mail") == owner.address
    told(outside, office, owner, "Cấp lại: ")  # sent after the revocation, which nobody was told of
    assert len(letters(outside, office, owner)) == before + 1
    account(site, "revoke", owner)
    told(outside, office, owner, "Thu hồi: ")


# --- Clocks


def test_three_months_and_a_day_after_a_real_login_the_mailbox_is_revoked(
    site: Site, outside: Outside, owner: Account, office: Account
) -> None:
    """LD-7.2d: day 89 keeps. The login is one of today; the day is moved."""
    site.change(owner.dn, {"congvuState": ["active"]})
    assert may_log_in(outside, owner)
    used = last_login(site, owner)
    last = Duration(3, "months").after(used)
    assert "nothing is due" in night(site, owner, last - timedelta(days=15))
    assert "1 done" in night(site, owner, last - timedelta(days=14))
    site.on_mail("congvu", "lifecycle", "follow")
    for reader in (owner, office):
        assert f"{last:%d/%m/%Y}" in body(told(outside, reader, owner, "Cảnh báo"))
    assert "nothing is due" in night(site, owner, used + timedelta(days=89))
    assert "nothing is due" in night(site, owner, last)
    with opened(outside, owner) as session:
        assert "1 done" in night(site, owner, last + timedelta(days=1))
        assert state(site, owner) == "revoked"
        site.on_mail("congvu", "lifecycle", "follow")
        assert is_dead(session)
    assert not is_received(outside, owner)
    assert not may_log_in(outside, owner)
    assert "LD-7.2d" in body(told(outside, office, owner, "Xử lý do không sử dụng"))


def test_an_exemption_with_its_reason_keeps_the_mailbox(site: Site, owner: Account) -> None:
    site.change(owner.dn, {"congvuState": ["active"]})
    until = today() + timedelta(days=200)
    account(site, "exempt", owner, "--until", f"{until}", reason="đi học dài hạn")
    assert "nothing is due" in night(site, owner, until - timedelta(days=15))
    assert "1 done" in night(site, owner, until - timedelta(days=14))
    shown = site.on_mail("congvu", "account", "show", owner.address)
    assert re.search(rf"Được giữ dù không sử dụng: +đến hết {until:%d/%m/%Y}: đi học dài hạn", shown)


# --- Delegations


def test_a_delegate_reads_the_units_mailbox_until_the_last_day(
    site: Site, outside: Outside, owner: Account, office: Account
) -> None:
    """LD-10.2đ, LD-11.1: in writing, with an own login, and no longer than the document says."""
    until = today() + timedelta(days=3)
    words = ("--to", owner.address, "--reason", "theo dõi hộp thư")
    with pytest.raises(LabFailure, match="in writing"):
        site.on_mail("congvu", "unit", "delegate", office.address, *words)
    with pytest.raises(LabFailure, match="not of this unit"):
        site.on_mail("congvu", "unit", "delegate", site.unit().address, *words, *DOCUMENT)
    rights = ("--right", "read", "--right", "send", "--until", f"{until}")
    site.on_mail("congvu", "unit", "delegate", office.address, *words, *rights, *DOCUMENT)
    assert shown(outside, owner, MAILBOXES, office.name)
    with outside.submission(owner.address, owner.password) as client:
        message = letter(office.address, STRANGER)
        assert transact(client, office.address, STRANGER, message).accepted
    assert "nothing is due" in night(site, office, until)
    with opened(outside, owner) as session:
        assert "1 done" in night(site, office, until + timedelta(days=1))
        site.on_mail("congvu", "lifecycle", "follow")
        assert is_dead(session)
    assert not shown(outside, owner, MAILBOXES, office.name)


def test_a_delegation_that_is_ended_ends_the_delegates_session(
    site: Site, outside: Outside, owner: Account, office: Account
) -> None:
    words = ("--to", owner.address, "--reason", "kiểm tra", *DOCUMENT)
    assert f"{office.address}: " in site.on_mail("congvu", "unit", "watchers", check=False)
    site.on_mail("congvu", "unit", "delegate", office.address, *words)
    assert f"{office.address}: " not in site.on_mail("congvu", "unit", "watchers", check=False)
    with opened(outside, owner) as session:
        site.on_mail("congvu", "unit", "end-delegation", office.address, *words)
        assert is_dead(session)
    assert not shown(outside, owner, MAILBOXES, office.name)


# --- The story


def test_the_whole_story_of_an_account_is_told(site: Site, outside: Outside, owner: Account) -> None:
    site.change(owner.dn, {"congvuState": ["active"]})
    assert may_log_in(outside, owner)
    account(site, "lock", owner, *DOCUMENT, reason="lộ mật khẩu")
    account(site, "unlock", owner)
    with opened(outside, owner):
        shown = site.on_mail("congvu", "account", "show", owner.address)
    facts = ("đang sử dụng", "Đăng nhập gần nhất: +[0-9]", r"Đã dùng: +\d+\.\d MiB, \d+ thư")
    for words in (owner.name, owner.address, *facts, rf"imap từ {re.escape(outside.address)} \(1\)"):
        assert re.search(words, shown), words
    story = site.on_mail("congvu", "account", "history", owner.address)
    assert re.search(r"\w+ \| locked \| congvuState: active → locked \| lộ mật khẩu \| 12/CV-SNV", story)
    assert site.on_mail("congvu", "audit", "verify", AUDIT)
