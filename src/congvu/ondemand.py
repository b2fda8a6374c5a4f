"""Packages whose names are imported when somebody asks for them (PEP 562).

A nightly run that finds nothing moved needs the settings and a connection, and neither templates nor
charsets: importing all of them took most of its time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for `package`: `homes` says for each name which of its modules has it.

    No name may be that of a module: importing the module would give the package that instead.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
