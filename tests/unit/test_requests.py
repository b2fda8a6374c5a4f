"""What units ask for: taken in whole or returned with reasons, told once, done as the operator says."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from congvu import files
from congvu import policy as policies
from congvu.directory.model import Entry, dn_key
from congvu.directory.model import State as AccountState
from congvu.directory.operations import Act, Modify
from congvu.errors import InputError, SystemFailure
from congvu.lifecycle.account import Account
from congvu.mail import post, site
from congvu.mail.accounts import Account as Holder
from congvu.mail.accounts import Accounts
from congvu.mail.site import Site
from congvu.policy import Policy
from congvu.policy.model import Party
from congvu.policy.model.lifecycle import Channel, Deadlines, Event, Proof, Recipient
from congvu.policy.values import Duration, MailAddress
from congvu.registry.headings import Field
from congvu.registry.model import Action
from congvu.requests import answers, checks, decide, intake, paper, store, submitted
from congvu.requests.intake import Judged, judge, take_in
from congvu.requests.lists import WORDS
from congvu.requests.model import Request, Row, State
from congvu.requests.store import Store
from congvu.sync.settings import Settings
from tests.forms import SCAN, filled, person
from tests.unit.crash import Killed, survives
from tests.unit.helpers import BASE, ROOT
from tests.unit.postfix import Postfix
from tests.unit.test_lifecycle_follow import Journal, text

DOMAIN = "lamdong.gov.vn"
HOST = f"mail.{DOMAIN}"
OFFICE = f"yeucau@{DOMAIN}"
UNIT = f"snv@{DOMAIN}"
BELOW = f"tchc.snv@{DOMAIN}"
OTHER = f"stc@{DOMAIN}"
MEMBER = f"anhttn@{DOMAIN}"
STRANGER = f"binhlv@{DOMAIN}"
NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
DAY = "Mon, 23 Nov 2026 09:00:00 +0700"
FORM = "danh-sach.xlsx"


def unit(uid: str, name: str, address: str, parent: str = "", state: str = "initial") -> Entry:
    above = f"uid={parent},ou=units,dc=lamdong,{BASE}" if parent else ""
    return Entry.build(
        f"uid={uid},ou=units,dc=lamdong,{BASE}", ("organizationalUnit", "congvuAccount"),
        {"uid": uid, "ou": name, "mail": address, "mailLocalAddress": address, "congvuState": state,
         "congvuParent": above},
    )  # fmt: skip


def human(
    uid: str, name: str, address: str, unit_id: str, state: str = "active", *, issued: str = ""
) -> Entry:
    return Entry.build(
        f"uid={uid},ou=people,dc=lamdong,{BASE}", ("inetOrgPerson", "congvuAccount"),
        {"uid": uid, "cn": name, "mail": address, "mailLocalAddress": address, "congvuState": state,
         "departmentNumber": unit_id, "congvuIssued": issued},
    )  # fmt: skip


ENTRIES = (
    unit("A1", "Sở Nội vụ", UNIT),
    unit("A1.1", "Phòng Tổ chức", BELOW, "A1"),
    unit("B1", "Sở Tài chính", OTHER),
    unit("C1", "Sở Cũ", f"cu@{DOMAIN}", state="revoked"),
    human("S1", "Trần Thị Ngọc Ánh", MEMBER, "A1.1"),
    human("S2", "Lê Văn Bình", STRANGER, "B1"),
)


@dataclass(frozen=True)
class Entries:
    """What the requests ask of the directory."""

    there: tuple[Entry, ...] = ENTRIES

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:  # noqa: ARG002
        for entry in self.there:
            if "mailLocalAddress=" in filter_ and not any(f"={name})" in filter_ for name in entry.addresses):
                continue
            if dn_key(entry.dn).endswith(dn_key(base)):
                yield entry


class World:
    """A mail server with one mail domain, and what has come to its request address."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, policy: Policy) -> None:
        self.store, self.policy = Store(folder), policy
        self.settings = cast(
            Settings,
            SimpleNamespace(
                domains={DOMAIN: SimpleNamespace(policy=ROOT / f"inventory/policy/{DOMAIN}.yml")}
            ),
        )
        self.site = Site(self.settings, Accounts(Entries(), BASE, [DOMAIN]), HOST, {DOMAIN: policy})
        monkeypatch.setattr(site, "opened", lambda _: nullcontext(self.site))

    def receive(self, raw: bytes) -> None:
        self.store.receive(raw)

    def take_in(self) -> intake.Taken:
        return take_in(self.settings, self.store, "test", NOW)

    def judge(self, raw: bytes) -> Request:
        return judge(self.site, raw, NOW).request


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lamdong: Policy) -> World:
    return World(tmp_path, monkeypatch, lamdong)


