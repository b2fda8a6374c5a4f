"""The few LDAP messages that are sent and read in bulk, to bytes and back (RFC 4511, X.690; pure).

ldap3 encodes and decodes everything else, and `entries` reads what a search finds. BER as LDAP restricts it
(RFC 4511, 5.1): definite lengths only.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from congvu.directory.model import Entry

ENTRY, DONE, REFERENCE, INTERMEDIATE = 0x64, 0x65, 0x73, 0x79
"""Tags of the responses to a search (RFC 4511, 4.5.2, 4.13)."""
LARGEST = 64 << 20
"""Octets that one message may have; a length beyond is no LDAP."""


class Malformed(ValueError):
    """These bytes are not the message that was expected."""


@dataclass(frozen=True, slots=True)
class Result:
    """The end of an operation (RFC 4511, 4.1.9)."""

    code: int
    message: str
    """What the server says about it."""
    cookie: bytes = b""
    """Where the next page of a search begins (RFC 2696); empty: nowhere."""


# --- Encoding


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


_SHORT = [bytes((size,)) for size in range(0x80)]


def tlv(tag: int, content: bytes) -> bytes:
    """One element."""
    size = len(content)
    return bytes((tag,)) + (_SHORT[size] if size < 0x80 else _length(size)) + content


def _integer(value: int, tag: int = 0x02) -> bytes:
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _string(text: str) -> bytes:
    content = text.encode("utf-8", errors="surrogateescape")
    size = len(content)
    return b"\x04" + (_SHORT[size] if size < 0x80 else _length(size)) + content


@functools.lru_cache(maxsize=4096)
def _shared(name: str, values: tuple[str, ...]) -> bytes:
    """`_attribute` for what many entries have in common."""
    return _attribute(name, values)


def _attribute(name: str, values: Iterable[str]) -> bytes:
    return tlv(0x30, _string(name) + tlv(0x31, b"".join([_string(value) for value in values])))


def message(number: int, operation: bytes, *controls: bytes) -> bytes:
    """An LDAPMessage."""
    more = tlv(0xA0, b"".join(controls)) if controls else b""
    return tlv(0x30, _integer(number) + operation + more)


def add(entry: Entry) -> bytes:
    """An AddRequest (RFC 4511, 4.7)."""
    attributes = b"".join([_shared(name, tuple(values)) for name, values in entry.attributes.items()])
    return tlv(0x68, _string(entry.dn) + tlv(0x30, attributes))


def replace(dn: str, attributes: Mapping[str, Iterable[str]]) -> bytes:
    """A ModifyRequest that gives each attribute exactly these values; none removes it (RFC 4511, 4.6)."""
    changes = [tlv(0x30, b"\x0a\x01\x02" + _attribute(name, values)) for name, values in attributes.items()]
    return tlv(0x66, _string(dn) + tlv(0x30, b"".join(changes)))


def _control(oid: str, value: bytes, critical: bytes = b"") -> bytes:
    return tlv(0x30, _string(oid) + critical + tlv(0x04, value))


def page(size: int, cookie: bytes) -> bytes:
    """The control that asks for a page of a search (RFC 2696); who does not know it gives all at once."""
    return _control("1.2.840.113556.1.4.319", tlv(0x30, _integer(size) + tlv(0x04, cookie)))


def assertion(attributes: Mapping[str, Sequence[str]]) -> bytes:
    """The control that lets an operation happen only if each attribute has these values (RFC 4528), critical.

    Of an attribute without values it asserts that there are none.
    """
    parts = [
        part
        for name, values in attributes.items()
        for part in (
            [tlv(0xA3, _string(name) + _string(value)) for value in values]
            or [tlv(0xA2, tlv(0x87, name.encode()))]
        )
    ]
    return _control("1.3.6.1.1.12", tlv(0xA0, b"".join(parts)), b"\x01\x01\xff")


# --- Decoding


def element(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, and begin and end of the content, of the element at `at`.

    Raises `Malformed` when its length is indefinite, ``IndexError`` when the header is not complete.
    """
    size = data[at + 1]
    begin = at + 2
    if size >= 0x80:
        count = size & 0x7F
        if not 0 < count < 8:
            raise Malformed("a length that LDAP does not have")
        if len(data) < begin + count:
            raise IndexError
        size = int.from_bytes(data[begin : begin + count], "big")
        begin += count
    return data[at], begin, begin + size


def split(body: bytes) -> tuple[int, int]:
    """Message number, and where the operation begins, in the content of an LDAPMessage."""
    try:
        _, first, last = element(body, 0)
        return int.from_bytes(body[first:last], "big"), last
    except IndexError:
        raise Malformed("a message that ends before it is complete") from None


def result(body: bytes) -> Result:
    """The LDAPResult in a response, with the cookie of a page if there is one; raises `Malformed`."""
    try:
        _, at = split(body)
        _, at, end = element(body, at)
        _, first, last = element(body, at)
        code = int.from_bytes(body[first:last], "big")
        _, _, at = element(body, last)  # matchedDN
        _, first, last = element(body, at)
        return Result(code, body[first:last].decode("utf-8", errors="replace"), _cookie(body, end))
    except IndexError:
        raise Malformed("a result that ends before it is complete") from None


def _cookie(body: bytes, at: int) -> bytes:
    if at >= len(body):
        return b""
    _, at, end = element(body, at)
    while at < end:
        _, inner, at = element(body, at)
        _, first, last = element(body, inner)
        if body[first:last] != b"1.2.840.113556.1.4.319":
            continue
        tag, first, last = element(body, last)
        if tag == 0x01:  # criticality
            tag, first, last = element(body, last)
        _, first, last = element(body, first)
        _, _, last = element(body, first)  # an estimate of the size
        _, first, last = element(body, last)
        return body[first:last]
    return b""
