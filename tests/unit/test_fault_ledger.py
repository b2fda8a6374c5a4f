"""The judgement of the fault tests sees what it looks for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.faults import noise
from tests.faults.ledger import Copy, Found, Journal, Verdict, judge
from tests.faults.traffic import MESSAGES, Event, Letter, letters
from tests.lab import Account

GOOD = Letter("<m.1@ngoai.example>", "direct", "m@ngoai.example", "an@lamdong.gov.vn", False, "")
VIRUS = replace(GOOD, id="<m.2@ngoai.example>", virus=True)
TAKEN = Event(GOOD.id, 1.0, "DATA", 250, "")
BROKEN_AT_THE_END = Event(GOOD.id, 0.5, "LOST", 0, "")
NOT_NOW = Event(GOOD.id, 0.5, "RCPT", 451, "")
REFUSED = Event(VIRUS.id, 1.0, "DATA", 554, "Virus")
SCANNED = "<1>; proxy; rspamd_task_write_log: id: <m.1@ngoai.example>, qid: <{}>, [{}]"
ONE = Copy(GOOD.id, "4jXhv65fVhz10", False)
OTHER = Copy(GOOD.id, "4jXhv71YDyz12", False)
UNSURE = (
    "4jXhv65fVhz10: to=<an@lamdong.gov.vn>, status=deferred (lost connection while sending end of data --"
)


def verdict(
    events: list[Event],
    *copies: Copy,
    log: tuple[str, ...] = (SCANNED.format(ONE.queue_id, ""), SCANNED.format(OTHER.queue_id, "")),
    returned: dict[str, str] | None = None,
    killed: bool = False,
) -> Verdict:
    found = Found(list(copies), returned or {})
    logs = {"mail": Journal(log), "outside": Journal(())}
    return judge([GOOD, VIRUS], [*events, REFUSED], found, logs, killed=killed)


def test_what_was_accepted_and_arrived_once_is_good() -> None:
    good = verdict([NOT_NOW, TAKEN], ONE)
    assert (good.faults, good.accepted, good.delivered, good.viruses_refused) == ({}, 1, 1, 1)
    assert (good.deferrals, good.twice) == (1, 0)


@pytest.mark.parametrize(
    ("events", "copies", "fault"),
    [
        ([TAKEN], [], "lost"),
        ([TAKEN], [ONE, OTHER], "doubled"),
        ([BROKEN_AT_THE_END, TAKEN], [ONE, ONE, OTHER], "doubled"),
        ([NOT_NOW], [], "unsettled"),
        ([replace(NOT_NOW, code=550)], [], "refused"),
        ([TAKEN], [replace(ONE, queue_id="4jXhvNEVERSEEN")], "unscanned"),
        ([TAKEN], [ONE, replace(ONE, id=VIRUS.id)], "viruses"),
    ],
)
def test_what_must_not_be_is_named(events: list[Event], copies: list[Copy], fault: str) -> None:
    assert list(verdict(events, *copies).faults) == [fault]


def test_mail_that_came_back_is_named_and_not_called_lost() -> None:
    assert list(verdict([TAKEN], returned={GOOD.id: "550"}).faults) == ["returned"]


def test_a_scan_that_failed_is_none() -> None:
    log = (SCANNED.format(ONE.queue_id, "CLAM_VIRUS_FAIL(0.00)"),)
    assert list(verdict([TAKEN], ONE, log=log).faults) == ["unscanned"]


def test_a_second_copy_is_excused_only_by_who_could_not_know() -> None:
    log = (SCANNED.format(ONE.queue_id, ""), SCANNED.format(OTHER.queue_id, ""))
    retried = verdict([BROKEN_AT_THE_END, TAKEN], ONE, OTHER)
    assert (retried.faults, retried.twice) == ({}, 1)
    named = f"{ONE.queue_id}: message-id={GOOD.id}"
    of_postfix = verdict(
        [TAKEN], ONE, ONE, log=(*log, named, f"{UNSURE} message may be sent more than once)")
    )
    assert (of_postfix.faults, of_postfix.twice) == ({}, 1)
    assert verdict([TAKEN], ONE, ONE, killed=True).twice == 1
    assert list(verdict([TAKEN], ONE, OTHER, killed=True).faults) == ["doubled"]


def test_the_load_has_every_route_and_viruses_on_each() -> None:
    accounts = [Account("", f"{name}@lamdong.gov.vn", "secret", "", "") for name in ("an", "binh", "chi")]
    load = letters("mark", accounts[:2], accounts)
    assert len({letter.id for letter in load}) == MESSAGES
    assert {letter.route for letter in load if letter.virus} == {letter.route for letter in load}
    assert all(bool(letter.password) == (letter.route in ("submission", "outgoing")) for letter in load)
    assert Counter(letter.virus for letter in load)[True] == MESSAGES // 20


def test_bad_sessions_are_the_same_each_time() -> None:
    order = {
        "seed": "x",
        "ours": "an@lamdong.gov.vn",
        "foreign": "f@ngoai.example",
        "sender": "s@ngoai.example",
    }
    for kind, _ in noise.KINDS:
        steps = kind(noise.Maker(order, 7))
        assert steps == kind(noise.Maker(order, 7)), kind.__name__
        assert all(isinstance(data, bytes) and seconds >= 0 for data, seconds in steps), kind.__name__