LOCK = person("Trần Thị Ngọc Ánh", "Phòng Tổ chức", Field.LOCK, MEMBER)
BINH = person("Lê Văn Bình", "Phòng Tổ chức", Field.LOCK, STRANGER)
CREATE = person("Nguyễn Thị Mới", "Phòng Tổ chức", Field.CREATE)


def message(
    policy: Policy,
    *rows: Mapping[Field, str],
    sender: str = UNIT,
    shown: str = "",
    subject: str = "Đề nghị, văn bản số 12/CV-SNV ngày 20/11/2026",
    body: str = "Kính gửi Trung tâm",
    to: str = OFFICE,
    scan: bytes | None = SCAN,
    lists: Sequence[bytes] | None = None,
    trace: str = f"by {HOST} (Postfix) with ESMTPSA",
    headers: Mapping[str, str] | None = None,
    id_: str = "1",
) -> bytes:
    """A message as Postfix hands it over."""
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = shown or sender, to, subject
    mail["Message-ID"] = f"<{id_}@office>"
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(body)
    if scan is not None:
        mail.add_attachment(scan, "application", "octet-stream", filename="van-ban.bin")
    for content in lists if lists is not None else [filled(policy, rows or (LOCK,))]:
        mail.add_attachment(content, "application", "octet-stream", filename=FORM)
    top = f"Return-Path: <{sender}>\r\nReceived: from pc (pc [192.0.2.7])\r\n\t{trace} id 4k; {DAY}\r\n"
    return top.encode() + mail.as_bytes()


# What is a request


def test_a_list_from_the_units_mailbox_is_a_request_that_waits(world: World, postfix: Postfix) -> None:
    world.receive(message(world.policy, LOCK, CREATE))
    (request,) = world.take_in().requests
    assert (request.state, request.channel, request.unit) == (
        State.PENDING,
        Channel.UNIT_MAILBOX,
        "Sở Nội vụ",
    )
    assert (request.document, request.document_date) == ("12/CV-SNV", "2026-11-20")
    assert request.rows == (
        Row(7, Action.LOCK, "Trần Thị Ngọc Ánh", MEMBER, "A1.1"),
        Row(8, Action.CREATE, "Nguyễn Thị Mới", "", "A1.1"),
    )
    assert world.store.get(request.id) == request
    scan, form = request.attachments
    assert world.store.file(request, scan.file).read_bytes() == SCAN
    assert (scan.name, form.name, form.file) == ("van-ban.bin", FORM, "02.xlsx")
    assert "Số dòng: tạm khóa: 1, cấp mới: 1" in text(postfix.taken[0][1])
    assert [recipient for recipient, _ in postfix.taken] == [UNIT]
    assert not world.store.waiting()


@dataclass(frozen=True)
class Case:
    """A message with one fault, and what the unit reads."""

    words: str
    make: Callable[[Policy], bytes]


def _case(words: str, *rows: Mapping[Field, str], **more: Any) -> Case:
    return Case(words, lambda policy: message(policy, *rows, **more))


