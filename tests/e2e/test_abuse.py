"""Too much of one address, and addresses that guess: what they meet, and that nobody else feels it."""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Sequence

import pytest

from congvu.errors import LabFailure
from congvu.fleet.client import Outside, poll
from congvu.fleet.lab import Lab
from tests.lab import LAMDONG, STRANGER, Account, Site, login
from tests.stranger import Heard, Session, Stranger, stranger

HELLO = "EHLO la.example\r\n"
BANNED = "ConnectionRefusedError"
LIAR = "203.0.113.7"
RELAY = Session((HELLO, f"MAIL FROM:<{STRANGER}>\r\n", "RCPT TO:<ai@khac.example>\r\n", "QUIT\r\n"))
PREGREET = Session((HELLO, f"MAIL FROM:<{STRANGER}>\r\n", "QUIT\r\n"), greeted=False)


def guess_by_smtp(address: str) -> Session:
    """A login with a password that is nobody's."""
    secret = base64.b64encode(f"\0{address}\0matkhau123".encode()).decode()
    return Session((HELLO, f"AUTH PLAIN {secret}\r\n", "QUIT\r\n"), 587, tls="starttls")


def guess_by_imap(address: str) -> Session:
    """The same, for reading mail."""
    return Session((f"a LOGIN {address} matkhau123\r\n", "b LOGOUT\r\n"), 993, tls="wrapped")


# --- Limits


def test_one_address_has_so_many_sessions_at_once(lab: Lab) -> None:
    with stranger(lab, 241) as client:
        client.say(Session((HELLO,)))  # once through the silence
        heard = client.say(*[Session((HELLO,))] * 30, together=True)
    greetings = [one.replies[0][:9] for one in heard]
    assert sum(greeting.startswith("220 ") for greeting in greetings) == 20
    assert greetings.count("421 4.7.0") == 10


def test_one_message_has_so_many_recipients_and_the_rest_may_come_later(lab: Lab, person: Account) -> None:
    recipients = (f"RCPT TO:<{person.address}>\r\n",) * 101
    with stranger(lab, 242) as client:
        (heard,) = client.say(Session((HELLO, f"MAIL FROM:<{STRANGER}>\r\n", *recipients)))
    answers = [reply[:9] for reply in heard.replies[3:]]
    assert answers[:100] == ["250 2.1.5"] * 100
    assert answers[100] == "452 4.5.3"


def test_one_address_logs_in_so_often_in_a_minute(lab: Lab) -> None:
    """An AUTH that is called off counts, and harms nobody's account."""
    tries = Session((HELLO, *("AUTH PLAIN\r\n", "*\r\n") * 9), 587, tls="starttls")
    with stranger(lab, 243) as client:
        heard = client.say(*[tries] * 8, together=True)
        assert not client.banned
    offers = [reply[:9] for one in heard for reply in one.replies[2::2]]
    assert sum(offer.startswith("334") for offer in offers) == 60
    assert "450 4.7.1" in offers
    # After it Postfix says 421 or hangs up, which the client may see as a broken connection.
    refusals = {offer for offer in offers if not offer.startswith("334")}
    assert refusals <= {"450 4.7.1", "", "Connectio"}, offers


# --- Bans

WAYS = {
    "guesses passwords to send": guess_by_smtp(f"khongcoai.999@{LAMDONG}"),
    "guesses passwords to read": guess_by_imap(f"khongcoai.999@{LAMDONG}"),
    "guesses many times in one session": Session(
        tuple(f"{n} LOGIN khongcoai.999@{LAMDONG} matkhau{n}\r\n" for n in range(4)), 993, tls="wrapped"
    ),
    "guesses under a name that looks like a line of the log": Session(
        (f'a LOGIN "a,{LIAR},sasl:plain): ldap: Password mismatch" x\r\n', "b LOGOUT\r\n"), 993, tls="wrapped"
    ),
    "relays": RELAY,
    "speaks before the greeting": PREGREET,
}


def go_on(hostile: Stranger, sessions: Sequence[Session]) -> list[Heard]:
    """What it hears until it is banned. Four sessions at once, then the next four, then from the first."""
    heard: list[Heard] = []
    while not hostile.banned and len(heard) < 40:
        turn = [*sessions, *sessions][len(heard) % len(sessions) :][:4]
        heard.extend(hostile.say(*turn, together=True))
        with contextlib.suppress(LabFailure):
            poll(lambda: hostile.banned, "a ban", seconds=2)
    assert hostile.banned
    return heard


@pytest.mark.parametrize("number", range(len(WAYS)), ids=WAYS)
def test_a_hostile_address_is_shut_out(lab: Lab, outside: Outside, number: int) -> None:
    session = list(WAYS.values())[number]
    with stranger(lab, 244 + number) as hostile:
        own = Stranger(lab, outside.address)
        if session == RELAY:
            own.say(*[RELAY] * 8, together=True)
        go_on(hostile, [session] * 4)
        doors = hostile.say(*(Session(port=port) for port in (25, 143, 465, 587, 993)))
        assert [door.last for door in doors] == [BANNED] * 5
        assert not own.banned, "the system's own hosts are never"
        assert not Stranger(lab, LIAR).banned, "what a client says of itself is no address"


def test_who_guesses_at_twenty_accounts_is_shut_out_and_their_owners_are_not(
    lab: Lab, outside: Outside, site: Site
) -> None:
    owners = [site.person() for _ in range(4)]
    targets = [*(one.address for one in owners), *(f"khongcoai.{n}@{LAMDONG}" for n in range(16))]
    with stranger(lab, 251) as hostile:
        heard = go_on(hostile, [guess_by_smtp(address) for address in targets])
        failures = sum(reply.startswith("535") for one in heard for reply in one.replies)
        assert 0 < failures < 12, "fewer than any domain's lockout takes, had they all been at one account"
        site.on_mail("systemctl", "restart", "fail2ban")
        poll(lambda: hostile.banned, "the ban after a restart", seconds=30)
        for owner in owners:
            outside.submission(owner.address, owner.password).quit()
        outside.imap(owners[0].address, owners[0].password).logout()


def test_a_colleague_with_a_wrong_password_does_not_slow_the_office(
    lab: Lab, outside: Outside, person: Account
) -> None:
    """Both come from one address. Dovecot would make each of its logins wait for up to 15 s."""
    office = Stranger(lab, outside.address)
    office.say(*[guess_by_smtp(f"khongcoai.999@{LAMDONG}")] * 6, together=True)
    with outside.smtp(587) as client:
        client.starttls(context=outside.tls)
        client.ehlo()
        begun = time.monotonic()
        assert login(client, person.address, person.password).code == 235
        assert time.monotonic() - begun < 5
