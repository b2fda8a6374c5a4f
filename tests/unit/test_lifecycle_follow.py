"""What follows from what happened: sessions that end, letters once to each, whatever is killed where."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from congvu import files
from congvu.directory.model import Entry
from congvu.directory.operations import Act, Add, Change, Event, Modify, Operation, Reason
from congvu.errors import MailFailure, SystemFailure
from congvu.lifecycle import follow as following
from congvu.lifecycle import happened
from congvu.lifecycle.follow import Followed
from congvu.lifecycle.letters import MOST, notice_of
from congvu.mail import post, site
from congvu.mail.accounts import Accounts
from congvu.mail.site import Site
from congvu.mail.tools import Done
from congvu.policy import load
from congvu.policy.model import Recipient
from congvu.sync.audit import AuditLog, Beginning
from congvu.sync.auditrecord import describe
from congvu.sync.job import Status
from congvu.sync.lock import only_one
from congvu.sync.settings import Settings
from tests.unit.crash import survives
from tests.unit.helpers import BASE, ROOT
from tests.unit.postfix import Postfix

WHY: Mapping[Act | Event, str] = {Act.INACTIVE: "not used since 31/01/2027, for 3 months"}
DOMAIN = "lamdong.gov.vn"
UNIT = f"snv@{DOMAIN}"
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def person(number: int, **values: str) -> Entry:
    usual = {
        "uid": f"S{number}", "cn": f"Nguyễn Văn An {number}", "departmentNumber": "A1",
        "mail": f"an{number}@{DOMAIN}", "mailLocalAddress": f"an{number}@{DOMAIN}", "congvuState": "active",
    }  # fmt: skip
    dn = f"uid=S{number},ou=people,dc=lamdong,{BASE}"
    return Entry.build(dn, ("inetOrgPerson", "congvuAccount"), usual | values)


def unit(address: str = UNIT, uid: str = "A1", **values: str | tuple[str, ...]) -> Entry:
    usual = {"uid": uid, "cn": "Sở Nội vụ", "ou": "Sở Nội vụ", "congvuState": "initial"}
    dn, classes = f"uid={uid},ou=units,dc=lamdong,{BASE}", ("organizationalUnit", "congvuAccount")
    return Entry.build(dn, classes, {**usual, "mail": address, "mailLocalAddress": address, **values})


class Directory:
    """Finds an account by an address, and a unit by its id."""

    def __init__(self, *entries: Entry) -> None:
        self._entries = entries

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:  # noqa: ARG002
        for entry in self._entries:
            by_address = any(f"(mailLocalAddress={address})" in filter_ for address in entry.addresses)
            by_id = f"(uid={entry.value('uid')})" in filter_ and base in entry.dn
            if by_address or by_id or base == entry.dn:
                yield entry


def change(number: int, what: Act | Event, *changes: tuple[str, str], document: str = "") -> Operation:
    entry = person(number)
    made = tuple(Change(name, entry.values(name), (value,)) for name, value in changes)
    return Modify(DOMAIN, entry, made, Reason(what, WHY.get(what, "lý do"), "", "LD-7.2d", document))


def headed(what: Act | Event, before: int, after: int) -> Operation:
    """The unit has another head; 0: nobody."""
    heads = [(person(number).dn,) if number else () for number in (before, after)]
    reason = Reason(what, "lý do", "", "LD-11.3", "12/QĐ")
    return Modify(DOMAIN, unit(), (Change("congvuHead", heads[0], heads[1]),), reason)


def revoked(number: int) -> Operation:
    return change(number, Act.INACTIVE, ("congvuState", "revoked"))


class World:
    """A mail server: its settings, the sync's audit log, Dovecot's ear, a Postfix."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, people: int) -> None:
        policy = ROOT / f"inventory/policy/{DOMAIN}.yml"
        self.log, self.state = folder / "sync", folder / "state"
        self.settings = cast(
            Settings,
            SimpleNamespace(audit_folder=self.log, domains={DOMAIN: SimpleNamespace(policy=policy)}),
        )
        self.kicked: list[str] = []
        self._people = tuple(map(person, range(people)))
        self.there(unit())

        def opened(_: Settings) -> Any:
            return nullcontext(self._here)

        def run(command: Sequence[str], **_: object) -> Done:
            self.kicked.append(command[-1])
            return Done(0, b"", "")

        monkeypatch.setattr(site, "opened", opened)
        monkeypatch.setattr(following, "run", run)

    def there(self, *units: Entry) -> None:
        """These are the units of the directory."""
        accounts = Accounts(Directory(*units, *self._people), BASE, [DOMAIN])
        self._here = Site(self.settings, accounts, f"mail.{DOMAIN}")

    def happen(self, *operations: Operation, ended: bool = True, refused: bool = False) -> None:
        """A run that does `operations`."""
        with AuditLog(self.log, "run", "sync", clock=lambda: NOW) as log:
            log.begin(Beginning("", "ldaps://x", "uuid"))
            log.intend(operations)
            for one in operations:
                log.settled(one, "refused" if refused else "")
            if ended:
                log.end(Status.FINE, {})

    def follow(self, now: datetime = NOW) -> Followed:
        return following.follow(self.settings, self.state, "test", now)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postfix: Postfix) -> World:
    assert postfix.letters == 0
    return World(tmp_path, monkeypatch, 6)


