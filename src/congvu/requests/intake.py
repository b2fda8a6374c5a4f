"""What has come becomes requests that wait for a decision, or is answered with the reasons.

What is found about a message is on the disk before anybody is told, and the message is there until that is
done. So a run that is killed anywhere is completed by the next one: no request twice, none lost, no answer
twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from congvu.errors import MailFailure
from congvu.mail import record, site
from congvu.mail.accounts import Account
from congvu.mail.notices import Notice
from congvu.mail.post import Post, Unwanted
from congvu.mail.site import Site
from congvu.policy.model import Policy
from congvu.policy.model.lifecycle import Channel
from congvu.requests import answers, checks, lists, submitted
from congvu.requests.model import Attachment, Request, Row, State
from congvu.requests.store import Store, identity, plain_names
from congvu.requests.submitted import File, Submitted
from congvu.sync.lock import only_one
from congvu.sync.settings import Settings
from congvu.vietnam import VIETNAM

WAIT = 60.0
"""Seconds that a command waits for the timer's run, and the other way round."""
_MOST_REASONS = 40


@dataclass(frozen=True, slots=True)
class Taken:
    """What was done with what had come."""

    requests: tuple[Request, ...] = ()
    untold: tuple[str, ...] = ()
    """Who could not be told, and why."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A request as it is to be kept, with its files."""

    request: Request
    files: Mapping[str, bytes]
    answered: bool = True
    """Whether its sender is told. A program is not (RFC 3834), nor whoever has no mailbox here."""


def take_in(settings: Settings, store: Store, author: str, now: datetime) -> Taken:
    """Tell what was decided, then deal with every message that waits: one may end the run.

    One at a time: raises `SystemFailure` when another one is at work and does not end. Raises `MailFailure`,
    `DirectoryFailure` when Postfix or the directory is away; what waits then waits on.
    """
    with only_one(store.folder, author, wait=WAIT):
        waiting, decided = store.waiting(), store.untold()
        if not (waiting or decided):
            return Taken()
        with site.opened(settings) as here, record.acts(store.folder / "audit", author) as acts:
            work = _Work(here, store, Post(acts, here.host))
            for request in decided:
                work.tell_decision(request)
            for path in waiting:
                work.take(path, now)
    if work.away:
        raise work.away
    return Taken(tuple(work.requests), tuple(work.untold))


class _Work:
    """One run."""

    def __init__(self, here: Site, store: Store, post: Post) -> None:
        self._here, self._store, self._post = here, store, post
        self.requests: list[Request] = []
        self.untold: list[str] = []
        self.away: MailFailure | None = None
        """Why something has not been told yet, and stays where it is."""

    def take(self, path: Path, now: datetime) -> None:
        """Keep what a message asks for, and answer it; the message goes last."""
        raw = self._store.begin(path)
        judged = judge(self._here, raw, now)
        request = self._store.find(judged.request.id)
        if request is None:
            self._store.add(judged.request, judged.files)
            request = judged.request
            self.requests.append(request)
        if not judged.answered or self._send(request, answers.arrived):
            self._store.forget(path)

    def tell_decision(self, request: Request) -> None:
        """Tell the unit how its request ended."""
        answer = {State.REFUSED: answers.refused, State.DONE: answers.done}.get(request.state)
        if answer is None:
            return  # whoever decided was cut off; the next decision is told
        if not request.sender or answers.is_silent(request) or self._send(request, answer):
            self._store.told(request)

    def _send(self, request: Request, answer: Callable[[Request, str], Notice]) -> bool:
        """Send an answer; returns whether it need not be tried again."""
        try:
            self._post.send(answer(request, self._here.operator(request.domain)), request.domain)
        except Unwanted as fault:
            self.untold.append(str(fault))
        except MailFailure as fault:
            self.away = self.away or fault
            return False
        return True


