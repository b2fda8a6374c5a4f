"""A message that must come back is taken out of every folder, box and queue, and nothing else is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.utils import make_msgid
from functools import partial
from hashlib import sha256
from typing import Any

import pytest

from congvu.fleet.client import Outside, poll
from congvu.fleet.lab import run_in
from tests.lab import STRANGER, Account, Site, inbox, letter, wait

ACTS = "/var/lib/congvu-mail/audit"
FOLDER = 'Hồ sơ "2026" (*)'
SUBJECT = "Phương án bảo vệ mục tiêu"
REASON = ("--reason", "Phát hiện nội dung mật", "--document", "61/STTTT")
# The Message-ID that is recalled, and others that must stay.
IDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "a piece of another's": ("<a1@x.example>", ("<aa1@x.example>", "<a1@x.example.vn>", "a1@x.example>")),
    "upper and lower case": ("<Case.Two@x.example>", ("<case.two@x.example>", "<Case.Two@X.example>")),
    "words of a search": ("<5\" OR ALL (x) mailbox *'@x.example>", ("<5@x.example>", "<*@x.example>")),
    "an encoded word": ("<=?utf-8?q?six?=@x.example>", ("<six@x.example>",)),
    "Vietnamese": ("<mật.7@x.example>", ("<mat.7@x.example>", "<mật.77@x.example>")),
    "an option": ("<--all@x.example>", ("<-all@x.example>",)),
}


def recall(site: Site, message_id: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `congvu mail recall` as root on the mail server."""
    return run_in(
        site.lab, "mail", "sudo", "congvu", "mail", "recall", message_id, *REASON, *words, check=False
    )


def store(site: Site, account: Account, *message_ids: str, folder: str = "INBOX") -> None:
    """Put messages with these Message-IDs, as they stand, into a mailbox."""
    for message_id in message_ids:
        text = f"From: {STRANGER}\nSubject: thu\nMessage-ID: {message_id}\n\nx\n"
        save = ["sudo", "doveadm", "save", "-u", account.address, "-m", folder]
        run_in(site.lab, "mail", *save, stdin=text)


def ids(site: Site, account: Account) -> list[str]:
    """Every Message-ID in every folder of a mailbox, as it stands."""
    fetch = ["doveadm", "-f", "json", "fetch", "-u", account.address, "hdr.message-id", "ALL"]
    return [one["hdr.message-id"] for one in json.loads(site.on_mail(*fetch))]


def recorded(site: Site, record: str, message_id: str) -> list[dict[str, Any]]:
    """Records of acts on a message, from a log that is as it was written."""
    assert "every record is as it was written" in site.on_mail("congvu", "audit", "verify", ACTS)
    found = map(json.loads, site.on_mail("congvu", "audit", "show", ACTS, "--json").splitlines())
    return [one for one in found if one["record"] == record and one["message_id"] == message_id]


def notices(outside: Outside, account: Account, message_id: str) -> list[EmailMessage]:
    """Letters of the system in an inbox that name the message."""
    found = [one for one in inbox(outside, account) if one["Auto-Submitted"] == "auto-generated"]
    return [one for one in found if message_id in one.get_content()]


@pytest.fixture(scope="module")
def target(site: Site) -> Account:
    """A mailbox with all the messages of `IDS`."""
    account = site.person()
    store(site, account, *(each for wanted, others in IDS.values() for each in (wanted, *others)))
    return account


@pytest.mark.parametrize("case", IDS)
def test_only_the_message_with_that_id_is_removed(case: str, site: Site, target: Account) -> None:
    wanted, _ = IDS[case]
    before = ids(site, target)
    done = recall(site, wanted, "--from", target.address, "--yes")
    assert done.returncode == 0, done.stderr
    assert sorted(set(before) - set(ids(site, target))) == [wanted]


@pytest.fixture
def spread(site: Site, outside: Outside, person: Account, colleague: Account) -> Iterator[EmailMessage]:
    """A message that two people got, in several folders of both, and in the queue for somebody else."""
    message = letter(STRANGER, person.address, "Nội dung.\n", subject=SUBJECT)
    outside.send(message, person.address, colleague.address)
    raw = [wait(outside, account, message) for account in (person, colleague)]
    it = ("mailbox", "INBOX", "HEADER", "Message-ID", message["Message-ID"])
    site.on_mail("doveadm", "mailbox", "create", "-u", person.address, FOLDER, check=False)
    site.on_mail("doveadm", "copy", "-u", person.address, "Trash", *it)
    site.on_mail("doveadm", "move", "-u", person.address, FOLDER, *it)
    site.on_mail("doveadm", "copy", "-u", colleague.address, "Sent", *it)
    site.on_mail("doveadm", "flags", "add", "-u", colleague.address, r"\Deleted", *it)
    send = ["sudo", "sendmail", "-f", colleague.address, "x@[192.0.2.1]"]
    run_in(site.lab, "mail", *send, stdin=raw[1].decode())
    yield message
    for line in site.on_mail("postqueue", "-j").splitlines():
        if "192.0.2.1" in line:
            site.on_mail("postsuper", "-d", json.loads(line)["queue_id"])


