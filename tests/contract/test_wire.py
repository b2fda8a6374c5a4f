"""Reading and writing in bulk against a real slapd: complete, in order, repeatable, with any values."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import ldap3
import pytest

from congvu.directory import connection
from congvu.directory.apply import Applied, Applier, GaveUp
from congvu.directory.connection import Directory
from congvu.directory.dn import dn_key
from congvu.directory.inspect import ATTRIBUTES, digest, inspect
from congvu.directory.model import Entry, Layout
from congvu.directory.operations import Add, Change, Event, Modify, Operation, Reason
from congvu.directory.results import Refused
from congvu.directory.settings import DirectorySettings, Provider
from congvu.errors import DirectoryFailure
from congvu.fleet.lab import Lab
from tests.relay import Relay
from tests.slapd import Slapd, scratch

DOMAIN = "kiemtra.gov.vn"
LAYOUT = Layout("dc=gov,dc=vn", DOMAIN)
WHY = Reason(Event.JOIN, "a test")
HURTING = {
    "comma, plus + hash": "Nguyễn, Văn + An #1",
    " leading blank": " Trần",
    "#hash first": "#Lê",
    'quotes "and" \\backslash': 'Phó "quyền" \\ trưởng',
    "(filter)*|&!": "(*)(uid=*)",
    "a=b;c<d>": "a=b;c<d>",
    "NFC Đà Nẵng": "Đà Nẵng",
    "long": "Trưởng phòng " + "rất dài " * 24,
}
"""Ids, and titles."""


@pytest.fixture(scope="module")
def running(lab: Lab) -> Iterator[Slapd]:
    with scratch(lab) as server:
        yield server


@pytest.fixture
def server(running: Slapd) -> Slapd:
    """A server with the domain's containers and nothing else."""
    running.fill(step.entry for step in STEPS)
    return running


def container(dn: str, classes: Sequence[str], **values: str) -> Add:
    return Add(DOMAIN, Entry.build(dn, classes, values), WHY)


STEPS = [
    container(
        LAYOUT.dn, ("domain", "domainRelatedObject", "congvuDomain"), dc="kiemtra", associatedDomain=DOMAIN
    ),
    container(LAYOUT.people, ("organizationalUnit",), ou="people"),
]


def person(uid: str, number: int, *addresses: str, **more: str) -> Add:
    held = addresses or (f"p{number}@{DOMAIN}",)
    values: dict[str, str | Sequence[str]] = {
        "uid": uid, "cn": uid, "sn": uid, "mail": held[0], "mailLocalAddress": held,
        "mailHost": "mail.lamdong.gov.vn", "congvuState": "initial", "congvuQuota": "1048576",
    }  # fmt: skip
    classes = ("inetOrgPerson", "inetLocalMailRecipient", "congvuAccount")
    return Add(
        DOMAIN, Entry.build(LAYOUT.person(uid), classes, {**values, "mailLocalAddress": held, **more}), WHY
    )


def people(count: int) -> list[Operation]:
    return [person(f"P{number:05}", number) for number in range(count)]


def change(add: Operation, attribute: str, before: Sequence[str], after: Sequence[str]) -> Modify:
    return Modify(DOMAIN, add.entry, (Change(attribute, tuple(before), tuple(after)),), WHY)


def directory(server: Slapd) -> Directory:
    return Directory.as_service(server.settings)


def write(server: Slapd, operations: Sequence[Operation]) -> list[DirectoryFailure | None]:
    with directory(server) as open_:
        answers = list(open_.write(operations))
    assert [operation for operation, _ in answers] == list(operations)
    return [failure for _, failure in answers]


def codes(failures: Sequence[DirectoryFailure | None]) -> list[int]:
    return [failure.code if isinstance(failure, Refused) else 0 for failure in failures]


def read(server: Slapd, dn: str, *attributes: str) -> Entry:
    with directory(server) as open_:
        entry = open_.get(dn, attributes)
    assert entry
    return entry


