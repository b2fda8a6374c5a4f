"""Where rows come from: CSV files, XLSX workbooks, databases. Each is a `Grid`."""

from __future__ import annotations

from congvu.registry.sources.grid import Fault, Grid, GridRow

__all__ = ["Fault", "Grid", "GridRow"]
