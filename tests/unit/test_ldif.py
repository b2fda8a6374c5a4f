"""LDIF as RFC 2849 has it: read back by an independent reader, it says what was meant."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvu.directory.model import Entry
from congvu.directory.operations import Add, Change, Event, Modify, Reason
from congvu.sync import ldif
from tests.unit.audited import DOMAIN, change, join

DN = "uid=S1,ou=people,dc=lamdong,dc=gov,dc=vn"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@dataclass
class Read:
    """A change record as a reader sees it."""

    dn: str = ""
    changetype: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)


def read(text: str) -> list[Read]:
    """A reader written from RFC 2849's grammar, for what we write."""
    assert text.startswith("version: 1\n")
    assert text.endswith("\n")
    found = []
    for block in text.removeprefix("version: 1\n").replace("\n ", "").split("\n\n"):
        record = Read()
        for line in block.strip("\n").split("\n"):
            if line.startswith("#") or line in ("-", ""):
                continue
            name, _, rest = line.partition(":")
            if rest.startswith(": "):
                value = b64decode(rest[2:]).decode()
            else:
                value = rest.removeprefix(" ")
                assert not value.startswith((" ", ":", "<")), "no SAFE-STRING"
                assert not value.endswith(" "), "note 8"
            if name in ("dn", "changetype"):
                assert getattr(record, name) == "", "two records in one"
                setattr(record, name, value)
            elif name == "replace":
                record.values[value] = []
            else:
                record.values.setdefault(name, []).append(value)
        if record.dn:
            found.append(record)
    return found


HURTING = (
    "Nguyễn Văn An",
    " vào đầu",
    "ở cuối ",
    " lead",
    "trail ",
    ":colon",
    "<less",
    "a: b :: c",
    "two\nlines",
    "return\r",
    "nul\0",
    "#no comment",
    "-",
    "",
    "x" * 75,
    "x" * 76,
    "x" * 500,
    "ề" * 300,
    "tab\there",
    "\x7f",
)


@pytest.mark.parametrize("value", HURTING)
def test_every_value_comes_back(value: str) -> None:
    text = ldif.VERSION + "\n" + ldif.add(DN, {"title": [value, "other"]})
    assert read(text) == [Read(DN, "add", {"title": [value, "other"]})]
    assert text.isascii()


@given(TEXT, TEXT)
def test_any_value_and_any_name_come_back_in_short_lines(dn: str, value: str) -> None:
    dn = f"uid={dn}"
    text = ldif.VERSION + "\n" + ldif.modify(dn, {"title": [value]})
    assert read(text) == [Read(dn, "modify", {"title": [value]})]
    assert max(len(line) for line in text.split("\n")) <= ldif.WIDTH


def test_bytes_that_are_no_text_come_back() -> None:
    line = ldif.add(DN, {"title": ["\udcff"]}).splitlines()[-1]
    assert line == "title:: /w=="


def test_an_addition_names_every_value() -> None:
    added = join(1)
    assert read(ldif.of_operations([added])) == [
        Read(added.dn, "add", {name: list(values) for name, values in added.entry.attributes.items()})
    ]


def test_a_change_replaces_whole_attributes_and_removes_empty_ones() -> None:
    text = ldif.of_operations([change(1, Event.MOVE, departmentNumber="A2", title="")])
    assert text == (
        "version: 1\n"
        "\n"
        "# move: is changed (staff.csv:1, LD-7.2c)\n"
        f"dn: {DN}\n"
        "changetype: modify\n"
        "replace: departmentNumber\n"
        "departmentNumber: A2\n"
        "-\n"
        "replace: title\n"
        "-\n"
    )


def test_a_password_is_removed_in_it_but_never_told() -> None:
    leaving = replace(change(1, Event.LEAVE), changes=Change.no_password())
    assert "replace: userPassword\n-\n" in ldif.of_operations([leaving])
    told = replace(leaving, changes=(Change("userPassword;x", (), ("hush",)),))
    added = join(1, userPassword="hush")
    assert "hush" not in ldif.of_operations([told, added])


def test_a_reason_cannot_leave_its_comment() -> None:
    reason = Reason(Event.JOIN, "Ông\ndn: uid=evil\u2028\x1b", "")
    entry = Entry.build(DN, ("top",), {"cn": "An"})
    (record,) = read(ldif.of_operations([Add(DOMAIN, entry, reason)]))
    assert record.dn == DN
    (record,) = read(ldif.of_operations([Modify(DOMAIN, entry, (), reason)]))
    assert (record.dn, record.values) == (DN, {})
