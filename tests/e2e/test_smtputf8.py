"""Addresses with any letters (SMTPUTF8, RFC 6531): taken from strangers, never given to our own people."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTPUTF8

import pytest

from congvu.fleet.client import Outside, parse, poll
from tests.lab import LAMDONG, Account, letter, transact, wait

EAI = "nguyễn.văn.ấn@ngoai.example"
OPTIONS = ("SMTPUTF8", "BODY=8BITMIME")


def written(message: EmailMessage) -> bytes:
    """The message with its headers in UTF-8, as RFC 6532 has them."""
    return message.as_bytes(policy=SMTPUTF8)


def test_the_server_offers_it(outside: Outside) -> None:
    with outside.smtp() as client:
        assert client.has_extn("smtputf8")


def test_mail_from_such_an_address_reaches_a_mailbox(outside: Outside, person: Account) -> None:
    message = letter(EAI, person.address, subject="Công văn số 61 – rà soát")
    with outside.smtp() as client:
        answer = transact(client, EAI, person.address, written(message), options=OPTIONS)
    assert answer.accepted, answer
    received = wait(outside, person, message)
    assert EAI.encode() in received.partition(b"\r\n\r\n")[0]
    read = parse(received)
    assert (read["From"], read["Subject"]) == (EAI, message["Subject"])
    assert read["Return-Path"] == f"<{EAI}>"


@pytest.mark.parametrize("local", ["nguyễn.văn.ấn", "khôngcó"])
def test_nobody_of_ours_has_such_an_address_and_that_is_said_at_once(outside: Outside, local: str) -> None:
    with outside.smtp() as client:
        answer = transact(client, EAI, f"{local}@{LAMDONG}", options=OPTIONS)
    assert (answer.command, answer.code) == ("RCPT", 550), answer


def test_a_user_writes_to_such_an_address_and_gets_the_answer(outside: Outside, person: Account) -> None:
    message = letter(person.address, EAI)
    with outside.submission(person.address, person.password) as client:
        answer = transact(client, person.address, EAI, written(message), options=OPTIONS)
    assert answer.accepted, answer
    (received,) = poll(lambda: outside.received(EAI, message["Message-ID"]), f"the message for {EAI}")
    assert received["To"] == EAI
    reply = letter(EAI, person.address, subject=f"Re: {message['Subject']}")
    reply["In-Reply-To"] = message["Message-ID"]
    with outside.smtp() as client:
        assert transact(client, EAI, person.address, written(reply), options=OPTIONS).accepted
    assert parse(wait(outside, person, reply))["In-Reply-To"] == message["Message-ID"]
