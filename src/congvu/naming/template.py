"""Render the rungs of a policy's ladders. The language is described in `congvu.policy.template`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from congvu.naming.letters import fold, initials
from congvu.naming.units import acronym
from congvu.policy.template import PersonTemplate, UnitTemplate

FILTERS: Mapping[str, Callable[[str], str]] = {
    "fold": fold,
    "initials": initials,
    "acronym": lambda name: str(acronym(name)),
}
"""What the filters of the policy language compute; same names as `congvu.policy.template.FILTERS`."""


def render(rung: PersonTemplate | UnitTemplate, values: Mapping[str, str]) -> str:
    """The local part that `rung` gives for `values`, without blanks. Raises `FoldError`."""
    return _compiled(rung.source).render(values).replace(" ", "")


@cache
def _compiled(source: str) -> Template:
    return _ENVIRONMENT.from_string(source)


_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_ENVIRONMENT.filters.update(FILTERS)
