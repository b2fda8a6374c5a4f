"""What units ask for: by mail from their own mailbox, or on paper, approved, and seen in the directory."""

from __future__ import annotations

import base64
import csv
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from congvu import policy as policies
from congvu.directory.states import stamp
from congvu.errors import LabFailure
from congvu.fleet.client import Outside, poll
from congvu.fleet.lab import run_in
from congvu.policy import Policy
from congvu.registry.headings import Field
from congvu.vietnam import today
from tests.forms import SCAN, filled
from tests.forms import person as form_row
from tests.lab import LAMDONG, STRANGER, Account, Site, inbox, letter, transact

ROOT = Path(__file__).parents[2]
OFFICE = f"yeucau@{LAMDONG}"
DOCUMENT = "12/CV-SNV"


@dataclass(frozen=True, slots=True)
class Agency:
    """A unit with its head, somebody who works there, and another unit."""

    unit: Account
    head: Account
    member: Account
    other: Account
    policy: Policy

    def lock(self, who: Account, **more: str) -> dict[Field, str]:
        """A row that asks to lock somebody."""
        return form_row(who.name, self.unit.name, Field.LOCK, who.address, **more)


@pytest.fixture(scope="module")
def agency(site: Site) -> Iterator[Agency]:
    with (site.lab.folder / "registry" / LAMDONG / "staff.csv").open(encoding="utf-8") as file:
        works_in = {row["staff_id"]: row["unit_id"] for row in csv.DictReader(file)}
    member, unit = _member(site, works_in)
    policy = policies.load(ROOT / f"inventory/policy/{LAMDONG}.yml")
    one = Agency(unit, site.person(), member, site.unit(), policy)
    assert one.other.uid != one.unit.uid
    with (
        site.changed(one.unit, {"congvuHead": [one.head.dn]}),
        site.changed(one.other, {"congvuHead": [one.head.dn]}),
    ):
        yield one


def _member(site: Site, works_in: Mapping[str, str]) -> tuple[Account, Account]:
    """Somebody, and their unit, which no other test is logged in to."""
    for _ in range(20):
        member = site.person()
        with suppress(StopIteration):
            return member, site.unit(LAMDONG, works_in[member.uid])
    pytest.fail("every unit is in use")


def request(agency: Agency, *rows: dict[Field, str], sender: Account | None = None) -> EmailMessage:
    """A message with a form and a scan."""
    mail = letter((sender or agency.unit).address, OFFICE)
    del mail["Subject"]
    mail["Subject"] = f"Đề nghị khóa hộp thư, văn bản số {DOCUMENT} ngày 20/11/2026"
    mail.add_attachment(SCAN, "application", "pdf", filename="van-ban.pdf")
    mail.add_attachment(filled(agency.policy, rows), "application", "octet-stream", filename="ds.xlsx")
    return mail


def send(outside: Outside, login: Account, mail: EmailMessage, sender: str) -> None:
    """Submit a message with somebody's own login."""
    with outside.submission(login.address, login.password) as client:
        said = transact(client, sender, OFFICE, mail)
    assert said.accepted, said


def answer(site: Site, outside: Outside, reader: Account, *words: str) -> str:
    """The one letter with these words, once it has come."""

    def look() -> list[str] | None:
        site.on_mail("systemctl", "start", "congvu-requests.service")
        texts = []
        for one in inbox(outside, reader):
            part = one.get_body(("plain",))
            texts.append(f"{one['Subject']}\n{part.get_content() if part else ''}")
        return [text for text in texts if all(word in text for word in words)] or None

    found = poll(look, f"a letter to {reader.address} with {words}")
    assert len(found) == 1
    return found[0]


def listed(site: Site) -> str:
    return site.on_mail("congvu", "request", "list", "--all")


def state(site: Site, who: Account) -> str:
    return site.entry(who.dn).value("congvuState")


def test_a_list_from_the_units_mailbox_waits_is_approved_and_done(
    site: Site, outside: Outside, agency: Agency
) -> None:
    """By its head's own login; the account is locked once somebody has decided, not before (LD-3)."""
    send(outside, agency.head, request(agency, agency.lock(agency.member)), agency.unit.address)
    told = answer(site, outside, agency.unit, "Đã tiếp nhận đề nghị", "tạm khóa: 1")
    (id_,) = re.findall(r"Mã đề nghị: (\S+)", told)
    assert f"{id_}  pending  0 d" in listed(site)
    assert state(site, agency.member) != "locked"
    shown = site.on_mail("congvu", "request", "show", id_)
    assert f"document: {DOCUMENT} 2026-11-20" in shown
    assert agency.member.address in shown

    said = site.on_mail("congvu", "request", "approve", id_, "--by", "Giám đốc Sở KH&CN")
    assert f"{id_}: done" in said
    assert state(site, agency.member) == "locked"
    history = site.on_mail("congvu", "account", "history", agency.member.address)
    assert id_ in history
    assert DOCUMENT in history
    answer(site, outside, agency.unit, f"Đã thực hiện đề nghị {id_}")
    site.on_mail("congvu", "account", "unlock", agency.member.address, "--reason", "kiểm tra")


def test_a_request_that_is_refused_changes_nothing_and_says_why(
    site: Site, outside: Outside, agency: Agency
) -> None:
    send(
        outside, agency.head, request(agency, agency.lock(agency.member, note="lần hai")), agency.unit.address
    )
    waiting = poll(lambda: _taken(site, agency.unit.name), "a request that waits")
    site.on_mail("congvu", "request", "refuse", waiting, "--reason", "chưa đủ căn cứ")
    assert "chưa đủ căn cứ" in answer(site, outside, agency.unit, f"Không chấp thuận đề nghị {waiting}")
    assert state(site, agency.member) != "locked"
    with pytest.raises(LabFailure, match="is refused"):
        site.on_mail("congvu", "request", "approve", waiting, "--by", "x")


