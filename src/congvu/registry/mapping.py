"""``registry.yml``: where a registry's tables are, and what their headings and words mean."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from congvu import strictyaml
from congvu.charset import Charset
from congvu.errors import RegistryError
from congvu.registry.dates import DateOrder
from congvu.registry.headingrow import Wish
from congvu.registry.headings import Field, Kind
from congvu.registry.settled import Reading
from congvu.registry.sources.regular import require_file

VERSION = 1
"""The version of mapping files that this package reads."""
NAME = "registry.yml"


class Delimiter(StrEnum):
    """What stands between the cells of a CSV file."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"

    @property
    def sign(self) -> str:
        """The character itself."""
        return {"comma": ",", "semicolon": ";", "tab": "\t"}[self]


class Quarantine(StrEnum):
    """What happens to rows with errors."""

    NONE = "none"
    """The whole registry is refused."""
    UNIT = "unit"
    """Everybody of the row's unit is set aside, the others go on (LD-7.2a: a list is one agency's)."""


@dataclass(frozen=True, slots=True)
class SqlSource:
    """A table or a query of a database."""

    url_file: Path
    """File with the database's URL on one line (SQLAlchemy's form); it may hold a password."""
    table: str | None = None
    query: str | None = None

    def __post_init__(self) -> None:
        if (self.table is None) == (self.query is None):
            raise ValueError("give one of table and query")


@dataclass(frozen=True, slots=True)
class TableSource:
    """One table of the registry."""

    file: Path | None = None
    """CSV or XLSX."""
    sql: SqlSource | None = None
    sheet: str | None = None
    charset: Charset | None = None
    delimiter: Delimiter | None = None
    heading_row: int | None = None
    """Row of the heading; of a heading of two rows the upper one."""
    columns: Mapping[str, Field] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    date_order: DateOrder | None = None

    def __post_init__(self) -> None:
        if (self.file is None) == (self.sql is None):
            raise ValueError("give one of file and sql")
        known = [str(name) for name in Field]
        for section, names in (("values", self.values), ("defaults", self.defaults)):
            for name in names:
                if name not in known:
                    raise ValueError(f"{section}: {name!r}: {strictyaml.nearest(name, known)}")

        if self.values:
            # Here, not above: what the words may be stands in the policies, and few lists need words.
            from congvu.registry import values  # noqa: PLC0415

        for name, words in self.values.items():
            for office, ours in words.items():
                if (wanted := values.wanted(Field(name), ours)) is not None:
                    raise ValueError(f"values: {name}: {office}: {ours!r} is none of {wanted}")

    def wish(self, kind: Kind | None, *, any_heading: bool = False) -> Wish:
        """What is settled about the heading."""
        return Wish(kind, self.heading_row or 0, self.columns, any_heading)

    @property
    def reading(self) -> Reading:
        """What is settled about the cells."""
        return Reading(
            {Field(name): words for name, words in self.values.items()},
            {Field(name): text for name, text in self.defaults.items()},
            self.date_order,
        )


@dataclass(frozen=True, slots=True)
class MappingFile:
    """The whole file, version 1."""

    version: int
    units: tuple[TableSource, ...] = ()
    staff: tuple[TableSource, ...] = ()
    quarantine: Quarantine = Quarantine.NONE

    def of(self, kind: Kind) -> tuple[TableSource, ...]:
        """The tables that list units or staff."""
        return self.units if kind is Kind.UNITS else self.staff


def load_mapping(path: Path) -> MappingFile:
    """Read a mapping file; raises `RegistryError` with ``file:line``."""
    require_file(path)
    return strictyaml.load(path, MappingFile, RegistryError, version=VERSION)


def find_mapping(path: Path) -> MappingFile:
    """The mapping of a folder: its ``registry.yml``, else its ``units`` and ``staff``, CSV or XLSX."""
    if path.suffix in (".yml", ".yaml"):
        return load_mapping(path)
    if os.path.lexists(path / NAME):
        return load_mapping(path / NAME)
    return MappingFile(VERSION, (_usual(path, "units"),), (_usual(path, "staff"),))


def find_lists(path: Path) -> MappingFile:
    """The tables at `path`: a folder's, a mapping file's, or one list of staff. Raises `RegistryError`."""
    if path.is_dir() or path.suffix in (".yml", ".yaml") or not path.exists():
        return find_mapping(path)
    return MappingFile(VERSION, staff=(TableSource(file=path),))


def _usual(folder: Path, name: str) -> TableSource:
    """``units.csv`` or ``units.xlsx``; the CSV where neither is there, for the message."""
    found = [path for suffix in ("csv", "xlsx") if (path := folder / f"{name}.{suffix}").is_file()]
    if len(found) > 1:
        raise RegistryError(
            f"there are both {found[0].name} and {found[1].name}",
            where=str(folder),
            hint=f"remove one, or say in {NAME} which counts",
        )
    return TableSource(file=found[0] if found else folder / f"{name}.csv")
