"""Who a message is from: what SPF, DKIM, DMARC and ARC say of it, and that nobody passes for one of us."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from congvu.fleet.client import Outside, parse, poll
from congvu.fleet.lab import Lab
from tests.lab import LAMDONG, QUANGTRI, STRANGER, Account, Answer, delivered, letter, transact
from tests.signing import Signer, published, signer

REJECT, QUARANTINE, WATCH, STRICT = "tuchoi.example", "cachly.example", "theodoi.example", "nghiem.example"
"""Domains in the lab's DNS with p=reject, p=quarantine, p=none; and one with p=reject that sends."""
OURS = "mail.lamdong.gov.vn"
"""The name under which our server speaks of authentication."""


@dataclass(frozen=True, slots=True)
class Case:
    """Envelope sender, From header, who signs, and what must come of it."""

    envelope: str
    shown: str
    signed: str = ""
    """`valid`, `broken`: a signature of REJECT. `sealed`, `broken seal`: an ARC set of REJECT praises it."""
    code: int = 250
    says: str = ""
    """Words of a refusal."""
    results: tuple[str, ...] = ()
    """What Authentication-Results says of a message that is accepted."""
    spam: bool = False


def at(domain: str) -> str:
    return f"congvan@{domain}"


CASES = {
    "SPF holds, nothing more is asked": Case(
        STRANGER, STRANGER, results=("spf=pass", "dkim=none", "dmarc=none")
    ),
    "SPF proves the From of a strict domain": Case(
        at(STRICT), at(STRICT), results=("spf=pass", "dmarc=pass")
    ),
    "p=reject and no proof": Case(at(REJECT), at(REJECT), code=554, says="DMARC"),
    "p=reject and a foreign envelope whose SPF holds": Case(STRANGER, at(REJECT), code=554, says="DMARC"),
    "p=reject and an empty envelope": Case("", at(REJECT), code=554, says="DMARC"),
    "p=quarantine and no proof": Case(
        at(QUARANTINE), at(QUARANTINE), results=("spf=fail", "dmarc=fail"), spam=True
    ),
    "p=none and no proof": Case(at(WATCH), at(WATCH), results=("spf=fail", "dmarc=fail")),
    "DKIM proves the From": Case(
        at(REJECT), at(REJECT), "valid", results=("dkim=pass", "dmarc=pass", "spf=fail")
    ),
    "DKIM that does not hold": Case(at(REJECT), at(REJECT), "broken", 554, "DMARC"),
    "DKIM that does not hold, nothing asked": Case(
        STRANGER, STRANGER, "broken", results=("dkim=fail", "spf=pass")
    ),
    "DKIM of another domain": Case(at(WATCH), at(STRICT), "valid", 554, "DMARC"),
    "ARC of whoever vouches for it": Case(STRANGER, at(STRICT) + "x", "sealed", results=("arc=pass",)),
    "ARC of whoever cannot save what DMARC refuses": Case(at(WATCH), at(STRICT), "sealed", 554, "DMARC"),
    "ARC that does not hold": Case(
        STRANGER, STRANGER, "broken seal", results=("arc=(fail|reject)", "spf=pass")
    ),
    "our domain in From": Case(STRANGER, f"chutich@{LAMDONG}", code=554, says="log in to send"),
    "our other domain in From, another way written": Case(
        STRANGER, f'"Văn phòng" <VanPhong@{QUANGTRI.upper()}>', code=554, says="log in to send"
    ),
    "our domain beside another in From": Case(STRANGER, f"{STRANGER}, chutich@{LAMDONG}", code=554),
    "our domain in From, empty envelope": Case("", f"chutich@{LAMDONG}", code=554, says="log in to send"),
    "our domain in From, a signature of another": Case(STRANGER, f"chutich@{LAMDONG}", "valid", 554),
    "our domain in From, a seal of another": Case(STRANGER, f"chutich@{LAMDONG}", "sealed", 554),
    "our domain in the name only": Case(STRANGER, f"chutich <{STRANGER}>", results=("spf=pass",)),
    "a department that proves nothing, below a domain with p=reject": Case(
        STRANGER, f"vanthu@phong.{LAMDONG}", code=554, says="DMARC"
    ),
}


