"""What is there after a fault: copies in mailboxes, reports to senders, lines of logs that explain them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from congvu.fleet.client import Outside, mailbox, parse
from congvu.fleet.lab import run_in
from tests.faults.traffic import Event, Letter
from tests.lab import Account, Site

FOLDERS = ("INBOX", "Junk")
_WORLD = """\
import json, pathlib, sys
world = pathlib.Path("/var/mail/outside/world")
raw = [f.read_bytes() for part in ("new", "cur") for f in (world / part).glob("*")]
print(json.dumps([one.decode("latin-1") for one in raw if sys.argv[1].encode() in one]))
"""
_SWEEP = """\
import pathlib, sys
world = pathlib.Path("/var/mail/outside/world")
for f in [f for part in ("new", "cur") for f in (world / part).glob("*")]:
    if sys.argv[1].encode() in f.read_bytes():
        f.unlink()
"""
_UNSURE = "message may be sent more than once"
"""Postfix's words when a session broke after the final dot."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A message in a mailbox, and the queue id under which our server took it over."""

    id: str
    queue_id: str
    judged: bool
    """Whether it bears a header of our filter's: its verdict on the sender, or its signature."""


@dataclass(slots=True)
class Found:
    """All that lies in the mailboxes of the load's people, here and outside."""

    copies: list[Copy] = field(default_factory=list)
    returned: dict[str, str] = field(default_factory=dict)
    """Message-IDs that a report to the sender names, with the reason."""


def look(outside: Outside, mark: str, accounts: Iterable[Account]) -> Found:
    """Read the mailboxes over IMAP, and outside's."""
    found = Found()
    fqdn = outside.fqdn
    for account in accounts:
        for folder in FOLDERS:
            for message in _read(outside, account, folder):
                _enter(found, message, mark, fqdn)
    done = run_in(outside.lab, "outside", "sudo", "python3", "-", mark, stdin=_WORLD)
    for raw in json.loads(done.stdout):
        _enter(found, parse(raw.encode("latin-1")), mark, fqdn)
    return found


@contextmanager
def swept(outside: Outside, site: Site, mark: str, accounts: Sequence[Account]) -> Iterator[None]:
    """Remove in the end what a run left in the mailboxes, and in the queues where it failed."""
    try:
        yield
    finally:
        for account in accounts:
            site.on_mail("doveadm", "expunge", "-u", account.address, "mailbox", "*", "all", check=False)
        run_in(outside.lab, "outside", "sudo", "python3", "-", mark, stdin=_SWEEP)
        for host in ("mail", "outside"):
            for number in queued(outside, host, mark, accounts):
                run_in(outside.lab, host, "sudo", "postsuper", "-d", number, check=False)


def queued(outside: Outside, host: str, mark: str, accounts: Iterable[Account]) -> list[str]:
    """Queue ids on a host of messages from or to the load's people."""
    ours = {account.address for account in accounts}
    found = []
    for line in run_in(outside.lab, host, "sudo", "postqueue", "-j").stdout.splitlines():
        item = json.loads(line)
        people = {item["sender"], *(each["address"] for each in item["recipients"])}
        if people & ours or any(mark in each for each in people):
            found.append(item["queue_id"])
    return found


def _read(outside: Outside, account: Account, folder: str) -> list[EmailMessage]:
    with mailbox(outside, account.address, account.password, folder) as box:
        _, numbers = box.search(None, "ALL")
        if not numbers[0]:
            return []
        _, parts = box.fetch("1:*", "(BODY.PEEK[])")
        return [parse(part[1]) for part in parts if isinstance(part, tuple)]


def _enter(found: Found, message: EmailMessage, mark: str, fqdn: str) -> None:
    if message.get_content_type() == "multipart/report":
        for name in re.findall(rf"<{mark}\.\d+@[^>]+>", message.as_string()):
            found.returned[name] = " ".join(_reason(message).split())
    elif mark in message["Message-ID"]:
        taken = [
            match[1]
            for each in message.get_all("Received", [])
            if (match := re.search(rf"by {re.escape(fqdn)} \(Postfix\).*? id (\w+)", each, re.DOTALL))
        ]
        judged = any(
            words.startswith((f"{fqdn};", "i=1; a=rsa", "v=1; a=rsa"))
            for name in ("Authentication-Results", "ARC-Seal", "DKIM-Signature")
            for words in message.get_all(name, [])
        )
        found.copies.append(Copy(message["Message-ID"], taken[0] if taken else "", judged))


