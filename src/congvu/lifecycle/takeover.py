"""A handover on the mail server: content counted, sessions ended, counted again, and a record to sign.

What was handed over, by hand or by the registry, is read from the sync's audit log, from a bookmark of its
own: a large mailbox takes minutes, and holds up neither another session's end nor a letter. Killed anywhere,
the next run goes on; the log of records says which handovers have theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from congvu.directory.model import Entry
from congvu.errors import CongvuError, MailFailure, SystemFailure
from congvu.files import write_whole
from congvu.lifecycle import follow
from congvu.lifecycle.account import ATTRIBUTES
from congvu.lifecycle.delegation import Delegation, delegations
from congvu.lifecycle.handover import Handover, handovers
from congvu.lifecycle.happened import Reader
from congvu.lifecycle.minutes import Counts, Person, minutes
from congvu.mail import content, record, site
from congvu.mail.content import Content
from congvu.mail.site import Site
from congvu.paper import pdf
from congvu.sync.auditfile import records
from congvu.sync.lock import AtWork, only_one
from congvu.sync.settings import Settings
from congvu.vietnam import VIETNAM

RECORD, ENDED = "handover", "handover_sessions"
"""What the log tells: a handover has its record; its sessions have ended."""
WAIT = 600.0
"""Seconds that a handover by hand waits for others that are being recorded."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A handover with its record."""

    handover: Handover
    paper: Path
    digest: str
    """SHA-256 of the paper."""
    missing: int
    """Messages that the second count has not."""
    messages: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A mailbox, counted before it was handed over by hand."""

    content: Content
    at: datetime


class Office:
    """Where handovers are recorded: `state` is the mail server's folder of what follows."""

    def __init__(self, settings: Settings, state: Path, author: str) -> None:
        self._settings, self._author = settings, author
        self._folder = state / "handovers"
        self._reader = Reader(settings.audit_folder, self._folder / "read.json")
        self._sessions = Reader(settings.audit_folder, state / follow.SESSIONS)

    def follow(self) -> tuple[Recorded, ...]:
        """Record what has been handed over since. Nothing where somebody else is at it.

        Raises the first `CongvuError` of a mailbox that cannot be counted, once the others have their
        records; the next run tries again.
        """
        try:
            with only_one(self._folder, self._author):
                self._begin()
                done, waiting = self._follow({})
        except AtWork:
            return ()
        if waiting:
            raise waiting
        return done

    def hand_over(self, dn: str, address: str, act: Callable[[], object]) -> Recorded:
        """Count the unit's mailbox, do `act`, which hands it over in the directory, and record it.

        Raises `CongvuError`; where `act` was done, the next run makes the record.
        """
        with only_one(self._folder, self._author, wait=WAIT):
            self._begin()
            before = Counted(content.count(address), datetime.now(UTC))
            act()
            done, waiting = self._follow({dn: before})
        for one in reversed(done):
            if one.handover.dn == dn:
                return one
        raise waiting or SystemFailure(
            "it was handed over, and the audit log does not tell of it", where=address, hint="try to read it"
        )

    def _begin(self) -> None:
        """Where no handover was recorded yet, begin where sessions were ended last: the past is past."""
        if self._reader.bookmark().position is None:
            self._reader.keep(self._sessions.bookmark())

    def _follow(self, counted: Mapping[str, Counted]) -> tuple[tuple[Recorded, ...], CongvuError | None]:
        """Record what is outstanding; `counted` are mailboxes whose last handover was counted before.

        Returns what was recorded, and why something was not.
        """
        since = self._reader.bookmark()
        done, behind = self._reader.read(since)
        if behind == since:
            return (), None
        found, vacant = handovers(done, since.aside)
        recorded: list[Recorded] = []
        waiting: CongvuError | None = None
        if found:
            known, last = self._known(), {one.dn: one.number for one in found}
            with site.opened(self._settings) as here:
                for one in found:
                    if (RECORD, *_key(one)) in known:
                        continue
                    try:
                        before = counted.get(one.dn) if one.number == last[one.dn] else None
                        ended = (ENDED, *_key(one)) in known  # if only what follows is tried again
                        if made := self._record(here, one, before, ended=ended):
                            recorded.append(made)
                    except CongvuError as fault:
                        waiting = waiting or fault
        if waiting is None:
            self._reader.keep(behind.beside(vacant))
        return tuple(recorded), waiting

    def _known(self) -> set[tuple[str, int, str]]:
        """What the log tells, and of which handovers: numbers begin anew in another audit log."""
        log = self._folder / "audit"
        if not log.is_dir():
            return set()
        told = (one for one in records(log) if one["record"] in (RECORD, ENDED))
        return {(one["record"], one["of"], one.get("moment", "")) for one in told}

    def _record(
        self, here: Site, handover: Handover, counted: Counted | None, *, ended: bool
    ) -> Recorded | None:
        """Count, end sessions, count again, write the paper; None where the mailbox has gone since."""
        unit, policy = here.accounts.read(handover.dn, ATTRIBUTES), here.policy(handover.domain)
        if unit is None or policy is None or not unit.state.delivers:
            self._tell(handover, RECORD, left_out="the mailbox is not in use any more")
            return None
        address = unit.value("mail")
        going_on = _delegations(unit)
        before = counted or Counted(content.count(address), datetime.now(UTC))
        if not ended:
            _end_sessions(here, unit, handover)
            self._tell(handover, ENDED)
        after = Counted(content.count(address), datetime.now(UTC))
        difference = content.compare(before.content, after.content)
        dns = {handover.giver, handover.taker, *(dn for those in handover.lost.values() for dn in those)}
        people = _people(here, dns | {one.dn for one in going_on})
        counts = Counts(before.content, before.at, after.content, after.at, difference)
        paper = pdf(minutes(handover, counts, people, going_on, policy))
        name = (
            f"{handover.moment.astimezone(VIETNAM):%Y%m%d}-{address.partition('@')[0]}-{handover.number}.pdf"
        )
        path = self._folder / name
        write_whole(path, paper)
        whole, digest = after.content.whole(), sha256(paper).hexdigest()
        missing = sum(difference.missing.values())
        self._tell(
            handover,
            RECORD,
            paper=name,
            sha256=digest,
            messages=whole.messages,
            size=whole.size,
            content=whole.digest,
            content_before=before.content.whole().digest,
            missing=missing,
            new=sum(difference.new.values()),
        )
        return Recorded(handover, path, digest, missing, whole.messages)

    def _tell(self, handover: Handover, what: str, **facts: object) -> None:
        """What was done for the handover; so says the log."""
        number, moment = _key(handover)
        told = {"of": number, "moment": moment, "address": handover.address, **facts}
        with record.acts(self._folder / "audit", self._author) as acts:
            acts.log.tell(what, [told])


def _key(handover: Handover) -> tuple[int, str]:
    return handover.number, handover.moment.isoformat()


def _end_sessions(here: Site, unit: Entry, handover: Handover) -> None:
    """Of everybody who may have the mailbox open, with whatever right: nobody goes on from before."""
    dns = unit.with_rights.union({handover.giver} - {""}, *handover.lost.values())
    addresses = {unit.value("mail"), *(one.address for one in _people(here, dns).values())}
    follow.end_sessions(sorted(addresses))


def _people(here: Site, dns: Collection[str]) -> dict[str, Person]:
    found = {dn: account for dn in sorted({*dns} - {""}) if (account := here.accounts.at(dn))}
    return {dn: Person(account.name, account.address) for dn, account in found.items()}


def _delegations(unit: Entry) -> tuple[Delegation, ...]:
    try:
        return delegations(unit)
    except ValueError as problem:
        raise MailFailure(str(problem), where=unit.dn, hint="correct congvuDelegation by hand") from None