RETURNED = {
    "a person": _case("hộp thư cá nhân", sender=STRANGER),
    "nobody of ours": _case("không phải là hộp thư của hệ thống", sender="x@gmail.example"),
    "another From": _case(f"người gửi ghi trong thư ({UNIT})", sender=OTHER, shown=UNIT),
    "no From at all": _case("người gửi ghi trong thư (không có)", shown="a@x.vn, b@x.vn"),
    "no login": _case("không được gửi bằng cách đăng nhập", trace=f"by {HOST} (Postfix) with ESMTPS"),
    "login elsewhere": _case("không được gửi bằng cách", trace="by evil.example (Postfix) with ESMTPSA"),
    "a login below the first trace": _case(
        "không được gửi bằng cách đăng nhập",
        trace=f"by {HOST} (Postfix) with ESMTP",
        headers={"Received": f"from pc by {HOST} (Postfix) with ESMTPSA id 1; {DAY}"},
    ),
    "a unit that is no more": _case("không còn sử dụng", sender=f"cu@{DOMAIN}"),
    "a program": _case("chương trình tự động", headers={"Auto-Submitted": "auto-replied"}),
    "no number": _case("thiếu số văn bản", subject="Đề nghị ngày 12/11/2026"),
    "no scan": _case("thiếu bản quét (tệp PDF hoặc ảnh) có chữ ký, con dấu", scan=None),
    "no scan by its content": _case("thiếu bản quét", scan=b"not what its name says"),
    "no list": _case("thiếu danh sách", lists=()),
    "two lists": _case("nhiều hơn một danh sách", lists=(b"PK\x03\x041", b"PK\x03\x042")),
    "a broken list": _case(f"Tệp {FORM}: không đọc được tệp", lists=(b"PK\x03\x04 no book",)),
    "no tick": _case("dòng 8", LOCK, {**CREATE, Field.CREATE: ""}),
    "two ticks": _case("dòng 7, cột «Đề nghị / Cấp mới»: phải đánh", {**LOCK, Field.CREATE: "x"}),
    "no address": _case("dòng 7: đề nghị «tạm khóa» phải ghi địa chỉ", {**LOCK, Field.ADDRESS: ""}),
    "nobody's address": _case("dòng 7: không có hộp thư cá nhân", {**LOCK, Field.ADDRESS: f"x@{DOMAIN}"}),
    "a unit's address": _case("dòng 7: không có hộp thư cá nhân", {**LOCK, Field.ADDRESS: OTHER}),
    "somebody of another unit": _case("không thuộc cơ quan", {**BINH, Field.UNIT_NAME: "Sở Nội vụ"}),
    "somebody of the unit above": _case("không thuộc cơ quan", BINH, sender=BELOW),
    "another unit's name": _case(
        "dòng 7, cột «Đơn vị/bộ phận công tác»: không có đơn vị này",
        {**CREATE, Field.UNIT_NAME: "Sở Tài chính"},
    ),
    "another name": _case("không phải của Lê Văn Bình", {**BINH, Field.ADDRESS: MEMBER}),
    "twice": _case("trùng hộp thư", LOCK, LOCK),
    "a wrong total": Case(
        "số tổng cộng", lambda policy: message(policy, lists=[filled(policy, [LOCK], total=9)])
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RETURNED.values(), ids=RETURNED)
def test_what_is_not_in_order_is_returned_whole_with_the_reason(case: Case, world: World) -> None:
    request = world.judge(case.make(world.policy))
    assert request.state is State.RETURNED
    assert request.rows == ()
    assert any(case.words in reason for reason in request.reasons), request.reasons


def test_one_bad_row_returns_the_list_and_names_every_bad_row(world: World, postfix: Postfix) -> None:
    unread = ({**CREATE, Field.GIVEN_NAME: ""}, {**CREATE, Field.UNIT_NAME: "Sở Tài chánh"})
    rows = (LOCK, *unread, {**LOCK, Field.ADDRESS: f"khongco@{DOMAIN}"})
    world.receive(message(world.policy, *rows))
    (request,) = world.take_in().requests
    assert request.state is State.RETURNED
    letter = text(postfix.taken[0][1])
    assert letter.startswith("Không tiếp nhận đề nghị 2026")
    assert "dòng 8, cột «Tên»: ô bắt buộc còn trống" in letter
    assert "dòng 9, cột «Đơn vị/bộ phận công tác»" in letter
    assert "dòng 10: không có hộp thư" in letter


def test_an_address_may_be_written_in_capitals(world: World) -> None:
    rows = {**LOCK, Field.ADDRESS: MEMBER.upper()}
    assert world.judge(message(world.policy, rows, sender=UNIT)).state is State.PENDING


def test_a_unit_above_asks_for_those_below_and_not_the_other_way_round(world: World) -> None:
    rows = person("Trần Thị Ngọc Ánh", "Phòng Tổ chức", Field.LOCK, MEMBER)
    assert [world.judge(message(world.policy, rows, sender=who)).state for who in (UNIT, BELOW, OTHER)] == [
        State.PENDING,
        State.PENDING,
        State.RETURNED,
    ]


def test_a_policy_shuts_out_events_channels_and_units(world: World, lamdong: Policy) -> None:
    def reasons(**rules: Any) -> str:
        policy = replace(lamdong, requests=replace(lamdong.requests, **rules))
        here = replace(world.site, _policies={DOMAIN: policy})
        return "\n".join(judge(here, message(lamdong, CREATE), NOW).request.reasons)

    assert reasons() == ""
    assert "«cấp mới»" in reasons(events=(Event.REVOKE,))
    assert "bằng hình thức này" in reasons(channels=(Channel.PAPER,))
    assert f"đầu mối là Phòng Tổ chức ({BELOW})" in reasons(through="Phòng Tổ chức")
    assert reasons(through="Sở Nội vụ") == ""
    assert "quyết định" not in reasons(needs=(Proof.DECISION,))


def test_whoever_collects_asks_for_the_whole_agency(lamdong: Policy, world: World) -> None:
    policy = replace(lamdong, requests=replace(lamdong.requests, through="Phòng Tổ chức"))
    here = replace(world.site, _policies={DOMAIN: policy})
    row = person("Nguyễn Thị Mới", "Sở Nội vụ", Field.CREATE)
    assert judge(here, message(lamdong, row, sender=BELOW), NOW).request.state is State.PENDING
    assert world.judge(message(lamdong, row, sender=BELOW)).state is State.RETURNED


@pytest.mark.parametrize(
    ("approver", "address"),
    [
        (Party("Sở Khoa học", mail=MailAddress.from_text(f"skhcn@{DOMAIN}")), f"skhcn@{DOMAIN}"),
        (Party("Sở Tài Chính"), OTHER),
        (Party("Sở Khoa học"), ""),
    ],
    ids=["the policy's address", "the unit's of this name", "nobody knows"],
)
def test_who_must_have_a_copy_and_has_none_is_named(
    approver: Party, address: str, world: World, lamdong: Policy
) -> None:
    rules = replace(lamdong.requests, addressees=(Recipient.OPERATOR, Recipient.APPROVER))
    here = replace(world.site, _policies={DOMAIN: replace(lamdong, requests=rules, approver=approver)})
    one = judge(here, message(lamdong), NOW).request
    assert one.state is State.PENDING
    assert one.remarks == tuple(remark for remark in one.remarks if approver.name in remark) != ()
    assert f"Lưu ý: {one.remarks[0]}" in answers.arrived(one, "").text
    if address:
        both = judge(here, message(lamdong, to=f"{OFFICE}, Sở <{address.upper()}>"), NOW).request
        assert both.remarks == ()
        assert address in one.remarks[0]


def test_a_single_addressee_is_who_reads_the_request_address(world: World) -> None:
    assert world.policy.requests.addressees == (Recipient.APPROVER,)
    assert world.judge(message(world.policy)).remarks == ()


def test_every_action_has_a_name_and_an_event_or_none() -> None:
    assert set(checks.ASKS) == set(checks.NAMES) == set(Action)


@settings(max_examples=60, deadline=None)
@given(
    login=st.booleans(), sender=st.sampled_from([UNIT, BELOW, OTHER, MEMBER, "x@gmail.example"]),
    shown=st.sampled_from(["", UNIT, OTHER]), number=st.booleans(), scan=st.booleans(),
    lists=st.integers(0, 2), row=st.sampled_from([0, 1, 2]),
)  # fmt: skip
def test_a_message_becomes_a_request_only_with_all_that_is_needed(
    *, login: bool, sender: str, shown: str, number: bool, scan: bool, lists: int, row: int
) -> None:
    policy = policies.load(ROOT / f"inventory/policy/{DOMAIN}.yml")
    here = Site(cast(Settings, None), Accounts(Entries(), BASE, [DOMAIN]), HOST, {DOMAIN: policy})
    here = replace(here, settings=cast(Settings, SimpleNamespace(domains={DOMAIN: None})))
    rows = (
        person("Trần Thị Ngọc Ánh", "Phòng Tổ chức", Field.LOCK, MEMBER),
        person("Lê Văn Bình", "Phòng Tổ chức", Field.LOCK, STRANGER),
        person("Lê Văn Bình", "Phòng Tổ chức", Field.LOCK, MEMBER),
    )
    raw = message(
        policy, sender=sender, shown=shown, scan=SCAN if scan else None,
        subject="Số 12/CV-SNV" if number else "Đề nghị", lists=[_forms()[row]] * lists,
        trace=f"by {HOST} (Postfix) with ESMTP{'SA' if login else ''}",
    )  # fmt: skip
    whole = login and shown in ("", sender) and number and scan and lists == 1
    asks = {0: (UNIT, BELOW), 1: (OTHER,), 2: ()}[row]
    assert len(rows) == len(_forms())
    wanted = State.PENDING if whole and sender in asks else State.RETURNED
    assert judge(here, raw, NOW).request.state is wanted


_made: list[bytes] = []


def _forms() -> list[bytes]:
    """A form for each of the rows above; making one takes long."""
    if not _made:
        policy = policies.load(ROOT / f"inventory/policy/{DOMAIN}.yml")
        for name, address in (
            ("Trần Thị Ngọc Ánh", MEMBER), ("Lê Văn Bình", STRANGER), ("Lê Văn Bình", MEMBER),
        ):  # fmt: skip
            _made.append(filled(policy, [person(name, "Phòng Tổ chức", Field.LOCK, address)]))
    return _made


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=2000))
def test_no_message_is_a_reason_to_fail(raw: bytes) -> None:
    submitted.read(raw, HOST)
    submitted.read(b"Return-Path: <a@b>\nContent-Type: multipart/mixed; boundary=x\n\n--x\n" + raw, HOST)


