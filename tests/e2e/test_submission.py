"""Who may log in, and in whose name a login may send."""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import pytest

from congvu.directory.password import change_own, generate
from congvu.fleet.client import Outside
from tests.lab import STRANGER, Account, Answer, Site, letter, login, transact, wait

CHANGE_IT = "Phai doi mat khau ban dau tai https://mail.lamdong.gov.vn"
REFUSED_LOGIN = f"AUTHENTICATIONFAILED|{CHANGE_IT}"


@contextmanager
def under_tls(outside: Outside) -> Iterator[smtplib.SMTP]:
    with outside.smtp(587) as client:
        client.starttls(context=outside.tls)
        yield client


def try_login(outside: Outside, address: str, password: str) -> Answer:
    with under_tls(outside) as client:
        return login(client, address, password)


def submit(outside: Outside, account: Account, message: EmailMessage | bytes, sender: str) -> Answer:
    """One message to a stranger; over the login of `account`."""
    with outside.submission(account.address, account.password) as client:
        return transact(client, sender, STRANGER, message)


# --- TLS and login


def test_without_tls_nothing_is_offered_and_nothing_taken(outside: Outside, person: Account) -> None:
    with outside.smtp(587) as client:
        assert "starttls" in client.esmtp_features
        assert "auth" not in client.esmtp_features
        assert login(client, person.address, person.password).code in (530, 538)
        assert transact(client, person.address, STRANGER).code == 530


def test_without_a_login_nothing_is_taken(outside: Outside, person: Account, colleague: Account) -> None:
    with under_tls(outside) as client:
        for sender, recipient in [
            (person.address, colleague.address),
            (STRANGER, colleague.address),
            (STRANGER, "ai@khac.example"),
        ]:
            answer = transact(client, sender, recipient, letter(sender, recipient))
            assert answer.refused, answer
            assert answer.command == "MAIL"


def test_a_wrong_password_is_refused(outside: Outside, person: Account) -> None:
    assert try_login(outside, person.address, person.password + "x").code == 535
    # the right one, at last, takes the delay back that Dovecot makes a guessing client wait
    assert try_login(outside, person.address, person.password).code == 235


def test_an_empty_password_is_none(outside: Outside, person: Account) -> None:
    assert try_login(outside, person.address, "").code in (501, 535)
    assert try_login(outside, person.address, person.password).code == 235


@pytest.mark.parametrize("name", ["*", "{uid}", "{address})(objectClass=*"])
def test_only_the_address_is_a_login_name(outside: Outside, person: Account, name: str) -> None:
    name = name.format(uid=person.uid, dn=person.dn, address=person.address)
    assert try_login(outside, name, person.password).code == 535
    assert try_login(outside, person.address, person.password).code == 235


def test_with_its_initial_password_an_account_can_only_change_it(outside: Outside, site: Site) -> None:
    account, own = site.person(initial=True), generate()
    with pytest.raises(imaplib.IMAP4.error, match=CHANGE_IT):
        outside.imap(account.address, account.password)
    answer = try_login(outside, account.address, account.password)
    assert answer.code == 535
    assert CHANGE_IT in answer.text, "its holder is told where to go"
    assert CHANGE_IT not in try_login(outside, account.address, own).text, "nobody else is told"
    change_own(site.settings.directory, account.dn, account.password, own)
    assert try_login(outside, account.address, own).code == 235
    outside.imap(account.address, own).logout()


def test_a_locked_account_receives_but_cannot_log_in(outside: Outside, site: Site) -> None:
    account = site.person()
    message = letter(STRANGER, account.address)
    with site.changed(account, {"congvuState": ["locked"]}):
        with pytest.raises(imaplib.IMAP4.error, match=REFUSED_LOGIN):
            outside.imap(account.address, account.password)
        assert try_login(outside, account.address, account.password).code == 535
        with outside.smtp() as client:
            assert transact(client, STRANGER, account.address, message).accepted
    wait(outside, account, message)
    assert try_login(outside, account.address, account.password).code == 235


# --- Sending as somebody else


def test_an_envelope_that_is_somebody_elses_is_refused(
    outside: Outside, person: Account, colleague: Account, unit: Account, neighbour: Account
) -> None:
    free = f"khongcoai.999@{person.domain}"
    for sender in (colleague.address, unit.address, neighbour.address, free, STRANGER):
        answer = submit(outside, person, letter(sender, STRANGER), sender)
        assert (answer.command, answer.code) == ("MAIL", 553), (sender, answer)


def _replace_from(*values: str) -> Callable[[EmailMessage], bytes]:
    def rewrite(message: EmailMessage) -> bytes:
        head, rest = message.as_bytes().split(b"\n", 1)
        assert head.startswith(b"From: ")
        return b"".join(f"From: {value}\n".encode() for value in values) + rest

    return rewrite


