"""Names that show what is not so: our domains in front of a stranger's address are flagged, never refused."""

from __future__ import annotations

from email.header import Header
from pathlib import Path
from typing import Any

import yaml

from congvu.fleet.client import Outside, parse
from congvu.fleet.lab import Lab
from tests.e2e.filter import Question, ask
from tests.lab import LAMDONG, STRANGER, Account, letter, transact, wait

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "names.yml").read_text())


def message(shown: str) -> bytes:
    """A letter whose From has this value: a name, and the address at its end."""
    name, _, address = shown.rpartition(" <")
    value = f"{Header(name, 'utf-8').encode() if not name.isascii() else name} <{address}" if name else shown
    plain = letter(STRANGER, f"annv@{LAMDONG}")
    del plain["From"]
    return f"From: {value}\r\n".encode() + plain.as_bytes().replace(b"\n", b"\r\n")


def test_a_name_of_ours_before_a_strangers_address_is_flagged_and_others_are_not(lab: Lab) -> None:
    questions = [Question(message(case["from"]), STRANGER, (f"annv@{LAMDONG}",)) for case in CASES]
    wrong = []
    for case, verdict in zip(CASES, ask(lab, questions), strict=True):
        flagged = "X-Congvu-Warning" in verdict.headers
        if flagged != case["flagged"] or ("CONGVU_NAME_TRICK" in verdict.symbols) != case["flagged"]:
            wrong.append((case, verdict))
        if verdict.action in ("reject", "soft reject"):
            wrong.append((case, verdict))
        if not all(value.isascii() for value in verdict.headers.get("X-Congvu-Warning", [])):
            wrong.append((case, verdict))
    assert wrong == [], "\n".join(map(str, wrong))


def test_the_reader_gets_the_warning_and_no_forged_one(outside: Outside, unit: Account) -> None:
    trick = letter(f'"{LAMDONG} <lanhdao@{LAMDONG}>" <{STRANGER}>', unit.address)
    plain = letter(STRANGER, unit.address)
    plain["X-Congvu-Warning"] = "all is well"
    with outside.smtp() as client:
        for each in (trick, plain):
            assert transact(client, STRANGER, unit.address, each).accepted
    warned = parse(wait(outside, unit, trick)).get_all("X-Congvu-Warning")
    assert warned is not None
    assert f"shows {LAMDONG}" in warned[0]
    assert parse(wait(outside, unit, plain)).get_all("X-Congvu-Warning") is None
