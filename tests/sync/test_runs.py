"""The commands over whole nights, on a real slapd: plans, locks, sheets, feeds, the audit log, metrics."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from congvu.cli import main
from congvu.directory import inspect
from congvu.directory.connection import Directory
from congvu.directory.model import Entry, dn_key
from congvu.directory.password import change_own
from congvu.fleet.client import poll
from congvu.sync import memory, sources
from congvu.sync.feed import OPERATIVE
from congvu.sync.job import Order, Status
from congvu.sync.lock import only_one
from congvu.sync.planfile import SavedPlan
from congvu.sync.run import carry_out
from congvu.sync.settings import load
from tests.papers import pages
from tests.sync.cases import Hand, Office
from tests.sync.world import World, person

NEW = {f"N{number}": person(f"Lê|Thị|Na{'abcdefgh'[number]}", "A1") for number in range(8)}


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def office(world: World) -> World:
    """The office, synchronised."""
    world.more |= {"feed": str(world.folder / "feed"), "metrics": str(world.folder / "sync.prom")}
    world.write({})
    assert sync(world, "run").status == 0
    return world


def congvu(*words: object) -> Done:
    """Run the command line as a person does."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def sync(world: World, command: str, *words: object) -> Done:
    return congvu("sync", command, "--settings", world.settings_file, *words)


def joined(world: World, *uids: str) -> None:
    """New people on the list."""
    world.write({"": Office(staff={uid: NEW[uid] for uid in uids or NEW})})


# Plans


def test_a_plan_tells_and_writes_nothing(office: World) -> None:
    before = office.tree()
    joined(office, "N0")
    done = sync(office, "plan")
    assert (done.status, office.tree()) == (1, before)
    assert "nalt" not in done.out
    assert "naalt@mau.gov.vn" in done.out
    (plan,) = json.loads(sync(office, "plan", "--json").out)["domains"]
    (operation,) = plan["operations"]
    assert (operation["operation"], operation["event"]) == ("add", "join")
    assert operation["attributes"]["mail"] == ["naalt@mau.gov.vn"]


def test_a_saved_plan_is_done_and_then_there_is_nothing_to_do(office: World) -> None:
    joined(office)
    file = office.folder / "plan.json"
    assert sync(office, "plan", "--out", file).status == 1
    done = sync(office, "apply", file)
    assert done.status == 0, done.err
    assert office.tree().keys() >= {dn_key(office.dn(uid)) for uid in NEW}
    assert sync(office, "plan").status == 0


def test_a_saved_plan_is_refused_when_the_directory_has_moved_on(office: World) -> None:
    office.write({"": Office(staff={"S1": {"position": "Trưởng phòng"}})})
    file = office.folder / "plan.json"
    assert sync(office, "plan", "--out", file).status == 1
    office.by_hand(Hand("people/S1", set={"title": "Vua"}))
    before = office.tree()
    done = sync(office, "apply", file)
    assert (done.status, office.tree()) == (2, before)
    assert "uid=S1" in done.err


def test_a_saved_plan_is_refused_when_the_list_has_moved_on(office: World) -> None:
    joined(office, "N0")
    file = office.folder / "plan.json"
    assert sync(office, "plan", "--out", file).status == 1
    joined(office, "N1")
    before = office.tree()
    assert sync(office, "apply", file).status == 2
    assert office.tree() == before


def test_a_plan_that_was_interrupted_goes_on(office: World) -> None:
    unit = {"B1": {"name": "Sở Tài chính", "kind": "department"}}
    office.write({"": Office(unit, {uid: {**row, "unit_id": "B1"} for uid, row in NEW.items()})})
    file = office.folder / "plan.json"
    assert sync(office, "plan", "--out", file).status == 1
    saved, stop = SavedPlan.read(file), threading.Event()
    order = saved.order(Order(load(office.settings_file), date.today(), "test"))
    outcome = carry_out(order, lambda _, done, __: stop.set() if done == 1 else None, stop=stop, saved=saved)
    assert outcome.status is Status.FAILED
    assert [one.entry.key for one in outcome.done] == ["units/B1"]
    done = sync(office, "apply", file)
    assert done.status == 0, done.err
    assert office.tree().keys() >= {dn_key(office.dn(uid)) for uid in NEW}
    assert congvu("audit", "verify", "--settings", office.settings_file).status == 0


