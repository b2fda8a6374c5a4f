"""A virus is refused at the end of DATA, however it is wrapped, from outside and from our own users."""

from __future__ import annotations

import io
import quopri
import zipfile
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from congvu.fleet.client import Outside
from tests.lab import STRANGER, Account, inbox, letter, transact, wait

# The standard test file of 68 bytes (eicar.org), in two pieces so that no scanner takes this file for it.
EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
HARMLESS = EICAR.replace("EICAR", "EICAX")
TEXT = "Kính gửi quý cơ quan,\nxin gửi tài liệu kèm theo.\n" * 20


def zipped(content: bytes, name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def nested(content: bytes, depth: int) -> bytes:
    for level in range(depth):
        content = zipped(content, "tai-lieu.txt" if level == 0 else f"lop{level}.zip")
    return content


def body(encoding: str, before: str = "", after: str = "", subtype: str = "plain") -> Callable[..., None]:
    def write(message: EmailMessage, payload: str) -> None:
        message.set_content(before + payload + after, subtype=subtype, cte=encoding)

    return write


def hard_quoted_printable(message: EmailMessage, payload: str) -> None:
    """Every byte as =XX, so that none of the pattern is there to be seen."""
    message.set_content("x")
    message.replace_header("Content-Transfer-Encoding", "quoted-printable")
    lines = [
        "".join(f"={byte:02X}" for byte in payload[i : i + 20].encode()) for i in range(0, len(payload), 20)
    ]
    text = "=\n".join(lines) + "\n"
    assert quopri.decodestring(text).decode().strip() == payload
    message.set_payload(text)


def attached(depth: int = 0, cte: str = "base64", maintype: str = "application") -> Callable[..., None]:
    def write(message: EmailMessage, payload: str) -> None:
        content = nested(payload.encode(), depth)
        name = "tài liệu.zip" if depth else "tài liệu.bin"
        if maintype == "text":
            message.add_attachment(content.decode(), filename="tài liệu.txt", cte=cte)
        else:
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)

    return write


def forwarded(message: EmailMessage, payload: str) -> None:
    inner = letter(STRANGER, STRANGER, "xem đính kèm\n")
    attached(1)(inner, payload)
    message.add_attachment(inner)


def alternative(message: EmailMessage, payload: str) -> None:
    message.add_alternative(f"<p>{payload}</p>", subtype="html", cte="quoted-printable")


WRAPPINGS: dict[str, Callable[..., None]] = {
    "plain body": body("7bit"),
    "middle of a body, 8bit": body("8bit", TEXT, TEXT),
    "middle of a line": body("8bit", TEXT + "abc", "def\n" + TEXT),
    "body in base64": body("base64"),
    "middle of a body in base64": body("base64", TEXT, TEXT),
    "body in quoted-printable": body("quoted-printable"),
    "middle of a body in quoted-printable": body("quoted-printable", TEXT, TEXT),
    "body with every byte quoted": hard_quoted_printable,
    "HTML body": body("7bit", "<p>", "</p>\n", "html"),
    "second alternative": alternative,
    "text attachment": attached(maintype="text", cte="7bit"),
    "text attachment in base64": attached(maintype="text"),
    "attachment": attached(),
    "zipped": attached(1),
    "zip in zip": attached(2),
    "zip in zip, five deep": attached(5),
    "attachment of a forwarded message": forwarded,
}


def wrapped(how: str, payload: str, sender: str, recipient: str) -> EmailMessage:
    message = letter(sender, recipient, TEXT)
    WRAPPINGS[how](message, payload)
    return message


@pytest.mark.parametrize("how", WRAPPINGS)
def test_a_virus_from_outside_is_refused(outside: Outside, unit: Account, how: str) -> None:
    with outside.smtp() as client:
        answer = transact(client, STRANGER, unit.address, wrapped(how, EICAR, STRANGER, unit.address))
    assert (answer.command, answer.refused, "Virus" in answer.text) == ("DATA", True, True), answer


@pytest.mark.parametrize("how", WRAPPINGS)
def test_a_virus_from_a_user_is_refused(outside: Outside, person: Account, how: str) -> None:
    with outside.submission(person.address, person.password) as client:
        answer = transact(client, person.address, STRANGER, wrapped(how, EICAR, person.address, STRANGER))
    assert (answer.command, answer.refused, "Virus" in answer.text) == ("DATA", True, True), answer


def test_harmless_mail_of_the_same_make_passes_and_no_virus_is_in_the_inbox(
    outside: Outside, unit: Account
) -> None:
    with outside.smtp() as client:
        for how in WRAPPINGS:
            message = wrapped(how, HARMLESS, STRANGER, unit.address)
            answer = transact(client, STRANGER, unit.address, message)
            assert answer.accepted, (how, answer)
    wait(outside, unit, message)
    for received in inbox(outside, unit):
        assert EICAR not in received.as_string()


def test_harmless_mail_of_the_same_make_passes_to_outside(outside: Outside, person: Account) -> None:
    with outside.submission(person.address, person.password) as client:
        for how in ("plain body", "zip in zip"):
            message = wrapped(how, HARMLESS, person.address, STRANGER)
            assert transact(client, person.address, STRANGER, message).accepted


def test_what_is_packed_too_deep_to_be_scanned_does_not_pass(outside: Outside, unit: Account) -> None:
    message = letter(STRANGER, unit.address)
    attached(21)(message, HARMLESS)
    with outside.smtp() as client:
        answer = transact(client, STRANGER, unit.address, message)
    assert (answer.command, answer.accepted) == ("DATA", False), answer
