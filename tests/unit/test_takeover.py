"""A handover on the mail server: two counts, dead sessions, one record, whatever is killed where."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pypdf import PdfReader

from congvu import files
from congvu import policy as policies
from congvu.directory.model import Entry
from congvu.directory.operations import Act, Change, Event, Modify, Operation, Reason
from congvu.errors import MailFailure, SystemFailure
from congvu.lifecycle import follow, happened, takeover
from congvu.lifecycle.takeover import Office, Recorded
from congvu.mail import site, tools
from congvu.mail.accounts import Accounts
from congvu.mail.site import Site
from congvu.policy.model import Handed, Handover
from congvu.sync.audit import AuditLog, Beginning
from congvu.sync.job import Status
from congvu.sync.settings import Settings
from tests.unit.crash import survives
from tests.unit.helpers import BASE, ROOT

DOMAINS = {"lamdong": "LD-11.3", "hatinh": "HT-7.4", "quangtri": "QT-4.2c", "daklak": "DL-8.2"}
DOMAIN = "lamdong.gov.vn"
UNIT = f"snv@{DOMAIN}"
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
FIRST = b"Subject: a\n\nmot\n"


def person(number: int) -> Entry:
    usual = {
        "uid": f"S{number}", "cn": f"Đặng Thị Quỳnh {number}", "departmentNumber": "A1",
        "mail": f"an{number}@{DOMAIN}", "mailLocalAddress": f"an{number}@{DOMAIN}", "congvuState": "active",
    }  # fmt: skip
    dn = f"uid=S{number},ou=people,dc=lamdong,{BASE}"
    return Entry.build(dn, ("inetOrgPerson", "congvuAccount"), usual)


def unit(**values: str) -> Entry:
    usual = {
        "uid": "A1", "cn": "Sở Nội vụ", "ou": "Sở Nội vụ", "congvuState": "initial", "mail": UNIT,
        "mailLocalAddress": UNIT, "congvuHead": person(2).dn, "congvuOwner": person(4).dn,
        "congvuAnswerer": person(3).dn,
        "congvuDelegation": f"20260101 20271231 answer 9/QĐ | {person(3).dn}",
    }  # fmt: skip
    dn = f"uid=A1,ou=units,dc=lamdong,{BASE}"
    return Entry.build(dn, ("organizationalUnit", "congvuAccount"), usual | values)


def handed_over(what: Act | Event, before: str, after: str, document: str = "12/QĐ-SNV") -> Operation:
    changes = (Change("congvuHead", (before,) if before else (), (after,) if after else ()),)
    return Modify(DOMAIN, unit(), changes, Reason(what, "lý do riêng", "", "LD-11.3", document))


BY_HAND = handed_over(Act.HANDED_OVER, person(1).dn, person(2).dn)
BY_REGISTRY = handed_over(Event.HEAD, person(1).dn, person(2).dn, "")


class Directory:
    """Finds the account with a DN."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = entries

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:  # noqa: ARG002
        return (entry for entry in self.entries if entry.dn == base)


