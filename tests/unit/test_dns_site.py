"""What is read of a site for its records: inventory, certificates, DKIM keys. And the command on top."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from congvu.dns.model import DkimKey, StsPolicy
from congvu.dns.site import gather
from congvu.errors import SettingsError
from congvu.fleet.authority import Authority
from congvu.fleet.inventory import InventoryHost
from tests.unit.helpers import ROOT

FQDN = "mail.lamdong.gov.vn"
LEAST: dict[str, Any] = {
    "mail_domains": ["lamdong.gov.vn"],
    "bootstrap_fqdn": FQDN,
    "ansible_host": "192.0.2.10",
}


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return Authority(tmp_path / "tls", "test authority").issue(FQDN).certificate


def host(name: str = "mail1", **more: Any) -> InventoryHost:
    return InventoryHost(name, ("mail_servers",), LEAST | {"tls_certificate_src": "/none"} | more)


def openssl_says(certificate: Path) -> str:
    """The way of RFC 7671's authors, by shell."""
    command = (
        'openssl x509 -in "$0" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r'
    )
    done = subprocess.run(["sh", "-c", command, str(certificate)], capture_output=True, text=True, check=True)
    return done.stdout.split()[0]


def test_the_least_a_site_says_is_enough(tmp_path: Path) -> None:
    site = gather([host(), InventoryHost("other", ("others",), {})], tmp_path)
    assert site.domains == ("lamdong.gov.vn",)
    assert site.client_host == FQDN
    assert [(one.fqdn, one.addresses, one.keys) for one in site.hosts] == [(FQDN, ("192.0.2.10",), ())]
    assert (site.sts, site.dmarc_policy) == (StsPolicy("testing", 604800), "none")
    assert site.web_names == ("mta-sts", "autoconfig", "autodiscover")


def test_the_key_of_a_certificate_is_what_openssl_says(tmp_path: Path, certificate: Path) -> None:
    coming = Authority(tmp_path / "next", "test authority").issue(FQDN).certificate
    site = gather([host(tls_certificate_src=str(certificate), dns_next_certificates=[str(coming)])], tmp_path)
    assert site.hosts[0].keys == (openssl_says(certificate), openssl_says(coming))


def test_keys_of_all_servers_are_taken_together(tmp_path: Path) -> None:
    (tmp_path / "dkim").mkdir()
    for name in ("mail1", "mail2"):
        key = {"selector": f"{name}-202611", "record": f"v=DKIM1; p={name}", "signs": True}
        written = {"version": 1, "domains": {"lamdong.gov.vn": [key]}}
        (tmp_path / "dkim" / f"{name}.yml").write_text(yaml.safe_dump(written))
    site = gather([host("mail1"), host("mail2", bootstrap_fqdn=f"b.{FQDN}")], tmp_path)
    assert site.dkim["lamdong.gov.vn"] == (
        DkimKey("mail1-202611", "v=DKIM1; p=mail1", signs=True),
        DkimKey("mail2-202611", "v=DKIM1; p=mail2", signs=True),
    )
    elsewhere = gather([host(dkim_records_directory=str(tmp_path / "none"))], tmp_path)
    assert elsewhere.dkim == {}


