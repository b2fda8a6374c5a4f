"""The one place that speaks LDAP, and turns its complaints into `DirectoryFailure`.

ldap3 connects, starts TLS, binds and encodes filters; `pipeline` reads and writes in bulk on the same socket
(docs/adr/0011). ldap3's defaults are unsafe and none of them is kept: it verifies no certificate, follows
referrals with the password in clear, and returns a truncated search without a word.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPOperationResult
from ldap3.core.results import RESULT_CODES
from ldap3.operation.search import search_operation
from ldap3.utils.asn1 import encode

from congvu.directory import ber, repetition, results
from congvu.directory.entries import Decoder
from congvu.directory.model import Entry
from congvu.directory.operations import Operation
from congvu.directory.pipeline import Pipeline, Wire
from congvu.directory.settings import DirectorySettings, Provider
from congvu.errors import DirectoryFailure

CONNECT_SECONDS = 10
"""For the connection, and again for each answer until we are bound."""
RECEIVE_SECONDS = 60
PAGE = 5000
"""Entries per page of a search. A page is read as it is decoded; its end costs a round trip."""


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
        """Connect to the first provider that answers, start TLS, bind.

        Raises `DirectoryFailure` naming every provider that was tried, and what to do.
        """
        self._base = settings.base
        failures: list[DirectoryFailure] = []
        for provider in settings.providers:
            self.provider = provider.uri
            """URI of the server in use."""
            try:
                self._connection = self._open(provider, settings, bind_dn, password)
            except DirectoryFailure as failure:
                if not results.passing(failure):
                    raise
                failures.append(failure)
            else:
                break
        else:
            if len(failures) == 1:
                raise failures[0]
            raise results.Unreachable("; ".join(map(str, failures)), where=f"{len(failures)} providers")
        self.skipped = tuple(map(str, failures))
        """Why providers named before the one in use were not used."""
        self._socket = self._connection.socket
        self._wire = Wire(self._socket, self._connection.server.next_message_id)

    def _open(
        self, provider: Provider, settings: DirectorySettings, bind_dn: str, password: str
    ) -> ldap3.Connection:
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
            connection = ldap3.Connection(
                server,
                user=bind_dn,
                password=password,
                check_names=False,
                auto_referrals=False,
                raise_exceptions=True,
                receive_timeout=CONNECT_SECONDS,
                auto_encode=False,
            )
            try:
                connection.open(read_server_info=False)
                if provider.start_tls:
                    connection.start_tls(read_server_info=False)
                connection.bind(read_server_info=False)
                connection.socket.settimeout(RECEIVE_SECONDS)
            except BaseException:
                left_open = connection.socket
                connection.strategy.close()
                if left_open:
                    left_open.close()
                raise
        return connection

    @classmethod
    def as_service(cls, settings: DirectorySettings) -> Self:
        """Connect as the service account of the settings."""
        return cls(settings, settings.bind_dn, settings.password())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(LDAPException):  # the server has gone already; what it answered before still counts
            self._connection.unbind()
        self._socket.close()  # ldap3 leaves it open when it is broken

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:
        """Every entry at and below `base` that matches, with exactly these attributes, page by page.

        Raises `DirectoryFailure` when the server stops before the end (a size limit), or refers elsewhere.
        """
        decode = Decoder().entry
        with self._failures(base):
            yield from map(decode, self.encoded(base, filter_, attributes))

    def encoded(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[bytes]:
        """As `search`, each entry as the server encoded it (a SearchResultEntry of RFC 4511, 4.5.2)."""
        with self._failures(base):
            request = _search(base, filter_, attributes, ldap3.SUBTREE)
            cookie = b""
            while True:
                page = self._wire.search(request, ber.page(PAGE, cookie))
                yield from page
                self._must_succeed(page.result, base)
                cookie = page.result.cookie
                if not cookie:
                    return

    def get(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """One entry with these attributes; None when there is none. Raises `DirectoryFailure`."""
        with self._failures(dn):
            page = self._wire.search(_search(dn, "(objectClass=*)", attributes, ldap3.BASE))
            found = list(map(Decoder().entry, page))
            if page.result.code == results.NO_SUCH_OBJECT:
                return None
            self._must_succeed(page.result, dn)
            return found[0] if found else None

    def context_csn(self) -> str:
        """When the directory was changed last, on each of its providers; the same text: no change since.

        Raises `DirectoryFailure`.
        """
        return self._of_base("contextCSN")

    def base_uuid(self) -> str:
        """Which directory this is: the UUID of the base entry. Raises `DirectoryFailure`."""
        return self._of_base("entryUUID")

    def _of_base(self, attribute: str) -> str:
        entry = self.get(self._base, (attribute,))
        if entry is None or not entry.values(attribute):
            raise DirectoryFailure(
                f"{attribute} of the base cannot be read",
                where=f"{self.provider} {self._base}",
                hint="check the base, the ACLs of the sync account, and the overlay syncprov",
            )
        return " ".join(sorted(entry.values(attribute)))

    def write(self, planned: Iterable[Operation]) -> Iterator[tuple[Operation, DirectoryFailure | None]]:
        """Do operations, many at a time, and tell of each, in order, how it went.

        Of those that concern the same entry or the same address each waits for the one before, and each
        `operations.level` for the last. Repeating is harmless: what is already so counts as done. A change
        whose `before` holds no more is refused (code 122). Raises `DirectoryFailure` when the connection
        breaks: which of those without an answer were done is not known then.
        """
        with self._failures("writing"):
            for operation, result in Pipeline(self._wire, repetition.request).write(planned):
                if result.code == results.SUCCESS or self._already(operation, result):
                    yield operation, None
                else:
                    yield operation, self._refused(result, operation.dn)

    def _already(self, operation: Operation, result: ber.Result) -> bool:
        """Whether the directory refuses an operation because it is done already."""
        if not repetition.may_be_done(operation, result):
            return False
        wished = repetition.wished(operation)
        there = self.get(operation.dn, tuple(wished))
        return there is not None and repetition.is_so(wished, there)

    def add(self, entry: Entry) -> None:
        """Create `entry`; raises `DirectoryFailure`."""
        self._do(entry.dn, ber.add(entry))

    def replace(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        """Give each attribute exactly these values (none removes it), all at once.

        Raises `DirectoryFailure`; nothing is changed then.
        """
        self._do(dn, ber.replace(dn, attributes))

    def _do(self, dn: str, request: bytes) -> None:
        with self._failures(dn):
            self._must_succeed(self._wire.ask(request), dn)

    def change_password(self, dn: str, old: str, new: str) -> None:
        """The password-modify operation of RFC 3062; raises `DirectoryFailure`."""
        with self._failures(dn):
            self._wire.settle()
            self._connection.extend.standard.modify_password(dn, old, new)

    def _must_succeed(self, result: ber.Result, dn: str) -> None:
        if result.code != results.SUCCESS:
            raise self._refused(result, dn)

    def _refused(self, result: ber.Result, dn: str) -> results.Refused:
        name = RESULT_CODES.get(result.code, f"code {result.code}")
        message = f"{name}: {result.message}".rstrip(": ")
        return results.Refused(result.code, message, where=f"{self.provider} {dn}")

    @contextmanager
    def _failures(self, dn: str) -> Iterator[None]:
        try:
            yield
        except LDAPOperationResult as problem:
            raise self._refused(ber.Result(problem.result, problem.message or ""), dn) from None
        except (LDAPException, OSError, ber.Malformed) as problem:
            raise results.Unreachable(str(problem), where=f"{self.provider} {dn}") from None


def _search(base: str, filter_: str, attributes: Sequence[str], scope: str) -> bytes:
    """A SearchRequest; ldap3 reads the filter."""
    request: bytes = encode(
        search_operation(
            base, filter_, scope, ldap3.DEREF_NEVER, list(attributes) or [ldap3.NO_ATTRIBUTES],
            0, 0, types_only=False, auto_escape=True, auto_encode=False,
        )
    )  # fmt: skip
    return request
