"""Policies from their files."""

from __future__ import annotations

from pathlib import Path

from congvu import strictyaml
from congvu.errors import PolicyError
from congvu.policy.model import VERSION, Policy


def load(path: Path) -> Policy:
    """Read the policy at `path`; raises `PolicyError` with ``file:line`` and the nearest known key."""
    return strictyaml.load(path, Policy, PolicyError, version=VERSION)


def path_of(directory: Path, domain: str) -> Path:
    """The file of `domain` in `directory`; raises `PolicyError` with the nearest domain that has one."""
    path = directory / f"{domain}.yml"
    if not path.is_file():
        known = sorted(file.stem for file in directory.glob("*.yml"))
        raise PolicyError(
            f"there is no policy for {domain!r}", where=str(directory), hint=strictyaml.nearest(domain, known)
        )
    return path


def load_domain(directory: Path, domain: str) -> Policy:
    """Read the policy of `domain` from `directory`.

    Raises `PolicyError`, also when the file is another domain's.
    """
    path = path_of(directory, domain)
    policy = load(path)
    if policy.domain.text != domain:
        raise PolicyError(
            f"domain: is {policy.domain}, the file is named for {domain}",
            where=str(path),
            hint="rename one of them",
        )
    return policy
