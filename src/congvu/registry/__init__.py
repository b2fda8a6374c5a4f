"""The staff registry: who exists, and in which unit. The authority for everything but addresses.

`read` takes a registry for the sync, `open_table` any list of an office; docs/registry.md describes the
formats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from congvu import ondemand

if TYPE_CHECKING:
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

if not TYPE_CHECKING:  # a type checker has them from above
    __getattr__ = ondemand.names(
        __name__,
        {
            "Action": "model",
            "Code": "problems",
            "Employment": "model",
            "OrgType": "model",
            "Person": "model",
            "Place": "places",
            "Problem": "problems",
            "Problems": "problems",
            "Registry": "model",
            "Row": "sheet",
            "Severity": "problems",
            "Status": "model",
            "Table": "sheet",
            "Unit": "model",
            "open_table": "opening",
            "read": "reader",
        },
    )
