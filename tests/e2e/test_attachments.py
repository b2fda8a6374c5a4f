"""20 MiB of attachments and not a byte more (LD-6.2), decoded, all parts together; and of what type."""

from __future__ import annotations

import random
from binascii import b2a_uu
from dataclasses import dataclass
from email.message import EmailMessage

import pytest

from congvu.fleet.client import Outside, parse
from congvu.fleet.lab import Lab
from tests.e2e import files
from tests.e2e.filter import Question, Verdict, ask
from tests.lab import LAMDONG, MIB, QUANGTRI, STRANGER, Account, Answer, letter, transact, wait


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
        assert answer.code == 552 or "lamdong.gov.vn allows 20 MB" in answer.text
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


# --- Types, encryption, macros: rspamd's own answer

INSIDE = f"annv@{LAMDONG}"


def with_file(name: str, content: bytes) -> EmailMessage:
    message = letter(STRANGER, INSIDE)
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def in_a_message(inner: EmailMessage) -> EmailMessage:
    """A message as an attachment of another one."""
    message = letter(STRANGER, INSIDE)
    message.add_attachment(inner)
    return message


def raw(disposition: str, kind: str = "application/octet-stream", content: str = "bm9pIGR1bmc=") -> bytes:
    """A message whose attachment has these headers, as they stand."""
    head = letter(STRANGER, INSIDE)
    lines = [f"{name}: {head[name]}" for name in ("From", "To", "Date", "Message-ID")]
    lines += [
        "Subject: van ban",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="ranh"',
        "",
        "--ranh",
    ]
    lines += ["Content-Type: text/plain", "", "Kinh gui quy co quan.", "--ranh", f"Content-Type: {kind}"]
    lines += [f"Content-Disposition: {disposition}"] if disposition else []
    return "\r\n".join([*lines, "Content-Transfer-Encoding: base64", "", content, "--ranh--", ""]).encode()


def uuencoded(name: str, size: int = 3) -> EmailMessage:
    lines = "".join(b2a_uu(bytes(min(45, size - done))).decode() for done in range(0, size, 45))
    return letter(STRANGER, INSIDE, f"Tai lieu:\n\nbegin 644 {name}\n{lines}`\nend\n")


