"""The edge of the directory: settings, the connection's promises, passwords."""

from __future__ import annotations

import dataclasses
import re
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import ldap3
import pytest
from ldap3.core.exceptions import LDAPOperationResult, LDAPSocketOpenError

from congvu.directory import results
from congvu.directory.connection import Directory
from congvu.directory.inspect import digest, inspect
from congvu.directory.model import Entry, State
from congvu.directory.password import find, find_open, generate, issue_initial
from congvu.directory.results import passing
from congvu.directory.settings import DirectorySettings, Provider
from congvu.errors import DirectoryFailure, InputError, SettingsError
from congvu.sync.settings import load
from tests.unit import ldap_server
from tests.unit.helpers import BASE, Tree
from tests.unit.ldap_server import FakeSocket

GOOD = """\
version: 1
directory:
  providers:
    - uri: ldap://192.0.2.1
      start_tls: true
      tls_name: mail.lamdong.gov.vn
  bind_dn: cn=sync,ou=services,dc=gov,dc=vn
  password_file: sync.password
  base: dc=gov,dc=vn
mail_host: mail.lamdong.gov.vn
state: state
domains:
  lamdong.gov.vn: {policy: ../p.yml, registry: ld}
"""
BAD = {
    "unknown key": ("base:", "bsae:", 9, ["directory.bsae", "unknown key", "did you mean 'base'?"]),
    "missing key": ("  base: dc=gov,dc=vn\n", "", 3, ["directory.base", "is missing"]),
    "plain LDAP": ("start_tls: true", "start_tls: false", 4, ["start_tls", "plain LDAP is refused"]),
    "both kinds of TLS": ("ldap://", "ldaps://", 4, ["left out with ldaps://"]),
    "other scheme": ("ldap://", "http://", 4, ["is not ldaps://host or ldap://host"]),
    "port": ("192.0.2.1", "192.0.2.1:ldap", 4, ["the port in", "is not a number"]),
    "domain elsewhere": (
        "lamdong.gov.vn: {",
        "example.org: {",
        1,
        ["example.org does not lie below the base"],
    ),
    "no mail domain": ("lamdong.gov.vn: {", "lamdong: {", 1, ["'lamdong' is not a mail domain"]),
    "no domains": (
        "\n  lamdong.gov.vn: {policy: ../p.yml, registry: ld}",
        " {}",
        1,
        ["names no mail domain"],
    ),
    "key in a domain": ("registry: ld", "registy: ld", 13, ["domains.lamdong.gov.vn.registy", "'registry'"]),
    "CA that is not there": (
        "  bind_dn",
        "  ca_file: ca.pem\n  bind_dn",
        0,
        ["directory.ca_file", "there is no file"],
    ),
    "no provider": (
        "providers:\n    - uri: ldap://192.0.2.1\n      start_tls: true\n      tls_name: mail.lamdong.gov.vn",
        "providers: []",
        3,
        ["providers: names no server"],
    ),
    "version": ("version: 1", "version: one", 1, ["reads version 1 only"]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_mistake_in_the_settings_names_file_line_and_key(case: str, tmp_path: Path) -> None:
    old, new, line, words = BAD[case]
    assert old in GOOD
    path = tmp_path / "sync.yml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_paths_count_from_the_settings_file_and_ports_have_defaults(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    path = tmp_path / "site/sync.yml"
    path.write_text(GOOD, encoding="utf-8")
    settings = load(path)
    assert settings.domains["lamdong.gov.vn"].policy == tmp_path / "p.yml"
    assert settings.domains["lamdong.gov.vn"].registry == tmp_path / "site/ld"
    (provider,) = settings.directory.providers
    assert (provider.host, provider.port) == ("192.0.2.1", 389)
    assert Provider("ldaps://h").port == 636
    assert Provider("ldaps://h:10636").port == 10636


def test_a_password_file_must_be_there_and_not_empty(tmp_path: Path) -> None:
    settings = DirectorySettings((Provider("ldaps://h"),), "cn=x", tmp_path / "pw", BASE)
    with pytest.raises(SettingsError, match="cannot read the password"):
        settings.password()
    (tmp_path / "pw").write_text("\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="the password is empty"):
        settings.password()
    (tmp_path / "pw").write_text(" päss \n", encoding="utf-8")
    assert settings.password() == " päss "


class Server(FakeSocket):
    """A server that gives `pages`: how each ends, the ids of its entries, and the cookie for the next."""

    def __init__(self, pages: Sequence[tuple[int, Sequence[str], bytes]]) -> None:
        super().__init__(self._page)
        self._pages = iter(pages)
        self.timeout = 0.0
        self.closed = False

    def settimeout(self, seconds: float) -> None:
        self.timeout = seconds

    def close(self) -> None:
        self.closed = True

    def _page(self, message: Any) -> Iterator[bytes]:
        code, ids, cookie = next(self._pages)
        number = ldap_server.number_of(message)
        for uid in ids:
            if uid == "elsewhere":
                yield ldap_server.reference(number)
            else:
                yield ldap_server.entry(number, f"uid={uid},{BASE}".encode(), {"uid": [uid.encode()]})
        yield ldap_server.result(number, "searchResDone", code, "", cookie)


class FakeConnection:
    """Stands for `ldap3.Connection`: records how it was made, and has a socket to a `Server`."""

    made: ClassVar[list[FakeConnection]]
    pages: ClassVar[list[tuple[int, list[str], bytes]]] = []
    raises: ClassVar[dict[str, Exception]] = {}
    """Host → what opening a connection to it raises."""

    def __init__(self, server: Any, **options: Any) -> None:
        self.server, self.options = server, options
        self.calls: list[str] = []
        self.socket = Server(self.pages)
        self.strategy = SimpleNamespace(close=lambda: self.calls.append("close"))
        self.made.append(self)

    def open(self, **_: Any) -> None:
        self.calls.append("open")
        if self.server.host in self.raises:
            raise self.raises[self.server.host]

    def start_tls(self, **_: Any) -> None:
        self.calls.append("start_tls")

    def bind(self, **_: Any) -> None:
        self.calls.append("bind")

    def unbind(self) -> None:
        self.calls.append("unbind")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeConnection]:
    class Fake(FakeConnection):
        made: ClassVar = []
        pages: ClassVar = [(0, ["a", "b"], b"next"), (0, ["Đ"], b"")]
        raises: ClassVar = {}

    monkeypatch.setattr(ldap3, "Connection", Fake)
    return Fake


@pytest.fixture
def settings(tmp_path: Path) -> DirectorySettings:
    (tmp_path / "pw").write_text("secret\n", encoding="utf-8")
    provider = Provider("ldap://192.0.2.1", tls_name="mail.x.vn", start_tls=True)
    return DirectorySettings((provider,), "cn=sync", tmp_path / "pw", BASE)


def test_none_of_ldap3s_unsafe_defaults_is_kept(
    fake: type[FakeConnection], settings: DirectorySettings
) -> None:
    with Directory.as_service(settings):
        (made,) = fake.made
        assert made.calls == ["open", "start_tls", "bind"]  # the password goes out last, under TLS
    assert made.calls[-1] == "unbind"
    assert made.socket.closed
    assert made.options["auto_referrals"] is False
    assert made.options["raise_exceptions"] is True
    assert made.options["check_names"] is False
    assert made.options["password"] == "secret"  # noqa: S105
    assert made.options["receive_timeout"]
    assert (
        made.socket.timeout > made.options["receive_timeout"]
    )  # who answers a bind may take longer to search
    assert made.server.get_info == ldap3.NONE
    assert made.server.connect_timeout
    context = made.server.tls._context
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_search_reads_every_page(fake: type[FakeConnection], settings: DirectorySettings) -> None:
    with Directory.as_service(settings) as directory:
        found = list(directory.search(BASE, "(objectClass=*)", ("uid", "sn")))
    assert [entry.value("uid") for entry in found] == ["a", "b", "Đ"]
    asked = [ldap_server.cookie_of(message) for message in fake.made[0].socket.seen]
    assert asked == [b"", b"next"]


def test_a_digest_sees_an_order_a_value_and_an_end(
    fake: type[FakeConnection], settings: DirectorySettings
) -> None:
    def of(*pages: tuple[int, list[str], bytes]) -> str:
        fake.pages = list(pages)
        with Directory.as_service(settings) as directory:
            return digest(directory, BASE)

    whole = of((0, ["a", "b"], b""))
    assert whole == of((0, ["a"], b"next"), (0, ["b"], b""))  # neither pages nor message numbers count
    assert len({whole, of((0, ["b", "a"], b"")), of((0, ["a"], b"")), of((0, ["a", "B"], b""))}) == 4


def test_a_search_that_ends_early_is_a_failure_not_a_short_list(
    fake: type[FakeConnection], settings: DirectorySettings
) -> None:
    for read in (digest, inspect):
        fake.pages = [(0, ["a"], b"next"), (4, ["b"], b"")]
        with Directory.as_service(settings) as directory, pytest.raises(DirectoryFailure) as caught:
            read(directory, BASE)
        assert "sizeLimitExceeded" in str(caught.value)
        assert "size.prtotal=unlimited" in caught.value.hint


def test_a_referral_is_a_failure(fake: type[FakeConnection], settings: DirectorySettings) -> None:
    fake.pages = [(0, ["a", "elsewhere"], b"")]
    with Directory.as_service(settings) as directory, pytest.raises(DirectoryFailure, match="referral"):
        list(directory.search(BASE, "(objectClass=*)", ("uid",)))


def test_a_connection_that_breaks_is_a_failure(
    fake: type[FakeConnection], settings: DirectorySettings
) -> None:
    fake.pages = [(0, ["a"], b"")]
    with Directory.as_service(settings) as directory:
        fake.made[0].socket.recv = lambda _: b""  # type: ignore[method-assign]
        with pytest.raises(DirectoryFailure, match="no connection: the server closed") as caught:
            directory.get(BASE, ("uid",))
        assert passing(caught.value)


REFUSED = LDAPSocketOpenError("refused")


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (REFUSED, ["ldap://192.0.2.1", "no connection: refused", "check that slapd runs"]),
        (
            LDAPOperationResult(49, "invalidCredentials", message=""),
            ["cn=sync", "invalidCredentials", "its password"],
        ),
        (OSError("reset by peer"), ["no connection: reset by peer"]),
    ],
)
def test_a_failure_names_the_server_and_what_to_do(
    raised: Exception, words: list[str], fake: type[FakeConnection], settings: DirectorySettings
) -> None:
    fake.raises["192.0.2.1"] = raised
    with pytest.raises(DirectoryFailure) as caught:
        Directory.as_service(settings)
    assert caught.value.exit_code == 3
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert fake.made[0].socket.closed


