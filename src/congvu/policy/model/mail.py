"""What a mailbox and a message may be, and the way to the world outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from congvu.policy.values import DomainName, Duration, Extension, Percent, Rate, Size


class OverQuota(StrEnum):
    """What RCPT answers when the mailbox is full. No regulation says it."""

    REJECT = "reject"
    """5xx: the sender learns at once."""
    DEFER = "defer"
    """4xx: the sending host tries again for some days."""


class Handling(StrEnum):
    """What is done with a message."""

    ACCEPT = "accept"
    REPORT = "report"
    """Delivered, and counted in a report."""
    HOLD = "hold"
    """Kept in quarantine until somebody decides."""
    REJECT = "reject"


class Permission(StrEnum):
    """Whether something may be done."""

    ALLOW = "allow"
    FORBID = "forbid"


class Encryption(StrEnum):
    """Whether a message on its way must be encrypted."""

    OPTIONAL = "optional"
    """Encrypted where the other side can (QT-1.1: encrypted or plain)."""
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """What holds for every mailbox."""

    over_quota: OverQuota | None = None
    warn_at: tuple[Percent, ...] | None = None
    """Shares of the quota at which the owner is told, so that the box does not overflow (LD-12.2b)."""
    trash_expires: Duration | None = None
    """Mail in the trash is deleted after this time (LD-12.2b)."""
    junk_expires: Duration | None = None
    """What was taken for spam is deleted after this time."""


@dataclass(frozen=True, slots=True)
class Attachments:
    """Files in a message."""

    limit: Size | None = None
    """Decoded size of all attachments of one message (LD-6.2)."""
    forbidden_extensions: tuple[Extension, ...] | None = None
    """Kinds of file that are refused."""
    encrypted_archives: Handling | None = None
    """Archives that no virus scanner can look into."""
    macros: Handling | None = None
    """Office documents that bring programs with them."""


@dataclass(frozen=True, slots=True)
class Classified:
    """Documents with a mark of secrecy, which must not be sent (LD-4.2, QT-1.4, HT-3.1)."""

    marks: tuple[str, ...]
    """Words that such a document bears, in capitals: MẬT, TỐI MẬT, TUYỆT MẬT."""
    then: Handling | None = None

    def __post_init__(self) -> None:
        for mark in self.marks:
            if mark != mark.upper():
                raise ValueError(f"marks: {mark!r} is not in capitals; a mark is, an ordinary word is not")


@dataclass(frozen=True, slots=True)
class Text:
    """The character set of what is written (LD-8.3, HT-8.1)."""

    standard: str
    """Its name: TCVN 6909:2001, which is Unicode."""
    otherwise: Handling | None = None
    """What is done with mail in TCVN3, VNI or another set of old."""


@dataclass(frozen=True, slots=True)
class Messages:
    """What holds for every message."""

    classified: Classified | None = None
    text: Text | None = None
    encryption: Encryption | None = None
    """On the way between mail hosts (QT-1.1)."""
    equal_to_paper: bool | None = None
    """A message counts as the document and no paper follows (LD-8.2, HT-3.2, HT-4.2g): bodies are handed
    on unchanged, so that signatures stay valid."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Mail between the state's systems and the rest of the world."""

    forward_out: Permission | None = None
    """Whether users may have their mail forwarded to other domains (HT-6.8)."""
    forward_in: Permission | None = None
    """Whether mail that was forwarded automatically from outside is taken."""
    send_limit: Rate | None = None
    """Most messages of one account to outside; more locks it (LD-4.3, LD-11.2)."""
    free_mail: tuple[DomainName, ...] = ()
    """Mail services that must not be used for work (HT-6.8); a contact address there is reported."""
