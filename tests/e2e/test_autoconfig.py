"""What mail programs and mail servers fetch over HTTPS, from outside; and that what it says is so."""

from __future__ import annotations

import hashlib
import http.client
import imaplib
import socket
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from congvu.fleet.client import Outside
from tests.dns import MX, TXT, A, ask
from tests.lab import DOMAINS, LAMDONG, Account, Site, letter, transact

_SETTINGS = (
    "/mail/config-v1.1.xml?emailaddress=an%40lamdong.gov.vn",
    "/.well-known/autoconfig/mail/config-v1.1.xml",
)
_REQUEST = """<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
  <Request>
    <EMailAddress>{}</EMailAddress>
    <AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>
  </Request>
</Autodiscover>"""
_ANSWER = {
    "": "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006",
    "a": "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What was answered."""

    code: int
    headers: http.client.HTTPMessage
    text: str


def fetch(outside: Outside, name: str, path: str, body: str | None = None, *, tls: bool = True) -> Page:
    """Fetch from the mail server under one of its names, as somebody outside; the certificate must hold."""
    client = http.client.HTTPConnection(name)
    made = outside.socket(443 if tls else 80)
    client.sock = outside.tls.wrap_socket(made, server_hostname=name) if tls else made
    try:
        headers = {"Content-Type": "text/xml"} if body is not None else {}
        client.request("GET" if body is None else "POST", path, body and body.encode(), headers)
        answer = client.getresponse()
        return Page(answer.status, answer.headers, answer.read().decode())
    finally:
        client.close()


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach a service, as a mail program reads it."""

    host: str
    port: int
    socket: str
    """`SSL` or `STARTTLS`."""
    user: str


class _Imap(imaplib.IMAP4):
    def __init__(self, outside: Outside, way: Way) -> None:
        self._outside, self._way = outside, way
        super().__init__(way.host, way.port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        made = self._outside.socket(self._way.port, timeout or 60)
        if self._way.socket == "SSL":
            return self._outside.tls.wrap_socket(made, server_hostname=self._way.host)
        return made


@contextmanager
def reading(outside: Outside, way: Way, password: str) -> Iterator[imaplib.IMAP4]:
    """A login by IMAP, as the settings say."""
    client = _Imap(outside, way)
    try:
        if way.socket == "STARTTLS":
            client.starttls(outside.tls)
        client.login(way.user, password)
        yield client
    finally:
        client.logout()


def prove(outside: Outside, incoming: Way, outgoing: Way, account: Account) -> None:
    """The host is in the DNS, the login reads and sends, both over TLS."""
    for way in (incoming, outgoing):
        assert ask(outside.address, way.host, A).records == (outside.mail.address,)
        assert way.host == outside.fqdn  # whose certificate the clients below verify
    with reading(outside, incoming, account.password) as client:
        assert client.select("INBOX")[0] == "OK"
    assert (outgoing.port == 465) == (outgoing.socket == "SSL")
    with outside.submission(outgoing.user, account.password, outgoing.port) as smtp:
        message = letter(account.address, account.address)
        assert transact(smtp, account.address, account.address, message).accepted


# --- Thunderbird


def thunderbird(text: str, kind: str, address: str) -> list[Way]:
    (provider,) = ET.fromstring(text).findall("emailProvider")  # noqa: S314  (our own server's)
    return [
        Way(
            server.findtext("hostname", ""),
            int(server.findtext("port", "")),
            server.findtext("socketType", ""),
            server.findtext("username", "").replace("%EMAILADDRESS%", address),
        )
        for server in provider.findall(f"{kind}Server")
        if server.findtext("authentication") == "password-cleartext"
    ]


@pytest.mark.parametrize("path", _SETTINGS)
@pytest.mark.parametrize("domain", DOMAINS)
def test_thunderbird_gets_the_settings_of_each_domain(domain: str, path: str, outside: Outside) -> None:
    page = fetch(outside, f"autoconfig.{domain}", path)
    assert (page.code, page.headers.get_content_type()) == (200, "text/xml")
    (provider,) = ET.fromstring(page.text)  # noqa: S314
    assert (provider.get("id"), provider.findtext("domain")) == (domain, domain)
    for kind, ports in (("incoming", [993, 143]), ("outgoing", [465, 587])):
        ways = thunderbird(page.text, kind, f"an@{domain}")
        assert [(way.port, way.socket) for way in ways] == [(ports[0], "SSL"), (ports[1], "STARTTLS")]
        assert {(way.host, way.user) for way in ways} == {(outside.fqdn, f"an@{domain}")}


@pytest.mark.parametrize("choice", [0, 1], ids=["best", "second best"])
def test_what_thunderbird_is_told_works(choice: int, person: Account, outside: Outside) -> None:
    text = fetch(outside, f"autoconfig.{person.domain}", _SETTINGS[0]).text
    incoming, outgoing = (thunderbird(text, kind, person.address) for kind in ("incoming", "outgoing"))
    prove(outside, incoming[choice], outgoing[choice], person)


# --- Outlook


def outlook(text: str, kind: str) -> Way:
    account = ET.fromstring(text).find("a:Response/a:Account", _ANSWER)  # noqa: S314
    assert account is not None
    assert [account.findtext(f"a:{name}", "", _ANSWER) for name in ("AccountType", "Action")] == [
        "email",
        "settings",
    ]
    for protocol in account.findall("a:Protocol", _ANSWER):
        told = {element.tag.partition("}")[2]: element.text or "" for element in protocol}
        if told["Type"] == kind:
            assert (told["AuthRequired"], told["SSL"], told["SPA"]) == ("on", "on", "off")
            return Way(told["Server"], int(told["Port"]), told["Encryption"], told["LoginName"])
    raise AssertionError(kind)


@pytest.mark.parametrize("path", ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"])
def test_what_outlook_is_told_works(path: str, person: Account, outside: Outside) -> None:
    page = fetch(outside, f"autodiscover.{person.domain}", path, _REQUEST.format(person.address))
    assert (page.code, page.headers.get_content_type()) == (200, "text/xml")
    prove(outside, outlook(page.text, "IMAP"), outlook(page.text, "SMTP"), person)


@pytest.mark.parametrize("domain", DOMAINS)
def test_outlook_gets_the_login_of_each_domain(domain: str, outside: Outside) -> None:
    for name in (f"autodiscover.{domain}", outside.fqdn):  # the second by SRV
        page = fetch(
            outside, name, "/autodiscover/autodiscover.xml", _REQUEST.format(f"an.ten-dai_1@{domain}")
        )
        assert outlook(page.text, "IMAP").user == f"an.ten-dai_1@{domain}"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<",
        _REQUEST.format(""),
        _REQUEST.format("an"),
        _REQUEST.format("an@ngoai.example"),
        _REQUEST.format("an@lamdong.gov.vn.ngoai.example"),
        _REQUEST.format("an@lamdongxgov.vn"),
        _REQUEST.format("an</LoginName><Server>evil</Server>@lamdong.gov.vn"),
        _REQUEST.format("&lt;b&gt;@lamdong.gov.vn"),
        _REQUEST.format('"><x@lamdong.gov.vn'),
        _REQUEST.format("$host@lamdong.gov.vn"),
        _REQUEST.format("a\r\nX-Evil: 1@lamdong.gov.vn"),
        _REQUEST.format("ần@lamdong.gov.vn"),
        _REQUEST.format(f"{'a' * 65}@lamdong.gov.vn"),
    ],
)  # fmt: skip
def test_outlook_gets_an_error_for_what_is_no_address_of_ours(body: str, outside: Outside) -> None:
    page = fetch(outside, f"autodiscover.{LAMDONG}", "/autodiscover/autodiscover.xml", body)
    error = ET.fromstring(page.text).findtext("Response/Error/ErrorCode", "", _ANSWER)  # noqa: S314
    assert (page.code, error) == (200, "600")
    assert "evil" not in page.text.lower() + str(page.headers).lower()
    assert "LoginName" not in page.text


def test_a_large_request_is_refused(outside: Outside) -> None:
    page = fetch(outside, f"autodiscover.{LAMDONG}", "/autodiscover/autodiscover.xml", "x" * 9000)
    assert page.code == 413


# --- MTA-STS


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_policy_names_the_mail_servers_and_its_id_is_in_the_dns(domain: str, outside: Outside) -> None:
    page = fetch(outside, f"mta-sts.{domain}", "/.well-known/mta-sts.txt")
    assert (page.code, page.headers.get_content_type()) == (200, "text/plain")
    pairs = [tuple(line.split(": ", 1)) for line in page.text.splitlines()]
    assert pairs[0] == ("version", "STSv1")  # RFC 8461, 3.2: the first
    told = {key: [value for each, value in pairs if each == key] for key, _ in pairs}
    exchangers = [record.split()[1] for record in ask(outside.address, domain, MX).records]
    assert told == {"version": ["STSv1"], "mode": ["enforce"], "mx": exchangers, "max_age": ["604800"]}
    digest = hashlib.sha256(page.text.encode()).hexdigest()[:20]
    assert ask(outside.address, f"_mta-sts.{domain}", TXT).records == (f"v=STSv1; id={digest}",)


# --- And nothing else


@pytest.mark.parametrize("name", ["mta-sts", "autoconfig", "autodiscover"])
@pytest.mark.parametrize("path", ["/", "/mail/", "/.well-known/", "/autodiscover/", "/../../etc/passwd"])
def test_nothing_else_is_there(name: str, path: str, outside: Outside) -> None:
    page = fetch(outside, f"{name}.{LAMDONG}", path)
    assert page.code in {400, 404}
    assert page.headers["Server"] == "nginx"  # and not which one
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_name_that_is_not_ours_gets_no_certificate(outside: Outside) -> None:
    for name in ("www.lamdong.gov.vn", f"mta-sts.{outside.fqdn}"):
        with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
            fetch(outside, name, "/")


def test_a_name_that_is_not_ours_gets_no_answer_without_tls(outside: Outside) -> None:
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        fetch(outside, "www.lamdong.gov.vn", "/", tls=False)


def test_without_tls_there_is_the_way_to_tls(outside: Outside) -> None:
    page = fetch(outside, f"autoconfig.{LAMDONG}", "/mail/config-v1.1.xml?a=b", tls=False)
    assert (page.code, page.headers["Location"]) == (
        301,
        f"https://autoconfig.{LAMDONG}/mail/config-v1.1.xml?a=b",
    )


def test_an_acme_challenge_is_answered_without_tls(site: Site, outside: Outside) -> None:
    file = "/var/www/acme/.well-known/acme-challenge/thu-nghiem"
    site.on_mail("sh", "-c", f"echo dap > {file}")
    try:
        for name in (f"mta-sts.{LAMDONG}", outside.fqdn):
            assert fetch(outside, name, "/.well-known/acme-challenge/thu-nghiem", tls=False).text == "dap\n"
    finally:
        site.on_mail("rm", file)
