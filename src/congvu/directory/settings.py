"""How the directory is reached: a part of the settings of the sync (`congvu.sync.settings`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from congvu.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Provider:
    """One LDAP server that holds the directory. The connection is always under TLS."""

    uri: str
    """``ldaps://host`` or ``ldap://host`` (with StartTLS), optionally with a port."""
    tls_name: str | None = None
    """The name the certificate must bear, where it differs from the host in `uri`."""
    start_tls: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.uri)
        if parts.scheme not in ("ldap", "ldaps") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError(f"uri: {self.uri!r} is not ldaps://host or ldap://host")
        if (parts.scheme == "ldap") != self.start_tls:
            raise ValueError(
                "start_tls: must be true with ldap:// and left out with ldaps://; plain LDAP is refused"
            )
        try:
            parts.port  # noqa: B018  (reading it checks it)
        except ValueError:
            raise ValueError(f"uri: the port in {self.uri!r} is not a number") from None

    @property
    def host(self) -> str:
        """Host name or address to connect to."""
        return urlsplit(self.uri).hostname or ""

    @property
    def port(self) -> int:
        """Port to connect to: 636 for ``ldaps``, 389 for ``ldap`` unless given."""
        return urlsplit(self.uri).port or (389 if self.start_tls else 636)


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """How to reach the directory, and as whom."""

    providers: tuple[Provider, ...]
    """Servers of the same directory, in the order in which they are tried."""
    bind_dn: str
    password_file: Path
    """Holds the password of `bind_dn`; a newline at its end does not count."""
    base: str
    """Suffix of the directory; it must exist."""
    ca_file: Path | None = None
    """Certificates to trust, PEM; the system's own when left out."""

    def __post_init__(self) -> None:
        if not self.providers:
            raise ValueError("providers: names no server")

    def preferring(self, uri: str) -> Self:
        """The same, with the provider of this URI tried first."""
        return replace(self, providers=tuple(sorted(self.providers, key=lambda one: one.uri != uri)))

    def password(self) -> str:
        """The password of `bind_dn`; raises `SettingsError` when the file cannot be read or is empty."""
        try:
            password = self.password_file.read_text(encoding="utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError) as problem:
            raise SettingsError(
                f"cannot read the password: {problem}", where=str(self.password_file)
            ) from None
        if not password:  # an empty password would be an anonymous bind that succeeds (RFC 4513, 5.1.2)
            raise SettingsError("the password is empty", where=str(self.password_file))
        return password
