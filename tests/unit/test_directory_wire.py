"""Our encoder and decoder against ldap3's, and many messages on one socket."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import ldap3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ldap3.operation.add import add_operation
from ldap3.operation.modify import modify_operation
from ldap3.operation.search import compile_filter, parse_filter, search_operation
from ldap3.protocol.rfc2696 import paged_search_control
from ldap3.utils.asn1 import decode_message_fast, encode

from congvu.directory import ber
from congvu.directory.dn import dn_key, escape
from congvu.directory.entries import KNOWN_VALUES, Decoder
from congvu.directory.model import Entry, Layout, Snapshot
from congvu.directory.operations import Add, Change, Event, Modify, Operation, Reason
from congvu.directory.pipeline import WINDOW, Pipeline, Wire
from tests.unit import ldap_server as server
from tests.unit.helpers import BASE
from tests.unit.ldap_server import FakeSocket

HURTING = (
    "Nguyễn, Văn + An", "#đầu", " trước", "sau ", 'Phó "quyền" trưởng phòng', "a\\b", "(*)&|!", "a=b;c<d>",
    "Hoa\u0300", "Đ" * 200, "\ufeffẩn\u200b", "dòng\r\nmới", "x" * 127, "x" * 128, "x" * 256, "x" * 70_000,
    "=", "\0",
)  # fmt: skip
names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9-]{0,20}(;lang-vi)?", fullmatch=True)
texts = st.one_of(st.sampled_from(HURTING), st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
octets = st.one_of(st.binary(max_size=300), texts.map(str.encode))
several = st.dictionaries(names, st.lists(octets, min_size=1, max_size=4, unique=True), max_size=8)
written = st.dictionaries(names, st.lists(texts, max_size=4, unique=True), max_size=6)


def body(message: bytes) -> bytes:
    """What is in an LDAPMessage, as `Wire` gives it."""
    _, begin, end = ber.element(message, 0)
    assert end == len(message)
    return message[begin:end]


def operation(message: bytes) -> bytes:
    """What is left of it without its number."""
    return body(message)[ber.split(body(message))[1] :]


def raw(values: Sequence[str]) -> list[bytes]:
    return [value.encode("utf-8", errors="surrogateescape") for value in values]


# --- Bytes


@given(st.integers(0, 2**31 - 1), texts, several)
@settings(deadline=None, max_examples=60)
def test_an_entry_is_read_as_ldap3_reads_it(number: int, dn: str, attributes: dict[str, list[bytes]]) -> None:
    message = server.entry(number, dn.encode(), attributes)
    decoder = Decoder()
    for _ in range(2):  # the second time from what it knows
        found = decoder.entry(operation(message))
        assert found.dn == dn
        assert {name: raw(values) for name, values in found.attributes.items()} == attributes
    theirs = decode_message_fast(message)
    assert ber.split(body(message))[0] == theirs["messageID"] == number
    listed = theirs["payload"][1][3]
    assert {bytes(each[3][0][3]).decode(): [v[3] for v in each[3][1][3]] for each in listed} == attributes


def test_what_entries_have_in_common_is_one_object() -> None:
    decoder = Decoder()
    found = [
        decoder.entry(operation(server.entry(1, b"", {"title": [b"T"], "mail": [b"a@x"], "cn": [b"a@x"]})))
        for _ in range(2)
    ]
    assert found[0].value("title") is found[1].value("title")
    assert found[0].value("mail") is found[0].value("cn")


def test_values_of_many_kinds_do_not_fill_the_memory() -> None:
    decoder = Decoder()
    for number in range(3 * KNOWN_VALUES):
        decoder.entry(operation(server.entry(1, b"", {"uid": [str(number).encode()]})))
    assert len(decoder._known) == KNOWN_VALUES


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_lengths_may_be_longer_than_needed(count: int) -> None:
    """Servers reserve four octets and fill them in later (X.690, 8.1.3.5)."""

    def tlv(tag: int, content: bytes) -> bytes:
        return bytes((tag, 0x80 | count)) + len(content).to_bytes(count, "big") + content

    values = tlv(0x31, tlv(4, b"a") + tlv(4, b"b"))
    encoded = tlv(0x64, tlv(4, b"dc=x") + tlv(0x30, tlv(0x30, tlv(4, b"cn") + values)))
    assert Decoder().entry(encoded) == Entry("dc=x", {"cn": ("a", "b")})


@given(texts, written)
@settings(deadline=None, max_examples=60)
def test_requests_are_what_ldap3_would_send(dn: str, attributes: dict[str, list[str]]) -> None:
    values = {name: raw(found) for name, found in attributes.items()}
    added = server.wrapped(5, "addRequest", add_operation(dn, values, auto_encode=False))
    assert server.requests(ber.message(5, ber.add(Entry(dn, attributes)))) == server.requests(added)  # type: ignore[arg-type]
    changes = {name: [(ldap3.MODIFY_REPLACE, found)] for name, found in values.items()}
    modified = server.wrapped(5, "modifyRequest", modify_operation(dn, changes, auto_encode=False))
    assert server.requests(ber.message(5, ber.replace(dn, attributes))) == server.requests(modified)


@pytest.mark.parametrize("size", [1, 127, 128, 5000, 2**31 - 1])
@pytest.mark.parametrize("cookie", [b"", b"\x00\x01" * 100])
def test_a_page_is_asked_for_as_ldap3_would(size: int, cookie: bytes) -> None:
    search = search_operation(
        BASE, "(objectClass=*)", ldap3.SUBTREE, ldap3.DEREF_NEVER, ["cn"], 0, 0, False, True, False
    )
    theirs = server.wrapped(300, "searchRequest", search, paged_search_control(False, size, cookie))
    ours = ber.message(300, encode(search), ber.page(size, cookie))
    assert server.requests(ours) == server.requests(theirs)


@given(st.dictionaries(names, st.lists(texts, max_size=2, unique=True), min_size=1, max_size=3))
@settings(deadline=None, max_examples=60)
def test_an_assertion_is_the_filter_that_it_means(attributes: dict[str, list[str]]) -> None:
    parts = []
    for name, values in attributes.items():
        escaped = ["".join(f"\\{octet:02x}" for octet in value.encode()) for value in values]
        parts += [f"({name}={value})" for value in escaped] or [f"(!({name}=*))"]
    parsed = parse_filter(f"(&{''.join(parts)})", None, True, False, None, False)
    control = ber.assertion(attributes)
    _, at, _ = ber.element(control, 0)
    _, first, at = ber.element(control, at)
    assert control[first:at] == b"1.3.6.1.1.12"
    _, _, at = ber.element(control, at)  # criticality
    assert control[at - 1] == 0xFF
    _, first, last = ber.element(control, at)
    assert control[first:last] == encode(compile_filter(parsed.elements[0]))


@given(st.integers(0, 200), texts, st.one_of(st.none(), st.binary(max_size=200)))
@settings(deadline=None, max_examples=60)
def test_a_result_has_its_code_its_words_and_its_cookie(code: int, words: str, cookie: bytes | None) -> None:
    done = server.result(9, "searchResDone", code, words, cookie)
    assert ber.result(body(done)) == ber.Result(code, words, cookie or b"")


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_messages_cut_short_are_malformed_and_nothing_else(data: st.DataObject) -> None:
    whole = body(server.entry(1, b"dc=x", {"cn": [b"a", b"x" * 200]}))
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    for read in (ber.result, lambda part: Decoder().entry(part[ber.split(part)[1] :])):
        with contextlib.suppress(ber.Malformed):
            read(cut)


def test_an_indefinite_length_is_not_ldap() -> None:
    with pytest.raises(ber.Malformed):
        ber.element(b"\x30\x80\x02\x01\x01\x00\x00", 0)


# --- Distinguished names


@given(texts, st.sampled_from(["uid", "CN"]))
@settings(deadline=None, max_examples=60)
def test_a_value_in_a_dn_is_read_back(value: str, attribute: str) -> None:
    from ldap3.utils.dn import parse_dn  # noqa: PLC0415

    dn = f"{attribute}={escape(value)},dc=x"
    assert dn_key(dn).count(",") == 1
    if value and "\r" not in value:
        assert len(parse_dn(dn)) == 2
    assert Layout("dc=vn", "gov.vn").person(value) == f"uid={escape(value)},ou=people,dc=gov,dc=vn"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("uid=A\\2CB,ou=x", "UID=a\\,b, ou = X"),
        ("cn=Đỗ,dc=x", "cn=\\C4\\90\\E1\\BB\\97,DC=x"),
        ("cn=Hoa\u0300,dc=x", "cn=Hoà,dc=x"),
        ("a=1+b=2,c=3", "b=2+A=1,c=3"),
        ("cn=a  b,c=d", "cn=\\20a b\\20,c=d"),
        ("uid=a\\2Bb,dc=x", "uid=a\\+b,dc=x"),
        ("uid=a\\3Db,dc=x", "uid=a=b,dc=x"),
        ("uid=\\23a,dc=x", "uid=\\#a,dc=x"),
    ],
)
def test_two_spellings_of_a_dn_are_one(one: str, other: str) -> None:
    assert dn_key(one) == dn_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("uid=a\\,b,dc=x", "uid=a,b=b,dc=x"),
        ("uid=a\\+b=c,dc=x", "uid=a+b=c,dc=x"),
        ("uid=d,dc=x", "uid=đ,dc=x"),
        ("uid=a\\\\,dc=x", "uid=a\\,dc\\=x"),
    ],
)
def test_two_dns_are_two(one: str, other: str) -> None:
    assert dn_key(one) != dn_key(other)


def test_children_are_found_by_their_parent_alone() -> None:
    dns = ("dc=vn", "ou=p,dc=vn", "uid=b,ou=p,dc=vn", "uid=A\\2c1,OU=P, dc=vn", "x=y,uid=b,ou=p,dc=vn")
    snapshot = Snapshot.of("dc=vn", (Entry(dn, {}) for dn in dns))
    assert [entry.dn for entry in snapshot.children("ou=P,dc=vn")] == [dns[3], dns[2]]
    assert snapshot.children("ou=none,dc=vn") == ()


# --- Many messages on one socket


def wire(serve: Any, **options: int) -> tuple[Wire, FakeSocket]:
    socket = FakeSocket(serve, **options)
    numbers = iter(range(1, 1_000_000))
    return Wire(socket, lambda: next(numbers)), socket


def entries_of(message: Any, count: int) -> Iterator[bytes]:
    for index in range(count):
        yield server.entry(server.number_of(message), f"uid={index}".encode(), {"cn": [b"x" * 3 * index]})


SEARCH = encode(
    search_operation(BASE, "(uid=*)", ldap3.SUBTREE, ldap3.DEREF_NEVER, [], 0, 0, False, True, False)
)


@pytest.mark.parametrize("chunk", [1, 7, 100, 1 << 18])
def test_messages_are_put_together_from_whatever_arrives(chunk: int) -> None:
    def serve(message: Any) -> Iterator[bytes]:
        yield from entries_of(message, 120)
        yield server.result(server.number_of(message), "searchResDone")

    line, _ = wire(serve, chunk=chunk)
    found = [Decoder().entry(each).dn for each in line.search(SEARCH)]
    assert found == [f"uid={index}" for index in range(120)]


def test_something_else_may_be_asked_while_a_page_is_half_read() -> None:
    def serve(message: Any) -> Iterator[bytes]:
        number = server.number_of(message)
        if server.kind_of(message) == "addRequest":
            yield server.result(number, "addResponse", 68)
        else:
            yield from entries_of(message, 5)
            yield server.result(number, "searchResDone")

    line, _ = wire(serve)
    page = line.search(SEARCH)
    reading = iter(page)
    next(reading)
    assert line.ask(ber.add(Entry("dc=x", {}))).code == 68
    assert len(list(reading)) == 4
    assert page.result.code == 0


def test_a_reference_makes_the_whole_search_a_referral() -> None:
    def serve(message: Any) -> Iterator[bytes]:
        number = server.number_of(message)
        yield from (server.reference(number), *entries_of(message, 1), server.result(number, "searchResDone"))

    page = wire(serve)[0].search(SEARCH)
    assert len(list(page)) == 1
    assert page.result.code == 10


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ConnectionError),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 3, ber.Malformed),
        (b"\x30\x84\x7f\xff\xff\xff", ber.Malformed),
        (b"\x30\x80\x02\x01\x01\x00\x00", ber.Malformed),
        (server.disconnection(), ConnectionError),
    ],
)
def test_what_is_no_answer_is_an_error(answer: bytes, error: type[Exception]) -> None:
    line, _ = wire(lambda _: [answer] if answer else [])
    with pytest.raises(error):
        line.ask(SEARCH)
    with pytest.raises((ConnectionError, ber.Malformed)):  # and it stays one
        line.body()


# --- Writing


WHY = Reason(Event.JOIN, "")


def person(number: int, *addresses: str) -> Add:
    values = {"uid": str(number), "mail": addresses[:1], "mailLocalAddress": addresses}
    classes = ("inetOrgPerson", "congvuAccount")
    return Add("x", Entry.build(f"uid={number},dc=x", classes, values), WHY)


def moved(number: int, attribute: str, before: str, after: str) -> Modify:
    change = Change(attribute, (before,) if before else (), (after,) if after else ())
    return Modify("x", person(number).entry, (change,), WHY)


class LateServer:
    """Answers only when it is waited for, and then the newest request first."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []
        self.most = 0
        self.together: list[set[str]] = []
        """DNs that were under way at the same time."""

    def sendall(self, data: bytes, /) -> None:
        self.waiting += server.requests(data)
        self.most = max(self.most, len(self.waiting))

    def recv(self, size: int, /) -> bytes:  # noqa: ARG002
        self.together.append({server.operation_of(each)["entry"] for each in self.waiting})
        message = self.waiting.pop()
        name = {"addRequest": "addResponse", "modifyRequest": "modifyResponse"}[server.kind_of(message)]
        return server.result(server.number_of(message), name)