@pytest.fixture
def three(settings: DirectorySettings) -> DirectorySettings:
    return dataclasses.replace(settings, providers=tuple(Provider(f"ldaps://192.0.2.{n}") for n in (1, 2, 3)))


def test_the_next_provider_is_used_when_one_does_not_answer(
    fake: type[FakeConnection], three: DirectorySettings
) -> None:
    fake.raises.update({"192.0.2.1": REFUSED, "192.0.2.2": LDAPOperationResult(51, "busy", message="")})
    with Directory.as_service(three) as directory:
        assert directory.provider == "ldaps://192.0.2.3"
        assert [uri in why for uri, why in zip(("2.1", "2.2"), directory.skipped, strict=True)] == [
            True,
            True,
        ]


def test_all_providers_are_named_when_none_answers(
    fake: type[FakeConnection], three: DirectorySettings
) -> None:
    fake.raises.update({f"192.0.2.{n}": REFUSED for n in (1, 2, 3)})
    with pytest.raises(DirectoryFailure) as caught:
        Directory.as_service(three)
    assert all(f"192.0.2.{n}" in str(caught.value) for n in (1, 2, 3))


def test_a_wrong_password_is_tried_once(fake: type[FakeConnection], three: DirectorySettings) -> None:
    fake.raises["192.0.2.1"] = LDAPOperationResult(49, "invalidCredentials", message="")
    with pytest.raises(DirectoryFailure, match="invalidCredentials"):
        Directory.as_service(three)
    assert len(fake.made) == 1


