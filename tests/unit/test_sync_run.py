"""The order of a run: what is read when, what is refused before a write, what is remembered after it."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from congvu.directory.results import Unreachable
from congvu.errors import CongvuError, DirectoryFailure, InputError, RegistryError, SystemFailure
from congvu.sync import look
from congvu.sync.issuing import EncryptedFile
from congvu.sync.job import Order, Status
from congvu.sync.lock import only_one
from congvu.sync.memory import read
from congvu.sync.run import carry_out, preview
from tests.unit.helpers import STAFF
from tests.unit.site import HEADING, TODAY, Hasty, Site, staff

LAMDONG, QUANGTRI = "lamdong.gov.vn", "quangtri.gov.vn"
TOMORROW = TODAY + timedelta(days=1)
LAST = STAFF.splitlines()[3] + "\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, monkeypatch)


@pytest.fixture
def full(site: Site) -> Site:
    """Both domains are as their lists say, and the run after has seen that nothing is left."""
    assert carry_out(site.order()).status is Status.FINE
    assert carry_out(site.order()).done == ()
    return site


def audited(site: Site) -> list[dict[str, Any]]:
    """The records of the audit log."""
    lines = [
        line
        for file in sorted((site.state / "audit").glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return [json.loads(line) for line in lines]


def kinds(site: Site) -> list[str]:
    return [record["record"] for record in audited(site)]


# --- Preview


def test_a_preview_writes_nothing_anywhere(site: Site) -> None:
    outcome = preview(site.order())
    assert outcome.status is Status.PENDING
    assert [(plan.domain, len(plan.operations)) for plan in outcome.plans] == [(LAMDONG, 9), (QUANGTRI, 9)]
    assert site.server.writes == 0
    assert not site.state.exists()


def test_a_preview_needs_no_lock(site: Site) -> None:
    with only_one(site.state, "the timer"):
        assert preview(site.order()).status is Status.PENDING
        with pytest.raises(SystemFailure, match="another run is at work: the timer"):
            carry_out(site.order())
    assert site.server.writes == 0


# --- What is read


def test_a_run_then_a_run_that_compares_then_runs_that_look(site: Site) -> None:
    assert len(carry_out(site.order()).done) == 18
    second = carry_out(site.order())
    assert (second.status, second.done, second.quick) == (Status.FINE, (), False)
    reads = site.server.reads
    assert carry_out(site.order()).quick
    assert preview(site.order()).quick
    assert site.server.reads == reads
    assert not carry_out(site.order(verify=True)).quick
    assert site.server.reads == reads + 1


@pytest.mark.parametrize("what", ["list", "day", "policy", "settings"])
def test_whatever_moved_is_compared(what: str, full: Site) -> None:
    today = TODAY
    match what:
        case "list":
            full.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
        case "day":
            today = TOMORROW
        case "policy":
            full.write("ld.yml", (full.folder / "ld.yml").read_text(encoding="utf-8") + "# seen\n")
        case "settings":
            full.edit("sync.yml", "mail_host: mail.", "mail_host: mail2.")
    outcome = carry_out(full.order(today))
    assert not outcome.quick
    assert outcome.status is Status.FINE
    assert len(outcome.done) == (what == "list")


def test_drift_is_found_though_the_lists_are_as_they_were(full: Site) -> None:
    full.server.replace(full.person("S1").dn, {"title": ["Bộ trưởng"]})
    outcome = carry_out(full.order())
    assert [operation.label for operation in outcome.done] == ["annv@lamdong.gov.vn"]
    assert full.person("S1").value("title") == "Chuyên viên"


def test_a_directory_that_moves_by_itself_is_hashed_once_that_is_known(full: Site) -> None:
    """Logins move contextCSN; what is compared stays as it was."""
    full.server.moves += 1
    assert not carry_out(full.order()).quick  # takes the hash
    assert read(full.state).quiet
    reads = full.server.reads
    for _ in range(2):
        full.server.moves += 1
        assert carry_out(full.order()).quick
    assert full.server.reads == reads
    full.server.moves += 1
    full.server.replace(full.person("S1").dn, {"title": ["Bộ trưởng"]})
    assert len(carry_out(full.order()).done) == 1


def test_a_hash_that_others_wrote_into_is_not_taken(full: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = full.server.encoded

    def meanwhile(*arguments: Any) -> Iterator[bytes]:
        full.server.moves += 1
        yield from encoded(*arguments)

    monkeypatch.setattr(full.server, "encoded", meanwhile)
    full.server.moves += 1
    assert not carry_out(full.order()).quick
    quiet = read(full.state).quiet
    assert quiet is not None
    assert quiet.frames == ""


# --- What refuses, before the first write

BAD: Mapping[str, tuple[str, str, str]] = {
    "a missing column": ("qt/staff.csv", "surname", "sur name"),
    "a duplicate id": ("qt/staff.csv", "S2,", "S1,"),
    "a unit that is not there": ("qt/staff.csv", ",X1,", ",X9,"),
    "an empty file": ("qt/staff.csv", STAFF, ""),
    "a policy of another domain": ("sync.yml", "policy: qt.yml", "policy: ld.yml"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("filled", [False, True])
def test_a_bad_input_of_one_domain_refuses_all(case: str, filled: bool, site: Site) -> None:
    if filled:
        carry_out(site.order())
        site.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    before = (site.server.writes, kinds(site), (site.state / "memory.json").exists())
    name, old, new = BAD[case]
    site.edit(name, old, new)
    for act in (preview, carry_out):
        with pytest.raises(InputError) as caught:
            act(site.order())
        assert caught.value.exit_code == 2
    assert (site.server.writes, kinds(site), (site.state / "memory.json").exists()) == before


def test_problems_of_all_domains_are_told_at_once(site: Site) -> None:
    site.edit("ld/staff.csv", "S2,", "S1,")
    site.edit("qt/staff.csv", ",X1,", ",X9,")
    with pytest.raises(RegistryError, match="2 problems to settle") as caught:
        carry_out(site.order())
    assert "ld/staff.csv:3" in str(caught.value)
    assert "qt/staff.csv:3" in str(caught.value)


def test_a_brake_in_one_domain_stops_all_and_is_recorded(full: Site) -> None:
    full.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    full.write("qt/staff.csv", STAFF.replace("working", "left"))
    writes, kept = full.server.writes, read(full.state)
    outcome = carry_out(full.order())
    assert outcome.status is Status.REFUSED
    assert {(brake.code, brake.domain) for brake in outcome.brakes} == {("leavers", QUANGTRI)}
    assert full.server.writes == writes
    assert read(full.state) == kept
    *_, begin, refused, end = audited(full)
    assert [one["record"] for one in (begin, refused, end)] == ["begin", "refused", "end"]
    assert (refused["code"], end["status"]) == ("leavers", "refused")


def test_a_brake_is_overridden_for_one_run_and_the_reason_is_recorded(full: Site) -> None:
    full.write("qt/staff.csv", STAFF.replace("working", "left"))
    outcome = carry_out(full.order(allow=frozenset({"leavers"}), reason="giải thể"))
    assert (outcome.status, outcome.brakes, len(outcome.done)) == (Status.FINE, (), 3)
    assert [brake.code for brake in outcome.overridden] == ["leavers"]
    begin = [record for record in audited(full) if record["record"] == "begin"][-1]
    assert (begin["allowed"], begin["reason"]) == (["leavers"], "giải thể")


def test_another_brake_is_not_overridden(full: Site) -> None:
    full.write("qt/staff.csv", STAFF.replace("working", "left"))
    outcome = carry_out(full.order(allow=frozenset({"joins"}), reason="giải thể"))
    assert outcome.status is Status.REFUSED


@pytest.mark.parametrize(("allow", "reason"), [({"leavers"}, ""), ({"leavers"}, " "), (set(), "why")])
def test_an_override_needs_a_reason_and_a_reason_an_override(
    allow: set[str], reason: str, site: Site
) -> None:
    with pytest.raises(ValueError, match="with a reason"):
        Order(site.settings, TODAY, "tester", allow=frozenset(allow), reason=reason)


def test_a_list_that_was_cut_off_counts_no_absence(full: Site) -> None:
    full.write("ld/staff.csv", HEADING + staff(50))
    carry_out(full.order(allow=frozenset({"person", "leavers"}), reason="another list"))
    full.write("ld/staff.csv", HEADING + staff(20))
    for days in range(1, 5):
        outcome = carry_out(full.order(TODAY + timedelta(days=days)))
        assert [brake.code for brake in outcome.brakes] == ["leavers", "unit-leavers"]
    assert read(full.state).domain(LAMDONG).absences == {}


def test_another_directory_is_refused(full: Site) -> None:
    full.server.uuid = "22222222-2222-2222-2222-222222222222"
    outcome = carry_out(full.order())
    assert [brake.code for brake in outcome.brakes] == ["directory"]
    assert carry_out(full.order(allow=frozenset({"directory"}), reason="built anew")).status is Status.FINE
    assert carry_out(full.order()).status is Status.FINE


def test_a_directory_that_went_back_is_refused_though_it_holds_the_same(full: Site) -> None:
    full.server.moves += 2
    carry_out(full.order())  # takes the hash
    full.server.moves -= 1
    assert [brake.code for brake in carry_out(full.order()).brakes] == ["directory"]


def test_a_damaged_memory_stops_the_run(full: Site) -> None:
    (full.state / "memory.json").write_text("{", encoding="utf-8")
    for act in (preview, carry_out):
        with pytest.raises(SystemFailure, match=r"memory\.json: is damaged"):
            act(full.order())


# --- Absences


def test_an_absence_counts_once_a_day_for_the_same_list(full: Site) -> None:
    full.edit("ld/staff.csv", LAST, "")
    for verify in (False, False, True):
        assert carry_out(full.order(verify=verify)).status is Status.FINE
    assert read(full.state).domain(LAMDONG).absences == {"people/S3": 1}
    assert full.person("S3").value("congvuState") == "initial"
    assert [one.label for one in carry_out(full.order(TOMORROW)).done] == ["anhttn@lamdong.gov.vn"]
    assert full.person("S3").value("congvuState") == "revoked"
    assert read(full.state).domain(LAMDONG).absences == {}


def test_another_list_on_the_same_day_is_another_run(full: Site) -> None:
    full.edit("ld/staff.csv", LAST, "")
    carry_out(full.order())
    full.edit("qt/staff.csv", "Chuyên viên", "Phó phòng")  # another domain's list says nothing here
    carry_out(full.order())
    assert full.person("S3").value("congvuState") == "initial"
    full.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    carry_out(full.order())
    assert full.person("S3").value("congvuState") == "revoked"


def test_a_row_that_is_back_ends_the_absence(full: Site) -> None:
    full.edit("ld/staff.csv", LAST, "")
    carry_out(full.order())
    full.write("ld/staff.csv", STAFF)
    carry_out(full.order(TOMORROW))
    assert read(full.state).domain(LAMDONG).absences == {}
    full.edit("ld/staff.csv", LAST, "")
    carry_out(full.order(TOMORROW))
    assert full.person("S3").value("congvuState") == "initial"


@pytest.mark.parametrize("how", ["scope", "refused", "stopped", "gone"])
def test_a_run_that_did_not_finish_counts_no_absence(how: str, full: Site) -> None:
    full.edit("ld/staff.csv", LAST, "")
    full.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    match how:
        case "scope":
            carry_out(full.order(units=frozenset({"X1"})))
            carry_out(full.order(domains=frozenset({QUANGTRI})))
        case "refused":
            full.server.refuses.add(full.person("S1").dn)
            assert carry_out(full.order()).status is Status.PENDING
        case "stopped":
            stop = Hasty()
            stop.set()
            assert carry_out(full.order(), stop=stop).status is Status.FAILED
        case "gone":
            full.server.breaks_after = 0
            with pytest.raises(DirectoryFailure):
                carry_out(full.order(), stop=Hasty())
    assert read(full.state).domain(LAMDONG).absences == {}


# --- Failures


def test_a_refused_operation_is_told_and_tried_again(full: Site) -> None:
    full.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    full.edit("qt/staff.csv", "Chuyên viên", "Phó phòng")
    full.server.refuses.add(full.person("S1").dn)
    outcome = carry_out(full.order())
    assert outcome.status is Status.PENDING
    assert [operation.domain for operation in outcome.done] == [QUANGTRI]
    assert "constraintViolation" in outcome.failures[0]
    full.server.refuses.clear()
    outcome = carry_out(full.order())
    assert (outcome.status, len(outcome.done)) == (Status.FINE, 1)


@pytest.mark.parametrize("after", range(18))
def test_a_directory_that_goes_away_is_status_3_and_the_next_run_goes_on(after: int, site: Site) -> None:
    site.server.breaks_after = after
    with pytest.raises(DirectoryFailure, match=rf"{after} of 18 operations are done") as caught:
        carry_out(site.order(), stop=Hasty())
    assert caught.value.exit_code == 3
    assert audited(site)[-1]["status"] == "failed"
    site.server.breaks_after = -1
    assert len(carry_out(site.order()).done) == 18 - after
    assert carry_out(site.order()).done == ()


def test_a_run_that_is_stopped_ends_between_two_operations(site: Site) -> None:
    stop = Hasty()
    outcome = carry_out(site.order(), lambda *_: stop.set(), stop=stop)
    assert outcome.status is Status.FAILED
    assert 0 < len(outcome.done) < 18
    assert outcome.left == 18 - len(outcome.done)
    assert audited(site)[-1]["status"] == "failed"
    assert carry_out(site.order()).status is Status.FINE
    assert carry_out(site.order()).done == ()


def test_an_operation_is_in_the_audit_log_before_it_is_sent(site: Site) -> None:
    seen: list[int] = []
    write = site.server.write

    def watched(planned: Any) -> Any:
        operations = list(planned)
        told = {record["dn"] for record in audited(site) if record["record"] == "intended"}
        assert {operation.dn for operation in operations} <= told
        seen.append(len(operations))
        return write(operations)

    site.server.write = watched  # type: ignore[method-assign]
    carry_out(site.order())
    assert sum(seen) == 18


def test_a_cut_run_is_not_taken_for_a_quiet_one(full: Site) -> None:
    """Killed between its first write and its end: the next run compares, whatever contextCSN says."""
    full.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    full.server.breaks_after = 0
    with pytest.raises(CongvuError):
        carry_out(full.order(), stop=Hasty())
    full.edit("ld/staff.csv", "Phó phòng", "Chuyên viên")
    full.server.breaks_after = -1
    assert not carry_out(full.order()).quick


def test_a_first_load_that_was_cut_off_is_a_first_load_still(site: Site) -> None:
    """The accounts that it made are few beside those that are left, and no brake keeps these out."""
    for policy in ("ld.yml", "qt.yml"):
        site.edit(policy, "version: 1\n", "version: 1\nsync: {joins: {most: 1, percent: 0}}\n")
    for _ in range(2):
        stop = Hasty()

        def step(what: str, done: int, of: int, stop: Hasty = stop) -> None:  # noqa: ARG001
            if done == 6:
                stop.set()

        outcome = carry_out(site.order(), step, stop=stop)
        assert (outcome.brakes, outcome.status) == ((), Status.FAILED)
        assert outcome.done
    assert carry_out(site.order()).done
    site.edit("ld/staff.csv", LAST, LAST + LAST.replace("S3", "S8") + LAST.replace("S3", "S9"))
    assert [brake.code for brake in carry_out(site.order()).brakes] == ["joins"]


# --- Scope


def test_a_scope_writes_its_part_and_leaves_the_rest_pending(site: Site) -> None:
    outcome = carry_out(site.order(domains=frozenset({QUANGTRI})))
    assert {operation.domain for operation in outcome.done} == {QUANGTRI}
    outcome = carry_out(site.order(units=frozenset({"X1"})))
    assert [operation.entry.value("uid") for operation in outcome.done if operation.entry.managed] == [
        "X1",
        "S2",
    ]
    assert not preview(site.order()).quick
    assert len(carry_out(site.order()).done) == 18 - 9 - 5


def test_a_domain_that_the_settings_do_not_have_is_an_error(site: Site) -> None:
    with pytest.raises(InputError, match=r"there is no mail domain 'quangtri\.vn'.*did you mean"):
        carry_out(site.order(domains=frozenset({"quangtri.vn"})))


@pytest.mark.parametrize("unit", ["X9", "x1", ""])
def test_a_unit_that_is_nowhere_is_an_error(unit: str, site: Site) -> None:
    with pytest.raises(InputError, match=rf"there is no unit '{unit}' in the lists"):
        carry_out(site.order(units=frozenset({unit})))


def test_a_folder_that_may_not_be_entered_is_an_error(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", "ld/units.csv")

    monkeypatch.setattr(look, "digest_of", closed)
    with pytest.raises(InputError, match=r"ld/units\.csv: cannot be read: Permission denied"):
        carry_out(site.order())


def test_a_scope_is_recorded(site: Site) -> None:
    carry_out(site.order(domains=frozenset({QUANGTRI})))
    assert audited(site)[0]["limits"] == {"domains": [QUANGTRI]}


def test_all_domains_are_checked_whatever_the_scope(site: Site) -> None:
    site.edit("ld/staff.csv", "S2,", "S1,")
    with pytest.raises(RegistryError):
        carry_out(site.order(domains=frozenset({QUANGTRI})))


# --- What others are told


def test_metrics_say_how_a_run_ended(full: Site) -> None:
    full.edit("sync.yml", "state: state", "state: state\nmetrics: sync.prom")

    def status() -> str:
        text = (full.folder / "sync.prom").read_text(encoding="utf-8")
        return next(line for line in text.splitlines() if line.startswith("congvu_sync_status "))[-1]

    carry_out(full.order())
    assert status() == "0"
    carry_out(full.order())  # a quick one
    assert status() == "0"
    full.write("qt/staff.csv", STAFF.replace("working", "left"))
    carry_out(full.order())
    assert status() == "2"
    full.write("qt/staff.csv", "")
    with pytest.raises(InputError):
        carry_out(full.order())
    assert status() == "2"
    full.write("qt/staff.csv", STAFF.replace("Chuyên viên", "Phó phòng"))
    full.server.breaks_after = 0
    with pytest.raises(DirectoryFailure):
        carry_out(full.order(), stop=Hasty())
    assert status() == "3"


def test_the_feed_is_written_and_told_to_the_audit_log(site: Site) -> None:
    site.edit("sync.yml", "state: state", "state: state\nfeed: feed")
    carry_out(site.order())
    assert {path.suffix for path in (site.folder / "feed" / LAMDONG).iterdir()} == {".csv", ".ldif"}
    assert "fed" in kinds(site)


def test_what_a_dead_run_did_is_in_the_next_feed(site: Site) -> None:
    site.edit("sync.yml", "state: state", "state: state\nfeed: feed")
    site.server.breaks_after = 7
    with pytest.raises(DirectoryFailure):
        carry_out(site.order(), stop=Hasty())
    assert not (site.folder / "feed").exists()
    site.server.breaks_after = -1
    carry_out(site.order())
    (table,) = (site.folder / "feed" / LAMDONG).glob("*.csv")
    assert len(table.read_text(encoding="utf-8-sig").splitlines()) == 1 + 6


@pytest.fixture
def issuing(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site that hands initial passwords over, with a channel that delivers nothing."""
    (site.folder / "operator.pem").write_text("-", encoding="utf-8")
    site.edit(
        "sync.yml", "state: state", "state: state\nhandover: {certificate: operator.pem, folder: sheets}"
    )
    monkeypatch.setattr(EncryptedFile, "deliver", lambda *_: "sheet-1")
    search = site.server.search

    def found(base: str, filter_: str, attributes: Any) -> Any:
        if "pwdChangedTime" not in filter_:
            return search(base, filter_, attributes)
        open_ = (entry for entry in site.server.entries.values() if entry.kind == "people")
        return iter([entry for entry in open_ if not entry.values("userPassword")])

    monkeypatch.setattr(site.server, "search", found)
    return site


