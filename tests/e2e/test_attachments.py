"""20 MiB of attachments and not a byte more (LD-6.2): decoded, all parts of a message together."""

from __future__ import annotations

import random
from dataclasses import dataclass
from email.message import EmailMessage

import pytest

from congvu.fleet.client import Outside, parse
from tests.lab import MIB, STRANGER, Account, Answer, letter, transact, wait


@dataclass(frozen=True, slots=True)
class Case:
    sizes: tuple[int, ...]
    """Decoded bytes of each attachment."""
    passes: bool
    encoding: str = "base64"
    form: str = "attachment"


CASES = {
    "20 MiB": Case((20 * MIB,), passes=True),
    "20 MiB and one byte": Case((20 * MIB + 1,), passes=False),
    "21 MiB": Case((21 * MIB,), passes=False),
    "two of 10 MiB": Case((10 * MIB,) * 2, passes=True),
    "three of 7 MiB": Case((7 * MIB,) * 3, passes=False),
    # Unencoded they stay below Postfix's message_size_limit, and only the sum gives them away.
    "21 MiB of 7bit text": Case((21 * MIB,), passes=False, encoding="7bit"),
    "21 MiB of 8bit text": Case((21 * MIB,), passes=False, encoding="8bit"),
    "three of 7 MiB of 8bit text": Case((7 * MIB,) * 3, passes=False, encoding="8bit"),
    # Of an unencoded part rspamd counts the line break that belongs to the boundary after it: two bytes.
    "two of 10 MiB of 7bit text": Case((10 * MIB - 2,) * 2, passes=True, encoding="7bit"),
    "attached without a file name": Case((21 * MIB,), passes=False, encoding="7bit", form="nameless"),
    "inline with a file name": Case((21 * MIB,), passes=False, encoding="7bit", form="inline"),
    "in a forwarded message": Case((21 * MIB,), passes=False, encoding="7bit", form="forwarded"),
}


def attachment(size: int, encoding: str) -> bytes:
    """`size` bytes, as random as the encoding lets them be."""
    if encoding == "base64":
        return random.Random(size).randbytes(size)  # noqa: S311
    line = b"Tai lieu kem theo cong van so 61, trang mot tren hai, khong co gi dac biet.\r\n"
    if encoding == "8bit":
        line = "Tài liệu kèm theo công văn số 61, không có gì đặc biệt.\r\n".encode()
    whole = line * (size // len(line) - 1)
    return whole + b"x" * (size - len(whole) - 2) + b"\r\n"


def build(case: Case, sender: str, recipient: str) -> EmailMessage:
    message = letter(sender, recipient)
    target = letter(sender, recipient) if case.form == "forwarded" else message
    for number, size in enumerate(case.sizes):
        target.add_attachment(
            attachment(size, case.encoding),
            maintype="application" if case.encoding == "base64" else "text",
            subtype="octet-stream" if case.encoding == "base64" else "plain",
            cte=case.encoding,
            filename=None if case.form == "nameless" else f"tai-lieu-{number}.bin",
            disposition="inline" if case.form == "inline" else "attachment",
        )
    if case.form == "forwarded":
        message.add_attachment(target)
    return message


def _send(
    outside: Outside, case: Case, sender: Account | None, recipient: Account
) -> tuple[EmailMessage, Answer]:
    address = sender.address if sender else STRANGER
    message = build(case, address, recipient.address)
    with outside.submission(sender.address, sender.password) if sender else outside.smtp() as client:
        return message, transact(client, address, recipient.address, message)


def _judge(outside: Outside, case: Case, recipient: Account, message: EmailMessage, answer: Answer) -> None:
    if not case.passes:
        assert (answer.command, answer.code) in [("DATA", 552), ("DATA", 554)], answer
        return
    assert answer.accepted, answer
    received = parse(wait(outside, recipient, message))
    sizes = [len(part.get_payload(decode=True)) for part in received.iter_attachments()]
    assert sizes == list(case.sizes)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_from_outside(outside: Outside, unit: Account, case: Case) -> None:
    message, answer = _send(outside, case, None, unit)
    _judge(outside, case, unit, message, answer)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_from_a_user(outside: Outside, unit: Account, person: Account, case: Case) -> None:
    message, answer = _send(outside, case, person, unit)
    _judge(outside, case, unit, message, answer)


@pytest.mark.parametrize("size", [29360128 + 1, 100 * MIB])
def test_what_declares_itself_too_large_is_refused_before_it_is_sent(
    outside: Outside, unit: Account, person: Account, size: int
) -> None:
    with outside.smtp() as client:
        answer = transact(client, STRANGER, unit.address, declare=size)
        assert (answer.command, answer.code) == ("MAIL", 552)
    with outside.submission(person.address, person.password) as client:
        answer = transact(client, person.address, unit.address, declare=size)
        assert (answer.command, answer.code) == ("MAIL", 552)
