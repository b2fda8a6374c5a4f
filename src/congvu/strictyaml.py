"""Read a YAML file into frozen dataclasses, and refuse whatever they do not declare.

The dataclass is the schema: a field is a key, its type says how the value is read, a field without a
default must be there. Every error names file, line, key and the nearest known key, because a policy is
written by hand, once, by somebody who does it for the first time.

Values may be ``str``, ``int``, ``bool``, ``date``, ``Path`` (relative to the file), an enumeration, a
dataclass, ``tuple[X, ...]``, ``Mapping[str, X]``, ``X | None``, or a `Scalar`: a class that parses itself.
``Annotated[X, InFile(version)]`` is the name of another such file, read as X, and
``Annotated[int, Between(1, 64)]`` a number with bounds.
A ``None`` default means *left open*: the key is absent. An explicit null is refused, it hides a decision.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import re
import types
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Protocol,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    runtime_checkable,
)

import yaml

from congvu.errors import InputError

T = TypeVar("T")


@runtime_checkable
class Scalar(Protocol):
    """A value that parses itself from the text in the file."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read `text`; a ``ValueError`` says what is wrong, without naming file or line."""


@dataclasses.dataclass(frozen=True, slots=True)
class InFile:
    """Marks a key that names another file, relative to this one, with a schema and a version of its own."""

    version: int


@dataclasses.dataclass(frozen=True, slots=True)
class Between:
    """Marks a whole number that has bounds."""

    least: int
    most: int
    because: str = ""
    """Where a bound is from, or what a number beyond it would mean."""

    def check(self, number: int) -> int:
        """`number`; raises ``ValueError`` where it is out of bounds."""
        if not self.least <= number <= self.most:
            reason = f" ({self.because})" if self.because else ""
            raise ValueError(f"{number} is not between {self.least} and {self.most}{reason}")
        return number


def load(path: Path, schema: type[T], error: type[InputError], *, version: int) -> T:
    """Read `path` as one `schema`; whatever is wrong is raised as `error` with ``file:line``.

    The file must say ``version: <version>``; that is looked at first, since another version has other keys.

    Besides keys and types, a ``ValueError`` from `Scalar.from_text` or from a dataclass's
    ``__post_init__`` is reported at its line.
    """
    return _Reader(path, error).load(schema, version)


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint of an error about an unknown word: the nearest known one, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known: " + ", ".join(names) if names else "no key is known here"


