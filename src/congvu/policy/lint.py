"""What is to be known about a policy beyond its being readable (pure).

Three kinds of finding: what the regulation leaves *open*, where it is in *conflict* with newer law, and
values without a *source*. None of them stops anything; a person decides. Each finding has a stable code.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from congvu.policy import law
from congvu.policy.effective import DEFAULTS, effective
from congvu.policy.model import (
    Handed,
    Kind,
    LegalBasis,
    PersonalData,
    Policy,
    Published,
    Quota,
    Validity,
)
from congvu.policy.source import Source


class FindingKind(StrEnum):
    """Why a finding is told."""

    OPEN = "open"
    """The regulation does not say it."""
    CONFLICT = "conflict"
    """Newer law says otherwise."""
    SOURCE = "source"
    """Nobody can tell where the value is from."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know about a policy."""

    kind: FindingKind
    code: str
    key: str
    line: int
    message: str
    source: str
    """The text or the clause that says so."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A policy, the sources of its values and the day on which it is looked at."""

    policy: Policy
    sources: Mapping[str, Source]
    today: date

    def states(self, key: str) -> bool:
        """Whether the file says anything under `key`."""
        return any(name == key or name.startswith((f"{key}.", f"{key}[")) for name in self.sources)

    def line(self, key: str) -> int:
        """The line of `key`; of what it would stand in, where it is left out; 1 at the top."""
        while key:
            lines = [
                source.line
                for name, source in self.sources.items()
                if name == key or name.startswith((f"{key}.", f"{key}["))
            ]
            if lines:
                return min(lines)
            key = key.rpartition(".")[0]
        return 1

    def conflict(self, code: str, key: str, message: str, source: str) -> Finding:
        """A finding of that kind."""
        return Finding(FindingKind.CONFLICT, code, key, self.line(key), message, source)

    def open(self, code: str, key: str, message: str, source: str) -> Finding:
        """A finding of that kind."""
        return Finding(FindingKind.OPEN, code, key, self.line(key), message, source)

    def missing(self, code: str, key: str, message: str, source: str) -> Finding:
        """A finding about a source."""
        return Finding(FindingKind.SOURCE, code, key, self.line(key), message, source)


Rule = Callable[[Subject], Iterator[Finding]]


def lint(policy: Policy, sources: Mapping[str, Source], today: date) -> tuple[Finding, ...]:
    """Everything there is to be said about `policy` on `today`, in the order of its lines."""
    subject = Subject(policy, sources, today)
    found = [finding for rule in RULES for finding in rule(subject)]
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.key, finding.code)))