# Passwords


def account(uid: str, state: str) -> Entry:
    values = {"uid": uid, "mail": f"{uid}@x.vn", "mailLocalAddress": f"{uid}@x.vn", "congvuState": state}
    return Entry.build(f"uid={uid},{BASE}", ("inetOrgPerson", "congvuAccount"), values)


def test_a_password_has_every_class_and_no_look_alikes() -> None:
    passwords = [generate() for _ in range(300)]
    assert len(set(passwords)) == 300
    for password in passwords:
        assert len(password) >= 12
        assert not set(password) & set("l1IO0o'\"\\ ")
        assert all(re.search(group, password) for group in ("[a-z]", "[A-Z]", "[2-9]", "[-+=%]"))


def test_an_initial_password_must_be_changed_and_all_is_set_at_once() -> None:
    tree = Tree(account("annv", "active"))
    password = issue_initial(tree, f"uid=annv,{BASE}")
    found = tree.entries[f"uid=annv,{BASE}"]
    assert found.values("userPassword") == (password,)
    assert (found.value("pwdReset"), found.state) == ("TRUE", State.INITIAL)
    assert tree.writes == 1


@pytest.mark.parametrize("state", ["revoked", "purged", "locked", "pending"])
def test_a_new_password_is_no_way_around_a_lock(state: str) -> None:
    with pytest.raises(InputError, match=f"the account is {state}"):
        find_open(Tree(account("annv", state)), BASE, "annv@x.vn")


@pytest.mark.parametrize("state", ["initial", "active"])
def test_an_account_is_found_by_its_address(state: str) -> None:
    assert find_open(Tree(account("annv", state)), BASE, "annv@x.vn").dn == f"uid=annv,{BASE}"


def test_an_address_of_nobody_is_bad_input_and_cannot_inject_a_filter() -> None:
    asked: list[str] = []

    class Spy(Tree):
        def search(self, base: str, filter_: str, attributes: Any) -> Any:
            asked.append(filter_)
            return super().search(base, filter_, attributes)

    with pytest.raises(InputError, match="no account has this address"):
        find(Spy(), BASE, "*)(uid=*\\")
    assert asked == [r"(&(objectClass=congvuAccount)(mailLocalAddress=\2a\29\28uid=\2a\5c))"]


def test_every_hint_is_for_a_known_result_code() -> None:
    from ldap3.core.results import RESULT_CODES  # noqa: PLC0415

    assert set(results._HINTS) <= set(RESULT_CODES)
