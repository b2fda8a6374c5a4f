"""The mailboxes and shared folders of units: everybody by their own login, as the directory says."""

from __future__ import annotations

import base64
import csv
import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial

import pytest

from congvu.fleet.client import Outside, fetch, mailbox, poll
from congvu.fleet.lab import run_in
from tests.lab import SHARED, STRANGER, Account, Site, letter, transact, wait

DOMAIN = "daklak.doj.gov.vn"
"""Of the lab's domains the one whose units have shared folders."""
POSTING = "sotuphap@daklak.gov.vn"
MAILBOXES = "Đơn vị"
RIGHTS = ("congvuHead", "congvuOwner", "congvuReader", "congvuAnswerer", "congvuDelegate", "congvuLeader")


def coded(name: str) -> str:
    """A folder's name as IMAP writes it (RFC 3501, 5.1.3), in quotes."""

    def shifted(match: re.Match[str]) -> str:
        word = base64.b64encode(match[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{word}-"

    return '"' + re.sub(r"[^ -~]+", shifted, name.replace("&", "&-")) + '"'


def folders(outside: Outside, who: Account) -> set[str]:
    """The names of all folders that somebody is shown, as IMAP writes them."""
    with mailbox(outside, who.address, who.password) as box:
        _, lines = box.list()
    found = [re.fullmatch(rb'\(.*?\) "/" (.*)', line) for line in lines if isinstance(line, bytes)]
    return {match[1].decode().strip('"') for match in found if match}


def shown(outside: Outside, who: Account, *names: str) -> bool:
    """Whether the first of `names`, each below the one before, can be listed or opened."""
    with mailbox(outside, who.address, who.password) as box:
        opened = box.select(coded("/".join(names)), readonly=True)[0] == "OK"
    listed = coded("/".join(names)).strip('"') in folders(outside, who)
    assert opened == listed, f"{who.address}: {'/'.join(names)}: listed {listed}, opened {opened}"
    return opened


@contextmanager
def opened(outside: Outside, who: Account, folder: str) -> Iterator[imaplib.IMAP4]:
    """A folder, opened for writing; that the server opens it for reading only is no error."""
    with mailbox(outside, who.address, who.password) as box:
        box.is_readonly = True
        assert box.xatom("SELECT", coded(folder))[0] == "OK", folder
        yield box


def post(box: imaplib.IMAP4, folder: str, message: EmailMessage) -> str:
    return box.append(coded(folder), "", "", message.as_bytes())[0]


@dataclass(frozen=True, slots=True)
class Office:
    """A unit's mailbox, and people with the rights that their names say; the stranger has none."""

    unit: Account
    other: Account
    head: Account
    deputy: Account
    reader: Account
    answerer: Account
    sender: Account
    leader: Account
    stranger: Account
    member: Account

    @property
    def box(self) -> str:
        return f"{MAILBOXES}/{self.unit.name}"

    @property
    def shared(self) -> str:
        return f"{SHARED}/{self.unit.name}"

    @property
    def rights(self) -> dict[str, list[str]]:
        named = (self.head, self.deputy, self.reader, self.answerer, self.sender, self.leader)
        return {right: [one.dn] for right, one in zip(RIGHTS, named, strict=True)}


@pytest.fixture(scope="module")
def office(site: Site) -> Iterator[Office]:
    """Who has a right may be of another mail domain; who works in the unit is not."""
    with (site.lab.folder / "registry" / DOMAIN / "staff.csv").open(encoding="utf-8") as file:
        works_in = {row["staff_id"]: row["unit_id"] for row in csv.DictReader(file)}
    head, deputy, reader, answerer, sender, leader, stranger = (site.person() for _ in range(7))
    member = site.person(DOMAIN)
    unit = site.unit(DOMAIN, works_in[member.uid])
    other = _free_unit(site, sorted(set(works_in.values()) - {unit.uid}))
    one = Office(unit, other, head, deputy, reader, answerer, sender, leader, stranger, member)
    with site.changed(unit, one.rights):
        yield one


def _free_unit(site: Site, unit_ids: list[str]) -> Account:
    """Any of these units that no other test is logged in to."""
    for unit_id in unit_ids:
        with suppress(StopIteration):
            return site.unit(DOMAIN, unit_id)
    pytest.fail("every unit is in use")


@pytest.fixture(scope="module")
def mail(outside: Outside, office: Office) -> EmailMessage:
    """A message to the unit. The head has looked before, when there was no mailbox yet."""
    with opened(outside, office.head, office.box) as box:
        assert box.state == "SELECTED"
    message = letter(STRANGER, office.unit.address)
    with outside.smtp() as client:
        assert transact(client, STRANGER, office.unit.address, message).accepted
    wait(outside, office.unit, message)
    return message


def _answers(box: imaplib.IMAP4, folder: str, message: EmailMessage) -> dict[str, bool]:
    """What one may do in a unit's folder, tried: mark, add, file, make a folder."""
    copy = letter(STRANGER, STRANGER)
    _, found = box.search(None, "HEADER", "Message-ID", f'"{message["Message-ID"]}"')
    number = found[0].split()[0].decode()
    box.store(number, "+FLAGS", r"\Flagged")
    flagged = b"\\Flagged" in box.fetch(number, "(FLAGS)")[1][0]  # type: ignore[operator]
    return {
        "mark": flagged,
        "add": post(box, folder, copy) == "OK",
        "file": box.copy(number, coded(folder))[0] == "OK",
        "make": box.create(coded(f"{folder}/Năm 2026"))[0] == "OK",
    }


def _others(box: imaplib.IMAP4, message: EmailMessage) -> list[str]:
    """The numbers of all other messages."""
    _, found = box.search(None, "NOT", "HEADER", "Message-ID", f'"{message["Message-ID"]}"')
    return [number.decode() for number in found[0].split()]


@pytest.mark.parametrize("who", ["head", "deputy", "answerer"])
def test_who_owns_a_units_mailbox_or_answers_for_it_works_in_it(
    outside: Outside, office: Office, mail: EmailMessage, who: str
) -> None:
    account: Account = getattr(office, who)
    with opened(outside, account, office.box) as box:
        assert fetch(box, mail["Message-ID"])
        done = _answers(box, office.box, mail)
        assert [what for what in ("mark", "add", "file") if not done[what]] == []
        others = _others(box, mail)
        box.store(others[-1], "+FLAGS", r"\Deleted")
        box.expunge()
        assert len(_others(box, mail)) == len(others) - 1
        owns = who != "answerer"
        assert (done["make"], box.delete(coded(f"{office.box}/Năm 2026"))[0] == "OK") == (owns, owns)


def test_who_may_read_a_units_mailbox_changes_nothing_in_it(
    outside: Outside, office: Office, mail: EmailMessage
) -> None:
    reader = office.reader
    with mailbox(outside, office.unit.address, office.unit.password) as box:
        before = len(box.search(None, "ALL")[1][0].split())
        box.store("1:*", "-FLAGS", r"\Flagged")
    with opened(outside, reader, office.box) as box:
        assert fetch(box, mail["Message-ID"])
        assert not any(_answers(box, office.box, mail).values())
        box.store("1:*", "+FLAGS", r"\Deleted")
        box.expunge()
    with mailbox(outside, office.unit.address, office.unit.password) as box:
        assert len(box.search(None, "ALL")[1][0].split()) == before


def test_a_mailbox_that_never_had_mail_opens_for_who_only_reads(
    outside: Outside, site: Site, office: Office
) -> None:
    unit = site.unit()
    site.on_mail("rm", "-rf", f"/var/vmail/{unit.domain}/{unit.uid}")
    with site.changed(unit, {"congvuReader": [office.reader.dn]}):
        assert shown(outside, office.reader, MAILBOXES, unit.name)


@pytest.mark.parametrize("who", ["stranger", "leader", "member", "sender", "other"])
def test_who_may_not_read_a_units_mailbox_is_not_shown_it(
    outside: Outside, office: Office, mail: EmailMessage, who: str
) -> None:
    assert mail
    assert not shown(outside, getattr(office, who), office.box)


def test_a_right_that_is_taken_away_is_gone_at_the_next_login(
    outside: Outside, site: Site, office: Office
) -> None:
    for who, right in ((office.head, "congvuHead"), (office.reader, "congvuReader")):
        assert shown(outside, who, office.box)
        with site.changed(office.unit, {right: []}):
            assert not shown(outside, who, office.box)
            assert not shown(outside, who, office.shared)
        assert shown(outside, who, office.box)


@pytest.mark.parametrize("state", ["locked", "suspended", "revoked"])
def test_a_unit_whose_account_is_not_open_gives_nothing(
    outside: Outside, site: Site, office: Office, state: str
) -> None:
    with site.changed(office.unit, {"congvuState": [state]}):
        assert not shown(outside, office.head, office.box)
        assert not shown(outside, office.leader, office.shared)


def test_owners_and_who_may_send_do_so_as_the_unit_and_nobody_else(outside: Outside, office: Office) -> None:
    message = letter(office.unit.address, STRANGER)
    for who in ("head", "deputy", "sender", "reader", "answerer", "leader", "member", "stranger"):
        account: Account = getattr(office, who)
        with outside.submission(account.address, account.password) as client:
            answer = transact(client, office.unit.address, STRANGER, message if who == "head" else None)
        expected = 250 if who in ("head", "deputy", "sender") else 553
        assert answer.code == expected, (who, answer)
    poll(lambda: outside.received(STRANGER, message["Message-ID"]), "the head's message")


def test_a_unit_writes_its_shared_folder_and_the_leadership_reads_it(
    outside: Outside, office: Office
) -> None:
    programme = letter(office.unit.address, office.unit.address, "Chương trình công tác tuần.\n")
    with mailbox(outside, office.unit.address, office.unit.password) as box:
        assert post(box, office.shared, programme) == "OK"
    for who in (office.head, office.answerer, office.sender):
        with opened(outside, who, office.shared) as box:
            assert fetch(box, programme["Message-ID"])
            assert post(box, office.shared, letter(who.address, who.address)) == "OK"
    for who in (office.leader, office.reader):
        with opened(outside, who, office.shared) as box:
            assert fetch(box, programme["Message-ID"])
            assert not any(_answers(box, office.shared, programme).values())
    with opened(outside, office.member, office.shared) as box:
        may = _answers(box, office.shared, programme)
        assert may == {"mark": True, "add": True, "file": True, "make": False}
        box.store("1", "+FLAGS", r"\Deleted")
        box.expunge()
        assert fetch(box, programme["Message-ID"]), "what others have put there stays"
    for who in (office.stranger, office.other):
        assert not shown(outside, who, office.shared)
        with mailbox(outside, who.address, who.password) as box:
            assert post(box, office.shared, programme) == "NO"


def test_a_domain_without_shared_folders_has_none(outside: Outside, unit: Account) -> None:
    assert not [name for name in folders(outside, unit) if name.startswith(coded(SHARED).strip('"'))]


def test_what_is_posted_lies_in_the_shared_folder(outside: Outside, site: Site) -> None:
    keeper, owner = _holder(site, POSTING), site.person()
    top, kept = f"{SHARED}/{keeper.name}", f"{SHARED}/{keeper.name}/thads"
    with site.changed(keeper, {"congvuOwner": [owner.dn]}):
        with mailbox(outside, owner.address, owner.password) as box:
            assert box.create(coded(kept))[0] == "OK"
        try:
            for extension, folder in (
                ("+thads", kept),
                ("+khac", top),
                ("+../../x", top),
                ("", f"{MAILBOXES}/{keeper.name}"),
            ):
                address = POSTING.replace("@", f"{extension}@")
                message = letter(STRANGER, address)
                with outside.smtp() as client:
                    assert transact(client, STRANGER, address, message).accepted
                with opened(outside, owner, folder) as box:
                    assert poll(partial(fetch, box, message["Message-ID"]), f"mail to {address}")
        finally:
            site.on_mail("doveadm", "mailbox", "delete", "-u", keeper.address, f"{SHARED}/thads")
            site.empty(keeper.address)


def _holder(site: Site, address: str) -> Account:
    """The unit that holds an address, which another test may be logged in to."""
    units = site.layout(address.partition("@")[2]).units
    words = ["ldapsearch", "-Q", "-LLL", "-Y", "EXTERNAL", "-H", "ldapi:///", "-b", units]
    (dn,) = re.findall(r"^dn: (.*)$", site.on_mail(*words, f"(mail={address})", "dn"), re.MULTILINE)
    entry = site.entry(dn)
    return Account(dn, address, "", entry.value("uid"), entry.value("cn"))


def test_folders_without_news_are_reported(outside: Outside, site: Site, office: Office) -> None:
    def report() -> tuple[int, str]:
        done = run_in(site.lab, "mail", "sudo", "congvu", "unit", "freshness", check=False)
        return done.returncode, done.stdout

    line = f"  {office.other.name} <{office.other.address}>: quá 1 tháng, chưa có nội dung nào"
    status, text = report()
    assert (status, line in text.splitlines()) == (1, True), text
    with mailbox(outside, office.other.address, office.other.password) as box:
        shared = f"{SHARED}/{office.other.name}"
        assert post(box, shared, letter(office.other.address, office.other.address)) == "OK"
    assert office.other.address not in report()[1]