# What is left open. The second column is what follows, for keys without a default; the third says who
# decided it elsewhere, so that a reader can look there.
_OPEN: Sequence[tuple[str, str, str]] = (
    ("regulation.id", "clauses in comments cannot be checked", "docs/policy.md"),
    ("regulation.effective_from", "nobody can tell from when it binds", "LD-QD.2, HT-QD.3"),
    ("legal_basis", "nobody sees when a text it rests on ends", "the preamble of every regulation"),
    ("webmail", "no name for the webmail host", "LD-2.1, HT-QD.2, QT-3"),
    ("operator", "nobody is named in notices", "LD-2.2, HT-4.1a, BT-P4"),
    ("approver", "nobody decides on requests", "LD-3, DL-5.1a"),
    ("security_officer", "nobody is told of attacks", "Đồng Tháp 143/2025/QĐ-UBND, Đ.13"),
    ("contact", "notices name no address for questions", "LD-7.2-end2"),
    ("existing_addresses", "addresses that exist are kept", "Đồng Tháp 143/2025/QĐ-UBND, Đ6.1"),
    ("person.renamed.alias_for", "", "no text read sets a period"),
    ("unit.renamed.alias_for", "", "no text read sets a period"),
    ("person.quota", "", "LD-6.1; Ninh Bình 162/2025/QĐ-UBND"),
    ("unit.quota", "", "LD-6.1; Ninh Bình 162/2025/QĐ-UBND"),
    ("unit.max_length", "", "LD-5.1b"),
    ("mailbox.over_quota", "", "no text read says it"),
    ("mailbox.warn_at", "", "LD-12.2b; Nghệ An 99/2025/QĐ-UBND"),
    ("attachments.limit", "", "LD-6.2; Ninh Bình 162/2025/QĐ-UBND: 30 MB"),
    ("attachments.forbidden_extensions", "", "Bắc Ninh 79/2025/QĐ-UBND"),
    ("attachments.encrypted_archives", "", "Bắc Ninh 79/2025/QĐ-UBND"),
    ("messages.classified", "marks of secrecy are not looked for", "LD-4.2, HT-3.1, QT-1.4"),
    ("messages.text", "other character sets are flagged in a header", "LD-8.3, HT-8.1"),
    ("outside.forward_out", "", "HT-6.8; Ninh Bình 162/2025/QĐ-UBND"),
    ("outside.send_limit", "", "Ninh Bình 162/2025/QĐ-UBND: 250 per 10 minutes"),
    ("password.min_length", "", "Bắc Ninh 79/2025/QĐ-UBND: 8; QCVN 12:2026/BCA, 3.7: 8"),
    ("password.must_change", "initial passwords may be kept", "LD-12.1, HT-6.1, QT-4.3d"),
    ("password.initial_valid", "it waits for ever", "Ninh Bình 162/2025/QĐ-UBND: 1 month"),
    ("password.lockout", "", "Ninh Bình 162/2025/QĐ-UBND: 12 in a row"),
    ("delegation.needs_document", "no document is asked for", "LD-11.1, HT-7.2"),
    ("handover", "nothing is recorded", "LD-11.3, HT-7.4, QT-4.2c, DL-8.2"),
    ("requests.channels", "any channel will do", "LD-7.1, LD-7.3"),
    ("deadlines", "nothing is measured", "Ninh Bình 162/2025/QĐ-UBND: 3 working days"),
    ("inactivity", "nothing is done", "LD-7.2d: 3 months; Nghệ An 99/2025/QĐ-UBND: 6 months"),
    ("locking.revoke_after", "a lock lasts until somebody acts", "Đồng Tháp 143/2025/QĐ-UBND: 30 days"),
    ("leaving.then", "", "LD-7.2c, HT-5.2"),
    ("leaving.hold", "mail is kept until somebody acts", "Ninh Bình 162/2025/QĐ-UBND: 3 months"),
    ("dissolution", "nothing is done", "Ninh Bình 162/2025/QĐ-UBND, Đ7.4"),
    ("notices.issued", "nobody is told", "LD-7.2-end1"),
    ("notices.revoked", "nobody is told", "LD-7.2-end1"),
    ("checks_per_day.person", "it is not counted", "LD-12.2a, HT-9.2"),
    ("checks_per_day.unit", "it is not counted", "LD-11.4, HT-9.1"),
    ("reports", "no report is due", "LD-14, HT-10.2"),
    ("directory.publish", "nothing is published", "LD-6.4"),
    ("logs.keep", "logs are kept as the host keeps them", "Nghệ An 99/2025/QĐ-UBND: 6 months"),
    ("service.backup.every", "the host's own plan applies", "Nghệ An 99/2025/QĐ-UBND: weekly"),
    *(
        (f"sync.{name}", "", "no text read says it; docs/sync.md")
        for name in ("leavers", "unit_leavers", "joins", "changes", "unit_changes")
    ),
    ("sync.absent_runs", "", "no text read says it; docs/sync.md"),
    ("sync.quarantine", "", "no text read says it; docs/sync.md"),
)


def left_open(subject: Subject) -> Iterator[Finding]:
    """``unset``: the regulation does not say it; a default applies, or nothing is done."""
    for key, otherwise, elsewhere in _OPEN:
        if subject.states(key):
            continue
        follows = _default(key) or otherwise
        yield subject.open("unset", key, f"is left open: {follows}", elsewhere)


def _default(key: str) -> str:
    """What applies where `key` is left open; empty where nothing does."""
    if most := DEFAULTS.get(f"{key}.most"):
        percent = DEFAULTS[f"{key}.percent"].value
        return f"the default {most.value} and {percent} % applies ({most.why})"
    default = DEFAULTS.get(key) or DEFAULTS.get(f"{key}.max")
    if not default:
        return ""
    value = "false" if default.value is False else default.value or "none"
    return f"the default {value} applies ({default.why})"


def hours_unknown(subject: Subject) -> Iterator[Finding]:
    """``no-office-hours``: a mailbox is to be opened at office hours that nobody wrote down."""
    if subject.policy.checks_per_day.unit_at and subject.policy.office_hours is None:
        message = "the hours are the site's to add: office_hours, marked [choice]"
        yield subject.open("no-office-hours", "checks_per_day.unit_at", message, "HT-9.1")