FORBIDDEN: dict[str, EmailMessage | bytes] = {
    "by name": with_file("hoa-don.exe", b"noi dung"),
    "in capitals": with_file("HOA-DON.EXE", b"noi dung"),
    "two extensions": with_file("hoa-don.pdf.exe", b"noi dung"),
    "blanks between": with_file("hoa-don.pdf                    .exe", b"noi dung"),
    "a dot behind": with_file("hoa-don.exe.", b"noi dung"),
    "Vietnamese name": with_file("Hóa đơn tháng mười.scr", b"noi dung"),
    "right-to-left": with_file("hoa-don\u202efdp.exe", b"noi dung"),
    "RFC 2231 in pieces": raw("attachment; filename*0*=utf-8''hoa%2D; filename*1*=don.e; filename*2=xe"),
    "RFC 2047": raw('attachment; filename="=?utf-8?B?aG9hLWRvbi5leGU=?="'),
    "RFC 2047 in the type": raw("attachment", 'application/pdf; name="=?utf-8?Q?hoa-don=2Eexe?="'),
    "only in the type": raw("", "application/octet-stream; name=hoa-don.js"),
    "another name in the type": raw("attachment; filename=a.pdf", "application/pdf; name=a.exe"),
    "another name in the disposition": raw("attachment; filename=a.exe", "application/pdf; name=a.pdf"),
    "RFC 2231 beside a decoy": raw("attachment; filename=\"a.pdf\"; filename*=utf-8''hoa%2Ddon.j%73"),
    "RFC 2231 in the type": raw("attachment; filename=a.pdf", "application/pdf; name*=utf-8''hoa-don.js"),
    "pieces beside a decoy": raw("attachment; filename=a.pdf; filename*1=js; filename*0=hoa-don."),
    "pieces with a charset": raw("attachment; filename=a.pdf; filename*0*=utf-8''a%2E; filename*1*=%6As"),
    "the second of two": raw("attachment; filename=a.pdf; filename=hoa-don.js"),
    "in winmail.dat": with_file("winmail.dat", files.tnef("HOADON.PDF", "hoa-don.js")),
    "inline": raw("inline; filename=hoa-don.vbs"),
    "text": raw("attachment; filename=hoa-don.bat", "text/plain"),
    "in a zip": with_file("a.zip", files.archive("thu muc/hoa-don.exe")),
    "in an encrypted zip": with_file("a.zip", files.encrypted_zip("hoa-don.exe")),
    "in a 7z": with_file("a.7z", files.SEVEN_ZIP),
    "in a tar.gz": with_file("a.tar.gz", files.tar_gz("hoa-don.exe")),
    "in a zip in a zip": with_file("a.zip", files.archive("b.zip", files.archive("HOA-DON.eXe"))),
    "in a tar.gz in a zip": with_file("a.zip", files.archive("b.tar.gz", files.tar_gz("hoa-don.exe"))),
    "in a 7z in a zip": with_file("a.zip", files.archive("b.7z", files.SEVEN_ZIP)),
    "in a zip in a message": in_a_message(with_file("a.zip", files.archive("hoa-don.exe."))),
    "in uuencode": uuencoded("hoa-don.exe"),
    "a program named otherwise": with_file("hoa-don.pdf", files.EXE),
    "a program without extension": with_file("hoa-don", files.EXE),
}
ALLOWED: dict[str, EmailMessage | bytes] = {
    "a document": with_file("hoa-don.docx", b"noi dung"),
    "exe within the name": with_file("hoa-don.exe.pdf", b"noi dung"),
    "the word only": with_file("exe", b"noi dung"),
    "winmail.dat with a document": with_file("winmail.dat", files.tnef("HOADON.PDF", "hóa đơn.pdf")),
    "a zip of documents": with_file("a.zip", files.archive("thu muc/hoa-don.pdf")),
    "uuencode of a document": uuencoded("hoa-don.doc"),
    "a zip in a zip of documents": with_file("a.zip", files.archive("b.zip", files.archive("a.exe.pdf"))),
    "begin without a file": letter(STRANGER, INSIDE, "begin 644 now\nno file\n"),
}
ENCRYPTED: dict[str, EmailMessage | bytes] = {
    "zip": with_file("a.zip", files.encrypted_zip()),
    "zip named otherwise": with_file("a.dat", files.encrypted_zip()),
    "zip in zip": with_file("a.zip", files.archive("trong.zip", files.encrypted_zip())),
    "7z": with_file("a.7z", files.ENCRYPTED_SEVEN_ZIP),
    "pdf": with_file("a.pdf", files.encrypted_pdf()),
    "office document": with_file("a.docx", files.ole("EncryptionInfo", "EncryptedPackage")),
}
MACROS: dict[str, EmailMessage | bytes] = {
    "docm": with_file("a.docm", files.zipped(word___document__xml=b"<x/>", word___vbaProject__bin=b"vba")),
    "docm named docx": with_file("a.docx", files.zipped(word___vbaProject__bin=b"vba")),
    "old sheet macros": with_file("a.xlsm", files.zipped(xl___macrosheets___sheet1__xml=b"<x/>")),
    "doc": with_file("a.doc", files.ole("WordDocument", "Macros", "VBA", "_VBA_PROJECT")),
}
CLEAN: dict[str, EmailMessage | bytes] = {
    "docx": with_file("a.docx", files.zipped(word___document__xml=b"<x/>")),
    "doc": with_file("a.doc", files.ole("WordDocument", "1Table")),
    "the word only": with_file("vbaProject.bin.txt", b"vbaProject.bin EncryptedPackage"),
    "pdf": with_file("a.pdf", files.encrypted_pdf().replace(b"/Encrypt 3 0 R", b"")),
}


