"""SPF records (RFC 7208)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from congvu.errors import SettingsError

MOST_LOOKUPS = 10
"""Terms of one evaluation that make receivers ask the DNS (RFC 7208, 4.6.4)."""
_MECHANISM = re.compile(
    r"[+?~-]?(ip4:[0-9./]+|ip6:[0-9A-Fa-f:./]+|(include|exists):\S+|(a|mx)(:[^\s/]+)?(/\d+)?(//\d+)?)"
)
_ASKS = re.compile(r"[+?~-]?(include|exists|ptr|a|mx)([:/]|$)|redirect=")


def record(also: Iterable[str] = ()) -> str:
    """The record of a domain whose mail comes from its mail servers, from `also`, and from nobody else.

    Raises `SettingsError` for what is no mechanism, and when receivers would have to ask too often.
    """
    terms = ["mx", *also]
    for term in terms:
        if not _MECHANISM.fullmatch(term):
            raise SettingsError(
                f"{term!r} is no mechanism of SPF", where="dns_spf_also", hint="such as ip4:192.0.2.25"
            )
    if lookups(terms) > MOST_LOOKUPS:
        raise SettingsError(
            f"{lookups(terms)} terms ask the DNS, {MOST_LOOKUPS} are allowed (RFC 7208, 4.6.4)",
            where="dns_spf_also",
            hint="write addresses (ip4:, ip6:) in place of names",
        )
    return " ".join(["v=spf1", *terms, "-all"])


def lookups(terms: Iterable[str]) -> int:
    """How many of the terms make a receiver ask the DNS."""
    return sum(bool(_ASKS.match(term.lower())) for term in terms)


def includes(text: str) -> tuple[str, ...]:
    """The domains whose records a record takes in, `redirect=` included."""
    return tuple(re.findall(r"(?:^|\s)(?:[+?~-]?include:|redirect=)(\S+)", text))
