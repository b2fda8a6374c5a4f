"""Initial passwords: on a safe sheet before they are set, set once, told to nobody else."""

from __future__ import annotations

import logging
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from congvu.directory.model import Entry, dn_key
from congvu.directory.password import LENGTH, generate
from congvu.errors import DirectoryFailure, SettingsError, SystemFailure
from congvu.policy import Policy
from congvu.policy.model import Password
from congvu.policy.values import Duration
from congvu.sync import issuing
from congvu.sync.audit import AuditLog
from congvu.sync.auditfile import records
from congvu.sync.issuing import EncryptedFile, Handed, hand_over
from congvu.sync.sheet import Issued, Sheet
from tests.papers import pages
from tests.sealing import certify, expire, unsealed
from tests.unit.audited import BASE, BEGINNING, DOMAIN, Clock, person
from tests.unit.crash import no_file_above

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
"""In Vietnam it is the 23rd."""

ONE = Issued("uid=S1", "Nguyễn Văn An", "Sở Nội vụ", f"annv@{DOMAIN}", "Bi-mat-1")


class Accounts:
    """A directory with ppolicy in memory."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = {dn_key(entry.dn): entry for entry in entries}
        self.passwords: dict[str, str] = {}
        self.writes: list[tuple[str, dict[str, Sequence[str]]]] = []
        self.refuse: set[str] = set()
        self.before_write: Callable[[], None] = lambda: None

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:
        assert base == BASE
        assert "(congvuState=initial)" in filter_
        assert "(|(!(pwdChangedTime=*))(pwdReset=FALSE))" in filter_
        for entry in self.entries.values():
            has_one = entry.values("pwdChangedTime") and entry.value("pwdReset") != "FALSE"
            if entry.kind == "people" and entry.state == "initial" and not has_one:
                yield Entry(entry.dn, {name: entry.values(name) for name in attributes})

    def replace(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        self.before_write()
        if dn in self.refuse:
            raise DirectoryFailure("constraintViolation", where=dn)
        entry = self.entries[dn_key(dn)]
        told = {name: tuple(values) for name, values in attributes.items() if name != "userPassword"}
        self.entries[dn_key(dn)] = Entry(
            entry.dn, {**entry.attributes, **told, "pwdChangedTime": ("20261122183000Z",)}
        )
        self.passwords[dn] = attributes["userPassword"][0]
        self.writes.append((dn, dict(attributes)))


@dataclass
class Desk:
    """A channel that keeps sheets."""

    sheets: list[Sheet] = field(default_factory=list)

    def deliver(self, sheet: Sheet) -> str:
        self.sheets.append(sheet)
        return f"desk {len(self.sheets)}"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    with AuditLog(tmp_path / "log", "run-1", "timer", clock=Clock()) as log:
        log.begin(BEGINNING)
        yield log


@pytest.fixture
def policies(lamdong: Policy) -> Mapping[str, Policy]:
    password = replace(lamdong.password, initial_valid=Duration.from_text("5 days"))
    return {DOMAIN: replace(lamdong, password=password)}


def handed(
    directory: Accounts, log: AuditLog, channel: issuing.Channel, policies: Mapping[str, Policy]
) -> Handed:
    return hand_over(directory, log, channel, base=BASE, policies=policies, now=NOW)


def test_each_gets_one_that_must_be_changed_in_one_operation(
    log: AuditLog, policies: Mapping[str, Policy]
) -> None:
    directory, desk = Accounts(person(1), person(2)), Desk()
    assert handed(directory, log, desk, policies) == Handed(("desk 1",), 2, (), 0)
    (sheet,) = desk.sheets
    assert [(one.dn, one.password) for one in sheet.issued] == list(directory.passwords.items())
    for _, attributes in directory.writes:
        assert set(attributes) == {"userPassword", "pwdReset", "congvuState"}
        assert (attributes["pwdReset"], attributes["congvuState"]) == (["TRUE"], ["initial"])
    assert len({one.password for one in sheet.issued}) == 2


def test_a_later_run_sets_none_again(log: AuditLog, policies: Mapping[str, Policy]) -> None:
    directory, desk = Accounts(person(1)), Desk()
    handed(directory, log, desk, policies)
    assert handed(directory, log, desk, policies) == Handed((), 0, (), 0)
    assert len(directory.writes) == 1


def test_one_who_comes_back_gets_a_new_one(log: AuditLog, policies: Mapping[str, Policy]) -> None:
    back = person(1, pwdChangedTime="20260101000000Z", pwdReset="FALSE")
    directory = Accounts(back)
    assert handed(directory, log, Desk(), policies).issued == 1
    assert handed(directory, log, Desk(), policies).issued == 0


def test_only_people_who_wait_for_one_get_one(log: AuditLog, policies: Mapping[str, Policy]) -> None:
    unit = Entry.build(
        f"uid=A1,ou=units,dc=lamdong,{BASE}",
        ("organizationalUnit", "congvuAccount"),
        {"uid": "A1", "congvuState": "initial"},
    )
    elsewhere = replace(person(9), dn=f"uid=S9,ou=people,dc=dalat,{BASE}")
    below = replace(person(8), dn=f"uid=S8,ou=people,dc=x,dc=lamdong,{BASE}")
    states = [
        person(number, congvuState=state) for number, state in enumerate(("active", "locked", "revoked"))
    ]
    directory = Accounts(unit, elsewhere, below, *states, person(7, pwdChangedTime="20260101000000Z"))
    assert handed(directory, log, Desk(), policies) == Handed((), 0, (), 0)


def test_nothing_is_set_before_its_sheet_is_safe(log: AuditLog, policies: Mapping[str, Policy]) -> None:
    directory, desk = Accounts(*map(person, range(5))), Desk()

    def sheet_is_there() -> None:
        assert desk.sheets

    directory.before_write = sheet_is_there

    class Broken(Desk):
        def deliver(self, sheet: Sheet) -> str:
            raise SystemFailure("the disk is full", where=sheet.number)

    with pytest.raises(SystemFailure, match="full"):
        handed(directory, log, Broken(), policies)
    assert directory.writes == []
    handed(directory, log, desk, policies)


def test_a_run_killed_between_sheet_and_password_is_made_good_by_a_later_sheet(
    log: AuditLog, policies: Mapping[str, Policy]
) -> None:
    directory, desk = Accounts(*map(person, range(4))), Desk()

    def killed() -> None:
        if len(directory.writes) == 2:
            raise KeyboardInterrupt

    directory.before_write = killed
    with pytest.raises(KeyboardInterrupt):
        handed(directory, log, desk, policies)
    directory.before_write = lambda: None
    later = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
    hand_over(directory, log, desk, base=BASE, policies=policies, now=later)
    first, second = desk.sheets
    assert len(first.issued) == 4
    assert len(second.issued) == 2
    assert first.number < second.number
    counts: dict[str, str] = {}
    for sheet in desk.sheets:  # the later sheet counts
        counts |= {one.dn: one.password for one in sheet.issued}
    assert counts == directory.passwords


def test_a_run_issues_no_more_than_it_may(
    log: AuditLog, policies: Mapping[str, Policy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "BATCH", 2)
    directory, desk = Accounts(*map(person, range(9))), Desk()
    seen: list[tuple[int, int]] = []
    found = hand_over(
        directory,
        log,
        desk,
        base=BASE,
        policies=policies,
        now=NOW,
        most=5,
        progress=lambda done, of: seen.append((done, of)),
    )
    assert (found.issued, found.left) == (5, 4)
    assert [len(sheet.issued) for sheet in desk.sheets] == [2, 2, 1]
    assert len({sheet.number for sheet in desk.sheets}) == 3
    assert seen == [(number, 5) for number in range(1, 6)]


def test_one_who_is_refused_does_not_stop_the_others(log: AuditLog, policies: Mapping[str, Policy]) -> None:
    directory = Accounts(*map(person, range(5)))
    directory.refuse = {person(0).dn, person(3).dn}
    found = handed(directory, log, Desk(), policies)
    assert (found.issued, len(found.failures)) == (3, 2)


def test_a_directory_that_is_gone_is_not_asked_for_everybody(
    log: AuditLog, policies: Mapping[str, Policy], tmp_path: Path
) -> None:
    directory = Accounts(*map(person, range(9)))
    directory.refuse = {person(number).dn for number in range(9)}
    with pytest.raises(DirectoryFailure):
        handed(directory, log, Desk(), policies)
    tried = [one for one in records(tmp_path / "log") if one["record"] == "password"]
    assert len(tried) == issuing.GIVEN_UP_AFTER


def test_the_log_tells_who_and_never_what(
    log: AuditLog, policies: Mapping[str, Policy], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    directory, desk = Accounts(person(1), person(2)), Desk()
    directory.refuse = {person(2).dn}
    handed(directory, log, desk, policies)
    sheet, first, second = [one for one in records(tmp_path / "log") if one["record"] != "begin"]
    assert (sheet["record"], sheet["sheet"], sheet["place"]) == ("sheet", desk.sheets[0].number, "desk 1")
    assert [one["dn"] for one in sheet["accounts"]] == [person(1).dn, person(2).dn]
    assert (first["label"], first["outcome"]) == (f"annv1@{DOMAIN}", "done")
    assert (second["outcome"], second["failure"]) == ("failed", "constraintViolation")
    everything = "".join(path.read_text() for path in (tmp_path / "log").iterdir()) + caplog.text
    for one in desk.sheets[0].issued:
        assert one.password not in everything


# The sheet


def test_a_sheet_says_what_an_official_needs(log: AuditLog, policies: Mapping[str, Policy]) -> None:
    other = person(1, name="Trần Thị Ánh\n\x1b[31m", ou="Sở Xây dựng", departmentNumber="B1")
    desk = Desk()
    handed(Accounts(other, person(2)), log, desk, policies)
    (sheet,) = desk.sheets
    science, building = pages(sheet.pdf())
    for page in (science, building):
        assert "Số: 20261123-013000-000001 " in page
        assert "Lập lúc: 01:30 ngày 23/11/2026" in page
        assert "Mật khẩu có giá trị: đến hết ngày 28/11/2026" in page
        assert f"Căn cứ: {policies[DOMAIN].regulation.number}" in page
        assert "NGƯỜI GIAO (Ký, ghi rõ họ tên) NGƯỜI NHẬN (Ký, ghi rõ họ tên)" in page
    first, second = sheet.issued
    assert "Đơn vị nhận: Sở Khoa học và Công nghệ" in science
    assert f"1 Nguyễn Văn An annv2@{DOMAIN} {first.password}" in science
    assert "Đơn vị nhận: Sở Xây dựng" in building
    assert f"1 Trần Thị Ánh \\u001b[31m annv1@{DOMAIN} {second.password}" in building
    assert second.password not in science, "a unit is handed its own people's passwords only"


def test_where_the_regulation_names_no_term_a_month_is_on_the_sheet(log: AuditLog, lamdong: Policy) -> None:
    desk, policy = Desk(), replace(lamdong, password=Password())
    handed(Accounts(person(1)), log, desk, {DOMAIN: policy})
    assert "có giá trị: đến hết ngày 23/12/2026" in pages(desk.sheets[0].pdf())[0]


# Passwords


def test_a_password_has_all_kinds_of_characters_and_the_length_a_policy_asks_for() -> None:
    for length, due in ((1, LENGTH), (LENGTH, LENGTH), (24, 24)):
        password = generate(length)
        assert len(password) == due
        for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"):
            assert re.search(kind, password)
        assert not set(password) & set("lI1O0o'\"` ")


def test_the_policys_length_is_asked_for(log: AuditLog, lamdong: Policy) -> None:
    desk = Desk()
    policy = replace(lamdong, password=replace(lamdong.password, min_length=20))
    handed(Accounts(person(1)), log, desk, {DOMAIN: policy})
    assert len(desk.sheets[0].issued[0].password) == 20


def test_no_password_has_a_word_of_its_owner_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # A generator that draws from few letters hits the word soon unless it is kept out.
    monkeypatch.setattr("congvu.directory.password._CLASSES", ("anv", "ANV", "2", "+"))
    assert any("anv" in generate().casefold() for _ in range(200))
    assert not any("anv" in generate(without=["ANV", "2"]).casefold() for _ in range(200))


# The encrypted file


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the operator's key and certificate."""
    folder = tmp_path_factory.mktemp("operator")
    certify(folder)
    return folder