# --- Reading


def test_what_is_read_is_what_ldap3_reads(server: Slapd) -> None:
    hurting = [person(uid, 100 + n, title=title) for n, (uid, title) in enumerate(HURTING.items())]
    assert not any(write(server, [*hurting, *people(40)]))
    settings = server.settings
    plain = ldap3.Server(settings.providers[0].host, port=settings.providers[0].port, get_info=ldap3.NONE)
    other = ldap3.Connection(plain, settings.bind_dn, settings.password(), auto_bind="TLS_BEFORE_BIND")
    other.search(settings.base, "(objectClass=*)", attributes=[*ATTRIBUTES, "entryUUID"])
    theirs = {
        each["dn"]: {name: sorted(values) for name, values in each["raw_attributes"].items() if values}
        for each in other.response
    }
    other.unbind()
    assert len(theirs) > 50
    with directory(server) as open_:
        found = list(open_.search(settings.base, "(objectClass=*)", (*ATTRIBUTES, "entryUUID")))
    assert theirs == {
        entry.dn: {name: sorted(map(str.encode, values)) for name, values in entry.attributes.items()}
        for entry in found
    }


@pytest.mark.parametrize("page", [1, 7, 50, 5000])
def test_pages_of_any_size_make_one_whole(page: int, server: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    write(server, people(50))
    monkeypatch.setattr(connection, "PAGE", page)
    with directory(server) as open_:
        found = [entry.value("uid") for entry in open_.search(LAYOUT.people, "(uid=*)", ("uid",))]
    assert sorted(found) == [f"P{number:05}" for number in range(50)]


def test_values_that_are_no_text_keep_their_octets(server: Slapd) -> None:
    adding = person("P1", 1)
    write(server, [adding])
    octets = bytes(range(256))
    text = octets.decode("utf-8", errors="surrogateescape")
    with directory(server) as open_:
        open_.replace(adding.dn, {"jpegPhoto": [text]})
        assert open_.get(adding.dn, ("jpegPhoto",)) == Entry(adding.dn, {"jpegPhoto": (text,)})


def test_an_entry_that_is_not_there_is_none(server: Slapd) -> None:
    with directory(server) as open_:
        assert open_.get(LAYOUT.person("nobody"), ("uid",)) is None
        assert open_.get(LAYOUT.dn, ()) == Entry(LAYOUT.dn, {})


@pytest.mark.parametrize("limit", ["size=3 size.pr=unlimited size.prtotal=20", "size=20 size.prtotal=hard"])
def test_a_search_that_the_server_cuts_short_is_a_failure(limit: str, server: Slapd) -> None:
    write(server, people(60))
    database = "olcDatabase={1}mdb,cn=config"
    kept = server.root("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", database, "olcLimits")
    limits = [line.partition(": ")[2] for line in kept.splitlines() if line.startswith("olcLimits")]
    server.configure(database, olcLimits=f'{{0}}dn.exact="{server.settings.bind_dn}" {limit}')
    try:
        with directory(server) as open_:
            for all_of_it in (inspect, digest, lambda *_: list(open_.search(LAYOUT.dn, "(uid=*)", ("uid",)))):
                with pytest.raises(DirectoryFailure, match=r"sizeLimitExceeded|adminLimitExceeded") as caught:
                    all_of_it(open_, server.settings.base)
                assert "size.prtotal=unlimited" in caught.value.hint
    finally:
        server.configure(database, olcLimits="\nolcLimits: ".join(limits))
    with directory(server) as open_:
        assert len(inspect(open_, server.settings.base).children(LAYOUT.people)) == 60


def test_a_referral_is_refused_and_nobody_is_called(server: Slapd) -> None:
    with listening() as (port, called):
        referral = (
            f"dn: ou=xa,{LAYOUT.dn}\nobjectClass: referral\nobjectClass: extensibleObject\nou: xa\n"
            f"ref: ldap://{_gateway(server)}:{port}/ou=xa,{LAYOUT.dn}\n"
        )
        server.root("ldapadd", "-M", stdin=referral)
        with directory(server) as open_:
            for read_all in (inspect, digest):
                with pytest.raises(DirectoryFailure, match="referral"):
                    read_all(open_, server.settings.base)
            with pytest.raises(DirectoryFailure, match="referral"):
                open_.replace(f"uid=x,ou=xa,{LAYOUT.dn}", {"title": ["x"]})
            assert open_.get(LAYOUT.people, ("ou",))  # the connection is as good as before
    assert not called.is_set()


def test_a_digest_moves_with_every_change_by_hand_and_not_without(server: Slapd) -> None:
    adding = person("P1", 1, title="Chuyên viên")
    write(server, [adding])

    def now() -> tuple[str, str]:
        with directory(server) as open_:
            return digest(open_, server.settings.base), open_.context_csn()

    first = now()
    assert now() == first
    server.root("ldapmodify", stdin=f"dn: {adding.dn}\nchangetype: modify\nreplace: title\ntitle: Khác\n")
    second = now()
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_a_directory_is_known_by_its_base(server: Slapd, lab: Lab) -> None:
    with directory(server) as open_:
        ours = open_.base_uuid()
    server.kill()
    server.start()
    with directory(server) as open_:
        assert open_.base_uuid() == ours
    with scratch(lab) as another, directory(another) as open_:
        assert open_.base_uuid() != ours


# --- Writing


def test_answers_come_in_order_and_one_bad_operation_spoils_nothing(server: Slapd) -> None:
    operations = people(300)
    operations[7] = person("P00007", 7, congvuQuota="much")
    operations[150] = person("P00150", 3)
    operations[299] = change(person("nobody", 1000), "title", (), ("x",))
    failed = {7: 21, 150: 19, 299: 32}
    assert codes(write(server, operations)) == [failed.get(index, 0) for index in range(300)]
    with directory(server) as open_:
        assert len(inspect(open_, server.settings.base).children(LAYOUT.people)) == 297


def test_a_repetition_changes_nothing(server: Slapd) -> None:
    adds = [*STEPS, *people(30), *(person(uid, 100 + n) for n, uid in enumerate(HURTING))]
    write(server, adds)
    changes = [change(add, "title", (), ("Chuyên viên, #1",)) for add in adds[2:]]
    renamed = [change(add, "cn", (add.entry.value("cn"),), ("Nguyễn Văn Ánh",)) for add in adds[2:]]
    assert not any(write(server, changes))
    assert not any(write(server, renamed))
    with directory(server) as open_:
        before = {entry.dn: entry for entry in open_.search(LAYOUT.dn, "(objectClass=*)", ("*", "entryCSN"))}
    assert not any(write(server, changes))
    assert not any(write(server, renamed))
    assert not any(write(server, [change(add, "title", ("x",), ("Chuyên viên, #1",)) for add in adds[2:]]))
    with directory(server) as open_:
        after = {entry.dn: entry for entry in open_.search(LAYOUT.dn, "(objectClass=*)", ("*", "entryCSN"))}
    assert after == before
    # The entries are no longer what was added.
    assert codes(write(server, adds)) == [0, 0, *[68] * 38]


def test_a_change_of_what_somebody_else_changed_meanwhile_is_refused(server: Slapd) -> None:
    adding = person("P1", 1, title="Chuyên viên")
    write(server, [adding])
    for before, after in (((), ("Trưởng phòng",)), (("Phó phòng",), ("Trưởng phòng",)), (("Phó phòng",), ())):
        assert codes(write(server, [change(adding, "title", before, after)])) == [122]
    assert read(server, adding.dn, "title").values("title") == ("Chuyên viên",)
    both = Modify(
        DOMAIN,
        adding.entry,
        (Change("title", ("Chuyên viên",), ("x",)), Change("telephoneNumber", ("1",), ("2",))),
        WHY,
    )
    assert codes(write(server, [both])) == [122]  # all of it or nothing
    assert read(server, adding.dn, "title").values("title") == ("Chuyên viên",)


def test_a_password_goes_unread_and_twice(server: Slapd) -> None:
    adding = person("P1", 1)
    write(server, [adding])
    with directory(server) as open_:
        open_.replace(adding.dn, {"userPassword": ["Mat-khau-2026"]})
    Directory(server.settings, adding.dn, "Mat-khau-2026").__exit__(None, None, None)
    leaving = Modify(
        DOMAIN, adding.entry, (Change("congvuState", ("initial",), ("revoked",)), *Change.no_password()), WHY
    )
    for _ in range(2):
        assert write(server, [leaving]) == [None]
        with pytest.raises(DirectoryFailure, match="invalidCredentials"):
            Directory(server.settings, adding.dn, "Mat-khau-2026")


def test_an_address_is_given_up_before_it_is_given_on(server: Slapd) -> None:
    """Hundred times: slapd works on several operations of a connection at once."""
    adds = people(200)
    write(server, adds)
    operations: list[Operation] = []
    for giver, taker in zip(adds[::2], adds[1::2], strict=True):
        old, kept = giver.entry.value("mail"), taker.entry.value("mail")
        operations.append(change(giver, "mailLocalAddress", (old,), (f"new-{old}",)))
        operations.append(change(taker, "mailLocalAddress", (kept,), (kept, old)))
    assert not any(write(server, operations))


@pytest.mark.parametrize("uid", HURTING)
def test_a_name_that_hurts_is_itself_in_dn_filter_and_values(uid: str, server: Slapd) -> None:
    title = HURTING[uid]
    adding, other = person(uid, 1, title=title), person("other", 2, title="x")
    assert write(server, [adding, other]) == [None, None]
    with directory(server) as open_:
        found = inspect(open_, server.settings.base)
        entry = found.get(LAYOUT.person(uid))
        assert entry
        assert dn_key(entry.dn) == dn_key(adding.dn)
        assert (entry.values("uid"), entry.values("title")) == ((uid,), (title,))
        assert len(found.children(LAYOUT.people)) == 2
        escaped = "".join(f"\\{octet:02x}" for octet in title.encode())
        assert [one.dn for one in open_.search(LAYOUT.dn, f"(title={escaped})", ())] == [entry.dn]
    assert write(server, [change(adding, "title", (title,), (title + "!",))]) == [None]
    head = Modify(DOMAIN, other.entry, (Change("congvuDelegate", (), (adding.dn,)),), WHY)
    for _ in range(2):  # the server writes DNs in its own way
        assert write(server, [head]) == [None]


# --- Restarts


class Log:
    """A journal that keeps nothing."""

    def intend(self, operations: Sequence[Operation]) -> None:
        """Nothing."""

    def settled(self, operation: Operation, failure: str) -> None:
        """Nothing."""


def carry_out(
    settings: DirectorySettings,
    operations: Sequence[Operation],
    progress: Callable[[Operation], None] = lambda _: None,
    patience: float = 30,
) -> Applied:
    applier = Applier(lambda: Directory.as_service(settings), Log(), patience=patience)
    return applier.carry_out(operations, progress)


class At:
    """Does something once a number of operations are settled, in another thread."""

    def __init__(self, count: int, *steps: Callable[[], object]) -> None:
        self._count, self._steps = count, steps
        self._thread = threading.Thread(target=self._run)

    def __call__(self, _: Operation) -> None:
        self._count -= 1
        if self._count == 0:
            self._thread.start()

    def _run(self) -> None:
        for step in self._steps:
            step()

    def join(self) -> None:
        self._thread.join()


def pause() -> None:
    time.sleep(0.5)


@pytest.mark.parametrize("trouble", ["killed", "restarted", "paused", "read-only"])
def test_a_run_survives_a_server_in_trouble(
    trouble: str, server: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "RECEIVE_SECONDS", 1)
    steps = {
        "killed": (server.kill, pause, server.start),
        "restarted": (server.stop, server.start),
        "paused": (server.pause, lambda: time.sleep(2), server.resume),
        "read-only": (server.readonly, pause, lambda: server.readonly(on=False)),
    }[trouble]
    operations = people(3000)
    at = At(300, *steps)
    applied = carry_out(server.settings, operations, at)
    at.join()
    assert len(applied.written) == 3000
    assert (applied.failures, applied.left) == ((), ())
    with directory(server) as open_:
        assert len(inspect(open_, server.settings.base).children(LAYOUT.people)) == 3000


def test_a_server_that_stays_away_is_given_up_and_a_second_run_goes_on(server: Slapd) -> None:
    operations = people(5000)
    at = At(300, server.kill)
    with pytest.raises(GaveUp) as caught:
        carry_out(server.settings, operations, at, patience=1)
    at.join()
    applied = caught.value.applied
    assert 300 <= len(applied.written) < 5000
    assert len(applied.written) + len(applied.left) == 5000
    server.start()
    assert len(carry_out(server.settings, applied.left).written) == len(applied.left)


# --- Several providers


@contextmanager
def listening() -> Iterator[tuple[int, threading.Event]]:
    """A port of this machine where connections are taken and nothing is answered."""
    called = threading.Event()
    taken: list[socket.socket] = []
    with socket.create_server(("0.0.0.0", 0)) as hole:  # noqa: S104  (the lab's hosts must reach it)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    taken.append(hole.accept()[0])
                    called.set()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield hole.getsockname()[1], called
        finally:
            hole.shutdown(socket.SHUT_RDWR)
            thread.join()
            for one in taken:
                one.close()


def _gateway(server: Slapd) -> str:
    with socket.create_connection((server.settings.providers[0].host, 22)) as probe:
        name: str = probe.getsockname()[0]
        return name


def with_providers(server: Slapd, *uris: str) -> DirectorySettings:
    real = server.settings.providers[0]
    others = tuple(Provider(uri, tls_name=real.tls_name, start_tls=True) for uri in uris)
    return dataclasses.replace(server.settings, providers=(*others, real))


def test_a_provider_that_is_down_hangs_or_swallows_packets_is_passed_over(
    server: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1)
    with listening() as (port, called):
        bad = ("ldap://127.0.0.1:1", f"ldap://127.0.0.1:{port}", "ldap://192.0.2.1", "ldap://no-such.invalid")
        began = time.monotonic()
        with Directory.as_service(with_providers(server, *bad)) as open_:
            assert open_.provider == server.settings.providers[0].uri
            assert open_.get(LAYOUT.people, ("ou",))
            assert [uri in why for uri, why in zip(bad, open_.skipped, strict=True)] == [True] * 4
        assert time.monotonic() - began < 8
        assert called.is_set()


def test_when_no_provider_answers_each_is_named(server: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1)
    server.pause()
    try:
        with pytest.raises(DirectoryFailure) as caught:
            Directory.as_service(with_providers(server, "ldap://127.0.0.1:1"))
    finally:
        server.resume()
    assert "ldap://127.0.0.1:1" in str(caught.value)
    assert server.settings.providers[0].uri in str(caught.value)


def test_a_run_goes_on_with_the_next_provider(server: Slapd) -> None:
    real = server.settings.providers[0]
    with Relay(real.host, real.port) as first, Relay(real.host, real.port) as second:
        settings = with_providers(server, *(f"ldap://127.0.0.1:{each.port}" for each in (first, second)))
        settings = dataclasses.replace(settings, providers=settings.providers[:2])
        at = At(300, first.cut)
        applied = carry_out(settings, people(3000), at)
        at.join()
    assert len(applied.written) == 3000
