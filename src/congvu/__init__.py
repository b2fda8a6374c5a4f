"""congvu: from a mail regulation and a staff registry to a running mail system."""

__version__ = "0.1.0"
