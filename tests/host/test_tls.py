"""TLS as testssl.sh judges it, from outside: nothing above LOW on any port that speaks it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from congvu.fleet.lab import Lab, run_in

PORTS = {"25": "smtp", "443": "", "465": "", "587": "smtp", "993": ""}
"""Port → what speaks before STARTTLS, or nothing where TLS is spoken at once."""
CHECKS = ("--protocols", "--std", "--server-defaults", "--server-preference", "--fs", "--vulnerable")
PROTOCOLS = {
    "SSLv2": "not offered",
    "SSLv3": "not offered",
    "TLS1": "not offered",
    "TLS1_1": "not offered",
    "TLS1_2": "offered",
    "TLS1_3": "offered with final",
}
HARMLESS = ("OK", "INFO", "LOW", "DEBUG")
# Findings above LOW that are the lab's own, each with its reason.
EXPLAINED = {
    "engine_problem": "of the judge's own OpenSSL, which has no GOST ciphers",
    "sessionresumption_ticket": "of the judge's own second connection by STARTTLS, which does not come about",
    "cert_revocation": "the lab's authority revokes nothing, so its certificates name no list",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What testssl.sh found on one port: name of the check → severity and its words."""

    findings: dict[str, tuple[str, str]]

    @property
    def bad(self) -> dict[str, tuple[str, str]]:
        """What is above LOW and not explained."""
        return {
            name: found
            for name, found in self.findings.items()
            if found[0] not in HARMLESS and name not in EXPLAINED
        }


def judge(lab: Lab, port: str) -> Judged:
    """Run testssl.sh on `outside` against a port of the mail server."""
    mail = lab.host("mail").need("bootstrap_fqdn")
    starttls = ["--starttls", PORTS[port]] if PORTS[port] else []
    report = f"/tmp/testssl-{port}.json"  # noqa: S108  (on the lab's host)
    options = ["--quiet", "--warnings", "batch", "--color", "0", "--add-ca", "/etc/ssl/congvu/ca.pem"]
    command = ["testssl", *options, *CHECKS, *starttls, "--jsonfile", report, f"{mail}:{port}"]
    script = f"rm -f {report}; {' '.join(command)} >/dev/null </dev/null; cat {report}; rm -f {report}"
    said = json.loads(run_in(lab, "outside", "sh", "-c", script).stdout)
    return Judged({item["id"]: (item["severity"], item["finding"]) for item in said})


@pytest.fixture(scope="module")
def judged(lab: Lab) -> dict[str, Judged]:
    """All ports, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(PORTS, pool.map(lambda port: judge(lab, port), PORTS), strict=True))


@pytest.mark.parametrize("port", PORTS)
def test_a_port_has_no_finding_above_low(port: str, judged: dict[str, Judged]) -> None:
    assert judged[port].bad == {}


@pytest.mark.parametrize("port", PORTS)
def test_a_port_was_looked_at_whole(port: str, judged: dict[str, Judged]) -> None:
    """Else a scan that broke off would be a clean one."""
    found = judged[port].findings
    offered = {name: found[name][1].partition(" (")[0] for name in PROTOCOLS}
    assert offered == PROTOCOLS
    assert {"cert_chain_of_trust", "cert_trust", "FS", "heartbleed", "ROBOT", "LUCKY13"} <= set(found)
    assert "scanProblem" not in found


@pytest.mark.parametrize("name", ["testssl.sh"])
def test_the_judge_is_installed(name: str, outside: Any) -> None:
    assert outside.package(name).is_installed
