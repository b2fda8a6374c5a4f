"""Letters that tell people what happened to accounts, each reader of a batch in one letter.

Who reads them is the policy's ``notices`` (LD-7.2), what stands in them the templates beside this file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from congvu.directory.operations import Act, Event
from congvu.lifecycle.handover import HEAD
from congvu.lifecycle.transitions import TABLE, Asker
from congvu.mail.accounts import Account
from congvu.mail.notices import END, SYSTEM, Notice, key
from congvu.mail.site import Site
from congvu.policy.effective import effective
from congvu.policy.model import Party, Recipient
from congvu.printable import printable
from congvu.sync.auditrecord import Record
from congvu.sync.feed import EVENTS

MOST = 200
"""Accounts that one letter names."""
_HOLDINGS = frozenset({"mail", "departmentNumber", "congvuQuota"})
"""A change of one of these is one that people are told of."""
_NAMES = {"mail": "Địa chỉ thư", "ou": "Đơn vị", "title": "Chức vụ"}
_ADDRESS = re.compile(r"[^\s<>,;()]+@[\w.-]+")
_BY_A_PERSON = frozenset({Asker.OPERATOR, Asker.UNIT})


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a letter says of an event."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Line:
    """One event, as a letter tells it."""

    what: str
    name: str
    address: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Letters:
    """What is to be told."""

    written: tuple[tuple[str, Notice], ...]
    """Each with the mail domain that it comes from."""
    unwritten: tuple[str, ...]
    """What somebody should be told of who has no mailbox."""


def letters(site: Site, happened: Sequence[Record], batch: str) -> Letters:
    """The letters about what `happened`.

    `batch` names what is told at once: the same batch makes the same letters. Raises `DirectoryFailure`,
    `PolicyError`.
    """
    by_reader: dict[tuple[str, str], list[Line]] = {}
    unwritten = []
    for record in happened:
        for reader in _readers(site, record):
            line = _line(record, tuple(_heads(site, record)))
            if reader:
                by_reader.setdefault((record["domain"], reader), []).append(line)
            else:
                unwritten.append(f"{line.address}: {record['event']}: no unit above it has a mailbox to tell")
    return Letters(
        tuple(
            (domain, _letter(site.operator(domain) or SYSTEM, reader, lines, f"{batch} {domain}"))
            for (domain, reader), lines in by_reader.items()
        ),
        tuple(unwritten),
    )


def notice_of(record: Record) -> str:
    """The key in the policy's ``notices`` that says who is told of `record`; empty: nobody."""
    event, after = record["event"], record["after"]
    if event == Act.HANDED_OVER or (after.get(HEAD) and record["before"].get(HEAD)):
        return "handed_over"
    if event not in TABLE:
        return "changed" if record["operation"] == "modify" and _HOLDINGS & after.keys() else ""
    notice = TABLE[_event(event)].notice
    if after.get("congvuState") == ["pending"]:  # there is no mailbox yet
        return ""
    if event == Event.LEAVE and record["document"]:  # the head's list names it (LD-7.2c)
        return "revoked_at_units_request"
    if notice == "revoked" and after.get("congvuState") == ["locked"]:
        return "locked"
    return notice


def _event(word: str) -> Event | Act:
    return Act(word) if word in frozenset(Act) else Event(word)


def _readers(site: Site, record: Record) -> Iterator[str]:
    """The mailboxes that are told, each once; an empty one where a unit should be and none is there."""
    policy, notice = site.policy(record["domain"]), notice_of(record)
    if policy is None or not notice:
        return
    parties = {
        Recipient.OPERATOR: policy.operator,
        Recipient.APPROVER: policy.approver,
        Recipient.SECURITY_OFFICER: policy.security_officer,
    }
    account = site.accounts.at(record["dn"])
    found: set[str] = set()
    if notice == "handed_over" and Recipient.PERSON in effective(policy).told[notice]:
        found |= {box for head in _named(record) if (box := _box(site.accounts.at(head)))}
        yield from sorted(found)
    for reader in effective(policy).told[notice]:
        if reader is Recipient.PERSON:
            box = "" if notice == "handed_over" else _box(account)
        elif reader is Recipient.UNIT:
            box = _unit(site, account) or _mail(policy.operator)
        elif reader is Recipient.IT_CONTACT:
            box = _it_contact(site, account)
        else:
            box = _mail(parties.get(reader))
        if box not in found and (box or reader is Recipient.UNIT):
            found.add(box)
            yield box