def test_a_brake_needs_a_person_and_a_reason(office: World) -> None:
    office.write({"": Office(staff={"S1": NEW["N0"]})})
    refused = sync(office, "run")
    assert refused.status == 2
    assert "--allow person" in refused.err
    assert sync(office, "run", "--allow", "person").status == 2
    done = sync(office, "run", "--allow", "person", "--reason", "đổi cả họ tên theo QĐ 7")
    assert done.status == 0, done.err
    told = congvu("audit", "show", "--settings", office.settings_file, "--json").out
    assert "đổi cả họ tên theo QĐ 7" in told


def test_only_the_unit_that_is_named_is_written(office: World) -> None:
    office.write({"": Office(staff={"S1": {"position": "a"}, "S3": {"position": "b"}})})
    assert sync(office, "run", "--unit", "A2").status == 0
    tree = office.tree()
    titles = [tree[dn_key(office.dn(uid))].value("title") for uid in ("S1", "S3")]
    assert titles == ["Chuyên viên", "b"]
    assert sync(office, "plan").status == 1


def test_only_the_domain_that_is_named_is_written(office: World) -> None:
    second = {"P1": {"name": "Sở Y tế", "kind": "department"}}
    people = {"Q1": person("Lý|Thị|Na", "P1")}
    office.write({"": Office(staff={"S1": {"position": "a"}}), "phu.gov.vn": Office(second, people)})
    assert sync(office, "run", "--domain", "phu.gov.vn").status == 0
    tree = office.tree()
    assert dn_key(office.dn("phu.gov.vn/people/Q1")) in tree
    assert tree[dn_key(office.dn("S1"))].value("title") == "Chuyên viên"


# The quick way


