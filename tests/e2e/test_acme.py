"""Certificates by ACME, from a real authority: Debian's pebble runs on `outside` for the time of the test."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from congvu.fleet import deploy
from congvu.fleet.client import Outside, poll
from congvu.fleet.lab import Lab, run_in
from tests.lab import Site

PORT = 14000
CONFIG = {
    "pebble": {
        "listenAddress": f"0.0.0.0:{PORT}",
        "managementListenAddress": "127.0.0.1:15000",
        "certificate": "/etc/ssl/congvu/cert.pem",
        "privateKey": "/etc/ssl/congvu/key.pem",
        "httpPort": 80,
        "tlsPort": 443,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
    }
}
START = """\
printf %s "$1" > /run/pebble.json
systemd-run --quiet --collect --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_WFE_NONCEREJECT=0 \
    pebble -config /run/pebble.json -dnsserver 127.0.0.1:53"""
# The challenge is shown by whoever has port 80; where nobody has, by a server for the time of the test.
SHOW = """\
mkdir -p /var/www/acme
ss -Hltn 'sport = :80' | grep -q . ||
    systemd-run --quiet --collect --unit=acme-web python3 -m http.server 80 --directory /var/www/acme"""
ROOT = """\
import ssl, urllib.request
context = ssl._create_unverified_context()
print(urllib.request.urlopen("https://127.0.0.1:15000/roots/0", context=context).read().decode())
"""


@dataclass(frozen=True, slots=True)
class Acme:
    """An authority, and what makes the mail server ask it."""

    lab: Lab
    root: str

    def deploy(self, source: str, folder: Path) -> None:
        """Run the role with certificates from `files` or by `acme`."""
        own = self.lab.authority.certificate_file
        trusted = folder / "ca.pem"
        trusted.write_text(own.read_text() + self.root)
        words = {
            "tls_source": "acme",
            "tls_ca_src": str(trusted),
            "tls_names": [],
            "tls_acme_directory": f"https://mx.ngoai.example:{PORT}/dir",
            "tls_acme_ca_file": "/etc/ssl/congvu/ca.pem",
        }
        given = words if source == "acme" else {}
        deploy.run(
            "site",
            *("--tags", "tls", "--limit", "mail", "--extra-vars", json.dumps(given)),
            environment={**self.lab.environment, **deploy.mitogen()},
            log=self.lab.log("acme"),
        )


@pytest.fixture
def acme(lab: Lab, site: Site, tmp_path: Path) -> Iterator[Acme]:
    run_in(lab, "outside", "sudo", "sh", "-ec", START, "sh", json.dumps(CONFIG))
    site.on_mail("sh", "-ec", SHOW)
    try:

        def root() -> str:
            return run_in(lab, "outside", "python3", "-", stdin=ROOT, check=False).stdout.strip()

        one = Acme(lab, poll(root, "pebble's own certificate", seconds=30) + "\n")
        try:
            yield one
        finally:
            one.deploy("files", tmp_path)
            remains = "/etc/systemd/system/congvu-acme.timer /etc/systemd/system/congvu-acme.service"
            site.on_mail("sh", "-c", f"rm -rf {remains} /var/lib/dehydrated/*; systemctl daemon-reload")
    finally:
        site.on_mail("systemctl", "stop", "acme-web", check=False)
        run_in(lab, "outside", "sudo", "sh", "-c", "systemctl stop pebble; rm -f /run/pebble.json")


def test_a_certificate_comes_by_acme_and_the_daemons_take_it(
    outside: Outside, site: Site, acme: Acme, tmp_path: Path
) -> None:
    acme.deploy("acme", tmp_path)
    believes = ssl.create_default_context(cadata=acme.root)
    for port in (465, 993):
        with believes.wrap_socket(outside.socket(port), server_hostname=outside.fqdn) as session:
            assert session.getpeercert(), port
    assert site.on_mail("stat", "--format=%U:%G %a", "/etc/ssl/congvu/key.pem") == "root:ssl-cert 640\n"
    assert site.on_mail("systemctl", "is-enabled", "congvu-acme.timer") == "enabled\n"
    before = site.on_mail("cat", "/etc/ssl/congvu/cert.pem")
    site.on_mail("systemctl", "start", "congvu-acme.service")
    assert site.on_mail("cat", "/etc/ssl/congvu/cert.pem") == before, "it holds for longer than 30 days"
