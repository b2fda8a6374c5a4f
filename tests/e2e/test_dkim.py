"""A change of DKIM keys, on the mail server and against the DNS that it asks; in a folder of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
import yaml

from congvu.fleet.client import poll
from congvu.fleet.lab import Lab, run_in
from tests.signing import published

DOMAIN = "tuchoi.example"


@pytest.fixture
def folder(lab: Lab) -> Iterator[str]:
    made = f"/var/lib/rspamd/thu-{secrets.token_hex(4)}"
    run_in(lab, "mail", "sudo", "mkdir", "-m", "0700", made)
    yield made
    run_in(lab, "mail", "sudo", "rm", "-r", made)


def test_a_second_key_signs_only_once_the_dns_shows_its_record(lab: Lab, folder: str) -> None:
    host = f"thu{secrets.token_hex(4)}"  # a selector that nobody has asked for yet

    def step(*words: str) -> tuple[int, str]:
        done = run_in(lab, "mail", "sudo", "dkim-keys", folder, *words, check=False)
        return done.returncode, (done.stdout + done.stderr).strip()

    def signing() -> str:
        return run_in(lab, "mail", "sudo", "cat", f"{folder}/selectors.map").stdout.split()[1]

    assert step("make", host, DOMAIN) == (0, "changed")
    assert step("sign") == (0, "unchanged"), "there is no second key"
    assert step("next", host, DOMAIN) == (0, "changed")
    content = yaml.safe_load(run_in(lab, "mail", "sudo", "cat", f"{folder}/records.yml").stdout)
    first, second = content["domains"][DOMAIN]
    name = f"{second['selector']}._domainkey.{DOMAIN}"
    status, said = step("sign")
    assert (status, f"no TXT record {name} yet" in said, signing()) == (1, True, first["selector"]), said
    with published(lab, DOMAIN, name, first["record"]):
        # The answer that there is none is remembered for a second.
        poll(
            lambda: "is another one than" in step("sign")[1] or None,
            "the refusal of another's record",
            seconds=20,
        )
    assert signing() == first["selector"]
    run_in(lab, "mail", "sudo", "unbound-control", "flush_type", name, "TXT")
    with published(lab, DOMAIN, name, second["record"]):
        poll(lambda: step("sign") == (0, "changed") or None, "the second key signing", seconds=20)
    assert signing() == second["selector"]
    assert step("sign") == (0, "unchanged")
    assert step("retire", "7") == (0, "unchanged"), "mail of the first is still under way"
    assert step("retire", "0") == (0, "changed")
    assert first["selector"] not in run_in(lab, "mail", "sudo", "cat", f"{folder}/records.yml").stdout.split()
