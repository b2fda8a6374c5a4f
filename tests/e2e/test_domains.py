"""Every mail domain of the lab, on one stack at once: each under its own rules, none in another's way.

What an address should be is worked out here from the registry's row, without congvu's naming.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage

import pytest

from congvu import policy as policies
from congvu.fleet.client import Outside, mailbox, parse
from congvu.policy.effective import effective
from tests.dns import MX, A, Reply, ask
from tests.lab import DOMAINS, STRANGER, Account, Site, letter, transact, wait

NOBODY = "khongcoai.999"
STEP = "doj.gov.vn"
"""Above one of our domains and nobody's here: an entry of the directory, and no mail domain."""


# --- The rules, written again


def plain(name: str) -> str:
    """A Kinh name in the letters of an address."""
    bare = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return "".join(letter for letter in bare if "a" <= letter <= "z")


def first_letters(words: str) -> str:
    return "".join(plain(word)[0] for word in words.split())


def whole(surname: str, middle: str, given: str) -> str:
    return plain(surname + middle + given)


def given_first(surname: str, middle: str, given: str) -> str:
    return plain(given) + first_letters(surname) + first_letters(middle)


def given_last(surname: str, middle: str, given: str) -> str:
    return first_letters(surname) + first_letters(middle) + plain(given)


@dataclass(frozen=True, slots=True)
class Case:
    """How the addresses of a domain are formed, and one unit of it with the address it must have."""

    person: Callable[[str, str, str], str]
    """From surname, middle name and given name."""
    unit_id: str
    unit: str
    """Local part, by hand."""
    with_unit: bool = False
    """Whether a person's address ends in that of the unit, behind a dot."""


CASES = {
    "lamdong.gov.vn": Case(given_first, "A13", "svhttdl"),  # LD-5.2a; Sở Văn hóa, Thể thao và Du lịch
    "quangtri.gov.vn": Case(whole, "A02", "skhcn"),  # QT-4.3b, QT-4.1a
    "daklak.gov.vn": Case(whole, "A12", "sotuphap"),  # DL-4.2b
    "daklak.doj.gov.vn": Case(whole, "T02", "ptcdt"),  # DL-3b; Phòng Tổ chức - Đào tạo
    # HT-2.2: hovaten.tendonvi; a centre below Sở Khoa học và Công nghệ has the department behind a dot
    "hatinh.gov.vn": Case(whole, "A19", "ttqlcttdt.skhcn", with_unit=True),
    "monre.gov.vn": Case(given_last, "B07", "ttqhdttnnqg"),  # as seen
}


@dataclass(frozen=True, slots=True)
class Row:
    """What the registry says of a person."""

    surname: str
    middle_name: str
    given_name: str
    unit_id: str


@dataclass(frozen=True, slots=True)
class Served:
    """A mail domain with a login of each kind, and a letter on its way to each of them."""

    name: str
    case: Case
    person: Account
    unit: Account
    row: Row
    letters: dict[str, EmailMessage]
    """By recipient; handed to the stranger's own mail server."""


