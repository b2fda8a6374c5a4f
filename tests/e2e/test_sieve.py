"""Filters: spam goes to Junk, moves teach, nothing goes out that the policy forbids (HT-6.8)."""

from __future__ import annotations

import base64
import json
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Self

import pytest

from congvu.fleet.client import Outside, fetch, mailbox, poll
from congvu.fleet.lab import run_in
from tests.lab import LAMDONG, STRANGER, Account, Site, attempt, inbox, letter, transact, wait

FORBIDDEN = ("reject", "ereject", "enotify", "vnd.dovecot.pipe", "vnd.dovecot.execute", "editheader")


class ManageSieve:
    """A session of a mail program that edits filters (RFC 5804)."""

    def __init__(self, outside: Outside) -> None:
        self._socket: socket.socket = outside.socket(4190)
        self._file = self._socket.makefile("rb")
        self._outside = outside
        self.greeting = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def starttls(self) -> None:
        assert self.command("STARTTLS").splitlines()[-1].startswith("OK")
        self._socket = self._outside.tls.wrap_socket(self._socket, server_hostname=self._outside.fqdn)
        self._file = self._socket.makefile("rb")
        self.greeting = self._answer()

    def login(self, account: Account) -> str:
        secret = base64.b64encode(f"\0{account.address}\0{account.password}".encode()).decode()
        return self.command(f'AUTHENTICATE "PLAIN" "{secret}"')

    def put(self, script: str) -> str:
        """Store a filter."""
        return self.command(f'PUTSCRIPT "thu" {{{len(script.encode())}+}}\r\n{script}')

    def command(self, words: str) -> str:
        self._socket.sendall(f"{words}\r\n".encode())
        return self._answer()

    def _answer(self) -> str:
        lines = []
        for line in self._file:
            lines.append(line.decode())
            if literal := re.search(rb"\{(\d+)\}\r\n$", line):
                lines.append(self._file.read(int(literal[1])).decode() + self._file.readline().decode())
            if re.match(r"(OK|NO|BYE)\b", lines[-1] if not literal else lines[-2]):
                return "".join(lines)
        return "".join(lines)


@contextmanager
def filtered(outside: Outside, account: Account, script: str) -> Iterator[None]:
    """The account with a filter for a while, put in place as a mail program does."""
    with ManageSieve(outside) as session:
        session.starttls()
        assert session.login(account).startswith("OK")
        assert session.put(script).startswith("OK")
        assert session.command('SETACTIVE "thu"').startswith("OK")
    try:
        yield
    finally:
        with ManageSieve(outside) as session:
            session.starttls()
            session.login(account)
            session.command('SETACTIVE ""')
            session.command('DELETESCRIPT "thu"')


def send(outside: Outside, account: Account, *, sender: str = STRANGER) -> EmailMessage:
    """Deliver a message from outside."""
    message = letter(STRANGER, account.address)
    with outside.smtp() as client:
        assert transact(client, sender, account.address, message).accepted
    return message


def notices(outside: Outside, account: Account) -> list[EmailMessage]:
    return [message for message in inbox(outside, account) if message["X-Congvu-Notice"] == "forward"]


def _foreign(name: str) -> str:
    return f"{name}@{STRANGER.partition('@')[2]}"


def _log(site: Site, words: str) -> str:
    journal = ("journalctl", "--facility=mail", "--output=cat", "--lines=300")
    return site.on_mail(*journal, f"--grep={re.escape(words)}", check=False)


# ManageSieve


def test_managesieve_takes_logins_under_tls_only(outside: Outside, person: Account) -> None:
    with ManageSieve(outside) as session:
        assert '"SASL" ""' in session.greeting
        assert session.login(person).startswith("NO")
    with ManageSieve(outside) as session:
        session.starttls()
        assert "PLAIN" in session.greeting
        assert session.login(person).startswith("OK")


def test_a_filter_cannot_mail_whom_it_likes_nor_run_programs(outside: Outside, person: Account) -> None:
    with ManageSieve(outside) as session:
        session.starttls()
        session.login(person)
        offered = re.findall(r'"SIEVE" "([^"]*)"', session.greeting)[0].split()
        assert {"fileinto", "vacation", "imap4flags"} <= set(offered)
        assert not set(offered) & set(FORBIDDEN)
        for extension in FORBIDDEN:
            assert session.put(f'require "{extension}";\r\nkeep;\r\n').startswith("NO"), extension


