"""The language in which a policy says how an address is formed: Jinja2, in a sandbox, checked at load.

A template sees the variables of `PERSON` or `UNIT`. They hold **folded words separated by single
blanks** (``Công Tằng Tôn Nữ`` is ``cong tang ton nu``), and blanks vanish from the result, so
``{{ ten }}`` is one word even for *Jean-Pierre* and ``{{ dem | initials }}`` takes one letter per word.

This module knows the words of the language and proves a template sound; what the filters compute is
in `congvu.naming.template`, which a unit test holds to the same list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Self

from jinja2 import StrictUndefined, TemplateError, UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError, TemplateAssertionError
from jinja2.sandbox import SandboxedEnvironment

from congvu.policy.values import check_local_part
from congvu.strictyaml import nearest

PERSON = MappingProxyType(
    {
        "ho": ("nguyen", "surname (họ), all words"),
        "dem": ("thi ngoc", "middle names (đệm), all words; empty for people without"),
        "ten": ("anh", "given name (tên), all words"),
        "hovaten": ("nguyen thi ngoc anh", "full name as it is written; the given name may be first"),
        "base": ("anhntn", "what the first rung of the ladder gave"),
        "n": ("2", "the number of a namesake: 2 for the second, and so on"),
        "unit": ("skhcn", "local part of the person's own unit"),
        "unit_path": ("pqlcn.skhcn", "local parts from the own unit up to the top, joined by dots"),
        "birth_year": ("1985", "year of birth, four digits"),
        "birth_month": ("07", "month of birth, two digits"),
        "citizen_id": ("012345678901", "number of the citizen's card (căn cước), twelve digits"),
    }
)
"""Variables of a person's template: probe value and meaning."""

MAY_BE_EMPTY = frozenset({"ho", "dem", "domain_label", "parent"})
"""Variables that are empty for some: a rung must give an address, or nothing, for them too."""

UNIT = MappingProxyType(
    {
        "name": ("Sở Khoa học và Công nghệ", "the official name as written; goes through a filter"),
        "domain_label": ("dalat", "own label left of the mail domain, where the unit has a domain (LD-5.1c)"),
        "parent": ("skhcn", "local part of the parent unit; empty at the top"),
        "kind": ("department", "the registry's kind of unit"),
    }
)
"""Variables of a unit's template: probe value and meaning."""

FILTERS = MappingProxyType(
    {
        "fold": "lower-case ASCII words of a name: `Đắk Lắk` is `dak lak`",
        "initials": "first letter of each word: `thi ngoc` is `tn`",
        "acronym": "abbreviation of a unit's name, place names spelled out: `Sở Nội vụ` is `snv`",
        "place": "spelled-out place name of a commune's organ, else empty: `UBND xã Cát Tiên` is `cattien`",
    }
)
"""Filters beyond Jinja2's own: name and meaning."""


def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True
    )
    # Of Jinja2's filters only those that make sense in an address: a probe cannot prove the others harmless.
    environment.filters = {
        name: environment.filters[name] for name in ("first", "last", "lower", "replace", "default")
    }
    environment.filters.update(dict.fromkeys(FILTERS, _stand_in))
    environment.globals.clear()
    return environment


def _stand_in(text: object) -> str:
    """Stands for a filter of ours while a template is checked: something that may stand in an address."""
    return re.sub(r"[^a-z0-9]", "", str(text).lower())


@dataclass(frozen=True, slots=True)
class _Template:
    source: str

    def uses(self, variable: str) -> bool:
        """Whether the template mentions `variable`."""
        return variable in _variables(self.source)

    @property
    def numbered(self) -> bool:
        """Whether this rung yields a new address for every `n`."""
        return self.uses("n")

    def __str__(self) -> str:
        return self.source


class PersonTemplate(_Template):
    """One rung of the ladder for people. Variables: `PERSON`."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Check `text`; raises ``ValueError`` naming an undefined name and the nearest known one."""
        _check(text, PERSON)
        return cls(text)


class UnitTemplate(_Template):
    """One rung of the ladder for units. Variables: `UNIT`."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Check `text`; raises ``ValueError`` naming an undefined name and the nearest known one."""
        _check(text, UNIT)
        return cls(text)


@cache
def _variables(source: str) -> frozenset[str]:
    """Names that a sound template uses. Cached: it is asked for every person, and parsing is slow."""
    return frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(source)))


def _check(source: str, variables: Mapping[str, tuple[str, str]]) -> None:
    """Prove that `source` is sound: known words only, and probes render to valid local parts."""
    try:
        tree = _ENVIRONMENT.parse(source)
        _check_words(tree, source, variables)
        _check_number(tree, source)
        probe = {name: value for name, (value, _) in variables.items()}
        _check_result(source, probe, "")
        for name in sorted(MAY_BE_EMPTY & meta.find_undeclared_variables(tree)):
            _check_result(source, probe | {name: ""}, name)
    except (UndefinedError, SecurityError, TemplateAssertionError) as problem:
        raise ValueError(f"{problem.message} in {source!r}") from None
    except RecursionError:
        raise ValueError("the template is nested too deeply") from None
    except (TemplateError, TypeError, ArithmeticError) as problem:
        raise ValueError(f"{source!r} is not a template: {problem}") from None


def _check_words(tree: nodes.Template, source: str, variables: Mapping[str, tuple[str, str]]) -> None:
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.Filter) and node.name not in _ENVIRONMENT.filters:
            hint = nearest(node.name, _ENVIRONMENT.filters)
            raise ValueError(f"unknown filter {node.name!r} in {source!r}; {hint}")
        if isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Slice):
            raise ValueError(f"{source!r} takes one letter that a name may not have; write a slice: [2:3]")
        if not isinstance(node, _WORDS):
            kind = type(node).__name__.lower()
            raise ValueError(f"{kind!r} in {source!r} is not part of the language of addresses")
    for name in sorted(meta.find_undeclared_variables(tree) - set(variables)):
        raise ValueError(f"undefined name {name!r} in {source!r}; {nearest(name, variables)}")


def _check_number(tree: nodes.Template, source: str) -> None:
    """`n` is only printed, once and in every case: so a rung gives another address for every number."""
    printed = [
        node
        for output in tree.body
        if isinstance(output, nodes.Output)
        for node in output.nodes
        if isinstance(node, nodes.Name) and node.name == "n"
    ]
    uses = [node for node in tree.find_all(nodes.Name) if node.name == "n"]
    if uses and (len(uses), len(printed)) != (1, 1):
        raise ValueError(f"'n' in {source!r} can only be printed, once and outside of any 'if': {{{{ n }}}}")


def _check_result(source: str, values: Mapping[str, str], empty: str) -> None:
    """`empty` names the variable that is empty in `values`; nothing is an answer then."""
    result = _ENVIRONMENT.from_string(source).render(values).replace(" ", "")
    if empty and not result:
        return
    try:
        check_local_part(result)
    except ValueError as problem:
        if empty:
            raise ValueError(
                f"{source!r} does not give an address where {empty!r} is empty; use {{% if {empty} %}}"
            ) from None
        raise ValueError(f"{source!r} does not give an address: {problem}") from None


# No loops, macros, attributes and arithmetic: a rung is words, pieces of words and conditions.
_WORDS = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Filter,
    nodes.Getitem,
    nodes.Slice,
    nodes.Neg,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Concat,
)
_ENVIRONMENT = _environment()
