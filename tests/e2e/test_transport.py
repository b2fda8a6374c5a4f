"""The way between mail servers: the first contact, and where a message ends."""

from __future__ import annotations

import json
import secrets
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest

from congvu.fleet.client import Outside, poll
from congvu.fleet.lab import Lab, run_in
from tests.lab import LAMDONG, STRANGER, Account, Site, inbox, letter, wait
from tests.stranger import Session, stranger

HELLO = "EHLO la.example\r\n"


# --- The first contact


def test_who_speaks_before_the_greeting_is_refused(lab: Lab, person: Account) -> None:
    transaction = (f"{HELLO}", f"MAIL FROM:<{STRANGER}>\r\n", f"RCPT TO:<{person.address}>\r\n")
    with stranger(lab, 231) as robot:
        (heard,) = robot.say(Session(transaction, greeted=False))
    assert any(reply.startswith("550 5.5.1 Protocol error") for reply in heard.replies), heard


def test_a_mail_server_that_is_new_waits_once_and_is_heard_in_the_same_session(
    lab: Lab, person: Account
) -> None:
    talk = Session((HELLO, f"MAIL FROM:<{STRANGER}>\r\n", f"RCPT TO:<{person.address}>\r\n", "RSET\r\n"))
    # One that is remembered from no earlier run.
    with stranger(lab, 30 + secrets.randbelow(190)) as server:
        first, second = server.say(talk, talk)
    for heard in (first, second):
        assert [reply[:3] for reply in heard.replies] == ["220", "250", "250", "250", "250"], heard
    assert first.seconds < 2 + 10, "two seconds of silence, and the rest of the machine's load"
    assert second.seconds < first.seconds - 1, "it has shown that it can wait"


# --- Where a message ends

# What may be taken for the end of a message that is not CR LF . CR LF.
NOT_THE_END = {
    "LF . LF": "\n.\n",
    "LF . CR LF": "\n.\r\n",
    "CR LF . LF": "\r\n.\n",
    "CR . CR": "\r.\r",
    "CR . CR LF": "\r.\r\n",
    "CR LF . CR": "\r\n.\r",
    "CR CR LF . CR CR LF": "\r\r\n.\r\r\n",
    "NUL before the dot": "\r\n\0.\r\n",
    "NUL after the dot": "\r\n.\0\r\n",
    "NUL within the line end": "\r\n.\r\0\n",
}


def _two_in_one(end: str, marker: str, sender: str, recipient: str) -> str:
    """A message, and behind a false end commands and a message that a smuggler would like to be run."""
    head = f"From: <{sender}>\r\nTo: <{recipient}>\r\n"
    smuggled = f"MAIL FROM:<chutich@ngoai.example>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n"
    return f"{head}Subject: {marker} that\r\n\r\nmot{end}{smuggled}{head}Subject: {marker} gia\r\n\r\nhai\r\n"


def test_only_cr_lf_dot_cr_lf_ends_a_message_that_comes_in(outside: Outside, person: Account) -> None:
    markers = {name: uuid4().hex for name in NOT_THE_END}
    taken = {}
    for name, end in NOT_THE_END.items():
        with outside.smtp() as client:
            client.mail(STRANGER)
            client.rcpt(person.address)
            taken[name] = _data(client, _two_in_one(end, markers[name], STRANGER, person.address))
    assert {name: code for name, code in taken.items() if ("NUL" in name) == (code == 250)} == {}, taken
    last = letter(STRANGER, person.address)
    outside.send(last)
    wait(outside, person, last)
    subjects = [str(message["Subject"]) for message in inbox(outside, person)]
    assert [subject for subject in subjects if subject.endswith(" gia")] == []
    arrived = {name: subjects.count(f"{marker} that") for name, marker in markers.items()}
    assert arrived == {name: int(code == 250) for name, code in taken.items()}


def test_only_cr_lf_dot_cr_lf_ends_a_message_that_goes_out(outside: Outside, person: Account) -> None:
    """A login must not smuggle through us to a server that takes less care."""
    run = uuid4().hex
    codes = {}
    for name, end in NOT_THE_END.items():
        with outside.submission(person.address, person.password) as client:
            client.mail(person.address)
            client.rcpt(STRANGER)
            codes[name] = _data(client, _two_in_one(end, f"{run} {name}", person.address, STRANGER))
    assert {name: code for name, code in codes.items() if ("NUL" in name) == (code == 250)} == {}, codes
    wanted = sorted(f"{run} {name} that" for name, code in codes.items() if code == 250)

    def came() -> list[str] | None:
        subjects = [str(message["Subject"]) for message in outside.received(STRANGER, run)]
        return subjects if len(subjects) >= len(wanted) else None

    assert sorted(poll(came, "the messages at the foreign server")) == wanted


