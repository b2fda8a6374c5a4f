"""The tool that makes and changes DKIM keys; what it asks of the DNS is in tests/e2e/test_dkim.py."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.helpers import ROOT

TOOL = ROOT / "roles/rspamd/files/dkim-keys"
MONTH = f"mail-{datetime.now(UTC):%Y%m}"


def run(folder: Path, *words: str) -> str:
    command = [sys.executable, str(TOOL), str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def records(folder: Path) -> dict[str, list[dict[str, Any]]]:
    content = yaml.safe_load((folder / "records.yml").read_text())
    assert content["version"] == 1
    found: dict[str, list[dict[str, Any]]] = content["domains"]
    return found


def selectors(folder: Path, domain: str) -> list[tuple[str, bool]]:
    return [(one["selector"], one["signs"]) for one in records(folder)[domain]]


def test_a_key_is_made_once_for_each_domain(tmp_path: Path) -> None:
    assert run(tmp_path, "make", "mail", "a.example") == "changed"
    before = (tmp_path / f"a.example.{MONTH}.key").read_bytes()
    assert run(tmp_path, "make", "mail", "a.example") == "unchanged"
    assert run(tmp_path, "make", "mail", "a.example", "b.example") == "changed"
    assert (tmp_path / f"a.example.{MONTH}.key").read_bytes() == before
    assert (tmp_path / "selectors.map").read_text() == f"a.example {MONTH}\nb.example {MONTH}\n"
    assert selectors(tmp_path, "b.example") == [(MONTH, True)]


def test_the_record_is_the_keys_public_half(tmp_path: Path) -> None:
    run(tmp_path, "make", "mail", "a.example")
    command = [
        "openssl",
        "rsa",
        "-in",
        str(tmp_path / f"a.example.{MONTH}.key"),
        "-pubout",
        "-outform",
        "DER",
    ]
    public = subprocess.run(command, capture_output=True, check=True).stdout
    (one,) = records(tmp_path)["a.example"]
    assert one["record"] == f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def test_private_keys_are_for_the_filter_alone(tmp_path: Path) -> None:
    run(tmp_path, "make", "mail", "a.example")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir() if path.name != ".lock"}
    assert set(modes.values()) == {0o640}


def test_a_second_key_waits_and_does_not_sign(tmp_path: Path) -> None:
    run(tmp_path, "make", "mail", "a.example")
    assert run(tmp_path, "next", "mail", "a.example") == "changed"
    assert run(tmp_path, "next", "mail", "a.example") == "unchanged"
    assert selectors(tmp_path, "a.example") == [(MONTH, True), (f"{MONTH}a", False)]
    assert (tmp_path / "selectors.map").read_text() == f"a.example {MONTH}\n"


def test_only_what_has_rested_long_enough_is_deleted(tmp_path: Path) -> None:
    run(tmp_path, "make", "mail", "a.example")
    run(tmp_path, "next", "mail", "a.example")
    state = tmp_path / "keys.json"
    content = json.loads(state.read_text())
    first, second = content["domains"]["a.example"]
    rested = str((datetime.now(UTC) - timedelta(days=6)).date())
    first.update(state="rests", since=rested)
    second.update(state="signs")
    state.write_text(json.dumps(content))
    assert run(tmp_path, "retire", "7") == "changed", "the files follow the state"
    assert selectors(tmp_path, "a.example") == [(MONTH, False), (f"{MONTH}a", True)]
    assert run(tmp_path, "retire", "7") == "unchanged"
    assert run(tmp_path, "retire", "6") == "changed"
    assert selectors(tmp_path, "a.example") == [(f"{MONTH}a", True)]
    assert [path.name for path in tmp_path.glob("*.key")] == [f"a.example.{MONTH}a.key"]


def test_what_a_killed_run_left_is_cleared_and_its_key_taken(tmp_path: Path) -> None:
    run(tmp_path, "make", "mail", "a.example")
    (tmp_path / "b.example.mail-202001.key").write_text("of nobody")
    (tmp_path / "c.example.partial").write_text("half a key")
    assert run(tmp_path, "make", "mail", "a.example") == "changed"
    assert sorted(path.name for path in tmp_path.glob("?.example*")) == [f"a.example.{MONTH}.key"]


@pytest.mark.parametrize("words", [(), ("unknown",)])
def test_it_says_how_it_is_called(tmp_path: Path, words: tuple[str, ...]) -> None:
    command = [sys.executable, str(TOOL), str(tmp_path), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "dkim-keys FOLDER make" in done.stderr
