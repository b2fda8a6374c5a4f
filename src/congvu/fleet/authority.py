"""A certificate authority for a lab, so that the lab's TLS is verified as strictly as a province's.

Real servers bring their own files; the role `tls` sees no difference.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from congvu.files import write_whole

_CA_YEARS, _HOST_DAYS = 10, 397  # browsers refuse host certificates older than 398 days


@dataclass(frozen=True, slots=True)
class HostFiles:
    """Paths of one host's certificate (chain) and key."""

    certificate: Path
    key: Path

    @property
    def digest(self) -> str:
        """SHA-256 of the public key in hexadecimal, as a TLSA record "3 1 1" has it (RFC 6698)."""
        key = x509.load_pem_x509_certificate(self.certificate.read_bytes()).public_key()
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return hashlib.sha256(key.public_bytes(encoding, form)).hexdigest()


class Authority:
    """A certificate authority in a folder of its own; made at the first use, then kept."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.certificate_file = folder / "ca.pem"
        self._key_file = folder / "ca.key"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.certificate_file.exists():
            self._make(name)

    def issue(self, fqdn: str, names: Sequence[str] = ()) -> HostFiles:
        """A certificate for a host and further names it serves, kept between calls while it holds for all.

        The key stays when a name comes in, so that what the DNS says of it (TLSA) stays true.
        """
        files = HostFiles(self.folder / f"{fqdn}.pem", self.folder / f"{fqdn}.key")
        wanted = [fqdn, *(name for name in names if name != fqdn)]
        if files.certificate.exists() and _names(files.certificate) == wanted:
            return files
        ca = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        ca_key = _load(self._key_file)
        key = _load(files.key) if files.key.exists() else ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(fqdn, ca.subject, key.public_key(), dt.timedelta(days=_HOST_DAYS))
            .add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, wanted))), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
            )
        )
        write_whole(files.key, _pem(key))
        write_whole(files.certificate, _pem(builder.sign(ca_key, hashes.SHA256())), 0o644)
        return files

    def _make(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            key_cert_sign=True,
            crl_sign=True,
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )  # fmt: skip  (Python 3.13 refuses a CA without keyUsage)
        builder = (
            _builder(name, subject, key.public_key(), dt.timedelta(days=365 * _CA_YEARS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
        )
        write_whole(self._key_file, _pem(key))
        write_whole(self.certificate_file, _pem(builder.sign(key, hashes.SHA256())), 0o644)


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, lifetime: dt.timedelta
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))  # a host's clock may be a little behind
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _names(certificate: Path) -> list[str]:
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    extension = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return extension.value.get_values_for_type(x509.DNSName)


def _load(file: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101  (we wrote it)
    return key


def _pem(thing: ec.EllipticCurvePrivateKey | x509.Certificate) -> bytes:
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM)
    return thing.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