def test_a_plan_shows_all_of_it_and_removes_nothing(
    site: Site, spread: EmailMessage, person: Account, colleague: Account
) -> None:
    boxes = ("--from", person.address, "--from", colleague.address)
    done = recall(site, spread["Message-ID"], *boxes)
    found = [line for line in done.stdout.splitlines() if line.startswith("found: ")]
    assert sorted(line.partition(", uid")[0] for line in found) == sorted(
        [
            f"found: {person.address}, folder {FOLDER}",
            f"found: {person.address}, folder Trash",
            f"found: {colleague.address}, folder INBOX",
            f"found: {colleague.address}, folder Sent",
        ]
    )
    assert "left: queue" in done.stdout
    assert done.returncode == 1  # what is in the queue is for somebody who was not named
    assert "repeat with --yes" in done.stdout
    for account in (person, colleague):
        assert ids(site, account).count(spread["Message-ID"]) == 2


def test_it_is_taken_out_of_every_folder_box_and_queue_and_its_owners_are_told(
    site: Site, outside: Outside, spread: EmailMessage, person: Account, colleague: Account
) -> None:
    message_id = spread["Message-ID"]
    fetch = [
        "doveadm",
        "fetch",
        "-u",
        person.address,
        "text",
        "mailbox",
        "Trash",
        "HEADER",
        "Message-ID",
        message_id,
    ]
    stored = site.on_mail(*fetch).removeprefix("text:\n").encode()
    kept = {account: set(ids(site, account)) - {message_id} for account in (person, colleague)}
    done = recall(site, message_id, "--all-recipients", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{message_id}: 5 removed" in done.stdout
    assert "192.0.2.1" not in site.on_mail("postqueue", "-j")
    for account in (person, colleague):
        poll(partial(notices, outside, account, message_id), f"notice to {account.address}")
        assert message_id not in ids(site, account)
        assert kept[account] <= set(ids(site, account))
        (notice,) = notices(outside, account, message_id)
        assert "Số bản đã xóa: 2" in notice.get_content()
        assert "61/STTTT" in notice.get_content()
        assert SUBJECT not in notice.get_content() + notice["Subject"]
    records = recorded(site, "recall", message_id)
    assert [one["step"] for one in records].count("done") == 4
    (trash,) = [one for one in records if one["folder"] == "Trash" and one["step"] == "intended"]
    assert (trash["box"], trash["size"]) == (person.address, len(stored))
    assert trash["sha256"] == sha256(stored).hexdigest()
    assert (trash["reason"], trash["document"]) == (REASON[1], REASON[3])
    assert SUBJECT not in json.dumps(records, ensure_ascii=False)
    again = recall(site, message_id, "--from", person.address, "--yes")
    assert again.returncode == 1
    assert f"not found: {person.address}" in again.stderr
    assert len(notices(outside, person, message_id)) == 1


def test_who_was_not_told_because_the_run_was_killed_is_told_by_the_next(
    site: Site, outside: Outside, person: Account
) -> None:
    message_id = make_msgid(domain="x.example")
    store(site, person, message_id)
    assert recall(site, message_id, "--from", person.address, "--yes").returncode == 0
    poll(lambda: notices(outside, person, message_id), "the notice")
    # What SIGKILL right after the removal leaves: the intention, no outcome and no notice.
    site.on_mail(
        "sh", "-c", 'cd "$1" && n=$(grep -nF "$2" *.jsonl | grep intended | head -n1 | cut -d: -f1); '
        'sed -i "$((n + 1)),\\$d" *.jsonl && rm head.json', "sh", ACTS, message_id,
    )  # fmt: skip
    it = ("mailbox", "INBOX", "BODY", message_id)
    site.on_mail("doveadm", "expunge", "-u", person.address, *it)
    assert notices(outside, person, message_id) == []
    again = recall(site, message_id, "--from", person.address, "--yes")
    assert again.returncode == 1
    poll(lambda: notices(outside, person, message_id), "the notice")
    assert recorded(site, "recall", message_id)[-1]["looked"] is True


@pytest.mark.parametrize(
    ("message_id", "words"),
    [
        ("<>", ("--all-recipients",)),
        ("<a\nb@x>", ("--all-recipients",)),
        ("<a@x>", ()),
        ("<a@x>", ("--all-recipients", "--from", "postmaster@lamdong.gov.vn")),
        ("<a@x>", ("--from", "khong-co-ai@lamdong.gov.vn")),
        ("<a@x>", ("--from", "*")),
    ],
)
def test_what_is_not_said_well_is_refused(message_id: str, words: Sequence[str], site: Site) -> None:
    assert recall(site, message_id, *words, "--yes").returncode == 2
