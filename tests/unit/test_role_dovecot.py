"""The role `dovecot`: values by mail domain, when an owner is told of the quota, what filters may send."""

from __future__ import annotations

import email
import email.policy
import email.utils
import importlib
import importlib.util
import io
import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.unit.helpers import ROOT

ROLE = ROOT / "roles" / "dovecot"
DOMAINS: dict[str, dict[str, Any]] = {
    "mau.gov.vn": {
        "operator": "Trung tâm A",
        "forward_out": "forbid",
        "warn_at": [80, 95],
        "trash_expires": 0,
    },
    "khac.gov.vn": {"operator": "", "forward_out": "allow", "warn_at": [90], "trash_expires": 864000},
}


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder of the programs on the path, as on the host."""
    monkeypatch.syspath_prepend(str(ROLE / "files/mailbox"))
    yield
    sys.modules.pop("notices", None)


# Values by mail domain

FILTERS = _load(ROLE / "filter_plugins/dovecot.py")


def _expand(expression: str, domain: str) -> str:
    """What Dovecot makes of a chain of `regexp`."""
    value = domain if expression.startswith("%{") else expression
    for pattern, replacement in re.findall(r'regexp\("([^"]*)", "([^"]*)"\)', expression):
        value = re.sub(pattern, replacement, value)
    return value


@pytest.mark.parametrize(
    ("domain", "seconds"), [("mau.gov.vn", "0"), ("khac.gov.vn", "864000"), ("x.vn", "0")]
)
def test_each_domain_has_its_own_value(domain: str, seconds: str) -> None:
    assert _expand(FILTERS.of_domain(DOMAINS, "trash_expires"), domain) == seconds


def test_a_value_that_all_share_is_written_as_it_is() -> None:
    same = {domain: {"trash_expires": 5} for domain in DOMAINS}
    assert FILTERS.of_domain(same, "trash_expires") == "5"


def test_a_domain_is_not_taken_for_another_with_a_dot_elsewhere() -> None:
    domains = {"a.vn": {"x": 0}, "b.gov.vn": {"x": 1}}
    assert _expand(FILTERS.of_domain(domains, "x"), "b-gov.vn") == "0"


def test_shares_go_by_rank_from_the_highest_and_a_domain_with_fewer_repeats_its_lowest() -> None:
    ranks = FILTERS.shares({**DOMAINS, "ba.vn": {"warn_at": []}})
    assert [rank["usual"] for rank in ranks] == ["95", "80"]
    assert [_expand(rank["own"], "khac.gov.vn") for rank in ranks] == ["90", "90"]
    assert [_expand(rank["own"], "ba.vn") for rank in ranks] == ["100", "100"]


# When an owner is told

STORIES = {
    "up": [("over", 1, 80), ("over", 0, 95)],
    "both at once": [("over", 0, 95)],
    "two deliveries that both crossed": [("over", 1, 80), ("over", 1, 0), ("over", 0, 95), ("over", 0, 0)],
    "down and up again": [("over", 1, 80), ("under", 1, 0), ("over", 1, 80)],
    "down below the higher only": [("over", 0, 95), ("under", 0, 0), ("over", 1, 0), ("over", 0, 95)],
    "down below both": [("over", 0, 95), ("under", 1, 0), ("over", 1, 80)],
}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.usefixtures("programs")
def test_a_share_is_told_of_once_until_the_use_has_fallen_below_it(story: str, tmp_path: Path) -> None:
    quota = _load(ROLE / "files/mailbox/quota_notice.py")
    memory = tmp_path / "quota-notice"
    for direction, rank, told in STORIES[story]:
        assert quota.settle(memory, [95, 80], direction, rank, "1048576B") == told


@pytest.mark.usefixtures("programs")
def test_a_share_of_another_size_is_news(tmp_path: Path) -> None:
    quota = _load(ROLE / "files/mailbox/quota_notice.py")
    memory = tmp_path / "quota-notice"
    assert quota.settle(memory, [95, 80], "over", 0, "1000B") == 95
    assert quota.settle(memory, [95, 80], "over", 1, "2000B") == 80
    assert quota.settle(memory, [95, 80], "under", 1, "3000B") == 0


@pytest.mark.parametrize(
    ("octets", "words"), [(1 << 20, "1 MB"), (5 << 29, "2,5 GB"), (2 << 30, "2 GB"), (512, "0,5 KB")]
)
@pytest.mark.usefixtures("programs")
def test_sizes_are_spoken_in_vietnamese(octets: int, words: str) -> None:
    assert _load(ROLE / "files/mailbox/quota_notice.py").spoken(octets) == words


# Notices


@pytest.mark.parametrize("kind", ["quota", "forward"])
@pytest.mark.usefixtures("programs")
def test_a_notice_is_a_proper_message_in_nfc(kind: str) -> None:
    notices = _load(ROLE / "files/mailbox/notices.py")
    values = {"share": "80 %", "size": "2 GB", "recipient": "a@b.vn", "subject": "$x", "sender": "c@d.vn"}
    name = unicodedata.normalize("NFD", "Nguyễn\r\n Văn An")
    raw = notices.compose(kind, DOMAINS["mau.gov.vn"], "an@mau.gov.vn", name, **values).as_bytes()
    assert raw.isascii()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message["To"].addresses[0].display_name == "Nguyễn Văn An"
    assert message["From"].addresses[0].display_name == "Trung tâm A"
    assert message["From"].addresses[0].addr_spec == "postmaster@mau.gov.vn"
    text = message.get_content()
    assert unicodedata.is_normalized("NFC", text + message["Subject"])
    assert max(map(len, text.splitlines())) <= 120
    assert "$" not in text.replace("$x", "")


@pytest.mark.parametrize("length", range(20, 40))
@pytest.mark.usefixtures("programs")
def test_a_long_name_is_folded_without_a_blank_within_a_word(length: int) -> None:
    notices = _load(ROLE / "files/mailbox/notices.py")
    operator = "Trung tâm Quản lý Cổng thông tin điện tử tỉnh Lâm Đồng, Sở Thông tin và Truyền thông"
    address = f"{'a' * length}@mau.gov.vn"
    values = {"share": "80 %", "size": "2 GB"}
    made = notices.compose("quota", {"operator": operator}, address, operator, **values)
    raw = made.as_bytes()
    assert max(map(len, raw.splitlines())) <= 110
    headers = email.message_from_bytes(raw)
    for name in ("From", "To"):
        shown, bare = email.utils.parseaddr(headers[name])
        assert str(make_header(decode_header(shown))) == operator
        assert bare.endswith("@mau.gov.vn")


# What filters may send


class Postfix:
    """Keeps what it was given; refuses where told."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []

    def take(self, sender: str, options: list[str], recipients: list[str], message: bytes) -> str:
        assert options in ([], ["BODY=8BITMIME"])
        self.taken.append((sender, recipients, message))
        return "250 2.0.0 queued"