def written_by(late: LateServer, operations: Sequence[Operation]) -> list[Operation]:
    numbers = iter(range(1, 1_000_000))
    line = Wire(late, lambda: next(numbers))
    return [one for one, _ in Pipeline(line, lambda each: (ber.add(each.entry), ())).write(operations)]


def test_answers_come_in_order_and_no_more_are_under_way_than_allowed() -> None:
    late, operations = LateServer(), [person(number) for number in range(500)]
    assert written_by(late, operations) == operations
    assert WINDOW // 2 < late.most <= WINDOW


def test_a_level_is_answered_before_the_next_begins() -> None:
    late = LateServer()
    steps = [Add("x", Entry.build(dn, ("domain",), {}), WHY) for dn in ("dc=x", "ou=a,dc=x", "ou=b,dc=x")]
    assert written_by(late, [*steps, person(1), person(2)]) == [*steps, person(1), person(2)]
    assert {frozenset(dns) for dns in late.together} == {
        frozenset({"dc=x"}), frozenset({"ou=a,dc=x", "ou=b,dc=x"}), frozenset({"ou=a,dc=x"}),
        frozenset({"uid=1,dc=x", "uid=2,dc=x"}), frozenset({"uid=1,dc=x"}),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (moved(1, "title", "a", "b"), moved(1, "telephoneNumber", "", "1")),
        (moved(1, "mail", "a@x", "b@x"), moved(2, "mail", "b@x", "A@x")),
        (person(1, "a@x"), person(2, "b@x", "A@x")),
    ],
    ids=["one entry", "an address given on", "an address twice"],
)
def test_of_two_that_concern_the_same_the_second_waits(first: Operation, second: Operation) -> None:
    late = LateServer()
    written_by(late, [first, second])
    assert all(len(dns) == 1 for dns in late.together)
    assert late.most == 1


def test_two_that_concern_nothing_in_common_do_not_wait() -> None:
    late = LateServer()
    written_by(late, [moved(1, "title", "a", "b"), moved(2, "title", "a", "b")])
    assert late.most == 2