def _named(record: Record) -> tuple[str, ...]:
    """DNs of the old head and the new one of a unit."""
    return (*record["before"].get(HEAD, ()), *record["after"].get(HEAD, ()))


def _heads(site: Site, record: Record) -> Iterator[Fact]:
    """Who hands a unit's mailbox over to whom."""
    if notice_of(record) == "handed_over":
        for called, those in (("Bên giao", record["before"]), ("Bên nhận", record["after"])):
            heads = filter(None, map(site.accounts.at, those.get(HEAD, ())))
            if told := ", ".join(f"{one.name} <{one.address}>" for one in heads):
                yield Fact(called, _one(told))


def _unit(site: Site, account: Account | None) -> str:
    """The mailbox of the account's unit, or of the next one above it that has one."""
    above = site.accounts.units_above(account) if account else ()
    return next(filter(None, map(_box, above)), "")


def _it_contact(site: Site, account: Account | None) -> str:
    """The mailbox here of the IT officer of the account's unit, or of the next above that names one."""
    above = site.accounts.units_above(account) if account else ()
    named = next((match[0] for unit in above if (match := _ADDRESS.search(unit.contact))), "")
    return _box(site.accounts.holding(named))


def _box(account: Account | None) -> str:
    return account.address if account and account.delivers else ""


def _mail(party: Party | None) -> str:
    return str(party.mail) if party and party.mail else ""


def _line(record: Record, more: tuple[Fact, ...]) -> Line:
    after, before = record["after"], record["before"]
    name = next(iter(after.get("cn", ())), record["name"])
    address = next(iter(after.get("mail", ())), record["label"])
    return Line(EVENTS[record["event"]], _one(name), _one(address), (*more, *_facts(record, before, after)))


def _facts(record: Record, before: Record, after: Record) -> Iterable[Fact]:
    event = record["event"]
    if event not in TABLE:
        for attribute, called in _NAMES.items():
            if old := ", ".join(before.get(attribute, ())):
                yield Fact(called, _one(f"{old} → {', '.join(after[attribute]) or '–'}"))
        if event == Act.HANDED_OVER:
            yield Fact("Lý do", _one(record["why"]))
    elif TABLE[_event(event)].asker in _BY_A_PERSON and record["why"]:
        yield Fact("Lý do", _one(record["why"]))
    if until := next(iter(after.get("congvuWarned", ())), ""):
        last = f"{until[6:8]}/{until[4:6]}/{until[:4]}"
        yield Fact(
            "Hạn cuối",
            f"đề nghị đăng nhập muộn nhất ngày {last}, sau đó hộp thư bị khóa hoặc thu hồi",
        )
    if event == Act.RESET:
        yield Fact("Lưu ý", "mọi phiên đăng nhập đã bị ngắt; phải đổi mật khẩu mới ở lần đăng nhập đầu tiên")
    if record["clause"]:
        yield Fact("Căn cứ", _one(record["clause"]))
    if record["document"]:
        yield Fact("Văn bản", _one(record["document"]))


def _letter(operator: str, reader: str, lines: Sequence[Line], batch: str) -> Notice:
    about = f"{lines[0].what} {lines[0].address}" if len(lines) == 1 else f"{len(lines)} thay đổi về hộp thư"
    subject = f"Thông báo: {about}"
    words = {
        "subject": subject,
        "operator": operator,
        "lines": lines[:MOST],
        "more": max(0, len(lines) - MOST),
        "end": END,
    }
    text, html = (_templates().get_template(f"letter.{kind}.j2").render(words) for kind in ("txt", "html"))
    return Notice(key("lifecycle", batch, reader), reader, subject, text, html)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("congvu.lifecycle", "letters"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _one(text: str) -> str:
    """Words of others on one line that steers nothing."""
    return printable(" ".join(text.split()))
