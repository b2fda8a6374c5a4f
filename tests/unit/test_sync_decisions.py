"""Answers to doubts: they fit, they say who and why, and they are never lost or mistaken."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from congvu.errors import InputError, SettingsError, SystemFailure
from congvu.registry import Person, Place, Status
from congvu.sync.decisions import Answer, answered, load, remember
from congvu.sync.gathered import Doubt
from tests.unit.helpers import DAY

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PERSON = Person(Place("s.csv", 2), "", "", "", "", "Lê Na", "A1", "", "", DAY, Status.WORKING)
DOUBT = Doubt("D-abc", "lamdong.gov.vn", PERSON, "Lê Na may be CB1", ("CB1", "CB2"), "gen-xyz")


def answer(word: str, doubt: Doubt = DOUBT, author: str = "B", reason: str = "asked") -> str:
    return answered(doubt, word, author=author, reason=reason, now=NOW).staff_id


def test_an_answer_settles_the_id_of_the_row() -> None:
    assert (answer("same:CB2"), answer("new"), answer("left")) == ("CB2", "gen-xyz", "gen-xyz")


@pytest.mark.parametrize(
    ("word", "author", "reason", "words"),
    [
        ("same:CB3", "B", "asked", "'CB3' is none of the accounts in doubt (did you mean 'CB"),
        ("same", "B", "asked", "'same' is no answer (same:ID, new or left)"),
        ("new:CB1", "B", "asked", "'new:CB1' is no answer"),
        ("other", "B", "asked", "'other' is no answer"),
        ("new", " ", "asked", "needs an author and a reason"),
        ("new", "B", "", "needs an author and a reason"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(word: str, author: str, reason: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        answer(word, author=author, reason=reason)
    assert str(caught.value).startswith("D-abc: ")
    assert words in str(caught.value)


def test_nobody_can_have_left_where_no_account_is_in_doubt() -> None:
    with pytest.raises(InputError, match="no account in doubt"):
        answer("left", replace(DOUBT, candidates=()))


def test_what_is_remembered_is_read_back_and_the_last_answer_counts(tmp_path: Path) -> None:
    path = tmp_path / "state/decisions.jsonl"
    assert load(path) == {}
    first = answered(DOUBT, "new", author="Trần Thị Bình", reason="văn bản 7", now=NOW)
    remember(path, first)
    assert load(path) == {"D-abc": first}
    assert first.at == "2026-11-22T08:00:00+00:00"
    second = answered(DOUBT, "same:CB1", author="Bình", reason="lại hỏi", now=NOW)
    third = answered(replace(DOUBT, id="D-def"), "left", author="Bình", reason="nghỉ", now=NOW)
    remember(path, second)
    remember(path, third)
    found = load(path)
    assert found == {"D-abc": second, "D-def": third}
    assert found["D-def"].answer is Answer.LEFT
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_an_answer_that_was_cut_off_while_it_was_written_does_not_count(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "decisions.jsonl"
    first = answered(DOUBT, "new", author="Bình", reason="hỏi", now=NOW)
    remember(path, first)
    remember(path, replace(first, doubt="D-def"))
    path.write_bytes(path.read_bytes()[:-cut])
    assert load(path) == {"D-abc": first}
    third = replace(first, doubt="D-ghi")
    remember(path, third)
    assert load(path) == {"D-abc": first, "D-ghi": third}


def lines(path: Path, **changed: object) -> None:
    remember(path, answered(DOUBT, "new", author="B", reason="asked", now=NOW))
    text = path.read_text(encoding="utf-8")
    values = {**json.loads(text), **changed}
    path.write_text(
        text + json.dumps({k: v for k, v in values.items() if v is not None}) + "\n", encoding="utf-8"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"answer": "perhaps"},
        {"candidates": "CB1"},
        {"candidates": [1]},
        {"staff_id": 7},
        {"author": None},
        {"more": "x"},
    ],
)
def test_a_line_that_is_no_decision_is_refused_with_its_number(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    path = tmp_path / "decisions.jsonl"
    lines(path, **changed)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:2: is no decision")


@pytest.mark.parametrize("line", ["", "7", "[]", "{", "\udcff"])
def test_a_line_that_is_no_object_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8", errors="surrogateescape")
    with pytest.raises(SettingsError, match="is no decision"):
        load(path)


def test_a_file_that_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path)
    with pytest.raises(SystemFailure):
        remember(tmp_path, answered(DOUBT, "new", author="B", reason="asked", now=NOW))