def test_a_message_nested_without_end_is_read_as_far_as_it_goes() -> None:
    raw = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (number, number) for number in range(5000)
    )
    assert submitted.read(b"Return-Path: <a@b.vn>\n" + raw, HOST).sender == "a@b.vn"


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("Số: 12/CV-SNV", "12/CV-SNV"),
        ("theo Quyết định số 45/2026/QĐ-UBND ngày 1/2/2026", "45/2026/QĐ-UBND"),
        ("Công văn 7/SNV-TCBC&CNTT.", "7/SNV-TCBC&CNTT"),
        ("ngày 12/11/2026", ""),
        ("phòng 12/a", ""),
    ],
)
def test_the_number_of_a_document_is_found(words: str, number: str) -> None:
    raw = f"Return-Path: <{UNIT}>\nSubject: x\n\n{words}\n".encode()
    assert submitted.read(raw, HOST).document == number


# Once


def test_a_message_that_comes_twice_is_one_request_and_one_answer(world: World, postfix: Postfix) -> None:
    raw = message(world.policy)
    world.receive(raw)
    world.receive(raw)
    assert len(world.take_in().requests) == 1
    world.receive(raw)
    assert world.take_in().requests == ()
    assert len(postfix.taken) == 1
    assert len(list(world.store.all())) == 1


