"""Signed mail passes byte for byte, so that its signature is still one (LD-8.2, HT-3.2, HT-4.2g)."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from congvu.fleet.authority import Authority, HostFiles
from congvu.fleet.client import Outside, parse, poll
from tests.lab import STRANGER, Account, letter, transact, wait

# What a mail system on the way likes to "mend": each of these breaks a signature when it is.
BODIES: dict[str, Sequence[bytes]] = {
    "8bit": ["Kính gửi: Ủy ban nhân dân xã Đạ Tẻh,".encode(), "Trân trọng./.".encode()],
    "blanks at ends of lines": [b"mot  ", b"hai\t", b"   ", b"ba"],
    "blank lines at the end": [b"mot", b"", b"", b""],
    "the longest lines": [b"x" * 998, "đ".encode() * 499],
    "lines that SMTP and mailbox files know": [b".", b"..", b". mot", b"From hai ba", b">From bon"],
    "no text at all": [],
    "quoted-printable as text": [b"=20=0D=0A", b"Content-Type: text/html", b"--ranh-gioi-gia--"],
}


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, HostFiles]:
    authority = Authority(tmp_path_factory.mktemp("signer"), "Chứng thư ký số")
    return authority, authority.issue("canbo.ngoai.example")


def entity(lines: Sequence[bytes]) -> bytes:
    """The part that is signed: a text, and a file in base64 whose lines are of odd lengths."""
    parts = [
        b'Content-Type: multipart/mixed;\r\n\tboundary="trong"\r\n\r\n--trong',
        b"Content-Type: text/plain;charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n",
        *lines,
        b"--trong",
        b"content-type: application/pdf; NAME=to-trinh.pdf\r\nContent-Transfer-Encoding: base64\r\n",
        b"JVBERi0xLjQK\r\nSG\r\n9hbg==",
        b"--trong--",
        b"",
    ]
    return b"\r\n".join(parts)


def smime(signed: bytes, files: HostFiles) -> tuple[bytes, bytes]:
    """A detached signature by openssl, and the Content-Type of both together (RFC 8551, 3.5.3)."""
    command = ["openssl", "cms", "-sign", "-binary", "-outform", "DER", "-signer", str(files.certificate)]
    der = subprocess.run(
        [*command, "-inkey", str(files.key)], input=signed, capture_output=True, check=True
    ).stdout
    kind = b'protocol="application/pkcs7-signature"; micalg=sha-256'
    return part(b'application/pkcs7-signature; name="smime.p7s"', der), kind


def pgp(_: bytes, __: HostFiles) -> tuple[bytes, bytes]:
    """The form of PGP/MIME (RFC 3156, 5). Only the bytes matter here, so the signature is none."""
    kind = b'protocol="application/pgp-signature"; micalg=pgp-sha512'
    armour = b"-----BEGIN PGP SIGNATURE-----\r\n\r\niHUEABYKAB0=\r\n-----END PGP SIGNATURE-----\r\n"
    return b"Content-Type: application/pgp-signature\r\n\r\n" + armour, kind


def part(kind: bytes, content: bytes) -> bytes:
    """A part in base64."""
    return (
        b"Content-Type: "
        + kind
        + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(content).replace(b"\n", b"\r\n")
    )


Form = Callable[[bytes, HostFiles], tuple[bytes, bytes]]


def build(sender: str, recipient: str, signed: bytes, form: Form, files: HostFiles) -> tuple[bytes, str]:
    """A whole message, with its Message-ID."""
    head, boundary = letter(sender, recipient), uuid4().hex.encode()
    signature, kind = form(signed, files)
    headers = [f"{name}: {head[name]}".encode() for name in ("From", "To", "Subject", "Date", "Message-ID")]
    headers += [
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/signed; boundary="' + boundary + b'"; ' + kind,
        b"",
        b"",
    ]
    delimiter = b"\r\n--" + boundary
    body = b"--" + boundary + b"\r\n" + signed + delimiter + b"\r\n" + signature + delimiter + b"--\r\n"
    return b"\r\n".join(headers) + body, head["Message-ID"]


def body_of(message: bytes) -> bytes:
    return message.partition(b"\r\n\r\n")[2]


def verify(message: bytes, authority: Authority, folder: Path) -> None:
    """openssl's word that the signature holds, over the bytes between the boundaries (RFC 1847, 2.1)."""
    boundary = parse(message).get_boundary("").encode()
    _, signed, signature, _ = (b"\r\n" + body_of(message)).split(b"\r\n--" + boundary)
    content, der = folder / f"{uuid4().hex}.bin", base64.b64decode(body_of(signature))
    content.write_bytes(signed.removeprefix(b"\r\n"))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"]
    trust = ["-CAfile", str(authority.certificate_file), "-content", str(content)]
    done = subprocess.run([*command, *trust], input=der, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("form", [smime, pgp], ids=["S/MIME", "PGP"])
@pytest.mark.parametrize("way", ["from outside", "from a colleague"])
def test_a_signed_message_arrives_byte_for_byte(
    outside: Outside,
    person: Account,
    colleague: Account,
    signer: tuple[Authority, HostFiles],
    tmp_path: Path,
    *,
    form: Form,
    way: str,
) -> None:
    authority, files = signer
    sender = STRANGER if way == "from outside" else colleague.address
    login = outside.smtp() if sender == STRANGER else outside.submission(sender, colleague.password)
    sent: list[tuple[str, bytes, str]] = []
    with login as client:
        for name, lines in BODIES.items():
            message, message_id = build(sender, person.address, entity(lines), form, files)
            answer = transact(client, sender, person.address, message)
            assert answer.accepted, (name, answer)
            sent.append((name, message, message_id))
    for name, message, message_id in sent:
        head = parse(message)
        assert head["Message-ID"] == message_id
        received = wait(outside, person, head)
        assert body_of(received) == body_of(message), name
        assert parse(received)["Content-Type"] == head["Content-Type"], name
        if form is smime:
            verify(received, authority, tmp_path)


def test_a_changed_byte_is_noticed(
    signer: tuple[Authority, HostFiles], person: Account, tmp_path: Path
) -> None:
    authority, files = signer
    message, _ = build(STRANGER, person.address, entity(BODIES["8bit"]), smime, files)
    verify(message, authority, tmp_path)
    with pytest.raises(AssertionError, match=r"(?i)verification"):
        verify(message.replace(b"./.", b"./;"), authority, tmp_path)


def test_a_signed_message_leaves_us_byte_for_byte(
    outside: Outside, person: Account, signer: tuple[Authority, HostFiles], tmp_path: Path
) -> None:
    authority, files = signer
    message, message_id = build(person.address, STRANGER, entity(BODIES["8bit"]), smime, files)
    with outside.submission(person.address, person.password) as client:
        assert transact(client, person.address, STRANGER, message).accepted
    found = poll(lambda: outside.stored(STRANGER, message_id), "the message outside")
    (received,) = found
    whole = received.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert body_of(whole) == body_of(message)
    verify(whole, authority, tmp_path)
