"""What a resolver answers, held against the records that should be there. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from congvu.dns import spf
from congvu.dns.model import Group, Record

Question = tuple[str, str]
"""A name and a type."""
Answers = Mapping[Question, tuple[str, ...]]
"""Data in the form that `Record.data` has; empty where there is none."""

_FAMILY = re.compile(r"v=(spf1|DMARC1|STSv1|TLSRPTv1)\b", re.IGNORECASE)
_TWO = {
    "spf1": "with two SPF records neither counts (RFC 7208, 4.5)",
    "dmarc1": "with two DMARC records neither counts (RFC 7489, 6.6.3)",
    "stsv1": "with two MTA-STS records neither counts (RFC 8461, 3.1)",
    "tlsrptv1": "with two TLS-RPT records neither counts (RFC 8460, 3)",
    "": "with two keys under one selector nobody knows which counts (RFC 6376, 3.6.2.2)",
}
_STRANGE = {
    "MX": "mail of the domain goes to this server too",
    "A": "the name leads to this address too",
    "AAAA": "the name leads to this address too",
    "TLSA": "this key is accepted too",
    "SRV": "mail programs are sent there too",
    "CAA": "this authority may issue certificates too",
    "CNAME": "the name leads there too",
}


class Status(enum.StrEnum):
    """How a record is found."""

    OK = "ok"
    MISSING = "missing"
    DIFFERS = "differs"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One record, wanted or found, and how it stands."""

    domain: str
    status: Status
    name: str
    type: str
    wanted: str = ""
    found: str = ""
    why: str = ""


def questions(groups: Iterable[Group]) -> tuple[Question, ...]:
    """What to ask a resolver, each question once, in the records' order."""
    asked: dict[Question, None] = {}
    for record in _records(groups):
        asked[record.name, record.type] = None
        if record.type in ("A", "AAAA"):  # an address of the other kind would lead elsewhere
            asked.update({(record.name, "A"): None, (record.name, "AAAA"): None})
        if record.type == "CNAME":  # an address in its place will do
            target = record.data
            asked.update({(name, kind): None for name in (record.name, target) for kind in ("A", "AAAA")})
    return tuple(asked)


def judge(
    groups: Iterable[Group], answers: Answers, chain: Callable[[str], Mapping[str, str]] | None = None
) -> tuple[Verdict, ...]:
    """A verdict for each record, and for each found one that should not be there.

    `chain` gives the published SPF records of a domain and of all that it includes, by domain.
    """
    verdicts: list[Verdict] = []
    for group in groups:
        verdicts += _of_group(group, answers)
        if chain and any(_family(record) == "spf1" for record in group.records):
            verdicts += _too_many_lookups(group.domain, chain(group.domain))
    return tuple(verdicts)


def _of_group(group: Group, answers: Answers) -> Iterator[Verdict]:
    wanted: dict[tuple[str, str, str], list[Record]] = {}
    for record in group.records:
        wanted.setdefault((record.name, record.type, _family(record)), []).append(record)
    for (name, kind, family), records in wanted.items():
        found = answers.get((name, kind), ())
        if kind == "TXT":
            yield from _texts(group.domain, records, [one for one in found if _kin(one, family)])
        elif kind == "CNAME" and not found:
            yield from _in_place_of_cname(group.domain, records[0], answers)
        else:
            yield from _set(group.domain, records, found)
    for gap in group.gaps:
        yield Verdict(group.domain, Status.MISSING, "", "", why=gap)
    yield from _addresses_of_another_kind(group, answers)


def _texts(domain: str, records: Sequence[Record], found: Sequence[str]) -> Iterator[Verdict]:
    """Records of one kind under one name, of which there must be one."""
    record = records[0]
    same = [one for one in found if _normal(one) == _normal(record.data)]
    others = [one for one in found if one not in same]
    if same:
        yield _verdict(domain, Status.OK, record, same[0])
        others += same[1:]
    elif others:
        yield _verdict(domain, Status.DIFFERS, record, others.pop(0))
    else:
        yield _verdict(domain, Status.MISSING, record)
    for one in others:
        yield Verdict(domain, Status.EXTRA, record.name, "TXT", found=one, why=_TWO[_family(record)])


