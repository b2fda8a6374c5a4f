"""Whether a run would read the same as an earlier one: quickly, for no file is read as what it is."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from congvu.errors import RegistryError
from congvu.registry.mapping import NAME, find_lists
from congvu.sync.settings import Settings

_PLACES = re.compile(r"^places:[ \t]*[\"']?([^\"'#\r\n]+)", re.MULTILINE)
"""The key of a policy that names another file."""


def digest(settings: Settings) -> str:
    """SHA-256 over the settings and the names and contents of all files that a run reads.

    Two runs with the same digest read the same. What a database holds cannot be told that cheaply: where a
    registry has one, or a mapping file cannot be read, every digest differs from all others.
    """
    files, certain = _files(settings)
    whole = hashlib.sha256(repr(settings).encode())
    for file in sorted(files):
        whole.update(f"\n{file}\n".encode())
        if not file.is_file():  # nor is a pipe waited for
            continue
        try:
            with file.open("rb") as content:
                whole.update(hashlib.file_digest(content, "sha256").digest())
        except OSError:
            certain = False
    if not certain:
        whole.update(secrets.token_bytes(16))
    return whole.hexdigest()


def _files(settings: Settings) -> tuple[set[Path], bool]:
    """The files that a run reads, and whether they are all that it reads."""
    files, certain = {settings.decisions}, True
    for domain in settings.domains.values():
        files |= {domain.policy, *_beside(domain.policy)}
        if domain.overrides:
            files.add(domain.overrides)
        for path in (domain.registry, *(layer.path for layer in domain.layers)):
            files.add(path / NAME if path.is_dir() else path)
            try:
                lists = find_lists(path)
            except RegistryError:  # `gather` says what is wrong, beside all else that is
                certain = False
                continue
            for table in (*lists.units, *lists.staff):
                certain = certain and table.sql is None
                files |= {file for file in (table.file, table.sql and table.sql.url_file) if file}
    return files, certain


def _beside(policy: Path) -> Iterator[Path]:
    """The file of places that a policy names; read as text, a policy takes too long to parse."""
    try:
        match = _PLACES.search(policy.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return
    if match:
        yield (policy.parent / match[1].strip()).resolve()
