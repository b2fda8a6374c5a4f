"""`congvu dns` and the lab's DNS: what is published is all that should be, and a change there is found."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from congvu.dns import compare, records
from congvu.dns import site as sites
from congvu.dns.compare import Status
from congvu.dns.model import Group
from congvu.dns.published import Resolver
from congvu.fleet.client import Outside
from congvu.fleet.lab import Lab, run_in
from tests.lab import DOMAINS, LAMDONG

CONGVU = str(Path(sys.executable).with_name("congvu"))
SPF, DMARC = "v=spf1 mx -all", f"v=DMARC1; p=reject; rua=mailto:dmarc@{LAMDONG}"
# Owner below the zone, type, what stands there instead → the verdicts that are not ok.
CHANGES: dict[str, tuple[str, str, tuple[str, ...], list[tuple[str, str]]]] = {
    "no MX": ("@", "MX", (), [("missing", "MX")]),
    "a stranger's MX": ("@", "MX", ("10 mail.lamdong.gov.vn.", "5 mx.ngoai.example."), [("extra", "MX")]),
    "no SPF": ("@", "TXT", (), [("missing", "TXT")]),
    "SPF for everybody": ("@", "TXT", ('"v=spf1 +all"',), [("differs", "TXT")]),
    "a second SPF": ("@", "TXT", (f'"{SPF}"', '"v=spf1 a -all"'), [("extra", "TXT")]),
    "no DMARC": ("_dmarc", "TXT", (), [("missing", "TXT")]),
    "a second DMARC": ("_dmarc", "TXT", (f'"{DMARC}"', '"v=DMARC1; p=none"'), [("extra", "TXT")]),
    "no TLS-RPT": ("_smtp._tls", "TXT", (), [("missing", "TXT")]),
    "an old id of MTA-STS": ("_mta-sts", "TXT", ('"v=STSv1; id=1"',), [("differs", "TXT")]),
    "no name mta-sts": ("mta-sts", "CNAME", (), [("missing", "CNAME")]),
    "autoconfig elsewhere": ("autoconfig", "CNAME", ("mx.ngoai.example.",), [("differs", "CNAME")]),
    "another key in TLSA": ("_25._tcp.mail", "TLSA", (f"3 1 1 {'0' * 64}",), [("differs", "TLSA")]),
    "no SRV": ("_imaps._tcp", "SRV", (), [("missing", "SRV")]),
    "another address": ("mail", "A", ("192.0.2.1",), [("differs", "A")]),
}


@pytest.fixture(scope="module")
def groups(lab: Lab) -> tuple[Group, ...]:
    return records.groups(sites.gather(lab.hosts(), lab.inventories[0]))


def verdicts(groups: Sequence[Group], outside: Outside) -> list[tuple[str, str]]:
    """What is not as it should be, by the lab's DNS."""
    answers = Resolver(outside.address).answers(compare.questions(groups))
    return [
        (str(one.status), one.type) for one in compare.judge(groups, answers) if one.status is not Status.OK
    ]


def congvu_dns(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CONGVU, "dns", *words], capture_output=True, text=True, check=False)


@contextmanager
def published_instead(lab: Lab, owner: str, kind: str, data: Sequence[str]) -> Iterator[None]:
    """Other records of this name and type for a while; then the zone as its file has it."""
    name = f"{LAMDONG}." if owner == "@" else f"{owner}.{LAMDONG}."
    steps = ["zone-begin {0}", f"zone-unset {{0}} {name} {kind}"]
    steps += [f"zone-set {{0}} {name} 60 {kind} {one}" for one in data]
    steps += ["zone-commit {0}"]
    script = " && ".join(f"knotc {shlex.join(one.format(LAMDONG).split())}" for one in steps)
    try:
        run_in(lab, "outside", "sudo", "sh", "-c", script)
        yield
    finally:
        run_in(lab, "outside", "sudo", "knotc", "zone-abort", LAMDONG, check=False)
        run_in(lab, "outside", "sudo", "knotc", "--blocking", "zone-reload", LAMDONG)


def test_the_command_finds_all_published_through_the_labs_dns(lab: Lab, outside: Outside) -> None:
    done = congvu_dns(lab.name, "--check", "--resolver", outside.address)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.splitlines()[-1].endswith(" ok")
    assert [line for line in done.stdout.splitlines() if line in DOMAINS] == list(DOMAINS)
    assert done.stdout.count("_domainkey.") >= len(DOMAINS)


def test_the_command_ends_with_1_and_shows_both_sides(lab: Lab, outside: Outside) -> None:
    with published_instead(lab, "_dmarc", "TXT", ['"v=DMARC1; p=none"']):
        done = congvu_dns(lab.name, "--domain", LAMDONG, "--check", "--resolver", outside.address)
    assert done.returncode == 1, done
    assert "  differs  TXT   _dmarc.lamdong.gov.vn.\n" in done.stdout
    assert f"wanted: {DMARC}\n" in done.stdout
    assert "found:  v=DMARC1; p=none\n" in done.stdout


def test_a_host_that_is_no_resolver_is_status_3(lab: Lab, outside: Outside) -> None:
    done = congvu_dns(lab.name, "--check", "--resolver", outside.mail.address)
    assert (done.returncode, done.stdout) == (3, "")
    assert "does not answer" in done.stderr


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_found(change: str, lab: Lab, outside: Outside, groups: tuple[Group, ...]) -> None:
    owner, kind, data, wanted = CHANGES[change]
    ours = [group for group in groups if group.domain == LAMDONG]
    with published_instead(lab, owner, kind, data):
        assert verdicts(ours, outside) == wanted
    assert verdicts(ours, outside) == []


def test_a_dkim_key_that_is_gone_is_found(lab: Lab, outside: Outside, groups: tuple[Group, ...]) -> None:
    (ours,) = [group for group in groups if group.domain == LAMDONG]
    key = next(one for one in ours.records if "_domainkey" in one.name)
    with published_instead(lab, key.name.removesuffix(f".{LAMDONG}."), "TXT", ()):
        assert verdicts([ours], outside) == [("missing", "TXT")]
    assert verdicts([ours], outside) == []


def test_tlsa_names_the_key_that_the_server_shows(outside: Outside) -> None:
    with outside.smtp() as client:
        client.starttls(context=outside.tls)
        shown = client.sock.getpeercert(binary_form=True)  # type: ignore[union-attr]
    digest = (
        "openssl x509 -inform DER -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r"
    )
    done = subprocess.run(["sh", "-c", digest], input=shown, capture_output=True, check=True)
    answers = Resolver(outside.address).ask((f"_25._tcp.{outside.fqdn}.", "TLSA"))
    assert answers == (f"3 1 1 {done.stdout.split()[0].decode()}",)
