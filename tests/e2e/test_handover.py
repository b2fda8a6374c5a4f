"""A unit's mailbox goes to its next head: by hand, and because the registry names another one.

LD-11.3, HT-7.4, QT-4.2c, DL-8.2: mailbox, password and all content. The steps follow each other; the unit and
its heads are the sample registry's.
"""

from __future__ import annotations

import csv
import imaplib
import re
import shlex
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from pypdf import PdfReader

from congvu.errors import LabFailure
from congvu.fleet.client import Outside, mailbox, poll
from congvu.fleet.lab import run_in
from tests.e2e.test_lifecycle import body, is_dead, may_log_in, told
from tests.e2e.test_units import MAILBOXES, coded, shown
from tests.lab import QUANGTRI, STRANGER, Account, Site, letter, transact

UNIT, HEAD, NEXT, LAST = "A03", "QT00003", "QT00026", "QT00027"
"""A unit of the sample registry, its head there, and two who work in it."""
RECORDS = "/var/lib/congvu-lifecycle/handovers"
FOLDER = "/var/lib/congvu-sync/handed"
"""Of a sync that reads another list of units."""
DROP_IN = "/run/systemd/system/congvu-handover.service.d"
SUBFOLDER = "Năm 2026"
DOCUMENT = ("--reason", "thay đổi người đứng đầu", "--document", "12/QĐ-SNV")


@dataclass(frozen=True, slots=True)
class Office:
    """A unit and its three heads, one after the other."""

    unit: Account
    first: Account
    second: Account
    third: Account

    @property
    def box(self) -> str:
        return f"{MAILBOXES}/{self.unit.name}"


@pytest.fixture(scope="module")
def office(site: Site) -> Iterator[Office]:
    people = (site.person(QUANGTRI, uid) for uid in (HEAD, NEXT, LAST))
    one = Office(site.unit(QUANGTRI, UNIT), *people)
    assert site.entry(one.unit.dn).values("congvuHead") == (one.first.dn,)
    yield one
    site.on_mail("rm", "-rf", FOLDER, DROP_IN, f"{RECORDS}/try")
    site.on_mail("systemctl", "daemon-reload")


@pytest.fixture(scope="module")
def kept(site: Site, outside: Outside, office: Office) -> list[str]:
    """The hashes of what lies in the unit's mailbox: one message in the inbox, one in a folder."""
    with mailbox(outside, office.first.address, office.first.password) as box:
        box.create(coded(f"{office.box}/{SUBFOLDER}"))  # a second run on the same lab finds it there
        for folder in (office.box, f"{office.box}/{SUBFOLDER}"):
            message = letter(STRANGER, office.unit.address, f"Kính gửi {folder}.\n")
            assert box.append(coded(folder), "", "", message.as_bytes())[0] == "OK"
    assert site.entry(office.unit.dn).value("congvuState") == "initial"
    return contents(outside, office.first, office)


def contents(outside: Outside, who: Account, office: Office) -> list[str]:
    """SHA-256 of each message that somebody reads in the unit's mailbox, in order."""
    found = []
    with mailbox(outside, who.address, who.password) as box:
        for folder in (office.box, f"{office.box}/{SUBFOLDER}"):
            assert box.select(coded(folder), readonly=True)[0] == "OK", folder
            numbers = box.search(None, "ALL")[1][0].split()
            for number in numbers:
                _, parts = box.fetch(number.decode(), "(BODY.PEEK[])")
                found.append(sha256(parts[0][1]).hexdigest())  # type: ignore[index, arg-type]
    return sorted(found)


@contextmanager
def reading(outside: Outside, who: Account, office: Office) -> Iterator[imaplib.IMAP4]:
    """A session in the unit's mailbox that the server may end before the test does."""
    session = outside.imap(who.address, who.password)
    try:
        assert session.select(coded(office.box))[0] == "OK"
        yield session
    finally:
        with suppress(OSError):
            session.shutdown()


def sends_as_the_unit(outside: Outside, who: Account, office: Office) -> bool:
    with outside.submission(who.address, who.password) as client:
        message = letter(office.unit.address, STRANGER)
        answer = transact(client, office.unit.address, STRANGER, message)
    assert answer.accepted or answer.refused, answer
    return answer.accepted


def paper(site: Site, path: str) -> str:
    """The words of a record, in order."""
    pages = PdfReader(BytesIO(b64decode(site.on_mail("base64", path)))).pages
    return " ".join(word for page in pages for word in page.extract_text().split())


