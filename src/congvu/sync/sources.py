"""Reads all inputs of a run and checks them; nothing is returned unless everything is right."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from congvu import policy as policies
from congvu import registry as registries
from congvu.directory.model import Layout
from congvu.directory.wanted.model import Task
from congvu.errors import PolicyError, RegistryError, SettingsError
from congvu.policy.model import Policy
from congvu.registry.mapping import NAME, find_mapping
from congvu.registry.problems import Severity
from congvu.sync.gathered import DomainSource, Gathered
from congvu.sync.settings import Settings

_PLACES = re.compile(r"^places:[ \t]*[\"']?([^\"'#\r\n]+)", re.MULTILINE)
"""The key of a policy that names another file."""


def digest(settings: Settings) -> str:
    """SHA-256 over the settings and the names and contents of all files that a run reads.

    Two runs with the same digest read the same. What a database holds cannot be told that cheaply: where a
    registry has one, every digest differs from all others. Raises `RegistryError` where a mapping is wrong.
    """
    whole = hashlib.sha256(repr(settings).encode())
    for file in sorted(set(_files(settings))):
        whole.update(f"\n{file}\n".encode())
        try:
            with file.open("rb") as content:
                whole.update(hashlib.file_digest(content, "sha256").digest())
        except OSError as fault:  # the reading says what is wrong; that it was wrong must not be forgotten
            whole.update(f"{fault.errno}".encode())
    if _has_database(settings):
        whole.update(secrets.token_bytes(16))
    return whole.hexdigest()


def _lists(settings: Settings) -> Iterator[Path]:
    for domain in settings.domains.values():
        yield domain.registry
        yield from (layer.path for layer in domain.layers)


def _files(settings: Settings) -> Iterator[Path]:
    yield settings.decisions
    for domain in settings.domains.values():
        yield domain.policy
        yield from _beside(domain.policy)
        if domain.overrides:
            yield domain.overrides
    for path in _lists(settings):
        if path.is_dir():
            yield path / NAME
        else:
            yield path
        if path.is_dir() or path.suffix in (".yml", ".yaml"):
            mapping = find_mapping(path)
            for source in (*mapping.units, *mapping.staff):
                if source.sql:
                    yield source.sql.url_file
                if source.file:
                    yield source.file


def _beside(policy: Path) -> Iterator[Path]:
    """The file of places that a policy names; read as text, a policy takes too long to parse."""
    try:
        match = _PLACES.search(policy.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return
    if match:
        yield (policy.parent / match[1].strip()).resolve()


def _has_database(settings: Settings) -> bool:
    for path in _lists(settings):
        if path.is_dir() or path.suffix in (".yml", ".yaml"):
            mapping = find_mapping(path)
            if any(source.sql for source in (*mapping.units, *mapping.staff)):
                return True
    return False


def gather(settings: Settings) -> Gathered:
    """Read and check everything.

    Raises `PolicyError` and `RegistryError` with the problems of all domains, `SettingsError` where a domain
    has another domain's policy.
    """
    chosen = _policies(settings)
    found: list[DomainSource] = []
    problems: list[str] = []
    findings: list[str] = []
    for domain in sorted(chosen, key=lambda name: (name.count("."), name)):
        files = settings.domains[domain]
        try:
            registry = registries.read(files.registry)
        except RegistryError as fault:
            problems.extend(fault.problems or (str(fault),))
            continue
        findings.extend(_told(domain, registry.findings))
        layout = Layout(settings.directory.base, domain)
        found.append(DomainSource(layout, chosen[domain], registry, policies.sources(files.policy)))
    if problems:
        refuse(problems)
    return Gathered(tuple(found), settings.mail_host, tuple(findings))


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


def _told(domain: str, problems: Iterable[registries.Problem]) -> Iterator[str]:
    return (f"{domain}: {problem}" for problem in problems if problem.severity is Severity.WARNING)
