"""Distinguished names: written with any value, and compared however they are written (RFC 4514; pure)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_PLAIN = re.compile(r"(?:[a-zA-Z0-9.-]+=[!$-*\--:?-\[\]-~]*(?:,|$))*")
"""A DN without escapes, blanks, RDNs of several values and letters beyond ASCII: nearly all of ours."""
_ESCAPED = re.compile(r"(?:\\[0-9a-fA-F]{2})+|\\.", re.DOTALL)
_RESERVED = re.compile(r'[,+"\\<>;=#\0]')
_PART = {mark: re.compile(rf"(?:[^\\{mark}]|\\.)*", re.DOTALL) for mark in ",+"}


def dn_key(dn: str) -> str:
    """A form in which two spellings of one DN are equal, as ``caseIgnoreMatch`` finds them (RFC 4518).

    A comma in it always parts two RDNs; one within a value is ``\\2c``.
    """
    if _PLAIN.fullmatch(dn):
        return dn.lower()
    return ",".join("+".join(sorted(map(_pair, _parts(rdn, "+")))) for rdn in _parts(dn, ","))


def escape(value: str) -> str:
    """`value` as it is written in a DN (RFC 4514, 2.4)."""
    text = _RESERVED.sub(_hex, value)
    if text.startswith(" "):
        text = _hex(" ") + text[1:]
    return text[:-1] + _hex(" ") if text.endswith(" ") else text


def _parts(text: str, mark: str) -> list[str]:
    """`text` cut at each `mark` that is not escaped."""
    found, at = [], 0
    while at <= len(text):
        match = _PART[mark].match(text, at)
        end = match.end() if match else len(text)
        found.append(text[at:end])
        at = end + 1
    return found


def _pair(text: str) -> str:
    """The key of an attribute and its value: NFC, one case, one blank for several, none at the ends."""
    attribute, _, value = text.partition("=")
    plain = unicodedata.normalize("NFC", _ESCAPED.sub(_unescape, value)).lower()
    words = " ".join(word for word in plain.split(" ") if word)
    return f"{attribute.strip().lower()}={_RESERVED.sub(_hex, words)}"


def _unescape(match: re.Match[str]) -> str:
    escaped = match[0]
    if len(escaped) == 2:
        return escaped[1]
    return bytes.fromhex(escaped.replace("\\", "")).decode("utf-8", errors="surrogateescape")


def _hex(mark: re.Match[str] | str) -> str:
    return f"\\{ord(mark[0]):02x}"


@cache
def mail_domain(container: str) -> str:
    """The mail domain of what lies in `container`, such as ``ou=people,dc=lamdong,dc=gov,dc=vn``."""
    return ".".join(part[3:] for part in container.lower().split(",") if part.startswith("dc="))
