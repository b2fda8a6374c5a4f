"""`congvu sync` from the outside: statuses, what is shown, and nothing written when anything is wrong."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.text import Text

from congvu.cli import main, watching
from congvu.cli import sync as cli
from congvu.directory.operations import Operation
from congvu.sync import show
from congvu.sync.job import Outcome, Status
from congvu.sync.run import carry_out
from tests.unit.helpers import ROOT, STAFF
from tests.unit.site import HEADING, Site, staff

LAMDONG, QUANGTRI = "lamdong.gov.vn", "quangtri.gov.vn"


class Session(Site):
    """A site, and the command line."""

    def __call__(self, verb: str, *arguments: str) -> Result:
        return CliRunner().invoke(cli.sync, [verb, "--settings", str(self.path), *arguments])

    def main(self, verb: str, *arguments: str) -> int:
        """The exit status of the whole program, errors made messages."""
        try:
            main(["sync", verb, "--settings", str(self.path), *arguments])
        except SystemExit as end:
            return int(end.code or 0)
        return 0


@pytest.fixture
def congvu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("COLUMNS", "400")
    return Session(tmp_path, monkeypatch)


@pytest.fixture
def full(congvu: Session) -> Session:
    """The directory is as the lists say."""
    assert congvu("run").exit_code == 0
    return congvu


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "error: /x: Permission denied (check"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    ],
)
def test_a_fault_of_the_program_is_not_done_with_findings(
    fault: Exception,
    told: str,
    congvu: Session,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(_: object) -> None:
        raise fault

    monkeypatch.setattr("congvu.sync.run.preview", fail)
    assert congvu.main("plan") == 3
    assert told in capfd.readouterr().err


def last(result: Result) -> str:
    return result.stdout.splitlines()[-1]


# --- plan


def test_plan_shows_domain_unit_and_operation_and_writes_nothing(congvu: Session) -> None:
    result = congvu("plan")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{LAMDONG}: 6 to add, 0 to change, 0 unchanged (")
    assert "join 3" in lines[0]
    assert "  structure +3 ~0" in lines
    assert "  A1 Sở Khoa học và Công nghệ +2 ~0" in lines
    row = next(line for line in lines if "annv@lamdong.gov.vn" in line)
    assert row.startswith("    + annv@lamdong.gov.vn (join; ")
    assert "staff.csv:2; LD-5.2" in row
    assert congvu.server.writes == 0
    assert not congvu.state.exists()


def test_plan_shows_the_first_lines_and_all_shows_all(
    congvu: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show, "FIRST_UNITS", 1)
    monkeypatch.setattr(show, "FIRST_LINES", 1)
    congvu.write("ld/staff.csv", HEADING + staff(9) + staff(5, first=20, unit="A2"))
    few = congvu("plan", "--domain", LAMDONG).stdout
    assert "    … and 9 more (--all shows them)" in few  # of A1
    assert "  … and 7 operations in 2 more units (--all shows them)" in few
    every = congvu("plan", "--domain", LAMDONG, "--all").stdout
    assert "more" not in every
    assert every.count("    + ") == 3 + 3 + 14


def test_a_change_is_shown_with_before_after_and_reason(full: Session) -> None:
    full.edit("ld/staff.csv", "02,working", "02,left")
    output = full("plan").stdout
    assert "~ annv@lamdong.gov.vn: congvuState initial → revoked, congvuEnded – → " in output
    assert "password removed (leave; left; " in output
    assert "LD-7.2c" in output


def test_a_name_steers_no_terminal_and_is_no_markup() -> None:
    outcome = Outcome(Status.PENDING, "r", findings=("[bold]x\x1b[2J",))
    (line,) = show.lines(outcome, everything=False)
    assert Text.from_markup(line).plain == "  note [bold]x\\u001b[2J"


def test_nothing_to_do_is_said(full: Session) -> None:
    assert full("plan").exit_code == 0
    full("run")
    quick = full("plan")
    assert (quick.exit_code, quick.stdout) == (
        0,
        "nothing to do: neither the lists nor the directory have moved since the last run\n",
    )
    assert "6 unchanged" in full("plan", "--verify").stdout


def test_the_json_plan_holds_every_operation(congvu: Session) -> None:
    result = congvu("plan", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert set(found) == {
        *("version", "status", "run_id", "nothing_moved", "domains", "brakes", "overridden", "findings"),
        *("doubts", "done", "failures", "left"),
    }
    assert (found["status"], found["done"]) == ("pending", 0)
    first = found["domains"][0]
    assert (first["domain"], first["added"], len(first["operations"])) == (LAMDONG, 6, 9)
    assert first["operations"][-1]["attributes"]["cn"] == ["Trần Thị Ngọc Ánh"]
    text = (ROOT / "docs/sync.md").read_text(encoding="utf-8")
    guide = text[text.index("## JSON") :]
    for key in {*found, *first, *first["operations"][0]} - {"version", "run_id"}:
        assert f"`{key}" in guide, key


def test_a_plan_is_saved_and_applied(congvu: Session) -> None:
    plan, changes = congvu.folder / "plan.json", congvu.folder / "plan.ldif"
    assert congvu("plan", "--out", str(plan), "--ldif", str(changes)).exit_code == 1
    assert "dn: dc=lamdong,dc=gov,dc=vn\n" in changes.read_text(encoding="utf-8")
    assert congvu.main("apply", str(plan), "--domain", LAMDONG) == 2
    assert congvu.server.writes == 0
    assert congvu("apply", str(plan)).exit_code == 0
    assert congvu.server.writes == 18
    congvu.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    assert congvu.main("apply", str(plan)) == 2


def test_no_plan_is_saved_while_a_brake_holds(full: Session) -> None:
    full.write("ld/staff.csv", STAFF.replace("working", "left"))
    plan = full.folder / "plan.json"
    result = full("plan", "--out", str(plan), "--ldif", str(plan))
    assert result.exit_code == 2
    assert "refused leavers: lamdong.gov.vn: 3 of 6 accounts would end" in result.stderr
    assert "--allow leavers --reason … overrides it" in result.stderr
    assert not plan.exists()


# --- apply and run


def test_apply_does_what_plan_showed_and_then_nothing_is_pending(congvu: Session) -> None:
    applied = congvu("apply", "--all")
    assert applied.exit_code == 0
    assert "+ annv@lamdong.gov.vn" in applied.stdout
    assert "quangtri.gov.vn: 6 added, 0 changed, 0 unchanged" in applied.stdout
    assert last(applied).endswith(": 18 operations done")
    assert congvu.server.writes == 18
    assert congvu("plan").exit_code == 0


def test_run_is_a_line_for_each_domain_and_one_for_all(full: Session) -> None:
    full.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    lines = full("run").stdout.splitlines()
    assert lines[:2] == [
        "lamdong.gov.vn: 0 added, 1 changed, 5 unchanged",
        "quangtri.gov.vn: 0 added, 0 changed, 6 unchanged",
    ]
    assert len(lines) == 3
    assert lines[2].endswith(": 1 operations done")
    full("run")
    assert last(full("run")).endswith(": nothing has moved")


def test_a_log_shows_progress_and_run_does_not(congvu: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LINE_EVERY", 9)
    assert f"{QUANGTRI}: 18 of 18" in congvu("apply").stderr.splitlines()
    congvu.edit("ld/staff.csv", "S3,", "S4,")
    monkeypatch.setattr(watching, "LINE_EVERY", 1)
    assert " of " not in congvu("run").stderr.replace("row for the", "")


def test_apply_prints_json_and_nothing_else(congvu: Session) -> None:
    found = json.loads(congvu("apply", "--json").stdout)
    assert (found["status"], found["done"]) == ("fine", 18)


def test_a_special_quota_shows_author_reason_and_document_in_plan_and_audit_log(full: Session) -> None:
    full.edit("sync.yml", "registry: ld", "registry: ld, overrides: o.yml")
    full.write(
        "o.yml",
        "version: 1\npeople: {S1: {author: Lê Na, reason: bản vẽ lớn, document: 12/SXD, set: {quota: 5G}}}\n",
    )
    shown = full("plan").stdout
    assert "mailbox 2G → 5G: bản vẽ lớn" in shown
    assert "(Lê Na: bản vẽ lớn; 12/SXD)" in shown
    domain, _ = json.loads(full("plan", "--json").stdout)["domains"]
    (operation,) = domain["operations"]
    assert (operation["event"], operation["clause"], operation["document"]) == ("quota", "LD-6.1", "12/SXD")
    assert operation["reason"] == "mailbox 2G → 5G: bản vẽ lớn"
    assert operation["place"].endswith("o.yml:2 (Lê Na: bản vẽ lớn; 12/SXD)")
    full("run")
    log = "".join(path.read_text(encoding="utf-8") for path in full.folder.glob("state/audit/*.jsonl"))
    (record,) = [one for one in map(json.loads, log.splitlines()) if one.get("event") == "quota"]
    assert record["document"] == "12/SXD"
    assert "Lê Na: bản vẽ lớn" in record["place"]


def test_a_vanished_row_is_noted_in_journal_and_plan(full: Session) -> None:
    full.edit("ld/staff.csv", STAFF.splitlines()[3] + "\n", "")
    result = full("run")
    assert result.exit_code == 0
    assert "lamdong.gov.vn: note: uid=S3,ou=people,dc=lamdong,dc=gov,dc=vn" in result.stderr
    assert "note uid=S3" in full("plan", "--verify").stdout


def test_the_journal_has_the_first_notes_only(full: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show, "FIRST_NOTES", 1)
    full.write("ld/staff.csv", "\n".join(STAFF.splitlines()[:2]) + "\n")
    notes = full("run").stderr.splitlines()
    assert sum("has no row" in line for line in notes) == 1
    assert "… and 1 more ('congvu sync plan --verify --all' shows them)" in notes


def test_a_brake_is_status_2_and_an_override_is_shown(full: Session) -> None:
    full.write("ld/staff.csv", STAFF.replace("working", "left"))
    writes = full.server.writes
    for verb in ("apply", "run"):
        result = full(verb)
        assert result.exit_code == 2
        assert "refused leavers" in result.stderr
        assert "nothing was written" in result.stderr
        assert last(result).endswith("refused, 1 brakes; nothing was written")
    assert full.server.writes == writes
    result = full("apply", "--allow", "leavers", "--reason", "giải thể")
    assert result.exit_code == 0
    assert "allowed leavers: lamdong.gov.vn: 3 of 6" in result.stdout


@pytest.mark.parametrize(
    "words", [("--allow", "leavers"), ("--reason", "why"), ("--allow", "leaver", "--reason", "x")]
)
def test_an_override_that_is_not_whole_is_status_2(words: Sequence[str], congvu: Session) -> None:
    assert congvu.main("run", *words) == 2
    assert congvu.server.writes == 0


def test_what_the_directory_refuses_is_status_1(full: Session) -> None:
    full.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    full.server.refuses.add(full.person("S1").dn)
    result = full("run")
    assert result.exit_code == 1
    assert "failed uid=S1,ou=people,dc=lamdong,dc=gov,dc=vn: constraintViolation" in result.stderr
    assert last(result).endswith(": 0 operations done, 1 refused")


def test_sigterm_ends_a_run_between_two_operations(congvu: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    settled = type(congvu.server).write

    def write(planned: Sequence[Operation]) -> Any:
        for answer in settled(congvu.server, planned):
            os.kill(os.getpid(), signal.SIGTERM)
            yield answer

    monkeypatch.setattr(congvu.server, "write", write)
    result = congvu("run")
    assert result.exit_code == 3
    assert "stopped with" in result.stderr
    assert "the next run goes on" in result.stderr
    assert 0 < congvu.server.writes < 18
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_scope_is_passed_on(congvu: Session) -> None:
    congvu("run", "--domain", QUANGTRI)
    assert congvu.server.writes == 9
    congvu("run", "--domain", LAMDONG, "--unit", "X1")
    assert congvu.server.writes == 9 + 5


def test_who_runs_it_is_recorded(congvu: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "lan")
    congvu("run")
    (log,) = (congvu.state / "audit").glob("*.jsonl")
    assert json.loads(log.read_text(encoding="utf-8").splitlines()[0])["author"] == "lan"


# Bad input in the *second* domain: status 2, one message, not a single write, not even in the first.
BAD = {
    "missing column": ("qt/staff.csv", "surname", "sur name", "staff.csv:1: column 'surname': is missing"),
    "duplicate staff id": (
        "qt/staff.csv",
        "S2,",
        "S1,",
        "staff.csv:3: column 'staff_id': 'S1' stands also in row 2",
    ),
    "name without an address": ("qt/staff.csv", "Ngô", "И", "staff.csv:3: 'И' (U+0418"),
    "settings key": ("sync.yml", "mail_host", "mail_hots", "sync.yml:7: mail_hots: unknown key"),
    "policy of another domain": ("sync.yml", "policy: qt", "policy: ld", "is for lamdong.gov.vn"),
    "policy that is not there": ("sync.yml", "policy: qt", "policy: none", "cannot be read: No such file"),
}


@pytest.mark.parametrize("verb", ["plan", "apply", "run"])
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_status_2_and_nothing_is_written_anywhere(
    case: str, verb: str, congvu: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    name, old, new, words = BAD[case]
    congvu.edit(name, old, new)
    assert congvu.main(verb) == 2
    assert words in capsys.readouterr().err
    assert congvu.server.writes == 0


def test_problems_of_all_domains_are_told_at_once(
    congvu: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    congvu.edit("ld/staff.csv", "S2,", "S1,")
    congvu.edit("qt/staff.csv", ",X1,", ",X9,")
    assert congvu.main("plan") == 2
    message = capsys.readouterr().err
    assert "2 problems to settle; nothing was changed anywhere" in message
    assert "ld/staff.csv:3" in message
    assert "qt/staff.csv:3" in message


# --- decide


@pytest.fixture
def doubtful(full: Session) -> Session:
    """A list without ids, and in it somebody whose name is near that of an account."""
    full.edit("sync.yml", "registry: ld}", "registry: ld, identity: match}")
    head, *rows = (line.partition(",")[2] for line in STAFF.splitlines())
    full.write("ld/staff.csv", "\n".join([head, *rows]).replace("Văn,An", "Văn,Am") + "\n")
    return full


def test_doubts_are_listed_and_wait(doubtful: Session) -> None:
    listed = doubtful("decide")
    assert listed.exit_code == 1
    (line,) = listed.stdout.splitlines()
    assert "staff.csv:2: " in line
    result = doubtful("run")
    assert result.exit_code == 1
    assert f"{LAMDONG}: in doubt: " in result.stderr
    assert "1 in doubt" in last(result)
    assert "in doubt" in doubtful("plan").stdout


def test_a_decision_is_remembered(doubtful: Session) -> None:
    doubt = doubtful("decide").stdout.split(": ")[1]
    writes = doubtful.server.writes
    for words in (("nobody", "new"), (doubt, "maybe", "--reason", "x"), (doubt, "same:S1"), (doubt,)):
        assert doubtful.main("decide", *words) == 2
    decided = doubtful("decide", doubt, "same:S1", "--author", "lan", "--reason", "called her")
    assert (decided.exit_code, decided.stdout) == (0, f"{doubt}: same, S1\n")
    assert doubtful("decide").exit_code == 0
    assert doubtful.server.writes == writes
    assert doubtful("run").exit_code == 0
    assert doubtful.person("S1").value("cn") == "Nguyễn Văn Am"


# --- the rest


def test_the_launcher_passes_options_and_status_on(tmp_path: Path) -> None:
    command = [str(ROOT / "scripts/sync-directory"), "--settings", str(tmp_path / "none.yml")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 2
    assert "none.yml: cannot be read: No such file" in result.stderr


def test_what_the_command_line_does_the_library_does(congvu: Session) -> None:
    carry_out(congvu.order())
    assert last(congvu("apply")).endswith(": 0 operations done")