def verdicts(lab: Lab, messages: dict[str, EmailMessage | bytes]) -> dict[str, Verdict]:
    questions = [Question(message, STRANGER, (INSIDE,)) for message in messages.values()]
    return dict(zip(messages, ask(lab, questions), strict=True))


def test_a_forbidden_type_is_refused_however_its_name_is_written(lab: Lab) -> None:
    found = verdicts(lab, FORBIDDEN)
    passed = {how: one for how, one in found.items() if "CONGVU_FORBIDDEN_TYPE" not in one.symbols}
    assert passed == {}
    assert {one.action for one in found.values()} == {"reject"}
    assert all("does not accept files of type ." in one.words for one in found.values())


def test_a_file_within_a_text_counts_as_decoded(lab: Lab) -> None:
    sizes: dict[str, EmailMessage | bytes] = {
        f"{size} MiB": uuencoded("so-lieu.dat", size * MIB) for size in (19, 21)
    }
    found = {size: "CONGVU_ATTACHMENT_LIMIT" in one.symbols for size, one in verdicts(lab, sizes).items()}
    assert found == {"19 MiB": False, "21 MiB": True}


def test_what_only_looks_forbidden_passes(lab: Lab) -> None:
    found = verdicts(lab, ALLOWED)
    assert {
        how: one for how, one in found.items() if one.action != "no action" or one.headers.keys() != HEADERS
    } == {}


HEADERS = {"Authentication-Results"}
"""What every message from outside gets."""


def test_what_is_encrypted_is_refused(lab: Lab) -> None:
    found = verdicts(lab, ENCRYPTED)
    passed = {how: one for how, one in found.items() if "CONGVU_ENCRYPTED" not in one.symbols}
    assert passed == {}
    assert {one.action for one in found.values()} == {"reject"}
    assert all("cannot be scanned" in one.words for one in found.values())


def test_what_is_encrypted_hides_no_file_that_could_not_be_scanned(lab: Lab) -> None:
    """clamd names one of its two findings, and which is chance."""
    deep = b"noi dung"
    for number in range(25):
        deep = files.archive(f"{number}.zip", deep)
    messages: dict[str, EmailMessage | bytes] = {}
    for number in range(16):
        message = with_file("a.zip", files.encrypted_zip())
        message.add_attachment(deep, maintype="application", subtype="zip", filename="b.zip")
        messages[str(number)] = message
    found = verdicts(lab, messages)
    assert {"CONGVU_UNSCANNABLE" in one.symbols for one in found.values()} == {True}


def test_macros_are_flagged_and_pass(lab: Lab) -> None:
    found = verdicts(lab, MACROS)
    wrong = {how: one for how, one in found.items() if one.headers.get("X-Congvu-Macro") != ["yes"]}
    assert wrong == {}
    assert {one.action for one in found.values()} == {"no action"}


def test_documents_without_macros_and_encryption_are_not_flagged(lab: Lab) -> None:
    found = verdicts(lab, CLEAN)
    assert {
        how: one for how, one in found.items() if one.action != "no action" or one.headers.keys() != HEADERS
    } == {}


def test_recipients_of_several_domains_get_one_answer(
    outside: Outside, unit: Account, neighbour: Account
) -> None:
    """Refused for all: nobody is left out in silence."""
    message = letter(STRANGER, f"{unit.address}, {neighbour.address}")
    message.add_attachment(b"noi dung", maintype="application", subtype="octet-stream", filename="a.exe")
    with outside.smtp() as client:
        answer = transact(client, STRANGER, [unit.address, neighbour.address], message)
    assert (answer.command, answer.code) == ("DATA", 554), answer
    assert LAMDONG in answer.text or QUANGTRI in answer.text
