from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from congvu import policy as policies
from congvu.cli.policy import policy as command
from congvu.errors import PolicyError
from congvu.policy import Policy
from congvu.policy.effective import Renaming, effective
from congvu.policy.model import AddressChange, Kind, NumberingScope, OverQuota, Quota
from congvu.policy.template import PersonTemplate, UnitTemplate
from congvu.policy.values import Duration, Size
from tests.unit.helpers import ROOT

POLICIES = ROOT / "inventory/policy"
DATA = Path(__file__).parent / "data/policy"
GOOD = (DATA / "good.yml").read_text(encoding="utf-8")
BAD = {row["case"]: row for row in yaml.safe_load((DATA / "bad.yml").read_text(encoding="utf-8"))}


def load(text: str, folder: Path) -> Policy:
    path = folder / "p.yml"
    path.write_text(text, encoding="utf-8")
    return policies.load(path)


@pytest.mark.parametrize("case", BAD)
def test_an_error_names_file_line_key_and_the_nearest_known(case: str, tmp_path: Path) -> None:
    row = BAD[case]
    assert row["old"] in GOOD
    with pytest.raises(PolicyError) as caught:
        load(GOOD.replace(row["old"], row["new"], 1), tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'p.yml'}:{row['line']}: "), message
    for word in row["words"]:
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


