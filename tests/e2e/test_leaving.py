"""People who left, by the real sync on a registry with two rows changed, and came back early or late."""

from __future__ import annotations

import base64
import csv
import imaplib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from congvu.directory.connection import Directory
from congvu.directory.password import change_own, generate, issue_initial
from congvu.fleet.client import Outside
from congvu.fleet.lab import Lab
from congvu.policy.values import Duration
from tests.lab import LAMDONG, SHARED, STRANGER, Account, Site, inbox, letter, login, transact, wait
from tests.sealing import archived, certify

CERTIFICATE, HELD, ARCHIVES = "/etc/congvu/archive.pem", "/etc/congvu/held", "/var/lib/congvu-archive"


@dataclass(frozen=True, slots=True)
class Leaver:
    account: Account
    early: Account
    """Somebody who left on the same day, and is back in time."""
    settings: Path
    output: str
    """What the sync said."""


def run_sync(settings: Path) -> str:
    command = [sys.executable, "-m", "congvu.cli", "sync", "run", "--settings", str(settings)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def say(registry: Path, accounts: Mapping[str, Account], **cells: str) -> None:
    """Write these cells into the rows of the accounts."""
    with (registry / "staff.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    for row in rows:
        row.update(cells if row["staff_id"] in accounts else {})
    with (registry / "staff.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, dict.fromkeys((*columns, *cells)))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def leaver(
    lab: Lab, site: Site, outside: Outside, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Leaver]:
    account, early = site.person(), site.person()
    both = {one.uid: one for one in (account, early)}
    for one in both.values():
        before = letter(STRANGER, one.address)
        outside.send(before)
        wait(outside, one, before)

    folder = tmp_path_factory.mktemp("left")
    registry, settings = folder / LAMDONG, folder / "sync.yml"
    shutil.copytree(site.settings.domains[LAMDONG].registry, registry)
    content = yaml.safe_load((lab.folder / "sync.yml").read_text())
    content["domains"][LAMDONG]["registry"] = str(registry)
    settings.write_text(yaml.safe_dump(content))
    try:
        say(registry, both, status="left")
        yield Leaver(account, early, settings, run_sync(settings))
    finally:
        say(registry, both, status="working", document="12/CV-SNV")
        run_sync(settings)


def test_the_sync_changes_these_accounts_and_keeps_their_addresses(leaver: Leaver, site: Site) -> None:
    assert f"{LAMDONG}: 0 added, 2 changed" in leaver.output
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


# --- The end of the hold


def home(account: Account) -> str:
    return f"/var/vmail/{account.domain}/{account.uid}"


def sums(site: Site, account: Account) -> dict[str, str]:
    """The messages in the store by their path, with their SHA-256."""
    found = site.on_mail(
        "sh", "-c", f"cd {home(account)} && find . -path '*/[cn][ue][rw]/*' | xargs sha256sum"
    )
    return {name.removeprefix("./"): digest for digest, name in map(str.split, found.splitlines())}


def archive(site: Site, account: Account, operator: Path) -> dict[str, bytes]:
    """The one archive of a mailbox, opened."""
    parts = site.on_mail("sh", "-c", f"ls {ARCHIVES}/{LAMDONG}/{account.uid}-*/*.cms").split()
    return archived([base64.b64decode(site.on_mail("base64", part)) for part in parts], operator)


@pytest.fixture(scope="module")
def last(leaver: Leaver, site: Site) -> date:
    """The last day of the hold."""
    left = datetime.strptime(site.entry(leaver.account.dn).value("congvuEnded"), "%Y%m%d%H%M%SZ")
    return Duration(3, "months").after(left.date())


@pytest.fixture(scope="module")
def operator(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The operator's key, whose certificate the mail server has; and there a policy that states a hold."""
    folder = tmp_path_factory.mktemp("operator")
    certify(folder)
    certificate = base64.b64encode((folder / "certificate.pem").read_bytes()).decode()
    try:
        site.on_mail("sh", "-c", f"echo {certificate} | base64 -d > {CERTIFICATE}")
        site.on_mail("cp", "-a", "/etc/congvu/policy", HELD)
        site.on_mail("sed", "-i", "/^leaving:/a \\  hold: 3 months", f"{HELD}/{LAMDONG}.yml")
        site.on_mail("sh", "-c", f"printf '\\ndissolution: {{hold: 1 months}}\\n' >> {HELD}/{LAMDONG}.yml")
        site.on_mail("sh", "-c", f"sed s,/etc/congvu/policy,{HELD}, /etc/congvu/sync.yml > {HELD}/sync.yml")
        site.on_mail("chgrp", "congvu-sync", f"{HELD}/sync.yml")
        yield folder
    finally:
        site.on_mail("rm", "-rf", CERTIFICATE, HELD, f"{ARCHIVES}/{LAMDONG}")


def night(site: Site, account: Account, day: date, *options: str) -> str:
    words = ("--settings", f"{HELD}/sync.yml", "--day", f"{day}", "--only", account.address, *options)
    return site.on_mail("congvu", "lifecycle", "run", *words)


@pytest.fixture(scope="module")
def purged(leaver: Leaver, site: Site, operator: Path, last: date) -> Mapping[str, str]:
    """What lay in the mailbox before the day after the hold and its night."""
    assert operator.exists()
    before = sums(site, leaver.account)
    assert "1 done" in night(site, leaver.account, last + timedelta(days=1), "--purge")
    site.on_mail("systemctl", "start", "congvu-archive.service")
    return before


def test_on_the_last_day_of_the_hold_the_mail_is_there(
    leaver: Leaver, site: Site, operator: Path, last: date
) -> None:
    assert operator.exists()
    before = sums(site, leaver.account)
    assert len(before) == 1
    assert "nothing is due" in night(site, leaver.account, last, "--purge")
    # … and while there is nowhere to archive it.
    assert "nothing is due" in night(site, leaver.account, last + timedelta(days=1))
    site.on_mail("systemctl", "start", "congvu-archive.service")
    assert sums(site, leaver.account) == before


def test_on_the_day_after_it_the_mail_is_in_an_archive_and_nowhere_else(
    leaver: Leaver, purged: Mapping[str, str], site: Site, operator: Path
) -> None:
    """HT-5.2: byte for byte, for the operator's key alone."""
    entry = site.entry(leaver.account.dn)
    assert (entry.value("congvuState"), entry.value("congvuSearch")) == ("purged", "")
    content = archive(site, leaver.account, operator)
    assert {name: sha256(content[name]).hexdigest() for name in purged} == purged
    assert not site.on_mail("sh", "-c", f"ls -d {home(leaver.account)} /var/vmail/{LAMDONG}/.purged-* || :")
    assert sums(site, leaver.early)


def test_the_address_of_a_purged_account_refuses_mail(
    leaver: Leaver, purged: Mapping[str, str], outside: Outside
) -> None:
    assert purged
    with outside.smtp() as client:
        answer = transact(client, STRANGER, leaver.account.address)
    assert (answer.command, answer.code) == ("RCPT", 550)


def test_who_comes_back_gets_the_old_address_in_time_with_the_mail_too_late_without(
    leaver: Leaver, purged: Mapping[str, str], site: Site, outside: Outside
) -> None:
    """LD-7.2d: with the document that asks for it."""
    both = {one.uid: one for one in (leaver.account, leaver.early)}
    say(leaver.settings.parent / LAMDONG, both, status="working", document="12/CV-SNV")
    assert f"{LAMDONG}: 0 added, 2 changed" in run_sync(leaver.settings)
    kept = []
    for one in both.values():
        entry = site.entry(one.dn)
        assert (entry.value("congvuState"), entry.value("mail")) == ("initial", one.address)
        with Directory.as_service(site.settings.directory) as directory:
            first = issue_initial(directory, one.dn)
        back = Account(one.dn, one.address, generate(), one.uid, one.name)
        change_own(site.settings.directory, one.dn, first, back.password)
        kept.append(len(inbox(outside, back)))
        message = letter(STRANGER, one.address)
        outside.send(message)
        wait(outside, back, message)
    assert purged
    assert kept == [0, 1]


def test_a_dissolved_units_mail_is_archived_with_its_shared_folder(
    leaver: Leaver, operator: Path, site: Site, outside: Outside
) -> None:
    """By the hold of `dissolution`, not of people. The sync at the end gives the entry back what it lost."""
    assert leaver
    unit, told = site.unit(), letter(STRANGER, LAMDONG)
    message = letter(STRANGER, unit.address)
    outside.send(message)
    wait(outside, unit, message)
    encoded, folder = base64.b64encode(told.as_bytes()).decode(), f"{SHARED}/Tin"
    site.on_mail("doveadm", "mailbox", "create", "-u", unit.address, folder)
    save = f"doveadm save -u {unit.address} -m '{folder}'"
    site.on_mail("sh", "-c", f"echo {encoded} | base64 -d | {save}")
    with site.changed(unit, {"congvuState": ["revoked"], "congvuEnded": ["20260101000000Z"]}):
        before = sums(site, unit)
        assert len(before) == 2
        assert "nothing is due" in night(site, unit, date(2026, 2, 1), "--purge")
        assert "1 done" in night(site, unit, date(2026, 2, 2), "--purge")
        site.on_mail("systemctl", "start", "congvu-archive.service")
        assert site.entry(unit.dn).value("congvuState") == "purged"
    content = archive(site, unit, operator)
    assert {name: sha256(content[name]).hexdigest() for name in before} == before
    assert not site.on_mail("sh", "-c", f"ls -d {home(unit)} || :")
