"""Which event a change is: the weightiest of all that its attributes tell, and why in words (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from congvu.directory.model import PEOPLE, Entry
from congvu.directory.operations import Change, Event, Reason
from congvu.directory.wanted.model import Task, WantedEntry
from congvu.naming.ledger import parts
from congvu.policy.values import Size

_ADDRESSES = frozenset({"mail", "mailLocalAddress", "congvuAliasUntil", "congvuFormerAddress"})
_PERSON = (
    (Event.RENAME, frozenset({"cn", "displayName", "sn", "givenName"})),
    (Event.MOVE, frozenset({"departmentNumber"})),
    (Event.UNIT_RENAMED, frozenset({"ou"})),
    (Event.ADDRESS, _ADDRESSES),
    (Event.POSITION, frozenset({"title"})),
    (Event.QUOTA, frozenset({"congvuQuota"})),
)
_UNIT = (
    (Event.UNIT_RENAMED, frozenset({"cn", "displayName", "ou"})),
    (Event.UNIT_MOVED, frozenset({"congvuParent"})),
    (Event.ADDRESS, _ADDRESSES),
    (Event.HEAD, frozenset({"congvuHead"})),
    (Event.QUOTA, frozenset({"congvuQuota"})),
)
"""From the weightiest down."""
_WEIGHTS = (
    Event.RENAME,
    Event.MOVE,
    Event.UNIT_RENAMED,
    Event.UNIT_MOVED,
    *(event for event, _ in _PERSON[3:]),
)
_UNIT_PART, _NUMBER_PART = 4, 6
"""Where the words an address is formed from have the unit and the units up to the top, and where they end."""
_STANDING = frozenset({Event.LEAVE, Event.RETURN, Event.UNIT_DISSOLVED, Event.UNIT_MERGED, Event.UNIT_SPLIT})
"""Events that the computation of the wanted entry has found; no attribute outweighs them."""

_CLAUSES: Mapping[Event, tuple[str, ...]] = {
    Event.RENAME: ("person.renamed.address", "person.renamed.alias_for", "person.address[0]"),
    Event.MOVE: ("person.moved.address", "person.moved.alias_for", "registry.kept_by"),
    Event.POSITION: ("registry.kept_by",),
    Event.UNIT_RENAMED: ("unit.renamed.address", "unit.renamed.alias_for", "unit.address[0]"),
    Event.UNIT_MOVED: ("registry.kept_by",),
    Event.HEAD: ("delegation.owners[0]", "delegation.needs_document", "handover.includes[0]"),
    Event.DETAILS: ("registry.kept_by",),
}
_DETAILS = {
    "telephoneNumber": "the telephone number",
    "employeeNumber": "the staff id",
    "congvuEnded": "opened again by hand",
    "congvuDelegate": "delegations end: their holders left",
    "congvuReader": "delegations end: their holders left",
    "congvuAnswerer": "delegations end: their holders left",
    "congvuHandover": "the handover by hand counts no more",
    "congvuOwner": "the owners by office",
    "congvuLeader": "who of the leadership reads the shared folder",
    "title": "the position",
}
_LEDGER = "what the address was formed from"
_SEARCH = "the words it is searched by"


def why(item: WantedEntry, changes: Sequence[Change], task: Task) -> Reason:
    """The reason of a change of an entry that is there."""
    by_name = {change.attribute: change for change in changes if not change.secret}
    person = item.entry.kind == PEOPLE
    told = [(event, names & by_name.keys()) for event, names in (_PERSON if person else _UNIT)]
    events = [event for event, names in told if names]
    if person and (followed := _followed(by_name, events)):
        events = sorted({*events, followed}, key=_WEIGHTS.index)
    explained = frozenset[str]().union(*(names for _, names in told))
    standing = item.reason.event in _STANDING and bool({"congvuState", "congvuEnded"} & by_name.keys())
    rest = [
        text
        for name, text in _DETAILS.items()
        if name in by_name.keys() - explained and not (standing and name == "congvuEnded")
    ]
    phrases = [_PHRASES[event](by_name, item) for event in events] + list(dict.fromkeys(rest))
    if standing or (item.reason.event in _STANDING and not events):
        text = "; ".join((item.reason.text, *phrases))
        return Reason(item.reason.event, text, item.reason.place, item.reason.clause, item.reason.document)
    event = events[0] if events else Event.DETAILS
    text = "; ".join(phrases) or (_SEARCH if by_name.keys() == {"congvuSearch"} else _LEDGER)
    return Reason(event, text, item.reason.place, _clause(event, by_name, item, task), item.reason.document)


def _followed(changes: Mapping[str, Change], events: list[Event]) -> Event | None:
    """What happened to the unit, where the person only follows; taken out of `events` where they moved."""
    if Event.MOVE in events:
        if Event.UNIT_RENAMED in events:  # another unit has another name
            events.remove(Event.UNIT_RENAMED)
        return None
    formed = changes.get("congvuIssuedFor")
    before, after = (
        (parts("".join(values)) for values in (formed.before, formed.after)) if formed else ([], [])
    )
    if len(before) != len(after) or before[_UNIT_PART:_NUMBER_PART] == after[_UNIT_PART:_NUMBER_PART]:
        return None
    return Event.UNIT_RENAMED if before[_UNIT_PART] != after[_UNIT_PART] else Event.UNIT_MOVED


def _clause(event: Event, changes: Mapping[str, Change], item: WantedEntry, task: Task) -> str:
    if event is Event.QUOTA:
        return item.quota_clause
    if event is Event.ADDRESS:
        of = "person" if item.entry.kind == PEOPLE else "unit"
        if "mail" in changes:
            return task.clause(f"{of}.address[0]", f"{of}.address")
        return task.clause(f"{of}.renamed.alias_for", f"{of}.address[0]")
    return task.clause(*_CLAUSES[event])


def _renamed(changes: Mapping[str, Change], _: WantedEntry) -> str:
    new = _new_address(changes)
    if change := changes.get("cn"):
        return f"name {_of(change.before)} → {_of(change.after)}{new}"
    return f"the parts of the name{new}"


def _moved(changes: Mapping[str, Change], _: WantedEntry) -> str:
    change = changes["departmentNumber"]
    return f"unit {_of(change.before)} → {_of(change.after)}"


def _unit_renamed(changes: Mapping[str, Change], item: WantedEntry) -> str:
    change = next((changes[name] for name in ("cn", "ou", "displayName") if name in changes), None)
    if change is None:
        return f"the unit's address is {_formed(changes, _UNIT_PART)} now"
    if item.entry.kind == PEOPLE:
        return f"the unit is {_of(change.after)} now, it was {_of(change.before)}"
    return f"name {_of(change.before)} → {_of(change.after)}"


def _unit_moved(changes: Mapping[str, Change], _: WantedEntry) -> str:
    if "congvuParent" not in changes:
        return f"the unit stands in {_formed(changes, _UNIT_PART + 1)} now"
    change = changes["congvuParent"]
    return f"below {_rdn(change.after) or 'no unit'}, before below {_rdn(change.before) or 'no unit'}"


def _address(changes: Mapping[str, Change], item: WantedEntry) -> str:
    if "mail" in changes:
        change = changes["mail"]
        return f"address {_of(change.before)} → {_of(change.after)}{_until(item.entry, change.before)}"
    former = changes.get("congvuFormerAddress")
    if former and (over := sorted(set(former.after) - set(former.before))):
        return f"the time of {', '.join(over)} is over, it goes to nobody else"
    return "the addresses"


def _head(changes: Mapping[str, Change], _: WantedEntry) -> str:
    change = changes["congvuHead"]
    return f"head {_rdn(change.before) or 'nobody'} → {_rdn(change.after) or 'nobody'}"


def _position(changes: Mapping[str, Change], _: WantedEntry) -> str:
    change = changes["title"]
    return f"position {_of(change.before) or 'none'} → {_of(change.after) or 'none'}"


def _quota(changes: Mapping[str, Change], item: WantedEntry) -> str:
    change = changes["congvuQuota"]
    because = item.quota_reason or "the policy's quota"
    return f"mailbox {_size(change.before)} → {_size(change.after)}: {because}"


_PHRASES: Mapping[Event, Callable[[Mapping[str, Change], WantedEntry], str]] = {
    Event.RENAME: _renamed,
    Event.MOVE: _moved,
    Event.UNIT_RENAMED: _unit_renamed,
    Event.UNIT_MOVED: _unit_moved,
    Event.ADDRESS: _address,
    Event.HEAD: _head,
    Event.POSITION: _position,
    Event.QUOTA: _quota,
}


def _formed(changes: Mapping[str, Change], part: int) -> str:
    return parts("".join(changes["congvuIssuedFor"].after))[part]


def _new_address(changes: Mapping[str, Change]) -> str:
    return "" if "mail" in changes else ", the address stays"


def _until(entry: Entry, before: Sequence[str]) -> str:
    """Until when the address before delivers."""
    for value in entry.values("congvuAliasUntil"):
        address, _, day = value.partition(" ")
        if address.lower() in map(str.lower, before):
            return f", the old one delivers until {datetime.strptime(day, '%Y%m%d').date()}"
    return ""


def _of(values: Sequence[str]) -> str:
    return ", ".join(values)


def _rdn(values: Sequence[str]) -> str:
    return ", ".join(value.split(",", 1)[0].partition("=")[2] for value in values)


def _size(values: Sequence[str]) -> str:
    return str(Size(int(values[0]))) if values and values[0].isdigit() else _of(values)
