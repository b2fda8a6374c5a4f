"""The lab's rest of the world: its DNS as a resolver sees it, its mail server."""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from congvu.fleet.lab import Lab

SERVICES = ("knot", "postfix", "ssh")
PACKAGES = ("knot", "knot-dnssecutils", "postfix")
OPEN = {22: "sshd", 25: "master", 53: "knotd"}
A, NS, SOA, MX, TXT = 1, 2, 6, 15, 16
ZONES = ("lamdong.gov.vn", "quangtri.gov.vn", "ngoai.example")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a DNS server answered (RFC 1035, 4.1)."""

    authoritative: bool
    code: int
    records: tuple[str, ...]


def ask(server: str, name: str, kind: int) -> Reply:
    """One question over UDP, straight to a server: no resolver's cache or search list between."""
    number = secrets.randbelow(1 << 16)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = labels + b"\0" + struct.pack(">HH", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect((server, 53))
        client.send(struct.pack(">HHHHHH", number, 0, 1, 0, 0, 0) + question)
        message = client.recv(4096)
    answered, flags, _, count, _, _ = struct.unpack(">HHHHHH", message[:12])
    assert answered == number
    return Reply(bool(flags & 0x0400), flags & 0xF, tuple(_records(message, 12 + len(question), count)))


def _records(message: bytes, place: int, count: int) -> Iterator[str]:
    for _ in range(count):
        _, place = _name(message, place)
        kind, _, _, length = struct.unpack(">HHIH", message[place : place + 10])
        place += 10
        yield _value(message, place, length, kind)
        place += length


def _value(message: bytes, place: int, length: int, kind: int) -> str:
    if kind == MX:
        return f"{struct.unpack('>H', message[place : place + 2])[0]} {_name(message, place + 2)[0]}"
    if kind == TXT:
        return message[place + 1 : place + 1 + message[place]].decode()
    if kind == A:
        return socket.inet_ntoa(message[place : place + length])
    return _name(message, place)[0]


def _name(message: bytes, place: int) -> tuple[str, int]:
    labels: list[str] = []
    while length := message[place]:
        if length >= 0xC0:  # a pointer to where the name stands already
            rest = struct.unpack(">H", message[place : place + 2])[0] & 0x3FFF
            return ".".join([*labels, _name(message, rest)[0]]), place + 2
        labels.append(message[place + 1 : place + 1 + length].decode())
        place += 1 + length
    return ".".join(labels), place + 1


@pytest.fixture(scope="module")
def dns(lab: Lab) -> str:
    return lab.host("outside").address


MAIL_EXCHANGERS = {
    "lamdong.gov.vn": "10 mail.lamdong.gov.vn",
    "quangtri.gov.vn": "10 mail.lamdong.gov.vn",
    "ngoai.example": "10 mx.ngoai.example",
}


@pytest.mark.parametrize("zone", ZONES)
def test_the_dns_names_each_domains_mail_server_with_authority(zone: str, dns: str) -> None:
    assert ask(dns, zone, MX) == Reply(True, 0, (MAIL_EXCHANGERS[zone],))


@pytest.mark.parametrize("zone", ZONES)
def test_the_dns_says_that_only_the_mail_server_sends(zone: str, dns: str) -> None:
    assert ask(dns, zone, TXT) == Reply(True, 0, ("v=spf1 mx -all",))


@pytest.mark.parametrize("zone", ZONES)
def test_the_dns_names_itself_as_the_server_of_its_zones(zone: str, dns: str) -> None:
    assert ask(dns, zone, NS) == Reply(True, 0, (f"ns.{zone}",))
    assert ask(dns, f"ns.{zone}", A) == Reply(True, 0, (dns,))


def test_the_mail_servers_addresses_are_those_of_the_lab(lab: Lab, dns: str) -> None:
    for name in ("mail", "outside"):
        host = lab.host(name)
        assert ask(dns, host.need("bootstrap_fqdn"), A) == Reply(True, 0, (host.address,))


@pytest.mark.parametrize("name", ["nobody.lamdong.gov.vn", "www.ngoai.example"])
def test_a_name_that_is_not_in_a_zone_does_not_exist(name: str, dns: str) -> None:
    assert ask(dns, name, A) == Reply(True, 3, ())


def test_a_name_without_mail_has_no_mail_server(dns: str) -> None:
    assert ask(dns, "mail.lamdong.gov.vn", MX) == Reply(True, 0, ())


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_installed(name: str, outside: Any) -> None:
    assert outside.package(name).is_installed


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_and_starts_at_boot(name: str, outside: Any) -> None:
    service = outside.service(name)
    assert service.is_running
    assert service.is_enabled


@pytest.mark.parametrize("port", OPEN)
def test_the_wanted_programs_listen_for_others(port: int, outside: Any) -> None:
    lines = outside.check_output("ss --no-header --listening --tcp --numeric --processes").splitlines()
    others = [line for line in lines if not line.split()[3].startswith(("127.", "[::1]"))]
    assert {int(line.split()[3].rpartition(":")[2]) for line in others} == set(OPEN)
    assert any(f":{port} " in line and f'"{OPEN[port]}"' in line for line in others)


def test_mail_for_the_foreign_domain_is_stored(outside: Any) -> None:
    folder = outside.file("/var/mail/outside")
    assert (folder.user, folder.group, folder.mode) == ("mail", "mail", 0o700)
    assert outside.check_output("postconf -h virtual_mailbox_domains") == "ngoai.example"


def test_outside_is_nobodys_friend(lab: Lab, mail: Any) -> None:
    """Else relaying from outside would prove nothing."""
    networks = mail.check_output("postconf -h mynetworks").split()
    assert networks == ["127.0.0.0/8", "[::1]/128"]
    assert lab.host("outside").address not in " ".join(networks)
