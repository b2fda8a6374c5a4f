"""What strangers must not do: write to nobody, relay, or pass for one of us."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from congvu.fleet.client import Outside
from tests.lab import LAMDONG, QUANGTRI, STRANGER, Account, letter, transact


@dataclass(frozen=True, slots=True)
class Case:
    sender: str
    recipient: str
    command: str
    codes: tuple[int, ...]


NOBODY = "khongcoai.999"
CASES = {
    "unknown recipient": Case(STRANGER, f"{NOBODY}@{LAMDONG}", "RCPT", (550,)),
    "unknown recipient of the other domain": Case(STRANGER, f"{NOBODY}@{QUANGTRI}", "RCPT", (550,)),
    "unknown recipient, bounce": Case("", f"{NOBODY}@{LAMDONG}", "RCPT", (550,)),
    "a filter's letters are no address": Case(STRANGER, f"*@{LAMDONG}", "RCPT", (550,)),
    "relay to a foreign domain": Case(STRANGER, "ai@khac.example", "RCPT", (554,)),
    "relay back to the sender's domain": Case(STRANGER, STRANGER, "RCPT", (554,)),
    "relay with a percent sign": Case(STRANGER, f"ai%khac.example@{LAMDONG}", "RCPT", (550, 554)),
    "relay with a bang path": Case(STRANGER, f"khac.example!ai@{LAMDONG}", "RCPT", (550, 554)),
    "relay with a source route": Case(STRANGER, f"@{LAMDONG}:ai@khac.example", "RCPT", (554,)),
    "relay to a subdomain of ours": Case(STRANGER, f"ai@khong.{LAMDONG}", "RCPT", (554,)),
    "relay for an account of ours": Case(f"postmaster@{LAMDONG}", "ai@khac.example", "RCPT", (554,)),
    "sender without a domain": Case("congdan", f"postmaster@{LAMDONG}", "RCPT", (504, 554)),
    "sender of ours without login": Case(f"postmaster@{LAMDONG}", f"abuse@{LAMDONG}", "RCPT", (554,)),
    "sender of ours that nobody has": Case(f"{NOBODY}@{QUANGTRI}", f"abuse@{LAMDONG}", "RCPT", (554,)),
    "sender of ours in upper case": Case(
        f"POSTMASTER@{LAMDONG.upper()}", f"abuse@{QUANGTRI}", "RCPT", (554,)
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_port_25_refuses(outside: Outside, case: Case) -> None:
    with outside.smtp() as client:
        answer = transact(client, case.sender, case.recipient, b"Subject: khong\r\n\r\nkhong\r\n")
    assert (answer.command, answer.code in case.codes) == (case.command, True), answer


def test_a_sender_of_ours_is_refused_whoever_it_is(outside: Outside, person: Account, unit: Account) -> None:
    with outside.smtp() as client:
        for sender in (person.address, unit.address):
            answer = transact(client, sender, person.address, letter(sender, person.address))
            assert answer.refused, answer


def test_an_unknown_recipient_spoils_nothing_for_the_known_one(outside: Outside, person: Account) -> None:
    with outside.smtp() as client:
        client.mail(STRANGER)
        assert client.rcpt(f"{NOBODY}@{LAMDONG}")[0] == 550
        assert client.rcpt(person.address)[0] == 250


def test_there_is_no_login_on_port_25(outside: Outside) -> None:
    with outside.smtp() as client:
        client.starttls(context=outside.tls)
        client.ehlo()
        assert "auth" not in client.esmtp_features
        assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 503


def test_recipients_cannot_be_probed_with_vrfy(outside: Outside, person: Account) -> None:
    with outside.smtp() as client:
        assert client.verify(person.address)[0] == 502


def test_a_department_with_a_mail_server_of_its_own_is_a_stranger_not_an_impostor(
    outside: Outside, person: Account
) -> None:
    with outside.smtp() as client:
        client.mail(f"vanthu@phong.{LAMDONG}")
        assert client.rcpt(person.address)[0] == 250
