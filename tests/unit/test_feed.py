"""The upper tier hears of everything that was done, once, and of nothing private."""

from __future__ import annotations

import csv
import os
import shutil
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from congvu.directory.operations import Change, Event, Operation
from congvu.errors import SystemFailure
from congvu.policy import Policy
from congvu.policy.model import Publication, Published
from congvu.sync import feed
from congvu.sync.audit import AuditLog
from congvu.sync.job import Status
from tests.unit.audited import BEGINNING, DOMAIN, Clock, change, join, person, tree
from tests.unit.crash import killed_before, no_file_above
from tests.unit.test_ldif import read

TODAY = date(2026, 11, 22)


class Tier:
    """A folder with a log and one with a feed."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        self.log, self.feed, self.policy = folder / "log", folder / "feed", policy

    def run(self, run_id: str, *operations: Operation, found: object = None) -> tuple[Path, ...]:
        with AuditLog(self.log, run_id, "timer", clock=Clock()) as log:
            log.begin(BEGINNING, found)  # type: ignore[arg-type]
            log.intend(operations)
            for operation in operations:
                log.settled(operation, "")
            files = feed.write(self.feed, log, {DOMAIN: self.policy}, TODAY)
            log.end(Status.FINE, {})
        return files

    def rows(self) -> list[dict[str, str]]:
        """What the upper tier reads, file after file."""
        return [row for path in sorted(self.feed.rglob("*.csv")) for row in table(path)]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def tier(tmp_path: Path, lamdong: Policy) -> Tier:
    return Tier(tmp_path, lamdong)


def test_a_delta_is_a_table_to_read_and_changes_to_replay(tier: Tier) -> None:
    operations = (join(1), change(2, Event.MOVE, departmentNumber="A2", title=""))
    paths = tier.run("r1", *operations)
    assert [path.relative_to(tier.feed).as_posix() for path in paths] == [
        "lamdong.gov.vn/2026-11-22-r1.csv",
        "lamdong.gov.vn/2026-11-22-r1.ldif",
    ]
    assert paths[0].read_bytes().startswith("\ufeffSố thứ tự,Thời điểm,Sự việc".encode())
    new, moved = table(paths[0])
    assert new["Sự việc"] == "Cấp mới hộp thư cá nhân"
    assert (new["Loại"], new["Mã"], new["Tên"]) == ("Cá nhân", "S1", "Nguyễn Văn An")
    assert (new["Địa chỉ thư"], new["Văn bản"], new["Căn cứ"]) == (
        "annv1@lamdong.gov.vn",
        "12/QĐ-SNV",
        "LD-5.2",
    )
    assert new["Thời điểm"] == "23/11/2026 00:00:03"
    assert moved["Thay đổi"] == "Mã đơn vị: A1 → A2; Chức vụ: Chuyên viên → –"
    assert moved["Mã đơn vị"] == "A2"
    added, modified = read(paths[1].read_text(encoding="utf-8"))
    assert (added.dn, added.changetype) == (operations[0].dn, "add")
    assert added.values == {name: list(values) for name, values in operations[0].entry.attributes.items()}
    assert modified.values == {"departmentNumber": ["A2"], "title": []}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o640}


def test_nothing_done_is_no_file(tier: Tier) -> None:
    assert tier.run("r1") == ()
    assert not tier.feed.exists()


def test_what_was_told_is_not_told_again(tier: Tier) -> None:
    tier.run("r1", join(1))
    tier.run("r2", join(2))
    assert tier.run("r3") == ()
    assert [row["Mã"] for row in tier.rows()] == ["S1", "S2"]


def test_private_data_and_passwords_stay_here(tier: Tier) -> None:
    leaving = change(2, Event.LEAVE, congvuState="revoked", telephoneNumber="")
    leaving = replace(leaving, changes=(*leaving.changes, *Change.no_password()))
    private = {"telephoneNumber": "0999000001", "congvuIssuedFor": "An 1985", "userPassword": "hush"}
    paths = tier.run("r1", join(1, **private, birthDate="1985"), leaving)
    text = b"".join(path.read_bytes() for path in paths)
    for word in (b"0999", b"1985", b"hush", b"elephone", b"assword", b"removed"):
        assert word not in text
    assert b"revoked" in text


def test_telephone_numbers_are_told_where_the_policy_publishes_them(tier: Tier) -> None:
    published = Publication(publish=(Published.NAME, Published.PHONE))
    tier.policy = replace(tier.policy, directory=published)
    table_, changes = tier.run("r1", change(1, Event.DETAILS, telephoneNumber="0999000001"))
    assert table(table_)[0]["Thay đổi"] == "Điện thoại: – → 0999000001"
    assert "telephoneNumber: 0999000001" in changes.read_text()


def test_a_change_of_something_private_alone_is_not_told(tier: Tier) -> None:
    assert tier.run("r1", change(1, Event.DETAILS, telephoneNumber="0999000001")) == ()
    assert tier.run("r2") == ()


FORMULAS = ("=1+1", "+84", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("http://x","An")')


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(tier: Tier, text: str) -> None:
    tier.run("r1", join(1, cn=text))
    (row,) = tier.rows()
    assert row["Tên"] == f"'{text}"
    assert "\n" not in row["Tên"]


def test_each_domain_has_its_files(tier: Tier) -> None:
    other = replace(join(2), domain="dalat.gov.vn")
    paths = tier.run("r1", join(1), other)
    assert {path.parent.name for path in paths} == {DOMAIN, "dalat.gov.vn"}
    assert len(tier.rows()) == 2


def test_a_refused_operation_is_not_told(tier: Tier) -> None:
    with AuditLog(tier.log, "r1", "timer", clock=Clock()) as log:
        log.begin(BEGINNING, tree())
        add = join(1)
        log.intend([add])
        log.settled(add, "constraintViolation")
        assert feed.write(tier.feed, log, {DOMAIN: tier.policy}, TODAY) == ()
        log.end(Status.PENDING, {})


def test_what_a_killed_run_did_is_in_the_next_feed(tier: Tier) -> None:
    with AuditLog(tier.log, "killed", "timer", clock=Clock()) as log:
        log.begin(BEGINNING, tree())
        operations = [join(number) for number in (1, 2, 3)]
        log.intend(operations)
        log.settled(operations[0], "")
    (table_, _) = tier.run("next", join(4), found=tree(person(1), person(3)))
    assert [row["Mã"] for row in table(table_)] == ["S1", "S3", "S4"]


def test_a_run_that_is_killed_after_its_feed_is_not_told_again(tier: Tier) -> None:
    with AuditLog(tier.log, "killed", "timer", clock=Clock()) as log:
        log.begin(BEGINNING, tree())
        add = join(1)
        log.intend([add])
        log.settled(add, "")
        feed.write(tier.feed, log, {DOMAIN: tier.policy}, TODAY)
    assert tier.run("next", found=tree(person(1))) == ()


def test_a_feed_that_cannot_be_written_is_told_by_the_next_run(tier: Tier) -> None:
    many = [join(number) for number in range(40)]
    with AuditLog(tier.log, "r1", "timer", clock=Clock()) as log:
        log.begin(BEGINNING, tree())
        log.intend(many)
        for operation in many:
            log.settled(operation, "")
        with no_file_above(8192), pytest.raises(SystemFailure, match="feed"):
            feed.write(tier.feed, log, {DOMAIN: tier.policy}, TODAY)
        assert [path for path in tier.feed.rglob("*") if path.is_file()] == []
        log.end(Status.FAILED, {})
    tier.run("r2")
    assert [row["Mã"] for row in tier.rows()] == [f"S{number}" for number in range(40)]


def test_without_a_folder_what_was_done_counts_as_told(tier: Tier) -> None:
    with AuditLog(tier.log, "r1", "timer", clock=Clock()) as log:
        log.begin(BEGINNING, tree())
        add = join(1)
        log.intend([add])
        log.settled(add, "")
        assert feed.write(None, log, {}, TODAY) == ()
        log.end(Status.FINE, {})
    assert tier.run("r2") == ()


def test_a_run_killed_anywhere_never_loses_a_change_from_the_feed(tmp_path: Path, lamdong: Policy) -> None:
    """What stands in the directory stands in the feed of that run or of the next; twice under one number."""
    tier, directory = Tier(tmp_path, lamdong), tmp_path / "directory"

    def whole() -> None:
        with AuditLog(tier.log, "killed", "timer", clock=Clock()) as log:
            log.begin(BEGINNING, tree())
            for number in (1, 2, 3):
                add = join(number)
                log.intend([add])
                os.mkdir(directory / str(number))  # noqa: PTH102  (counted, and killed before, as any other call)
                log.settled(add, "")
            feed.write(tier.feed, log, {DOMAIN: lamdong}, TODAY)
            log.end(Status.FINE, {})

    directory.mkdir()
    number = 1
    while killed_before(number, whole):
        there = {path.name for path in directory.iterdir()}
        tier.run("next", found=tree(*(person(int(name)) for name in there)))
        rows = {(row["Số thứ tự"], row["Mã"]) for row in tier.rows()}
        assert sorted(identifier for _, identifier in rows) == sorted(f"S{name}" for name in there)
        for folder in (tier.log, tier.feed, directory):
            shutil.rmtree(folder, ignore_errors=True)
        directory.mkdir()
        number += 1
    assert number > 20
