"""A request of a unit, and what has become of it (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

from congvu.policy.model.lifecycle import Channel
from congvu.registry.model import Action

VERSION = 1


class State(StrEnum):
    """Where a request is."""

    RETURNED = "returned"
    """A check failed: it never was a request, and whoever sent it was told why."""
    PENDING = "pending"
    """Nobody has decided (LD-3)."""
    APPROVED = "approved"
    """Decided; some row is still to be done."""
    REFUSED = "refused"
    DONE = "done"

    @property
    def open(self) -> bool:
        """Whether somebody has something to do."""
        return self in (State.PENDING, State.APPROVED)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    number: int
    """Row of the sheet, or line of the file."""
    action: Action
    name: str
    address: str = ""
    """Of an account that is there; empty of who is to get one."""
    unit_id: str = ""
    """Of the account when it was asked for; of who is to get one, where that is."""
    document: str = ""
    details: str = ""
    """What a change asks for, in the unit's words."""
    done: bool = False

    @property
    def by_registry(self) -> bool:
        """Whether the registry must say it: who has an account is its word alone."""
        return self.action in (Action.CREATE, Action.CHANGE)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with it."""

    name: str
    """As it was called."""
    file: str
    """What it is called here."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Request:
    """All that is known of one request."""

    id: str
    channel: Channel
    domain: str
    """The mail domain whose policy holds for it."""
    sender: str
    """The mailbox it came from; of paper the unit's, if it has one."""
    unit: str
    """Name of the unit that asks; of what was returned it may be a person's."""
    received: str
    """ISO 8601 with the offset."""
    state: State
    document: str = ""
    document_date: str = ""
    """ISO 8601, as far as it was given."""
    signer: str = ""
    message_id: str = ""
    rows: tuple[Row, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why it was returned, in Vietnamese."""
    remarks: tuple[str, ...] = ()
    """What is no reason to return it, and should be looked at."""
    decided_by: str = ""
    decision: str = ""
    """The number of the document that decides it, or why it, or the rest of it, was refused."""
    decided: str = ""

    @property
    def left(self) -> tuple[Row, ...]:
        """Rows that are still to be done."""
        return tuple(row for row in self.rows if not row.done)

    def with_done(self, number: int) -> Self:
        """With the row of this number done; the last one ends the request."""
        rows = tuple(replace(row, done=True) if row.number == number else row for row in self.rows)
        return replace(self, rows=rows, state=State.DONE if all(row.done for row in rows) else self.state)

    def as_json(self) -> dict[str, Any]:
        """What is written down."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What was written down; raises `ValueError`, `KeyError` or `TypeError` when it is no request."""
        values = dict(kept)
        if values.pop("version") != VERSION:
            raise ValueError("another version")
        values["channel"], values["state"] = Channel(values["channel"]), State(values["state"])
        values["rows"] = tuple(Row(**{**row, "action": Action(row["action"])}) for row in values["rows"])
        values["attachments"] = tuple(Attachment(**one) for one in values["attachments"])
        values["reasons"], values["remarks"] = tuple(values["reasons"]), tuple(values["remarks"])
        return cls(**values)
