"""A dependency that is down means later, never no and never unscanned: N sent, N arrived, each once.

Mail goes two ways at once: through outside's own mail server, which queues and tries again, and by sessions
of our own, whose replies are judged and which try again until they are heard.
"""

from __future__ import annotations

import imaplib
import json
import smtplib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from uuid import uuid4

import pytest

from congvu.fleet.client import Outside, poll
from congvu.fleet.lab import run_in
from tests.lab import (
    LAMDONG,
    QUANGTRI,
    STRANGER,
    Account,
    Answer,
    Site,
    attempt,
    inbox,
    letter,
    login,
    transact,
)

DIRECT = RELAYED = 5
EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
FILL = """\
fallocate -l "$(df --output=avail -B1 /var/vmail | tail -1)" /var/vmail/full || true
dd if=/dev/zero of=/var/vmail/fuller bs=4k 2>/dev/null || true
test "$(df --output=avail -B1 /var/vmail | tail -1)" -eq 0"""


@dataclass(frozen=True, slots=True)
class Fault:
    """How to break it, how to mend it, and where a message is turned away meanwhile."""

    breaks: str
    mends: str
    turned_away: tuple[str, ...]
    """Commands that answer 4xx. None: the message is taken, and waits here."""


FAULTS = {
    "directory": Fault("systemctl stop slapd", "systemctl start slapd", ("RCPT",)),
    "scanner": Fault(
        "systemctl stop clamav-daemon.socket clamav-daemon.service",
        "systemctl start clamav-daemon.socket clamav-daemon.service",
        ("DATA",),
    ),
    "filter": Fault("systemctl stop rspamd", "systemctl start rspamd", ("CONNECT", "MAIL", "RCPT", "DATA")),
    "store": Fault("systemctl stop dovecot", "systemctl start dovecot", ("RCPT",)),
    "disk": Fault(FILL, "rm -f /var/vmail/full /var/vmail/fuller", ()),
}


class Switch:
    """Breaks and mends parts of the mail server."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._broken: list[Fault] = []

    def off(self, name: str) -> Fault:
        """Break one part."""
        self._broken.append(FAULTS[name])
        self._run(FAULTS[name].breaks)
        return FAULTS[name]

    def on(self) -> None:
        """Mend what is broken."""
        while self._broken:
            self._run(self._broken[-1].mends)
            self._broken.pop()

    def _run(self, script: str) -> None:
        self._site.on_mail("sh", "-ec", script)


@pytest.fixture
def switch(site: Site) -> Iterator[Switch]:
    one = Switch(site)
    try:
        yield one
    finally:
        one.on()


@pytest.fixture
def recipients(person: Account, unit: Account) -> tuple[Account, Account]:
    return person, unit


class Log:
    """The mail log of a host from now on."""

    def __init__(self, site: Site, host: str) -> None:
        self._site, self._host = site, host
        words = self._read("--lines=0", "--show-cursor").strip()
        self._cursor = words.rpartition("-- cursor: ")[2]

    def lines(self, *words: str) -> list[str]:
        """Lines that contain all the words."""
        found = self._read("--facility=mail", f"--after-cursor={self._cursor}").splitlines()
        return [line for line in found if all(word in line for word in words)]

    def _read(self, *options: str) -> str:
        return run_in(self._site.lab, self._host, "sudo", "journalctl", "--output=cat", *options).stdout


def queued(site: Site, host: str, sender: str) -> list[dict[str, object]]:
    """Messages of a sender in a host's queue."""
    lines = run_in(site.lab, host, "sudo", "postqueue", "-j").stdout.splitlines()
    return [item for item in map(json.loads, lines) if item["sender"] == sender]


def counted(outside: Outside, *accounts: Account) -> Counter[str]:
    """How often each Message-ID lies in these inboxes."""
    return Counter(message["Message-ID"] for account in accounts for message in inbox(outside, account))


def insist(outside: Outside, sender: str, recipient: str, message: EmailMessage) -> Answer:
    """Try until the answer is for good, as a mail server does; every other one must be temporary."""

    def settled() -> Answer | None:
        answer = attempt(outside, sender, recipient, message)
        assert answer.code >= 400 or answer.accepted
        return None if answer.deferred else answer

    return poll(settled, f"a final answer for {recipient}", seconds=60, pause=1)


