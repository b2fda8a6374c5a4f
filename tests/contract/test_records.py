"""What a run leaves to others, against a real slapd: passwords that work once, changes that replay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from congvu import policy as policies
from congvu.directory.connection import Directory
from congvu.directory.model import Entry, dn_key
from congvu.directory.operations import Add, Change, Event, Modify, Operation, Reason
from congvu.directory.password import change_own, generate
from congvu.directory.settings import DirectorySettings
from congvu.errors import DirectoryFailure
from congvu.fleet.lab import Lab, run_in
from congvu.sync import feed
from congvu.sync import settings as sync_settings
from congvu.sync.audit import AuditLog, Beginning
from congvu.sync.issuing import Handed, hand_over
from congvu.sync.job import Status
from congvu.sync.sheet import Sheet
from tests.unit.helpers import ROOT

DOMAIN = "bangiao.gov.vn"
TOP = "dc=bangiao,dc=gov,dc=vn"
PEOPLE = f"ou=people,{TOP}"
POLICY = policies.load_domain(ROOT / "inventory/policy", "lamdong.gov.vn")
WHY = Reason(Event.JOIN, "is new", "staff.csv:2", "LD-5.2")
STRUCTURE = (
    Entry.build(
        TOP,
        ("domain", "domainRelatedObject", "congvuDomain"),
        {"dc": "bangiao", "associatedDomain": DOMAIN},
    ),
    Entry.build(PEOPLE, ("organizationalUnit",), {"ou": "people"}),
)


def person(uid: str, **more: str) -> Entry:
    values = {
        "uid": uid, "cn": "Đặng Văn An, #1 ", "sn": " Đặng", "title": "Trưởng phòng <tổng hợp>" * 9,
        "telephoneNumber": "0999000001", "mail": f"{uid}@{DOMAIN}", "mailLocalAddress": f"{uid}@{DOMAIN}",
        "mailHost": "mail.lamdong.gov.vn", "congvuState": "initial", "congvuQuota": "1048576",
    }  # fmt: skip
    classes = ("inetOrgPerson", "inetLocalMailRecipient", "congvuAccount")
    return Entry.build(f"uid={uid},{PEOPLE}", classes, values | more)


@dataclass
class Desk:
    """A channel that keeps sheets."""

    sheets: list[Sheet] = field(default_factory=list)

    def deliver(self, sheet: Sheet) -> str:
        self.sheets.append(sheet)
        return "desk"

    @property
    def passwords(self) -> dict[str, str]:
        return {one.dn: one.password for sheet in self.sheets for one in sheet.issued}


@pytest.fixture
def settings(lab: Lab) -> Iterator[DirectorySettings]:
    """A directory without the domain of these tests."""
    remove = ("sudo", "ldapdelete", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///", "-r", TOP)
    run_in(lab, "mail", *remove, check=False)
    yield sync_settings.load(lab.folder / "sync.yml").directory
    run_in(lab, "mail", *remove, check=False)


def handed(settings: DirectorySettings, folder: Path, desk: Desk, run_id: str) -> Handed:
    now = datetime.now(UTC)
    with (
        Directory.as_service(settings) as directory,
        AuditLog(folder, run_id, "test") as log,
    ):
        return hand_over(directory, log, desk, base=settings.base, policies={DOMAIN: POLICY}, now=now)


def test_an_initial_password_works_once_and_is_set_once(settings: DirectorySettings, tmp_path: Path) -> None:
    an, binh = person("an"), person("binh", congvuState="active")
    with Directory.as_service(settings) as directory:
        for entry in (*STRUCTURE, an, binh):
            directory.add(entry)
    desk = Desk()
    assert handed(settings, tmp_path, desk, "first").issued == 1
    assert handed(settings, tmp_path, desk, "second").issued == 0
    assert set(desk.passwords) == {an.dn}
    with Directory(settings, an.dn, desk.passwords[an.dn]) as limited, pytest.raises(DirectoryFailure):
        list(limited.search(an.dn, "(objectClass=*)", ("cn",)))  # it may only be changed
    own = generate()
    change_own(settings, an.dn, desk.passwords[an.dn], own)
    assert handed(settings, tmp_path, desk, "third").issued == 0
    with Directory.as_service(settings) as directory:  # leaves, and comes back
        directory.replace(an.dn, {"userPassword": [], "pwdReset": ["FALSE"], "congvuState": ["revoked"]})
        directory.replace(an.dn, {"congvuState": ["initial"]})
    assert handed(settings, tmp_path, desk, "fourth").issued == 1
    assert handed(settings, tmp_path, desk, "fifth").issued == 0
    with pytest.raises(DirectoryFailure, match="invalidCredentials"):
        Directory(settings, an.dn, own)


def test_the_upper_tier_replays_a_feed(lab: Lab, settings: DirectorySettings, tmp_path: Path) -> None:
    an = person("an")
    changes = (
        Change("title", an.values("title"), ()),
        Change("cn", an.values("cn"), ("Đặng Văn Ân\u00a0",)),
        Change("mailLocalAddress", an.values("mailLocalAddress"), (f"an@{DOMAIN}", f"x@{DOMAIN}")),
        Change("congvuState", ("initial",), ("revoked",)),
        *Change.no_password(),
    )
    operations: list[Operation] = [Add(DOMAIN, entry, WHY) for entry in (*STRUCTURE, an)]
    operations.append(Modify(DOMAIN, an, changes, Reason(Event.LEAVE, "left")))
    with AuditLog(tmp_path / "log", "run", "test") as log:
        log.begin(Beginning("", "", ""))
        log.intend(operations)
        for operation in operations:
            log.settled(operation, "")
        _, changed = feed.write(tmp_path / "feed", log, {DOMAIN: POLICY}, date(2026, 11, 22))
        log.end(Status.FINE, {})
    replay = ("sudo", "ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///", "-c")
    done = run_in(lab, "mail", *replay, stdin=changed.read_text(), check=False)
    assert done.returncode == 0, done.stderr
    again = run_in(lab, "mail", *replay, stdin=changed.read_text(), check=False)
    assert again.returncode == 68, again.stderr  # what is there cannot be added; the rest is as it was
    with Directory.as_service(settings) as directory:
        found = {dn_key(one.dn): one for one in directory.search(TOP, "(objectClass=*)", ("*",))}
    assert set(found) == {dn_key(one.dn) for one in (*STRUCTURE, an)}
    there = found[dn_key(an.dn)]
    told = {name: set(values) for name, values in an.attributes.items() if name not in ("telephoneNumber",)}
    told |= {one.attribute: set(one.after) for one in changes if one.after and not one.secret}
    del told["title"]
    assert {name: set(values) for name, values in there.attributes.items() if values} == told
