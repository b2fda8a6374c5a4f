"""The lab's rest of the world: its DNS as a resolver sees it, its mail server."""

from __future__ import annotations

from typing import Any

import pytest

from congvu.fleet.lab import Lab
from tests.dns import MX, NS, TXT, A, Reply, ask
from tests.lab import DOMAINS

SERVICES = ("knot", "postfix", "nginx", "ssh")
PACKAGES = ("knot", "knot-dnssecutils", "postfix", "nginx", "pebble", "testssl.sh")
OPEN = {22: "sshd", 25: "master", 53: "knotd", 443: "nginx"}
ZONES = (*DOMAINS, "ngoai.example")


@pytest.fixture(scope="module")
def dns(lab: Lab) -> str:
    return lab.host("outside").address


MAIL_EXCHANGERS = dict.fromkeys(DOMAINS, "10 mail.lamdong.gov.vn") | {"ngoai.example": "10 mx.ngoai.example"}


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
    assert outside.check_output("postconf -h virtual_mailbox_domains").split()[0] == "ngoai.example"


def test_outside_is_nobodys_friend(lab: Lab, mail: Any) -> None:
    """Else relaying from outside would prove nothing."""
    networks = mail.check_output("postconf -h mynetworks").split()
    assert networks == ["127.0.0.0/8", "[::1]/128"]
    assert lab.host("outside").address not in " ".join(networks)
