"""The edge of the directory: settings, the connection's promises, passwords."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import ldap3
import pytest
from ldap3.core.exceptions import LDAPOperationResult, LDAPSocketOpenError

from congvu.directory import connection as ldap
from congvu.directory.connection import Directory
from congvu.directory.model import Entry, State
from congvu.directory.password import find, find_open, generate, issue_initial
from congvu.directory.settings import DirectorySettings, Provider, load
from congvu.errors import DirectoryFailure, InputError, SettingsError
from tests.unit.helpers import BASE, Tree

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
    "key in a domain": ("registry: ld", "registy: ld", 12, ["domains.lamdong.gov.vn.registy", "'registry'"]),
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


class FakeConnection:
    """Stands for `ldap3.Connection`: records how it was made, answers from a list of pages."""

    made: dict[str, Any]
    server: Any
    pages: ClassVar[list[tuple[int, list[dict[str, Any]], bytes]]] = []
    raises: Exception | None = None
    calls: list[str]

    def __init__(self, server: Any, **options: Any) -> None:
        type(self).made, type(self).server, type(self).calls = options, server, []
        self.result: dict[str, Any] = {}
        self.response: list[dict[str, Any]] = []
        self._pages = iter(self.pages)
        self.strategy = SimpleNamespace(close=lambda: self.calls.append("close"))

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.raises:
            raise self.raises

    def open(self, **_: Any) -> None:
        self._call("open")

    def start_tls(self, **_: Any) -> None:
        self._call("start_tls")

    def bind(self, **_: Any) -> None:
        self._call("bind")

    def unbind(self) -> None:
        self.calls.append("unbind")

    def search(self, *_: Any, **options: Any) -> None:
        self.calls.append(f"search {options['paged_cookie']!r}")
        code, self.response, cookie = next(self._pages)
        self.result = {
            "result": code,
            "description": "sizeLimitExceeded" if code else "success",
            "controls": {"1.2.840.113556.1.4.319": {"value": {"cookie": cookie}}},
        }


def item(uid: str, kind: str = "searchResEntry") -> dict[str, Any]:
    return {"type": kind, "dn": f"uid={uid},{BASE}", "raw_attributes": {"uid": [uid.encode()], "sn": []}}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeConnection]:
    class Fake(FakeConnection):
        pages: ClassVar = [(0, [item("a"), item("b")], b"next"), (0, [item("Đ")], b"")]

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
        assert fake.calls == ["open", "start_tls", "bind"]  # the password goes out last, under TLS
    assert fake.calls[-1] == "unbind"
    assert fake.made["auto_referrals"] is False
    assert fake.made["raise_exceptions"] is True
    assert fake.made["check_names"] is False
    assert fake.made["password"] == "secret"  # noqa: S105
    assert fake.made["receive_timeout"]
    assert fake.server.get_info == ldap3.NONE
    assert fake.server.connect_timeout
    context = fake.server.tls._context
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_search_reads_every_page(fake: type[FakeConnection], settings: DirectorySettings) -> None:
    with Directory.as_service(settings) as directory:
        found = list(directory.search(BASE, "(objectClass=*)", ("uid", "sn")))
    assert [entry.value("uid") for entry in found] == ["a", "b", "Đ"]
    assert fake.calls[3:5] == ["search None", "search b'next'"]


def test_a_search_that_ends_early_is_a_failure_not_a_short_list(
    fake: type[FakeConnection], settings: DirectorySettings
) -> None:
    fake.pages = [(0, [item("a")], b"next"), (4, [item("b")], b"")]
    with Directory.as_service(settings) as directory, pytest.raises(DirectoryFailure) as caught:
        list(directory.search(BASE, "(objectClass=*)", ("uid",)))
    assert "ended early: sizeLimitExceeded" in str(caught.value)
    assert "size.prtotal=unlimited" in caught.value.hint


def test_a_referral_is_a_failure(fake: type[FakeConnection], settings: DirectorySettings) -> None:
    fake.pages = [(0, [item("a", "searchResRef")], b"")]
    with (
        Directory.as_service(settings) as directory,
        pytest.raises(DirectoryFailure, match="refers to another"),
    ):
        list(directory.search(BASE, "(objectClass=*)", ("uid",)))


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (
            LDAPSocketOpenError("refused"),
            ["ldap://192.0.2.1", "no connection: refused", "check that slapd runs"],
        ),
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
    fake.raises = raised
    with pytest.raises(DirectoryFailure) as caught:
        Directory.as_service(settings)
    assert caught.value.exit_code == 3
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert fake.calls == ["open", "close"]  # no socket stays behind


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

    assert set(ldap._HINTS) <= set(RESULT_CODES)
