"""The settings of the sync: strict, with the line of every mistake."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from congvu.errors import SettingsError
from congvu.sync.settings import Attribute, Identity, load
from tests.unit.sync_inputs import SETTINGS

GOOD = (
    SETTINGS
    + """\
  lamdong.gov.vn:
    policy: ../p.yml
    registry: ld
    identity: match
    layers:
      - path: so.csv
        attributes: [phone, position]
        units: [A1]
metrics: /var/lib/node/congvu.prom
handover:
  certificate: operator.pem
  folder: handover
"""
)
BAD = {
    "unknown key": ("mail_host", "mail_hots", 8, ["mail_hots", "did you mean 'mail_host'?"]),
    "no state": ("state: state\n", "", 1, ["state: is missing"]),
    "domain elsewhere": ("  lamdong.gov.vn:", "  example.org:", 1, ["does not lie below the base"]),
    "no mail domain": ("  lamdong.gov.vn:", "  lamdong:", 1, ["'lamdong' is not a mail domain"]),
    "key in a domain": ("registry: ld", "registy: ld", 13, ["domains.lamdong.gov.vn.registy", "'registry'"]),
    "attribute": ("[phone, position]", "[fone]", 17, ["'fone' is not one of name, unit, position, phone"]),
    "no attribute": ("[phone, position]", "[]", 16, ["attributes: names nothing"]),
    "identity": ("match", "guess", 14, ["'guess' is not one of ids, match"]),
    "metrics": ("congvu.prom", "congvu.txt", 1, ["must end in .prom"]),
    "handover without folder": ("  folder: handover\n", "", 21, ["handover.folder: is missing"]),
    "certificate": ("operator.pem", "nobody.pem", 0, ["handover.certificate: there is no file"]),
    "overrides": ("identity: match", "overrides: o.yml", 0, ["lamdong.gov.vn.overrides: there is no file"]),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/operator.pem").write_text("", encoding="utf-8")
    return tmp_path / "site/sync.yml"


@pytest.mark.parametrize("case", BAD)
def test_a_mistake_names_file_line_and_key(case: str, path: Path) -> None:
    old, new, line, words = BAD[case]
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:{line}: " if line else f"{path}: "), str(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_no_domains_are_a_mistake(path: Path) -> None:
    path.write_text(SETTINGS.rstrip() + " {}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="names no mail domain"):
        load(path)


def test_paths_count_from_the_file_and_what_is_left_out_has_a_default(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-8")
    settings = load(path)
    domain = settings.domains["lamdong.gov.vn"]
    assert domain.policy == path.parents[1] / "p.yml"
    assert domain.registry == path.parent / "ld"
    assert (domain.identity, domain.control_total) == (Identity.MATCH, False)
    (layer,) = domain.layers
    assert (layer.path, layer.units) == (path.parent / "so.csv", ("A1",))
    assert layer.attributes == (Attribute.PHONE, Attribute.POSITION)
    assert settings.audit_folder == path.parent / "state/audit"
    assert settings.decisions == path.parent / "state/decisions.jsonl"
    assert settings.feed is None
    assert settings.handover is not None
    assert settings.handover.folder == path.parent / "handover"


def test_the_audit_log_may_be_elsewhere(path: Path) -> None:
    path.write_text(GOOD + "audit: /var/log/congvu\n", encoding="utf-8")
    assert load(path).audit_folder == Path("/var/log/congvu")


def test_a_file_in_a_closed_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python raises there, and status 1, its own, is "done with findings" to the service."""

    def closed(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    path = tmp_path / "sync.yml"
    path.write_text(GOOD, encoding="utf-8")
    monkeypatch.setattr(Path, "is_file", closed)
    with pytest.raises(SettingsError, match=r"operator\.pem: Permission denied"):
        load(path)
