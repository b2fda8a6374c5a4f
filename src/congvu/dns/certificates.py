"""Public keys of certificates, as TLSA records name them (RFC 6698): 3 1 1, SHA-256 of the key's SPKI."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from congvu.errors import SettingsError

_PATIENCE = 10.0
"""Seconds for a mail server to answer."""


def of_file(path: Path) -> str:
    """The digest of the key of the first certificate in a PEM file.

    Raises `SettingsError` when the file cannot be read or holds none.
    """
    try:
        return _digest(x509.load_pem_x509_certificate(path.read_bytes()))
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except ValueError as error:
        raise SettingsError("holds no certificate in PEM", where=str(path)) from error


def of_server(address: str, port: int = 25) -> str | None:
    """The digest of the key that a mail server shows after STARTTLS; none while it shows none.

    The certificate is not verified: the record is what makes it known. Ask over a network you trust.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with smtplib.SMTP(address, port, timeout=_PATIENCE) as client:
            client.starttls(context=context)
            shown = client.sock.getpeercert(binary_form=True)  # type: ignore[union-attr]  # an SSLSocket now
    except (OSError, smtplib.SMTPException):
        return None
    return _digest(x509.load_der_x509_certificate(shown)) if shown else None


def _digest(certificate: x509.Certificate) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()