def judge(here: Site, raw: bytes, now: datetime) -> Judged:
    """What a message is. Raises `DirectoryFailure`, `PolicyError`."""
    mail = submitted.read(raw, here.host)
    sender = here.accounts.holding(mail.sender) if mail.sender else None
    reasons = list(checks.of_sender(mail, sender))
    policy = here.policy(sender.domain) if sender else None
    if sender and not policy:
        reasons.append(f"miền thư {sender.domain} chưa được cấu hình để tiếp nhận đề nghị")
    rows: tuple[Row, ...] = ()
    remarks: tuple[str, ...] = ()
    if sender and policy and not reasons:
        units = here.accounts.all_units(sender.domain)
        reasons += checks.of_unit(sender, policy, Channel.UNIT_MAILBOX, units)
        reasons += checks.of_document(mail.document, policy)
        reasons += checks.of_scan(mail.files, policy)
        rows, faults, remarks = read_list(here, mail.files, checks.below(sender, units, policy), policy)
        reasons += faults
        remarks = (*checks.without_copy(mail, policy, units), *remarks)
    when = _received(mail) or now
    request = Request(
        id=identity(f"{when.astimezone(VIETNAM):%Y%m%d}", *_same(mail, raw)),
        channel=Channel.UNIT_MAILBOX,
        domain=sender.domain if sender else "",
        sender=mail.sender,
        unit=sender.name if sender else "",
        received=when.isoformat(timespec="seconds"),
        state=State.RETURNED if reasons else State.PENDING,
        document=mail.document,
        document_date=mail.document_date,
        message_id=mail.message_id,
        rows=() if reasons else rows,
        reasons=tuple(reasons[:_MOST_REASONS]),
        remarks=remarks,
    )
    judged = with_files(request, mail.files, raw)
    return replace(judged, answered=sender is not None and not mail.automatic)


def _same(mail: Submitted, raw: bytes) -> Iterator[str]:
    """What is the same when a message is sent once more. What it asks for is part of that: some programs give
    a message that was mended the Message-ID of the one that was returned."""
    yield mail.sender
    yield mail.message_id or sha256(raw).hexdigest()
    yield mail.subject
    yield mail.document
    yield from (file.sha256 for file in mail.files)


def _received(mail: Submitted) -> datetime | None:
    """When Postfix took it."""
    when = datetime.fromisoformat(mail.received) if mail.received else None
    return when.replace(tzinfo=VIETNAM) if when and not when.tzinfo else when


def read_list(
    here: Site, files: Sequence[File], allowed: Sequence[Account] | None, policy: Policy
) -> tuple[tuple[Row, ...], list[str], tuple[str, ...]]:
    """The rows of the one list among `files`, what is wrong with it, and what to look at.

    `allowed` are the units that it may be about; None: a unit that is not in the directory asks.
    Raises `DirectoryFailure`.
    """
    found = [file for file in files if file.is_list]
    if len(found) != 1:
        words = "thiếu danh sách" if not found else "có nhiều hơn một danh sách"
        return (), [f"{words}; hãy gửi kèm đúng một danh sách (XLSX hoặc CSV) theo mẫu đã công bố"], ()
    listed = lists.read(found[0].content, found[0].name, allowed)
    faults = list(listed.errors)
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for person in listed.people:
        account = here.accounts.holding(person.address) if person.address else None
        faults += (
            f"dòng {person.place.row}: {fault}" for fault in checks.of_row(person, account, allowed, policy)
        )
        if account and (first := seen.setdefault(account.address, person.place.row)) != person.place.row:
            faults.append(f"dòng {person.place.row}: trùng hộp thư {account.address} với dòng {first}")
        rows.append(checks.row(person, account))
    return (() if faults else tuple(rows)), faults, listed.remarks


def with_files(request: Request, files: Sequence[File], raw: bytes = b"") -> Judged:
    """A request with its attachments, and the message it came in."""
    names = list(plain_names(file.name for file in files))
    kept = {name: file.content for name, file in zip(names, files, strict=True)}
    attachments = tuple(
        Attachment(file.name, name, file.sha256) for name, file in zip(names, files, strict=True)
    )
    if raw:
        kept["message.eml"] = raw
    return Judged(replace(request, attachments=attachments), kept)
