#!/usr/bin/python3
"""The way out for what users' filters send: redirects and vacation replies. Speaks SMTP to who calls.

Dovecot hands over here, this hands on to Postfix and answers what Postfix answered: what Postfix does not
take is not sent, and Dovecot keeps the message or tries again. Refused for good, so that the message stays in
the mailbox: a redirect to another's domain where the policy of the mailbox forbids it (HT-6.8); its owner is
told, once a day for each address. And a reply under a name that is not the mailbox's own.
"""

from __future__ import annotations

import hashlib
import os
import re
import smtplib
import socket
import sys
import time
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from pathlib import Path
from typing import Any, BinaryIO

import notices

REDIRECT = "X-Sieve-Redirected-From"
"""Pigeonhole puts it on top of what it redirects. Further down, anybody may have written it: the text of a
reply with `:mime` begins with headers of its writer's choice."""
_TOP = 2
"""Pigeonhole's own fields at the top: X-Sieve and this one, or X-Sieve and Message-ID."""
_SENDERS = ("Sender", "Resent-From", "Resent-Sender")
SECONDS = 330
"""For each reply of Postfix, which waits for its filter for 300 s. Whoever hangs up before sends twice."""
_PATH = re.compile(r"(?:FROM|TO):\s*<([^>]*)>\s*(.*)", re.IGNORECASE)
_LARGEST = 128 << 20
_DAY = 86400


class Refused(Exception):
    """Not sent; the text is a whole SMTP reply."""


class Envelope:
    """What MAIL and RCPT said."""

    def __init__(self) -> None:
        self.sender: str | None = None
        self.options: list[str] = []
        self.recipients: list[str] = []


class Postfix:
    """Postfix on this host, which takes mail from here without a login."""

    def __init__(self, host: str, port: int) -> None:
        self._at = (host, port)

    def take(self, sender: str, options: list[str], recipients: list[str], message: bytes) -> str:
        """Its reply to the message; raises `Refused` with the first that is not positive."""
        try:
            with smtplib.SMTP(*self._at, local_hostname=socket.gethostname(), timeout=SECONDS) as client:
                client.ehlo()
                self._must(client.mail(sender, options))
                for recipient in recipients:
                    self._must(client.rcpt(recipient))
                return self._must(client.data(re.sub(rb"\r?\n", b"\r\n", message)))
        except smtplib.SMTPDataError as refusal:  # the reply to DATA itself
            raise Refused(f"{refusal.smtp_code} {_words(refusal.smtp_error)}") from refusal
        except (OSError, smtplib.SMTPException) as failure:
            raise Refused(f"451 4.3.0 Postfix does not answer: {failure}") from failure

    @staticmethod
    def _must(reply: tuple[int, bytes]) -> str:
        code, text = reply
        words = f"{code} {_words(text)}"
        if not 200 <= code <= 299:
            raise Refused(words)
        return words


class Gate:
    """What may go out, and who is told of what may not."""

    def __init__(self, domains: dict[str, dict[str, Any]], postfix: Postfix, told: Path) -> None:
        self._domains, self._postfix, self._told = domains, postfix, told

    def judge(self, envelope: Envelope, headers: Message) -> None:
        """Raise `Refused` for what may not be sent."""
        owner = _owner(headers)
        if not owner:
            own = (envelope.sender or "").lower()
            shown = [one.lower() for _, one in getaddresses(map(_text, headers.get_all("From", [])))]
            others = any(name in headers for name in _SENDERS)
            if notices.domain_of(own) not in self._domains or shown != [own] or others:
                raise Refused("550 5.7.1 a reply bears the mailbox's own address, no other")
            return
        policy = self._domains.get(notices.domain_of(owner), {"forward_out": "forbid"})
        if policy["forward_out"] != "allow" and self.outside(envelope):
            raise Refused("550 5.7.1 this mail domain forbids forwarding to outside")

    def outside(self, envelope: Envelope) -> list[str]:
        """The recipients that are not ours."""
        return [each for each in envelope.recipients if notices.domain_of(each) not in self._domains]

    def tell(self, envelope: Envelope, headers: Message) -> None:
        """Tell the owner of the mailbox which redirect was refused; a notice of ours begets no other."""
        owner = _owner(headers)
        policy = self._domains.get(notices.domain_of(owner))
        if policy is None or notices.HEADER in headers:
            return
        for recipient in self.outside(envelope):
            if mark := self._news(owner, recipient):
                notice = notices.compose(
                    "forward",
                    policy,
                    owner,
                    "",
                    recipient=recipient,
                    subject=_text(headers["Subject"]),
                    sender=_text(headers["From"]),
                )
                try:
                    self._postfix.take("", [], [owner], notice.as_bytes())
                except Refused:
                    mark.unlink(missing_ok=True)
                    raise

    def _news(self, owner: str, recipient: str) -> Path | None:
        """The mark that was made just now; None where the owner has been told today."""
        old = time.time() - _DAY
        for other in self._told.iterdir():
            if other.stat().st_mtime < old:
                other.unlink(missing_ok=True)
        mark = self._told / hashlib.sha256(f"{owner} {recipient}".lower().encode()).hexdigest()
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return None
        return mark


