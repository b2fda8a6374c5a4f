"""Signatures of foreign domains: a key of this run, its record in the lab's DNS for a while, signed mail."""

from __future__ import annotations

import base64
import secrets
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

import dkim

from congvu.fleet.client import poll
from congvu.fleet.lab import Lab, run_in
from tests.dns import TXT, ask

_SIGNED = [b"from", b"to", b"subject", b"date", b"message-id"]


@dataclass(frozen=True, slots=True)
class Signer:
    """A domain with a selector and its private key, as PEM."""

    domain: str
    selector: str
    key: bytes

    @property
    def name(self) -> str:
        """Where the public key is looked for."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """What must be published there. A short key, so that the record is one string."""
        public = _openssl("rsa", "-pubout", "-outform", "DER", stdin=self.key)
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"

    def sign(self, message: EmailMessage) -> bytes:
        """The message with a DKIM signature."""
        raw = message.as_bytes(policy=SMTP)
        header = dkim.sign(
            raw, self.selector.encode(), self.domain.encode(), self.key, include_headers=_SIGNED
        )
        return bytes(header) + raw

    def seal(self, message: EmailMessage, results: str) -> bytes:
        """The message with an ARC set that says it was seen with such results."""
        raw = f"Authentication-Results: {self.domain}; {results}\r\n".encode() + message.as_bytes(policy=SMTP)
        headers = dkim.arc_sign(
            raw, self.selector.encode(), self.domain.encode(), self.key, self.domain.encode(), _SIGNED
        )
        return b"".join(bytes(header) for header in headers) + raw


def signer(domain: str) -> Signer:
    """A new key for a domain, under a selector that nobody has asked for yet."""
    key = _openssl("genrsa", "-traditional", "1024")
    return Signer(domain, f"thu{secrets.token_hex(4)}", key)


@contextmanager
def published(lab: Lab, zone: str, name: str, text: str) -> Iterator[None]:
    """A TXT record in a zone of the lab's DNS, for a while."""
    file, server = f"/var/lib/knot/{zone}.zone", lab.host("outside").address
    before = run_in(lab, "outside", "sudo", "cat", file).stdout
    parts = " ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))
    _reload(lab, zone, f"{before}\n{name}. TXT {parts}\n")
    try:
        poll(lambda: ask(server, name, TXT).records, f"{name} in the DNS", seconds=10)
        yield
    finally:
        _reload(lab, zone, before)


def _reload(lab: Lab, zone: str, text: str) -> None:
    # In place: owner and mode stay as the role set them.
    file = shlex.quote(f"/var/lib/knot/{zone}.zone")
    run_in(lab, "outside", "sudo", "sh", "-c", f"cat > {file} && knotc -b zone-reload {zone}", stdin=text)


def _openssl(*words: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *words], input=stdin, capture_output=True, check=True).stdout
