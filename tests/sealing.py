"""The operator's key, and what it opens, as the documents tell the operator."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path


def certify(folder: Path, days: str = "30", kind: Sequence[str] = ("rsa:2048",)) -> None:
    """Make a key and a certificate in `folder`."""
    command = ["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-subj", "/CN=operator", "-days", days]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def expire(folder: Path) -> None:
    """Make the certificate in `folder` one whose time is over."""
    command = ["openssl", "x509", "-in", str(folder / "certificate.pem"), "-days", "-1"]
    command += ["-signkey", str(folder / "key.pem"), "-out", str(folder / "old.pem")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    (folder / "old.pem").replace(folder / "certificate.pem")


def unsealed(content: bytes, operator: Path, form: str = "PEM") -> bytes:
    """What the key in the folder `operator` opens."""
    command = ["openssl", "cms", "-decrypt", "-binary", "-inform", form]
    command += ["-recip", str(operator / "certificate.pem"), "-inkey", str(operator / "key.pem")]
    return subprocess.run(command, input=content, check=True, capture_output=True, timeout=60).stdout


def archived(parts: Sequence[bytes], operator: Path) -> dict[str, bytes]:
    """The files of an archive by their path in the mailbox, see docs/lifecycle.md."""
    content = b"".join(unsealed(part, operator, "DER") for part in parts)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return {name.partition("/")[2]: file.read() for name, file in files.items() if file}