def test_initial_passwords_are_issued_once_in_the_domains_asked_for(issuing: Site) -> None:
    outcome = carry_out(issuing.order(domains=frozenset({LAMDONG})))
    assert (outcome.passwords, outcome.sheets, outcome.status) == (3, ("sheet-1",), Status.FINE)
    carry_out(issuing.order(domains=frozenset({QUANGTRI}), units=frozenset({"X1"})))
    assert issuing.person("S2", "quangtri").values("userPassword") == ()
    before = issuing.person("S1").value("userPassword")
    assert carry_out(issuing.order()).passwords == 3
    assert issuing.person("S1").value("userPassword") == before


def test_accounts_are_made_though_their_passwords_cannot_go_out(
    issuing: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> str:
        raise InputError("the operator's certificate is over")

    monkeypatch.setattr(EncryptedFile, "deliver", refused)
    outcome = carry_out(issuing.order())
    assert (outcome.status, len(outcome.done)) == (Status.PENDING, 18)
    assert outcome.failures == ("the operator's certificate is over",)
    assert not preview(issuing.order()).quick


def test_progress_is_told_of_every_operation(site: Site) -> None:
    told: list[tuple[str, int, int]] = []
    carry_out(site.order(), lambda *step: told.append(step))
    assert [done for _, done, _ in told] == list(range(1, 19))
    assert {total for _, _, total in told} == {18}
    assert {what for what, _, _ in told} == {LAMDONG, QUANGTRI}


def test_the_folder_of_state_is_nobody_elses(full: Site) -> None:
    assert full.state.stat().st_mode & 0o777 == 0o700


def test_a_first_load_of_any_size_goes_through(site: Site) -> None:
    site.write("ld/staff.csv", HEADING + staff(300))
    assert carry_out(site.order()).status is Status.FINE
    site.write("ld/staff.csv", HEADING + staff(600))
    outcome = carry_out(site.order())
    assert [brake.code for brake in outcome.brakes] == ["joins"]


def test_a_directory_that_cannot_be_reached_is_status_3(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise Unreachable("nobody is there", where="ldaps://192.0.2.1")

    monkeypatch.setattr(site.server, "base_uuid", gone)
    for act in (preview, carry_out):
        with pytest.raises(DirectoryFailure, match="no connection"):
            act(site.order())


@pytest.fixture
def forgiving(full: Site) -> Site:
    """Policy and mapping of one domain let the rest go on without the units of bad rows."""
    full.write("ld.yml", (full.folder / "ld.yml").read_text(encoding="utf-8") + "sync: {quarantine: true}\n")
    lists = "quarantine: unit\nunits: [{file: units.csv}]\nstaff: [{file: staff.csv}]\n"
    full.write("ld/registry.yml", f"version: 1\n{lists}")
    full.edit("sync.yml", "registry: ld}", "registry: ld, quarantine: aside.csv}")
    return full


def test_rows_that_were_set_aside_are_listed_wait_and_are_not_absent(forgiving: Site) -> None:
    before = forgiving.person("S2")
    forgiving.edit("ld/staff.csv", "2014-05-01", "2014-13-01")
    forgiving.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    for day, done in ((TODAY, 1), (TOMORROW, 0), (TOMORROW + timedelta(days=1), 0)):
        outcome = carry_out(forgiving.order(day))
        assert (outcome.status, len(outcome.done)) == (Status.PENDING, done)
    assert forgiving.person("S2") == before
    assert "staff.csv:3" in (forgiving.folder / "aside.csv").read_text(encoding="utf-8-sig")
    assert not preview(forgiving.order(TOMORROW + timedelta(days=1))).quick
    forgiving.edit("ld/staff.csv", "2014-13-01", "2014-05-01")
    assert carry_out(forgiving.order(TOMORROW)).status is Status.FINE
    assert len((forgiving.folder / "aside.csv").read_text(encoding="utf-8-sig").splitlines()) == 1
