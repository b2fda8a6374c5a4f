"""Text in cells that was typed in a font of its own (.VnTime, VNI-Times), or in VIQR."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from congvu.charset import Charset, CharsetError, Doubt, detect_text, repair
from congvu.registry.problems import Code
from congvu.registry.sources.grid import Fault
from congvu.registry.text import UNICODE

_PLAIN = re.compile(r"[\w\s.,;:/()@+\-]*", re.ASCII)
_LONGEST = 200
"""Characters of a cell that is looked at by itself."""
_MIXED = Fault(
    Code.LEGACY_FONT,
    "is in another script than the rest of its column",
    "type it again in a Unicode font (Times New Roman)",
)


class ColumnFont:
    """What one column's first cells were typed in, and how to read the others."""

    def __init__(self, sample: Sequence[str]) -> None:
        self.fault: Fault | None = None
        self.charset: Charset | None = None
        self._mixed = any(UNICODE.search(cell) for cell in sample)
        # What is surely Unicode would outweigh what is not.
        text = "\n".join(cell for cell in sample if not _PLAIN.fullmatch(cell) and not UNICODE.search(cell))
        if not text:
            return
        try:
            self.charset = detect_text(text)
        except Doubt as doubt:
            if not self._mixed:
                self.fault = Fault(
                    Code.LEGACY_FONT,
                    f"is in a legacy font, but which is in doubt: {doubt}",
                    "type it again in a Unicode font (Times New Roman)",
                )
        except CharsetError:
            pass  # a NUL or half a character, which is told of its own cell

    def read(self, cell: str) -> tuple[str, Fault | None]:
        """The cell in Unicode, and what is wrong with it."""
        if _PLAIN.fullmatch(cell) or not (self.charset or self.fault):
            return cell, None
        if self.fault:
            return cell, self.fault
        if self._mixed:
            return cell, _MIXED if _looks_legacy(cell) else None
        if UNICODE.search(cell):
            return cell, _MIXED
        try:
            return repair(cell, self.charset or Charset.UTF8), None
        except CharsetError as fault:
            return cell, Fault(Code.LEGACY_FONT, str(fault), "type it again in a Unicode font")

    def doubts(self, cell: str) -> bool:
        """Whether the cell looks legacy although its column does not."""
        return (
            not self.charset and len(cell) <= _LONGEST and not _PLAIN.fullmatch(cell) and _looks_legacy(cell)
        )


@lru_cache(maxsize=1 << 14)
def _looks_legacy(cell: str) -> bool:
    if UNICODE.search(cell):
        return False
    try:
        return detect_text(cell) is not None
    except CharsetError:
        return False  # a short word; its column says that it is Unicode
