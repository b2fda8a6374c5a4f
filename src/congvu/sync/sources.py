"""Reads all inputs of a run and checks them; nothing is returned unless everything is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from congvu import policy as policies
from congvu.directory.model import Layout
from congvu.directory.wanted.model import Task
from congvu.errors import PolicyError, RegistryError, SettingsError
from congvu.policy.model import Policy
from congvu.sync.collecting import Collector
from congvu.sync.gathered import DomainSource, Gathered
from congvu.sync.settings import Settings


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
