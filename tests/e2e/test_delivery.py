"""Mail flows: in, back out, between the domains, and to the addresses every domain must have."""

from __future__ import annotations

import pytest

from congvu.fleet.client import Outside, parse, poll
from tests.lab import DOMAINS, LAMDONG, QUANGTRI, STRANGER, Account, Site, letter, transact, wait


@pytest.mark.parametrize("kind", ["person", "unit", "neighbour"])
def test_mail_from_outside_is_received_and_the_reply_gets_back(
    outside: Outside, kind: str, request: pytest.FixtureRequest
) -> None:
    account: Account = request.getfixturevalue(kind)
    message = letter(STRANGER, account.address, subject="Kiến nghị của công dân")
    outside.send(message)
    received = parse(wait(outside, account, message))
    assert received["From"] == STRANGER
    assert received["Subject"] == "Kiến nghị của công dân"
    assert received["Return-Path"] == f"<{STRANGER}>"

    reply = letter(account.address, received["From"], subject=f"Re: {received['Subject']}")
    reply["In-Reply-To"] = received["Message-ID"]
    with outside.submission(account.address, account.password) as client:
        client.send_message(reply)
    (back,) = poll(lambda: outside.received(STRANGER, reply["Message-ID"]), "the reply at the stranger's")
    assert back["Return-Path"] == f"<{account.address}>"
    assert back["In-Reply-To"] == message["Message-ID"]


def test_mail_arrives_over_submissions_on_465_as_well(
    outside: Outside, person: Account, colleague: Account
) -> None:
    message = letter(person.address, colleague.address)
    with outside.submission(person.address, person.password, port=465) as client:
        assert transact(client, person.address, colleague.address, message).accepted
    wait(outside, colleague, message)


def test_mail_from_outside_may_come_under_tls(outside: Outside, person: Account) -> None:
    message = letter(STRANGER, person.address)
    with outside.smtp() as client:
        client.starttls(context=outside.tls)
        assert transact(client, STRANGER, person.address, message).accepted
    received = parse(wait(outside, person, message)).get_all("Received", [])
    assert any("TLSv1.3" in line and "khach.ngoai.example" in line for line in received)


@pytest.mark.parametrize("direction", ["there", "back"])
def test_mail_goes_between_the_two_domains(
    outside: Outside, person: Account, neighbour: Account, direction: str
) -> None:
    sender, recipient = (person, neighbour) if direction == "there" else (neighbour, person)
    message = letter(sender.address, recipient.address)
    with outside.submission(sender.address, sender.password) as client:
        assert transact(client, sender.address, recipient.address, message).accepted
    wait(outside, recipient, message)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("role", ["postmaster", "abuse", "Postmaster"])
def test_role_addresses_of_every_domain_are_accepted(outside: Outside, domain: str, role: str) -> None:
    with outside.smtp() as client:
        assert transact(client, STRANGER, f"{role}@{domain}").code == 250


def test_mail_to_postmaster_reaches_the_operators_mailbox(outside: Outside, site: Site) -> None:
    message = letter(STRANGER, f"postmaster@{QUANGTRI}")
    outside.send(message)
    query = ("doveadm", "search", "-u", f"ttqlcttdt@{LAMDONG}", "header", "message-id", message["Message-ID"])
    poll(lambda: site.on_mail(*query, check=False).strip(), "mail to postmaster")


@pytest.mark.parametrize("form", ["upper case", "plus"])
def test_other_forms_of_an_address_reach_the_same_mailbox(
    outside: Outside, person: Account, form: str
) -> None:
    local, _, domain = person.address.partition("@")
    recipient = {"upper case": person.address.upper(), "plus": f"{local}+hoso@{domain}"}[form]
    message = letter(STRANGER, recipient)
    outside.send(message)
    wait(outside, person, message)
