"""`congvu mail` without a mail server: which Message-ID is meant, what a queue says, what notices say."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import SMTP

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from congvu.cli.mail import mail
from congvu.directory.model import Entry, State
from congvu.errors import InputError, MailFailure
from congvu.mail import notices
from congvu.mail.accounts import Accounts
from congvu.mail.messageid import MessageId
from congvu.mail.notices import About
from congvu.mail.queue import Queued, parse, read_headers

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

    def search(self, base: str, filter_: str, attributes: object) -> list[Entry]:  # noqa: ARG002
        found = [one for one in self.entries if one.dn.endswith(base)]
        for name in ("mailLocalAddress", "uid"):
            if f"({name}=" in filter_:
                value = filter_.partition(f"({name}=")[2].partition(")")[0]
                found = [one for one in found if value in one.values(name)]
        return found


def _entry(kind: str, uid: str, mail_: str, unit: str = "", state: State = State.ACTIVE) -> Entry:
    classes = (
        ("inetOrgPerson", "congvuAccount") if kind == "people" else ("organizationalUnit", "congvuAccount")
    )
    values = {"uid": uid, "mail": mail_, "mailLocalAddress": (mail_, f"cu.{mail_}"), "congvuState": state}
    return Entry.build(f"uid={uid},ou={kind},{LAMDONG}", classes, values | {"departmentNumber": unit})


ACCOUNTS = Accounts(
    Tree(  # type: ignore[arg-type]  # a list is enough of an iterator here
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
