"""The lab's fixtures for the fault tests."""

from tests.lab import colleague, lab, neighbour, outside, person, site, unit

__all__ = ["colleague", "lab", "neighbour", "outside", "person", "site", "unit"]
