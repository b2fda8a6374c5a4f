"""`congvu audit`: what a person checks and reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from congvu.cli import cli
from congvu.directory.operations import Event, Operation
from congvu.errors import CongvuError, InputError
from congvu.sync.audit import AuditLog
from congvu.sync.chain import files_of
from congvu.sync.job import Status
from tests.unit.audited import BEGINNING, DOMAIN, Clock, change, join, run, tree
from tests.unit.helpers import ROOT


def call(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, ["audit", *map(str, arguments)])
    if isinstance(result.exception, CongvuError):
        raise result.exception
    return result


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "audit"
    run(folder, "run-1", join(1), join(2, cn="Trần Thị Ánh\x1b[31m [bold]"))
    run(folder, "run-2", change(1, Event.MOVE, departmentNumber="A2", title=""))
    with AuditLog(folder, "run-3", "lan", clock=Clock()) as audit:
        audit.begin(BEGINNING, tree())
        operations: list[Operation] = [change(2, Event.LEAVE, congvuState="revoked"), join(3)]
        audit.intend(operations)
        audit.settled(operations[0], "busy")
        account = {"dn": join(1).dn, "label": join(1).label}
        audit.tell("sheet", [{"domain": DOMAIN, "sheet": "n-1", "place": "/x", "accounts": [account]}])
        audit.tell("password", [{"sheet": "n-1", **account, "outcome": "done", "failure": ""}])
        audit.end(Status.PENDING, {"left": 1})
    return folder


def test_a_log_as_it_was_written_is_fine(log: Path) -> None:
    result = call("verify", log)
    assert result.exit_code == 0
    assert "every record is as it was written, up to 19:" in result.output


def test_a_changed_record_is_named_with_file_and_line(log: Path) -> None:
    (path,) = files_of(log)
    path.write_bytes(path.read_bytes().replace(b'"departmentNumber":["A2"]', b'"departmentNumber":["A3"]'))
    result = call("verify", log)
    assert result.exit_code == 1
    assert result.output.startswith(f"{path}:9: record 9 was changed")
    with pytest.raises(InputError, match="changed"):
        call("head", log)


def test_a_cut_tail_shows_against_the_head_beside_the_log_and_against_one_kept_elsewhere(log: Path) -> None:
    head = call("head", log).output.strip()
    assert call("verify", log, "--head", head).exit_code == 0
    (path,) = files_of(log)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-3]))
    result = call("verify", log)
    assert result.exit_code == 1
    assert "the end was cut off" in result.output
    (log / "head.json").unlink()
    assert call("verify", log).exit_code == 0
    assert call("verify", log, "--head", head).exit_code == 1


def test_the_rest_of_an_archived_log_is_checked_from_its_head(log: Path) -> None:
    (path,) = files_of(log)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:7]))
    (log / "head.json").unlink()
    head = call("head", log).output.strip()
    path.write_bytes(b"".join(lines[7:]))
    assert call("verify", log).exit_code == 1
    assert call("verify", log, "--from", head).exit_code == 0


def test_the_folder_may_come_from_the_settings(log: Path, tmp_path: Path) -> None:
    policy = ROOT / "inventory/policy/lamdong.gov.vn.yml"
    settings = tmp_path / "sync.yml"
    settings.write_text(f"""\
version: 1
directory:
  providers: [{{uri: ldaps://a.lamdong.gov.vn}}]
  bind_dn: cn=sync,ou=services,dc=gov,dc=vn
  password_file: password
  base: dc=gov,dc=vn
mail_host: mail.lamdong.gov.vn
state: {tmp_path}
domains:
  lamdong.gov.vn: {{policy: {policy}, registry: registry}}
""")
    assert call("verify", "--settings", settings).exit_code == 0
    with pytest.raises(InputError, match="--settings"):
        call("verify", log, "--settings", settings)


@pytest.mark.parametrize("command", ["verify", "head", "show"])
def test_what_is_no_log_is_refused(tmp_path: Path, command: str) -> None:
    with pytest.raises(InputError, match="no such folder"):
        call(command, tmp_path / "nowhere")
    with pytest.raises(InputError, match="no audit log"):
        call(command, tmp_path)
    with pytest.raises(InputError, match="name the log"):
        call(command)


def test_a_person_reads_what_happened_and_why(log: Path) -> None:
    text = call("show", log).output
    assert "✓ join annv1@lamdong.gov.vn Nguyễn Văn An uid=S1" in text
    assert "is new; staff.csv:1; LD-5.2; 12/QĐ-SNV" in text
    assert "departmentNumber: A1 → A2" in text
    assert "title: Chuyên viên → –" in text
    assert "✗ busy leave" in text
    assert "? join annv3@" in text
    assert "2026-11-23 00:00:02" in text
    assert "✓ password annv1@lamdong.gov.vn sheet n-1" in text


def test_nothing_in_it_steers_the_terminal(log: Path) -> None:
    text = call("show", log).output
    assert "Trần Thị Ánh\\u001b[31m [bold]" in text
    assert "\x1b" not in text


CHOICES: tuple[tuple[tuple[str, ...], set[str]], ...] = (
    (("--who", "LAN"), {"begin", "sheet", "password", "end", "leave", "join3"}),
    (("--dn", "UID=S1, ou=people,dc=lamdong,dc=gov,dc=vn"), {"join1", "move", "sheet", "password"}),
    (("--address", "ANNV2@lamdong.gov.vn"), {"join2", "leave"}),
    (("--run", "run-2"), {"begin", "move", "fed", "end"}),
    (("--event", "join"), {"join1", "join2", "join3"}),
    (("--event", "join", "--run", "run-3"), {"join3"}),
    (("--since", "2026-11-24"), set()),
)


@pytest.mark.parametrize(("options", "expected"), CHOICES)
def test_options_choose(log: Path, options: tuple[str, ...], expected: set[str]) -> None:
    found = [json.loads(line) for line in call("show", log, "--json", *options).output.splitlines()]
    names = set()
    for record in found:
        event = record.get("event", record["record"])
        names.add(event + record["key"].removeprefix("people/S") if event == "join" else event)
    assert names == expected


def test_since_a_day_counts_in_vietnams_time(log: Path) -> None:
    whole = call("show", log, "--json").output
    assert call("show", log, "--json", "--since", "2026-11-23").output == whole
    with pytest.raises(InputError, match="not a day"):
        call("show", log, "--since", "22/11/2026")


def test_machines_get_each_operation_with_its_outcome(log: Path) -> None:
    found = [json.loads(line) for line in call("show", log, "--json", "--event", "leave").output.splitlines()]
    assert [(one["outcome"], one["failure"]) for one in found] == [("failed", "busy")]
    (open_,) = (
        json.loads(line)
        for line in call("show", log, "--json", "--run", "run-3", "--event", "join").output.splitlines()
    )
    assert "outcome" not in open_