def _reason(message: EmailMessage) -> str:
    told = re.search(r"^Diagnostic-Code: (.*(?:\n[ \t].*)*)", message.as_string(), re.MULTILINE)
    return told[1] if told else "no reason given"


# --- Judgement


@dataclass(frozen=True, slots=True)
class Journal:
    """Lines of a host's mail log since a cursor."""

    lines: Sequence[str]

    def unsure(self) -> Counter[str]:
        """How often Postfix sent a queued message to its end and heard no answer, by queue id."""
        return Counter(
            match[1] for line in self.lines if _UNSURE in line and (match := re.match(r"(\w{10,}): ", line))
        )

    def queue_ids(self) -> dict[str, str]:
        """The Message-ID of each queue id."""
        pairs = (re.match(r"(\w{10,}): message-id=(<[^>]+>)", line) for line in self.lines)
        return {match[1]: match[2] for match in pairs if match}

    def scanned(self) -> set[str]:
        """Queue ids whose message rspamd has judged without `CLAM_VIRUS_FAIL`."""
        lines = (line for line in self.lines if "qid: <" in line and "CLAM_VIRUS_FAIL" not in line)
        return {match[1] for line in lines if (match := re.search(r"qid: <(\w+)>", line))}


@dataclass(slots=True)
class Verdict:
    """What became of the load; the lists name what must not be."""

    accepted: int = 0
    delivered: int = 0
    viruses_refused: int = 0
    deferrals: int = 0
    twice: int = 0
    """Copies too many of which the sender, or Postfix, could not know that there was one already."""
    lost: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    viruses: list[str] = field(default_factory=list)
    unscanned: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, Sequence[str]]:
        """Whatever must not be."""
        names = ("lost", "returned", "doubled", "refused", "unsettled", "viruses", "unscanned")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


def judge(
    load: Sequence[Letter],
    events: Sequence[Event],
    found: Found,
    logs: Mapping[str, Journal],
    *,
    killed: bool = False,
) -> Verdict:
    """Hold what was answered against what is there. `killed`: Postfix itself was."""
    verdict = Verdict()
    copies = {each.id: [copy.queue_id for copy in found.copies if copy.id == each.id] for each in load}
    # A server that is switched off may take the last lines of its journal along; then the headers tell.
    judged = {copy.queue_id for copy in found.copies if copy.judged} if killed else set[str]()
    scanned, doubts = logs["mail"].scanned() | judged, _doubts(logs, events)
    for letter in load:
        tries = [event for event in events if event.id == letter.id]
        told = f"{letter.id} ({letter.route})"
        refusals = [f"{told}: {each.command} {each.code} {each.text}" for each in tries if each.refused]
        verdict.deferrals += sum(1 for each in tries if not each.accepted and not each.refused)
        if letter.virus:
            _judge_virus(verdict, letter, copies[letter.id], refusals, found)
            continue
        accepted = any(event.accepted for event in tries)
        verdict.accepted += accepted
        verdict.refused += refusals
        if letter.id in found.returned:
            verdict.returned.append(f"{told}: {found.returned[letter.id]}")
        elif not copies[letter.id] and accepted:
            verdict.lost.append(told)
        elif not accepted and not refusals:
            verdict.unsettled.append(f"{told}: {tries[-1] if tries else 'not tried'}")
        verdict.delivered += bool(copies[letter.id])
        extra = len(copies[letter.id]) - 1
        known = doubts[letter.id] + (killed and len(set(copies[letter.id])) == 1)
        verdict.twice += max(0, min(extra, known))
        if extra > known:
            verdict.doubled.append(f"{told}: {copies[letter.id]}, {doubts[letter.id]} without an answer")
        verdict.unscanned += [f"{told}: {each}" for each in copies[letter.id] if each not in scanned]
    return verdict


def _judge_virus(
    verdict: Verdict, letter: Letter, copies: Sequence[str], refusals: Sequence[str], found: Found
) -> None:
    if copies:
        verdict.viruses.append(letter.id)
    elif refusals or letter.id in found.returned:
        verdict.viruses_refused += 1
    else:
        verdict.unsettled.append(f"{letter.id} ({letter.route}, virus)")


def _doubts(logs: Mapping[str, Journal], events: Sequence[Event]) -> Counter[str]:
    """How often each Message-ID was sent to its end without an answer: by our clients, by either Postfix."""
    doubts = Counter(event.id for event in events if event.command == "LOST")
    for log in logs.values():
        names = log.queue_ids()
        for number, times in log.unsure().items():
            doubts[names.get(number, "")] += times
    return doubts
