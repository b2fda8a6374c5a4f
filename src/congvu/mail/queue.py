"""Postfix's queue: what is in it, what its messages say, letting them go, removing them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser

from congvu.errors import MailFailure
from congvu.mail.messageid import MessageId
from congvu.mail.tools import run

HOLD = "hold"
"""Name of the queue of messages that wait for a person."""
REASON = "X-Congvu-Held"
"""Header in which a rule says why it had the message held: ``SYMBOL; words``."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A message in the queue."""

    id: str
    queue: str
    arrived: datetime
    """In Greenwich's time."""
    size: int
    """In bytes, with Postfix's own records."""
    sender: str
    """Of the envelope; empty for a bounce."""
    recipients: tuple[str, ...]
    """Of the envelope, those who are still to get it."""

    @property
    def held(self) -> bool:
        """Whether it waits for a person."""
        return self.queue == HOLD


@dataclass(frozen=True, slots=True)
class Headers:
    """What the header of a queued message says."""

    message_ids: tuple[str, ...]
    reasons: tuple[str, ...]
    """Values of `REASON`."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """The rules that had it held."""
        return tuple(dict.fromkeys(reason.partition(";")[0].strip() for reason in self.reasons))


def parse(listing: str) -> tuple[Queued, ...]:
    """Read what ``postqueue -j`` prints: a JSON object on each line. Raises `MailFailure`."""
    found = []
    # Not splitlines(): U+2028, U+0085 and the like may stand in an address (RFC 6531).
    for line in filter(None, listing.split("\n")):
        try:
            one = json.loads(line)
            found.append(
                Queued(
                    id=one["queue_id"],
                    queue=one["queue_name"],
                    arrived=datetime.fromtimestamp(one["arrival_time"], UTC),
                    size=one["message_size"],
                    sender="" if one["sender"] == "MAILER-DAEMON" else one["sender"],
                    recipients=tuple(each["address"] for each in one["recipients"]),
                )
            )
        except (ValueError, KeyError, TypeError) as problem:
            raise MailFailure(f"cannot read its listing: {problem}", where="postqueue -j") from None
    return tuple(found)


def listing() -> tuple[Queued, ...]:
    """All messages of the queue, oldest first. Raises `MailFailure`."""
    return tuple(sorted(parse(run(["postqueue", "-j"]).text), key=lambda one: (one.arrived, one.id)))


def held() -> tuple[Queued, ...]:
    """The messages that are held, oldest first. Raises `MailFailure`."""
    return tuple(one for one in listing() if one.held)


def headers(message: Queued) -> Headers | None:
    """What a message says of itself; None when it has left the queue meanwhile. Raises `MailFailure`."""
    done = run(["postcat", "-qh", message.id], accept=(0, 1))
    if done.code and "No such file" in done.errors:
        return None
    if done.code:
        raise MailFailure(done.errors, where=f"postcat -qh {message.id}")
    return read_headers(done.output)


def read_headers(text: bytes) -> Headers:
    """The same, from the lines of a header."""
    parsed = BytesHeaderParser().parsebytes(text)
    fields = [(name.casefold(), str(value)) for name, value in parsed.raw_items()]
    return Headers(
        tuple(value for name, value in fields if name == "message-id"),
        tuple(" ".join(value.split()) for name, value in fields if name == REASON.casefold()),
    )


def bearing(wanted: MessageId, messages: Iterable[Queued]) -> tuple[Queued, ...]:
    """Those of the queued `messages` that bear the Message-ID. Raises `MailFailure`."""
    found = []
    for message in messages:
        said = headers(message)
        if said and wanted.is_in(said.message_ids):
            found.append(message)
    return tuple(found)


def release(message: Queued) -> None:
    """Let a held message go on, at once; no rule looks at it again. Raises `MailFailure`."""
    _super("-H", message, (HOLD,))
    run(["postqueue", "-i", message.id])


def remove(message: Queued) -> None:
    """Remove a message from the queue, unless it has moved on. Raises `MailFailure`."""
    _super("-d", message, (message.queue,))


def _super(option: str, message: Queued, queues: Sequence[str]) -> None:
    """``postsuper`` says what it did on its standard error only, and ends with 0 when it found nothing."""
    done = run(["postsuper", option, message.id, *(queues if option == "-d" else ())])
    if ": 1 message" not in done.errors:
        raise MailFailure(
            f"the message has left its queue {message.queue}: {done.errors or 'nothing was done'}",
            where=message.id,
            hint="congvu mail held",
        )
