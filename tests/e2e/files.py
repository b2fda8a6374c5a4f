"""Files that a filter must recognise, made by hand: encrypted archives and documents, macros, executables."""

from __future__ import annotations

import base64
import io
import struct
import tarfile
import zipfile

MZ = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00\xb8" + bytes(43) + struct.pack("<I", 64)
"""The head of a Windows program, with the offset of its second head."""
EXE = MZ + b"PE\x00\x00\x4c\x01\x01\x00" + bytes(200)


def zipped(**files: bytes) -> bytes:
    """An archive of files; "__" in a name stands for ".", "___" for "/"."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("___", "/").replace("__", "."), content)
    return buffer.getvalue()


def archive(name: str, content: bytes = b"noi dung") -> bytes:
    """An archive of one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, content)
    return buffer.getvalue()


_SEVEN_ZIP = """
N3q8ryccAARlJk4EeAAAAAAAAAAhAAAAAAAAANIFUqgBAANub2kKAAAAgTMHrg/OP8PniCoxHVtcPWSisXH9SIR9+I8Oifq9Z6sg
048NcYyXTyfL1XkX2qfmvXE3hpuv6ImcBF4+lZyiCGX9JzGFRU2wQ1CwzUJeOfNlreKaLSCljdYCPpv3hBvMyo4RjaLUVPDq5DUA
AAAXBggBCXAABwsBAAEjAwEBBV0AEAAADICOCgH3opbHAAA=
"""
_ENCRYPTED_SEVEN_ZIP = """
N3q8ryccAATSDm0UEAAAAAAAAABiAAAAAAAAADDGVYV8YhZKV5d49B0dJBMcO84VAQQGAAEJEAAHCwEAAiQG8QcBElMPxY6GEKkv
6ljwnr12RnTvUCEhAQABAAwIBAAICgHB6tztAAAFARkBABENAGEALgBwAGQAZgAAABQKAQCint+o8HrdARUGAQAggKSBAAA=
"""
SEVEN_ZIP = base64.b64decode(_SEVEN_ZIP)
"""``thu muc/hoa-don.exe`` and its folder, as Debian's 7-Zip packs them."""
ENCRYPTED_SEVEN_ZIP = base64.b64decode(_ENCRYPTED_SEVEN_ZIP)
"""``a.pdf`` under a password; its name can be read."""


def tar_gz(name: str, content: bytes = b"noi dung") -> bytes:
    """A compressed tar archive of one file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        file.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def tnef(title: str, long_name: str) -> bytes:
    """Outlook's winmail.dat with one attachment, of which Outlook shows the long name ([MS-OXTNEF])."""
    name = long_name.encode("utf-16-le") + bytes(2)
    # One MAPI property, PidTagAttachLongFilename as UTF-16, with one value, padded to four bytes.
    properties = struct.pack("<IIII", 1, 0x3707001F, 1, len(name)) + name + bytes(-len(name) % 4)
    attributes = ((0x00018010, title.encode() + b"\0"), (0x00069005, properties))
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(
        struct.pack("<BII", 2, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
        for kind, data in attributes
    )


def encrypted_zip(name: str = "bao-cao.docx") -> bytes:
    """A zip whose only file is marked as encrypted and stored: noise without the password."""
    data = bytearray(archive(name, bytes(range(40))))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def encrypted_pdf() -> bytes:
    """A PDF whose trailer names an encryption dictionary."""
    return (
        b"%PDF-1.5\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
        b"3 0 obj\n<< /Filter /Standard /V 2 /R 3 /Length 128 /P -3904 /O <"
        + b"41" * 32
        + b"> /U <"
        + b"42" * 32
        + b"> >>\nendobj\nxref\n0 1\n0000000000 65535 f \n"
        b"trailer\n<< /Size 4 /Root 1 0 R /Encrypt 3 0 R /ID [<00><00>] >>\nstartxref\n0\n%%EOF\n"
    )


def ole(*streams: str) -> bytes:
    """A compound file with empty streams of these names ([MS-CFB])."""
    sector = 512
    names = ["Root Entry", *streams]
    folder = b"".join(
        _entry(name, root=number == 0, last=number + 1 == len(names), number=number)
        for number, name in enumerate(names)
    )
    folder += bytes(-len(folder) % sector)
    count = len(folder) // sector
    chain = [0xFFFFFFFD, *range(2, count + 1), 0xFFFFFFFE]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(sector, b"\xff")
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
    )
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    return head.ljust(sector, b"\xff") + table + folder


def _entry(name: str, *, root: bool, last: bool, number: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    following = 0xFFFFFFFF if last or root else number + 1
    child = 1 if root and not last else 0xFFFFFFFF
    head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), 5 if root else 2, 1)
    return (
        head
        + struct.pack("<III", 0xFFFFFFFF, following, child)
        + bytes(36)
        + struct.pack("<IQ", 0xFFFFFFFE, 0)
    )
