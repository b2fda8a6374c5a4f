"""A full mailbox refuses, keeps what it took, and recovers; its owner is told before. Sizes: test_domains."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest

from congvu.fleet.client import Outside, fetch, mailbox, poll
from tests.lab import LAMDONG, MIB, QUANGTRI, STRANGER, Account, Site, inbox, letter, transact, wait


def heavy(recipient: str, size: int) -> bytes:
    """A message of about `size` bytes."""
    line = "Kinh gui quy co quan, xin gui tai lieu kem theo de quy co quan xem xet.\n"
    return letter(STRANGER, recipient, line * (size // len(line))).as_bytes()


@pytest.fixture
def full(outside: Outside, site: Site) -> Iterator[Account]:
    """A mailbox of 1 MiB with 900 KiB in it."""
    account = site.person()
    with site.changed(account, {"congvuQuota": [str(MIB)]}):
        message = heavy(account.address, 900 * 1024)
        with outside.smtp() as client:
            assert transact(client, STRANGER, account.address, message, declare=len(message)).accepted
        poll(lambda: _count(outside, account) == 1, "the message that nearly fills the mailbox")
        yield account


def _count(outside: Outside, account: Account) -> int:
    """Messages of the stranger; notices to the owner lie among them."""
    with mailbox(outside, account.address, account.password) as box:
        _, found = box.search(None, "FROM", STRANGER)
        return len(found[0].split())


def test_a_message_too_large_for_the_mailbox_is_refused_at_rcpt(outside: Outside, full: Account) -> None:
    with outside.smtp() as client:
        answer = transact(client, STRANGER, full.address, declare=300 * 1024)
        assert (answer.command, answer.code) == ("RCPT", 552), answer
        assert "5.2.2" in answer.text
        assert transact(client, STRANGER, full.address, declare=20 * 1024).code == 250


def test_a_user_learns_of_a_colleagues_full_mailbox_at_rcpt(
    outside: Outside, full: Account, person: Account
) -> None:
    with outside.submission(person.address, person.password) as client:
        answer = transact(client, person.address, full.address, declare=300 * 1024)
    assert (answer.command, answer.code) == ("RCPT", 552), answer


def test_a_full_mailbox_spoils_nothing_for_other_recipients(
    outside: Outside, full: Account, person: Account
) -> None:
    with outside.smtp() as client:
        client.mail(STRANGER, [f"SIZE={300 * 1024}"])
        assert client.rcpt(full.address)[0] == 552
        assert client.rcpt(person.address)[0] == 250


def test_a_full_mailbox_recovers_after_deleting(outside: Outside, full: Account) -> None:
    with mailbox(outside, full.address, full.password) as box:
        box.store("1:*", "+FLAGS", r"\Deleted")
        box.expunge()
    message = heavy(full.address, 300 * 1024)
    with outside.smtp() as client:
        assert transact(client, STRANGER, full.address, message, declare=len(message)).accepted
    poll(lambda: _count(outside, full) == 1, "mail after the mailbox was emptied")


def test_an_undeclared_message_waits_in_the_queue_until_there_is_room(
    outside: Outside, site: Site, full: Account
) -> None:
    message = letter(STRANGER, full.address, "Kinh gui quy co quan.\n" * 14000)
    with outside.smtp() as client:
        assert transact(client, STRANGER, full.address, message).accepted

    def deferred() -> bool:
        return f"to=<{full.address}>" in site.on_mail(
            "journalctl",
            "--facility=mail",
            "--output=cat",
            "--lines=200",
            "--grep=status=deferred.*full",
            check=False,
        )

    poll(deferred, "the deferral in the log")
    assert full.address in site.on_mail("postqueue", "-p")
    with mailbox(outside, full.address, full.password) as box:
        assert not fetch(box, message["Message-ID"])

    site.change(full.dn, {"congvuQuota": [str(10 * MIB)]})  # the fixture puts it back
    site.on_mail("postqueue", "-f")
    wait(outside, full, message)
    assert not outside.received(STRANGER, message["Message-ID"]), "a bounce for a message that was kept"


# Notices to the owner (LD-12.2b)


@contextmanager
def small(site: Site, account: Account) -> Iterator[Account]:
    """The mailbox, of 1 MiB for a while."""
    with site.changed(account, {"congvuQuota": [str(MIB)]}):
        yield account


def fill(outside: Outside, account: Account, share: int) -> EmailMessage:
    """Deliver a message of so many percent of 1 MiB, and wait for it."""
    message = letter(STRANGER, account.address, "Kinh gui quy co quan xem xet.\n" * (share * MIB // 3100))
    with outside.smtp() as client:
        assert transact(client, STRANGER, account.address, message).accepted
    wait(outside, account, message)
    return message


def notices(outside: Outside, account: Account) -> list[EmailMessage]:
    return [message for message in inbox(outside, account) if message["X-Congvu-Notice"] == "quota"]


def told(outside: Outside, account: Account, count: int) -> list[EmailMessage]:
    """The notices, once there are so many."""
    return poll(
        lambda: found if len(found := notices(outside, account)) >= count else None, f"{count} notices"
    )


def shares(messages: list[EmailMessage]) -> list[str]:
    return sorted(message["Subject"].rpartition("dùng quá ")[2] for message in messages)


def named(message: EmailMessage, header: str) -> tuple[str, str]:
    """Name and address in a header. Not by email.policy, which leaves blanks between encoded words."""
    name, address = parseaddr(dict(message.raw_items())[header].replace("\r\n", ""))
    return str(make_header(decode_header(name))), address


@pytest.mark.parametrize(
    ("who", "operator"),
    [
        (lambda site: site.person(), "Trung tâm Quản lý Cổng thông tin điện tử"),
        (lambda site: site.unit(), "Trung tâm Quản lý Cổng thông tin điện tử"),
        (lambda site: site.person(QUANGTRI), "Hệ thống thư điện tử công vụ"),
    ],
    ids=["person", "unit", "domain without an operator"],
)
def test_the_owner_is_told_in_vietnamese_who_tells_and_of_which_mailbox(
    who: Callable[[Site], Account], operator: str, outside: Outside, site: Site
) -> None:
    with small(site, who(site)) as account:
        fill(outside, account, 82)
        (notice,) = told(outside, account, 1)
    assert notice["Subject"] == f"Hộp thư {account.address} đã dùng quá 80 % dung lượng"
    assert named(notice, "From") == (operator, f"postmaster@{account.domain}")
    assert named(notice, "To") == (account.name, account.address)
    assert notice["Auto-Submitted"] == "auto-generated"
    assert notice["Message-ID"].endswith(f"@{account.domain}>")
    assert notice["Date"].datetime.tzinfo
    text = notice.get_content().replace("\r\n", "\n")
    assert f"Kính gửi: {account.name}\n" in text
    assert "quá 80 % dung lượng cho phép (1 MB)" in text
    assert unicodedata.is_normalized("NFC", text)
    assert notice.get_content_charset() == "utf-8"


def test_the_owner_is_told_once_for_each_crossing(outside: Outside, site: Site) -> None:
    with small(site, site.person()) as account:
        fill(outside, account, 81)
        assert shares(told(outside, account, 1)) == ["80 % dung lượng"]
        fill(outside, account, 2)  # above, and no crossing
        fill(outside, account, 13)
        assert shares(told(outside, account, 2)) == ["80 % dung lượng", "95 % dung lượng"]
        with mailbox(outside, account.address, account.password) as box:
            box.store("1:*", "+FLAGS", r"\Deleted")
            box.expunge()
        fill(outside, account, 81)
        assert shares(told(outside, account, 1)) == ["80 % dung lượng"]


def test_a_message_that_passes_both_shares_is_told_of_once(outside: Outside, site: Site) -> None:
    with small(site, site.person()) as account:
        fill(outside, account, 97)
        assert shares(told(outside, account, 1)) == ["95 % dung lượng"]
        fill(outside, account, 1)
        assert len(notices(outside, account)) == 1


# What IMAP is told, and a quota that was made smaller


def test_imap_says_overquota_to_append_and_copy(outside: Outside, full: Account) -> None:
    with mailbox(outside, full.address, full.password) as box:
        kind, (words,) = box.append("INBOX", "", "", heavy(full.address, 300 * 1024))
        assert (kind, words.split()[0]) == ("NO", b"[OVERQUOTA]")
        kind, (copied,) = box.copy("1", "Trash")
        assert (kind, copied.split()[0]) == ("NO", b"[OVERQUOTA]")


def test_a_quota_below_the_use_refuses_mail_and_loses_none(outside: Outside, site: Site) -> None:
    account = site.person(LAMDONG)
    kept = fill(outside, account, 50)
    with site.changed(account, {"congvuQuota": [str(MIB // 4)]}):
        with outside.smtp() as client:
            assert transact(client, STRANGER, account.address, declare=1024).code == 552
        wait(outside, account, kept)
    wait(outside, account, fill(outside, account, 1))
