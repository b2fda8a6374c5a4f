"""Workbooks taken apart and put together again: to break them, or to write what openpyxl will not."""

from __future__ import annotations

import zipfile
from pathlib import Path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def edit(path: Path, part: str, old: bytes, new: bytes) -> None:
    """Replace octets that are there in one member."""
    parts = members(path)
    assert old in parts[part], parts[part]
    write(path, {**parts, part: parts[part].replace(old, new, 1)})