@pytest.fixture(scope="module")
def key(lab: Lab) -> Iterator[Signer]:
    """The key of REJECT, known to the DNS while this module runs."""
    made = signer(REJECT)
    with published(lab, REJECT, made.name, made.record):
        yield made


def written(case: Case, recipient: str, key: Signer) -> bytes:
    message = letter(STRANGER, recipient)
    message.replace_header("From", case.shown)
    message["Authentication-Results"] = f"{OURS}; dkim=pass header.d={LAMDONG}; dmarc=pass"
    if case.signed.endswith("seal") or case.signed == "sealed":
        raw = key.seal(message, "dkim=pass; spf=pass; dmarc=pass")
    else:
        raw = key.sign(message) if case.signed else message.as_bytes(policy=SMTP)
    return raw + b"Thay.\r\n" if case.signed.startswith("broken") else raw


def results(message: EmailMessage) -> str:
    """What our own server says; nothing else may speak in its name."""
    (ours,) = [one for one in message.get_all("Authentication-Results", []) if one.startswith(OURS)]
    return str(ours)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_mail_from_outside_is_what_it_proves_to_be(
    outside: Outside, unit: Account, key: Signer, case: Case
) -> None:
    raw = written(case, unit.address, key)
    with outside.smtp() as client:
        answer: Answer = transact(client, case.envelope, unit.address, raw)
    assert (answer.command, answer.code, case.says in answer.text) == ("DATA", case.code, True), answer
    if case.code == 250:
        message, _ = delivered(outside, unit, parse(raw)["Message-ID"])
        said = results(message)
        assert [one for one in case.results if not re.search(rf"\b{one}\b", said)] == [], said
        assert LAMDONG not in said.replace(OURS, "").replace(f"phong.{LAMDONG}", ""), (
            "forged results are gone"
        )
        assert (message["X-Spam"] == "Yes") == case.spam


@pytest.fixture
def ours(outside: Outside, person: Account) -> EmailMessage:
    """A message of one of us, as it has reached a stranger."""
    message = letter(person.address, STRANGER)
    with outside.submission(person.address, person.password) as client:
        assert transact(client, person.address, STRANGER, message).accepted
    return poll(lambda: outside.received(STRANGER, message["Message-ID"]), "our message outside")[0]


def test_our_mail_bears_our_signature_and_says_nothing_of_the_login(
    ours: EmailMessage,
) -> None:
    (signature,) = ours.get_all("DKIM-Signature", [])
    tags = dict(part.strip().split("=", 1) for part in re.sub(r"\s", "", signature).split(";"))
    assert (tags["d"], tags["a"], tags["c"]) == (LAMDONG, "rsa-sha256", "relaxed/relaxed")
    assert re.fullmatch(r"mail-\d{6}[a-z]?", tags["s"])
    assert {"from", "subject", "date", "message-id", "to"} <= set(tags["h"].split(":"))
    assert ours["Authentication-Results"] is None


def test_every_domain_of_ours_signs_with_a_key_of_its_own(outside: Outside, neighbour: Account) -> None:
    message = letter(neighbour.address, STRANGER)
    with outside.submission(neighbour.address, neighbour.password) as client:
        assert transact(client, neighbour.address, STRANGER, message).accepted
    (got,) = poll(
        lambda: outside.received(STRANGER, message["Message-ID"]), "the neighbour's message outside"
    )
    assert f"d={QUANGTRI};" in got["DKIM-Signature"]


def test_our_mail_may_come_back_through_a_list_that_leaves_it_as_it_was(
    outside: Outside, unit: Account, ours: EmailMessage
) -> None:
    raw = b"List-Id: <ds.ngoai.example>\r\n" + ours.as_bytes(policy=SMTP)
    with outside.smtp() as client:
        assert transact(client, "danhsach@ngoai.example", unit.address, raw).accepted
        answer = transact(client, "danhsach@ngoai.example", unit.address, raw + b"Danh sach thu\r\n")
    assert (answer.code, "log in to send" in answer.text or "DMARC" in answer.text) == (554, True), answer