def test_a_run_after_which_nothing_moved_reads_nothing(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sync(office, "run").status == 0  # the first one had something to do
    with monkeypatch.context() as patch:
        patch.setattr(sources, "gather", _never)
        patch.setattr(inspect, "inspect", _never)
        assert sync(office, "run").status == 0
        assert "have moved" in sync(office, "plan").out
        assert sync(office, "run", "--verify").status == 3  # it reads, and fails


def test_verify_sees_what_was_changed_behind_the_back_of_the_quick_way(office: World) -> None:
    assert sync(office, "run").status == 0
    office.by_hand(Hand("people/S1", set={"title": "Vua"}))
    settings = load(office.settings_file)
    with Directory.as_service(settings.directory) as directory:  # as if the change had left no trace
        seen = memory.Seen(directory.base_uuid(), directory.context_csn())
    replace(memory.read(settings.state), seen=seen).write(settings.state)
    assert sync(office, "plan").status == 0
    assert sync(office, "plan", "--verify").status == 1
    assert sync(office, "run", "--verify").status == 0
    assert office.tree()[dn_key(office.dn("S1"))].value("title") == "Chuyên viên"


def test_a_change_by_another_hand_ends_the_quick_way(office: World) -> None:
    assert sync(office, "run").status == 0
    office.by_hand(Hand("people/S1", set={"title": "Vua"}))
    assert sync(office, "plan").status == 1


def _never(*_: object, **__: object) -> None:
    raise AssertionError("it was read")


# One at a time


def test_a_second_run_is_told_who_is_at_work(office: World) -> None:
    state = load(office.settings_file).state
    with only_one(state, "bà Tổ"):
        done = sync(office, "run")
    assert done.status == 3
    assert re.search(r"bà Tổ, process \d+ on \S+, for 0 min", done.err)
    assert sync(office, "run").status == 0


def test_the_lock_of_a_dead_run_is_nobodys(office: World) -> None:
    state = load(office.settings_file).state
    code = (
        "import os, pathlib, signal, sys; from congvu.sync.lock import only_one\n"
        "with only_one(pathlib.Path(sys.argv[1]), 'test'): os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(state)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert sync(office, "run").status == 0


# First passwords


@pytest.fixture
def operator(office: World) -> Path:
    """The operator's key; its certificate is in the settings."""
    key, certificate = office.folder / "operator.key", office.folder / "operator.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=operator",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    office.more["handover"] = {"certificate": str(certificate), "folder": str(office.folder / "sheets")}
    office.write({})
    return key


def test_first_passwords_are_handed_over_once(office: World, operator: Path) -> None:
    assert sync(office, "run").status == 0
    first = _sheets(office, operator)
    assert len(first) == 1
    passwords = dict(first[0])
    assert passwords.keys() == {f"{one}@mau.gov.vn" for one in ("annv", "annv2", "anhttn", "tulv")}
    joined(office, "N0")
    second_of_the_first = datetime.now(UTC).replace(microsecond=0)  # which sheets are numbered by
    poll(lambda: datetime.now(UTC).replace(microsecond=0) > second_of_the_first, "the next second")
    assert sync(office, "run").status == 0
    assert sync(office, "run", "--verify").status == 0
    second = _sheets(office, operator)
    assert [sheet for sheet in second if sheet not in first] == [[("naalt@mau.gov.vn", second[-1][0][1])]]
    entry = office.tree()[dn_key(office.dn("S1"))]
    assert entry.value("pwdReset") == "TRUE"
    change_own(office.server.settings, entry.dn, passwords["annv@mau.gov.vn"], "Một mật khẩu của tôi 1")
    told = b"".join(path.read_bytes() for path in office.folder.rglob("*") if path.is_file())
    for password in (*passwords.values(), second[-1][0][1]):
        assert password.encode() not in told


def _sheets(office: World, key: Path) -> list[list[tuple[str, str]]]:
    """Addresses and passwords of all sheets so far."""
    found = []
    for path in sorted((office.folder / "sheets").glob("*.cms")):
        opened = subprocess.run(
            ["openssl", "cms", "-decrypt", "-binary", "-inform", "PEM", "-in", str(path), "-inkey", str(key)],
            check=True, capture_output=True,
        ).stdout  # fmt: skip
        found.append(re.findall(r"(\S+@mau\.gov\.vn) (\S+)", " ".join(pages(opened))))
    return found


# What is told to others


NIGHTS = (
    {"staff": {**NEW, "S1": {"position": '#1, "Phó"\\ + <x>=y; z'}}},
    {"staff": {"S3": {"surname": "Phan"}, "S2": {"unit_id": "A1"}, "N0": {"status": "left"}}},
    {"units": {"X1": {"status": "Sáp nhập", "successor_ids": "A1"}, "A1": {"head_id": "S4"}}},
    {"units": {"A2": {"name": "Trung tâm Số hóa"}}, "staff": {"N0": {"status": "working"}}},
)


@pytest.fixture
def story(office: World) -> World:
    """The office after some nights."""
    for night in NIGHTS:
        office.write({"": Office(**night)})
        done = sync(office, "run")
        assert done.status == 0, done.err
    return office


def test_the_feed_replayed_gives_the_same_directory(story: World) -> None:
    there = _told(story.tree())
    changes = sorted((story.folder / "feed").rglob("*.ldif"), key=lambda path: path.stat().st_mtime_ns)
    assert len(changes) == len(NIGHTS) + 1
    story.server.wipe()
    for path in changes:
        story.server.root("ldapmodify", stdin=path.read_text(encoding="utf-8"))
    assert _told(story.tree()) == there


def _told(tree: dict[str, Entry]) -> dict[str, dict[str, set[str]]]:
    names = {name.lower() for name in OPERATIVE}
    return {
        dn: {name: set(values) for name, values in entry.attributes.items() if name.lower() in names}
        for dn, entry in tree.items()
    }


def test_the_audit_log_is_whole_and_tells_the_story(story: World) -> None:
    settings = load(story.settings_file)
    assert congvu("audit", "verify", settings.audit_folder).status == 0
    shown = congvu("audit", "show", settings.audit_folder, "--dn", story.dn("N0"), "--json").out
    events = re.findall(r'"event": ?"(\w+)"', shown)
    assert events == ["join", "leave", "return"]
    title = congvu("audit", "show", settings.audit_folder, "--dn", story.dn("S1"), "--json").out
    assert json.dumps('#1, "Phó"\\ + <x>=y; z', ensure_ascii=False) in title
    (log,) = settings.audit_folder.glob("*.jsonl")
    log.write_bytes(log.read_bytes().replace(b"revoked", b"initial", 1))
    assert congvu("audit", "verify", settings.audit_folder).status == 1


def test_metrics_are_what_a_collector_reads(story: World) -> None:
    text = (story.folder / "sync.prom").read_text(encoding="utf-8")
    samples = dict(re.findall(r"^(congvu_sync_\w+(?:\{[^}]*\})?) ([0-9.e+]+)$", text, re.MULTILINE))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(samples) == len(lines)
    assert samples["congvu_sync_status"] == "0"
    assert float(samples["congvu_sync_last_success_timestamp_seconds"]) > 1e9
    accounts = sum(float(one) for name, one in samples.items() if name.startswith("congvu_sync_accounts{"))
    assert accounts == sum(entry.managed for entry in story.tree().values())
