"""The last archive: whole before anything goes, opened by one key, whatever is killed where."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from congvu.directory.model import Entry
from congvu.errors import DirectoryFailure, SettingsError, SystemFailure
from congvu.lifecycle import archive
from congvu.lifecycle.archive import Archived, Archivist
from congvu.sealed import Certificate
from congvu.sync.auditfile import records
from tests.sealing import archived, certify, expire
from tests.unit.crash import killed_before, no_file_above
from tests.unit.helpers import BASE

DOMAIN = "lamdong.gov.vn"
NOW = datetime(2027, 5, 1, 22, 30, tzinfo=UTC)
"""In Vietnam it is the 2nd."""
MAIL: Mapping[str, bytes] = {
    "Maildir/cur/1.a:2,S": b"Subject: m\xe1\xbb\x99t\r\n\r\nm\xff\x00t\r\n" * 2000,
    "Maildir/new/2.b": b"Subject: hai\n\nhai\n",
    "Maildir/.Công văn đến/cur/3.c:2,FS": b"ba\n",
    "Maildir/dovecot-uidlist": b"3 V1 N4 Gx\n",
    "shared/cur/4.d:2,": "bốn\n".encode(),
    "sieve/main.sieve": b"keep;\n",
}


def entry(number: int, state: str = "purged", **values: str) -> Entry:
    usual = {"uid": f"S{number}", "mail": f"an{number}@{DOMAIN}", "congvuState": state}
    dn = f"uid=S{number},ou=people,dc=lamdong,{BASE}"
    return Entry.build(dn, ("inetOrgPerson", "congvuAccount"), usual | values)


@dataclass
class Tombstones:
    """A directory that is asked for purged accounts. Who is back is so from the second question on."""

    entries: list[Entry]
    back: set[str] = field(default_factory=set)

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:
        assert (filter_, tuple(attributes)) == (archive.PURGED, archive.READ)
        for one in self.entries:
            if one.state == "purged" and (base == BASE or (base == one.dn and one.dn not in self.back)):
                yield one


class Server:
    """A mail server with mailboxes, and an operator far away."""

    def __init__(self, folder: Path, operator: Path) -> None:
        self.store, self.archives, self.operator = folder / "vmail", folder / "archives", operator
        self.directory = Tombstones([])
        self.certificate = operator / "certificate.pem"

    def mailbox(self, one: Entry, mail: Mapping[str, bytes] = MAIL) -> Path:
        self.directory.entries.append(one)
        home = self.store / DOMAIN / one.value("uid")
        for name, content in mail.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return home

    def run(self, now: datetime = NOW) -> Archived:
        archivist = Archivist(
            self.directory, BASE, self.store, self.archives, Certificate(self.certificate), "test"
        )
        return archivist.run(now)

    def opened(self, folder: Path) -> dict[str, bytes]:
        return archived([part.read_bytes() for part in sorted(folder.iterdir())], self.operator)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("operator")
    certify(folder)
    return folder


@pytest.fixture
def server(tmp_path: Path, operator: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(archive, "PART", 50_000)
    return Server(tmp_path, operator)


def test_the_mail_is_in_an_archive_byte_for_byte_and_gone_from_the_store(server: Server) -> None:
    home = server.mailbox(entry(1))
    (one,) = server.run().archives
    assert (one.address, one.messages) == (f"an1@{DOMAIN}", 4)
    assert one.octets == sum(map(len, MAIL.values()))
    assert one.folder == server.archives / DOMAIN / "S1-20270502-053000"
    assert len(one.parts) > 1
    assert server.opened(one.folder) == MAIL
    assert not home.exists()
    assert list((server.store / DOMAIN).iterdir()) == []


def test_a_copy_that_is_a_hard_link_is_a_message(server: Server) -> None:
    home = server.mailbox(entry(1))
    (home / "Maildir/.Lưu/cur").mkdir(parents=True)
    os.link(home / "Maildir/new/2.b", home / "Maildir/.Lưu/cur/2.b:2,S")
    (one,) = server.run().archives
    assert (one.messages, one.octets) == (5, sum(map(len, MAIL.values())) + len(MAIL["Maildir/new/2.b"]))
    assert server.opened(one.folder)["Maildir/.Lưu/cur/2.b:2,S"] == MAIL["Maildir/new/2.b"]


def test_a_directory_that_goes_away_leaves_no_archive_and_ends_the_run(server: Server) -> None:
    homes = [server.mailbox(entry(number)) for number in (1, 2)]
    asked = server.directory.search

    def away(base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:
        if base != BASE:
            raise DirectoryFailure("gone")
        return asked(base, filter_, attributes)

    server.directory.search = away  # type: ignore[method-assign]
    done = server.run()
    assert (done.archives, [type(one) for one in done.failures]) == ((), [DirectoryFailure])
    assert all(home.is_dir() for home in homes)
    assert list(server.archives.glob("*/S*")) == []


def test_the_log_has_the_place_the_size_and_the_sum_of_each_file(server: Server) -> None:
    server.mailbox(entry(1))
    (one,) = server.run().archives
    told = [record for record in records(server.archives / "audit") if record["record"] == "mailbox_purged"]
    assert [record["step"] for record in told] == ["intended", "done"]
    assert (told[1]["messages"], told[1]["folder"]) == (4, str(one.folder))
    assert told[1]["parts"] == [
        f"{path.name} {sha256(path.read_bytes()).hexdigest()}" for path in sorted(one.folder.iterdir())
    ]


def test_nothing_in_clear_is_on_the_disk_and_nobody_else_reads_it(server: Server) -> None:
    server.mailbox(entry(1))
    (one,) = server.run().archives
    assert one.folder.stat().st_mode & 0o777 == 0o700
    for path in one.folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"Subject" not in path.read_bytes()


@pytest.mark.parametrize("state", ["initial", "active", "locked", "suspended", "revoked"])
def test_only_purged_accounts_lose_mail(state: str, server: Server) -> None:
    home = server.mailbox(entry(1, state))
    assert server.run() == Archived((), ())
    assert (home / "Maildir/new/2.b").exists()


def test_who_is_back_meanwhile_keeps_the_mail(server: Server) -> None:
    one = entry(1)
    home = server.mailbox(one)
    server.directory.back.add(one.dn)
    assert server.run() == Archived((), ())
    assert {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()} == set(MAIL)
    assert not any(server.archives.rglob("*.cms"))


def test_a_second_run_finds_nothing_and_a_returners_later_mail_has_an_archive_of_its_own(
    server: Server,
) -> None:
    server.mailbox(entry(1))
    (first,) = server.run().archives
    assert server.run() == Archived((), ())
    server.mailbox(entry(1), {"Maildir/new/9.z": b"sau\n"})
    (second,) = server.run(NOW + timedelta(days=100)).archives
    assert server.opened(second.folder) == {"Maildir/new/9.z": b"sau\n"}
    assert server.opened(first.folder) == MAIL


def test_a_full_disk_keeps_the_mail_and_the_next_run_goes_on(server: Server) -> None:
    home = server.mailbox(entry(1))
    with no_file_above(4096):
        (fault,) = server.run().failures
    assert isinstance(fault, SystemFailure)
    assert home.exists()
    assert not any(server.archives.rglob("*.cms"))
    (one,) = server.run().archives
    assert server.opened(one.folder) == MAIL


def test_one_mailbox_that_cannot_be_read_holds_up_no_other(server: Server) -> None:
    (server.mailbox(entry(1)) / "Maildir/new/gone").symlink_to("nowhere")  # is archived as what it is
    server.mailbox(entry(2, uid="../S2"), {})
    server.mailbox(entry(3))
    done = server.run()
    assert [one.address for one in done.archives] == [f"an1@{DOMAIN}", f"an3@{DOMAIN}"]
    assert ["names no folder" in str(fault) for fault in done.failures] == [True]


@pytest.mark.parametrize("wrong", ["missing", "over"])
def test_without_a_certificate_that_holds_nothing_goes(wrong: str, server: Server, tmp_path: Path) -> None:
    home = server.mailbox(entry(1))
    server.certificate = tmp_path / "certificate.pem"
    if wrong == "over":
        certify(tmp_path)
        expire(tmp_path)
    with pytest.raises(SettingsError, match="no mail is archived, and none is removed"):
        server.run()
    assert home.exists()


def test_killed_before_any_of_its_steps_no_mail_is_lost_and_the_next_run_completes_it(
    server: Server, tmp_path: Path
) -> None:
    number, alive = 1, True
    while alive:
        (tmp_path / str(number)).mkdir()
        there = Server(tmp_path / str(number), server.operator)
        home = there.mailbox(entry(1))
        alive = killed_before(number, lambda there=there: _run(there))  # type: ignore[misc]
        whole = list((there.archives / DOMAIN).glob("[!.]*"))
        if not home.exists() or len(list(home.rglob("*"))) < _COUNT:
            assert whole, f"killed before step {number}: mail is gone, and no archive is there"
        for folder in whole:
            assert there.opened(folder) == MAIL
        there.run(NOW + timedelta(days=1))
        assert list((there.store / DOMAIN).iterdir()) == []
        assert not any(path.name.startswith(".") for path in there.archives.rglob("*"))
        archives = list((there.archives / DOMAIN).iterdir())
        assert len(archives) in (1, 2)
        for folder in archives:  # of what is left of a mailbox there is none
            assert there.opened(folder) == MAIL
        number += 1
    assert number > 20


_COUNT = len({os.fspath(parent) for name in MAIL for parent in (Path(name), *Path(name).parents)}) - 1


def _run(there: Server) -> None:
    (one,) = there.run().archives
    assert one.messages