def _speak(folder: Path, sender: str, recipient: str, headers: str) -> tuple[str, Postfix]:
    """The reply to a message, and what Postfix got."""
    gate = _load(ROLE / "files/mailbox/sieve_submission.py")
    postfix, writer = Postfix(), io.BytesIO()
    words = (
        f"EHLO x\r\nMAIL FROM:<{sender}> BODY=8BITMIME\r\nRCPT TO:<{recipient}>\r\nDATA\r\n"
        f"{headers}\r\n\r\n..dot\r\n.\r\nQUIT\r\n"
    )
    folder.mkdir(exist_ok=True)
    reader = io.BytesIO(words.encode())
    gate.Session(gate.Gate(DOMAINS, postfix, folder), postfix, reader, writer).run()
    return writer.getvalue().decode().splitlines()[-2], postfix


_SIEVE = "X-Sieve: Pigeonhole\r\n"
REDIRECT = (
    f"{_SIEVE}X-Sieve-Redirected-From: {{0}}\r\nFrom: ai@dau.vn\r\nSubject: =?utf-8?q?C=C3=B4ng_v=C4=83n?="
)


@pytest.mark.parametrize(
    ("owner", "sender", "recipient", "code"),
    [
        ("an@mau.gov.vn", "an@mau.gov.vn", "an@gmail.example", "550"),
        ("an@mau.gov.vn", "", "an@gmail.example", "550"),
        ("an@MAU.gov.vn", "an@mau.gov.vn", "binh@mau.gov.vn", "250"),
        ("an@mau.gov.vn", "an@mau.gov.vn", "binh@khac.gov.vn", "250"),
        ("an@khac.gov.vn", "an@khac.gov.vn", "an@gmail.example", "250"),
        ("an@nobodys.vn", "an@nobodys.vn", "an@gmail.example", "550"),
        ("an@mau.gov.vn", "an@mau.gov.vn", "an@phong.mau.gov.vn", "550"),
    ],
)
@pytest.mark.usefixtures("programs")
def test_a_redirect_goes_where_the_mailboxs_domain_allows(
    owner: str, sender: str, recipient: str, code: str, tmp_path: Path
) -> None:
    reply, postfix = _speak(tmp_path / "told", sender, recipient, REDIRECT.format(owner))
    assert reply.startswith(code)
    passed = [(one, to) for one, to, _ in postfix.taken if to == [recipient]]
    assert passed == ([(sender, [recipient])] if code == "250" else [])


