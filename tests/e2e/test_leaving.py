"""A person who left, by the real sync on the registry with one row changed."""

from __future__ import annotations

import csv
import imaplib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from congvu.fleet.client import Outside
from congvu.fleet.lab import Lab
from tests.lab import LAMDONG, STRANGER, Account, Site, letter, login, transact, wait


@dataclass(frozen=True, slots=True)
class Leaver:
    account: Account
    output: str
    """What the sync said."""


def run_sync(settings: Path) -> str:
    command = [sys.executable, "-m", "congvu.cli", "sync", "run", "--settings", str(settings)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def leaver(
    lab: Lab, site: Site, outside: Outside, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Leaver]:
    account = site.person()
    before = letter(STRANGER, account.address)
    outside.send(before)
    wait(outside, account, before)

    folder = tmp_path_factory.mktemp("left")
    registry = folder / LAMDONG
    shutil.copytree(site.settings.domains[LAMDONG].registry, registry)
    with (registry / "staff.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    (row,) = [row for row in rows if row["staff_id"] == account.uid]
    row["status"] = "left"
    with (registry / "staff.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    content = yaml.safe_load((lab.folder / "sync.yml").read_text())
    content["domains"][LAMDONG]["registry"] = str(registry)
    (folder / "sync.yml").write_text(yaml.safe_dump(content))
    try:
        yield Leaver(account, run_sync(folder / "sync.yml"))
    finally:
        run_sync(lab.folder / "sync.yml")


def test_the_sync_changes_one_account_and_keeps_its_address(leaver: Leaver, site: Site) -> None:
    assert f"{LAMDONG}: 0 added, 1 changed" in leaver.output
    entry = site.entry(leaver.account.dn)
    assert entry.value("congvuState") == "revoked"
    assert entry.value("mail") == leaver.account.address
    assert leaver.account.address in entry.values("mailLocalAddress")


def test_who_left_cannot_read_mail(leaver: Leaver, outside: Outside) -> None:
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        outside.imap(leaver.account.address, leaver.account.password)


def test_who_left_cannot_send(leaver: Leaver, outside: Outside) -> None:
    with outside.smtp(587) as client:
        client.starttls(context=outside.tls)
        assert login(client, leaver.account.address, leaver.account.password).code == 535


def test_mail_to_who_left_is_refused_at_rcpt(leaver: Leaver, outside: Outside) -> None:
    with outside.smtp() as client:
        answer = transact(client, STRANGER, leaver.account.address)
    assert (answer.command, answer.code) == ("RCPT", 550)


def test_nobody_else_sends_under_the_address_of_who_left(
    leaver: Leaver, outside: Outside, person: Account
) -> None:
    sender = leaver.account.address
    with outside.submission(person.address, person.password) as client:
        assert transact(client, sender, STRANGER, letter(sender, STRANGER)).code == 553


def test_everybody_else_still_logs_in(leaver: Leaver, outside: Outside, person: Account) -> None:
    assert leaver.account.address != person.address
    with outside.smtp(587) as client:
        client.starttls(context=outside.tls)
        assert login(client, person.address, person.password).code == 235
