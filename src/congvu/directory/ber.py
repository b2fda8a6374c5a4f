"""The few LDAP messages that are sent and read in bulk, to bytes and back (RFC 4511, X.690; pure).

ldap3 encodes and decodes everything else. Its decoder needs forty times as long as ``ldapsearch``, this one
twice as long. BER as LDAP restricts it (RFC 4511, 5.1): definite lengths only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from congvu.directory.model import Entry

ENTRY, DONE, REFERENCE, INTERMEDIATE = 0x64, 0x65, 0x73, 0x79
"""Tags of the responses to a search (RFC 4511, 4.5.2, 4.13)."""
LARGEST = 64 << 20
"""Octets that one message may have; a length beyond is no LDAP."""
KNOWN_VALUES = 1000
"""Different values of one attribute that are kept as one object each."""

Known = dict[bytes, tuple[str, tuple[str, ...]]]


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


def tlv(tag: int, content: bytes) -> bytes:
    """One element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    return bytes((tag,)) + _length(size) + content


def _integer(value: int, tag: int = 0x02) -> bytes:
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(text: str) -> bytes:
    """The content of a string; what was read with `Decoder` comes out as it came in."""
    return text.encode("utf-8", errors="surrogateescape")


def _string(text: str) -> bytes:
    return tlv(0x04, octets(text))


def _attribute(name: str, values: Iterable[str]) -> bytes:
    return tlv(0x30, _string(name) + tlv(0x31, b"".join([_string(value) for value in values])))


def message(number: int, operation: bytes, *controls: bytes) -> bytes:
    """An LDAPMessage."""
    more = tlv(0xA0, b"".join(controls)) if controls else b""
    return tlv(0x30, _integer(number) + operation + more)


def add(entry: Entry) -> bytes:
    """An AddRequest (RFC 4511, 4.7)."""
    attributes = b"".join([_attribute(name, values) for name, values in entry.attributes.items()])
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
            or [tlv(0xA2, tlv(0x87, octets(name)))]
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


class Decoder:
    """Reads entries. What many entries have in common becomes one object, so 100,000 fit into memory."""

    def __init__(self) -> None:
        self._known: Known = {}
        self._names: dict[bytes, str] = {}
        self._counts: dict[str, int] = {}

    def entry(self, operation: bytes) -> Entry:
        """The entry in a SearchResultEntry (RFC 4511, 4.5.2); raises `Malformed`.

        Values that are no UTF-8 keep their bytes (``surrogateescape``).
        """
        try:
            return self._entry(operation)
        except IndexError:
            raise Malformed("an entry that ends before it is complete") from None

    def _entry(self, frame: bytes) -> Entry:
        _, at, _ = element(frame, 0)
        _, first, at = element(frame, at)
        dn = frame[first:at].decode("utf-8", errors="surrogateescape")
        _, at, end = element(frame, at)
        known, attributes = self._known, {}
        here: dict[bytes, tuple[str, ...]] = {}
        while at < end:
            size = frame[at + 1]
            last = at + 2 + size if size < 0x80 else element(frame, at)[2]
            whole = frame[at:last]
            pair = known.get(whole)
            if pair is None:
                pair = self._attribute(whole, here)
            attributes[pair[0]] = pair[1]
            at = last
        return Entry(dn, attributes)

    def _attribute(self, whole: bytes, here: dict[bytes, tuple[str, ...]]) -> tuple[str, tuple[str, ...]]:
        """Name and values of an attribute that is not known yet; `here` are the values of this entry."""
        _, at, _ = element(whole, 0)
        _, first, last = element(whole, at)
        octets_ = whole[first:last]
        name = self._names.get(octets_)
        if name is None:
            name = self._names[octets_] = octets_.decode()
        listed = whole[last:]
        values = here.get(listed)  # an address is mail and mailLocalAddress, a name cn and displayName
        if values is None:
            values = here[listed] = _values(listed)
        count = self._counts.get(name, 0)
        if count < KNOWN_VALUES:
            self._counts[name] = count + 1
            self._known[whole] = name, values
        return name, values


def _values(listed: bytes) -> tuple[str, ...]:
    _, at, end = element(listed, 0)
    found = []
    while at < end:
        size = listed[at + 1]
        if size < 0x80:
            first, last = at + 2, at + 2 + size
        else:
            _, first, last = element(listed, at)
        found.append(listed[first:last].decode("utf-8", errors="surrogateescape"))
        at = last
    return tuple(found)