@pytest.mark.usefixtures("programs")
def test_the_owner_is_told_of_each_address_once_a_day(tmp_path: Path) -> None:
    for recipient, count in (("a@x.vn", 1), ("a@x.vn", 0), ("A@x.vn", 0), ("b@x.vn", 1)):
        _, postfix = _speak(tmp_path / "told", "an@mau.gov.vn", recipient, REDIRECT.format("an@mau.gov.vn"))
        assert len(postfix.taken) == count
        assert all((sender, to) == ("", ["an@mau.gov.vn"]) for sender, to, _ in postfix.taken)
    for mark in (tmp_path / "told").iterdir():
        os.utime(mark, (0, 0))
    _, postfix = _speak(tmp_path / "told", "an@mau.gov.vn", "a@x.vn", REDIRECT.format("an@mau.gov.vn"))
    assert len(postfix.taken) == 1


@pytest.mark.usefixtures("programs")
def test_a_notice_that_a_filter_sends_away_begets_no_notice(tmp_path: Path) -> None:
    headers = REDIRECT.format("an@mau.gov.vn") + "\r\nX-Congvu-Notice: forward"
    reply, postfix = _speak(tmp_path / "told", "", "a@x.vn", headers)
    assert reply.startswith("550")
    assert postfix.taken == []


@pytest.mark.parametrize(
    ("shown", "code"),
    [("an@mau.gov.vn", "250"), ('"An" <AN@mau.gov.vn>', "250"), ("chutich@mau.gov.vn", "550"), ("", "550")],
)
@pytest.mark.usefixtures("programs")
def test_a_reply_bears_the_mailboxs_own_address_and_has_no_sender(
    shown: str, code: str, tmp_path: Path
) -> None:
    reply, postfix = _speak(tmp_path / "told", "an@mau.gov.vn", "dan@x.vn", f"From: {shown}\r\nSubject: x")
    assert reply.startswith(code)
    assert [(sender, to) for sender, to, _ in postfix.taken] == (
        [("", ["dan@x.vn"])] if code == "250" else []
    )


REPLY = f"{_SIEVE}Message-ID: <1@mau.gov.vn>\r\nFrom: an@mau.gov.vn\r\nMIME-Version: 1.0\r\n"


