"""LDIF as in RFC 2849, such that ``ldapmodify`` can replay it (pure). Never a password."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence

from congvu.directory.operations import Modify, Operation
from congvu.printable import printable

VERSION = "version: 1\n"
"""What a file begins with."""
WIDTH = 76
"""Characters of a line; a longer one is folded (RFC 2849, note 2)."""
_SECRET = "userpassword"  # noqa: S105  (the attribute's name)
# SAFE-STRING, without blanks at its end (note 8).
_SAFE = re.compile(r"(?![ :<])[\x01-\x09\x0b\x0c\x0e-\x7f]*(?<! )")


def of_operations(operations: Iterable[Operation]) -> str:
    """The change records of `operations`, each with its reason in a comment."""
    return VERSION + "".join("\n" + _record(operation) for operation in operations)


def comment(text: str) -> str:
    """A line that readers pass over."""
    return "".join(_folded(f"# {' '.join(printable(text).split())}"))


def add(dn: str, attributes: Mapping[str, Sequence[str]]) -> str:
    """A record that creates an entry."""
    lines = [_line("dn", dn), "changetype: add\n"]
    lines += (_line(name, value) for name, values in _open(attributes) for value in values)
    return "".join(lines)


def modify(dn: str, changes: Mapping[str, Sequence[str]]) -> str:
    """A record that gives each attribute exactly these values; none removes it. It can be replayed twice."""
    lines = [_line("dn", dn), "changetype: modify\n"]
    for name, values in _open(changes):
        lines += [f"replace: {name}\n", *(_line(name, value) for value in values), "-\n"]
    return "".join(lines)


def _record(operation: Operation) -> str:
    reason = operation.reason
    told = ", ".join(text for text in (reason.place, reason.clause, reason.document) if text)
    head = comment(f"{reason.event}: {reason.text}" + (f" ({told})" if told else ""))
    if isinstance(operation, Modify):
        return head + modify(operation.dn, {change.attribute: change.after for change in operation.changes})
    return head + add(operation.dn, operation.entry.attributes)


def _open(attributes: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Sequence[str]]]:
    """All but passwords that are set; that one is taken away is no secret."""
    for name, values in attributes.items():
        if not (values and name.lower().startswith(_SECRET)):
            yield name, values


def _line(name: str, value: str) -> str:
    if _SAFE.fullmatch(value):
        return _folded(f"{name}: {value}")
    return _folded(f"{name}:: {b64encode(value.encode(errors='surrogateescape')).decode()}")


def _folded(line: str) -> str:
    if len(line) <= WIDTH:
        return line + "\n"
    rest = range(WIDTH, len(line), WIDTH - 1)
    return "\n ".join([line[:WIDTH], *(line[start : start + WIDTH - 1] for start in rest)]) + "\n"
