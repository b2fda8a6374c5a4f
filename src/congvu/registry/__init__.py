"""The staff registry: who exists, and in which unit. The authority for everything but addresses.

`read` takes a folder with ``units.csv`` and ``staff.csv``; the format is described in docs/directory.md.
"""

from __future__ import annotations

from congvu.registry.model import Person, Place, Registry, Status, Unit
from congvu.registry.reader import read

__all__ = ["Person", "Place", "Registry", "Status", "Unit", "read"]
