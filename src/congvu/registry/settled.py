"""What is settled about a table's cells before they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from congvu.registry.dates import DateOrder
from congvu.registry.headings import Field


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of one table are to be read, beyond its headings."""

    values: Mapping[Field, Mapping[str, str]] = field(default_factory=dict)
    """Per field what a word of the office means."""
    defaults: Mapping[Field, str] = field(default_factory=dict)
    """What an empty cell, or a column that is not there, means."""
    date_order: DateOrder | None = None
    """``None``: day first in an office's file, ISO 8601 in our own."""
