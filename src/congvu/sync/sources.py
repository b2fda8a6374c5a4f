"""Reads all inputs of a run and checks them; nothing is returned unless everything is right."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from congvu import policy as policies
from congvu.directory.model import Layout
from congvu.directory.wanted.model import Task
from congvu.errors import PolicyError, RegistryError, SettingsError
from congvu.policy.model import Policy
from congvu.registry.mapping import NAME
from congvu.sync.collecting import Collector
from congvu.sync.gathered import DomainSource, Gathered
from congvu.sync.reading import find_lists
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


def gather(settings: Settings, *, today: date | None = None) -> Gathered:
    """Read and check everything; `today` decides which overrides count, and is the clock's when left out.

    Raises `PolicyError` and `RegistryError` with the problems of all domains, `SettingsError` where a domain
    has another domain's policy.
    """
    chosen = _policies(settings)
    work = Collector(settings, today or date.today())
    for domain in sorted(chosen, key=lambda name: (name.count("."), name)):
        work.read(domain, chosen[domain])
    work.join()
    if work.told.problems:
        refuse(work.told.problems)
    return Gathered(
        tuple(
            DomainSource(
                layout=Layout(settings.directory.base, domain),
                policy=chosen[domain],
                registry=registry,
                cited=policies.sources(settings.domains[domain].policy),
                aside=work.asides[domain],
                quarantined=work.quarantined[domain],
                overrides=work.overrides[domain],
            )
            for domain, registry in work.registries.items()
        ),
        settings.mail_host,
        tuple(work.told.findings),
    )


def tasks(gathered: Gathered, *, today: date, absences: Mapping[str, Mapping[str, int]]) -> tuple[Task, ...]:
    """What is to be computed, one task for each domain, parent domains first (pure).

    `absences` by mail domain: earlier runs in a row without a row for an account, by its key. Everybody
    must have an id: `congvu.sync.identity.identify` comes before.
    """
    return tuple(
        Task(
            layout=source.layout,
            policy=source.policy,
            registry=source.registry,
            mail_host=gathered.mail_host,
            today=today,
            cited=source.cited,
            absences=absences.get(source.domain, {}),
            set_aside=source.set_aside,
            left=source.left,
        )
        for source in gathered.sources
    )


def refuse(problems: Iterable[str]) -> None:
    """Raise `RegistryError` with all of `problems`."""
    lines = tuple(problems)
    raise RegistryError(
        f"{len(lines)} problem{'s' if len(lines) > 1 else ''} to settle; nothing was changed anywhere",
        problems=lines,
    )


def _policies(settings: Settings) -> dict[str, Policy]:
    chosen: dict[str, Policy] = {}
    faults: list[PolicyError] = []
    for domain, files in settings.domains.items():
        try:
            policy = policies.load(files.policy)
        except PolicyError as fault:
            faults.append(fault)
            continue
        if policy.domain.text != domain:
            raise SettingsError(
                f"this policy is for {policy.domain}, the settings use it for {domain}",
                where=str(files.policy),
                hint="correct domains in the settings",
            )
        chosen[domain] = policy
    if len(faults) > 1:
        raise PolicyError("; ".join(map(str, faults)))
    if faults:
        raise faults[0]
    return chosen
