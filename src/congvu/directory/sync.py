"""One run over all domains of a settings file: read everything, plan everything, and only then write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from congvu import policy as policies
from congvu import registry as registries
from congvu.directory import plans
from congvu.directory.model import Layout, Snapshot
from congvu.directory.operations import DomainPlan as Plan
from congvu.directory.settings import Settings
from congvu.directory.wanted import Task
from congvu.errors import RegistryError, SettingsError
from congvu.policy import Policy
from congvu.registry import Registry


@dataclass(frozen=True, slots=True)
class Source:
    """What one domain's files say."""

    layout: Layout
    policy: Policy
    registry: Registry
    cited: Mapping[str, policies.Source] = field(default_factory=dict)
    """Which clause each of the policy's values comes from."""


def read_sources(settings: Settings) -> tuple[Source, ...]:
    """Read all policies and registries, parent domains first.

    Raises `PolicyError`, `SettingsError`, or `RegistryError` with the problems of all domains.
    """
    chosen = {domain: policies.load(files.policy) for domain, files in settings.domains.items()}
    for domain, policy in chosen.items():
        if policy.domain.text != domain:
            raise SettingsError(
                f"this policy is for {policy.domain}, the settings use it for {domain}",
                where=str(settings.domains[domain].policy),
                hint="correct domains in the settings",
            )
    found: list[Source] = []
    faults: list[RegistryError] = []
    for domain in sorted(chosen, key=lambda name: (name.count("."), name)):
        try:
            registry = registries.read(settings.domains[domain].registry)
        except RegistryError as fault:
            faults.append(fault)
        else:
            cited = policies.sources(settings.domains[domain].policy)
            found.append(Source(Layout(settings.directory.base, domain), chosen[domain], registry, cited))
    if faults:
        _refuse([problem for fault in faults for problem in fault.problems])
    return tuple(found)


def plan_all(sources: Iterable[Source], found: Snapshot, *, mail_host: str, today: date) -> tuple[Plan, ...]:
    """The plans of all domains (pure). Raises `RegistryError` with the problems of all of them."""
    tasks = [
        Task(source.layout, source.policy, source.registry, mail_host, today, source.cited)
        for source in sources
    ]
    made = plans.plan_all(tasks, found)
    if problems := [problem for plan in made for problem in plan.problems]:
        _refuse(problems)
    return made


def _refuse(problems: list[str]) -> None:
    count = len(problems)
    raise RegistryError(
        f"{count} problem{'s' if count > 1 else ''} to settle; nothing was changed anywhere",
        problems=problems,
    )