def rows(site: Site, domain: str) -> Iterator[tuple[str, Row]]:
    """Who has an address in `domain`: its own list, and those of other lists who say so."""
    for name, listed in site.settings.domains.items():
        with (listed.registry / "staff.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if name == domain or domain in row.get("domains", "").split(";"):
                    yield (
                        row["staff_id"],
                        Row(row["surname"], row["middle_name"], row["given_name"], row["unit_id"]),
                    )


@pytest.fixture(scope="module")
def everybody(outside: Outside, site: Site) -> dict[str, Served]:
    """All domains; the letters to all of them are under way at once."""
    found = {}
    for domain, case in CASES.items():
        person, unit = site.person(domain), site.unit(domain, case.unit_id)
        letters = {each.address: letter(STRANGER, each.address) for each in (person, unit)}
        for message in letters.values():
            outside.send(message)
        found[domain] = Served(domain, case, person, unit, dict(rows(site, domain))[person.uid], letters)
    return found


@pytest.fixture(params=DOMAINS)
def served(request: pytest.FixtureRequest, everybody: dict[str, Served]) -> Served:
    """Each mail domain in turn."""
    return everybody[request.param]


# --- Addresses, DNS, delivery


def test_a_unit_has_the_address_of_its_domains_rule(served: Served) -> None:
    assert served.unit.address == f"{served.case.unit}@{served.name}"


def test_a_person_has_the_address_of_the_domains_rule(served: Served, site: Site) -> None:
    row = served.row
    wanted = served.case.person(row.surname, row.middle_name, row.given_name)
    local, _, domain = served.person.address.partition("@")
    if served.case.with_unit:
        unit = site.entry(f"uid={row.unit_id},{site.layout(served.name).units}")
        wanted += f".{unit.value('mail').removesuffix(f'@{served.name}')}"
    assert (local.rstrip("0123456789"), domain) == (wanted, served.name)


def test_the_dns_leads_to_the_mail_server(served: Served, outside: Outside) -> None:
    exchanger = ask(outside.address, served.name, MX)
    assert exchanger == Reply(True, 0, (f"10 {outside.fqdn}",))
    assert ask(outside.address, outside.fqdn, A).records == (outside.mail.address,)


@pytest.mark.parametrize("kind", ["person", "unit"])
def test_mail_from_outside_arrives(served: Served, kind: str, outside: Outside) -> None:
    account: Account = getattr(served, kind)
    received = parse(wait(outside, account, served.letters[account.address]))
    assert received["Delivered-To"] == account.address
    assert f"by {outside.fqdn}" in received.get_all("Received", [])[0]
    assert any("from mx.ngoai.example" in line for line in received.get_all("Received", []))


def test_one_message_to_all_domains_arrives_in_each_once(
    everybody: dict[str, Served], outside: Outside
) -> None:
    accounts = [each.person for each in everybody.values()]
    message = letter(STRANGER, ", ".join(account.address for account in accounts))
    outside.send(message)
    for account in accounts:
        assert parse(wait(outside, account, message))["Delivered-To"] == account.address


# --- Sending


def test_a_login_sends_as_itself_to_every_other_domain(
    served: Served, everybody: dict[str, Served], outside: Outside
) -> None:
    sender = served.person
    others = [each.unit for name, each in everybody.items() if name != served.name]
    message = letter(sender.address, ", ".join(other.address for other in others))
    with outside.submission(sender.address, sender.password) as client:
        assert transact(client, sender.address, [other.address for other in others], message).accepted
    for other in others:
        assert parse(wait(outside, other, message))["Return-Path"] == f"<{sender.address}>"


def test_a_login_does_not_send_under_the_address_of_another_domain(
    served: Served, everybody: dict[str, Served], outside: Outside
) -> None:
    own = served.person
    for name, other in everybody.items():
        if name == served.name:
            continue
        # a session for each: after ten errors in one, Postfix makes the client wait
        with outside.submission(own.address, own.password) as client:
            # somebody's, and the one that only the domain tells from one's own
            for sender in (
                other.person.address,
                other.unit.address,
                f"{own.address.partition('@')[0]}@{name}",
            ):
                answer = transact(client, sender, STRANGER, letter(sender, STRANGER))
                assert (answer.command, answer.code) == ("MAIL", 553), (sender, answer)


def test_nobody_outside_sends_in_the_domains_name(served: Served, outside: Outside) -> None:
    with outside.smtp() as client:
        for local in (served.case.unit, NOBODY):
            answer = transact(client, f"{local}@{served.name}", served.person.address)
            assert (answer.command, answer.code) == ("RCPT", 554), answer


# --- Refusals


def test_who_is_unknown_in_the_domain_is_refused(
    served: Served, everybody: dict[str, Served], outside: Outside, site: Site
) -> None:
    known = dict(rows(site, served.name))
    with outside.smtp() as client:
        assert transact(client, STRANGER, f"{NOBODY}@{served.name}").code == 550
        for other in everybody.values():
            if other.person.uid not in known and other.case.unit != served.case.unit:
                answer = transact(client, STRANGER, f"{other.person.address.partition('@')[0]}@{served.name}")
                assert (answer.command, answer.code) == ("RCPT", 550), (other.person.address, answer)


def test_a_step_above_a_domain_is_no_domain_of_ours(everybody: dict[str, Served], outside: Outside) -> None:
    person = everybody["daklak.doj.gov.vn"].person
    local = person.address.partition("@")[0]
    with outside.smtp() as client:
        for recipient in (f"{local}@{STEP}", f"postmaster@{STEP}", f"{local}@gov.vn"):
            answer = transact(client, STRANGER, recipient)
            assert (answer.command, answer.code) == ("RCPT", 554), answer
        assert transact(client, f"vanthu@{STEP}", person.address).code == 250  # a stranger, no impostor


# --- Limits of the domain's policy


@pytest.mark.parametrize("kind", ["person", "unit"])
def test_imap_tells_the_quota_of_the_policy(served: Served, kind: str, outside: Outside, site: Site) -> None:
    rules = effective(policies.load(site.settings.domains[served.name].policy))
    wanted = rules.unit_quota if kind == "unit" else rules.person_quota
    assert wanted.octets == 2 << 30  # LD-6.1, and the default of those who say nothing
    account: Account = getattr(served, kind)
    with mailbox(outside, account.address, account.password) as box:
        _, (_, quotas) = box.getquotaroot("INBOX")
    assert f" {wanted.octets // 1024})".encode() in quotas[0]


def test_a_byte_more_than_the_policys_attachments_is_refused(
    served: Served, outside: Outside, site: Site
) -> None:
    limit = effective(policies.load(site.settings.domains[served.name].policy)).attachment_limit.octets
    assert limit == 20 << 20  # LD-6.2, and the default of those who say nothing
    message = letter(STRANGER, served.person.address)
    text = b"x" * 76 + b"\r\n"  # unencoded it stays below Postfix's own bound, which is one for all domains
    whole_lines, rest = divmod(limit + 1, len(text))
    message.add_attachment(
        text * whole_lines + b"x" * rest, maintype="application", subtype="octet-stream", cte="7bit"
    )
    with outside.smtp() as client:
        answer = transact(client, STRANGER, served.person.address, message)
    assert (answer.command, answer.code) == ("DATA", 554), answer
    assert "allows 20 MB" in answer.text
