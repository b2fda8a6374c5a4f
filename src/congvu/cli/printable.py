"""See `congvu.printable`."""

from congvu.printable import printable

__all__ = ["printable"]
