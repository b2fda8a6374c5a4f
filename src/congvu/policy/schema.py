"""The schema of policy files as JSON Schema (draft 2020-12), for editors.

It is made from the dataclasses that `congvu.strictyaml` reads by, so the two cannot differ: what it
refuses for its structure, the loader refuses. The loader alone knows what needs more than one value.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import inspect
import itertools
import textwrap
import types
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from congvu.policy.model import VERSION, Policy
from congvu.policy.values import Size
from congvu.strictyaml import Between, InFile, Scalar

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: Mapping[type, Mapping[str, Any]] = {
    # YAML makes a number of `number: 2019`; the loader takes it as the text it is.
    str: {"type": ["string", "number"], "pattern": r"\S"},
    int: {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    bool: {"type": "boolean"},
    date: {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
}


def json_schema() -> dict[str, Any]:
    """The schema of ``inventory/policy/<domain>.yml``."""
    definitions: dict[str, Any] = {}
    root = _section(Policy, definitions)
    root["properties"]["version"] = {**root["properties"]["version"], "const": VERSION}
    return {"$schema": _DRAFT, "title": "congvu policy", **root, "$defs": definitions}


def _section(schema: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints, documents = get_type_hints(schema, include_extras=True), _documents(schema)
    properties = {
        field.name: _described(_value(hints[field.name], definitions), documents.get(field.name, ""))
        for field in dataclasses.fields(schema)
    }
    return {
        "type": "object",
        "description": inspect.getdoc(schema) or "",
        "properties": properties,
        "required": [
            field.name
            for field in dataclasses.fields(schema)
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        ],
        "additionalProperties": False,
    }


def _described(value: dict[str, Any], text: str) -> dict[str, Any]:
    return {**value, "description": text} if text else value


def _value(wanted: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        return _value(next(member for member in arguments if member is not type(None)), definitions)
    if origin is Annotated:
        return _marked(arguments[0], arguments[1])
    if origin is tuple:
        return {"type": "array", "items": _value(arguments[0], definitions)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _value(arguments[1], definitions)}
    if wanted in _PLAIN:
        return dict(_PLAIN[wanted])
    if wanted.__name__ not in definitions:
        definitions[wanted.__name__] = {}  # keeps the place, should a section contain itself
        definitions[wanted.__name__] = _definition(wanted, definitions)
    return {"$ref": f"#/$defs/{wanted.__name__}"}


def _marked(wanted: type, mark: InFile | Between) -> dict[str, Any]:
    if isinstance(mark, InFile):
        return {"type": "string", "description": "the name of a file beside this one"}
    return {**_PLAIN[wanted], "minimum": mark.least, "maximum": mark.most}


def _definition(wanted: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if issubclass(wanted, enum.Enum):
        documents = _documents(wanted)
        lines = [inspect.getdoc(wanted) or ""]
        lines += [
            f"{member.value}: {documents[member.name]}" for member in wanted if member.name in documents
        ]
        return {"enum": [member.value for member in wanted], "description": "\n".join(lines)}
    if issubclass(wanted, Scalar):
        return _scalar(wanted)
    return _section(wanted, definitions)


def _scalar(wanted: Any) -> dict[str, Any]:
    pattern = getattr(wanted, "PATTERN", None)
    found: dict[str, Any] = {"type": "string", "description": inspect.getdoc(wanted) or ""}
    if pattern:
        found["pattern"] = f"^(?:{pattern})$"
    try:
        wanted.from_text("1000")
    except ValueError:
        return found
    bounds = {"minimum": wanted.LEAST, "maximum": wanted.MOST} if wanted is Size else {"minimum": 1}
    return {**found, "type": ["string", "integer"], **bounds}


@cache
def _documents(schema: type) -> Mapping[str, str]:
    """What the docstrings below fields say: those of `schema` itself and of what it builds on."""
    found: dict[str, str] = {}
    for part in reversed(schema.__mro__):
        if part.__module__.startswith("congvu."):
            found.update(_docstrings(part))
    return found


def _docstrings(part: type) -> Iterator[tuple[str, str]]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(part)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for statement, after in itertools.pairwise(body):
        target = _target(statement)
        if target and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield target, " ".join(str(after.value.value).split())


def _target(statement: ast.stmt) -> str:
    """The name that `statement` gives a value to; empty for others."""
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""