def _set(domain: str, records: Sequence[Record], found: Sequence[str]) -> Iterator[Verdict]:
    """Records of which there may be several: each that should be there, then those that should not."""
    left = [one for one in found if one not in {record.data for record in records}]
    for record in records:
        if record.data in found:
            yield _verdict(domain, Status.OK, record, record.data)
            continue
        rival = next((one for one in left if _rivals(record, one)), None)
        if rival is None:
            yield _verdict(domain, Status.MISSING, record)
        else:
            left.remove(rival)
            yield _verdict(domain, Status.DIFFERS, record, rival)
    for one in left:
        first = records[0]
        yield Verdict(domain, Status.EXTRA, first.name, first.type, found=one, why=_STRANGE[first.type])


def _rivals(record: Record, found: str) -> bool:
    """Whether `found` is the record, changed; an MX to another server is no change but a stranger."""
    return record.type not in ("MX", "CAA") or found.split()[1] == record.data.split()[1]


def _in_place_of_cname(domain: str, record: Record, answers: Answers) -> Iterator[Verdict]:
    """The addresses of the target under the name itself do what a CNAME does."""
    kinds = ("A", "AAAA")
    found = {one for kind in kinds for one in answers.get((record.name, kind), ())}
    target = {one for kind in kinds for one in answers.get((record.data, kind), ())}
    if not found:
        yield _verdict(domain, Status.MISSING, record)
        return
    status = Status.OK if found <= target else Status.DIFFERS
    yield _verdict(domain, status, record, ", ".join(sorted(found)))


def _addresses_of_another_kind(group: Group, answers: Answers) -> Iterator[Verdict]:
    kinds: dict[str, set[str]] = {}
    for record in group.records:
        if record.type in ("A", "AAAA"):
            kinds.setdefault(record.name, set()).add(record.type)
    for name, known in kinds.items():
        for kind in {"A", "AAAA"} - known:
            for one in answers.get((name, kind), ()):
                yield Verdict(group.domain, Status.EXTRA, name, kind, found=one, why=_STRANGE[kind])


def _verdict(domain: str, status: Status, record: Record, found: str = "") -> Verdict:
    return Verdict(domain, status, record.name, record.type, record.data, found, record.why)


def _records(groups: Iterable[Group]) -> Iterator[Record]:
    for group in groups:
        yield from group.records


def _family(record: Record) -> str:
    match = _FAMILY.match(record.data) if record.type == "TXT" else None
    return match[1].lower() if match else ""


def _kin(text: str, family: str) -> bool:
    """Whether a TXT record is of this kind; under a DKIM selector there is no other."""
    match = _FAMILY.match(text)
    return match is not None and match[1].lower() == family if family else True


def _normal(text: str) -> list[str]:
    """The text without what does not count: blanks around tags, the last semicolon."""
    if text.lower().startswith("v=spf1"):
        return text.lower().split()
    return [re.sub(r"\s+", "", tag) for tag in text.strip().rstrip(";").split(";")]


def _too_many_lookups(domain: str, texts: Mapping[str, str]) -> Iterator[Verdict]:
    """Whether a receiver would have to ask too often for a domain's SPF record and all it takes in."""
    seen, waiting, count = set[str](), [domain], 0
    while waiting:
        one = waiting.pop()
        text = texts.get(one, "")
        if one in seen or not text:
            continue
        seen.add(one)
        count += spf.lookups(text.split()[1:])
        waiting += spf.includes(text)
    if count > spf.MOST_LOOKUPS:
        why = f"{count} terms make receivers ask the DNS, {spf.MOST_LOOKUPS} are allowed (RFC 7208, 4.6.4)"
        yield Verdict(domain, Status.DIFFERS, f"{domain}.", "TXT", "", texts[domain], why)