# Redirects


def test_a_redirect_to_outside_keeps_the_message_and_tells_the_user_once(
    outside: Outside, person: Account
) -> None:
    with filtered(outside, person, f'redirect "{_foreign("kiem")}";\r\n'):
        first = send(outside, person)
        wait(outside, person, first)
        (notice,) = poll(lambda: notices(outside, person), "the notice")
        second = send(outside, person)
        wait(outside, person, second)
        assert len(notices(outside, person)) == 1
    assert notice["Subject"] == f"Không chuyển tiếp được thư từ {person.address} ra ngoài hệ thống"
    assert notice["From"].addresses[0].addr_spec == f"postmaster@{person.domain}"
    assert notice["Auto-Submitted"] == "auto-generated"
    assert _foreign("kiem") in notice.get_content()
    assert "Tiêu đề: Công văn" in notice.get_content()
    for message in (first, second):
        assert not outside.received(_foreign("kiem"), message["Message-ID"])


def test_a_bounce_is_no_way_out_either(outside: Outside, person: Account) -> None:
    with filtered(outside, person, f'redirect "{_foreign("kiem2")}";\r\n'):
        message = send(outside, person, sender="")
        wait(outside, person, message)
    assert not outside.received(_foreign("kiem2"), message["Message-ID"])


def test_a_copy_redirected_to_outside_stays_once(outside: Outside, person: Account) -> None:
    script = f'require ["copy", "fileinto"];\r\nredirect :copy "{_foreign("kiem3")}";\r\n'
    with filtered(outside, person, script):
        wait(outside, person, send(outside, person))  # which says how often it is there


def test_a_redirect_to_a_colleague_is_sent(outside: Outside, person: Account, colleague: Account) -> None:
    with filtered(outside, person, f'redirect "{colleague.address}";\r\n'):
        message = send(outside, person)
        wait(outside, colleague, message)
    with mailbox(outside, person.address, person.password) as box:
        assert not fetch(box, message["Message-ID"])


def test_two_filters_that_redirect_to_each_other_end_and_lose_nothing(
    outside: Outside, person: Account, colleague: Account
) -> None:
    with (
        filtered(outside, person, f'redirect "{colleague.address}";\r\n'),
        filtered(outside, colleague, f'redirect "{person.address}";\r\n'),
    ):
        message = send(outside, person)

        def found() -> list[bytes]:
            both = []
            for account in (person, colleague):
                with mailbox(outside, account.address, account.password) as box:
                    both += fetch(box, message["Message-ID"])
            return both

        assert len(poll(found, "the message in one of the two mailboxes")) == 1


@contextmanager
def allowed(site: Site, domain: str) -> Iterator[None]:
    """The mail domain with a policy that allows to forward, for a while."""
    path = "/etc/dovecot/domains.json"
    before = site.on_mail("cat", path)
    domains = json.loads(before)
    domains[domain]["forward_out"] = "allow"
    run_in(site.lab, "mail", "sudo", "tee", path, stdin=json.dumps(domains))
    try:
        yield
    finally:
        run_in(site.lab, "mail", "sudo", "tee", path, stdin=before)


def test_where_the_policy_allows_a_redirect_goes_out(outside: Outside, site: Site, person: Account) -> None:
    away = _foreign("duoc")
    with allowed(site, LAMDONG), filtered(outside, person, f'redirect "{away}";\r\n'):
        message = send(outside, person)
        (sent,) = poll(lambda: outside.received(away, message["Message-ID"]), "the message outside")
    assert sent["Return-Path"] == f"<{person.address}>"


# Vacation


def test_a_vacation_reply_goes_out_with_the_users_own_name_only(outside: Outside, person: Account) -> None:
    marker = make_msgid()
    script = f'require "vacation";\r\nvacation :days 1 {{}} "Toi di vang {marker}";\r\n'
    with filtered(outside, person, script.format(':subject "Vang mat"')):
        wait(outside, person, send(outside, person))
        (reply,) = poll(lambda: outside.received(STRANGER, marker), "the reply outside")
    assert reply["From"].addresses[0].addr_spec == person.address
    assert reply["Return-Path"] == "<>"
    assert reply["Auto-Submitted"].startswith("auto-replied")


