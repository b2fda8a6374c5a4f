"""A DNS client of a few lines (RFC 1035): one question, straight to one server, no resolver between."""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

A, NS, MX, TXT = 1, 2, 15, 16


@dataclass(frozen=True, slots=True)
class Reply:
    """What a DNS server answered (RFC 1035, 4.1)."""

    authoritative: bool
    code: int
    records: tuple[str, ...]


def ask(server: str, name: str, kind: int) -> Reply:
    """One question over UDP, straight to a server: no resolver's cache or search list between."""
    number = secrets.randbelow(1 << 16)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = labels + b"\0" + struct.pack(">HH", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect((server, 53))
        client.send(struct.pack(">HHHHHH", number, 0, 1, 0, 0, 0) + question)
        message = client.recv(4096)
    answered, flags, _, count, _, _ = struct.unpack(">HHHHHH", message[:12])
    assert answered == number
    return Reply(bool(flags & 0x0400), flags & 0xF, tuple(_records(message, 12 + len(question), count)))


def _records(message: bytes, place: int, count: int) -> Iterator[str]:
    for _ in range(count):
        _, place = _name(message, place)
        kind, _, _, length = struct.unpack(">HHIH", message[place : place + 10])
        place += 10
        yield _value(message, place, length, kind)
        place += length


def _value(message: bytes, place: int, length: int, kind: int) -> str:
    if kind == MX:
        return f"{struct.unpack('>H', message[place : place + 2])[0]} {_name(message, place + 2)[0]}"
    if kind == TXT:
        return message[place + 1 : place + 1 + message[place]].decode()
    if kind == A:
        return socket.inet_ntoa(message[place : place + length])
    return _name(message, place)[0]


def _name(message: bytes, place: int) -> tuple[str, int]:
    labels: list[str] = []
    while length := message[place]:
        if length >= 0xC0:  # a pointer to where the name stands already
            rest = struct.unpack(">H", message[place : place + 2])[0] & 0x3FFF
            return ".".join([*labels, _name(message, rest)[0]]), place + 2
        labels.append(message[place + 1 : place + 1 + length].decode())
        place += 1 + length
    return ".".join(labels), place + 1
