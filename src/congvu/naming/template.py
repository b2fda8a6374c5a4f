"""Render the rungs of a policy's ladders. The language is described in `congvu.policy.template`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, Template, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from congvu.naming.letters import initials
from congvu.naming.units import USUAL, Style, acronym, spelled
from congvu.policy.template import PERSON, PersonTemplate, UnitTemplate

_PLACES = {name: place for place, name in enumerate(PERSON)}
_PRINTED = re.compile(rf"\{{\{{ ?({'|'.join(PERSON)}) ?\}}\}}")
_ONLY_PRINTS = re.compile(rf"(?:[a-z0-9._-]|{_PRINTED.pattern})+")
_STYLE = "__style"
"""Under this name, which no template can say, a rung's filters find the mail domain's `Style`."""


@pass_context
def _acronym(context: Context, name: str) -> str:
    return str(acronym(name, context.get(_STYLE, USUAL)))


@pass_context
def _place(context: Context, name: str) -> str:
    return acronym(name, context.get(_STYLE, USUAL)).place


FILTERS: Mapping[str, Callable[..., str]] = {
    "fold": spelled,
    "initials": initials,
    "acronym": _acronym,
    "place": _place,
}
"""What the filters of the policy language compute; same names as `congvu.policy.template.FILTERS`."""


def render_unit(rung: UnitTemplate, values: Mapping[str, str], style: Style) -> str:
    """The local part that `rung` gives for `values`, without blanks. Raises `FoldError`."""
    return _render(rung.source, {**values, _STYLE: style})


def render_person(rung: PersonTemplate, row: tuple[str, ...]) -> str:
    """The local part that `rung` gives for one person, whose values stand in the order of `PERSON`."""
    if form := _plain(rung.source):
        return form.format(*row).replace(" ", "")
    return _render(rung.source, dict(zip(PERSON, row, strict=True)))


@cache
def _plain(source: str) -> str:
    """A rung that only prints variables as a format string, which takes a tenth of the time; else empty."""
    return (
        _PRINTED.sub(lambda name: f"{{{_PLACES[name[1]]}}}", source) if _ONLY_PRINTS.fullmatch(source) else ""
    )


def _render(source: str, values: dict[str, Any]) -> str:
    template = _compiled(source)
    # What Template.render does, less copying: the environment has no globals, and `values` is ours.
    return "".join(template.root_render_func(template.new_context(values, shared=True))).replace(" ", "")


def render_all(rung: PersonTemplate, rows: Sequence[tuple[str, ...]]) -> list[str]:
    """What `rung` gives for each of `rows`, whose values stand in the order of `PERSON`.

    One rendering of a loop, since starting one costs ten times what a row costs.
    """
    if not rows:
        return []
    loop = f"{{% for {', '.join(PERSON)} in __rows %}}{rung.source}\n{{% endfor %}}"
    text = _compiled(loop).render(__rows=rows)
    return text.replace(" ", "").split("\n")[:-1]


@cache
def _compiled(source: str) -> Template:
    return _ENVIRONMENT.from_string(source)


_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_ENVIRONMENT.globals.clear()
_ENVIRONMENT.filters.update(FILTERS)
