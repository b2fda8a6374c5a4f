from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from congvu import policy as policies
from congvu.cli.policy import policy as command
from congvu.errors import PolicyError
from congvu.policy import Policy, effective
from congvu.policy.model import OverQuota, Quota
from congvu.policy.values import Duration, Size
from tests.unit.helpers import ROOT

POLICIES = ROOT / "inventory/policy"
GOOD = """\
version: 1
domain: example.gov.vn
regulation:
  number: 1/2026
  title: Quy chế
  effective_from: 2026-01-01
person:
  address: ["{{ ten }}{{ ho | initials }}", "{{ base }}{{ n }}"]
  quota: {max: 1G}
unit:
  address: ["{{ name | acronym }}"]
"""


def load(text: str, folder: Path) -> Policy:
    path = folder / "p.yml"
    path.write_text(text, encoding="utf-8")
    return policies.load(path)


# (what to replace in GOOD, by what, line, words of the message)
BAD = {
    "unknown key": (
        "  quota: {max: 1G}",
        "  quotta: {max: 1G}",
        9,
        ["person.quotta", "unknown key", "did you mean 'quota'?"],
    ),
    "unknown section": ("unit:", "units:", 10, ["units", "unknown key", "did you mean 'unit'?"]),
    "key twice": (
        "  quota: {max: 1G}",
        "  quota: {max: 1G}\n  quota: {max: 2G}",
        10,
        ["person.quota", "stands twice, first on line 9"],
    ),
    "key missing": ("  number: 1/2026\n", "", 4, ["regulation.number", "is missing"]),
    "version missing": ("version: 1\n", "", 1, ["version", "is missing", "version: 1"]),
    "version of tomorrow": (
        "version: 1\n",
        "version: 2\nnew_key: 1\n",
        1,
        ["version", "reads version 1 only"],
    ),
    "undefined name": ("{{ ten }}", "{{ tenn }}", 8, ["undefined name 'tenn'", "did you mean 'ten'?"]),
    "name of the other kind": ("name | acronym", "ho | acronym", 11, ["undefined name 'ho'"]),
    "unknown filter": ("| acronym", "| acronim", 11, ["unknown filter 'acronim'", "did you mean 'acronym'?"]),
    "template syntax": ("{{ ten }}", "{{ ten }", 8, ["is not a template"]),
    "letters no address has": ("{{ ten }}", "{{ ten }}@", 8, ["does not give an address"]),
    "attribute of a value": ("{{ ten }}", "{{ ten.upper }}", 8, ["'getattr'", "not part of the language"]),
    "attribute that is not there": ("{{ ten }}", "{{ ten.x }}", 8, ["'getattr'", "not part of the language"]),
    "way out of the sandbox": (
        "{{ ten }}",
        "{{ ten.__class__ }}",
        8,
        ["'getattr'", "not part of the language"],
    ),
    "endless rung not last": ('"{{ base }}{{ n }}"]', '"{{ base }}{{ n }}", "x"]', 8, ["must be the last"]),
    "base of itself": ('"{{ ten }}', '"{{ base }}{{ ten }}', 8, ["first rung defines 'base'"]),
    "empty ladder": ('["{{ name | acronym }}"]', "[]", 11, ["has no rung"]),
    "size": ("max: 1G", "max: 1GB", 9, ["person.quota.max", "'1GB' is not a size such as 2G"]),
    "size of nothing": ("max: 1G", "max: 0G", 9, ["is not a size"]),
    "date": ("2026-01-01", "1/1/2026", 6, ["regulation.effective_from", "is not a date"]),
    "value of a choice": (
        "unit:",
        "mailbox: {over_quota: bounce}\nunit:",
        10,
        ["'bounce' is not one of reject, defer"],
    ),
    "duration": (
        "unit:",
        "inactivity: {after: 3 moons}\nunit:",
        10,
        ["inactivity.after", "is not a duration"],
    ),
    "number": ("unit:", "password: {min_length: eight}\nunit:", 10, ["is not a whole number"]),
    "null": ("max: 1G", "max:", 9, ["person.quota.max", "has no value", "leave the key out"]),
    "list for a value": ("max: 1G", "max: [1G]", 9, ["must be one value"]),
    "value for a list": ('["{{ name | acronym }}"]', '"{{ name | acronym }}"', 11, ["must be a list"]),
    "value for a section": ("unit:\n", "unit: x\nnotices:\n", 10, ["unit: must be a section with keys"]),
    "reserved that is no local part": (
        "unit:",
        "reserved: [Đà Lạt]\nunit:",
        10,
        ["reserved[0]", "local part"],
    ),
    "domain": ("example.gov.vn", "Example", 2, ["'Example' is not a mail domain"]),
    "merge": ("  quota: {max: 1G}", "  <<: {quota: {max: 1G}}", 9, ["a key must be a plain word"]),
    "not YAML": ("regulation:\n", "regulation: {\n", 5, ["is not YAML"]),
    "tab": ("  quota: {max: 1G}", "\tquota: {max: 1G}", 9, ["is not YAML"]),
}