# {own} is the sender's address, {other} a colleague's.
FORGED = {
    "somebody else": ["{other}"],
    "somebody else behind one's own name": ['"{own}" <{other}>'],
    "a stranger": ["chutich@ngoai.example"],
    "two addresses, own first": ["{own}, {other}"],
    "two addresses, own last": ["{other}, {own}"],
    "two headers, own first": ["{own}", "{other}"],
    "two headers, own last": ["{other}", "{own}"],
    "the same address twice": ["{own}", "{own}"],
    "a group": ["Nhom: {own}, {other};"],
    "no address at all": ["Chu tich"],
    "an empty header": [""],
    "no header": [],
    "own address in a comment": ["{other} ({own})"],
    "a subdomain of one's own": ["x@con.{domain}"],
}


@pytest.mark.parametrize("values", FORGED.values(), ids=FORGED)
def test_a_from_header_that_is_not_ones_own_is_refused(
    outside: Outside, person: Account, colleague: Account, values: list[str]
) -> None:
    words = {"own": person.address, "other": colleague.address, "domain": person.domain}
    rewrite = _replace_from(*(value.format(**words) for value in values))
    answer = submit(outside, person, rewrite(letter(person.address, STRANGER)), person.address)
    assert answer.command == "DATA"
    assert answer.refused, answer


def test_an_empty_envelope_does_not_open_the_from_header(
    outside: Outside, person: Account, colleague: Account
) -> None:
    answer = submit(outside, person, letter(colleague.address, STRANGER), "")
    assert answer.refused, answer


OWN = {
    "bare": "{own}",
    "with a name": "Nguyễn Thị Ánh <{own}>",
    "in upper case": "{OWN}",
    "with somebody's address as name": '"{other}" <{own}>',
    "folded": '"Trung tam Quan ly"\r\n <{own}>',
}


@pytest.mark.parametrize("value", OWN.values(), ids=OWN)
def test_ones_own_from_header_is_taken_in_every_form(
    outside: Outside, person: Account, colleague: Account, value: str
) -> None:
    shown = value.format(own=person.address, OWN=person.address.upper(), other=colleague.address)
    message = _replace_from(shown)(letter(person.address, STRANGER))
    assert submit(outside, person, message, person.address).accepted


# Headers that mail programs show as who sent it, or sent it on: header, value, whether it is taken.
FURTHER = {
    "somebody else's Sender": ("Sender", "{other}", False),
    "one's own Sender": ("Sender", "Toi <{own}>", True),
    "a stranger's Resent-From": ("Resent-From", "chutich@ngoai.example", False),
    "one's own Resent-From": ("Resent-From", "{own}", True),
    "two in Resent-From": ("Resent-From", "{own}, {other}", False),
    "somebody else's Resent-Sender": ("Resent-Sender", "{other}", False),
}


@pytest.mark.parametrize(("name", "value", "passes"), FURTHER.values(), ids=FURTHER)
def test_further_headers_of_senders_are_ones_own_too(
    outside: Outside, person: Account, colleague: Account, name: str, value: str, *, passes: bool
) -> None:
    shown = value.format(own=person.address, other=colleague.address)
    message = f"{name}: {shown}\n".encode() + letter(person.address, STRANGER).as_bytes()
    answer = submit(outside, person, message, person.address)
    assert answer.accepted if passes else answer.refused and name in answer.text, answer


def test_an_alias_may_be_used_once_the_directory_lists_it(
    outside: Outside, site: Site, person: Account, colleague: Account
) -> None:
    alias = f"bidanh.{person.uid.lower()}@{person.domain}"
    assert submit(outside, person, letter(alias, STRANGER), alias).code == 553
    with site.changed(person, {"mailLocalAddress": [person.address, alias]}):
        assert submit(outside, person, letter(alias, STRANGER), alias).accepted
        assert submit(outside, colleague, letter(alias, STRANGER), alias).code == 553
        # one name on the envelope, another in the header: only the first was checked, even if both are own
        assert submit(outside, person, letter(alias, STRANGER), person.address).refused
        received = letter(STRANGER, alias)
        outside.send(received)
        wait(outside, person, received)
    with outside.smtp() as client:
        assert transact(client, STRANGER, alias).code == 550


def test_a_delegate_sends_as_the_unit_while_the_directory_says_so(
    outside: Outside, site: Site, person: Account, colleague: Account, unit: Account
) -> None:
    message = letter(unit.address, STRANGER)
    assert submit(outside, person, message, unit.address).code == 553
    with site.changed(unit, {"congvuDelegate": [person.dn]}):
        assert submit(outside, person, message, unit.address).accepted
        assert submit(outside, colleague, message, unit.address).code == 553
        assert submit(outside, person, letter(person.address, STRANGER), unit.address).refused
        # the other way round nobody asked for
        assert submit(outside, unit, letter(person.address, STRANGER), person.address).code == 553
    assert submit(outside, person, message, unit.address).code == 553


def test_an_unknown_recipient_of_ours_is_refused_to_users_too(outside: Outside, person: Account) -> None:
    with outside.submission(person.address, person.password) as client:
        answer = transact(client, person.address, f"khongcoai.999@{person.domain}")
    assert (answer.command, answer.code) == ("RCPT", 550)