def nobody_named(subject: Subject) -> Iterator[Finding]:
    """``nobody-named``: the policy speaks of an operator, an approver, a security officer and names none."""
    policy = subject.policy
    named = {
        "operator": policy.operator,
        "approver": policy.approver,
        "security_officer": policy.security_officer,
    }
    spoken_of = {"requests.addressees": policy.requests.addressees or ()}
    spoken_of |= {
        f"notices.{event.name}": getattr(policy.notices, event.name) or ()
        for event in dataclasses.fields(policy.notices)
    }
    spoken_of["incidents.secret_found"] = policy.incidents.secret_found or ()
    bodies = {f"reports[{index}]": (report.by, *report.to) for index, report in enumerate(policy.reports)}
    for key, words in (spoken_of | bodies).items():
        for word in dict.fromkeys(words):
            if word in named and named[word] is None:
                yield subject.open("nobody-named", key, f"speaks of the {word}, whom nobody names", word)


# Addresses in use, names and words are facts, not rules: a mark on them hides no missing rule.
_FACTS = ("version", "domain", "unit.agreed", "lists", "reserved", "places", "legal_basis", "regulation")


def rule_not_known(subject: Subject) -> Iterator[Finding]:
    """``rule-not-known``: a value that no clause gives; somebody chose it or saw it in use (BT-P3)."""
    for key, source in subject.sources.items():
        if not key.startswith(_FACTS) and source.marks and set(source.marks) <= {"[obs]", "[choice]"}:
            seen = "seen in use" if "[obs]" in source.marks else "our choice"
            yield subject.open("rule-not-known", key, f"rule not known: the value is {seen}", source.text)


def basis_unknown(subject: Subject) -> Iterator[Finding]:
    """``basis-unknown``: nobody has looked whether a text of the legal basis still binds."""
    for index, text in enumerate(subject.policy.legal_basis):
        if text.valid is Validity.UNKNOWN and not _ended(text, subject.today):
            message = f"{text.number or text.title}: does it still bind?"
            yield subject.open("basis-unknown", f"legal_basis[{index}]", message, text.title)


def basis_ended(subject: Subject) -> Iterator[Finding]:
    """``basis-ended``: a text that the regulation rests on has ended."""
    for index, text in enumerate(subject.policy.legal_basis):
        key, name = f"legal_basis[{index}]", text.number or text.title
        fact = _ended(text, subject.today)
        if fact:
            message = f"{name} has ended; instead: {fact.instead or 'not known'}"
            yield subject.conflict("basis-ended", key, message, str(fact.source))
        elif text.valid is Validity.ENDED and not (text.ended_on and subject.today < text.ended_on):
            message = f"{name} has ended; instead: {text.replaced_by or 'not known'}"
            yield subject.conflict("basis-ended", key, message, subject.sources[f"{key}.valid"].text)


def _ended(text: LegalBasis, today: date) -> law.Ended | None:
    for fact in law.ENDED_TEXTS:
        by_title = text.title == fact.title and text.signed_on == fact.signed_on
        if (by_title or text.number == fact.number) and today >= fact.ended.since:
            return fact.ended
    return None


def body_ended(subject: Subject) -> Iterator[Finding]:
    """``body-ended``: who runs or decides exists no more."""
    policy = subject.policy
    for key, party in (
        ("operator", policy.operator),
        ("approver", policy.approver),
        ("security_officer", policy.security_officer),
        ("contact", policy.contact),
    ):
        if party is None:
            continue
        if party.ended_on and subject.today >= party.ended_on:
            told = subject.sources[f"{key}.ended_on"].text
            instead = party.succeeded_by or "nobody is named"
            message = f"{party.name} has ended on {party.ended_on}; instead: {instead}"
            yield subject.conflict("body-ended", key, message, told)
        for name, fact in law.ENDED_BODIES.items():
            if subject.today >= fact.since and name in f"{party.name} {party.under or ''}":
                message = f"{name} has ended; instead: {fact.instead}"
                yield subject.conflict("body-ended", key, message, str(fact.source))


def domain_changed(subject: Subject) -> Iterator[Finding]:
    """``domain-changed``: the mail domain is no longer what the regulation speaks of."""
    fact = law.CHANGED_DOMAINS.get(subject.policy.domain.text)
    if fact and fact[1].binds(subject.today):
        yield subject.conflict("domain-changed", "domain", fact[0], str(fact[1]))


_DISTRICT = re.compile(r"\b(huyện|quận|thị xã|thị trấn)\b", re.IGNORECASE)


