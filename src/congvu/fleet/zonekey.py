"""The key that signs a lab's DNS zones, kept between deployments: resolvers are given its record.

Real zones are signed by whoever runs them; a resolver there goes by the root's key.
"""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from congvu.files import write_whole

_ZONE_AND_ENTRY, _DNSSEC, _ECDSA_P256 = 257, 3, 13  # RFC 4034, 2.1; RFC 6605, 4


class ZoneKey:
    """A key in a file of its own, for all zones of a lab; made at the first use, then kept."""

    def __init__(self, file: Path) -> None:
        self.file = file
        if not file.exists():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = ec.generate_private_key(ec.SECP256R1())
            pem = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            write_whole(file, pem)

    @property
    def dnskey(self) -> str:
        """The data of the key's DNSKEY record: it signs the zone and is where trust begins."""
        key = serialization.load_pem_private_key(self.file.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101  (we made it)
        numbers = key.public_key().public_numbers()
        point = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        return f"{_ZONE_AND_ENTRY} {_DNSSEC} {_ECDSA_P256} {base64.b64encode(point).decode()}"
