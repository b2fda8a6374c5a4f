"""Policies: one validated YAML file per mail domain, `inventory/policy/<domain>.yml`.

`load` reads one, `effective.effective` says what applies. See docs/policy.md for how to write one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from congvu import ondemand

if TYPE_CHECKING:
    from congvu.policy.effective import Effective, Setting, settings
    from congvu.policy.loading import load, load_domain, path_of
    from congvu.policy.model import Policy
    from congvu.policy.source import Source, sources

__all__ = [
    "Effective",
    "Policy",
    "Setting",
    "Source",
    "load",
    "load_domain",
    "path_of",
    "settings",
    "sources",
]

if not TYPE_CHECKING:  # a type checker has them from above
    __getattr__ = ondemand.names(
        __name__,
        {
            "Effective": "effective",
            "Policy": "model",
            "Setting": "effective",
            "Source": "source",
            "load": "loading",
            "load_domain": "loading",
            "path_of": "loading",
            "settings": "effective",
            "sources": "source",
        },
    )