def text(letter: bytes, kind: str = "plain") -> str:
    message = email.message_from_bytes(letter, policy=email.policy.default)
    part = message.get_body((kind,))
    assert part
    return str(message["subject"]) + "\n" + str(part.get_content())


# Letters


def test_a_reader_gets_one_letter_for_all_that_happened(world: World, postfix: Postfix) -> None:
    world.happen(*map(revoked, range(3)))
    assert world.follow() == Followed(
        ended=tuple(f"an{number}@{DOMAIN}" for number in range(3)), told=(UNIT,), untold=()
    )
    ((recipient, letter),) = postfix.taken
    assert recipient == UNIT
    for kind in ("plain", "html"):
        told = text(letter, kind)
        assert "3 thay đổi" in told
        assert all(f"an{number}@{DOMAIN}" in told for number in range(3))
        assert "LD-7.2d" in told
        assert "for 3 months" not in told  # a clock's words are for the log
    assert b"Auto-Submitted: auto-generated" in letter


def test_a_second_run_tells_nobody_and_ends_nothing(world: World, postfix: Postfix) -> None:
    world.happen(revoked(1))
    world.follow()
    assert world.follow() == Followed()
    assert postfix.letters == 1
    world.happen(revoked(2))
    assert world.follow().told == (UNIT,)


def test_what_was_refused_or_has_no_answer_is_told_to_nobody(world: World, postfix: Postfix) -> None:
    world.happen(revoked(1), refused=True)
    with AuditLog(world.log, "run", "sync", clock=lambda: NOW) as log:
        log.begin(Beginning("", "ldaps://x", "uuid"))
        log.intend([revoked(2)])
    assert world.follow(NOW + timedelta(hours=1)) == Followed()
    assert postfix.letters == 0


def test_an_operation_that_is_settled_by_a_later_run_is_told_then(world: World, postfix: Postfix) -> None:
    operation = revoked(2)
    with AuditLog(world.log, "killed", "sync", clock=lambda: NOW) as log:
        log.begin(Beginning("", "ldaps://x", "uuid"))
        log.intend([operation])
        number = log.head.sequence
    world.follow(NOW + timedelta(hours=1))
    with AuditLog(world.log, "next", "sync", clock=lambda: NOW) as log:
        log.tell("settled", [{"of": number, "outcome": "done", "failure": "", "looked": True}])
        log.end(Status.FINE, {})
    done = world.follow(NOW + timedelta(hours=1))
    assert (done.ended, done.told) == ((f"an2@{DOMAIN}",), (UNIT,))
    assert postfix.letters == 1


def test_a_run_at_work_is_told_of_when_it_is_over_its_sessions_end_at_once(
    world: World, postfix: Postfix
) -> None:
    world.happen(revoked(1), ended=False)
    done = world.follow()
    assert (done.ended, done.told) == ((f"an1@{DOMAIN}",), ())
    world.happen(revoked(2))
    assert world.follow().told == (UNIT,)
    ((_, letter),) = postfix.taken
    assert "2 thay đổi" in text(letter)


def test_a_run_that_was_killed_is_over_after_a_while(world: World, postfix: Postfix) -> None:
    world.happen(revoked(1), ended=False)
    assert world.follow(NOW + happened.PATIENCE).told == ()
    assert world.follow(NOW + happened.PATIENCE + timedelta(seconds=1)).told == (UNIT,)
    assert postfix.letters == 1


