"""What a message with a request says, and what proves who sent it (pure).

Postfix takes mail to a request address from logins alone, and only with a sender that the login may use. So
``Return-Path``, which the delivery writes on top, is the mailbox that sent it. That it was a login is said
once more by the ``Received`` header below it: Postfix puts its own above all that came along.
"""

from __future__ import annotations

import email.policy
import re
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256

_LOGIN = re.compile(r"\sby (?P<host>\S+) \(Postfix\) with (?:UTF8)?E?SMTPS?A\b")
_NUMBER = re.compile(r"(?<![\w/])\d{1,5}(?:/\d{4})?/[A-ZĐ]{1,12}(?:[-.&][A-ZĐ0-9]{1,20}){0,5}(?![\w/])")
_DAY = re.compile(r"ngày\s+(\d{1,2})\s*(?:/|-|tháng)\s*(\d{1,2})\s*(?:/|-|năm)\s*(\d{4})", re.IGNORECASE)
_SCANS = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")
_BOOK = b"PK\x03\x04"
_LONGEST = 200_000
"""Characters of the text that a document's number is looked for in."""


@dataclass(frozen=True, slots=True)
class File:
    """An attachment."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Of the content, in hexadecimal."""
        return sha256(self.content).hexdigest()

    @property
    def is_scan(self) -> bool:
        """Whether it is a PDF or an image by what it holds, whatever it is called."""
        return self.content.startswith(_SCANS)

    @property
    def is_list(self) -> bool:
        """Whether it may be a list: a workbook, or a text with the name of one."""
        return self.content.startswith(_BOOK) or (
            self.name.lower().endswith((".csv", ".tsv")) and not self.is_scan
        )


@dataclass(frozen=True, slots=True)
class Submitted:
    """One message."""

    sender: str
    """The mailbox that sent it, in lower case."""
    logged_in: bool
    shown: str
    """The sender that a reader is shown."""
    message_id: str
    received: str
    """ISO 8601, when Postfix took it; empty where it does not say."""
    subject: str
    text: str
    recipients: tuple[str, ...]
    """All that are shown, in lower case."""
    automatic: bool
    """Whether a program wrote it: it gets no answer (RFC 3834)."""
    files: tuple[File, ...]

    @property
    def document(self) -> str:
        """Number of the document, as subject or text first name one; empty: neither does."""
        found = _NUMBER.search(self.subject) or _NUMBER.search(self.text[:_LONGEST])
        return found[0] if found else ""

    @property
    def document_date(self) -> str:
        """The document's day, where it is written beside its number."""
        return dated(self.subject) or dated(self.text[:_LONGEST])


def dated(text: str) -> str:
    """The day that follows a document's number in `text`, ISO 8601; empty where none does."""
    for number in _NUMBER.finditer(text):
        if day := _DAY.search(text, number.end(), number.end() + 60):
            return f"{int(day[3]):04}-{int(day[2]):02}-{int(day[1]):02}"
    return ""


def read(raw: bytes, host: str) -> Submitted:
    """Read a message that the mail server `host` took and delivered; nothing in it is a reason to fail."""
    head = BytesParser(policy=email.policy.default).parsebytes(raw, headersonly=True)
    found = _quietly(lambda: _parts(raw))
    texts, files = found if isinstance(found, tuple) else ((), ())
    trace = " ".join(_first(head, "Received").split())
    login = _LOGIN.search(trace)
    named = [value for name in ("To", "Cc") for value in _all(head, name)]
    return Submitted(
        sender=_bare(_first(head, "Return-Path")),
        logged_in=bool(login and login["host"].lower() == host.lower()),
        shown=_bare(_first(head, "From")),
        message_id=_first(head, "Message-ID").strip(),
        received=_moment(trace.rpartition(";")[2]),
        subject=_first(head, "Subject"),
        text="\n".join(texts),
        recipients=tuple(address.lower() for _, address in getaddresses(named) if address),
        automatic=_first(head, "Auto-Submitted").strip().lower() not in ("", "no"),
        files=tuple(files),
    )


def _parts(raw: bytes) -> tuple[list[str], list[File]]:
    """The texts and the attachments; raises much on a message that is made to be hard to read."""
    texts: list[str] = []
    files: list[File] = []
    for part in message_from_bytes(raw, policy=email.policy.default).walk():
        if part.is_multipart():
            continue
        name = _writable(str(_quietly(part.get_filename) or ""))
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        if name or part.get_content_maintype() != "text":
            files.append(File(name, content))
        elif part.get_content_type() == "text/plain":
            texts.append(_decoded(content, part.get_content_charset() or "utf-8"))
    return texts, files


def _decoded(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset, errors="replace")
    except (LookupError, ValueError):
        return content.decode(errors="replace")


def _quietly(ask: Callable[[], object]) -> object:
    """What `ask` says; None where the message is too broken for the library."""
    try:
        return ask()
    except (LookupError, ValueError, AttributeError, TypeError, AssertionError, MessageError, RecursionError):
        return None


def _first(message: Message, name: str) -> str:
    return next(iter(_all(message, name)), "")


def _all(message: Message, name: str) -> list[str]:
    """The values of a header, decoded where that goes."""
    found = _quietly(lambda: [str(value) for value in message.get_all(name, [])])
    if not isinstance(found, list):
        found = [str(value) for key, value in message.raw_items() if key.lower() == name.lower()]
    return [_writable(value) for value in found]


def _writable(text: str) -> str:
    """With a question mark for each byte that is no text: half characters cannot be written down."""
    return text.encode(errors="replace").decode()


def _bare(value: str) -> str:
    """The one address of a header, in lower case; empty where there is none, or several."""
    found = [address for _, address in getaddresses([value]) if address]
    return found[0].lower() if len(found) == 1 else ""


def _moment(text: str) -> str:
    moment = _quietly(lambda: parsedate_to_datetime(text.strip()).isoformat())
    return str(moment) if moment else ""
