"""A locked account still receives: nothing of its owner's runs, and who writes to a leaver is told once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from email.message import EmailMessage

import pytest

from congvu.fleet.client import Outside, poll
from tests.e2e.test_sieve import filtered
from tests.lab import LAMDONG, STRANGER, Account, Site, inbox, letter, transact, wait

LOCKED = {"congvuState": ["locked"]}
LEFT = {**LOCKED, "congvuEnded": ["20261123000000Z"]}
PEOPLES, UNITS = "chuyển công tác hoặc thôi việc", "đã giải thể"


@pytest.fixture
def citizen() -> str:
    """A sender nobody has answered yet."""
    return f"dan-{secrets.token_hex(4)}@{STRANGER.partition('@')[2]}"


@pytest.fixture(scope="module")
def leaver(site: Site) -> Account:
    return site.person()


def send(outside: Outside, sender: str, account: Account, **headers: str) -> EmailMessage:
    message = letter(sender, account.address)
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    with outside.smtp() as client:
        assert transact(client, sender, account.address, message).accepted
    return message


def answers(outside: Outside, sender: str, account: Account) -> list[EmailMessage]:
    return outside.received(sender, account.address)


def keeps(site: Site, account: Account, message: EmailMessage) -> None:
    """See the message in the inbox: nobody can log in to look."""
    search = (
        "search",
        "-u",
        account.address,
        "mailbox",
        "INBOX",
        "header",
        "message-id",
        message["Message-ID"],
    )
    poll(lambda: site.on_mail("doveadm", *search), f"{message['Message-ID']} for {account.address}")


def test_who_writes_to_somebody_who_left_is_told_once_and_where_to_write(
    site: Site, outside: Outside, citizen: str, leaver: Account
) -> None:
    """LD-7.2c, DL-6b: the mail is kept, and no name is given."""
    with site.changed(leaver, LEFT):
        first, second = (send(outside, citizen, leaver) for _ in range(2))
        for message in (first, second):
            keeps(site, leaver, message)
        other = f"sau-{citizen}"
        send(outside, other, leaver)
        poll(lambda: answers(outside, other, leaver), "the answer to a later one")
        (answer,) = answers(outside, citizen, leaver)
    text = answer.get_content()
    assert PEOPLES in text
    office = site.layout(LAMDONG).unit(site.entry(leaver.dn).value("departmentNumber"))
    assert f"của đơn vị: {site.entry(office).value('cn')}." in " ".join(text.split())
    assert leaver.name not in str(answer)
    assert answer["Auto-Submitted"].startswith("auto-replied")
    assert answer["Return-Path"] == "<>"


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-generated"}, {"List_Id": "<tin.ngoai.example>"}, {"Precedence": "bulk"}],
    ids=str,
)
def test_machines_and_lists_are_not_answered(
    headers: Mapping[str, str], site: Site, outside: Outside, citizen: str, leaver: Account
) -> None:
    """RFC 3834: what comes after it is answered, so the answer to it would have come."""
    with site.changed(leaver, LEFT):
        keeps(site, leaver, send(outside, citizen, leaver, **headers))
        other = f"sau-{citizen}"
        keeps(site, leaver, send(outside, other, leaver))
        poll(lambda: answers(outside, other, leaver), "the answer to the later one")
        assert answers(outside, citizen, leaver) == []


def test_who_writes_to_a_unit_that_was_dissolved_is_told_so(
    site: Site, outside: Outside, citizen: str
) -> None:
    unit = site.unit(LAMDONG)
    with site.changed(unit, LEFT):
        keeps(site, unit, send(outside, citizen, unit))
        (answer,) = poll(lambda: answers(outside, citizen, unit), "the answer outside")
    assert UNITS in answer.get_content()


def test_of_a_locked_account_no_filter_runs_and_nobody_is_answered(
    site: Site, outside: Outside, citizen: str, colleague: Account
) -> None:
    """HT-6.8, LD-7.2c: whoever got hold of it may have set a redirect. After the lock it runs again."""
    owner = site.person()
    with filtered(outside, owner, f'redirect "{colleague.address}";\r\n'):
        with site.changed(owner, LOCKED):
            kept = send(outside, citizen, owner)
            keeps(site, owner, kept)
        passed = send(outside, citizen, owner)
        wait(outside, colleague, passed)
        assert kept["Message-ID"] not in [one["Message-ID"] for one in inbox(outside, colleague)]
        assert answers(outside, citizen, owner) == []