OTHER_NAMES = {
    "as its sender": 'require "vacation";\nvacation :days 1 :from "{other}" "{marker}";\n',
    # The text of a reply in MIME begins with headers of its writer's choice.
    "behind the header of a redirect": """\
require "vacation";
vacation :days 1 :from "{other}" :mime text:
X-Sieve-Redirected-From: {own}
Content-Type: text/plain; charset=utf-8

{marker}
.
;
""",
}


@pytest.mark.parametrize("script", OTHER_NAMES.values(), ids=OTHER_NAMES)
def test_a_vacation_reply_under_another_name_is_not_sent(
    outside: Outside, site: Site, person: Account, colleague: Account, script: str
) -> None:
    marker = make_msgid()
    words = script.format(other=colleague.address, own=person.address, marker=marker)
    with filtered(outside, person, words.replace("\n", "\r\n")):
        message = send(outside, person)
        wait(outside, person, message)
        poll(
            lambda: "bears the mailbox's own address" in _log(site, message["Message-ID"]),
            "the refusal in the log",
        )
    assert not outside.received(STRANGER, marker)


# Junk


LMTP = """\
import smtplib, sys
with smtplib.LMTP("/var/spool/postfix/private/dovecot-lmtp") as client:
    client.sendmail(sys.argv[1], sys.argv[2], sys.argv[3].encode())
"""


def test_what_bears_the_mark_of_spam_goes_to_junk_past_the_users_filter(
    outside: Outside, site: Site, person: Account
) -> None:
    message = letter(STRANGER, person.address)
    message["X-Spam"] = "Yes"  # rspamd takes this off what comes in, so it is handed to Dovecot's door itself
    with filtered(outside, person, f'redirect "{_foreign("rac")}";\r\n'):
        site.on_mail("python3", "-c", LMTP, STRANGER, person.address, message.as_string())
        with mailbox(outside, person.address, person.password, "Junk") as box:
            poll(lambda: fetch(box, message["Message-ID"]), "the message in Junk")
    with mailbox(outside, person.address, person.password) as box:
        assert not fetch(box, message["Message-ID"])
    assert not outside.received(_foreign("rac"), message["Message-ID"])
    assert not [one for one in notices(outside, person) if _foreign("rac") in one.get_content()]


# Learning


def _learned(site: Site) -> int:
    told = site.on_mail("rspamc", "-h", "/run/rspamd/controller.sock", "stat")
    return int(re.findall(r"Messages learned: (\d+)", told)[0])


def test_moves_into_junk_and_out_of_it_teach_but_not_a_move_to_trash(outside: Outside, site: Site) -> None:
    person = site.person()  # with an empty mailbox
    # Words that were never learned: the learner passes over what it has seen.
    words = " ".join(
        secrets.token_hex(8).translate(str.maketrans("0123456789", "ghijklmnop")) for _ in range(60)
    )
    message = letter(STRANGER, person.address, f"{words}\n")
    with outside.smtp() as client:
        assert transact(client, STRANGER, person.address, message).accepted
    wait(outside, person, message)
    before = _learned(site)
    _move(outside, person, "INBOX", "Junk")
    poll(lambda: _learned(site) == before + 1, "the message learned as spam")
    _move(outside, person, "Junk", "INBOX")
    poll(lambda: _learned(site) == before + 2, "the message learned as none")
    _move(outside, person, "INBOX", "Junk")
    poll(lambda: _learned(site) == before + 3, "the message learned as spam again")
    _move(outside, person, "Junk", "Trash")
    with mailbox(outside, person.address, person.password, "Trash") as box:
        assert fetch(box, message["Message-ID"])
    assert _learned(site) == before + 3


def test_a_move_succeeds_while_nobody_learns(outside: Outside, site: Site) -> None:
    person = site.person()
    message = send(outside, person)
    wait(outside, person, message)
    site.on_mail("systemctl", "stop", "rspamd")
    try:
        _move(outside, person, "INBOX", "Junk")
        with mailbox(outside, person.address, person.password, "Junk") as box:
            assert fetch(box, message["Message-ID"])
    finally:
        site.on_mail("systemctl", "start", "rspamd")
        poll(lambda: attempt(outside, STRANGER, person.address).code == 250, "the filter at work", pause=0.5)


def _move(outside: Outside, account: Account, source: str, target: str) -> None:
    with mailbox(outside, account.address, account.password, source) as box:
        kind, words = box.uid("MOVE", "1:*", target)
        assert kind == "OK", words