@pytest.mark.parametrize("case", BAD)
def test_an_error_names_file_line_key_and_the_nearest_known(case: str, tmp_path: Path) -> None:
    old, new, line, words = BAD[case]
    assert old in GOOD
    with pytest.raises(PolicyError) as caught:
        load(GOOD.replace(old, new, 1), tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'p.yml'}:{line}: "), message
    for word in words:
        assert word in message


def test_an_empty_file_and_a_file_that_is_not_utf8_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="is empty"):
        load("# nothing\n", tmp_path)
    (tmp_path / "q.yml").write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(PolicyError, match="is not UTF-8"):
        policies.load(tmp_path / "q.yml")
    with pytest.raises(PolicyError, match="No such file"):
        policies.load(tmp_path / "none.yml")


def test_quang_tri_leaves_open_what_its_regulation_leaves_open(quangtri: Policy) -> None:
    assert quangtri.person.quota == quangtri.unit.quota == Quota()
    assert quangtri.attachments.limit is None
    assert quangtri.unit.max_length is None
    rules = effective(quangtri)
    assert (rules.person_quota.octets, rules.attachment_limit.octets) == (2147483648, 20971520)
    assert rules.over_quota is OverQuota.REJECT
    assert rules.unit_max_length == 0


def test_own_reserved_names_join_the_built_in_ones(tmp_path: Path) -> None:
    rules = effective(load(GOOD + "reserved: [toasoan]\n", tmp_path))
    assert {"toasoan", "postmaster", "abuse", "mailer-daemon"} <= rules.reserved


def test_what_a_policy_says_wins_over_the_default(tmp_path: Path) -> None:
    rules = effective(load(GOOD + "mailbox: {over_quota: defer}\n", tmp_path))
    assert rules.over_quota is OverQuota.DEFER
    assert rules.person_quota == Size.from_text("1G")


@pytest.mark.parametrize("text", ["2G", "20M", "500M", "1536K", "3T", "1000"])
def test_sizes_read_back_as_written(text: str) -> None:
    assert str(Size.from_text(text)) == text


@pytest.mark.parametrize("text", ["3 months", "1 day", "30 minutes", "2 years"])
def test_durations_read_back_as_written(text: str) -> None:
    assert str(Duration.from_text(text)) == text


@pytest.mark.parametrize(
    ("span", "day", "end"),
    [
        ("1 month", "2026-01-31", "2026-02-28"),
        ("1 month", "2028-01-31", "2028-02-29"),
        ("3 months", "2026-11-30", "2027-02-28"),
        ("12 months", "2028-02-29", "2029-02-28"),
        ("2 years", "2026-12-31", "2028-12-31"),
        ("5 days", "2026-12-30", "2027-01-04"),
        ("2 weeks", "2026-01-01", "2026-01-15"),
        ("2 hours", "2026-01-01", "2026-01-02"),
        ("25 hours", "2026-01-01", "2026-01-03"),
        ("3 working days", "2026-01-01", "2026-01-06"),  # Thursday: Friday, Monday, Tuesday
        ("1 working day", "2026-01-03", "2026-01-05"),  # Saturday: Monday
        ("5 working days", "2026-01-02", "2026-01-09"),
    ],
)
def test_a_span_ends_by_the_calendar(span: str, day: str, end: str) -> None:
    assert Duration.from_text(span).after(date.fromisoformat(day)) == date.fromisoformat(end)


def test_a_domain_without_a_policy_is_told_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"no policy for 'lamdong.gov.vm'.*did you mean 'lamdong.gov.vn'"):
        policies.load_domain(POLICIES, "lamdong.gov.vm")
    (tmp_path / "other.gov.vn.yml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(PolicyError, match=r"is example.gov.vn, the file is named for other.gov.vn"):
        policies.load_domain(tmp_path, "other.gov.vn")


def test_show_prints_what_applies_and_marks_the_defaults() -> None:
    arguments = ["show", "quangtri.gov.vn", "--directory", str(POLICIES)]
    result = CliRunner().invoke(command, [*arguments, "--json"])
    assert result.exit_code == 0
    rows = {row["key"]: row for row in json.loads(result.output)}
    assert rows["person.quota.max"] == {
        "key": "person.quota.max",
        "value": "2G",
        "source": None,
        "default": "choice: LD-6.1",
    }
    assert rows["person.address[0]"] == {
        "key": "person.address[0]",
        "value": "{{ hovaten }}",
        "source": "QT-4.3b: <họ và tên>; lower case and no separator are [choice]",
        "default": None,
    }
    assert "choice: LD-6.1" in CliRunner().invoke(command, arguments).output


def test_show_takes_a_file_and_fails_with_2_on_a_bad_one(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text(GOOD, encoding="utf-8")
    assert CliRunner().invoke(command, ["show", str(tmp_path / "p.yml")]).exit_code == 0
    (tmp_path / "p.yml").write_text(GOOD + "oops: 1\n", encoding="utf-8")
    result = CliRunner().invoke(command, ["show", str(tmp_path / "p.yml")])
    assert isinstance(result.exception, PolicyError)
    assert result.exception.exit_code == 2