class Session:
    """One connection of Dovecot's."""

    def __init__(self, gate: Gate, postfix: Postfix, reader: BinaryIO, writer: BinaryIO) -> None:
        self._gate, self._postfix, self._reader, self._writer = gate, postfix, reader, writer
        self._envelope = Envelope()

    def run(self) -> None:
        """Until QUIT, or the end of the connection."""
        self._say("220 sieve submission")
        for line in iter(self._reader.readline, b""):
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            if verb.upper() == "QUIT":
                self._say("221 2.0.0 bye")
                return
            self._say(*self._answer(verb.upper(), rest))

    def _answer(self, verb: str, rest: str) -> list[str]:
        found = _PATH.fullmatch(rest)
        if verb == "EHLO":
            return ["250-sieve", "250-8BITMIME", "250-SMTPUTF8", "250 ENHANCEDSTATUSCODES"]
        if verb in {"HELO", "NOOP", "RSET"}:
            self._envelope = Envelope() if verb == "RSET" else self._envelope
            return ["250 2.0.0 ok"]
        if verb == "MAIL" and found:
            self._envelope = Envelope()
            self._envelope.sender, self._envelope.options = found[1], found[2].split()
            return ["250 2.1.0 ok"]
        if verb == "RCPT" and found and self._envelope.sender is not None:
            self._envelope.recipients.append(found[1])
            return ["250 2.1.5 ok"]
        if verb == "DATA" and self._envelope.recipients:
            self._say("354 end with a dot")
            return [self._take(b"".join(self._lines()))]
        return ["503 5.5.1 not now"]

    def _lines(self) -> Iterator[bytes]:
        size = 0
        for line in iter(self._reader.readline, b""):
            if line.rstrip(b"\r\n") == b".":
                return
            size += len(line)
            if size > _LARGEST:
                raise SystemExit("a message larger than any that Postfix takes")
            yield line.removeprefix(b".")
        raise SystemExit("the connection ended within a message")

    def _take(self, message: bytes) -> str:
        envelope, self._envelope = self._envelope, Envelope()
        headers = BytesHeaderParser().parsebytes(message)
        try:
            self._gate.judge(envelope, headers)
        except Refused as refusal:
            self._tell(envelope, headers)
            return str(refusal)
        # A reply goes out without a sender, so that nothing answers it (RFC 3834).
        sender = (envelope.sender or "") if _owner(headers) else ""
        try:
            return self._postfix.take(sender, envelope.options, envelope.recipients, message)
        except Refused as refusal:
            return str(refusal)

    def _tell(self, envelope: Envelope, headers: Message) -> None:
        try:
            self._gate.tell(envelope, headers)
        except Refused as refusal:  # the message is safe; only the notice is not sent
            print(f"no notice to {_owner(headers)}: {refusal}", file=sys.stderr)  # noqa: T201

    def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        self._writer.flush()


def _owner(headers: Message) -> str:
    """The mailbox whose filter redirected; empty for a reply."""
    top = list(headers.raw_items())[:_TOP]
    return next((_text(value) for name, value in top if name.lower() == REDIRECT.lower()), "")


def _words(text: bytes | str) -> str:
    """A reply in one line."""
    return " ".join((text if isinstance(text, str) else text.decode("utf-8", "replace")).split())


def _text(value: object) -> str:
    """A header's value in one line, as people read it; none is empty."""
    raw = str(value or "")
    try:
        return " ".join(str(make_header(decode_header(raw))).split())
    except (LookupError, UnicodeError, ValueError):
        return " ".join(raw.encode("ascii", "replace").decode().split())


def main(host: str, port: str) -> None:
    """Serve the connection that systemd accepted."""
    postfix = Postfix(host, int(port))
    gate = Gate(notices.load(), postfix, Path(os.environ["STATE_DIRECTORY"]))
    Session(gate, postfix, sys.stdin.buffer, sys.stdout.buffer).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
