"""What unit tests share besides fixtures: a directory in memory, a small registry, tables of cases."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from congvu.directory.model import Entry, dn_key
from congvu.errors import DirectoryFailure

ROOT = Path(__file__).parents[2]
BASE = "dc=gov,dc=vn"

UNITS = """\
unit_id,name,kind,parent_id,address,registered_on
A1,Sở Khoa học và Công nghệ,department,,,2013-01-02
A2,Trung tâm Quản lý Cổng thông tin điện tử,centre,A1,,2013-01-02
X1,Ủy ban nhân dân xã Cát Tiên,commune,,,2025-07-01
"""
STAFF = """\
staff_id,surname,middle_name,given_name,unit_id,position,phone,registered_on,status
S1,Nguyễn,Văn,An,A1,Chuyên viên,0999 000 001,2013-01-02,working
S2,Ngô,Viết,Ân,X1,Kế toán,,2014-05-01,working
S3,Trần,Thị Ngọc,Ánh,A2,,,2013-01-02,working
"""


DAY = date(2013, 1, 2)


@dataclass(frozen=True)
class AUnit:
    """The least that naming asks of a unit."""

    unit_id: str
    name: str
    kind: str = "department"
    parent_id: str = ""
    address: str = ""
    domain: str = ""
    registered_on: date = DAY


@dataclass(frozen=True)
class APerson:
    """The least that naming asks of a person."""

    staff_id: str
    surname: str = ""
    middle_name: str = ""
    given_name: str = ""
    written_name: str = ""
    unit_id: str = "U"
    address: str = ""
    registered_on: date = DAY
    document: str = ""
    birth_date: date | None = None
    citizen_id: str = ""


@dataclass(frozen=True)
class ARegister:
    """Units and people."""

    units: Sequence[AUnit]
    staff: Sequence[APerson]


class Tree:
    """A directory in memory with the refusals of slapd that matter here."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = {
            dn_key(entry.dn): entry for entry in (Entry.build(BASE, ("domain",), {"dc": "gov"}), *entries)
        }
        self.writes = 0

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Entry]:
        assert base == BASE
        for entry in self.entries.values():
            if filter_ == "(objectClass=*)" or any(f"={name})" in filter_ for name in entry.addresses):
                yield Entry(entry.dn, {name: entry.values(name) for name in attributes if entry.values(name)})

    def add(self, entry: Entry) -> None:
        parent = dn_key(entry.dn).split(",", 1)[1]
        if dn_key(entry.dn) in self.entries or parent not in self.entries:
            raise DirectoryFailure("entryAlreadyExists or noSuchObject", where=entry.dn)
        if taken := {a for other in self.entries.values() for a in other.addresses} & set(entry.addresses):
            raise DirectoryFailure(f"constraintViolation: {taken}", where=entry.dn)
        self.entries[dn_key(entry.dn)] = entry
        self.writes += 1

    def replace(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        entry = self.entries[dn_key(dn)]
        merged = {**entry.attributes, **{name: tuple(values) for name, values in attributes.items()}}
        self.entries[dn_key(dn)] = Entry(
            entry.dn, {name: values for name, values in merged.items() if values}
        )
        self.writes += 1


def table(name: str) -> list[dict[str, str]]:
    """The rows of a data file."""
    with (Path(__file__).parent / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
