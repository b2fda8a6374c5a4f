"""Messages that a rule has had held: who is told, letting them go, removing them (LD-4.2, LD-11.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from congvu.errors import InputError, MailFailure
from congvu.mail import notices, queue
from congvu.mail.notices import About, Notice
from congvu.mail.post import Post
from congvu.mail.queue import Headers, Queued
from congvu.mail.record import Acts, acts
from congvu.mail.site import Site
from congvu.mail.tools import run
from congvu.sync.auditfile import records
from congvu.sync.chain import files_of

TOLD = "told-of-held"
"""Record of a held message of which everybody has been told who must be."""
_SECRET = "CONGVU_CLASSIFIED"  # noqa: S105  (a rule's symbol)


@dataclass(frozen=True, slots=True)
class Held:
    """A message that waits for a person."""

    message: Queued
    said: Headers

    @property
    def about(self) -> About:
        """What a notice says of it."""
        ids = " ".join(" ".join(self.said.message_ids).split())
        return About(ids, self.message.sender, self.message.recipients, self.message.arrived, self.message.id)

    def facts(self) -> dict[str, Any]:
        """What the audit log says of it: all but the content, and that as a hash."""
        message = self.message
        content = run(["postcat", "-qhb", message.id]).output
        return {
            "queue_id": message.id,
            "arrived": message.arrived.isoformat(),
            "size": message.size,
            "sender": message.sender,
            "recipients": list(message.recipients),
            "message_id": list(self.said.message_ids),
            "held_for": list(self.said.reasons),
            "sha256": sha256(content).hexdigest(),
        }


def look() -> tuple[Held, ...]:
    """The messages that are held, oldest first. Raises `MailFailure`."""
    found = ((message, queue.headers(message)) for message in queue.held())
    return tuple(Held(message, said) for message, said in found if said)


def one(queue_id: str) -> Held:
    """The held message with this id; raises `InputError` when there is none."""
    for message in queue.held():
        said = queue.headers(message) if message.id == queue_id else None
        if said:
            return Held(message, said)
    raise InputError("no message with this id is held", where=queue_id, hint="congvu mail held lists them")


def release(given: Acts, held: Held, decision: Mapping[str, str]) -> None:
    """Let a message go on, and record it. Raises `MailFailure`."""
    with given.act("release", {**held.facts(), **decision}):
        queue.release(held.message)


def delete(given: Acts, site: Site, held: Held, decision: Mapping[str, str]) -> tuple[str, ...]:
    """Tell the sender and its unit, remove the message, and record it; returns who was told.

    In this order: whoever is cut off in between, the sender knows, and the next try tells nobody twice.
    Senders of other places are not told: an address that was forged would get what it never asked for.
    Raises `MailFailure`, also when the message is removed and somebody could not be told.
    """
    sender = held.message.sender
    account = site.accounts.holding(sender)
    people = [account] if account and account.delivers else []
    told = {each.address: each for each in (*people, *site.answers_for([sender]))}
    letters = [
        (
            each.domain,
            notices.deleted(
                held.about, decision["reason"], decision["document"], each.address, site.operator(each.domain)
            ),
        )
        for each in told.values()
    ]
    facts = {**held.facts(), **decision, "told": sorted(told)}
    with given.act("delete", facts):
        untold = Post(given, site.host).send_all(letters)
        if untold:  # the record of the outcome says it
            facts |= {"told": sorted(told.keys() - untold), "untold": sorted(untold)}
        queue.remove(held.message)
    if untold:
        raise MailFailure(
            "; ".join(f"deleted, but {words}" for words in untold.values()),
            where=held.message.id,
            hint="tell them yourself",
        )
    return tuple(told)


def told_of(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Who was told of which message, by its id in the queue, as the log in `folder` has it.

    Raises `SystemFailure`.
    """
    if not files_of(folder):
        return {}
    return {each["queue_id"]: tuple(each["told"]) for each in records(folder) if each["record"] == TOLD}


def untold(folder: Path) -> tuple[Held, ...]:
    """The messages that a rule has had held and nobody has been told of, by the log in `folder`."""
    known = told_of(folder)
    new = [message for message in queue.held() if message.id not in known]
    found = ((message, queue.headers(message)) for message in new)
    return tuple(Held(message, said) for message, said in found if said and said.reasons)


def notify(
    site: Site, folder: Path, author: str, waiting: tuple[Held, ...]
) -> Iterator[tuple[Held, tuple[str, ...]]]:
    """Tell those who must hear of each of the messages `waiting`, once; gives each with who was told.

    Raises `MailFailure` after the last of them when somebody could not be told; the next run tells those.
    """
    left = []
    with acts(folder, author) as given:
        post = Post(given, site.host)
        for held in waiting:
            letters = tuple(_letters(site, held))
            if untold := post.send_all(letters):
                left += [f"{held.message.id}: {words}" for words in untold.values()]
                continue
            to = [letter.recipient for _, letter in letters]
            given.log.tell(
                TOLD, [{"queue_id": held.message.id, "held_for": list(held.said.reasons), "told": to}]
            )
            yield held, tuple(to)
        if left:
            raise MailFailure("\n".join(left), hint="the next run tells them")


def _letters(site: Site, held: Held) -> Iterator[tuple[str, Notice]]:
    """The notices about a held message, each with the domain whose postmaster sends it.

    To the unit of a sender of ours and, of what may be a state secret, to those whom the policy names. Of
    mail from other places to the units of those whom it was for.
    """
    about, symbols, sender = held.about, held.said.symbols, held.message.sender
    ours = site.accounts.is_ours(sender) or site.accounts.holding(sender) is not None
    told = set()
    for unit in site.answers_for([sender] if ours else held.message.recipients):
        told.add(unit.address)
        yield unit.domain, notices.held(about, symbols, unit.address, site.operator(unit.domain))
        for other in site.hear_of_secrets(unit.domain) if _SECRET in symbols else ():
            if other not in told:
                told.add(other)
                yield unit.domain, notices.held(about, symbols, other, site.operator(unit.domain))
