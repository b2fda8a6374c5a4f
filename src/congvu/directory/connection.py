"""The one place that speaks LDAP, through ldap3, and turns its complaints into `DirectoryFailure`.

ldap3's defaults are unsafe and none of them is kept: it verifies no certificate, follows referrals with
the password in clear, and returns a truncated search without a word.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPOperationResult

from congvu.directory.model import Entry
from congvu.directory.settings import DirectorySettings
from congvu.errors import DirectoryFailure

CONNECT_SECONDS = 10
RECEIVE_SECONDS = 60
PAGE = 500
"""Entries per page of a search; at most slapd's default size limit."""
_PAGED = "1.2.840.113556.1.4.319"  # RFC 2696
_HINTS = {
    8: "the server asks for TLS",
    17: "the schema of congvu is not loaded; deploy the role slapd",
    19: "a constraint of the server: an address or uid that another entry holds, or the password policy",
    21: "the value does not fit its syntax",
    32: "the base or the parent entry does not exist; deploy the role slapd",
    49: "check the DN and its password",
    50: "the account lacks the right; check bind_dn and the server's ACLs",
    53: "the server is unwilling, read-only perhaps",
    65: "the schema of congvu on the server is not the one this program knows; deploy the role slapd",
    68: "somebody else changed the directory meanwhile; run again",
}
"""What to do about a result code (RFC 4511, appendix A)."""


class _Tls(ldap3.Tls):  # type: ignore[misc]  # ldap3 has no types
    """TLS as Python verifies it: chain, host name and version in the handshake, before a byte is sent.

    ldap3 compares names itself, after the handshake, and accepts the host of the URI beside `name`.
    """

    def __init__(self, name: str, ca_file: str | None) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED, ca_certs_file=ca_file)
        self._name = name
        self._context = ssl.create_default_context(cafile=ca_file)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: ARG002  (ldap3's signature)
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=self._name)


class Directory:
    """An open connection, bound as somebody. Use it in a ``with`` statement."""

    def __init__(self, settings: DirectorySettings, bind_dn: str, password: str) -> None:
        """Connect, start TLS, bind. Raises `DirectoryFailure` naming the URI and what to do."""
        provider = settings.providers[0]
        self._uri = provider.uri
        with self._failures(bind_dn):
            tls = _Tls(
                provider.tls_name or provider.host, str(settings.ca_file) if settings.ca_file else None
            )
            server = ldap3.Server(
                provider.host,
                port=provider.port,
                use_ssl=not provider.start_tls,
                tls=tls,
                get_info=ldap3.NONE,
                connect_timeout=CONNECT_SECONDS,
                allowed_referral_hosts=[],
            )
            self._connection = ldap3.Connection(
                server,
                user=bind_dn,
                password=password,
                check_names=False,
                auto_referrals=False,
                raise_exceptions=True,
                receive_timeout=RECEIVE_SECONDS,
                auto_encode=False,
            )
            try:
                self._connection.open(read_server_info=False)
                if provider.start_tls:
                    self._connection.start_tls(read_server_info=False)
                self._connection.bind(read_server_info=False)
            except BaseException:
                self._connection.strategy.close()  # ldap3 leaves the socket open
                raise

    @classmethod
    def as_service(cls, settings: DirectorySettings) -> Self:
        """Connect as the service account of the settings."""
        return cls(settings, settings.bind_dn, settings.password())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._connection.unbind()
        except LDAPException:  # the server has gone already; what it answered before still counts
            return

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:
        """Every entry below `base` that matches, with exactly these attributes, page by page.

        Raises `DirectoryFailure` when the server stops before the end (a size limit), or refers elsewhere.
        """
        cookie: bytes | None = None
        while True:
            with self._failures(base):
                self._connection.search(
                    base,
                    filter_,
                    ldap3.SUBTREE,
                    attributes=list(attributes),
                    paged_size=PAGE,
                    paged_cookie=cookie,
                )
            result, page = self._connection.result, self._connection.response
            if result["result"] != 0:  # ldap3 raises on every code but the two that mean "truncated"
                raise DirectoryFailure(
                    f"the search ended early: {result['description']}",
                    where=f"{self._uri} {base}",
                    hint="give the sync account 'limits … size.prtotal=unlimited'",
                )
            for item in page:
                if item["type"] != "searchResEntry":
                    raise DirectoryFailure(
                        "the server refers to another one",
                        where=f"{self._uri} {base}",
                        hint="name the provider itself",
                    )
                yield _entry(item)
            cookie = result["controls"][_PAGED]["value"]["cookie"]
            if not cookie:
                return

    def add(self, entry: Entry) -> None:
        """Create `entry`; raises `DirectoryFailure`."""
        with self._failures(entry.dn):
            self._connection.add(
                entry.dn, attributes={name: list(values) for name, values in entry.attributes.items()}
            )

    def replace(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        """Give each attribute exactly these values (none removes it), all at once.

        Raises `DirectoryFailure`; nothing is changed then.
        """
        with self._failures(dn):
            changes = {name: [(ldap3.MODIFY_REPLACE, list(values))] for name, values in attributes.items()}
            self._connection.modify(dn, changes)

    def change_password(self, dn: str, old: str, new: str) -> None:
        """The password-modify operation of RFC 3062; raises `DirectoryFailure`."""
        with self._failures(dn):
            self._connection.extend.standard.modify_password(dn, old, new)

    @contextmanager
    def _failures(self, dn: str) -> Iterator[None]:
        where = f"{self._uri} {dn}"
        try:
            yield
        except LDAPOperationResult as problem:
            message = f"{problem.description}: {problem.message}".rstrip(": ")
            raise DirectoryFailure(message, where=where, hint=_HINTS.get(problem.result, "")) from None
        except (LDAPException, OSError) as problem:
            raise DirectoryFailure(
                f"no connection: {problem}",
                where=where,
                hint="check that slapd runs, the URI, the CA and the host name",
            ) from None


def _entry(item: Mapping[str, Any]) -> Entry:
    values = {
        name: tuple(value.decode("utf-8", errors="surrogateescape") for value in raw)
        for name, raw in item["raw_attributes"].items()
    }
    return Entry(item["dn"], values)