def _data(client: smtplib.SMTP, text: str) -> int:
    """The reply to a message sent as it stands; whatever the server says beyond it is a fault."""
    assert client.docmd("DATA")[0] == 354
    client.send(f"{text}.\r\n".encode("latin-1"))
    code, _ = client.getreply()
    assert client.noop()[0] == 250, "a smuggled command was answered"
    return code


# --- What goes out


class MailLog:
    """What Postfix on the mail server writes from now on."""

    def __init__(self, site: Site) -> None:
        self._site = site
        words = site.on_mail("journalctl", "--lines=0", "--show-cursor", "--quiet").strip()
        self._cursor = words.rpartition("-- cursor: ")[2]

    def lines(self, words: str) -> list[str]:
        """Lines that contain the words."""
        options = ("--facility=mail", "--output=short", f"--after-cursor={self._cursor}")
        return [line for line in self._site.on_mail("journalctl", *options).splitlines() if words in line]


TRUSTED = "Verified TLS connection established to"
# Domain → how Postfix judged the connection; and domains whose mail waits.
GOES = {
    "ngoai.example": f"{TRUSTED} mx.ngoai.example",
    "sts.ngoai.example": f"{TRUSTED} mx-sts.ngoai.example",
    "tran.ngoai.example": "TLS connection established to mx-tran.ngoai.example",
}
WAITS = ("sai.ngoai.example", "sts-sai.ngoai.example")


def _submit(outside: Outside, person: Account, domain: str) -> EmailMessage:
    message = letter(person.address, f"vanthu@{domain}")
    with outside.submission(person.address, person.password) as client:
        client.send_message(message)
    return message


@pytest.mark.parametrize("domain", GOES)
def test_mail_goes_out_encrypted_and_verified_where_the_receiver_says_how(
    outside: Outside, site: Site, person: Account, domain: str
) -> None:
    log = MailLog(site)
    message = _submit(outside, person, domain)
    poll(lambda: outside.received(f"vanthu@{domain}", message["Message-ID"]), f"mail for {domain}")
    told = [line for line in log.lines("TLS connection established to") if "postfix/smtp" in line]
    assert any(GOES[domain] in line for line in told), told


@pytest.mark.parametrize("domain", WAITS)
def test_mail_waits_when_the_receiver_is_not_who_it_says(
    outside: Outside, site: Site, person: Account, domain: str
) -> None:
    recipient = f"vanthu@{domain}"
    message = _submit(outside, person, domain)

    item = poll(lambda: _why(site, recipient), f"a reason why {recipient} waits")
    site.on_mail("postsuper", "-d", item["queue_id"])
    assert "Server certificate not verified" in item["recipients"][0]["delay_reason"]
    assert outside.received(recipient, message["Message-ID"]) == []


CLEAR = "smtpd_tls_security_level=none"
ENCRYPTED = (
    f"sender_dependent_default_transport_maps=inline:{{ {{<> = encrypted:}} {{@{LAMDONG} = encrypted:}} }}"
)


@contextmanager
def _set(lab: Lab, host: str, setting: str) -> Iterator[None]:
    """Postfix of a host with another setting for a while."""
    copy = "/run/main.cf.before"
    change = f'cp -p /etc/postfix/main.cf {copy}; postconf -e "$1"; postfix reload'
    run_in(lab, host, "sudo", "sh", "-ec", change, "sh", setting)
    try:
        yield
    finally:
        run_in(lab, host, "sudo", "sh", "-ec", f"mv {copy} /etc/postfix/main.cf; postfix reload")


@pytest.mark.parametrize("reply", [False, True], ids=["a letter", "a reply without a sender"])
def test_mail_of_a_domain_that_wants_encryption_waits_for_it(
    lab: Lab, outside: Outside, site: Site, person: Account, *, reply: bool
) -> None:
    recipient = f"{uuid4().hex}@tran.ngoai.example"
    message = letter(person.address, recipient)
    with _set(lab, "mail", ENCRYPTED):
        with _set(lab, "outside", CLEAR):
            if reply:
                run_in(
                    lab, "mail", "/usr/sbin/sendmail", "-i", "-f", "<>", recipient, stdin=message.as_string()
                )
            else:
                with outside.submission(person.address, person.password) as client:
                    client.send_message(message)
            reason = poll(lambda: _why(site, recipient), f"a reason why {recipient} waits")
        assert "TLS is required, but was not offered" in reason["recipients"][0]["delay_reason"]
        assert outside.received(recipient, message["Message-ID"]) == []
        site.on_mail("postqueue", "-f")
        poll(lambda: outside.received(recipient, message["Message-ID"]), "the message, encrypted")


def _why(site: Site, recipient: str) -> dict[str, Any] | None:
    """The message for a recipient as it lies in the queue, once it has a reason to wait."""
    queue = [json.loads(line) for line in site.on_mail("postqueue", "-j").splitlines()]
    found = [item for item in queue if item["recipients"][0]["address"] == recipient]
    return found[0] if found and found[0]["recipients"][0].get("delay_reason") else None