def test_a_letter_names_so_many_and_counts_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postfix: Postfix
) -> None:
    world = World(tmp_path, monkeypatch, MOST + 5)
    world.happen(*map(revoked, range(MOST + 5)))
    world.follow()
    ((_, letter),) = postfix.taken
    assert "Và 5 hộp thư khác" in text(letter)


CASES = {
    "a warning": (change(1, Act.WARNED, ("congvuWarned", "20270430000000Z")), {f"an1@{DOMAIN}", UNIT}),
    "a new password": (change(1, Act.RESET, ("userPassword", "x")), {f"an1@{DOMAIN}", UNIT}),
    "a lock": (change(1, Act.LOCKED, ("congvuState", "locked")), {UNIT}),
    "a revocation at the unit's request": (
        change(1, Act.WITHDRAWN, ("congvuState", "revoked"), document="12/CV"), set()
    ),
    "somebody leaves, as the head's list says": (
        change(1, Event.LEAVE, ("congvuState", "revoked"), document="12/CV"), set()
    ),
    "somebody has no row any more": (change(1, Event.LEAVE, ("congvuState", "revoked")), {UNIT}),
    "another address": (change(1, Event.RENAME, ("mail", f"an2@{DOMAIN}")), {UNIT}),
    "another telephone": (change(1, Event.DETAILS, ("telephoneNumber", "0263")), set()),
    "a handover by hand": (
        headed(Act.HANDED_OVER, 1, 2), {f"an1@{DOMAIN}", f"an2@{DOMAIN}", UNIT}
    ),
    "a unit's first handover": (headed(Act.HANDED_OVER, 0, 2), {f"an2@{DOMAIN}", UNIT}),
    "another head, as the registry says": (
        headed(Event.HEAD, 1, 2), {f"an1@{DOMAIN}", f"an2@{DOMAIN}", UNIT}
    ),
    "the head of a new unit": (headed(Event.HEAD, 0, 2), set()),
    "a head who is gone": (headed(Event.HEAD, 1, 0), set()),
    "somebody has begun": (change(1, Act.BEGUN, ("congvuState", "active")), set()),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_those_are_told_whom_the_policy_names(
    case: tuple[Operation, set[str]], world: World, postfix: Postfix
) -> None:
    operation, readers = case
    world.happen(operation)
    world.follow()
    assert set(postfix.tried) == readers


def test_a_lock_after_silence_is_told_as_a_lock() -> None:
    assert notice_of(describe(change(1, Act.INACTIVE, ("congvuState", "locked")))) == "locked"
    assert notice_of(describe(revoked(1))) == "revoked"
    for state, notice in {"pending": "", "initial": "issued"}.items():
        joined = Add(DOMAIN, person(1, congvuState=state), Reason(Event.JOIN, "x"))
        assert notice_of(describe(joined)) == notice
    assert notice_of(describe(change(1, Act.APPROVED, ("congvuState", "initial")))) == "issued"


def test_a_letter_says_the_last_day_the_reason_and_the_document(world: World, postfix: Postfix) -> None:
    world.happen(change(1, Act.WARNED, ("congvuWarned", "20270430000000Z")))
    world.happen(change(2, Act.LOCKED, ("congvuState", "locked"), document="12/CV-SNV"))
    world.follow()
    told = text(dict(postfix.taken)[UNIT])
    assert "30/04/2027" in told
    assert "Lý do: lý do" in told
    assert "Văn bản: 12/CV-SNV" in told


def test_a_letter_about_a_handover_says_from_whom_to_whom(world: World, postfix: Postfix) -> None:
    world.happen(headed(Act.HANDED_OVER, 1, 2))
    world.follow()
    told = text(dict(postfix.taken)[UNIT])
    assert "Bàn giao hộp thư đơn vị" in told
    for line in (f"Bên giao: Nguyễn Văn An 1 <an1@{DOMAIN}>", f"Bên nhận: Nguyễn Văn An 2 <an2@{DOMAIN}>"):
        assert line in told
    for line in ("Lý do: lý do", "Văn bản: 12/QĐ", "Căn cứ: LD-11.3"):
        assert line in told


def test_words_of_others_steer_neither_text_nor_html(world: World, postfix: Postfix) -> None:
    evil = person(1, cn="<script>\nSubject: x")
    reason = Reason(Act.LOCKED, "<b>\x1b[31m", "", "", "")
    world.happen(Modify(DOMAIN, evil, (Change("congvuState", ("active",), ("locked",)),), reason))
    world.follow()
    ((_, letter),) = postfix.taken
    assert "<script>" not in text(letter, "html")
    assert "&lt;script&gt;" in text(letter, "html")
    assert "\x1b" not in text(letter)


# Sessions


def test_sessions_end_where_nobody_may_log_in_or_the_password_is_another(world: World) -> None:
    world.happen(
        change(0, Act.LOCKED, ("congvuState", "locked")),
        change(1, Act.RESET, ("congvuState", "initial"), ("userPassword", "x")),
        change(2, Event.LEAVE, ("congvuState", "revoked")),
        change(3, Act.WARNED, ("congvuWarned", "20270430000000Z")),
        change(4, Act.UNLOCKED, ("congvuState", "active")),
        change(5, Event.QUOTA, ("congvuQuota", "1")),
        change(4, Event.MOVE, ("departmentNumber", "A2")),
        change(5, Event.RENAME, ("mail", f"moi@{DOMAIN}")),
    )
    world.follow()
    assert world.kicked == [f"an{number}@{DOMAIN}" for number in (0, 1, 2, 4, 5)]


def test_sessions_of_who_lost_a_right_in_a_units_mailbox_end(world: World) -> None:
    delegates = tuple(person(number).dn for number in (1, 2))
    gone = Modify(
        DOMAIN, unit(), (Change("congvuReader", delegates, delegates[:1]),), Reason(Act.DELEGATION_ENDED, "x")
    )
    world.happen(gone)
    assert world.follow().ended == (f"an2@{DOMAIN}",)


def test_sessions_of_all_who_used_a_units_mailbox_end_when_it_is_closed(world: World) -> None:
    owner, delegate = (person(number).dn for number in (3, 4))
    box = unit(congvuOwner=owner, congvuDelegate=delegate)
    world.there(box)
    lock = Modify(DOMAIN, box, (Change("congvuState", ("active",), ("locked",)),), Reason(Act.LOCKED, "x"))
    world.happen(lock)
    assert world.follow().ended == (UNIT, f"an3@{DOMAIN}", f"an4@{DOMAIN}")


def test_where_a_unit_has_no_mailbox_the_next_above_it_is_told(world: World, postfix: Postfix) -> None:
    above, top = f"ubnd@{DOMAIN}", unit(f"ubnd@{DOMAIN}", "A0")
    world.there(unit(congvuState="revoked", congvuParent=top.dn), top)
    world.happen(revoked(1))
    assert world.follow().told == (above,)
    assert [recipient for recipient, _ in postfix.taken] == [above]


@pytest.mark.parametrize(
    ("contact", "told"),
    [(f"Chi, 0999 000 001, <an3@{DOMAIN}>", (f"an3@{DOMAIN}",)), ("Chi", ()), ("chi@gmail.com", ())],
)
def test_a_units_it_officer_is_told_where_the_policy_says_so(
    contact: str, told: tuple[str, ...], world: World, postfix: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = unit(f"ubnd@{DOMAIN}", "A0", congvuContact=contact)
    world.there(unit(congvuParent=top.dn), top)
    policy = load(ROOT / f"inventory/policy/{DOMAIN}.yml")
    notices = replace(policy.notices, revoked=(Recipient.IT_CONTACT,))
    monkeypatch.setattr(Site, "policy", lambda *_: replace(policy, notices=notices))
    world.happen(revoked(1))
    assert world.follow().told == told
    assert tuple(recipient for recipient, _ in postfix.taken) == told


def test_an_event_that_nobody_can_be_told_of_is_told_to_the_operator(world: World, postfix: Postfix) -> None:
    above = unit(uid="A0", congvuState="revoked", congvuParent=unit().dn)
    world.there(unit(congvuState="revoked", congvuParent=above.dn), above)  # a circle, too
    world.happen(revoked(1))
    assert world.follow().untold == (f"an1@{DOMAIN}: inactive: no unit above it has a mailbox to tell",)
    assert world.follow() == Followed()
    assert postfix.taken == []


def test_a_dovecot_that_is_away_is_asked_again(
    world: World, postfix: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.happen(revoked(1))
    with monkeypatch.context() as broken:
        broken.setattr(following, "run", _raise)
        with pytest.raises(MailFailure):
            world.follow()
    assert postfix.letters == 1  # meanwhile people are told
    assert world.follow().ended == (f"an1@{DOMAIN}",)


def _raise(*_: object, **__: object) -> Done:
    raise MailFailure("it is away", where="doveadm")


# Postfix


def test_a_mailbox_that_refuses_for_good_holds_up_nobody(world: World, postfix: Postfix) -> None:
    postfix.full.add(UNIT)
    world.happen(change(1, Act.RESET, ("userPassword", "x")))
    done = world.follow()
    assert done.told == (f"an1@{DOMAIN}",)
    assert [UNIT in one for one in done.untold] == [True]
    assert world.follow() == Followed()


def test_what_postfix_may_take_later_is_sent_later_and_sessions_end_meanwhile(
    world: World, postfix: Postfix
) -> None:
    postfix.answers["RCPT"] = "451 4.3.0 later"
    world.happen(change(1, Act.RESET, ("userPassword", "x")))
    with pytest.raises(MailFailure):
        world.follow()
    world.happen(revoked(2))
    with pytest.raises(MailFailure):
        world.follow()
    assert world.kicked == [f"an1@{DOMAIN}", f"an2@{DOMAIN}"]
    postfix.answers.clear()
    world.follow()
    world.follow()
    assert sorted(recipient for recipient, _ in postfix.taken) == sorted([f"an1@{DOMAIN}", UNIT, UNIT])


def test_whoever_acts_while_thousands_of_letters_are_written_does_not_wait_for_them(
    world: World, postfix: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PATIENCE", 0.1)
    world.happen(change(1, Act.LOCKED, ("congvuState", "locked")))
    with only_one(world.state / "letters", "timer"):
        assert world.follow() == Followed(ended=(f"an1@{DOMAIN}",))
    assert postfix.taken == []
    assert world.follow().told == (UNIT,)


# Killed

WRITERS = ((files.Appender, "append"), (happened, "write_whole"))


def test_killed_before_any_of_its_writes_the_next_run_tells_everybody_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postfix: Postfix
) -> None:
    """Every write to the disk is the last one once: bookmarks, the record of a letter, its outcome."""
    count = 0
    while True:
        folder = tmp_path / str(count)
        world = World(folder, monkeypatch, 6)
        world.happen(change(1, Act.RESET, ("userPassword", "x")), revoked(2))
        postfix.taken.clear()
        survived = survives(count, world.follow, WRITERS, monkeypatch)
        with monkeypatch.context() as journal:
            journal.setattr(post, "run", Journal(postfix))
            world.follow()
        assert sorted(recipient for recipient, _ in postfix.taken) == [f"an1@{DOMAIN}", UNIT], count
        assert set(world.kicked) == {f"an1@{DOMAIN}", f"an2@{DOMAIN}"}
        if survived:
            break
        count += 1
    assert count > 6


class Journal:
    """What the mail log says of the letters that Postfix has taken."""

    def __init__(self, postfix: Postfix) -> None:
        letters = (email.message_from_bytes(letter) for _, letter in postfix.taken)
        self._ids = [re.escape(str(letter["message-id"])) for letter in letters]

    def __call__(self, command: Sequence[str], **_: object) -> Done:
        (pattern,) = (word for word in command if word.startswith("--grep="))
        if "message-id" in pattern:
            return Done(0, b"4jN: message-id=\n" if any(id_ in pattern for id_ in self._ids) else b"", "")
        return Done(0, b"4jN: from=<>\n", "")


def test_a_bookmark_that_is_none_stops_with_its_place(world: World) -> None:
    world.happen(revoked(1))
    world.follow()
    (world.state / "letters/read.json").write_text(json.dumps({"position": 1}))
    with pytest.raises(SystemFailure, match=r"letters/read\.json"):
        world.follow()


def test_a_log_that_was_moved_aside_is_told_of_not_waited_for(world: World) -> None:
    world.happen(revoked(1))
    world.follow()
    for path in world.log.glob("*.json*"):
        path.unlink()
    world.happen(change(2, Act.LOCKED, ("congvuState", "locked")))
    (log,) = world.log.glob("*.jsonl")
    log.write_bytes(log.read_bytes()[:300])
    with pytest.raises(SystemFailure, match="ends before that"):
        world.follow()