def test_a_handover_ends_every_session_and_proves_the_content(
    site: Site, outside: Outside, office: Office, kept: list[str]
) -> None:
    unit, first, second = office.unit, office.first, office.second
    with pytest.raises(LabFailure, match="in writing"):
        site.on_mail("congvu", "unit", "handover", unit.address, "--to", second.address, "--reason", "x")
    assert sends_as_the_unit(outside, first, office)
    assert not shown(outside, second, MAILBOXES, unit.name)
    assert may_log_in(outside, unit)
    with reading(outside, first, office) as session:
        words = ("congvu", "unit", "handover", unit.address, "--to", second.address, *DOCUMENT)
        said = site.on_mail(*words)
        assert is_dead(session)
    match = re.search(rf"[0-9]+ messages; record ({RECORDS}/\S+\.pdf), SHA-256 ([0-9a-f]{{64}})", said)
    assert match, said
    assert not shown(outside, first, MAILBOXES, unit.name)
    assert not sends_as_the_unit(outside, first, office)
    assert not may_log_in(outside, unit)
    assert set(kept) <= set(contents(outside, second, office))  # the unit is told of it, too
    assert sends_as_the_unit(outside, second, office)
    text = paper(site, match[1])
    for expected in (
        "BIÊN BẢN BÀN GIAO HỘP THƯ ĐIỆN TỬ CÔNG VỤ",
        first.address,
        second.address,
        "12/QĐ-SNV",
        "QT-4.2c",
        f"{SUBFOLDER} 1",
        "Mọi thư của lần đếm thứ nhất đều còn",
    ):
        assert expected in text
    assert "CÓ SAI LỆCH" not in text
    assert f"600 {match[2]}" in site.on_mail(
        "sh", "-c", f"stat -c %a {match[1]} | tr '\\n' ' '; sha256sum {match[1]}"
    )
    assert match[2] in site.on_mail("sh", "-c", f"cat {RECORDS}/audit/*.jsonl")
    for reader in (first, second):
        assert "12/QĐ-SNV" in body(told(outside, reader, unit, "Bàn giao hộp thư"))


def test_the_registry_does_not_undo_a_handover_and_its_next_word_is_one(
    site: Site, outside: Outside, office: Office, kept: list[str]
) -> None:
    """The sync runs on the mail server, on the sample registry; then with another head in it."""
    unit, second, third = office.unit, office.second, office.third
    run_sync(site, HEAD)
    assert site.entry(unit.dn).values("congvuHead") == (second.dn,)
    arrived = letter(STRANGER, unit.address)
    with reading(outside, second, office) as session:
        run_sync(site, LAST)
        assert site.entry(unit.dn).values("congvuHead") == (third.dn,)
        assert not site.entry(unit.dn).values("congvuHandover")
        outside.send(arrived)  # meanwhile
        poll(lambda: has(outside, third, office, arrived), "a message in the unit's mailbox")
        site.on_mail("systemctl", "start", "congvu-handover.service")
        assert is_dead(session)
    assert not shown(outside, second, MAILBOXES, unit.name)
    assert set(kept) < set(contents(outside, third, office))
    listed = site.on_mail("sh", "-c", f"ls {RECORDS}/try/handovers/*.pdf").split()
    assert len(listed) == 1
    text = paper(site, listed[0])
    for expected in (second.address, third.address, "cơ sở dữ liệu nhân sự"):
        assert expected in text
    assert re.search(r"\b[0-9]+ thư trong 2 thư mục", text)
    assert "Mọi thư của lần đếm thứ nhất đều còn" in text
    site.on_mail("systemctl", "start", "congvu-handover.service")
    assert site.on_mail("sh", "-c", f"ls {RECORDS}/try/handovers/*.pdf").split() == listed


def has(outside: Outside, who: Account, office: Office, message: EmailMessage) -> bool:
    with mailbox(outside, who.address, who.password) as box:
        box.select(coded(office.box), readonly=True)
        return bool(box.search(None, "HEADER", "Message-ID", f'"{message["Message-ID"]}"')[1][0])


def run_sync(site: Site, head: str) -> None:
    """Let the mail server's own sync read the sample registry, in which the unit has this head."""
    source = site.settings.domains[QUANGTRI].registry
    assert source
    with (source / "units.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    (row,) = [row for row in rows if row["unit_id"] == UNIT]
    assert row["head_id"] == HEAD
    lines = [",".join(columns)]
    for one in rows:
        given = one | {"head_id": head} if one is row else one
        lines.append(",".join(given[name] for name in columns))
    content = yaml.safe_load(site.on_mail("cat", "/etc/congvu/sync.yml"))
    policy = content["domains"][QUANGTRI]["policy"]
    places = {"state": f"{FOLDER}/state", "metrics": f"{FOLDER}/x.prom", "feed": f"{FOLDER}/feed"}
    domains = {QUANGTRI: {"policy": policy, "registry": f"{FOLDER}/registry"}}
    write(site, f"{FOLDER}/sync.yml", yaml.safe_dump(content | places | {"domains": domains}))
    write(site, f"{FOLDER}/registry/units.csv", "\n".join(lines) + "\n")
    for other in Path(source).iterdir():
        if other.name != "units.csv":
            write(site, f"{FOLDER}/registry/{other.name}", other.read_text(encoding="utf-8"))
    command = f"/usr/bin/congvu lifecycle handovers --settings {FOLDER}/sync.yml --state {RECORDS}/try"
    write(site, f"{DROP_IN}/try.conf", f"[Service]\nExecStart=\nExecStart={command}\n", user="root")
    site.on_mail("systemctl", "daemon-reload")
    words = f"congvu sync run --settings {FOLDER}/sync.yml --domain {QUANGTRI} --unit {UNIT}"
    site.on_mail("runuser", "-u", "congvu-sync", "--", *words.split())


def write(site: Site, path: str, text: str, *, user: str = "congvu-sync") -> None:
    script = f"mkdir -p {shlex.quote(str(Path(path).parent))} && cat > {shlex.quote(path)}"
    run_in(site.lab, "mail", "sudo", "runuser", "-u", user, "--", "sh", "-c", script, stdin=text)