class World:
    """A mail server whose doveadm prints the messages in a file, and the sync's audit log."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.log, self.state, self.folder = folder / "sync", folder / "state", folder
        self.directory = Directory(unit(), *map(person, range(1, 6)))
        policy = ROOT / f"inventory/policy/{DOMAIN}.yml"
        self.settings = cast(
            Settings,
            SimpleNamespace(audit_folder=self.log, domains={DOMAIN: SimpleNamespace(policy=policy)}),
        )
        here = Site(self.settings, Accounts(self.directory, BASE, [DOMAIN]), f"mail.{DOMAIN}")
        patch.setattr(site, "opened", lambda _: nullcontext(here))
        tool = folder / "doveadm"
        tool.write_text(
            "#!/bin/sh\n"
            f'case $* in kick*) echo "$2" >> {folder}/kicked; [ -e {folder}/later ] && '
            f"cat {folder}/later > {folder}/output; exit 0;; esac\ncat {folder}/output\n"
        )
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        patch.setattr(tools, "_PATH", f"{folder}:/usr/bin:/bin")
        patch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        self.holds("output", ("INBOX", FIRST), ("Năm 2026", FIRST))

    def holds(self, file: str, *messages: tuple[str, bytes]) -> None:
        """What the mailbox holds: in the `output` of doveadm, `later` once sessions have ended."""
        printed = b"\x0c\n".join(
            f"mailbox: {name}\nsize.physical: {len(text)}\ntext:\n".encode() + text for name, text in messages
        )
        (self.folder / file).write_bytes(printed)

    @property
    def kicked(self) -> list[str]:
        path = self.folder / "kicked"
        return path.read_text().split() if path.exists() else []

    def happen(self, *operations: Operation, moment: datetime = NOW) -> None:
        with AuditLog(self.log, "run", "lena", clock=lambda: moment) as log:
            log.begin(Beginning("", "ldaps://x", "uuid"))
            log.intend(operations)
            for one in operations:
                log.settled(one, "")
            log.end(Status.FINE, {})

    def office(self) -> Office:
        return Office(self.settings, self.state, "test")

    def follow(self) -> tuple[Recorded, ...]:
        return self.office().follow()

    def papers(self) -> list[str]:
        return sorted(path.name for path in (self.state / "handovers").glob("*.pdf"))

    def told(self) -> list[dict[str, Any]]:
        lines = [
            json.loads(line)
            for path in sorted((self.state / "handovers/audit").glob("*.jsonl"))
            for line in path.read_text().splitlines()
        ]
        return [line for line in lines if line["record"] == "handover"]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def words(one: Recorded) -> str:
    pages = PdfReader(BytesIO(one.paper.read_bytes())).pages
    return " ".join(word for page in pages for word in page.extract_text().split())


def by_hand(world: World, act: Callable[[], None] | None = None) -> Recorded:
    return world.office().hand_over(unit().dn, UNIT, act or (lambda: world.happen(BY_HAND)))


def test_the_record_says_who_what_when_and_what_goes_on(world: World) -> None:
    done = by_hand(world)
    text = words(done)
    for expected in (
        "SỞ NỘI VỤ",
        "BIÊN BẢN BÀN GIAO HỘP THƯ ĐIỆN TỬ CÔNG VỤ",
        f"Đặng Thị Quỳnh 1 <an1@{DOMAIN}>",
        f"Đặng Thị Quỳnh 2 <an2@{DOMAIN}>",
        "12/QĐ-SNV",
        "lý do riêng",
        "61/2012/QĐ-UBND, LD-11.3",
        "09 giờ 00 ngày 23/11/2026",
        "lena (nhật ký hệ thống số 2)",
        "Hộp thư Quyền sử dụng",
        "Mật khẩu Không bàn giao mật khẩu nào",
        "Toàn bộ nội dung 2 thư trong 2 thư mục, 32 byte.",
        "Hộp thư đến (INBOX) 1 16 1 16 giữ nguyên",
        "Năm 2026 1 16 1 16 giữ nguyên",
        "Mọi thư của lần đếm thứ nhất đều còn",
        "người đứng đầu, chủ hộp thư",
        f"Đặng Thị Quỳnh 3 <an3@{DOMAIN}> xử lý từ 01/01/2026 đến hết 31/12/2027 9/QĐ",
        "BÊN GIAO (Ký, ghi rõ họ tên) Đặng Thị Quỳnh 1",
        "BÊN NHẬN (Ký, ghi rõ họ tên) Đặng Thị Quỳnh 2",
        "NGƯỜI CHỨNG KIẾN",
    ):
        assert expected in text, expected
    assert (done.missing, done.messages) == (0, 2)
    assert done.paper.stat().st_mode & 0o777 == 0o600
    (told,) = world.told()
    assert (told["sha256"], told["paper"], told["of"]) == (done.digest, done.paper.name, done.handover.number)
    assert told["content"] == told["content_before"]
    assert world.follow() == ()
    assert len(world.papers()) == 1


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_the_regulation_lists_stands_in_the_record_line_by_line(domain: str, world: World) -> None:
    policy = policies.load_domain(ROOT / "inventory/policy", f"{domain}.gov.vn")
    assert policy.handover
    assert policy.handover.includes == (Handed.MAILBOX, Handed.PASSWORD, Handed.CONTENT)
    reason = replace(BY_HAND.reason, clause=DOMAINS[domain])
    done = by_hand(world, lambda: world.happen(replace(BY_HAND, reason=reason)))
    assert DOMAINS[domain] in words(done)
    text = words(done)
    for line in ("Hộp thư Quyền sử dụng", "Mật khẩu Không bàn giao", "Toàn bộ nội dung 2 thư"):
        assert line in text


def test_what_the_regulation_does_not_list_is_left_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    load = policies.load

    def another(path: Path) -> policies.Policy:
        return replace(load(path), handover=Handover(includes=(Handed.CONTENT,)))

    monkeypatch.setattr(policies, "load", another)
    text = words(by_hand(world))
    assert "Toàn bộ nội dung 2 thư" in text
    assert "Không bàn giao mật khẩu" not in text


def test_a_message_that_arrives_meanwhile_is_no_difference(world: World) -> None:
    world.holds("later", ("INBOX", FIRST), ("INBOX", FIRST + b"2"), ("Cũ", FIRST))
    done = by_hand(world)
    assert (done.missing, done.messages) == (0, 3)
    assert "1 thư mới đến giữa hai lần đếm, không phải là sai lệch: INBOX: 1." in words(done)


def test_a_message_that_changes_or_goes_is_one(world: World) -> None:
    world.holds("later", ("INBOX", FIRST + b"!"))
    done = by_hand(world)
    assert done.missing == 2
    text = words(done)
    assert "CÓ SAI LỆCH: 2 thư" in text
    assert "INBOX: 1; Năm 2026: 1." in text
    assert "có thay đổi" in text
    assert world.told()[0]["missing"] == 2


def test_everybody_who_may_have_the_mailbox_open_is_thrown_out(world: World) -> None:
    world.happen(BY_REGISTRY)
    world.follow()
    assert world.kicked == sorted([UNIT, *(f"an{number}@{DOMAIN}" for number in (1, 2, 3, 4))])


def test_the_registrys_handover_is_counted_after_the_fact(world: World) -> None:
    world.happen(BY_REGISTRY)
    (done,) = world.follow()
    text = words(done)
    assert "cơ sở dữ liệu nhân sự ghi người đứng đầu mới" in text
    assert "trước và sau khi ngắt các phiên làm việc" in text
    assert "lý do riêng" not in text
    assert world.follow() == ()


def test_a_handover_by_hand_leaves_older_ones_their_own_count(world: World) -> None:
    world.happen(BY_REGISTRY)

    def act() -> None:
        world.holds("output", ("INBOX", FIRST))  # somebody has removed one meanwhile
        world.happen(handed_over(Act.HANDED_OVER, person(2).dn, person(1).dn))

    done = by_hand(world, act)
    assert done.handover.giver == person(2).dn
    assert [one["missing"] for one in world.told()] == [0, 1]
    assert len(world.papers()) == 2


def test_in_another_audit_log_numbers_begin_anew(world: World) -> None:
    world.happen(BY_REGISTRY)
    world.follow()
    (world.state / "handovers/read.json").unlink()
    assert world.follow() == ()  # the same log once more
    (world.state / "handovers/read.json").unlink()
    for path in world.log.iterdir():
        path.unlink()
    world.happen(BY_REGISTRY, moment=NOW + timedelta(days=1))
    assert len(world.follow()) == 1


def test_a_head_who_left_before_the_next_one_was_named_hands_over(world: World) -> None:
    world.happen(handed_over(Event.HEAD, person(1).dn, ""))
    assert world.follow() == ()
    world.happen(handed_over(Event.HEAD, "", person(2).dn))
    (done,) = world.follow()
    assert (done.handover.giver, done.handover.taker) == (person(1).dn, person(2).dn)


def test_a_mailbox_that_has_gone_has_no_record_and_holds_up_nobody(world: World) -> None:
    world.happen(BY_REGISTRY)
    world.directory.entries = (unit(congvuState="revoked"), *map(person, range(1, 6)))
    assert world.follow() == ()
    assert "not in use" in world.told()[0]["left_out"]
    assert world.follow() == ()
    assert len(world.told()) == 1


def test_a_dovecot_that_is_away_is_asked_again(world: World) -> None:
    world.happen(BY_REGISTRY)
    (world.folder / "output").unlink()
    with pytest.raises(MailFailure):
        world.follow()
    assert world.papers() == []
    world.holds("output", ("INBOX", FIRST))
    assert len(world.follow()) == 1


def test_what_fails_after_the_sessions_have_ended_ends_them_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _: bytes) -> None:
        raise SystemFailure("no space left on device", where=str(path))

    world.happen(BY_REGISTRY)
    with monkeypatch.context() as patch:
        patch.setattr(takeover, "write_whole", full)
        for _ in range(3):
            with pytest.raises(SystemFailure):
                world.follow()
    assert len(world.follow()) == 1
    assert len(world.kicked) == len(set(world.kicked)) > 0


def test_an_old_log_is_no_reason_to_record_what_is_long_over(world: World) -> None:
    world.happen(BY_REGISTRY)
    sessions = happened.Reader(world.log, world.state / follow.SESSIONS)
    sessions.keep(sessions.read(sessions.bookmark())[1])
    assert world.follow() == ()
    assert len([by_hand(world)]) == 1, "whatever is handed over from now on has its record"
    assert len(world.papers()) == 1


def test_a_record_that_was_made_too_late_says_so(world: World) -> None:
    world.happen(BY_HAND)  # and cut off: the timer makes the record
    (late,) = world.follow()
    now = datetime.now(UTC)
    in_time = by_hand(world, lambda: world.happen(BY_HAND, moment=now + timedelta(seconds=1)))
    assert "trước và sau khi bàn giao" in words(in_time)
    assert "trước và sau khi ngắt các phiên làm việc" in words(late)


def test_who_is_at_it_already_is_not_disturbed(world: World) -> None:
    world.happen(BY_REGISTRY)

    def meanwhile() -> None:
        assert world.follow() == ()
        world.happen(handed_over(Act.HANDED_OVER, person(2).dn, person(1).dn))

    by_hand(world, meanwhile)
    assert len(world.papers()) == 2


# Killed

WRITERS = ((files.Appender, "append"), (happened, "write_whole"), (takeover, "write_whole"))


def test_killed_before_any_of_its_writes_the_next_run_makes_one_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every write to the disk is the last one once: the paper, its record in the log, the bookmark."""
    count = 0
    while True:
        folder = tmp_path / str(count)
        folder.mkdir()
        with monkeypatch.context() as patch:
            world = World(folder, patch)
            world.happen(BY_REGISTRY)
            survived = survives(count, world.follow, WRITERS, patch)
            world.follow()
            (paper,) = world.papers()
            (told,) = world.told()
            assert told["paper"] == paper
            assert UNIT in world.kicked
            assert world.follow() == ()
        if survived:
            break
        count += 1
    assert count >= 4