def opened(path: Path, operator: Path) -> bytes:
    """As docs/audit.md tells the operator."""
    return unsealed(path.read_bytes(), operator)


def test_only_the_operator_opens_the_file(
    tmp_path: Path, operator: Path, log: AuditLog, policies: Mapping[str, Policy]
) -> None:
    directory, folder = Accounts(person(1)), tmp_path / "handover"
    found = handed(directory, log, EncryptedFile(operator / "certificate.pem", folder), policies)
    (path,) = folder.iterdir()
    assert found.sheets == (str(path),)
    assert path.name == f"{DOMAIN}-20261123-013000-000001.cms"
    assert path.stat().st_mode & 0o777 == 0o600
    (password,) = directory.passwords.values()
    assert password.encode() not in path.read_bytes()
    assert f"annv1@{DOMAIN} {password} " in pages(opened(path, operator))[0]
    kind = subprocess.run(
        ["openssl", "cms", "-cmsout", "-print", "-inform", "PEM", "-in", str(path)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    assert "aes-256-cbc" in kind


def test_a_key_on_an_elliptic_curve_does_as_well(tmp_path: Path) -> None:
    certify(tmp_path, "30", ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"))
    sheet = Sheet("1", DOMAIN, NOW, date(2026, 12, 22), "", "61/2012/QĐ-UBND", (ONE,))
    place = EncryptedFile(tmp_path / "certificate.pem", tmp_path / "out").deliver(sheet)
    assert opened(Path(place), tmp_path) == sheet.pdf()


def test_nothing_in_clear_is_in_the_arguments_or_on_the_disk(
    tmp_path: Path,
    operator: Path,
    log: AuditLog,
    policies: Mapping[str, Policy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[Sequence[str]] = []
    real = subprocess.run

    def watched(command: Sequence[str], **options: object) -> object:
        calls.append(command)
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", watched)
    directory = Accounts(person(1))
    handed(directory, log, EncryptedFile(operator / "certificate.pem", tmp_path / "out"), policies)
    (password,) = directory.passwords.values()
    assert calls
    assert not any(password in argument for command in calls for argument in command)
    assert not any(password.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_without_a_certificate_nothing_is_issued(
    tmp_path: Path, log: AuditLog, policies: Mapping[str, Policy], content: str
) -> None:
    (tmp_path / "certificate.pem").write_text(content)
    directory = Accounts(person(1))
    with pytest.raises(SettingsError, match="certificate"):
        handed(directory, log, EncryptedFile(tmp_path / "certificate.pem", tmp_path / "out"), policies)
    assert directory.writes == []
    assert not (tmp_path / "out").exists()


def test_a_certificate_whose_time_is_over_is_refused(tmp_path: Path) -> None:
    certify(tmp_path)
    expire(tmp_path)
    with pytest.raises(SettingsError, match="over"):
        EncryptedFile(tmp_path / "certificate.pem", tmp_path / "out").deliver(
            Sheet("1", DOMAIN, NOW, date(2026, 12, 22), "", "61/2012/QĐ-UBND", (ONE,))
        )


def test_a_sheet_is_never_written_over(tmp_path: Path, operator: Path) -> None:
    channel = EncryptedFile(operator / "certificate.pem", tmp_path)
    sheet = Sheet("1", DOMAIN, NOW, date(2026, 12, 22), "", "61/2012/QĐ-UBND", (ONE,))
    place = Path(channel.deliver(sheet))
    before = place.read_bytes()
    with pytest.raises(SystemFailure, match="sheet of this number"):
        channel.deliver(sheet)
    assert place.read_bytes() == before


def test_a_full_disk_leaves_no_half_of_a_sheet_and_sets_nothing(
    tmp_path: Path, operator: Path, log: AuditLog, policies: Mapping[str, Policy]
) -> None:
    directory = Accounts(*map(person, range(50)))
    channel = EncryptedFile(operator / "certificate.pem", tmp_path / "out")
    with no_file_above(4096), pytest.raises(SystemFailure, match="cms"):
        handed(directory, log, channel, policies)
    assert directory.writes == []
    assert list((tmp_path / "out").iterdir()) == []


def test_without_openssl_it_says_so(tmp_path: Path, operator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemFailure, match="openssl is missing"):
        EncryptedFile(operator / "certificate.pem", tmp_path).deliver(
            Sheet("1", DOMAIN, NOW, date(2026, 12, 22), "", "61/2012/QĐ-UBND", (ONE,))
        )
