"""What `congvu policy lint` finds, case by case (data/policy/lint.yml), and that its rules are told apart."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from congvu import policy as policies
from congvu.cli.policy import policy as command
from congvu.errors import PolicyError
from congvu.policy import law
from congvu.policy.effective import DEFAULTS
from congvu.policy.lint import RULES, Finding, FindingKind, lint
from tests.unit.helpers import ROOT

DATA = Path(__file__).parent / "data/policy"
GOOD = (DATA / "good.yml").read_text(encoding="utf-8")
CASES: list[dict[str, Any]] = yaml.safe_load((DATA / "lint.yml").read_text(encoding="utf-8"))
TODAY = date(2026, 11, 22)


def findings(text: str, folder: Path, today: date = TODAY) -> tuple[Finding, ...]:
    path = folder / "p.yml"
    path.write_text(text, encoding="utf-8")
    return lint(policies.load(path), policies.sources(path), today)


@pytest.mark.parametrize("row", CASES, ids=lambda row: row["case"])
def test_a_finding_names_code_key_and_line(row: dict[str, Any], tmp_path: Path) -> None:
    text = GOOD.replace(row.get("old", "\0"), row.get("new", ""), 1) + row.get("text", "")
    text = text.replace(*row.get("before", ["\0", ""]), 1)
    assert text != GOOD or not {"old", "text", "before"} & row.keys()
    found = findings(text, tmp_path, row.get("day", TODAY))
    told = [[finding.code, finding.key, finding.line] for finding in found]
    for wanted in row.get("found", []):
        assert wanted in told, told
    assert row.get("found") or row.get("silent")
    for code, key in row.get("silent", []):
        assert [code, key] not in [entry[:2] for entry in told]


def test_every_rule_tells_its_codes_and_every_code_has_a_case() -> None:
    shown = {entry[0] for row in CASES for entry in row.get("found", [])}
    told = [re.findall(r"``([a-z-]+)``", (rule.__doc__ or "").partition(":")[0]) for rule in RULES]
    assert all(told)
    assert shown == {code for codes in told for code in codes}


def test_a_key_that_is_open_exists_and_says_what_follows(tmp_path: Path) -> None:
    for finding in findings(GOOD, tmp_path):
        if finding.code == "unset":
            assert finding.message.startswith("is left open: ")
            assert not finding.message.endswith(": ")
            default = DEFAULTS.get(finding.key)
            assert not default or f"({default.why})" in finding.message


def test_an_unverified_law_says_so(tmp_path: Path) -> None:
    found = findings(GOOD + "webmail: http://mail.example.gov.vn\n", tmp_path)
    tls = next(finding for finding in found if finding.code == "no-tls")
    assert tls.source == "39/2017/TT-BTTTT (not verified)"
    assert str(law.QCVN_12) == "QCVN 12:2026/BCA"


def test_the_reference_policy_is_in_conflict_where_its_regulation_is_old() -> None:
    path = ROOT / "inventory/policy/lamdong.gov.vn.yml"
    found = lint(policies.load(path), policies.sources(path), TODAY)
    conflicts = {finding.code: finding for finding in found if finding.kind is FindingKind.CONFLICT}
    assert set(conflicts) == {
        "basis-ended",
        "body-ended",
        "domain-changed",
        "inactivity",
        "logs-short",
        "no-dmarc",
        "no-tls",
        "password-admin-age",
        "password-classes",
        "password-handover",
        "password-history",
        "people-published",
        "quota-small",
        "restore-test",
    }
    assert conflicts["inactivity"].message == (
        "the policy acts after 3 months; an account idle for 45 days is to be disabled"
    )
    assert conflicts["inactivity"].source == "QCVN 12:2026/BCA, 3.7"
    assert "Ninh Bình 162/2025/QĐ-UBND: 2G" in conflicts["quota-small"].source


def test_the_command_prints_file_and_line_and_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text(GOOD, encoding="utf-8")
    result = CliRunner().invoke(command, ["lint", str(tmp_path / "p.yml")])
    assert result.exit_code == 1
    line = f"{tmp_path / 'p.yml'}:9: source no-source: person.quota.max: names no source"
    assert any(printed.startswith(line) for printed in result.output.splitlines())


def test_the_command_tells_several_policies_as_json() -> None:
    folder = str(ROOT / "inventory/policy")
    arguments = ["lint", "lamdong.gov.vn", "monre.gov.vn", "--directory", folder, "--json"]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 1
    rows = json.loads(result.output)
    assert {Path(row["file"]).stem for row in rows} == {"lamdong.gov.vn", "monre.gov.vn"}
    assert set(rows[0]) == {"file", "kind", "code", "key", "line", "message", "source"}


def test_a_policy_with_nothing_to_say_about_exits_with_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.yml").write_text(GOOD, encoding="utf-8")
    monkeypatch.setattr("congvu.policy.lint.RULES", ())
    result = CliRunner().invoke(command, ["lint", str(tmp_path / "p.yml")])
    assert (result.exit_code, result.output) == (0, "")


def test_a_bad_file_is_refused_with_2(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text(GOOD + "oops: 1\n", encoding="utf-8")
    result = CliRunner().invoke(command, ["lint", str(tmp_path / "p.yml")])
    assert isinstance(result.exception, PolicyError)
    assert result.exception.exit_code == 2
