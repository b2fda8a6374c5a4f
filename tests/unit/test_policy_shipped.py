"""The policies that ship say what their regulations say, clause by clause (data/policy/values.csv)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from congvu import policy as policies
from congvu.policy import Setting
from congvu.policy.lint import FindingKind, lint
from tests.unit.helpers import ROOT, table

FOLDER = ROOT / "inventory/policy"
SHIPPED = sorted(FOLDER.glob("*.yml"))
EXAMPLES = sorted(ROOT.glob("docs/examples/*.yml"))
ROWS = table("policy/values.csv")
TODAY = date(2026, 11, 22)


@cache
def settings(domain: str) -> Mapping[str, Setting]:
    path = FOLDER / f"{domain}.yml"
    return {line.key: line for line in policies.settings(policies.load(path), policies.sources(path))}


def test_the_six_mail_domains_of_the_five_regulations_ship() -> None:
    assert {path.stem for path in SHIPPED} == {
        "lamdong.gov.vn",
        "hatinh.gov.vn",
        "quangtri.gov.vn",
        "daklak.gov.vn",
        "daklak.doj.gov.vn",
        "monre.gov.vn",
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['clause'].split()[0]}-{row['key']}")
def test_a_clause_has_its_value(row: dict[str, str]) -> None:
    line = settings(row["domain"])[row["key"]]
    assert (line.value, line.default) == (row["value"], "")
    for clause in row["clause"].split():
        assert re.search(rf"{re.escape(clause)}(?![\w.])", line.source), line.source


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_no_value_cites_a_clause_that_nobody_checked(path: Path) -> None:
    """A new value with a clause must get a row in the table, where it is compared with the text."""
    checked = {row["key"] for row in ROWS if row["domain"] == path.stem}
    sources = policies.sources(path)
    unread = [
        key
        for key, source in sources.items()
        if any(re.match(r"[A-Z]{2}-", mark) for mark in source.marks)
        and "[choice]" not in source.marks
        and not key.startswith(("legal_basis", "regulation.id"))
        and key not in checked
    ]
    assert unread == []


@pytest.mark.parametrize("path", [*SHIPPED, *EXAMPLES], ids=lambda path: path.stem)
def test_every_value_names_its_source(path: Path) -> None:
    found = lint(policies.load(path), policies.sources(path), TODAY)
    assert [finding for finding in found if finding.kind is FindingKind.SOURCE] == []


@pytest.mark.parametrize(
    ("domain", "keys"),
    [
        ("quangtri.gov.vn", {"person.quota", "unit.quota", "attachments.limit", "inactivity", "reports"}),
        ("hatinh.gov.vn", {"person.quota", "unit.quota", "attachments.limit", "inactivity", "leaving.hold"}),
        ("daklak.gov.vn", {"person.quota", "attachments.limit", "checks_per_day.person", "operator"}),
        ("daklak.doj.gov.vn", {"person.quota", "attachments.limit", "delegation.needs_document"}),
        ("monre.gov.vn", {"person.quota", "regulation.effective_from", "leaving.then", "handover"}),
        ("lamdong.gov.vn", {"leaving.hold", "deadlines", "logs.keep", "mailbox.over_quota"}),
    ],
)
def test_what_a_regulation_leaves_open_stays_open(domain: str, keys: set[str]) -> None:
    path = FOLDER / f"{domain}.yml"
    found = lint(policies.load(path), policies.sources(path), TODAY)
    assert keys <= {finding.key for finding in found if finding.code == "unset"}


@pytest.mark.parametrize(
    ("domain", "keys"),
    [
        ("monre.gov.vn", {"person.address[0]", "person.address[1]", "unit.address[0]"}),
        ("daklak.gov.vn", {"person.address[0]", "person.address[1]", "unit.address[0]", "unit.address[1]"}),
        ("daklak.doj.gov.vn", {"person.address[0]", "person.address[1]", "unit.address[0]"}),
        ("quangtri.gov.vn", {"person.address[1]", "unit.address[0]", "unit.address[1]"}),
        ("hatinh.gov.vn", {"person.address[1]", "person.numbering.scope"}),
        ("lamdong.gov.vn", {"unit.long_place_names"}),
    ],
)
def test_where_no_rule_is_known_the_policy_does_not_pretend(domain: str, keys: set[str]) -> None:
    path = FOLDER / f"{domain}.yml"
    found = lint(policies.load(path), policies.sources(path), TODAY)
    known = {finding.key for finding in found if finding.code == "rule-not-known"}
    assert {key for key in known if key.startswith(("person", "unit"))} == keys


@pytest.mark.parametrize(
    ("domain", "present", "old"),
    [
        ("lamdong.gov.vn", 124, "Thành phố Phan Thiết"),
        ("quangtri.gov.vn", 78, "Thị xã Ba Đồn"),
        ("daklak.gov.vn", 102, "Huyện Sông Hinh"),
        ("hatinh.gov.vn", 69, "Thị xã Hồng Lĩnh"),
    ],
)
def test_the_places_of_a_merged_province_are_listed(domain: str, present: int, old: str) -> None:
    places = policies.load_domain(FOLDER, domain).places
    assert places
    assert len(set(places.present)) == present
    assert old in places.abolished
    assert not set(places.present) & set(places.abolished)
