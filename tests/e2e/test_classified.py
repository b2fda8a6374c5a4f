"""Messages with a mark of secrecy are held, from our users and to them; words alone hold nothing (LD-4.2)."""

from __future__ import annotations

import unicodedata
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
import yaml

from congvu.charset import Charset, encode
from congvu.fleet.client import Outside, poll
from congvu.fleet.lab import Lab
from tests.e2e.filter import Question, ask
from tests.lab import LAMDONG, STRANGER, Account, Site, arrived, letter, transact

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "classified.yml").read_text())
OTHER = "monre.gov.vn"
"""A domain whose policy knows no marks."""


def build(case: dict[str, Any], sender: str, recipient: str) -> EmailMessage | bytes:
    form = case.get("form", "NFC")
    subject = unicodedata.normalize(form, case.get("subject", "Công văn"))
    message = letter(sender, recipient, subject=subject)
    if "header" in case:
        name, _, value = case["header"].partition(": ")
        message[name] = value
    if "body" in case and "charset" not in case:
        message.set_content(unicodedata.normalize(form, case["body"]))
    if "html" in case:
        message.add_alternative(case["html"], subtype="html")
        message.make_mixed()
    if "file" in case:
        name = unicodedata.normalize(form, case["file"])
        message.add_attachment(b"noi dung", maintype="application", subtype="octet-stream", filename=name)
    return _in_charset(message, case) if "charset" in case else message


def _in_charset(message: EmailMessage, case: dict[str, Any]) -> bytes:
    """The body in an old charset, called Western, as mail programs of those days sent it."""
    text = case["body"].lower() if case["charset"] == "tcvn3" else case["body"]
    capitals = case["body"].split("\n", 1)[0] if case["charset"] == "tcvn3" else ""
    data = encode(text, Charset(case["charset"]))
    if capitals.isupper():  # a font for capitals: small letters with marks between capital ones without
        shown = "".join(each if each.isascii() else each.lower() for each in capitals)
        data = encode(shown, Charset.TCVN3) + data[len(capitals) :]
    message.set_content("x", cte="8bit")
    message.replace_header("Content-Type", 'text/plain; charset="windows-1252"')
    head = message.as_bytes(policy=SMTP).split(b"\r\n\r\n", 1)[0]
    return head + b"\r\n\r\n" + data.replace(b"\n", b"\r\n")


def test_what_bears_a_mark_is_held_and_what_only_has_the_word_is_not(lab: Lab) -> None:
    sender, recipient = f"annv@{LAMDONG}", f"skhcn@{LAMDONG}"
    questions = [
        question
        for case in CASES
        for question in (
            Question(build(case, sender, STRANGER), sender, (STRANGER,), sender),
            Question(build(case, STRANGER, recipient), STRANGER, (recipient,)),
        )
    ]
    wrong = []
    for number, verdict in enumerate(ask(lab, questions)):
        case = CASES[number // 2]
        held = any(one.startswith("CONGVU_CLASSIFIED; ") for one in verdict.headers.get("X-Congvu-Held", []))
        if held != case["held"] or verdict.action != "no action":
            wrong.append((("from a user", "from outside")[number % 2], case, verdict))
    assert wrong == [], "\n".join(map(str, wrong))
    assert len(CASES) >= 60


def test_where_the_policy_names_no_marks_nothing_is_looked_for(lab: Lab) -> None:
    marked = letter(STRANGER, f"nvan@{OTHER}", "MẬT\n", subject="[MẬT] Báo cáo")
    (alone, both) = ask(
        lab,
        [
            Question(marked, STRANGER, (f"nvan@{OTHER}",)),
            Question(marked, STRANGER, (f"nvan@{OTHER}", f"annv@{LAMDONG}")),
        ],
    )
    assert "CONGVU_CLASSIFIED" not in alone.symbols
    assert "X-Congvu-Held" in both.headers


def held(site: Site, message: EmailMessage) -> str:
    """The held message as the queue has it, and it is deleted from there."""
    listed = site.on_mail("postqueue", "-j", check=False)

    def find() -> str:
        for line in listed.splitlines():
            if '"queue_name": "hold"' in line:
                queue_id = line.split('"queue_id": "')[1].split('"')[0]
                text = site.on_mail("postcat", "-qbh", queue_id, check=False)
                if message["Message-ID"] in text:
                    site.on_mail("postsuper", "-d", queue_id, "hold")
                    return text
        return ""

    return find()


def test_a_marked_message_waits_in_the_hold_queue_and_says_why(
    outside: Outside, site: Site, person: Account, unit: Account
) -> None:
    marked = letter(person.address, unit.address, "Độ mật: TUYỆT MẬT\n\nBáo cáo.\n")
    marked["X-Congvu-Held"] = "CONGVU_MACRO; forged"
    plain = letter(person.address, unit.address, "Đề nghị bảo mật.\n")
    with outside.submission(person.address, person.password) as client:
        assert transact(client, person.address, unit.address, marked).accepted
        assert transact(client, person.address, unit.address, plain).accepted
    assert arrived(outside, unit, plain["Message-ID"])
    text = poll(lambda: held(site, marked), "the marked message in the hold queue", seconds=20)
    lines = [line for line in text.splitlines() if line.startswith("X-Congvu-")]
    assert "X-Congvu-Held: CONGVU_CLASSIFIED; a mark of secrecy is in: beginning of the text" in lines
    assert not any("forged" in line for line in lines)


@pytest.mark.parametrize("kind", ["virus", "size"])
def test_a_mark_does_not_save_what_must_be_refused(lab: Lab, kind: str) -> None:
    eicar = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    message = letter(STRANGER, f"annv@{LAMDONG}", subject="[MẬT] Báo cáo")
    content = eicar.encode() if kind == "virus" else bytes(21 << 20)
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename="a.bin")
    (verdict,) = ask(lab, [Question(message, STRANGER, (f"annv@{LAMDONG}",))])
    assert verdict.action == "reject"
    assert {"CONGVU_CLASSIFIED"} < set(verdict.symbols)
