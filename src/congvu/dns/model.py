"""Facts of a site, and records that come of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_STRING = 255
"""Octets in one character-string of a TXT record (RFC 1035, 3.3)."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record. Names are absolute, in lower-case ASCII, with the final dot."""

    name: str
    type: str
    data: str
    """In master-file notation; of a TXT record the text itself, in one piece and without quotes."""
    why: str
    """What it is for, in one sentence for whoever enters it."""

    @property
    def rdata(self) -> str:
        """The data in master-file notation (RFC 1035, 5.1): a text in quotes, in pieces of 255 octets."""
        if self.type != "TXT":
            return self.data
        octets = self.data.encode()
        pieces = [octets[start : start + _STRING] for start in range(0, len(octets), _STRING)] or [b""]
        return " ".join(f'"{"".join(map(_escaped, piece))}"' for piece in pieces)


def _escaped(octet: int) -> str:
    letter = chr(octet)
    if letter in '"\\':
        return f"\\{letter}"
    return letter if 0x20 <= octet < 0x7F else f"\\{octet:03d}"


@dataclass(frozen=True, slots=True)
class Group:
    """The records of one domain, and what is not known yet of them."""

    domain: str
    records: tuple[Record, ...]
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A public key as its mail server wrote it; one that does not sign is a former or a coming one."""

    selector: str
    record: str
    signs: bool


@dataclass(frozen=True, slots=True)
class MailHost:
    """A mail server."""

    fqdn: str
    addresses: tuple[str, ...]
    """IPv4 and IPv6, as the world reaches it; empty when they are not known."""
    keys: tuple[str, ...]
    """SHA-256 of the public keys of its certificates, now and next, in hexadecimal (TLSA 3 1 1)."""
    preference: int = 10


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """What MTA-STS asks of senders (RFC 8461, 3.2)."""

    mode: str
    """`testing` or `enforce`, or `none` while it is being taken away."""
    max_age: int
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Site:
    """All that the records are made from."""

    domains: tuple[str, ...]
    hosts: tuple[MailHost, ...]
    client_host: str
    """The host that mail programs connect to, for mail and for their settings."""
    dkim: Mapping[str, tuple[DkimKey, ...]]
    former_domains: tuple[str, ...] = ()
    """Domains whose addresses still deliver, but that nobody sets up a mail program for."""
    web_names: tuple[str, ...] = ("mta-sts", "autoconfig", "autodiscover")
    """Which of these names each domain has; the certificate must hold for them."""
    sts: StsPolicy = field(default_factory=lambda: StsPolicy("testing", 604800))
    dmarc_policy: str = "none"
    dmarc_reports: str = "dmarc"
    """A local part in each domain, or one address for all."""
    tls_reports: str = "tlsrpt"
    """As `dmarc_reports`."""
    spf_also: tuple[str, ...] = ()
    """Mechanisms besides `mx`: who else sends for the domains."""
    caa: tuple[str, ...] = ()
    """Authorities that may issue certificates; none: no CAA records."""