@pytest.mark.parametrize("name", FAULTS)
def test_mail_sent_meanwhile_arrives_once_and_no_virus_passes(
    outside: Outside, site: Site, recipients: tuple[Account, Account], switch: Switch, name: str
) -> None:
    person, unit = recipients
    sender, villain = (f"{name}.{uuid4().hex}@ngoai.example" for _ in range(2))
    to = [(person, unit)[number % 2].address for number in range(DIRECT + RELAYED)]
    letters = [letter(sender, each, subject=f"{name} {number}") for number, each in enumerate(to)]
    direct, relayed = list(zip(letters, to, strict=True))[:DIRECT], letters[DIRECT:]
    virus, relayed_virus = letter(villain, unit.address, EICAR), letter(villain, person.address, EICAR)
    log, abroad = Log(site, "mail"), Log(site, "outside")

    fault = switch.off(name)
    for message in (*relayed, relayed_virus):
        outside.send(message)
    answers = [attempt(outside, sender, each, message) for message, each in direct]
    if fault.turned_away:
        assert {answer.command for answer in answers} <= set(fault.turned_away), answers
        assert all(answer.deferred for answer in answers), answers
        poll(lambda: len(abroad.lines("status=deferred", LAMDONG)) > RELAYED or None, "deferrals outside")
        answer = attempt(outside, villain, unit.address, virus)
        assert answer.deferred, answer
    else:
        assert all(answer.accepted for answer in answers), answers
        poll(lambda: len(log.lines("status=deferred", "lmtp")) >= DIRECT + RELAYED or None, "deferrals")
        assert len(queued(site, "mail", sender)) == DIRECT + RELAYED
    assert not log.lines("status=sent", "dovecot-lmtp")
    switch.on()

    for (message, each), answer in zip(direct, answers, strict=True):
        assert answer.accepted or insist(outside, sender, each, message).accepted
    refusal = insist(outside, villain, unit.address, virus)
    assert (refusal.command, refusal.refused, "Virus" in refusal.text) == ("DATA", True, True), refusal
    wanted = Counter(message["Message-ID"] for message in letters)

    def all_there() -> bool:
        return wanted <= counted(outside, person, unit)

    poll(all_there, f"{wanted.total()} messages", seconds=120, pause=1)
    for host in ("mail", "outside"):
        poll(lambda host=host: not queued(site, host, sender), f"an empty queue on {host}", pause=1)  # type: ignore[misc]
    poll(lambda: not queued(site, "outside", villain), "the end of the virus", pause=1)

    there = counted(outside, person, unit)
    assert {each: there[each] for each in wanted} == dict(wanted)
    assert not {virus["Message-ID"], relayed_virus["Message-ID"]} & set(there)
    assert outside.received(sender, "") == []
    assert not log.lines("status=bounced")
    assert len(outside.received(villain, "Virus")) == 1, "the sender of a virus is told why"


# --- What else answers meanwhile


def test_nothing_is_refused_for_good_while_the_directory_is_down(
    outside: Outside, person: Account, switch: Switch
) -> None:
    switch.off("directory")
    cases = [
        (STRANGER, person.address),
        (STRANGER, f"khongcoai.999@{LAMDONG}"),
        (STRANGER, f"khongcoai.999@{QUANGTRI}"),
        (STRANGER, f"postmaster@{LAMDONG}"),
        (STRANGER, "ai@khac.example"),
        (person.address, person.address),
        ("", person.address),
    ]
    for sender, recipient in cases:
        answer = attempt(outside, sender, recipient, letter(STRANGER, person.address))
        assert answer.deferred, (sender, recipient, answer)


def knock(outside: Outside, account: Account, port: int) -> Answer:
    """Log in on a submission port; whatever ends it is the answer."""
    try:
        with outside.smtp(port) as client:
            if port == 587:
                code, words = client.starttls(context=outside.tls)
                if code != 220:
                    return Answer("STARTTLS", code, words.decode())
            return login(client, account.address, account.password)
    except smtplib.SMTPConnectError as refusal:
        return Answer("CONNECT", refusal.smtp_code, str(refusal.smtp_error))
    except smtplib.SMTPServerDisconnected:
        return Answer("CONNECT", 421, "connection closed")


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize("name", ["directory", "store"])
def test_a_login_is_put_off_and_not_refused(
    outside: Outside, person: Account, switch: Switch, name: str, port: int
) -> None:
    switch.off(name)
    answer = knock(outside, person, port)
    assert answer.deferred, answer
    switch.on()
    poll(lambda: knock(outside, person, port).code == 235, "a login after the fault", pause=1)


def test_imap_says_that_it_is_unavailable_and_not_that_the_password_is_wrong(
    outside: Outside, person: Account, switch: Switch
) -> None:
    switch.off("directory")
    with pytest.raises(imaplib.IMAP4.error, match="UNAVAILABLE"):
        outside.imap(person.address, person.password)


@pytest.mark.parametrize("name", ["directory", "store", "scanner", "filter"])
def test_a_user_who_is_logged_in_already_is_put_off(
    outside: Outside, person: Account, colleague: Account, switch: Switch, name: str
) -> None:
    message = letter(person.address, colleague.address)
    with outside.submission(person.address, person.password) as client:
        switch.off(name)
        answer = transact(client, person.address, colleague.address, message)
    assert answer.deferred, answer


def during(seconds: float, act: Callable[[], Answer]) -> list[Answer]:
    """The answers to one thing done over and over for a while."""
    deadline, answers = time.monotonic() + seconds, []
    while time.monotonic() < deadline:
        answers.append(act())
    return answers


@pytest.mark.parametrize("service", ["dovecot", "slapd", "rspamd", "postfix"])
def test_a_restart_refuses_nobody(outside: Outside, site: Site, unit: Account, service: str) -> None:
    command = (
        "systemd-run",
        "--collect",
        "sh",
        "-c",
        f"systemctl restart {service}; systemctl restart {service}",
    )
    site.on_mail(*command)
    answers = during(6, lambda: attempt(outside, STRANGER, unit.address))
    assert not [answer for answer in answers if answer.refused]
    poll(lambda: attempt(outside, STRANGER, unit.address).code == 250, f"{service} at work again", pause=1)