@pytest.mark.parametrize(
    "other",
    [{"subject": "Văn bản thứ hai"}, {"scan": b"%PDF-1.7 another"}, {"body": "Số 14/CV-SNV"}],
)
def test_another_message_with_the_same_message_id_is_another_request(
    other: Mapping[str, Any], world: World, postfix: Postfix
) -> None:
    """As a program makes it that sends a mended message once more."""
    list_ = filled(world.policy, [LOCK])
    for more in ({"subject": "Văn bản"}, {"subject": "Văn bản", **other}):
        world.receive(message(world.policy, lists=[list_], **more))
    assert len(world.take_in().requests) == 2
    assert len(postfix.taken) == 2


@pytest.mark.parametrize("name", ["Message-ID", "Subject", "From", "To"])
def test_a_header_that_cannot_be_written_down_is_no_reason_to_fail(
    name: str, world: World, postfix: Postfix
) -> None:
    raw = message(world.policy)
    head, blank, body = raw.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(f"{name}:".encode())]
    bad = f"{name}: =?utf-7?Q?+2AA-?= ".encode() + b"\xff"
    world.receive(b"\r\n".join([*lines, bad]) + blank + body)
    (request,) = world.take_in().requests
    assert world.store.get(request.id) == request
    assert not world.store.waiting()
    assert len(postfix.taken) == 1


def test_half_a_character_in_a_request_is_no_reason_not_to_keep_it(world: World) -> None:
    request = asked(message_id="\ud800")
    world.store.add(request, {})
    assert world.store.get(request.id) == replace(request, message_id="?")


