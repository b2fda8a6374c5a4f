"""Vietnamese survives byte for byte: subject, names, body and attachments, however they are written."""

from __future__ import annotations

import unicodedata
from email.charset import BASE64, QP, Charset
from email.header import Header
from functools import partial
from typing import Literal
from urllib.parse import quote

import pytest

from congvu.fleet.client import Outside, parse
from tests.lab import STRANGER, Account, letter, transact, wait

TONES = (
    "à á ả ã ạ ă ằ ắ ẳ ẵ ặ â ầ ấ ẩ ẫ ậ è é ẻ ẽ ẹ ê ề ế ể ễ ệ ì í ỉ ĩ ị ò ó ỏ õ ọ ô ồ ố ổ ỗ ộ ơ ờ ớ ở ỡ ợ "
    "ù ú ủ ũ ụ ư ừ ứ ử ữ ự ỳ ý ỷ ỹ ỵ đ"
)
ALL = f"{TONES} {TONES.upper()}"
SUBJECT = "V/v rà soát, cập nhật địa chỉ thư điện tử công vụ của Ủy ban nhân dân xã Đạ Tẻh"
FILE = "Tờ trình số 61 – Quy chế quản lý & sử dụng thư điện tử (bản cuối).docx"
SAMPLE = f"Kính gửi: Quý cơ quan,\r\n\r\n{ALL}\r\n.dòng bắt đầu bằng dấu chấm\r\n\r\nTrân trọng./.\r\n"

assert unicodedata.is_normalized("NFC", ALL + SUBJECT + FILE + SAMPLE)


def raw(sender: str, recipient: str, subject: bytes, name: bytes, disposition: bytes) -> bytes:
    """A message as bytes of our own making, 8bit, with an attachment whose file name is written as given."""
    head = letter(sender, recipient)
    lines = [
        b"From: " + name + b" <" + sender.encode() + b">",
        b"To: <" + recipient.encode() + b">",
        b"Subject: " + subject,
        b"Message-ID: " + head["Message-ID"].encode(),
        b"Date: " + head["Date"].encode(),
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/mixed; boundary="ranh-gioi"',
        b"",
        b"--ranh-gioi",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: 8bit",
        b"",
        SAMPLE.encode().rstrip(b"\r\n"),
        b"--ranh-gioi",
        b"Content-Type: application/octet-stream",
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment; " + disposition,
        b"",
        b"bOG7m3AgaOG7jWM=",
        b"--ranh-gioi--",
        b"",
    ]
    return b"\r\n".join(lines)


def encoded(text: str, method: str) -> bytes:
    if method == "utf8":
        return text.encode()
    charset = Charset("utf-8")
    charset.header_encoding = BASE64 if method == "b" else QP
    return Header(text, charset, maxlinelen=70).encode(linesep="\r\n").encode()


def split_2231(name: str) -> bytes:
    """RFC 2231 in continued pieces, cut inside a letter as some programs do."""
    whole = quote(name)
    cut = 40
    return f"filename*0*=utf-8''{whole[:cut]};\r\n filename*1*={whole[cut:]}".encode()


FILE_NAMES = {
    "RFC 2231": f"filename*=utf-8''{quote(FILE)}".encode(),
    "RFC 2231 in pieces": split_2231(FILE),
    "RFC 2047, as Outlook writes it": b'filename="' + encoded(FILE, "b") + b'"',
    "raw UTF-8": f'filename="{FILE}"'.encode(),
}


@pytest.mark.parametrize("method", ["b", "q", "utf8"])
@pytest.mark.parametrize("disposition", FILE_NAMES.values(), ids=FILE_NAMES)
def test_every_byte_of_head_and_body_survives(
    outside: Outside, person: Account, method: str, disposition: bytes
) -> None:
    sent = raw(STRANGER, person.address, encoded(SUBJECT, method), encoded(person.name, method), disposition)
    message_id = parse(sent)["Message-ID"]
    options = ["BODY=8BITMIME", *(["SMTPUTF8"] if method == "utf8" else [])]
    with outside.smtp() as client:
        assert transact(client, STRANGER, person.address, sent, options=options).accepted
    message = letter(STRANGER, person.address)
    message.replace_header("Message-ID", message_id)
    received = wait(outside, person, message)

    # everything of ours stands there as it was sent, after the headers that servers add on top
    head, _, body = sent.partition(b"\r\n\r\n")
    received_head, _, received_body = received.partition(b"\r\n\r\n")
    assert received_body == body
    assert received_head.endswith(head)
    parsed = parse(received)
    assert parsed["Subject"] == SUBJECT
    shown = parsed["From"].addresses[0].display_name
    assert shown.encode("utf-8", "surrogateescape").decode() == person.name
    (text, attachment) = parsed.iter_parts()
    assert text.get_payload(decode=True) == SAMPLE.encode().rstrip(b"\r\n")
    assert attachment.get_payload(decode=True) == "lớp học".encode()
    if "raw" not in disposition.decode(errors="replace"):
        assert attachment.get_filename() == FILE


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_letter_of_a_mail_program_survives_between_our_own_users(
    outside: Outside, person: Account, colleague: Account, form: Literal["NFC", "NFD"]
) -> None:
    """Both spellings of one letter: what is decomposed stays so, nobody normalises on the way."""
    write = partial(unicodedata.normalize, form)
    sender = f"{person.name} <{person.address}>"
    message = letter(sender, colleague.address, write(SAMPLE).replace("\r\n", "\n"), subject=write(SUBJECT))
    content = write(ALL).encode()
    message.add_attachment(content, maintype="application", subtype="pdf", filename=write(FILE))
    with outside.submission(person.address, person.password) as client:
        assert transact(client, person.address, colleague.address, message).accepted
    received = parse(wait(outside, colleague, message))
    assert received["Subject"] == write(SUBJECT)
    assert received["From"].addresses[0].display_name == person.name
    text, attachment = received.iter_parts()
    assert text.get_payload(decode=True) == write(SAMPLE).replace("\r\n", "\n").encode()
    assert attachment.get_filename() == write(FILE)
    assert attachment.get_payload(decode=True) == content
