"""Text from files on a terminal: what would steer it, or cannot be written, is shown as an escape."""

from __future__ import annotations

import re

# Controls but the line's end, half characters, and the marks that turn the direction of writing.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def printable(text: str) -> str:
    r"""`text` with ``\u001b`` for an escape character and the like; within JSON it means the same.

    >>> printable("Na\x1b[31m")
    'Na\\u001b[31m'
    """
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