def _taken(site: Site, unit: str) -> str | None:
    site.on_mail("systemctl", "start", "congvu-requests.service")
    lines = [line for line in listed(site).splitlines() if "  pending  " in line and unit in line]
    return lines[0].split()[0] if lines else None


def test_a_request_that_cannot_be_kept_waits_in_the_queue(
    site: Site, outside: Outside, agency: Agency
) -> None:
    folder = "/var/lib/congvu-requests/incoming"
    site.on_mail("install", "-d", "-o", "congvu-requests", "-g", "congvu-requests", "-m", "0700", folder)
    mail = request(agency, agency.lock(agency.member))
    site.on_mail("chmod", "0", folder)
    try:
        send(outside, agency.head, mail, agency.unit.address)
        poll(
            lambda: "cannot be written" in site.on_mail("mailq") or None, "a request that waits in the queue"
        )
    finally:
        site.on_mail("chmod", "0700", folder)
    site.on_mail("postqueue", "-f")
    id_ = poll(lambda: _taken(site, agency.unit.name), "a request that waits")
    assert str(mail["Message-ID"]) in site.on_mail("congvu", "request", "show", id_)
    site.on_mail("congvu", "request", "refuse", id_, "--reason", "kiểm tra")


def test_a_new_account_is_the_registrys_to_say(site: Site, outside: Outside, agency: Agency) -> None:
    """Approved, the request waits until there is one; it makes none itself, and a namesake is not them."""
    for name, there in ((agency.member.name, True), ("Nguyễn Thị Chưa Có", False)):
        row = form_row(name, agency.unit.name, Field.CREATE)
        send(outside, agency.head, request(agency, row), agency.unit.address)
        id_ = poll(lambda: _taken(site, agency.unit.name), "a request that waits")
        said = site.on_mail("congvu", "request", "approve", id_, "--by", "Giám đốc Sở")
        assert f"create {name}: the registry must say it" in said
        assert f"{id_}  approved" in listed(site)
        if there:
            with site.changed(agency.member, {"congvuIssued": [stamp(today())]}):
                assert f"{id_}: done" in site.on_mail("congvu", "request", "done", id_)
        else:
            with pytest.raises(LabFailure, match="has no account yet"):
                site.on_mail("congvu", "request", "done", id_)
            site.on_mail("congvu", "request", "refuse", id_, "--reason", "chưa có quyết định")
            assert f"{id_}  refused" in listed(site)


def test_from_outside_a_request_is_refused_at_the_door_with_the_reason(
    outside: Outside, agency: Agency
) -> None:
    """Also one that bears what our own server writes on top of a login's (LD-7.3b)."""
    mail = request(agency, agency.lock(agency.member))
    forged = (
        f"Return-Path: <{agency.unit.address}>\r\nReceived: from pc by mail (Postfix) with ESMTPSA id 1;\r\n"
    )
    for headers in ("", forged):
        with outside.smtp() as client:
            said = transact(client, STRANGER, OFFICE, headers.encode() + mail.as_bytes())
        assert said.refused
        assert "don vi" in said.text
    with outside.smtp() as client:
        assert transact(client, agency.unit.address, OFFICE, mail).refused


def test_a_login_does_not_ask_in_the_name_of_another_mailbox(outside: Outside, agency: Agency) -> None:
    """Neither by the sender nor by the header that people read."""
    mail = request(agency, agency.lock(agency.member))
    with outside.submission(agency.member.address, agency.member.password) as client:
        assert transact(client, agency.unit.address, OFFICE, mail).refused
        assert transact(client, agency.member.address, OFFICE, mail).refused


@pytest.mark.parametrize("case", ["person", "other", "row"])
def test_whatever_else_is_wrong_is_told_to_who_sent_it(
    site: Site, outside: Outside, agency: Agency, case: str
) -> None:
    rows = [agency.lock(agency.member)]
    sender, words = agency.unit, ""
    if case == "person":
        sender, words = agency.head, "hộp thư cá nhân"
    elif case == "other":
        sender, words = agency.other, "dòng 7"
    else:
        rows.append(agency.lock(agency.member) | {Field.ADDRESS: f"khongco@{LAMDONG}"})
        words = f"dòng 8: không có hộp thư cá nhân nào có địa chỉ khongco@{LAMDONG}"
    send(outside, agency.head, request(agency, *rows, sender=sender), sender.address)
    answer(site, outside, sender, "Không tiếp nhận đề nghị", words)
    assert state(site, agency.member) != "locked"


def test_a_unit_without_a_mailbox_asks_on_paper(site: Site, agency: Agency) -> None:
    """The operator types the list into the form; it is checked, waits, and is done once approved (LD-7.1)."""
    name = "/root/congvu-paper.xlsx"
    form = base64.b64encode(filled(agency.policy, [agency.lock(agency.member)])).decode()
    run_in(site.lab, "mail", "sudo", "sh", "-c", f"base64 -d > {name}", stdin=form)
    try:
        given = ("--unit", agency.unit.uid, "--domain", LAMDONG, "--document", "5/CV-VP")
        with site.changed(agency.unit, {"congvuState": ["suspended"]}):
            id_ = site.on_mail("congvu", "request", "add", *given, "--signer", "Lê Na", name).split()[-1]
        assert f"{id_}  pending" in listed(site)
        site.on_mail("congvu", "request", "approve", id_, "--by", "Giám đốc Sở", "--document", "9/QĐ-SKHCN")
        assert state(site, agency.member) == "locked"
    finally:
        site.on_mail("rm", "-f", name)
        site.on_mail(
            "congvu", "account", "unlock", agency.member.address, "--reason", "kiểm tra", check=False
        )