@pytest.mark.parametrize(
    "further",
    [
        "X-Sieve-Redirected-From: an@mau.gov.vn",
        "X-Sieve-Redirected-From: an@khac.gov.vn",
        "From: chutich@mau.gov.vn",
        "From: an@mau.gov.vn",
        "Sender: chutich@mau.gov.vn",
        "Resent-From: chutich@mau.gov.vn",
    ],
)
@pytest.mark.usefixtures("programs")
def test_headers_that_a_filter_writes_into_a_reply_open_nothing(further: str, tmp_path: Path) -> None:
    """The text of `vacation :mime` begins with headers of its writer's choice."""
    shown = "chutich" if "Redirected" in further else "an"
    headers = REPLY.replace("From: an@", f"From: {shown}@") + further
    reply, postfix = _speak(tmp_path / "told", "an@mau.gov.vn", "dan@x.vn", headers)
    assert reply.startswith("550")
    assert postfix.taken == []


@pytest.mark.usefixtures("programs")
def test_a_reply_with_two_addresses_in_its_from_header_is_none_of_ones_own(tmp_path: Path) -> None:
    headers = "From: an@mau.gov.vn, chutich@mau.gov.vn\r\nSubject: x"
    reply, _ = _speak(tmp_path / "told", "an@mau.gov.vn", "dan@x.vn", headers)
    assert reply.startswith("550")


@pytest.mark.usefixtures("programs")
def test_a_notice_that_postfix_does_not_take_is_sent_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = _load(ROLE / "files/mailbox/sieve_submission.py")
    postfix = Postfix()
    gate = module.Gate(DOMAINS, postfix, tmp_path)
    envelope = module.Envelope()
    envelope.sender, envelope.recipients = "an@mau.gov.vn", ["a@x.vn"]
    headers = email.message_from_string(REDIRECT.format("an@mau.gov.vn"))

    def busy(*_: object) -> str:
        raise module.Refused("451 4.3.0 busy")

    with monkeypatch.context() as patched:
        patched.setattr(postfix, "take", busy)
        with pytest.raises(module.Refused):
            gate.tell(envelope, headers)
    gate.tell(envelope, headers)
    assert [to for _, to, _ in postfix.taken] == [["an@mau.gov.vn"]]


@pytest.mark.usefixtures("programs")
def test_dots_are_taken_off_and_a_postfix_that_is_down_means_later(tmp_path: Path) -> None:
    _, postfix = _speak(
        tmp_path / "told", "an@mau.gov.vn", "binh@mau.gov.vn", REDIRECT.format("an@mau.gov.vn")
    )
    assert postfix.taken[0][2].endswith(b"\r\n.dot\r\n")
    gate = _load(ROLE / "files/mailbox/sieve_submission.py")
    with pytest.raises(gate.Refused, match=r"^451"):
        gate.Postfix("127.0.0.1", 1).take("", [], ["a@b.vn"], b"x")


# Mailboxes and shared folders of units

AN = "uid=S1,ou=people,dc=mau,dc=gov,dc=vn"


def _unit(uid: str, name: str, domain: str = "mau", **rights: str) -> dict[str, list[str]]:
    entry = {
        "dn": [f"uid={uid},ou=units,dc={domain},dc=gov,dc=vn"],
        "uid": [uid],
        "mail": [f"{uid.lower()}@{domain}.gov.vn"],
        "displayname": [name],
    }
    return entry | {f"congvu{right}": [dn] for right, dn in rights.items()}


@pytest.fixture
def units(programs: None) -> Iterator[ModuleType]:  # noqa: ARG001
    yield importlib.import_module("units")
    del sys.modules["units"]


def _seen(
    units: ModuleType, *found: dict[str, list[str]], unit_id: str = "", writers: str = "owners"
) -> dict[str, str]:
    """The folders that An sees, and what is allowed in them; empty: all."""
    account = units.Account(AN, "an@mau.gov.vn", unit_id)
    views = list(units.views(account, found, {"mau.gov.vn": writers, "khac.gov.vn": ""}))
    made = units.settings(views, "/store")
    return {
        made[f"namespace/{name}/prefix"]: made.get(f"namespace/{name}/acl/anyone/rights", "")
        for name in made.get("namespace+", "").split()
    }