_LARGEST = 1 << 20
"""Octets; the largest file that ships has a hundredth of that."""
_DEEPEST = 20
_TAG = re.compile(r"tag:yaml\.org,2002:(?:str|int|float|bool|null|timestamp|map|seq|merge|value|binary)")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class _Reader:
    """One file being read. It lives for one `load`."""

    def __init__(self, path: Path, error: type[InputError]) -> None:
        self._path = path
        self._error = error
        self._schema: Any = None

    def load(self, schema: type[T], version: int) -> T:
        try:
            with self._path.open("rb") as file:
                content = file.read(_LARGEST + 1)
            text = unicodedata.normalize("NFC", content.decode("utf-8-sig"))
        except OSError as failure:
            raise self._error(
                f"cannot be read: {failure.strerror}",
                where=str(self._path),
                hint="check the path and its rights",
            ) from None
        except UnicodeDecodeError as failure:
            raise self._error(
                f"is not UTF-8 at byte {failure.start}", where=str(self._path), hint="save it as UTF-8"
            ) from None
        if len(content) > _LARGEST:
            raise self._error(f"is larger than {_LARGEST} octets", where=str(self._path), hint="split it")
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except RecursionError:
            raise self._error("is nested too deeply", where=str(self._path), hint="") from None
        except yaml.MarkedYAMLError as failure:
            line = failure.problem_mark.line + 1 if failure.problem_mark else 1
            raise self._error(
                f"is not YAML: {failure.problem}",
                where=f"{self._path}:{line}",
                hint="check indentation and quotes",
            ) from None
        except yaml.YAMLError as failure:
            raise self._error(f"is not YAML: {failure}", where=str(self._path), hint="") from None
        if node is None:
            raise self._error("is empty", where=str(self._path), hint="docs/ describes what stands in it")
        self._check_nodes(node)
        self._check_version(node, version)
        self._schema = schema
        result: T = self._value(node, schema, "")
        return result

    def _check_nodes(self, root: yaml.Node) -> None:
        """Refuse what YAML has and a file of ours has not: aliases, tags, depth."""
        seen: set[int] = set()
        todo = [(root, 1)]
        while todo:
            node, depth = todo.pop()
            if id(node) in seen:
                raise self._fail(node, "", "stands for two values (an alias)", "write the value out")
            if not _TAG.fullmatch(node.tag):
                raise self._fail(node, "", f"has the tag {node.tag!r}", "tags are not used here")
            if depth > _DEEPEST:
                raise self._fail(node, "", "is nested too deeply")
            seen.add(id(node))
            if isinstance(node, yaml.MappingNode):
                todo += [(part, depth + 1) for pair in node.value for part in pair]
            elif isinstance(node, yaml.SequenceNode):
                todo += [(part, depth + 1) for part in node.value]

    def _check_version(self, node: yaml.Node, version: int) -> None:
        stated = self._pairs(node, "").get("version")
        if stated is None:
            raise self._fail(node, "version", "is missing", f"write 'version: {version}'")
        if not isinstance(stated, yaml.ScalarNode) or stated.value != str(version):
            raise self._fail(
                stated, "version", f"this program reads version {version} only", "upgrade one of them"
            )

    def _fail(self, node: yaml.Node, key: str, message: str, hint: str = "") -> InputError:
        where = f"{self._path}:{node.start_mark.line + 1}"
        return self._error(f"{key}: {message}" if key else message, where=where, hint=hint)

    def _hint(self, word: str, known: Iterable[str]) -> str:
        """The sections that know the very word, else the nearest key of this one."""
        homes = sorted({home or "the top" for home, name in _keys(self._schema) if name == word})
        return f"it is a key of {', '.join(homes)}" if homes else nearest(word, known)

    def _value(self, node: yaml.Node, wanted: Any, key: str) -> Any:
        origin, arguments = get_origin(wanted), get_args(wanted)
        if origin in (Union, types.UnionType):
            wanted = next(member for member in arguments if member is not type(None))
            return self._value(node, wanted, key)
        if origin is Annotated:
            return self._marked(node, arguments[0], arguments[1], key)
        if origin is tuple:
            return self._sequence(node, arguments[0], key)
        if origin is Mapping:
            return {
                name: self._value(value, arguments[1], f"{key}.{name}".lstrip("."))
                for name, value in self._pairs(node, key).items()
            }
        if not _parses_itself(wanted) and dataclasses.is_dataclass(wanted):
            return self._section(node, wanted, key)
        return self._scalar(node, wanted, key)

    def _pairs(self, node: yaml.Node, key: str) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self._fail(node, key, "must be a section with keys", "write 'key: value' lines, indented")
        found: dict[str, yaml.Node] = {}
        lines: dict[str, int] = {}
        for name_node, value in node.value:
            if not isinstance(name_node, yaml.ScalarNode) or name_node.tag == "tag:yaml.org,2002:merge":
                raise self._fail(
                    name_node, key, "a key must be a plain word", "anchors and merges are not used here"
                )
            name = name_node.value
            if name in found:
                path = f"{key}.{name}".lstrip(".")
                raise self._fail(name_node, path, f"stands twice, first on line {lines[name]}", "keep one")
            found[name], lines[name] = value, name_node.start_mark.line + 1
        return found

    def _section(self, node: yaml.Node, schema: Any, key: str) -> Any:
        hints = get_type_hints(schema, include_extras=True)
        fields = {field.name: field for field in dataclasses.fields(schema)}
        pairs = self._pairs(node, key)
        assert isinstance(node, yaml.MappingNode)  # noqa: S101  (_pairs has refused anything else)
        for name_node, _ in node.value:
            if name_node.value not in fields:
                path = f"{key}.{name_node.value}".lstrip(".")
                raise self._fail(name_node, path, "unknown key", self._hint(name_node.value, fields))
        for name, field in fields.items():
            required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            if required and name not in pairs:
                raise self._fail(node, f"{key}.{name}".lstrip("."), "is missing", "add this key")
        values = {
            name: self._value(value, hints[name], f"{key}.{name}".lstrip("."))
            for name, value in pairs.items()
        }
        try:
            return schema(**values)
        except ValueError as problem:
            raise self._fail(node, key, str(problem)) from None

    def _sequence(self, node: yaml.Node, item: Any, key: str) -> tuple[Any, ...]:
        if not isinstance(node, yaml.SequenceNode):
            raise self._fail(node, key, "must be a list", "write '- value' lines or [a, b]")
        return tuple(self._value(value, item, f"{key}[{index}]") for index, value in enumerate(node.value))

    def _marked(self, node: yaml.Node, wanted: Any, mark: InFile | Between, key: str) -> Any:
        if isinstance(mark, InFile):
            return self._other_file(node, wanted, mark, key)
        number: int = self._scalar(node, wanted, key)
        try:
            return mark.check(number)
        except ValueError as problem:
            raise self._fail(node, key, str(problem)) from None

    def _other_file(self, node: yaml.Node, schema: Any, mark: InFile, key: str) -> Any:
        path: Path = self._scalar(node, Path, key)
        if not path.is_file():
            raise self._fail(node, key, f"{path} is not a file", "the name is relative to this file")
        return _Reader(path, self._error).load(schema, mark.version)

    def _scalar(self, node: yaml.Node, wanted: Any, key: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise self._fail(node, key, "must be one value", "not a list or a section")
        if node.tag == "tag:yaml.org,2002:null":
            raise self._fail(node, key, "has no value", "leave the key out instead")
        try:
            return self._convert(wanted)(node.value)
        except ValueError as problem:
            raise self._fail(node, key, str(problem)) from None

    def _file(self, text: str) -> Path:
        try:
            return (self._path.parent / Path(text).expanduser()).resolve()
        except RuntimeError as problem:
            raise ValueError(f"{text!r}: {problem}") from None

    def _convert(self, wanted: Any) -> Callable[[str], Any]:
        if issubclass(wanted, enum.Enum):
            return lambda text: _choice(text, wanted)
        if wanted is Path:
            return self._file
        if _parses_itself(wanted):
            from_text: Callable[[str], Any] = wanted.from_text
            return from_text
        return _PLAIN[wanted]


def _keys(schema: Any, home: str = "") -> Iterator[tuple[str, str]]:
    """Every key below `schema` with the section it belongs to."""
    for name, wanted in get_type_hints(schema).items():
        yield home, name
        for part in (wanted, *get_args(wanted)):
            if isinstance(part, type) and dataclasses.is_dataclass(part) and not _parses_itself(part):
                yield from _keys(part, f"{home}.{name}".lstrip("."))


def _parses_itself(wanted: Any) -> bool:
    return issubclass(wanted, Scalar)


def _choice(text: str, wanted: type[enum.Enum]) -> enum.Enum:
    values = [str(member.value) for member in wanted]
    if text not in values:
        raise ValueError(f"{text!r} is not one of {', '.join(values)}")
    return wanted(text)


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _integer(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:20]!r} is not a whole number of at most nine digits")
    return int(text)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is not true or false")
    return text == "true"


def _date(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is not a date such as 2012-12-30")


_PLAIN: dict[type, Callable[[str], Any]] = {str: _text, int: _integer, bool: _boolean, date: _date}
