"""A message that a rule has had held: its unit hears of it once, and a person lets it go or removes it."""

from __future__ import annotations

import json
import subprocess
import unicodedata
from collections.abc import Iterator
from email.message import EmailMessage
from functools import partial
from typing import Any

import pytest

from congvu.directory.connection import Directory
from congvu.fleet.client import Outside, parse, poll
from congvu.fleet.lab import run_in
from tests.lab import Account, Site, inbox, letter, transact, wait

MARK = "Độ mật: TUYỆT MẬT"
SUBJECT = "Kế hoạch phòng thủ đặc biệt"
NOTICES, ACTS = "/var/lib/congvu-held/audit", "/var/lib/congvu-mail/audit"


@pytest.fixture(scope="module")
def agency(site: Site, person: Account, unit: Account) -> Iterator[Account]:
    """The mailbox of the unit that answers for `person`, who works there for a while."""
    with Directory.as_service(site.settings.directory) as directory:
        entry = directory.get(person.dn, ("departmentNumber",))
    assert entry is not None
    site.change(person.dn, {"departmentNumber": [unit.uid]})
    yield unit
    site.change(person.dn, {"departmentNumber": entry.values("departmentNumber")})


@pytest.fixture(scope="module", autouse=True)
def timer(site: Site) -> Iterator[None]:
    """The timer waits: each test says when the service runs."""
    site.on_mail("systemctl", "stop", "congvu-held.timer")
    yield
    site.on_mail("systemctl", "start", "congvu-held.timer")


@pytest.fixture(autouse=True)
def nothing_held(site: Site) -> Iterator[None]:
    yield
    site.on_mail("postsuper", "-d", "ALL", "hold")


def listed(site: Site) -> list[dict[str, Any]]:
    """What `congvu mail held` says."""
    found: list[dict[str, Any]] = json.loads(site.on_mail("congvu", "mail", "held", "--json"))
    return found


