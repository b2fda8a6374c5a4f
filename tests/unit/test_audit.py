"""The audit log: what stands in it, what it survives, and that nobody changes it unseen."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from congvu.directory.model import Entry
from congvu.directory.operations import Add, Change, Event, Modify, Operation
from congvu.errors import InputError, SystemFailure
from congvu.sync import auditfile
from congvu.sync.audit import AuditLog
from congvu.sync.auditfile import records
from congvu.sync.auditrecord import Record, describe, has_happened
from congvu.sync.chain import START, Head, files_of, verify
from congvu.sync.job import Brake, Status
from tests.unit.audited import BEGINNING, DOMAIN, Clock, change, join, person, run, tree
from tests.unit.crash import killed_before, no_file_above


def told(folder: Path, record: str = "") -> list[dict[str, Any]]:
    return [dict(one) for one in records(folder) if record in ("", one["record"])]


def started(folder: Path, run_id: str = "run-1", **more: Any) -> AuditLog:
    return AuditLog(folder, run_id, "timer", clock=Clock(), **more)


# What stands in it


def test_an_operation_is_told_with_who_when_why_before_and_after(tmp_path: Path) -> None:
    run(tmp_path, "run-1", change(7, Event.MOVE, departmentNumber="A2", title=""))
    (record,) = told(tmp_path, "intended")
    assert {**record, "previous": "", "host": ""} == {
        "sequence": 2,
        "previous": "",
        "time": "2026-11-22T17:00:03.000Z",
        "run": "run-1",
        "record": "intended",
        "author": "timer",
        "host": "",
        "operation": "modify",
        "domain": DOMAIN,
        "dn": "uid=S7,ou=people,dc=lamdong,dc=gov,dc=vn",
        "key": "people/S7",
        "label": "annv7@lamdong.gov.vn",
        "name": "Nguyễn Văn An",
        "unit": "A1",
        "event": "move",
        "why": "is changed",
        "place": "staff.csv:7",
        "clause": "LD-7.2c",
        "document": "",
        "before": {"departmentNumber": ["A1"], "title": ["Chuyên viên"]},
        "after": {"departmentNumber": ["A2"], "title": []},
    }


def test_a_run_is_told_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    with AuditLog(tmp_path, "run-1", "lan", "Sở giải thể", Clock()) as log:
        allowed = replace(BEGINNING, allowed=frozenset({"leavers"}), limits={"units": ["A1"]})
        log.begin(allowed, tree())
        add = join(1)
        log.intend([add])
        log.settled(add, "constraintViolation")
        log.end(Status.PENDING, {"done": 0})
    begin, _, settled, end = told(tmp_path)
    assert begin["author"] == "lan"
    assert (begin["reason"], begin["allowed"]) == ("Sở giải thể", ["leavers"])
    assert (begin["input_digest"], begin["base_uuid"]) == ("digest", "uuid")
    assert re.fullmatch(r"\d+\.\d+.*", begin["version"])
    assert (settled["of"], settled["outcome"], settled["failure"]) == (2, "failed", "constraintViolation")
    assert (end["status"], end["counts"], end["unsettled"]) == ("pending", {"done": 0}, [])


def test_a_refused_run_is_told_with_its_brakes(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        log.begin(BEGINNING, tree())
        log.refused([Brake("leavers", DOMAIN, "900 of 1000 would leave", "--allow leavers")])
        log.end(Status.REFUSED, {})
    (refused,) = told(tmp_path, "refused")
    assert (refused["code"], refused["why"]) == ("leavers", "900 of 1000 would leave")


@pytest.mark.parametrize("attribute", ["userPassword", "USERPASSWORD", "userPassword;x-old"])
def test_a_password_is_never_told(tmp_path: Path, attribute: str) -> None:
    gone = change(1, Event.LEAVE)
    gone = replace(gone, changes=(*Change.no_password(), Change("congvuState", ("active",), ("revoked",))))
    is_set = replace(gone, changes=(Change(attribute, ("hush",), ("hush2",)),))
    added = join(2, **{attribute: "hush3"})
    run(tmp_path, "run-1", gone, is_set, added)
    first, second, third = told(tmp_path, "intended")
    assert first["after"]["userPassword"] == ["removed"]
    assert (second["before"], second["after"]) == ({}, {attribute: ["set"]})
    assert third["after"][attribute] == ["set"]
    assert b"hush" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


HURTING = (
    'Đặng, Văn + "An" #1 \\ ;<>=\u00ad',
    "hai\ndòng\r\t",
    "\x1b[31mđỏ\x07\x00\x7f\x85",
    "trái\u202e phải\u2028",
    "byte lẻ \udcff",
    "  trống  ",
    "Sở " * 200,
)


@pytest.mark.parametrize("name", HURTING)
def test_names_that_hurt_come_back_as_they_were_and_steer_no_terminal(tmp_path: Path, name: str) -> None:
    run(tmp_path, "run-1", join(1, title=name))
    (record,) = told(tmp_path, "intended")
    assert record["after"]["title"] == [name]
    (path,) = files_of(tmp_path)
    text = path.read_bytes().decode()
    assert text.count("\n") == 5
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
    assert "Nguyễn Văn An" in text
    assert verify(files_of(tmp_path)).broken is None


# The chain


def test_each_line_holds_the_hash_of_the_one_before(tmp_path: Path) -> None:
    run(tmp_path, "run-1", join(1), join(2))
    run(tmp_path, "run-2", join(3))
    (path,) = files_of(tmp_path)
    lines, before = path.read_bytes().splitlines(), "0" * 64
    for number, line in enumerate(lines, 1):
        record = json.loads(line)
        assert (record["sequence"], record["previous"]) == (number, before)
        before = sha256(line).hexdigest()
    assert verify([path]).head == Head(len(lines), before)


def test_a_month_has_its_file_and_the_chain_goes_on(tmp_path: Path) -> None:
    clock = Clock()
    run(tmp_path, "run-1", join(1), clock=clock)
    clock.now += timedelta(days=20)
    run(tmp_path, "run-2", join(2), clock=clock)
    clock.now -= timedelta(days=60)
    run(tmp_path, "run-3", join(3), clock=clock)
    assert [path.name for path in files_of(tmp_path)] == ["2026-11-001.jsonl", "2026-12-001.jsonl"]
    assert [record["run"] for record in told(tmp_path, "begin")] == ["run-1", "run-2", "run-3"]
    assert verify(files_of(tmp_path)).head.sequence == 15


def test_no_file_grows_without_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditfile, "MOST_BYTES", 3000)
    for number in range(20):
        run(tmp_path, f"run-{number}", join(number))
    assert len(files_of(tmp_path)) > 5
    assert all(path.stat().st_size < 5000 for path in files_of(tmp_path))
    assert verify(files_of(tmp_path)).head.sequence == 100


Lines = list[bytes]


def edited(lines: Lines) -> Lines:
    return [*lines[:6], lines[6].replace(b"timer", b"other"), *lines[7:]]


def half_a_letter(lines: Lines) -> Lines:
    return [*lines[:6], lines[6][:150] + b"\xff" + lines[6][151:], *lines[7:]]


def removed(lines: Lines) -> Lines:
    return [*lines[:6], *lines[7:]]


def inserted(lines: Lines) -> Lines:
    return [*lines[:6], lines[6], *lines[6:]]


def inserted_and_numbered(lines: Lines) -> Lines:
    forged = Head(6, sha256(lines[5]).hexdigest()).then('{"record":"forged"}')[0]
    return [*lines[:6], forged, *lines[6:]]


def replaced(lines: Lines) -> Lines:
    return [*lines[:6], inserted_and_numbered(lines)[6], *lines[7:]]


def reordered(lines: Lines) -> Lines:
    return [*lines[:6], lines[7], lines[6], *lines[8:]]


def emptied(lines: Lines) -> Lines:
    return [*lines[:6], b"", *lines[7:]]


def joined_with_next(lines: Lines) -> Lines:
    return [*lines[:6], lines[6] + b" " + lines[7], *lines[8:]]


def first_removed(lines: Lines) -> Lines:
    return lines[1:]


TAMPERED: Sequence[tuple[Callable[[Lines], Lines], int, str]] = (
    (edited, 7, "changed"),
    (half_a_letter, 7, "changed"),
    (removed, 7, "1 before it taken out"),
    (inserted, 8, "put in"),
    (inserted_and_numbered, 8, "put in"),
    (replaced, 7, "changed"),
    (reordered, 7, "taken out, or moved"),
    (emptied, 7, "not a record"),
    (joined_with_next, 8, "taken out"),
    (first_removed, 1, "1 before it taken out"),
)


@pytest.mark.parametrize(("tamper", "line", "why"), TAMPERED)
def test_tampering_is_found_where_it_was_done(
    tmp_path: Path, tamper: Callable[[Lines], Lines], line: int, why: str
) -> None:
    run(tmp_path, "run-1", join(1), join(2))
    run(tmp_path, "run-2", change(1, Event.MOVE, departmentNumber="A2"))
    run(tmp_path, "run-3", change(2, Event.MOVE, departmentNumber="A2"))
    (path,) = files_of(tmp_path)
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"".join(one + b"\n" for one in tamper(lines)))
    broken = verify([path]).broken
    assert broken is not None
    assert why in broken.why
    assert broken.where == f"{path}:{line}"


def test_a_missing_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditfile, "MOST_BYTES", 1)
    for number in range(4):
        run(tmp_path, f"run-{number}", join(number))
    first, second, third, *rest = files_of(tmp_path)
    for left in ([second, third, *rest], [first, third, *rest], [third, second]):
        broken = verify(left).broken
        assert broken
        assert broken.where == f"{left[0 if left[0] != first else 1]}:1"
    archived = verify([first, second]).head
    assert verify([third, *rest], start=archived).broken is None
    assert verify([third, *rest], start=Head(archived.sequence, "1" * 64)).broken is not None


def test_a_tail_that_was_cut_off_shows_against_a_head_that_was_noted(tmp_path: Path) -> None:
    run(tmp_path, "run-1", join(1), join(2))
    (path,) = files_of(tmp_path)
    head = verify([path]).head
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]))
    assert verify([path]).broken is None
    broken = verify([path], [head]).broken
    assert broken
    assert "cut off" in broken.why
    path.write_bytes(b"".join([*lines[:-1], lines[-1].replace(b"fine", b"file")]))
    broken = verify([path], [head]).broken
    assert broken
    assert broken.where == f"{path}:{len(lines)}"


def test_a_head_that_was_noted_earlier_is_still_in_a_longer_log(tmp_path: Path) -> None:
    run(tmp_path, "run-1", join(1))
    head = verify(files_of(tmp_path)).head
    run(tmp_path, "run-2", join(2))
    assert verify(files_of(tmp_path), [head, START]).broken is None
    assert verify(files_of(tmp_path), [Head(head.sequence, "a" * 64)]).broken is not None


def test_a_last_line_that_is_being_written_is_no_break(tmp_path: Path) -> None:
    run(tmp_path, "run-1", join(1))
    (path,) = files_of(tmp_path)
    before = verify([path])
    with path.open("ab") as file:
        file.write(b'{"sequence":6,"prev')
    found = verify([path], [before.head])
    assert (found.head, found.broken) == (before.head, None)
    assert found.unfinished == f"{path}:6"


def test_of_two_heads_for_one_record_both_must_be_in_it(tmp_path: Path) -> None:
    """Who writes a whole log anew writes the head beside it anew, too."""
    run(tmp_path, "run-1", join(1))
    head = verify(files_of(tmp_path)).head
    forged = Head(head.sequence, "f" * 64)
    for heads in ([forged, head], [head, forged]):
        assert verify(files_of(tmp_path), heads).broken is not None
    assert verify(files_of(tmp_path), [head, head]).broken is None


def test_a_line_without_an_end_hides_nothing_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditfile, "MOST_BYTES", 1)
    run(tmp_path, "run-1", join(1))
    first, *_ = files_of(tmp_path)
    first.write_bytes(first.read_bytes().removesuffix(b"\n"))
    broken = verify(files_of(tmp_path)).broken
    assert broken
    assert broken.where == f"{first}:1"


@pytest.mark.parametrize("text", ["", "7", "7:abc", f"x:{'a' * 64}", f"-1:{'a' * 64}", f"7:{'a' * 65}"])
def test_a_head_is_read_strictly(text: str) -> None:
    with pytest.raises(InputError, match="number and hash"):
        Head.from_text(text)


# Writers


def test_two_writers_never_meet(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        log.begin(BEGINNING)
        with pytest.raises(SystemFailure, match="another run"):
            started(tmp_path, "run-2")
        log.end(Status.FINE, {})
    started(tmp_path, "run-2").close()


def test_a_log_that_lost_its_end_is_not_written_to(tmp_path: Path) -> None:
    run(tmp_path, "run-1", join(1))
    (path,) = files_of(tmp_path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(SystemFailure, match="its end is missing"):
        started(tmp_path, "run-2")


def test_a_log_whose_end_is_damaged_is_not_written_to(tmp_path: Path) -> None:
    run(tmp_path, "run-1", join(1))
    (path,) = files_of(tmp_path)
    path.write_bytes(path.read_bytes() + b"damaged\n")
    with pytest.raises(SystemFailure, match="no record"):
        started(tmp_path, "run-2")


def test_intentions_are_on_the_disk_before_the_directory_hears_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = []
    real_write, real_sync = os.pwrite, os.fdatasync

    def write(descriptor: int, data: bytes, offset: int) -> int:
        events.append("write")
        return real_write(descriptor, data, offset)

    def sync(descriptor: int) -> None:
        events.append("sync")
        real_sync(descriptor)

    monkeypatch.setattr(os, "pwrite", write)
    monkeypatch.setattr(os, "fdatasync", sync)
    with started(tmp_path) as log:
        events.clear()
        log.intend([join(1), join(2)])
        assert events == ["write", "sync"]


def test_what_is_sent_again_is_not_told_twice(tmp_path: Path) -> None:
    first, second = join(1), join(2)
    with started(tmp_path) as log:
        log.intend([first])
        log.intend([first, second])
        log.settled(first, "")
        with pytest.raises(ValueError, match="never intended"):
            log.settled(first, "")
    assert [record["label"] for record in told(tmp_path, "intended")] == [first.label, second.label]


def test_a_full_disk_stops_the_run_and_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    run(tmp_path, "run-1", join(1))
    (path,) = files_of(tmp_path)
    with started(tmp_path, "run-2") as log:
        log.begin(BEGINNING)
        before = path.read_bytes()
        with no_file_above(len(before) + 700), pytest.raises(SystemFailure) as failure:
            log.intend([join(2), join(3)])
        assert failure.value.where == str(path)
        assert path.read_bytes() == before
        again = join(2)
        log.intend([again])
        log.settled(again, "")
        log.end(Status.FINE, {})
    assert verify([path]).broken is None
    assert [record["label"] for record in told(tmp_path, "intended")] == [
        "annv1@" + DOMAIN,
        "annv2@" + DOMAIN,
    ]


# What a killed run leaves


def test_a_torn_line_is_cut_and_told(tmp_path: Path) -> None:
    run(tmp_path, "run-1", join(1))
    (path,) = files_of(tmp_path)
    with path.open("ab") as file:
        file.write(b'{"sequence":6,"previous"')
    run(tmp_path, "run-2", join(2))
    (mended,) = told(tmp_path, "mended")
    assert (mended["bytes"], mended["text"]) == (24, '{"sequence":6,"previous"')
    assert (mended["run"], mended["sequence"]) == ("run-2", 6)
    assert verify(files_of(tmp_path)).broken is None


def killed_run(folder: Path, *operations: Operation) -> None:
    """Intend `operations`, hear of the first only, and go."""
    with started(folder, "killed") as log:
        log.begin(BEGINNING, tree())
        log.intend(operations)
        log.settled(operations[0], "")


def test_what_a_killed_run_left_open_is_looked_up_by_the_next(tmp_path: Path) -> None:
    leaving = change(4, Event.LEAVE, congvuState="revoked", title="")
    killed_run(tmp_path, join(1), join(2), join(3), leaving, change(5, Event.MOVE, departmentNumber="A2"))
    now = tree(person(1), person(2), person(4, congvuState="revoked"), person(5))
    with started(tmp_path, "next") as log:
        assert sorted(log.unsettled) == [3, 4, 5, 6]
        log.begin(BEGINNING, now)
        assert [record["label"].partition("@")[0] for record in log.to_feed()] == ["annv1", "annv2", "annv4"]
        log.end(Status.FINE, {})
    begin = told(tmp_path, "begin")[1]
    assert begin["unsettled"] == [3, 4, 5, 6]
    looked = [record for record in told(tmp_path, "settled") if record.get("looked")]
    assert {record["of"]: record["outcome"] for record in looked} == {
        3: "done",
        4: "failed",
        5: "done",
        6: "failed",
    }
    with started(tmp_path, "third") as log:
        assert not log.unsettled
        assert log.unfed == {2, 3, 5}


def test_what_is_open_stays_open_until_somebody_has_looked(tmp_path: Path) -> None:
    killed_run(tmp_path, join(1), join(2))
    for number in range(3):
        with started(tmp_path, f"run-{number}") as log:
            assert sorted(log.unsettled) == [3]
            log.begin(BEGINNING, None)
            log.end(Status.FAILED, {})
    with started(tmp_path, "last") as log:
        log.begin(BEGINNING, tree(person(2)))
        log.fed([])
        log.end(Status.FINE, {})
    with started(tmp_path) as log:
        assert (log.unsettled, log.unfed) == ({}, set())


def test_an_old_log_is_not_read_again_once_nothing_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, "run-1", join(1), join(2))
    run(tmp_path, "run-2", join(3))
    seen: list[Record] = []

    def matters(found: Iterable[Record]) -> tuple[dict[int, Record], set[int]]:
        seen.extend(found)
        return {}, set()

    monkeypatch.setattr("congvu.sync.audit._open_matters", matters)
    started(tmp_path).close()
    assert seen == []
    (tmp_path / auditfile.HEAD).unlink()
    started(tmp_path).close()
    assert len(seen) == 12


def test_a_run_killed_anywhere_loses_nothing_it_was_told(tmp_path: Path) -> None:
    """At each system call in turn: the chain holds, and what was sent is settled or known to be open."""
    first, second = [join(1), join(2)], [join(3)]
    sent = tmp_path / "sent"

    def whole() -> None:
        with started(tmp_path / "log", "killed") as log:
            log.begin(BEGINNING, tree())
            for batch in (first, second):
                log.intend(batch)
                with sent.open("a") as file:  # what the directory has heard of
                    file.write("".join(f"{operation.label}\n" for operation in batch))
                for operation in batch:
                    log.settled(operation, "")
            log.fed([])
            log.end(Status.FINE, {})

    number = 1
    while killed_before(number, whole):
        heard = set(sent.read_text().split()) if sent.exists() else set()
        with started(tmp_path / "log", "next") as log:
            open_ = {record["label"] for record in log.unsettled.values()}
            settled = {record["of"] for record in told(tmp_path / "log", "settled")}
            done = {one["label"] for one in told(tmp_path / "log", "intended") if one["sequence"] in settled}
            assert heard <= open_ | done
            log.begin(BEGINNING, tree(person(1), person(3)))
            log.end(Status.FINE, {})
        result = verify(files_of(tmp_path / "log"))
        assert (result.broken, result.unfinished) == (None, "")
        shutil.rmtree(tmp_path / "log")
        sent.unlink(missing_ok=True)
        number += 1
    assert number > 15


@pytest.fixture
def vietnam(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host whose clock shows the country's time."""
    monkeypatch.setenv("TZ", "ICT-7")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_what_was_added_and_what_was_changed_is_recognised_in_the_directory() -> None:
    cases: list[tuple[Add | Modify, Entry | None, bool]] = [
        (join(1), None, False),
        (join(1), person(1, title="Trưởng phòng"), True),
        (change(1, Event.MOVE, departmentNumber="A2"), person(1), False),
        (change(1, Event.MOVE, departmentNumber="A2"), person(1, departmentNumber="A2"), True),
        (change(1, Event.MOVE, departmentNumber="A2", title="X"), person(1, departmentNumber="A2"), True),
        (change(1, Event.DETAILS, title=""), person(1), False),
        (change(1, Event.DETAILS, title=""), person(1, title=""), True),
        (replace(change(1, Event.LEAVE), changes=Change.no_password()), person(1), False),
        # What was so before proves nothing.
        (
            replace(change(1, Event.LEAVE), changes=(Change("title", ("X",), ("X",)),)),
            person(1, title="X"),
            False,
        ),
    ]
    for operation, found, happened in cases:
        snapshot = tree(*([found] if found else []))
        assert has_happened(describe(operation), snapshot) is happened


def test_the_time_is_that_of_greenwich(tmp_path: Path, vietnam: None) -> None:  # noqa: ARG001  (a fixture)
    run(tmp_path, "run-1", clock=Clock(datetime.fromisoformat("2026-12-01T00:30:00+07:00")))
    assert told(tmp_path, "begin")[0]["time"] == "2026-11-30T17:30:02.000Z"
    assert [path.name for path in files_of(tmp_path)] == ["2026-11-001.jsonl"]
