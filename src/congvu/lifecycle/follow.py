"""What follows on the mail server from what happened to accounts: sessions end, and people are told.

Both read the audit log on, each from its own bookmark, so that a letter that Postfix does not take holds up
no session's end. Killed anywhere, the next run goes on: a session is ended twice without harm, and a letter
has a name by which `congvu.mail.post` knows that it was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from congvu.errors import CongvuError, MailFailure
from congvu.lifecycle.happened import Bookmark, Reader, closed_units, without_login, without_rights
from congvu.lifecycle.letters import letters
from congvu.mail import record, site
from congvu.mail.notices import Notice
from congvu.mail.post import Post, Unwanted
from congvu.mail.tools import run
from congvu.sync.auditrecord import Record
from congvu.sync.lock import AtWork, only_one
from congvu.sync.settings import Settings

SESSIONS = "sessions/read.json"
"""The bookmark of whose sessions were ended."""
WAIT = 60.0
"""Seconds that a command waits for the timer's run, and the other way round."""
PATIENCE = 10.0
"""Seconds that it waits for letters."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What was done."""

    ended: tuple[str, ...] = ()
    """Addresses whose sessions were ended, if there were any."""
    told: tuple[str, ...] = ()
    """Mailboxes that were written to."""
    untold: tuple[str, ...] = ()
    """Who could not be told, and why: nobody will try again."""


def follow(settings: Settings, state: Path, author: str, now: datetime) -> Followed:
    """Do what is outstanding. `state` is the folder of the bookmarks and of the log of letters.

    One at a time: raises `AtWork` when another one ends sessions and does not come to its end; letters that
    another one is writing, thousands perhaps, are not waited for long. Raises `MailFailure` when Dovecot or
    Postfix is away, once the other was served; the next one goes on.
    """
    ended: tuple[str, ...] = ()
    away: CongvuError | None = None
    try:
        with only_one(state / "sessions", author, wait=WAIT):
            ended = _end_sessions(settings, state)
    except CongvuError as fault:
        away = fault
    told: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    with (
        suppress(AtWork),
        only_one(state / "letters", author, wait=PATIENCE),
    ):  # else the next run writes them
        told, untold = _tell(settings, state, author, now)
    if away:
        raise away
    return Followed(ended, told, untold)


def _end_sessions(settings: Settings, state: Path) -> tuple[str, ...]:
    reader = Reader(settings.audit_folder, state / SESSIONS)
    since = reader.bookmark()
    done, behind = reader.read(since)
    if behind == since:
        return ()
    addresses = tuple(dict.fromkeys((*without_login(done), *_others(settings, done))))
    end_sessions(addresses)
    reader.keep(behind)
    return addresses


def _others(settings: Settings, done: list[Record]) -> Iterator[str]:
    """Addresses of those who may not use somebody else's mailbox any more: a unit's."""
    lost, shut = set(without_rights(done)), set(closed_units(done))
    if lost or shut:
        with site.opened(settings) as here:
            for dn in sorted(lost.union(*map(here.accounts.with_rights, shut))):
                if account := here.accounts.at(dn):
                    yield account.address


def end_sessions(addresses: Sequence[str]) -> None:
    """End the open sessions of these mailboxes' owners, by whatever protocol. Raises `MailFailure`."""
    for address in addresses:
        run(["doveadm", "kick", address], accept=(0, 68))  # 68: it had none


def _tell(
    settings: Settings, state: Path, author: str, now: datetime
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write the letters of what has happened up to now, one for each reader.

    How far a batch goes is on the disk before its first letter is sent, so that the letters are the same when
    it is sent again. A run that is still at work is told of when it is over: its end makes one letter of it.
    """
    reader = Reader(settings.audit_folder, state / "letters" / "read.json")
    batch = Reader(settings.audit_folder, state / "letters" / "batch.json")
    since, until = reader.bookmark(), batch.bookmark().position
    if until is None or until == since.position:
        until = reader.end_of_runs(since, now)
        if until is None or until == since.position:
            return (), ()
        batch.keep(Bookmark(until))
    done, behind = reader.read(since, until)
    told: list[str] = []
    untold: list[str] = []
    if done:
        with site.opened(settings) as here, record.acts(state / "audit", author) as acts:
            found = letters(here, done, f"{until.file}:{until.offset}")
            untold += found.unwritten
            _send(Post(acts, here.host), found.written, told, untold)
    reader.keep(behind)
    return tuple(told), tuple(untold)


def _send(post: Post, found: Iterable[tuple[str, Notice]], told: list[str], untold: list[str]) -> None:
    """Send every letter that Postfix takes; raises the first `MailFailure` of those it may take later."""
    waiting: MailFailure | None = None
    for domain, notice in found:
        try:
            if post.send(notice, domain):
                told.append(notice.recipient)
        except Unwanted as fault:
            untold.append(str(fault))
        except MailFailure as fault:
            waiting = waiting or fault
    if waiting:
        raise waiting