def district(subject: Subject) -> Iterator[Finding]:
    """``district``: a unit or a place of the district level, which ended on 1 July 2025."""
    if not law.PROVINCES.binds(subject.today):
        return
    for name in subject.policy.unit.agreed:
        if _DISTRICT.search(name):
            message = f"{name}: there are no districts any more"
            yield subject.conflict("district", f"unit.agreed.{name}", message, str(law.PROVINCES))
    for name in subject.policy.places.present if subject.policy.places else ():
        if _DISTRICT.match(name):
            message = f"{name} is listed as present; there are no districts any more"
            yield subject.conflict("district", "places", message, str(law.PROVINCES))


def idle_too_long(subject: Subject) -> Iterator[Finding]:
    """``inactivity``: accounts stay open longer than 45 days without use."""
    rule, text = subject.policy.inactivity, law.QCVN_12
    if not text.binds(subject.today):
        return
    if rule is None or rule.after.after(subject.today) > law.INACTIVITY.after(subject.today):
        stated = f"acts after {rule.after}" if rule else "says nothing"
        message = f"the policy {stated}; an account idle for {law.INACTIVITY} is to be disabled"
        yield subject.conflict("inactivity", "inactivity.after", message, text.at("3.7"))


def weak_passwords(subject: Subject) -> Iterator[Finding]:
    """``password-length``, ``password-classes``, ``password-history``, ``password-admin-age``,
    ``login-failures``: less than QCVN 12 asks for, or left open.
    """
    password, text = subject.policy.password, law.QCVN_12
    if not text.binds(subject.today):
        return
    for code, key, stated, wanted in (
        (
            "password-length",
            "password.min_length",
            effective(subject.policy).password_min_length,
            law.PASSWORD_LENGTH,
        ),
        ("password-classes", "password.classes", password.classes, law.PASSWORD_CLASSES),
        ("password-history", "password.history", password.history, law.PASSWORD_HISTORY),
    ):
        if (stated or 0) < wanted:
            message = f"the policy says {'nothing' if stated is None else stated}, the law asks for {wanted}"
            yield subject.conflict(code, key, message, text.at("3.7"))
    age = password.admin.max_age
    if age is None or age.after(subject.today) > law.ADMIN_PASSWORD_AGE.after(subject.today):
        message = f"administrators change every {law.ADMIN_PASSWORD_AGE}, the policy says {age or 'nothing'}"
        yield subject.conflict("password-admin-age", "password.admin.max_age", message, text.at("3.7"))
    if password.lockout and password.lockout.failures > law.LOGIN_FAILURES:
        message = f"{password.lockout.failures} wrong passwords, the law allows {law.LOGIN_FAILURES}"
        yield subject.conflict("login-failures", "password.lockout.failures", message, text.at("3.7"))


def password_handed_over(subject: Subject) -> Iterator[Finding]:
    """``password-handover``: a password goes to somebody else."""
    handover = subject.policy.handover
    if handover and Handed.PASSWORD in handover.includes and law.QCVN_12.binds(subject.today):
        message = "one account, one person: a new password is set, the old one is never told"
        key = f"handover.includes[{handover.includes.index(Handed.PASSWORD)}]"
        yield subject.conflict("password-handover", key, message, law.QCVN_12.at("3.7"))


def people_published(subject: Subject) -> Iterator[Finding]:
    """``people-published``: addresses of single people in a public directory."""
    directory = subject.policy.directory
    if not directory or not law.PERSONAL_DATA.binds(subject.today):
        return
    fields = {*(directory.publish or ())} & {Published.NAME, Published.PHONE}
    if fields:
        message = "published names, addresses and numbers of all people are personal data; publish units"
        yield subject.conflict("people-published", "directory", message, law.PERSONAL_DATA.at("Đ.25"))


def data_in_addresses(subject: Subject) -> Iterator[Finding]:
    """``data-in-addresses``: an address prints private data for everybody to see."""
    if not law.PERSONAL_DATA.binds(subject.today):
        return
    for index, data in enumerate(subject.policy.person.personal_data):
        what = "the number of the citizen's card" if data is PersonalData.CITIZEN_ID else "the date of birth"
        message = f"addresses print {what}; names can be told apart by a number"
        yield subject.conflict(
            "data-in-addresses", f"person.personal_data[{index}]", message, str(law.PERSONAL_DATA)
        )


