"""Bodies in charsets that mail programs cannot read are named in a header and left as they are (LD-8.3)."""

from __future__ import annotations

import base64
import quopri
from pathlib import Path
from typing import Any

import yaml

from congvu.charset import Charset, encode
from congvu.fleet.client import Outside
from congvu.fleet.lab import Lab
from tests.e2e.filter import Question, ask
from tests.lab import LAMDONG, STRANGER, Account, arrived, letter, transact

TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "charset.yml").read_text())


def body(case: dict[str, Any]) -> bytes:
    """The bytes of the text in the charset it is really in."""
    text: str = TABLE["texts"][case["text"]]
    known = case["in"] in set(Charset)
    return encode(text, Charset(case["in"])) if known else text.encode(case["in"])


def message(case: dict[str, Any], data: bytes) -> bytes:
    """The text under the charset and the encoding that the case declares."""
    if case.get("seen_as"):  # opened as Western text, and sent on as Unicode
        data = data.decode(case["seen_as"]).encode()
    kind = case.get("type", "text/plain")
    if kind == "text/html":
        data = b"<html><body><p>" + data.replace(b"\n", b"<br>\n") + b"</p></body></html>\n"
    declared = f'; charset="{case["as"]}"' if case.get("as") else ""
    encoding = case.get("cte", "8bit")
    head = letter(STRANGER, f"annv@{LAMDONG}")
    lines = [f"{name}: {head[name]}" for name in ("From", "To", "Date", "Message-ID")]
    lines += ["Subject: van ban", "MIME-Version: 1.0", f"Content-Type: {kind}{declared}"]
    lines += [f"Content-Transfer-Encoding: {encoding}", "", ""]
    content = data.replace(b"\n", b"\r\n")
    if encoding == "base64":
        content = base64.encodebytes(data).replace(b"\n", b"\r\n")
    elif encoding == "quoted-printable":
        content = quopri.encodestring(data).replace(b"\n", b"\r\n")
    return "\r\n".join(lines).encode() + content


def test_a_charset_is_named_where_it_cannot_be_read_and_only_there(lab: Lab) -> None:
    cases = TABLE["cases"]
    questions = [Question(message(case, body(case)), STRANGER, (f"annv@{LAMDONG}",)) for case in cases]
    wrong = []
    for case, verdict in zip(cases, ask(lab, questions), strict=True):
        found = (verdict.headers.get("X-Congvu-Charset") or [""])[0]
        if found != case.get("found", ""):
            wrong.append((case, found, verdict))
    assert wrong == [], "\n".join(map(str, wrong))


def test_the_body_is_delivered_as_it_came(outside: Outside, unit: Account) -> None:
    case = {"text": "cong van", "in": "tcvn3", "as": "windows-1252"}
    raw = message(case, body(case))
    with outside.smtp() as client:
        assert transact(client, STRANGER, unit.address, raw).accepted
    message_id = raw.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode()
    (received,) = arrived(outside, unit, message_id)
    head, _, content = received.partition(b"\r\n\r\n")
    assert b"\r\nX-Congvu-Charset: TCVN3\r\n" in head
    assert content == raw.partition(b"\r\n\r\n")[2]
