"""Our Python package as one file for servers: no index, no build tool, the same bytes on every machine."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase

DOCUMENTATION = """
name: congvu_package
short_description: Pack the sources of congvu
description:
  - Makes an uncompressed archive of C(src/congvu) in C(.cache) from nothing but the contents of the files.
"""

RETURN = """
_list:
  description:
    - One mapping with C(path), the archive on this machine, and C(digest), the beginning of its SHA-256.
"""

ROOT = Path(__file__).resolve().parents[2]
DIGITS = 16


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[dict[str, str]]:  # noqa: ARG002
        content = pack(ROOT / "src" / "congvu")
        digest = hashlib.sha256(content).hexdigest()[:DIGITS]
        path = ROOT / ".cache" / "package" / f"congvu-{digest}.tar"
        if not path.exists() or path.read_bytes() != content:
            _write(path, content)
        return [{"path": str(path), "digest": digest}]


def pack(package: Path) -> bytes:
    """The archive: names in order, no times, owners or modes of this machine."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(_sources(package)):
            content = file.read_bytes()
            member = tarfile.TarInfo(file.relative_to(package.parent).as_posix())
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _sources(package: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(package):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (Path(folder, name) for name in names if name.endswith((".py", ".j2", "py.typed")))


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: another run may be packing the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
