"""Which messages bear a Message-ID, to the letter (pure).

Dovecot's ``HEADER`` search finds pieces, in any case, of what it has decoded. So what it is asked for is
only an `anchor` that the message must contain, and whether a header is the one that is meant is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from congvu.errors import InputError

LONGEST = 990
"""Octets: what a line of a header holds beside its name (RFC 5322, 2.1.1)."""
_UNFOLD = re.compile(r"\r?\n(?=[ \t])")
_PLAIN = re.compile(r"[A-Za-z0-9@._+][A-Za-z0-9@._+-]*")  # a minus in front would be an option


@dataclass(frozen=True, slots=True)
class MessageId:
    """One Message-ID, as somebody gave it."""

    text: str

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read it, with or without its angle brackets; raises `InputError`."""
        text = text.strip()
        if not text.strip("<>") or len(text.encode(errors="surrogateescape")) > LONGEST:
            raise InputError(
                "not a Message-ID", where=repr(text[:80]), hint="<letters@host>, from the header"
            )
        if any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in text):
            raise InputError(
                "a Message-ID is on one line and has no control characters", where=repr(text[:80])
            )
        return cls(text)

    @property
    def anchor(self) -> str:
        """What every header with this Message-ID contains, however Dovecot decodes it; may be empty."""
        if "=?" in self.text:  # Dovecot searches what such a word stands for
            return ""
        return max(_PLAIN.findall(self.text), key=len, default="")

    def is_in(self, headers: Iterable[str]) -> bool:
        """Whether one of these values of ``Message-ID`` headers, folded or not, is this one. Case counts."""
        meant = {self.text} if self.text.startswith("<") else {self.text, f"<{self.text}>"}
        return any(_UNFOLD.sub("", value).strip() in meant for value in headers)

    def __str__(self) -> str:
        return self.text
