"""The lab's fixtures for the tests by protocol."""

from tests.lab import colleague, lab, neighbour, outside, person, site, unit

__all__ = ["colleague", "lab", "neighbour", "outside", "person", "site", "unit"]
