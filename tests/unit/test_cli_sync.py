"""`congvu sync` from the outside: exit statuses, and nothing written when anything is wrong."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from congvu.cli import main
from congvu.cli.sync import sync
from congvu.directory.connection import Directory
from tests.unit.helpers import ROOT, STAFF, UNITS, Tree

SETTINGS = f"""\
version: 1
directory:
  uri: ldaps://192.0.2.1
  bind_dn: cn=sync,ou=services,dc=gov,dc=vn
  password_file: sync.password
  base: dc=gov,dc=vn
mail_host: mail.lamdong.gov.vn
domains:
  lamdong.gov.vn: {{policy: {ROOT}/inventory/policy/lamdong.gov.vn.yml, registry: ld}}
  quangtri.gov.vn: {{policy: {ROOT}/inventory/policy/quangtri.gov.vn.yml, registry: qt}}
"""


class Session:
    """A site on disk, its directory in memory, and the command line."""

    def __init__(self, folder: Path, tree: Tree) -> None:
        self.folder, self.tree = folder, tree
        for name in ("ld", "qt"):
            (folder / name).mkdir()
            (folder / name / "units.csv").write_text(UNITS, encoding="utf-8")
            (folder / name / "staff.csv").write_text(STAFF, encoding="utf-8")
        (folder / "sync.yml").write_text(SETTINGS, encoding="utf-8")
        (folder / "sync.password").write_text("secret\n", encoding="utf-8")

    def __call__(self, verb: str, *arguments: str) -> Result:
        return CliRunner().invoke(sync, [verb, "--settings", str(self.folder / "sync.yml"), *arguments])

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        (self.folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


class FakeDirectory(Tree):
    """Gives the same tree to every connection."""

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        return None


@pytest.fixture
def congvu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    tree = FakeDirectory()
    monkeypatch.setattr(Directory, "as_service", lambda _: tree)
    return Session(tmp_path, tree)


def test_plan_shows_and_writes_nothing(congvu: Session) -> None:
    result = congvu("plan")
    assert result.exit_code == 1
    assert "lamdong.gov.vn: 6 to add, 0 to change, 0 unchanged" in result.output
    assert "+ skhcn@lamdong.gov.vn" in result.output
    assert congvu.tree.writes == 0


def test_apply_does_what_plan_showed_and_then_nothing_is_pending(congvu: Session) -> None:
    applied = congvu("apply", "--all")
    assert applied.exit_code == 0
    assert "quangtri.gov.vn: 6 added, 0 changed, 0 unchanged" in applied.output
    writes = congvu.tree.writes
    assert writes == 18
    assert congvu("plan").exit_code == 0
    assert congvu("run").output.splitlines() == [
        "lamdong.gov.vn: 0 added, 0 changed, 6 unchanged",
        "quangtri.gov.vn: 0 added, 0 changed, 6 unchanged",
    ]
    assert congvu.tree.writes == writes


def test_a_log_shows_progress_and_run_does_not(congvu: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("congvu.cli.sync.LINE_EVERY", 9)
    assert "9 of 18 written" in congvu("apply").output.splitlines()
    congvu.edit("ld/staff.csv", "S3,", "S4,")
    assert "written" not in congvu("run").output


def test_a_change_is_shown_with_before_after_and_reason(congvu: Session) -> None:
    congvu("run")
    congvu.edit("ld/staff.csv", "02,working", "02,left")
    output = congvu("plan").output
    assert "~ annv@lamdong.gov.vn: congvuState initial → revoked, userPassword removed (left," in output
    assert "LD-7.2c" in output


def test_a_vanished_row_is_noted(congvu: Session) -> None:
    congvu("run")
    congvu.edit("ld/staff.csv", STAFF.splitlines()[3] + "\n", "")
    result = congvu("run")
    assert result.exit_code == 0
    assert "note: uid=S3,ou=people,dc=lamdong,dc=gov,dc=vn" in result.stderr
    assert "note uid=S3" in congvu("plan").output


def test_the_json_plan_holds_every_operation(congvu: Session) -> None:
    result = congvu("plan", "--json")
    assert result.exit_code == 1
    first = json.loads(result.output)[0]
    assert (first["domain"], first["added"], len(first["operations"])) == ("lamdong.gov.vn", 6, 9)
    assert first["operations"][-1]["attributes"]["cn"] == ["Trần Thị Ngọc Ánh"]
    assert {"operation", "dn", "reason", "clause"} <= set(first["operations"][0])


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
    "policy of another domain": ("sync.yml", "policy/quangtri", "policy/lamdong", "is for lamdong.gov.vn"),
    "policy that is not there": (
        "sync.yml",
        "policy/quangtri",
        "policy/none",
        "cannot be read: No such file",
    ),
}


@pytest.mark.parametrize("verb", ["plan", "apply", "run"])
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_status_2_and_nothing_is_written_anywhere(
    case: str, verb: str, congvu: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    name, old, new, words = BAD[case]
    congvu.edit(name, old, new)
    with pytest.raises(SystemExit) as caught:
        main(["sync", verb, "--settings", str(congvu.folder / "sync.yml")])
    assert caught.value.code == 2
    assert words in capsys.readouterr().err
    assert congvu.tree.writes == 0


def test_problems_of_all_domains_are_told_at_once(
    congvu: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    congvu.edit("ld/staff.csv", "S2,", "S1,")
    congvu.edit("qt/staff.csv", ",X1,", ",X9,")
    with pytest.raises(SystemExit):
        main(["sync", "plan", "--settings", str(congvu.folder / "sync.yml")])
    message = capsys.readouterr().err
    assert "2 problems to settle; nothing was changed anywhere" in message
    assert "ld/staff.csv:3" in message
    assert "qt/staff.csv:3" in message


def test_issue_password_prints_the_password_and_nothing_else(congvu: Session) -> None:
    congvu("run")
    result = congvu("issue-password", "annv@lamdong.gov.vn")
    assert result.exit_code == 0
    found = next(entry for entry in congvu.tree.entries.values() if "annv@lamdong.gov.vn" in entry.addresses)
    assert result.output == found.value("userPassword") + "\n"
    assert found.value("pwdReset") == "TRUE"
    assert congvu("plan").exit_code == 0  # the sync does not undo it


def test_the_launcher_passes_options_and_status_on(tmp_path: Path) -> None:
    command = [str(ROOT / "scripts/sync-directory"), "--settings", str(tmp_path / "none.yml")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 2
    assert "none.yml: cannot be read: No such file" in result.stderr
