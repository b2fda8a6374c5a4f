"""A full mailbox refuses, keeps what it took, and recovers. Its size is in test_domains."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from congvu.fleet.client import Outside, fetch, mailbox, poll
from tests.lab import MIB, STRANGER, Account, Site, letter, transact, wait


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
    with mailbox(outside, account.address, account.password) as box:
        _, found = box.search(None, "ALL")
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