def test_the_places_of_a_policy_are_read_from_their_own_file(lamdong: Policy, tmp_path: Path) -> None:
    assert lamdong.places
    assert (len(lamdong.places.present), "Đặc khu Phú Quý" in lamdong.places.present) == (124, True)
    assert {"Huyện Cát Tiên", "Thành phố Gia Nghĩa", "Thị xã La Gi"} <= set(lamdong.places.abolished)
    (tmp_path / "places.yml").write_text("version: 1\nsource: x\npresnt: [Xã A]\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"places\.yml:3: presnt: unknown key \(did you mean 'present'"):
        load(GOOD + "places: places.yml\n", tmp_path)


def test_a_mailbox_is_as_large_as_it_may_be_else_as_large_as_it_must_be(tmp_path: Path) -> None:
    quota = "  quota: {min: 500M, classes: {leader: {min: 10G}, guest: {max: 100M, min: 50M}, other: {}}}\n"
    text = GOOD.replace("  quota: {max: 1G}\n", quota)
    rules = effective(load(text, tmp_path))
    sizes = {name: str(rules.quota_for(Kind.PERSON, name)) for name in ("", "leader", "guest", "other")}
    assert sizes == {"": "500M", "leader": "10G", "guest": "100M", "other": "500M"}
    assert str(rules.quota_for(Kind.UNIT)) == "2G"
    with pytest.raises(ValueError, match=r"person\.quota\.classes has no 'leder'; did you mean 'leader'"):
        rules.quota_for(Kind.PERSON, "leder")
    with pytest.raises(ValueError, match=r"unit\.quota\.classes has no 'leader'"):
        rules.quota_for(Kind.UNIT, "leader")


def test_what_no_regulation_says_about_addresses_has_a_default(quangtri: Policy) -> None:
    rules = effective(quangtri)
    assert (rules.person_numbering_first, rules.person_numbering_width) == (2, 1)
    assert rules.person_numbering_scope is NumberingScope.DOMAIN
    assert rules.person_max_length == 64
    year = Renaming(AddressChange.REISSUE, Duration(12, "months"))
    assert rules.person_renamed == rules.person_moved == rules.unit_renamed == year
    assert rules.unit_stop_words == ("và", "các", "của")


def test_what_a_policy_says_about_addresses_applies(tmp_path: Path) -> None:
    stated = """\
  numbering: {first: 1, width: 2, scope: unit}
  max_length: 20
  renamed: {address: keep}
  moved: {alias_for: 3 months}
unit:
  stop_words: []
  renamed: {address: keep, alias_for: 1 year}
"""
    rules = effective(load(GOOD.replace("unit:\n", stated), tmp_path))
    assert (rules.person_numbering_first, rules.person_numbering_width) == (1, 2)
    assert rules.person_numbering_scope is NumberingScope.UNIT
    assert rules.person_max_length == 20
    assert rules.person_renamed == Renaming(AddressChange.KEEP, Duration(12, "months"))
    assert rules.person_moved == Renaming(AddressChange.REISSUE, Duration(3, "months"))
    assert rules.unit_renamed == Renaming(AddressChange.KEEP, Duration(1, "years"))
    assert rules.unit_stop_words == ()


@pytest.mark.parametrize(
    "rung",
    [
        "{{ citizen_id[-3:] }}",
        "{{ ho | initials }}{{ dem }}{{ ten }}{{ birth_month }}{{ birth_year }}",
        "{% if dem %}{{ dem }}.{% endif %}{{ ten }}",
        "{{ ten }}{{ '.' ~ unit if unit else '' }}",
    ],
)
def test_the_language_of_addresses_has_words_pieces_and_conditions(rung: str) -> None:
    assert PersonTemplate.from_text(rung).source == rung


@pytest.mark.parametrize(
    "rung",
    [
        "{{ name | acronym }}{% if parent %}.{{ parent }}{% endif %}",
        "{{ name | place }}",
        "{{ domain_label }}",
    ],
)
def test_a_rung_for_units_may_give_nothing_for_some(rung: str) -> None:
    assert UnitTemplate.from_text(rung).source == rung


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


def test_show_prints_where_each_value_is_from() -> None:
    result = CliRunner().invoke(command, ["show", "lamdong.gov.vn", "--directory", str(POLICIES), "--json"])
    told = {row["key"]: (row["value"], row["source"]) for row in json.loads(result.output)}
    assert told["attachments.limit"] == ("20M", "LD-6.2")
    assert told["notices.revoked_at_units_request"] == ("none", "LD-7.2-end1")
    assert told["password.must_change"] == ("true", "LD-12.1")
    assert told["places"][0].startswith("124 present, 296 abolished; present: PyPI package vietnam-provinces")


def test_show_takes_a_file_and_fails_with_2_on_a_bad_one(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text(GOOD, encoding="utf-8")
    assert CliRunner().invoke(command, ["show", str(tmp_path / "p.yml")]).exit_code == 0
    (tmp_path / "p.yml").write_text(GOOD + "oops: 1\n", encoding="utf-8")
    result = CliRunner().invoke(command, ["show", str(tmp_path / "p.yml")])
    assert isinstance(result.exception, PolicyError)
    assert result.exception.exit_code == 2


@pytest.mark.parametrize(
    "rung",
    [
        "{{ base }}{% if n == '2' %}x{% endif %}",
        "{{ base }}{% if unit %}{{ n }}{% endif %}",
        "{{ base }}{{ n }}{{ n }}",
        "{{ base }}{{ n | first }}",
        "{{ base }}{{ n[:1] }}",
    ],
)
def test_a_number_can_only_be_printed(rung: str) -> None:
    with pytest.raises(ValueError, match=r"'n' in .* can only be printed"):
        PersonTemplate.from_text(rung)


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        ("quota: {max: 2G}", "quota: &q {max: 2G}\n  moved: *q", "an alias"),
        ("quota: {max: 2G}", "quota: !!python/object/apply:os.system {max: 2G}", "tags are not used"),
        ("  after: 3 months", "  after: 9000 years", "longer than a century"),
        ("  person: 2", "  person: 010", "not a whole number"),
        ("  person: 2", "  person: " + "9" * 5000, "not a whole number"),
        ("effective_from: 2012-12-30", "effective_from: 20121230", "not a date"),
        ("effective_from: 2012-12-30", "effective_from: 2012-W52-7", "not a date"),
        ("places: places/lamdong.gov.vn.yml", "places: ~nobody-here/x.yml", "nobody-here"),
        ("operator:", "operator: " + "[" * 5000 + "]" * 5000 + "\nx:", "nested too deeply"),
        ("operator:", "operator: " + "[" * 30 + "]" * 30 + "\nx:", "nested too deeply"),
        ("version: 1", "version: 1\n#" + "x" * (1 << 20), "is larger than"),
        ('"{{ name | acronym }}"', '"{{ name | acronym }}' + "{{ (" * 2000 + '"', "not a template|nested"),
        (
            "  max_length: 10",
            "  max_length: 10\n  agreed: {Sở Nội vụ: snv, SỞ NỘI  VỤ: snvv}",
            "stands twice",
        ),
        ('"{{ hovaten }}"', '"{{ ten[2] }}{{ hovaten }}"', "write a slice"),
    ],
)
def test_what_yaml_allows_and_a_policy_has_not_is_refused(
    tmp_path: Path, written: str, instead: str, message: str
) -> None:
    shutil.copytree(ROOT / "inventory/policy/places", tmp_path / "places")
    for domain in ("lamdong.gov.vn", "quangtri.gov.vn"):
        text = (ROOT / "inventory/policy" / f"{domain}.yml").read_text(encoding="utf-8")
        if written in text:
            path = tmp_path / f"{domain}.yml"
            path.write_text(text.replace(written, instead, 1), encoding="utf-8")
            with pytest.raises(PolicyError, match=message):
                policies.load(path)
            return
    pytest.fail(f"{written} is in no policy")