def test_what_was_decided_is_told_whatever_else_has_come(
    world: World, postfix: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(row(Action.LOCK))
    world.store.add(request, {})
    world.store.decide(decide.refused(request, "chưa đủ", "x", NOW))
    world.receive(message(world.policy))

    def deadly(*_: object) -> Judged:
        raise Killed

    monkeypatch.setattr(intake, "judge", deadly)
    with pytest.raises(Killed):
        world.take_in()
    assert [text(letter).startswith("Không chấp thuận") for _, letter in postfix.taken] == [True]


def test_a_unit_of_a_mail_domain_that_this_server_does_not_serve_is_told_so(world: World) -> None:
    here = replace(world.site, settings=cast(Settings, SimpleNamespace(domains={})))
    request = judge(here, message(world.policy), NOW).request
    assert request.state is State.RETURNED
    assert request.reasons == (f"miền thư {DOMAIN} chưa được cấu hình để tiếp nhận đề nghị",)


def test_nobody_outside_and_no_program_is_answered(world: World, postfix: Postfix) -> None:
    world.receive(message(world.policy, sender="x@gmail.example"))
    world.receive(message(world.policy, headers={"Auto-Submitted": "auto-replied"}, id_="2"))
    assert [one.state for one in world.take_in().requests] == [State.RETURNED] * 2
    assert postfix.taken == []
    assert not world.store.waiting()


def test_an_answer_that_postfix_may_take_later_is_sent_later(world: World, postfix: Postfix) -> None:
    world.receive(message(world.policy))
    postfix.answers["MAIL"] = "451 4.3.0 later"
    with pytest.raises(SystemFailure):
        world.take_in()
    assert len(world.store.waiting()) == 1
    postfix.answers.clear()
    world.take_in()
    assert not world.store.waiting()
    assert len(postfix.taken) == 1


def test_a_message_that_ends_a_run_keeps_nobody_waiting(
    world: World, postfix: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = message(world.policy, id_="1"), message(world.policy, id_="2")
    world.receive(bad)
    world.receive(good)
    real = intake.judge

    def deadly(here: Site, raw: bytes, now: datetime) -> Judged:
        if raw == bad:
            raise Killed
        return real(here, raw, now)

    monkeypatch.setattr(intake, "judge", deadly)
    for _ in range(2):
        with pytest.raises(Killed):
            world.take_in()
    assert len(postfix.taken) == 1
    assert len(world.store.waiting()) == 1


def test_a_full_mailbox_holds_up_nobody(world: World, postfix: Postfix) -> None:
    postfix.full = {UNIT}
    world.receive(message(world.policy))
    world.receive(
        message(
            world.policy, person("Lê Văn Bình", "Sở Tài chính", Field.LOCK, STRANGER), sender=OTHER, id_="2"
        )
    )
    done = world.take_in()
    assert len(done.untold) == 1
    assert [recipient for recipient, _ in postfix.taken] == [OTHER]
    assert not world.store.waiting()


WRITERS = ((files.Appender, "append"), (store, "write_whole"), (Path, "replace"), (Path, "unlink"))


def test_killed_before_any_of_its_writes_the_next_run_completes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postfix: Postfix, lamdong: Policy
) -> None:
    """A message, and a decision that the unit is told: each once, nothing lost."""
    raw, later = message(lamdong), message(lamdong, id_="2")
    count = 0
    while True:
        world = World(tmp_path / str(count), monkeypatch, lamdong)
        world.receive(later)
        (earlier,) = world.take_in().requests
        world.store.decide(decide.refused(earlier, "chưa đủ", "x", NOW))
        world.receive(raw)
        postfix.taken.clear()
        survived = survives(count, world.take_in, WRITERS, monkeypatch)
        with monkeypatch.context() as journal:
            journal.setattr(post, "run", Journal(postfix))
            world.take_in()
            world.take_in()
        subjects = sorted(text(letter).rpartition(" đề nghị 2026")[0] for _, letter in postfix.taken)
        assert subjects == ["Không chấp thuận", "Đã tiếp nhận"], count
        assert sorted(one.state for one in world.store.all()) == [State.PENDING, State.REFUSED], count
        assert not world.store.waiting()
        assert not world.store.untold()
        if survived:
            break
        count += 1
    assert count > 8


def test_a_request_that_cannot_be_read_stops_with_its_place(world: World, postfix: Postfix) -> None:
    assert postfix.letters == 0
    world.receive(message(world.policy))
    (request,) = world.take_in().requests
    path = world.store.file(request, "request.json")
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(SystemFailure, match=r"request\.json"):
        list(world.store.all())


# Decisions


def account(state: str = "active", name: str = "Trần Thị Ngọc Ánh") -> Account:
    return Account(human("S1", name, MEMBER, "A1.1", state))


def holder() -> Holder:
    """An account that was made on the day that `asked` came."""
    entry = human("S9", "Trần Thị Ngọc Ánh", f"anhttn2@{DOMAIN}", "A1.1", issued="20261120000000Z")
    return Accounts(Entries((entry,)), BASE, [DOMAIN]).people(DOMAIN)[0]


def asked(*rows: Row, **more: Any) -> Request:
    values: dict[str, Any] = {
        "id": "20261123-0123456789ab", "channel": Channel.UNIT_MAILBOX, "domain": DOMAIN, "sender": UNIT,
        "unit": "Sở Nội vụ", "received": "2026-11-20T09:00:00+07:00", "state": State.PENDING,
        "document": "12/CV-SNV", "rows": rows,
    }  # fmt: skip
    return Request(**{**values, **more})


def row(action: Action, number: int = 7, **more: Any) -> Row:
    return Row(number, action, "Trần Thị Ngọc Ánh", MEMBER, "A1.1", **more)


@pytest.mark.parametrize(
    ("action", "state", "act"),
    [
        (Action.LOCK, "active", Act.LOCKED),
        (Action.LOCK, "locked", None),
        (Action.RESTORE, "locked", Act.UNLOCKED),
        (Action.RESTORE, "suspended", Act.RESUMED),
        (Action.RESTORE, "active", None),
        (Action.REVOKE, "active", Act.WITHDRAWN),
        (Action.DELETE, "locked", Act.WITHDRAWN),
        (Action.REVOKE, "revoked", None),
        (Action.RESET_PASSWORD, "active", Act.RESET),
    ],
)
def test_an_approved_row_becomes_the_act_that_there_is(
    action: Action, state: str, act: Act | None, lamdong: Policy
) -> None:
    request = decide.approved(asked(row(action)), "Giám đốc Sở", "", NOW)
    (step,) = decide.steps(request, lambda _: account(state), lamdong, date(2026, 11, 23), {})
    if act is None:
        assert step.operation is None
        return
    assert isinstance(step.operation, Modify)
    reason = step.operation.reason
    assert (reason.event, reason.document) == (act, "12/CV-SNV")
    assert request.id in reason.text
    assert "Giám đốc Sở" in reason.text
    assert bool(step.secret) is (act is Act.RESET)


def test_nothing_begins_where_a_row_cannot_be_done(lamdong: Policy) -> None:
    request = decide.approved(asked(row(Action.LOCK), row(Action.RESET_PASSWORD, 8)), "x", "", NOW)
    states = iter(["active", "suspended"])
    with pytest.raises(InputError, match="suspended"):
        list(decide.steps(request, lambda _: account(next(states)), lamdong, date(2026, 11, 23), {}))
    with pytest.raises(InputError, match="not Trần Thị Ngọc Ánh's any more"):
        list(decide.steps(request, lambda _: account(name="Lê Na"), lamdong, date(2026, 11, 23), {}))
    moved = Account(human("S1", "Trần Thị Ngọc Ánh", MEMBER, "B1"))
    with pytest.raises(InputError, match=r"is not in unit A1\.1 any more"):
        list(decide.steps(request, lambda _: moved, lamdong, date(2026, 11, 23), {}))


def test_a_row_is_kept_with_the_unit_that_the_account_is_in(world: World) -> None:
    """The one that was judged, whichever of its own units the list names."""
    (kept,) = world.judge(message(world.policy, {**LOCK, Field.UNIT_NAME: "Sở Nội vụ"})).rows
    assert kept.unit_id == "A1.1"


@pytest.mark.parametrize(
    ("of_row", "of_request", "document"),
    [("1/QĐ", "12/CV-SNV", "1/QĐ"), ("", "12/CV-SNV", "12/CV-SNV"), ("", "", "30/QĐ-SKHCN")],
)
def test_the_document_of_the_decision_does_where_the_unit_named_none(
    of_row: str, of_request: str, document: str, lamdong: Policy
) -> None:
    """A policy may ask for a decision and no number (Đắk Lắk)."""
    request = asked(row(Action.REVOKE, document=of_row), document=of_request)
    request = decide.approved(request, "x", "30/QĐ-SKHCN", NOW)
    (step,) = decide.steps(request, lambda _: account(), lamdong, date(2026, 11, 23), {})
    assert isinstance(step.operation, Modify)
    assert step.operation.reason.document == document


def test_what_the_registry_must_say_waits_until_it_has(lamdong: Policy) -> None:
    request = decide.approved(asked(row(Action.LOCK), row(Action.CREATE, 8)), "x", "", NOW)
    assert len(list(decide.steps(request, lambda _: account(), lamdong, date(2026, 11, 23), {}))) == 1
    there = [holder()]
    with pytest.raises(InputError, match="row 7 was not carried out"):
        decide.closed(request, there)
    request = request.with_done(7)
    assert request.state is State.APPROVED
    with pytest.raises(InputError, match="has no account yet"):
        decide.closed(request, [])
    assert decide.closed(request, there).state is State.DONE


@pytest.mark.parametrize("other", [{"issued": date(2026, 11, 19)}, {"issued": None}, {"unit_id": "A1"}])
def test_a_namesake_is_not_who_was_to_get_an_account(other: Mapping[str, Any]) -> None:
    """Neither who had an account before anybody asked, nor who works elsewhere."""
    request = decide.approved(asked(row(Action.CREATE)), "x", "", NOW)
    with pytest.raises(InputError, match="has no account yet"):
        decide.closed(request, [replace(holder(), **other)])


def test_a_request_is_decided_once_and_by_somebody() -> None:
    request = asked(row(Action.LOCK))
    assert decide.approved(request, "x", "", NOW).state is State.APPROVED
    with pytest.raises(InputError, match="nobody has approved"):
        decide.approved(request, " ", "", NOW)
    with pytest.raises(InputError, match="needs a reason"):
        decide.refused(request, "", "x", NOW)
    over = decide.refused(request, "chưa đủ", "x", NOW)
    with pytest.raises(InputError, match="is refused"):
        decide.approved(over, "x", "", NOW)
    with pytest.raises(InputError, match="is refused"):
        decide.refused(over, "y", "x", NOW)
    with pytest.raises(InputError, match="is pending"):
        decide.closed(request, [holder()])


def test_what_is_left_of_an_approved_request_can_be_refused(world: World, postfix: Postfix) -> None:
    """The unit reads which rows were done; without one, that nothing was."""
    request = decide.approved(asked(row(Action.LOCK), row(Action.RESET_PASSWORD, 8)), "x", "", NOW)
    for number, one in enumerate((request.with_done(7), request)):
        refused = decide.refused(one, "đã chuyển đơn vị", "x", NOW)
        refused = replace(refused, id=f"20261123-00000000000{number}")
        world.store.add(refused, {})
        world.store.decide(refused)
    world.take_in()
    some, none = (text(letter) for _, letter in postfix.taken)
    assert some.startswith("Chỉ thực hiện một phần đề nghị 2026")
    assert "Lý do: đã chuyển đơn vị" in some
    assert "Dòng 7, tạm khóa, Trần Thị Ngọc Ánh: đã thực hiện" in some
    assert "Dòng 8, cấp lại mật khẩu, Trần Thị Ngọc Ánh: không thực hiện" in some
    assert none.startswith("Không chấp thuận đề nghị 2026")
    assert "Dòng" not in none


def test_nobody_is_told_that_what_the_unit_asked_to_revoke_is_revoked(world: World, postfix: Postfix) -> None:
    for number, action in enumerate((Action.REVOKE, Action.LOCK)):
        request = replace(asked(row(action)), id=f"20261123-00000000000{number}")
        world.store.add(request, {})
        done = decide.approved(request, "x", "", NOW).with_done(7)
        assert done.state is State.DONE
        world.store.decide(done)
    world.take_in()
    world.take_in()
    (letter,) = postfix.taken
    assert text(letter[1]).startswith("Đã thực hiện đề nghị 2026")
    assert not world.store.untold()


def test_a_deadline_is_the_earliest_of_what_is_left(lamdong: Policy) -> None:
    spans = Deadlines(issue=Duration.from_text("3 days"), revoke=Duration.from_text("1 day"))
    policy = replace(lamdong, deadlines=spans)
    request = asked(row(Action.CREATE), row(Action.REVOKE, 8))
    assert decide.due(request, policy) == date(2026, 11, 21)
    assert decide.due(request.with_done(8), policy) == date(2026, 11, 23)
    assert decide.due(asked(row(Action.LOCK)), policy) is None


# Paper


def _paper(world: World, unit_: str, *rows: Mapping[Field, str], document: str = "5/SNV-VP") -> Judged:
    known = next((one for one in world.site.accounts.all_units(DOMAIN) if one.unit_id == unit_), None)
    files_ = [submitted.File(FORM, filled(world.policy, rows))]
    name = known.name if known else unit_
    return paper.judge(world.site, paper.Paper(DOMAIN, name, document), known, files_, NOW)


def test_a_request_on_paper_needs_no_scan_and_no_mailbox(world: World) -> None:
    known = _paper(world, "A1", LOCK).request
    assert (known.state, known.channel, known.sender) == (State.PENDING, Channel.PAPER, UNIT)
    new = _paper(world, "Ban Mới", person("Nguyễn Thị Mới", "Ban Mới", Field.CREATE)).request
    assert (new.state, new.sender, new.unit) == (State.PENDING, "", "Ban Mới")


def test_a_request_on_paper_is_checked_like_others(world: World, lamdong: Policy) -> None:
    assert "thiếu số văn bản" in "\n".join(_paper(world, "A1", LOCK, document=" ").request.reasons)
    assert "không thuộc cơ quan" in "\n".join(
        _paper(world, "B1", {**LOCK, Field.UNIT_NAME: "Sở Tài chính"}).request.reasons
    )
    assert "không thuộc cơ quan" in "\n".join(_paper(world, "Ban Mới", LOCK).request.reasons)
    shut = replace(lamdong, requests=replace(lamdong.requests, channels=(Channel.UNIT_MAILBOX,)))
    world.site = replace(world.site, _policies={DOMAIN: shut})
    assert "bằng hình thức này" in "\n".join(_paper(world, "A1", LOCK).request.reasons)


def test_paper_that_is_typed_in_twice_is_one_request_and_keeps_its_decision(world: World) -> None:
    judged = _paper(world, "A1", LOCK)
    world.store.add(judged.request, judged.files)
    refused = decide.refused(judged.request, "chưa đủ", "x", NOW)
    world.store.save(refused)
    world.store.add(judged.request, judged.files)
    assert list(world.store.all()) == [refused]


def test_the_words_for_the_readers_errors_are_vietnamese() -> None:
    assert all(not words.isascii() for words in WORDS.values())


def test_a_state_is_open_as_long_as_somebody_has_something_to_do() -> None:
    assert [one for one in State if one.open] == [State.PENDING, State.APPROVED]
    assert AccountState.REVOKED.gone