def mail(site: Site, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `congvu mail` as root on the mail server."""
    return run_in(site.lab, "mail", "sudo", "congvu", "mail", *words, check=False)


def tell(site: Site) -> None:
    """One run of the timer's service; one that is under way comes to its end first."""
    site.on_mail("systemctl", "start", "congvu-held.service")


def acts(site: Site, folder: str, record: str) -> list[dict[str, Any]]:
    """Records of a log on the mail server, which is as it was written."""
    assert "every record is as it was written" in site.on_mail("congvu", "audit", "verify", folder)
    lines = site.on_mail("congvu", "audit", "show", folder, "--json").splitlines()
    return [one for one in map(json.loads, lines) if one["record"] == record]


@pytest.fixture
def secret(site: Site, outside: Outside, person: Account, colleague: Account) -> EmailMessage:
    """A message with a mark of secrecy, sent by `person`; it is held."""
    message = letter(person.address, colleague.address, f"{MARK}\n\nNội dung thư.\n", subject=SUBJECT)
    with outside.submission(person.address, person.password) as client:
        answer = transact(client, person.address, colleague.address, message)
    assert answer.accepted, answer
    poll(lambda: listed(site), "the message among those that are held")
    return message


def notices(outside: Outside, account: Account, message: EmailMessage) -> list[EmailMessage]:
    """Letters of the system in an inbox that name the message."""
    found = [one for one in inbox(outside, account) if one["Auto-Submitted"] == "auto-generated"]
    return [one for one in found if message["Message-ID"] in one.get_content()]


def test_what_is_held_is_listed_with_its_reason(
    site: Site, secret: EmailMessage, person: Account, colleague: Account
) -> None:
    (one,) = listed(site)
    assert (one["sender"], one["recipients"]) == (person.address, [colleague.address])
    assert one["message_id"] == [secret["Message-ID"]]
    assert any(reason.startswith("CONGVU_CLASSIFIED;") for reason in one["held_for"])
    assert one["size"] > 100
    words = site.on_mail("congvu", "mail", "held")
    assert one["queue_id"] in words
    assert "CONGVU_CLASSIFIED" in words


def test_the_senders_unit_hears_of_it_once_and_reads_nothing_of_it(
    site: Site, outside: Outside, secret: EmailMessage, person: Account, agency: Account
) -> None:
    tell(site)
    poll(lambda: notices(outside, agency, secret), "the notice")
    tell(site)
    (notice,) = notices(outside, agency, secret)
    assert notice["From"].addresses[0].addr_spec == f"postmaster@{agency.domain}"
    assert notice["To"] == agency.address
    assert notice.get_content_charset() == "utf-8"
    text = notice.get_content()
    assert unicodedata.is_normalized("NFC", text)
    assert unicodedata.is_normalized("NFC", notice["Subject"])
    assert "đang được giữ lại" in notice["Subject"]
    assert person.address in text
    assert SUBJECT not in text + notice["Subject"]
    assert "TUYỆT" not in text + notice["Subject"]
    assert [*notice.iter_attachments()] == []
    (one,) = listed(site)
    assert one["told"] == [agency.address]


def test_a_run_that_was_killed_after_it_sent_a_notice_does_not_send_it_again(
    site: Site, outside: Outside, secret: EmailMessage, agency: Account
) -> None:
    tell(site)
    poll(lambda: notices(outside, agency, secret), "the notice")
    # What SIGKILL between Postfix's answer and the record of it leaves: the log ends with the intention.
    site.on_mail(
        "sh", "-c", 'cd "$1" && n=$(grep -n intended *.jsonl | tail -n1 | cut -d: -f1); '
        'sed -i "$((n + 1)),\\$d" *.jsonl && rm head.json', "sh", NOTICES,
    )  # fmt: skip
    assert acts(site, NOTICES, "notice")[-1]["step"] == "intended"
    tell(site)
    last = acts(site, NOTICES, "notice")[-1]
    assert (last["step"], last["looked"]) == ("done", True)
    assert len(notices(outside, agency, secret)) == 1


def test_what_is_released_arrives_once_and_is_not_held_again(
    site: Site, outside: Outside, secret: EmailMessage, colleague: Account
) -> None:
    (one,) = listed(site)
    done = mail(site, "release", one["queue_id"], "--reason", "Không có nội dung mật", "--document", "12/VP")
    assert done.returncode == 0, done.stderr
    received = parse(wait(outside, colleague, secret))
    assert received["Subject"] == SUBJECT
    assert listed(site) == []
    intended, finished = acts(site, ACTS, "release")[-2:]
    assert (intended["step"], finished["step"]) == ("intended", "done")
    assert finished["queue_id"] == one["queue_id"]
    assert (finished["reason"], finished["document"]) == ("Không có nội dung mật", "12/VP")
    assert finished["author"]
    assert len(finished["sha256"]) == 64


@pytest.fixture
def concerned(person: Account, agency: Account) -> tuple[Account, Account]:
    """The sender and the sender's unit."""
    return person, agency


def test_what_is_deleted_never_arrives_and_its_sender_is_told_why(
    site: Site,
    outside: Outside,
    secret: EmailMessage,
    concerned: tuple[Account, Account],
    colleague: Account,
) -> None:
    (one,) = listed(site)
    done = mail(site, "delete", one["queue_id"], "--reason", "Có nội dung mật")
    assert done.returncode == 0, done.stderr
    assert listed(site) == []
    for account in concerned:
        poll(partial(notices, outside, account, secret), f"notice to {account.address}")
        (notice,) = notices(outside, account, secret)
        assert "không được chuyển đi" in notice["Subject"]
        assert "Có nội dung mật" in notice.get_content()
        assert SUBJECT not in notice.get_content()
    assert all(each["Message-ID"] != secret["Message-ID"] for each in inbox(outside, colleague))
    again = mail(site, "delete", one["queue_id"], "--reason", "Có nội dung mật")
    assert again.returncode == 2
    assert "is held" in again.stderr


def test_no_word_for_all_messages_is_taken(site: Site, secret: EmailMessage) -> None:
    for command in ("release", "delete"):
        assert mail(site, command, "ALL", "--reason", "thử").returncode == 2
    assert [one["message_id"] for one in listed(site)] == [[secret["Message-ID"]]]