def test_an_address_of_the_world_goes_before_the_one_of_the_deployment(tmp_path: Path) -> None:
    site = gather([host(dns_addresses=["203.0.113.5", "2001:db8::5"])], tmp_path)
    assert site.hosts[0].addresses == ("203.0.113.5", "2001:db8::5")
    assert gather([host(ansible_host="mail1.mgmt.vn")], tmp_path).hosts[0].addresses == ()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"mail_domains": []}, "does not set 'mail_domains'"),
        ({"mail_domains": ["{{ domains }}"]}, "write the value out"),
        ({"mail_domains": "lamdong.gov.vn"}, "mail_domains: 'lamdong.gov.vn' is not a list"),
        ({"mail_domains": ["a b"]}, "'a b' is no domain name"),
        ({"bootstrap_fqdn": "{{ name }}"}, "bootstrap_fqdn: '{{ name }}' is no plain value"),
        ({"dns_dmarc_policy": "refuse"}, "'refuse' is none of none, quarantine, reject"),
        ({"dns_mta_sts_mode": "on"}, "'on' is none of testing, enforce, none"),
        ({"dns_mta_sts_max_age": "1 week"}, "'1 week' is no number of 0 to 31557600"),
        ({"dns_web_names": ["www"]}, "'www' is none of mta-sts, autoconfig, autodiscover"),
        ({"dns_addresses": ["mail"]}, "'mail' is no address"),
    ],
)
def test_what_is_wrong_is_named(more: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        gather([host(**more)], tmp_path)
    assert words in str(caught.value)


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("x")
    with pytest.raises(SettingsError, match=r"wrong.pem: holds no certificate in PEM"):
        gather([host(tls_certificate_src=str(wrong))], tmp_path)


def test_a_server_that_cannot_be_asked_for_its_certificate_leaves_a_gap(tmp_path: Path) -> None:
    nobody = InventoryHost("mail1", ("mail_servers",), LEAST | {"ansible_host": "127.0.0.1"})
    assert gather([nobody], tmp_path).hosts[0].keys == ()


def test_by_acme_the_file_that_was_deployed_first_does_not_count(tmp_path: Path, certificate: Path) -> None:
    by_acme = host(tls_source="acme", tls_certificate_src=str(certificate), ansible_host="127.0.0.1")
    assert gather([by_acme], tmp_path).hosts[0].keys == ()


def test_a_site_without_mail_servers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no host is in the group mail_servers"):
        gather([], tmp_path)


# --- The command


def run(*words: str) -> tuple[int, str, str]:
    """In a process of its own, for the command lets gevent patch the one it runs in."""
    command = [str(Path(sys.executable).parent / "congvu"), "dns", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


EXAMPLE = str(ROOT / "inventory" / "example")


def test_the_example_is_printed_and_says_what_is_missing() -> None:
    status, out, _ = run(EXAMPLE)
    assert status == 0
    assert "lamdong.gov.vn. IN MX 10 mail.example.gov.vn." in out
    assert "mail.example.gov.vn. IN A 192.0.2.10" in out
    assert "; MISSING: no DKIM key yet" in out


def test_one_domain_is_printed_for_programs() -> None:
    status, out, _ = run(EXAMPLE, "--domain", "example.gov.vn", "--json")
    assert status == 0
    assert [(one["name"], one["type"]) for one in json.loads(out)] == [
        ("mail.example.gov.vn.", "A"),
        ("mail.example.gov.vn.", "TXT"),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((EXAMPLE, "--domain", "hue.gov.vn"), "hue.gov.vn: not a domain of this site"),
        ((EXAMPLE, "--resolver", "192.0.2.53"), "--resolver goes with --check"),
        ((EXAMPLE, "--check", "--resolver", "resolver"), "'resolver' is no resolver"),
        (("inventory/none",), "no such inventory"),
    ],
)
def test_bad_input_is_status_2(words: tuple[str, ...], told: str) -> None:
    status, _, err = run(*words)
    assert (status, told in err) == (2, True), err


def test_a_resolver_that_does_not_answer_is_status_3() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        given = f"127.0.0.1#{silent.getsockname()[1]}"
        status, out, err = run(EXAMPLE, "--check", "--resolver", given)
    assert (status, out) == (3, "")
    assert f"resolver {given}: does not answer (asked for MX of lamdong.gov.vn.)" in err


def test_a_port_where_nobody_listens_is_status_3() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        given = f"127.0.0.1#{gone.getsockname()[1]}"
    status, _, err = run(EXAMPLE, "--check", "--resolver", given)
    assert status == 3
    assert "does not answer" in err
