"""Taking a message out of mailboxes and queue (LD-11.6: a state secret in a mailbox is removed at once)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import parseaddr, parsedate_to_datetime
from hashlib import sha256
from typing import Any

from congvu.errors import InputError, MailFailure
from congvu.mail import boxes, notices, queue
from congvu.mail.boxes import Copy
from congvu.mail.messageid import MessageId
from congvu.mail.notices import About, Notice
from congvu.mail.post import Post
from congvu.mail.queue import Queued
from congvu.mail.record import Acts
from congvu.mail.site import Site
from congvu.mail.tools import run
from congvu.sync.auditrecord import Record

BOX, QUEUE = "recall", "recall-queued"
"""Records of a copy removed from a mailbox, from the queue."""
ROUNDS = 5
"""A message that was on its way may arrive while it is recalled; looks again until nothing is found."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look."""

    boxes: tuple[str, ...]
    """Primary addresses."""
    whole: bool
    """Whether these are all, and queued copies go whoever they are for."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a message is."""

    copies: tuple[Copy, ...]
    queued: tuple[Queued, ...]
    """In the queue, for the boxes in scope."""
    others: tuple[Queued, ...] = ()
    """In the queue, for others too: these stay."""
    gone: tuple[Queued, ...] = ()
    """Found in the queue, and gone before they could be removed: sent, or taken off by somebody."""
    untold: Mapping[str, str] = field(default_factory=dict)
    """Who must be told and could not, with words that say so and why."""

    def __bool__(self) -> bool:
        """Whether there is anything to remove."""
        return bool(self.copies or self.queued)


def scope(site: Site, named: Sequence[str]) -> Scope:
    """Where to look: the mailboxes `named`, by any of their addresses, or everywhere when none is.

    Raises `InputError` when nobody has an address, or its mailbox is closed.
    """
    if not named:
        return Scope(site.accounts.boxes(), whole=True)
    found = []
    for address in named:
        account = site.accounts.holding(address)
        if account is None:
            raise InputError("no account has this address", where=address, hint="check the spelling")
        if not account.delivers:
            raise InputError(
                "the mailbox is closed, Dovecot does not open it",
                where=address,
                hint="docs/incidents.md says how",
            )
        found.append(account.address)
    return Scope(tuple(dict.fromkeys(found)), whole=False)


def look(site: Site, wanted: MessageId, where: Scope) -> Found:
    """Where the message is. The queue comes first: what leaves it meanwhile is in a mailbox by then."""
    queued = queue.bearing(wanted, queue.listing())
    mine = tuple(one for one in queued if where.whole or _only_for(site, one, where.boxes))
    others = tuple(one for one in queued if one not in mine)
    return Found(boxes.find(where.boxes, wanted), mine, others)


def carry_out(given: Acts, site: Site, wanted: MessageId, where: Scope, decision: Mapping[str, str]) -> Found:
    """Remove the message wherever it is in scope, record each copy, tell everybody; returns what was removed.

    With that, what was gone before, what stays, and who could not be told. What an earlier run did and could
    not tell is told too. Raises `MailFailure` when the message does not go away.
    """
    found = look(site, wanted, where)
    _settle(given, wanted, found.copies)
    copies: list[Copy] = []
    queued: list[Queued] = []
    gone: dict[str, Queued] = {}
    for _ in range(ROUNDS):
        for message in found.queued:
            gone.pop(message.id, None)
            if _remove_queued(given, wanted, message, decision):
                queued.append(message)
            else:
                gone[message.id] = message
        for copy in found.copies:
            _remove_copy(given, wanted, copy, decision)
        copies += found.copies
        if not found:
            break
        found = look(site, wanted, where)
    else:
        raise MailFailure(
            f"the message came back {ROUNDS} times", where=str(wanted), hint="stop Postfix, and repeat"
        )
    untold = _tell(given, site, wanted)
    return Found(tuple(copies), tuple(queued), found.others, tuple(gone.values()), untold)


def missing(where: Scope, found: Found, site: Site) -> tuple[str, ...]:
    """Named boxes in which nothing was found, nor in the queue for them."""
    if where.whole:
        return ()
    have = {copy.box for copy in found.copies}
    for message in (*found.queued, *found.others):
        have.update(_boxes_of(site, message))
    return tuple(box for box in where.boxes if box not in have)


def _boxes_of(site: Site, message: Queued) -> Iterator[str]:
    for recipient in message.recipients:
        account = site.accounts.holding(recipient)
        yield account.address if account else recipient


def _only_for(site: Site, message: Queued, wanted: Iterable[str]) -> bool:
    return set(_boxes_of(site, message)) <= set(wanted)


def _remove_queued(given: Acts, wanted: MessageId, message: Queued, decision: Mapping[str, str]) -> bool:
    """Whether it was removed; otherwise it has left its queue."""
    content = run(["postcat", "-qhb", message.id], accept=(0, 1)).output
    facts = {
        "message_id": wanted.text,
        "queue_id": message.id,
        "queue": message.queue,
        "size": message.size,
        "sender": message.sender,
        "recipients": list(message.recipients),
        "date": message.arrived.isoformat(),
        "sha256": sha256(content).hexdigest() if content else "",
        **decision,
    }
    given.log.tell(QUEUE, [{"step": "intended", **facts}])
    try:
        queue.remove(message)
        outcome = {"step": "done", **facts}
    except MailFailure as fault:  # on its way into a mailbox: the next look finds it there
        outcome = {"step": "failed", **facts, "failure": str(fault)}
    given.log.tell(QUEUE, [outcome])
    return outcome["step"] == "done"


