"""The MTA-STS policy of a site: one text for all its domains, for all have the same mail servers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from congvu.dns.model import StsPolicy

_DIGITS = 20
"""Of the id, which has 32 at most (RFC 8461, 3.1)."""


def text(policy: StsPolicy, exchangers: Iterable[str]) -> str:
    """The policy as it is served (RFC 8461, 3.2), exchangers sorted. The role `web` writes the same bytes."""
    lines = ["version: STSv1", f"mode: {policy.mode}"]
    lines += [f"mx: {name}" for name in sorted(exchangers)]
    lines += [f"max_age: {policy.max_age}"]
    return "\n".join(lines) + "\n"


def identifier(policy: StsPolicy, exchangers: Iterable[str]) -> str:
    """The id in the DNS: senders fetch the policy anew when it differs, so it is made from the text alone."""
    return hashlib.sha256(text(policy, exchangers).encode()).hexdigest()[:_DIGITS]
