"""The staff registry: who exists, and in which unit. The authority for everything but addresses.

`read` takes a registry for the sync, `open_table` any list of an office; docs/registry.md describes the
formats.
"""

from __future__ import annotations

from congvu.registry.model import Action, Employment, OrgType, Person, Registry, Status, Unit
from congvu.registry.opening import open_table
from congvu.registry.places import Place
from congvu.registry.problems import Code, Problem, Problems, Severity
from congvu.registry.reader import read
from congvu.registry.sheet import Row, Table

__all__ = [
    "Action",
    "Code",
    "Employment",
    "OrgType",
    "Person",
    "Place",
    "Problem",
    "Problems",
    "Registry",
    "Row",
    "Severity",
    "Status",
    "Table",
    "Unit",
    "open_table",
    "read",
]