def _remove_copy(given: Acts, wanted: MessageId, copy: Copy, decision: Mapping[str, str]) -> None:
    facts = {
        "message_id": wanted.text,
        **asdict(copy),
        **_envelope(copy),
        "sha256": boxes.digest(copy),
        **decision,
    }
    with given.act(BOX, facts):
        boxes.remove(copy)


def _envelope(copy: Copy) -> dict[str, str]:
    """Sender and date of a message, as its header says; where that is no date of our times, when it came."""
    parsed = BytesHeaderParser().parsebytes(boxes.header(copy))
    date = _date(str(parsed["Date"])) or datetime.strptime(copy.received, "%Y-%m-%d %H:%M:%S").astimezone(UTC)
    return {"sender": parseaddr(str(parsed["From"] or ""))[1], "date": date.isoformat()}


def _date(text: str) -> datetime | None:
    """A header's date in UTC, in which ``-0000`` is (RFC 5322, 3.3); None for what is none, or is absurd."""
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if not 1970 < date.year < 2970:
        return None
    return date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)


def _settle(given: Acts, wanted: MessageId, there: Iterable[Copy]) -> None:
    """Note what a run that was cut off did: a copy it was about to remove and that is there no more."""
    left = {_which(asdict(copy)) for copy in there}
    begun: dict[tuple[str, str, int, str], Record] = {}
    for record in given.earlier(BOX):
        if record["message_id"] == wanted.text:
            if record["step"] == "intended":
                begun[(*_which(record), record["run"])] = record
            else:
                begun.pop((*_which(record), record.get("of_run", record["run"])), None)
    for (*which, run_id), record in begun.items():
        if tuple(which) not in left:
            facts = {name: value for name, value in record.items() if name not in _COMMON}
            given.log.tell(BOX, [{**facts, "step": "done", "looked": True, "of_run": run_id}])


_COMMON = frozenset({"sequence", "previous", "time", "run", "record", "author", "host", "step"})


def _which(facts: Mapping[str, Any]) -> tuple[str, str, int]:
    return facts["box"], facts["folder_guid"], facts["uid"]


def _tell(given: Acts, site: Site, wanted: MessageId) -> dict[str, str]:
    """Tell owners, and those whom policies name, what each run has removed and nobody has told them yet.

    Returns whom it could not tell, as `Post.send_all` does.
    """
    runs: dict[str, list[Record]] = {}
    for kind in (BOX, QUEUE):
        for record in given.earlier(kind):
            if record["message_id"] == wanted.text and record["step"] == "done":
                runs.setdefault(record.get("of_run", record["run"]), []).append(record)
    post = Post(given, site.host)
    untold: dict[str, str] = {}
    for run_id, done in runs.items():
        by_box: dict[str, list[Record]] = {}
        for record in done:
            for box in [record["box"]] if "box" in record else list(record["recipients"]):
                by_box.setdefault(box, []).append(record)
        for box, removed in by_box.items():
            if removed[0]["record"] == BOX:
                untold |= post.send_all(_to_owner(site, box, removed, run_id))
        untold |= post.send_all(_reports(site, by_box, done[0], run_id))
    return untold


def _to_owner(site: Site, box: str, removed: Sequence[Record], run_id: str) -> Iterator[tuple[str, Notice]]:
    """What the owner of a mailbox hears, with the domain whose postmaster writes it."""
    account = site.accounts.holding(box)
    if account is None or not account.delivers:  # closed since
        return
    first = removed[0]
    count = sum(record["record"] == BOX for record in removed)
    event = f"{run_id} {first['message_id']}"
    letter = notices.recalled(
        _about(first, [box]), count, first["reason"], first["document"], box,
        event=event, operator=site.operator(account.domain),
    )  # fmt: skip
    yield account.domain, letter


def _reports(
    site: Site, by_box: Mapping[str, object], first: Record, run_id: str
) -> Iterator[tuple[str, Notice]]:
    """To the sender's unit, and to those whom the policies of sender and boxes name (LD-11.6)."""
    units = site.answers_for([first["sender"]])
    accounts = [account for account in map(site.accounts.holding, by_box) if account]
    domains = dict.fromkeys(each.domain for each in (*units, *accounts))
    told = {unit.address: unit.domain for unit in units}
    for domain in domains:
        for address in site.hear_of_secrets(domain):
            told.setdefault(address, domain)
    event = f"{run_id} {first['message_id']}"
    for address, domain in told.items():
        letter = notices.reported(
            _about(first, sorted(by_box)), sorted(by_box), first["reason"], first["document"], address,
            event=event, operator=site.operator(domain),
        )  # fmt: skip
        yield domain, letter


def _about(record: Record, recipients: Sequence[str]) -> About:
    moment = datetime.fromisoformat(record["date"])
    return About(record["message_id"], record["sender"], tuple(recipients), moment)
