"""The other end of a connection, by ldap3's encoder and decoder: what our messages are checked against."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ldap3.operation.add import add_request_to_dict
from ldap3.operation.modify import modify_request_to_dict
from ldap3.protocol import rfc4511
from ldap3.protocol.rfc2696 import Cookie, OctetString, RealSearchControlValue, Size
from ldap3.utils.asn1 import decoder, encode

PAGED = "1.2.840.113556.1.4.319"
Answer = Iterable[bytes]


def wrapped(number: int, name: str, operation: Any, *controls: Any) -> bytes:
    """An LDAPMessage."""
    message = rfc4511.LDAPMessage()
    message["messageID"] = rfc4511.MessageID(number)
    message["protocolOp"] = rfc4511.ProtocolOp().setComponentByName(name, operation)
    if controls:
        listed = rfc4511.Controls()
        for index, control in enumerate(controls):
            listed.setComponentByPosition(index, control)
        message["controls"] = listed
    return bytes(encode(message))


def entry(number: int, dn: bytes, attributes: Mapping[str, Sequence[bytes]]) -> bytes:
    """A SearchResultEntry."""
    found = rfc4511.SearchResultEntry()
    found["object"] = rfc4511.LDAPDN(dn)
    listed = rfc4511.PartialAttributeList()
    for index, (name, values) in enumerate(attributes.items()):
        attribute = rfc4511.PartialAttribute()
        attribute["type"] = rfc4511.AttributeDescription(name)
        vals = rfc4511.Vals()
        for at, value in enumerate(values):
            vals.setComponentByPosition(at, rfc4511.AttributeValue(value))
        attribute["vals"] = vals
        listed.setComponentByPosition(index, attribute)
    found["attributes"] = listed
    return wrapped(number, "searchResEntry", found)


def result(number: int, name: str, code: int = 0, message: str = "", cookie: bytes | None = None) -> bytes:
    """A response that is a result: ``searchResDone``, ``addResponse``, ``modifyResponse``."""
    kinds = {
        "searchResDone": rfc4511.SearchResultDone,
        "addResponse": rfc4511.AddResponse,
        "modifyResponse": rfc4511.ModifyResponse,
    }
    done = kinds[name]()
    done["resultCode"] = rfc4511.ResultCode(code)
    done["matchedDN"] = rfc4511.LDAPDN("")
    done["diagnosticMessage"] = rfc4511.LDAPString(message.encode())
    if cookie is None:
        return wrapped(number, name, done)
    value = RealSearchControlValue()
    value["size"], value["cookie"] = Size(7), Cookie(cookie)
    control = rfc4511.Control()
    control["controlType"] = rfc4511.LDAPOID(PAGED)
    control["criticality"] = rfc4511.Criticality(False)
    control["controlValue"] = OctetString(encode(value))
    return wrapped(number, name, done, control)


def reference(number: int) -> bytes:
    """A SearchResultReference."""
    found = rfc4511.SearchResultReference()
    found.setComponentByPosition(0, rfc4511.URI("ldap://elsewhere"))
    return wrapped(number, "searchResRef", found)


def disconnection() -> bytes:
    """The notice of disconnection (RFC 4511, 4.4.1)."""
    notice = rfc4511.ExtendedResponse()
    notice["resultCode"] = rfc4511.ResultCode(52)
    notice["matchedDN"], notice["diagnosticMessage"] = rfc4511.LDAPDN(""), rfc4511.LDAPString("shutting down")
    return wrapped(0, "extendedResp", notice)


def requests(data: bytes) -> list[Any]:
    """The messages in these octets."""
    found = []
    while data:
        message, data = decoder.decode(data, asn1Spec=rfc4511.LDAPMessage())
        found.append(message)
    return found


def number_of(message: Any) -> int:
    """The number of a message."""
    return int(message["messageID"])


def kind_of(message: Any) -> str:
    """The name of the operation in a message."""
    return str(message["protocolOp"].getName())


def cookie_of(message: Any) -> bytes:
    """The cookie with which a page of a search is asked for."""
    (control,) = message["controls"]
    value, _ = decoder.decode(bytes(control["controlValue"]), asn1Spec=RealSearchControlValue())
    return bytes(value["cookie"])


def operation_of(message: Any) -> dict[str, Any]:
    """An AddRequest or a ModifyRequest as ldap3 reads it."""
    readers = {"addRequest": add_request_to_dict, "modifyRequest": modify_request_to_dict}
    read: dict[str, Any] = readers[kind_of(message)](message["protocolOp"].getComponent())
    return read


class FakeSocket:
    """A socket whose other end is `serve`: one message in, any number of encoded messages out."""

    def __init__(self, serve: Callable[[Any], Answer], *, chunk: int = 1 << 18) -> None:
        self._serve = serve
        self._chunk = chunk
        self._out: deque[bytes] = deque()
        self.seen: list[Any] = []
        """Messages that were sent to us."""

    def sendall(self, data: bytes, /) -> None:
        for message in requests(data):
            self.seen.append(message)
            self._out.extend(self._serve(message))

    def recv(self, size: int, /) -> bytes:
        if not self._out:
            return b""
        first = self._out.popleft()
        take = min(size, self._chunk)
        if first[take:]:
            self._out.appendleft(first[take:])
        return first[:take]
