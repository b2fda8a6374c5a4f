"""Policies: one validated YAML file per mail domain, `inventory/policy/<domain>.yml`.

`load` reads one, `effective` says what applies. See docs/policy.md for how to write one.
"""

from __future__ import annotations

from pathlib import Path

from congvu import strictyaml
from congvu.errors import PolicyError
from congvu.policy.effective import Effective, Setting, effective, settings
from congvu.policy.model import VERSION, Policy

__all__ = ["Effective", "Policy", "Setting", "effective", "load", "load_domain", "settings"]


def load(path: Path) -> Policy:
    """Read the policy at `path`; raises `PolicyError` with ``file:line`` and the nearest known key."""
    return strictyaml.load(path, Policy, PolicyError, version=VERSION)


def load_domain(directory: Path, domain: str) -> Policy:
    """Read the policy of `domain` from `directory`.

    Raises `PolicyError`, also when the file is another domain's.
    """
    path = directory / f"{domain}.yml"
    if not path.is_file():
        known = sorted(file.stem for file in directory.glob("*.yml"))
        raise PolicyError(
            f"there is no policy for {domain!r}", where=str(directory), hint=strictyaml.nearest(domain, known)
        )
    policy = load(path)
    if policy.domain.text != domain:
        raise PolicyError(
            f"domain: is {policy.domain}, the file is named for {domain}",
            where=str(path),
            hint="rename one of them",
        )
    return policy
