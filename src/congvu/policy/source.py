"""Where a policy's values come from: the comments of the file, tied to its keys.

A value's source is the comment at the end of its line, or the comment lines directly above it; a list or
a section may carry one for all that is in it. See docs/policy.md for what counts as a source.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import yaml

_MARK = re.compile(
    r"""
    \[(?:obs|choice)\]                              # seen in addresses; ours
    | \b[A-Z]{2,4}-(?:QD\.|P)?\d[\w.đ]*(?:-end\d?)?  # a clause: LD-5.2b, LD-QD.2, BT-P2b, LD-7.2-end1
    | \b\d+/(?:\d{4}/)?[A-ZĐ][\w-]*                 # a text by its number: 143/2025/QĐ-UBND, 2019/QĐ-BTNMT
    | \bQCVN\s\d+:\d{4}                             # a technical regulation
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Source:
    """The comment that belongs to a value."""

    line: int
    """Line of the value."""
    text: str
    """The comment without its sign; empty when there is none, or none that names a clause."""

    @property
    def marks(self) -> tuple[str, ...]:
        """The clauses, text numbers and marks that the comment names."""
        return tuple(match[0] for match in _MARK.finditer(self.text))


NO_SOURCES: Mapping[str, Source] = MappingProxyType({})


def clause(cited: Mapping[str, Source], *keys: str) -> str:
    """The clauses that the first of `keys` with a source rests on; empty when none has one."""
    found = (cited[key].marks for key in keys if key in cited)
    return next((", ".join(marks) for marks in found if marks), "")


def sources(path: Path) -> Mapping[str, Source]:
    """The source of every value in the file at `path`, which `strictyaml` has found to be sound."""
    text = unicodedata.normalize("NFC", path.read_bytes().decode("utf-8-sig"))
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    comments = _Comments(text)
    values = _values(node, "", ()) if node else ()
    return {key: Source(line, comments.of(lines)) for key, line, lines in values}


class _Comments:
    """The comments of one file, by line."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._ends = [0] * (len(self._lines) + 2)
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            end = token.end_mark
            self._ends[end.line] = max(self._ends[end.line], end.column)

    def of(self, lines: tuple[int, ...]) -> str:
        """The nearest comment that names a source: of the value, else of what it stands in."""
        for line in reversed(lines):
            for comment in (self._behind(line), self._above(line)):
                if _MARK.search(comment):
                    return comment
        return ""

    def _behind(self, line: int) -> str:
        return self._lines[line][self._ends[line] :].strip().lstrip("#").strip()

    def _above(self, line: int) -> str:
        """The comment lines above `line`; those that the file begins with speak of the whole file."""
        found: list[str] = []
        while line and (above := self._lines[line - 1].strip()).startswith("#"):
            found.insert(0, above.lstrip("#").strip())
            line -= 1
        return " ".join(found) if line else ""


def _values(node: yaml.Node, key: str, lines: tuple[int, ...]) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """Each value's key, its line counted from 1, and the lines from the top down to it counted from 0."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _values(value, f"{key}.{name.value}".lstrip("."), (*lines, name.start_mark.line))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _values(value, f"{key}[{index}]", (*lines, value.start_mark.line))
    if not isinstance(node, yaml.CollectionNode) or not node.value:  # an empty list says something, too
        line = node.start_mark.line
        yield key, line + 1, (*lines, line)
