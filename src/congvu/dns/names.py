"""Names of domains and hosts, as the DNS has them."""

from __future__ import annotations

import re

from congvu.errors import SettingsError

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LONGEST = 253
"""Characters of a name without its final dot (RFC 1035, 2.3.4)."""


def ascii_name(text: str) -> str:
    """The name in lower-case ASCII without the final dot; letters beyond ASCII in Punycode (RFC 3490).

    Raises `SettingsError` for what is no domain name.
    """
    try:
        name = text.strip().removesuffix(".").encode("idna").decode().lower()
    except UnicodeError as error:
        raise SettingsError(f"{text!r} is no domain name: {error}") from error
    if len(name) > _LONGEST or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise SettingsError(f"{text!r} is no domain name", hint="letters, digits and hyphens between dots")
    return name


def absolute(name: str, *labels: str) -> str:
    """The name below `labels`, with its final dot."""
    return ".".join((*labels, name, ""))


def zone_of(name: str, domains: tuple[str, ...]) -> str:
    """The nearest of the domains that the name is in, or else the domain right above it."""
    above = [domain for domain in domains if name == domain or name.endswith(f".{domain}")]
    return max(above, key=len) if above else name.partition(".")[2]
