"""Entries out of the octets of a search: quickly, and small enough for a province in memory (pure).

ldap3's decoder needs forty times as long as ``ldapsearch`` for the whole search, this one less than twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from congvu.directory import ber
from congvu.directory.model import Entry

KNOWN_VALUES = 1000
"""Different values of one attribute that are kept as one object each."""
Values = str | tuple[str, ...]
"""Of an attribute; one that is alone is bare."""


class Attributes(Mapping[str, tuple[str, ...]]):
    """An entry's attributes in little memory: 100,000 people fit into 90 MB, in dictionaries into 150."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: dict[str, int], values: tuple[Values, ...]) -> None:
        """`places` of the names among `values` are shared by entries of one kind; a value alone is bare."""
        self._places = places
        self._values = values

    def __getitem__(self, name: str) -> tuple[str, ...]:
        value = self._values[self._places[name]]
        return (value,) if isinstance(value, str) else value

    def get(self, name: str, default: Any = None) -> Any:
        """The values of `name`, else `default`."""
        place = self._places.get(name)
        if place is None:
            return default
        value = self._values[place]
        return (value,) if isinstance(value, str) else value

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return repr(dict(self))


class Decoder:
    """Reads entries. What many entries have in common becomes one object."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str, Values]] = {}
        self._names: dict[bytes, str] = {}
        self._counts: dict[str, int] = {}
        self._places: dict[tuple[str, ...], dict[str, int]] = {}

    def entry(self, operation: bytes) -> Entry:
        """The entry in a SearchResultEntry (RFC 4511, 4.5.2); raises `ber.Malformed`.

        Values that are no UTF-8 keep their bytes (``surrogateescape``).
        """
        try:
            return self._entry(operation)
        except IndexError:
            raise ber.Malformed("an entry that ends before it is complete") from None

    def _entry(self, frame: bytes) -> Entry:
        _, at, _ = ber.element(frame, 0)
        _, first, at = ber.element(frame, at)
        dn = frame[first:at].decode("utf-8", errors="surrogateescape")
        _, at, end = ber.element(frame, at)
        known = self._known
        here: dict[bytes, Values] = {}
        names, found = [], []
        while at < end:
            size = frame[at + 1]
            last = at + 2 + size if size < 0x80 else ber.element(frame, at)[2]
            whole = frame[at:last]
            name, values = known.get(whole) or self._attribute(whole, here)
            names.append(name)
            found.append(values)
            at = last
        key = tuple(names)
        places = self._places.get(key)
        if places is None:
            places = self._places[key] = {name: place for place, name in enumerate(key)}
        return Entry(dn, Attributes(places, tuple(found)))

    def _attribute(self, whole: bytes, here: dict[bytes, Values]) -> tuple[str, Values]:
        """Name and values of an attribute that is not known yet; `here` are the values of this entry."""
        _, at, _ = ber.element(whole, 0)
        _, first, last = ber.element(whole, at)
        octets = whole[first:last]
        name = self._names.get(octets)
        if name is None:
            name = self._names[octets] = octets.decode()
        listed = whole[last:]
        values = here.get(listed)  # an address is mail and mailLocalAddress, a name cn and displayName
        if values is None:
            values = here[listed] = _values(listed)
        count = self._counts.get(name, 0)
        if count < KNOWN_VALUES:
            self._counts[name] = count + 1
            self._known[whole] = name, values
        return name, values


def _values(listed: bytes) -> Values:
    _, at, end = ber.element(listed, 0)
    found = []
    while at < end:
        size = listed[at + 1]
        if size < 0x80:
            first, last = at + 2, at + 2 + size
        else:
            _, first, last = ber.element(listed, at)
        found.append(listed[first:last].decode("utf-8", errors="surrogateescape"))
        at = last
    return found[0] if len(found) == 1 else tuple(found)
