"""`congvu mail` without a mail server: which Message-ID is meant, what a queue says, what notices say."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import SMTP
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import congvu.mail.site
from congvu.cli.mail import mail
from congvu.directory.model import Entry, State
from congvu.errors import InputError, MailFailure
from congvu.mail import boxes, held, notices, post, queue, recall
from congvu.mail.accounts import Accounts
from congvu.mail.boxes import Copy
from congvu.mail.held import Held
from congvu.mail.messageid import MessageId
from congvu.mail.notices import About
from congvu.mail.post import Post
from congvu.mail.queue import Headers, Queued, parse, read_headers
from congvu.mail.recall import Found, Scope
from congvu.mail.record import acts
from congvu.mail.site import Site
from congvu.mail.tools import Done
from congvu.sync import settings as sync_settings
from congvu.sync.auditfile import records
from congvu.sync.settings import Settings
from tests.unit.postfix import Postfix

BASE = "dc=gov,dc=vn"
LAMDONG = f"dc=lamdong,{BASE}"
ABOUT = About(
    "<a@x>", "annv@lamdong.gov.vn", ("bb@y.example",), datetime(2026, 11, 22, 3, 5, tzinfo=UTC), "4jX"
)

MEANT = {
    "itself": ("<a@x>", ["<a@x>"], True),
    "given without brackets": ("a@x", ["<a@x>"], True),
    "without brackets on both sides": ("a@x", ["a@x"], True),
    "brackets only where they are given": ("<a@x>", ["a@x"], False),
    "a piece at the end": ("<a@x>", ["<aa@x>"], False),
    "a piece at the beginning": ("a@x", ["<a@x.vn>"], False),
    "other case": ("<a@x>", ["<A@x>"], False),
    "the second of two": ("<a@x>", ["<b@x>", "<a@x>"], True),
    "folded": ("<a@x>", ["\r\n <a@x>"], True),
    "folded as Dovecot prints it": ("<a@x>", ["\n <a@x>"], True),
    "blanks around it": ("<a@x>", [" <a@x> \t"], True),
    "a comment beside it": ("<a@x>", ["<a@x> (c)"], False),
    "quotes": ('<"q\'"@x>', ['<"q\'"@x>'], True),
    "no wildcard": ("<*@x>", ["<a@x>"], False),
    "no expression": ("<.@x>", ["<a@x>"], False),
    "another form of Unicode": ("<m\u1ead@x>", ["<ma\u0323\u0302@x>"], False),
    "nothing there": ("<a@x>", [], False),
}


@pytest.mark.parametrize("case", MEANT)
def test_a_message_id_is_met_to_the_letter(case: str) -> None:
    text, headers, met = MEANT[case]
    assert MessageId.from_text(text).is_in(headers) is met


@pytest.mark.parametrize(
    "text", ["", " ", "<>", "<<>>", "a\nb@x", "a\x00@x", "a\x7f@x", "x" * 991, "ậ" * 400]
)
def test_what_cannot_be_a_message_id_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        MessageId.from_text(text)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=50))
def test_what_is_searched_for_is_in_the_message_id_and_is_no_option(text: str) -> None:
    try:
        wanted = MessageId.from_text(text)
    except InputError:
        return
    assert wanted.anchor in wanted.text
    assert not wanted.anchor.startswith("-")
    assert wanted.anchor.isascii()
    assert "=?" not in wanted.anchor


def test_an_encoded_word_is_not_searched_for_as_it_stands() -> None:
    assert MessageId.from_text("<=?utf-8?q?six?=@x>").anchor == ""


def test_the_queue_is_read_line_by_line() -> None:
    line = {
        "queue_name": "hold",
        "queue_id": "4jX",
        "arrival_time": 1795382541,
        "message_size": 319,
        "forced_expire": False,
        "sender": "MAILER-DAEMON",
        "recipients": [{"address": "a@x", "delay_reason": "no"}, {"address": "b@x"}],
    }
    (one,) = parse(json.dumps(line) + "\n")
    moment = datetime.fromtimestamp(1795382541, UTC)
    assert one == Queued("4jX", "hold", moment, 319, "", ("a@x", "b@x"))
    assert one.held
    assert parse("") == ()


def test_what_is_a_lines_end_for_python_alone_is_part_of_an_address() -> None:
    senders = ("a\u2028b@x", "a\x85b@x", "a@x")
    lines = [
        {
            "queue_name": "hold",
            "queue_id": f"4jX{number}",
            "arrival_time": 1795382541,
            "message_size": 319,
            "sender": sender,
            "recipients": [{"address": "b@x"}],
        }
        for number, sender in enumerate(senders)
    ]
    found = parse("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))
    assert tuple(one.sender for one in found) == senders


@pytest.mark.parametrize("line", ["nonsense", "{}", "[]", '{"queue_id": 1}'])
def test_a_listing_that_is_none_is_a_failure(line: str) -> None:
    with pytest.raises(MailFailure, match="postqueue"):
        parse(line)


def test_a_header_tells_every_reason_and_every_message_id_to_the_byte() -> None:
    said = read_headers(
        b"x-congvu-held: CONGVU_MACRO;\n a document\nMessage-Id: <caf\xe9@x>\nMESSAGE-ID: <b@x>\n"
        b"X-Congvu-Held: CONGVU_CLASSIFIED; mark\n\nMessage-ID: <body@x>\n"
    )
    assert said.reasons == ("CONGVU_MACRO; a document", "CONGVU_CLASSIFIED; mark")
    assert said.symbols == ("CONGVU_MACRO", "CONGVU_CLASSIFIED")
    assert said.message_ids == ("<caf\udce9@x>", "<b@x>")
    assert not MessageId.from_text("<caf\udce8@x>").is_in(said.message_ids)
    assert MessageId.from_text("<caf\udce9@x>").is_in(said.message_ids)


NOTICES = {
    "held": notices.held(ABOUT, ["CONGVU_CLASSIFIED", "<script>"], "vp@lamdong.gov.vn", "Trung tâm"),
    "deleted": notices.deleted(ABOUT, "Có nội dung mật", "12/VP", "vp@lamdong.gov.vn", ""),
    "recalled": notices.recalled(ABOUT, 3, "lý do", "", "vp@lamdong.gov.vn", event="e", operator="Trung tâm"),
    "reported": notices.reported(
        ABOUT,
        [f"b{number}@x" for number in range(25)],
        "lý do",
        "",
        "vp@lamdong.gov.vn",
        event="e",
        operator="",
    ),
}


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_is_a_well_formed_automatic_letter_in_nfc(name: str) -> None:
    letter = NOTICES[name].message(
        "lamdong.gov.vn", "mail.lamdong.gov.vn", datetime(2026, 11, 22, tzinfo=UTC)
    )
    raw = letter.as_bytes(policy=SMTP)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()
    read = message_from_bytes(raw)
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Message-ID"] == f"<{NOTICES[name].key}@mail.lamdong.gov.vn>"
    assert read.get_content_type() == "text/plain"
    text = read.get_payload(decode=True)
    assert isinstance(text, bytes)
    for words in (text.decode("utf-8"), str(make_header(decode_header(read["Subject"])))):
        assert unicodedata.is_normalized("NFC", words)
    for word in ("<a@x>", "annv@lamdong.gov.vn", "10:05 ngày 22/11/2026", "xin không trả lời"):
        assert word in text.decode("utf-8")


def test_a_held_message_is_told_by_the_rule_not_by_its_words() -> None:
    assert "dấu chỉ độ mật" in NOTICES["held"].text
    assert "<script>" not in NOTICES["held"].text


def test_what_others_wrote_breaks_no_line_of_a_notice() -> None:
    evil = About("<a@x>\nBcc: b@x", "a\u202e@x\r\nSubject: y", ("c@x",), ABOUT.date, "1")
    notice = notices.held(evil, [], "vp@lamdong.gov.vn", "")
    letter = notice.message("lamdong.gov.vn", "mail", ABOUT.date)
    assert sorted(name for name in letter if name in ("Bcc", "Subject")) == ["Subject"]
    assert "\u202e" not in letter["Subject"] + notice.text


def test_a_notice_has_the_same_key_for_the_same_deed_and_no_other() -> None:
    keys = {
        notices.held(about, [], to, "").key
        for about in (ABOUT, About("<a@x>", "", (), ABOUT.date, "4jY"))
        for to in ("a@x", "b@x")
    }
    assert len(keys) == 4
    assert notices.held(ABOUT, [], "a@x", "").key == notices.held(ABOUT, ["CONGVU_MACRO"], "A@x", "").key


@dataclass
class Tree:
    """A directory in memory, which knows the filters of `Accounts`."""

    entries: list[Entry] = field(default_factory=list)

    def search(self, base: str, filter_: str, attributes: object) -> Iterator[Entry]:  # noqa: ARG002
        found = [one for one in self.entries if one.dn.endswith(base)]
        for name in ("mailLocalAddress", "uid"):
            if f"({name}=" in filter_:
                value = filter_.partition(f"({name}=")[2].partition(")")[0]
                found = [one for one in found if value in one.values(name)]
        return iter(found)


def _entry(kind: str, uid: str, mail_: str, unit: str = "", state: State = State.ACTIVE) -> Entry:
    classes = (
        ("inetOrgPerson", "congvuAccount") if kind == "people" else ("organizationalUnit", "congvuAccount")
    )
    values = {"uid": uid, "mail": mail_, "mailLocalAddress": (mail_, f"cu.{mail_}"), "congvuState": state}
    return Entry.build(f"uid={uid},ou={kind},{LAMDONG}", classes, values | {"departmentNumber": unit})


ACCOUNTS = Accounts(
    Tree(
        [
            _entry("people", "P1", "annv@lamdong.gov.vn", "A01"),
            _entry("people", "P3", "chi@lamdong.gov.vn"),
            _entry("units", "A01", "vp@lamdong.gov.vn"),
        ]
    ),
    BASE,
    ["lamdong.gov.vn"],
)


def test_an_address_leads_to_its_account_whatever_its_case_and_extension() -> None:
    for address in ("annv@lamdong.gov.vn", "ANNV+viec@lamdong.gov.vn", "cu.annv@lamdong.gov.vn"):
        account = ACCOUNTS.holding(address)
        assert account is not None
        assert (account.address, account.domain) == ("annv@lamdong.gov.vn", "lamdong.gov.vn")
    assert ACCOUNTS.holding("") is None
    assert ACCOUNTS.holding("ai-do@x.example") is None


def test_a_unit_answers_for_its_people_and_for_itself() -> None:
    person, unit = ACCOUNTS.holding("annv@lamdong.gov.vn"), ACCOUNTS.holding("vp@lamdong.gov.vn")
    assert person is not None
    assert unit is not None
    assert ACCOUNTS.unit_of(person) == unit
    assert ACCOUNTS.unit_of(unit) == unit
    without = ACCOUNTS.holding("chi@lamdong.gov.vn")
    assert without is not None
    assert ACCOUNTS.unit_of(without) is None


@pytest.mark.parametrize(
    "words",
    [
        ("release", "4jX"),
        ("delete", "4jX", "--reason", " "),
        ("recall", "<a@x>"),
        ("recall", "<>", "--reason", "r", "--all-recipients"),
        ("recall", "<a@x>", "--reason", "r"),
    ],
)
def test_a_command_without_its_reason_or_its_place_is_bad_input(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(mail, words)
    assert isinstance(done.exception, (InputError, SystemExit))
    assert getattr(done.exception, "code", 2) == 2


# Notices that cannot be sent, and messages that move


@dataclass
class Journal:
    """What journalctl prints, by the program; and from when on it was asked."""

    lines: dict[str, str] = field(default_factory=dict)
    since: list[int] = field(default_factory=list)

    def __call__(self, command: list[str], **_options: object) -> Done:
        words = dict(word.removeprefix("--").split("=", 1) for word in command[1:] if "=" in word)
        self.since.append(int(words["since"].removeprefix("@")))
        return Done(0, self.lines.get(words["identifier"], "").encode(), "")


TAKEN = {"postfix/cleanup": "4jN: message-id=<x>\n", "postfix/qmgr": "4jN: from=<>, size=1\n"}
NOTICE = notices.held(ABOUT, [], "vp@lamdong.gov.vn", "")
SITE = Site(cast(Settings, SimpleNamespace(domains={})), ACCOUNTS, "mail.lamdong.gov.vn")
DECISION = {"reason": "lý do", "document": ""}


def send(folder: Path) -> bool:
    """Send the notice, in a run of its own."""
    with acts(folder, "test") as log:
        return Post(log, "mail.lamdong.gov.vn").send(NOTICE, "lamdong.gov.vn")


def told(folder: Path, record: str) -> list[Mapping[str, Any]]:
    return [one for one in records(folder) if one["record"] == record]


def write(folder: Path, *steps: dict[str, Any]) -> None:
    """Records of the notice, as runs before left them."""
    with acts(folder, "test") as log:
        for step in steps:
            log.log.tell(post.RECORD, [{"key": NOTICE.key, "to": NOTICE.recipient, **step}])


def test_an_answer_that_comes_too_late_sends_no_second_notice(
    postfix: Postfix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postfix.answers["."] = None
    with pytest.raises(MailFailure, match="vp@lamdong"):
        send(tmp_path)
    monkeypatch.setattr(post, "run", Journal(TAKEN))
    postfix.answers.clear()
    assert send(tmp_path) is False
    assert postfix.letters == 1
    assert [one["step"] for one in told(tmp_path, post.RECORD)] == ["intended", "failed", "done"]
    assert send(tmp_path) is False


def test_what_postfix_did_not_take_is_sent_again(postfix: Postfix, tmp_path: Path) -> None:
    postfix.answers["."] = None
    with pytest.raises(MailFailure):
        send(tmp_path)
    postfix.answers.clear()
    assert send(tmp_path) is True
    assert postfix.letters == 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "."])
def test_a_refused_notice_is_sent_again_and_nobody_searches_for_it(
    verb: str, postfix: Postfix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "run", Journal(TAKEN))
    postfix.answers[verb] = "451 4.7.1 later"
    with pytest.raises(MailFailure, match="later"):
        send(tmp_path)
    assert told(tmp_path, post.RECORD)[-1]["refused"] is True
    postfix.answers.clear()
    assert send(tmp_path) is True


def test_what_is_said_to_quit_is_no_refusal(postfix: Postfix, tmp_path: Path) -> None:
    postfix.answers["QUIT"] = "421 4.3.0 stopping"
    assert send(tmp_path) is True
    assert send(tmp_path) is False
    assert postfix.letters == 1


def test_the_journal_is_searched_from_the_first_try_that_may_have_been_taken(
    postfix: Postfix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert postfix.letters == 0
    hours = [datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in range(3)]
    write(
        tmp_path,
        {"step": "intended", "time": hours[0].isoformat()},
        {"step": "failed", "failure": "x", "refused": True},
        {"step": "intended", "time": hours[1].isoformat()},
        {"step": "failed", "failure": "x"},
        {"step": "intended", "time": hours[2].isoformat()},
        {"step": "failed", "failure": "x", "refused": True},
    )
    journal = Journal()
    monkeypatch.setattr(post, "run", journal)
    assert send(tmp_path) is True
    assert set(journal.since) == {int(hours[1].timestamp())}


def test_a_notice_that_is_still_with_the_filter_is_not_sent_again(
    postfix: Postfix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "SECONDS", 330)
    monkeypatch.setattr(post, "run", Journal({"postfix/cleanup": TAKEN["postfix/cleanup"]}))
    now = datetime.now(UTC)
    write(tmp_path / "young", {"step": "intended", "time": (now - timedelta(seconds=290)).isoformat()})
    with pytest.raises(MailFailure, match="not decided"):
        send(tmp_path / "young")
    assert postfix.letters == 0
    write(tmp_path / "old", {"step": "intended", "time": (now - timedelta(seconds=340)).isoformat()})
    assert send(tmp_path / "old") is True


def test_a_notice_waits_longer_than_postfix_for_its_filter() -> None:
    assert post.SECONDS > 300


def waiting(queue_id: str, *recipients: str) -> Held:
    """A message from elsewhere that a rule has had held."""
    message = Queued(queue_id, "hold", ABOUT.date, 319, "ai@x.example", recipients)
    return Held(message, Headers((f"<{queue_id}@x>",), ("CONGVU_MACRO; x",)))


def test_one_full_mailbox_stops_nobody_elses_notices(postfix: Postfix, tmp_path: Path) -> None:
    both, one = (
        waiting("4jA", "annv@lamdong.gov.vn", "chi@lamdong.gov.vn"),
        waiting("4jB", "chi@lamdong.gov.vn"),
    )
    postfix.full = {"vp@lamdong.gov.vn"}
    out: list[Any] = []
    with pytest.raises(MailFailure, match=r"4jA.*vp@lamdong") as failure:
        out.extend(held.notify(SITE, tmp_path, "test", (both, one)))
    assert "4jB" not in str(failure.value)
    assert set(held.told_of(tmp_path)) == {"4jB"}
    assert postfix.letters == 2
    postfix.full = set()
    out = list(held.notify(SITE, tmp_path, "test", (both,)))
    assert out == [(both, ("vp@lamdong.gov.vn", "chi@lamdong.gov.vn"))]
    assert postfix.letters == 3
    assert held.told_of(tmp_path)["4jA"] == ("vp@lamdong.gov.vn", "chi@lamdong.gov.vn")


def test_what_could_be_told_is_said_before_what_could_not(postfix: Postfix, tmp_path: Path) -> None:
    postfix.full = {"vp@lamdong.gov.vn"}
    runs = held.notify(SITE, tmp_path, "test", (waiting("4jA", "annv@lamdong.gov.vn"), waiting("4jB")))
    assert next(runs)[0].message.id == "4jB"
    with pytest.raises(MailFailure):
        next(runs)


def test_a_message_is_deleted_whoever_cannot_be_told(
    postfix: Postfix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Held(Queued("4jA", "hold", ABOUT.date, 319, "annv@lamdong.gov.vn", ("b@x",)), Headers((), ()))
    removed: list[Queued] = []
    monkeypatch.setattr(queue, "remove", removed.append)
    monkeypatch.setattr(held, "run", lambda *_words, **_options: Done(0, b"", ""))
    postfix.full = {"annv@lamdong.gov.vn"}
    with (
        acts(tmp_path, "test") as log,
        pytest.raises(MailFailure, match=r"deleted, but annv@lamdong.gov.vn could not be told") as failure,
    ):
        held.delete(log, SITE, one, DECISION)
    assert failure.value.exit_code == 3
    assert removed == [one.message]
    assert postfix.tried == ["annv@lamdong.gov.vn", "vp@lamdong.gov.vn"]
    assert postfix.letters == 1
    last = told(tmp_path, "delete")[-1]
    assert (last["step"], last["told"], last["untold"]) == (
        "done",
        ["vp@lamdong.gov.vn"],
        ["annv@lamdong.gov.vn"],
    )


WANTED = MessageId.from_text("<a@x>")
ACTIVE = Queued("4jQ", "active", ABOUT.date, 319, "ai@x.example", ("annv@lamdong.gov.vn",))
DEFERRED = Queued("4jQ", "deferred", ABOUT.date, 319, "ai@x.example", ("annv@lamdong.gov.vn",))


@dataclass
class Server:
    """Queue and mailboxes, as each look finds them."""

    looks: list[Found]
    stays: set[str] = field(default_factory=set)
    """Queues that a message has left when it is to be removed from them."""
    removed: list[Queued | Copy] = field(default_factory=list)

    def look(self, *_where: object) -> Found:
        return self.looks.pop(0) if self.looks else Found((), ())

    def remove_queued(self, message: Queued) -> None:
        if message.queue in self.stays:
            raise MailFailure("the message has left its queue", where=message.id)
        self.removed.append(message)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    here = Server([])
    monkeypatch.setattr(recall, "look", here.look)
    monkeypatch.setattr(queue, "remove", here.remove_queued)
    monkeypatch.setattr(boxes, "remove", here.removed.append)
    monkeypatch.setattr(boxes, "digest", lambda _copy: "")
    monkeypatch.setattr(boxes, "header", lambda _copy: b"From: annv@lamdong.gov.vn\n\n")
    monkeypatch.setattr(recall, "run", lambda *_words, **_options: Done(0, b"", ""))
    return here


def carry_out(folder: Path) -> Found:
    with acts(folder, "test") as log:
        return recall.carry_out(log, SITE, WANTED, Scope((), whole=True), DECISION)


COPIES = tuple(
    Copy(f"{name}@lamdong.gov.vn", "INBOX", "g", 1, 10, "2026-11-22 03:05:00") for name in ("annv", "chi")
)


def test_all_whom_a_recall_concerns_are_told_but_those_who_cannot_be(
    server: Server, postfix: Postfix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Site, "hear_of_secrets", lambda *_: ("attt@x.example",))
    server.looks = [Found(COPIES, ())]
    postfix.full = {"annv@lamdong.gov.vn", "vp@lamdong.gov.vn"}
    done = carry_out(tmp_path)
    assert done.copies == COPIES
    assert postfix.tried == [
        "annv@lamdong.gov.vn",
        "chi@lamdong.gov.vn",
        "vp@lamdong.gov.vn",
        "attt@x.example",
    ]
    assert sorted(done.untold) == ["annv@lamdong.gov.vn", "vp@lamdong.gov.vn"]
    postfix.full, postfix.tried = set(), []
    assert carry_out(tmp_path).untold == {}
    assert postfix.tried == ["annv@lamdong.gov.vn", "vp@lamdong.gov.vn"]


def test_what_left_the_queue_by_itself_is_not_removed(server: Server, tmp_path: Path) -> None:
    server.looks, server.stays = [Found((), (ACTIVE,))], {"active"}
    done = carry_out(tmp_path)
    assert (done.queued, done.gone) == ((), (ACTIVE,))


def test_what_a_later_round_removes_is_removed_once(server: Server, tmp_path: Path) -> None:
    server.looks, server.stays = [Found((), (ACTIVE,)), Found((), (DEFERRED,))], {"active"}
    done = carry_out(tmp_path)
    assert (done.queued, done.gone) == ((DEFERRED,), ())


def test_what_moved_in_the_queue_and_left_it_is_gone_once(server: Server, tmp_path: Path) -> None:
    server.looks = [Found((), (ACTIVE,)), Found((), (DEFERRED,))]
    server.stays = {"active", "deferred"}
    done = carry_out(tmp_path)
    assert (done.queued, done.gone) == ((), (DEFERRED,))


def run_recall(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    @contextmanager
    def opened(_settings: object) -> Iterator[Site]:
        yield SITE

    monkeypatch.setattr(sync_settings, "read", lambda _file: None)
    monkeypatch.setattr(congvu.mail.site, "opened", opened)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    words = ["recall", "<a@x>", "--all-recipients", "--yes", "--reason", "r", "--state", str(folder)]
    return CliRunner().invoke(mail, words)


def test_the_command_names_what_left_the_queue_and_finds_fault(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.looks, server.stays = [Found(COPIES[:1], (ACTIVE,))], {"active"}
    monkeypatch.setattr(Post, "send", lambda *_: True)
    done = run_recall(tmp_path, monkeypatch)
    assert done.exit_code == 1
    assert "queue active, 4jQ, for annv@lamdong.gov.vn: gone before it could be removed" in done.output
    assert "removed: queue" not in done.output
    assert "<a@x>: 1 removed" in done.output


def test_the_command_says_what_it_removed_and_who_could_not_be_told(
    server: Server, postfix: Postfix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.looks = [Found(COPIES, ())]
    postfix.full = {"annv@lamdong.gov.vn"}
    done = run_recall(tmp_path, monkeypatch)
    assert "<a@x>: 2 removed" in done.output
    assert isinstance(done.exception, MailFailure)
    assert "annv@lamdong.gov.vn could not be told" in str(done.exception)
    assert told(tmp_path / "audit", "end")[-1]["status"] == "failed"


RECEIVED = "2026-11-23 10:15:00"
DATES = {
    "Mon, 23 Nov 2026 10:00:00 +0700": "2026-11-23T03:00:00+00:00",
    "Mon, 23 Nov 2026 03:00:00 -0000": "2026-11-23T03:00:00+00:00",
    "Mon, 23 Nov 2026 03:00:00 GMT": "2026-11-23T03:00:00+00:00",
    "Fri, 31 Dec 9999 23:59:59 -1200": "",
    "Fri, 31 Dec 9999 23:59:59 +0000": "",
    "Mon, 1 Jan 0001 00:00:00 +1200": "2000-12-31T12:00:00+00:00",  # as Python reads years of two digits
    "hom qua": "",
}


@pytest.mark.parametrize("header", DATES)
def test_a_date_that_a_stranger_made_up_stops_no_recall(header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = Copy("an@mau.gov.vn", "INBOX", "g", 1, 10, RECEIVED)
    monkeypatch.setattr(boxes, "header", lambda _: f"From: a@x.vn\r\nDate: {header}\r\n\r\n".encode())
    came = datetime.strptime(RECEIVED, "%Y-%m-%d %H:%M:%S").astimezone(UTC).isoformat()
    envelope = recall._envelope(copy)
    assert envelope == {"sender": "a@x.vn", "date": DATES[header] or came}
    about = About("<1@x>", "a@x.vn", (), datetime.fromisoformat(envelope["date"]))
    assert notices.recalled(about, 1, "thử", "", "an@mau.gov.vn", event="1", operator="").text