def plain_web(subject: Subject) -> Iterator[Finding]:
    """``no-tls``: the regulation prints a web address without TLS, or leaves encryption to chance."""
    webmail, text = subject.policy.webmail, law.STANDARDS
    if webmail and webmail.scheme == "http" and text.binds(subject.today):
        yield subject.conflict("no-tls", "webmail", f"{webmail}: only https is served", str(text))


def small_mailboxes(subject: Subject) -> Iterator[Finding]:
    """``quota-small``: at most what other provinces give at least."""
    for kind, quota in ((Kind.PERSON, subject.policy.person.quota), (Kind.UNIT, subject.policy.unit.quota)):
        yield from _small(subject, kind, quota)


def _small(subject: Subject, kind: Kind, quota: Quota) -> Iterator[Finding]:
    others = [
        (least, text)
        for least, text in law.LEAST_QUOTA[kind]
        if quota.max and quota.max <= least and text.binds(subject.today)
    ]
    if others:
        message = f"at most {quota.max}; other provinces give that or more at least"
        source = "; ".join(f"{text}: {least}" for least, text in others)
        yield subject.conflict("quota-small", f"{kind}.quota.max", message, source)


def logs_too_short(subject: Subject) -> Iterator[Finding]:
    """``logs-short``: logs are kept for less than a year, or nobody says how long."""
    keep, text = subject.policy.logs.keep, law.QCVN_12
    if text.binds(subject.today) and (
        keep is None or keep.after(subject.today) < law.LOGS_KEPT.after(subject.today)
    ):
        message = f"logs are kept {law.LOGS_KEPT}, the policy says {keep or 'nothing'}"
        yield subject.conflict("logs-short", "logs.keep", message, text.at("3.9"))


def no_dmarc(subject: Subject) -> Iterator[Finding]:
    """``no-dmarc``: DMARC is asked for at level 3, which a province's mail is."""
    if not subject.policy.service.dmarc and law.QCVN_12.binds(subject.today):
        stated = "says nothing" if subject.policy.service.dmarc is None else "does without"
        message = f"level 3 asks for DMARC, the policy {stated}"
        yield subject.conflict("no-dmarc", "service.dmarc", message, law.QCVN_12.at("3.10"))


def restore_not_tested(subject: Subject) -> Iterator[Finding]:
    """``restore-test``: a backup that nobody restores every three months."""
    every, text = subject.policy.service.backup.restore_test_every, law.QCVN_12
    if text.binds(subject.today) and (
        every is None or every.after(subject.today) > law.RESTORE_TEST.after(subject.today)
    ):
        message = f"a restore is tested every {law.RESTORE_TEST}, the policy says {every or 'nothing'}"
        key = "service.backup.restore_test_every"
        yield subject.conflict("restore-test", key, message, text.at("3.12"))


# What says itself where it is from, or names no clause by its nature.
_NO_SOURCE_NEEDED = ("version", "regulation.id", "places")


def without_source(subject: Subject) -> Iterator[Finding]:
    """``no-source``: no comment names a clause, ``[obs]`` or ``[choice]``."""
    for key, source in subject.sources.items():
        if not source.marks and not key.startswith(_NO_SOURCE_NEEDED):
            message = "names no source; write the clause behind it, or [obs] or [choice]"
            yield subject.missing("no-source", key, message, "docs/policy.md")


_CLAUSE = re.compile(r"([A-Z]{2,4})-(?:QD\.|P)?\d")


def foreign_clause(subject: Subject) -> Iterator[Finding]:
    """``foreign-clause``: the comment names a clause of another regulation; copied, most often."""
    own = subject.policy.regulation.id
    for key, source in subject.sources.items():
        ids = [match[1] for mark in source.marks if (match := _CLAUSE.match(mark))]
        if own and ids and own.text not in ids and "[choice]" not in source.marks:
            message = f"cites {', '.join(ids)}, the regulation is {own}"
            yield subject.missing("foreign-clause", key, message, source.text)


RULES: Sequence[Rule] = (
    left_open,
    hours_unknown,
    nobody_named,
    rule_not_known,
    basis_unknown,
    basis_ended,
    body_ended,
    domain_changed,
    district,
    idle_too_long,
    weak_passwords,
    password_handed_over,
    people_published,
    data_in_addresses,
    plain_web,
    small_mailboxes,
    logs_too_short,
    no_dmarc,
    restore_not_tested,
    without_source,
    foreign_clause,
)
"""All rules; each one's docstring begins with the codes of its findings."""