@pytest.mark.parametrize(
    ("right", "mailbox", "shared"),
    [
        ("head", "", ""),
        ("owner", "", ""),
        ("answerer", "lrswtipe", ""),
        ("reader", "lr", "lr"),
        ("delegate", None, ""),
        ("leader", None, "lr"),
        (None, None, None),
    ],
)
def test_a_right_shows_a_units_folders_and_no_more(
    right: str | None, mailbox: str | None, shared: str | None, units: ModuleType
) -> None:
    for dn in (AN, AN.upper()):
        unit = _unit("A1", "Phòng A", **({right: dn} if right else {}))
        wanted = {"Đơn vị/Phòng A/": mailbox, "Thư mục dùng chung/Phòng A/": shared}
        assert _seen(units, unit) == {name: rights for name, rights in wanted.items() if rights is not None}


def test_people_read_the_shared_folder_of_their_own_unit_in_their_own_domain(units: ModuleType) -> None:
    assert _seen(units, _unit("A1", "Phòng A"), unit_id="a1") == {"Thư mục dùng chung/Phòng A/": "lr"}
    assert _seen(units, _unit("A1", "Phòng A", domain="mau.khac"), unit_id="a1") == {}


def test_everybody_of_the_unit_adds_to_its_shared_folder_where_officials_write(units: ModuleType) -> None:
    unit, theirs = _unit("A1", "Phòng A"), {"Thư mục dùng chung/Phòng A/": "lrswi"}
    assert _seen(units, unit, unit_id="A1", writers="unit") == theirs
    leader = _unit("A1", "Phòng A", leader=AN)
    assert _seen(units, leader, unit_id="A2", writers="unit") == {"Thư mục dùng chung/Phòng A/": "lr"}


def test_a_domain_without_shared_folders_has_only_mailboxes(units: ModuleType) -> None:
    assert _seen(units, _unit("A1", "Phòng A", domain="khac", head=AN)) == {"Đơn vị/Phòng A/": ""}


def test_units_of_one_name_are_told_apart_and_no_name_makes_a_folder_of_its_own(units: ModuleType) -> None:
    two = [_unit("A1", "Phòng A", reader=AN), _unit("A2", "Phòng A", domain="khac", reader=AN)]
    assert {name for name in _seen(units, *two) if name.startswith("Đơn vị")} == {
        "Đơn vị/Phòng A (a1@mau.gov.vn)/",
        "Đơn vị/Phòng A (a2@khac.gov.vn)/",
    }
    odd = _unit("A3", "Ban\u200b A/B *%\n", domain="khac", reader=AN)
    assert set(_seen(units, odd)) == {"Đơn vị/Ban A-B/"}


def test_what_the_directory_answers_is_read_with_base64_and_without_a_folder_outside_the_store(
    units: ModuleType,
) -> None:
    answer = """dn: uid=A1,ou=units,dc=mau,dc=gov,dc=vn
uid: A1
mail: a1@mau.gov.vn
displayName:: UGjDsm5nIEE=
congvuHead: uid=S1,ou=people,dc=mau,dc=gov,dc=vn

dn: uid=../x,ou=units,dc=mau,dc=gov,dc=vn
uid: ../x
mail: x@mau.gov.vn

# refldaps://elsewhere

"""
    (unit,) = units.parse(answer)
    assert (unit["displayname"], unit["congvuhead"]) == (["Phòng A"], [AN])


def test_a_name_with_signs_of_a_filter_asks_for_itself(units: ModuleType) -> None:
    account = units.Account(r"uid=a\2C*(b),ou=people,dc=mau,dc=gov,dc=vn", "an@mau.gov.vn", "")
    assert r"(congvuHead=uid=a\5c2C\2a\28b\29,ou=people,dc=mau,dc=gov,dc=vn)" in units.question(account)
