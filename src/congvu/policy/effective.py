"""What applies: the policy's values, and a documented default where the regulation leaves one open.

This is the only place with defaults. Roles and the sync read `Effective`, never the bare `Policy`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from congvu.policy.model import (
    AddressChange,
    Encryption,
    Handling,
    Kind,
    Lockout,
    LongPlaceNames,
    NumberingScope,
    OverQuota,
    Permission,
    Places,
    Policy,
    QuotaRange,
    Recipient,
    Removal,
)
from congvu.policy.source import NO_SOURCES, Source
from congvu.policy.values import LOCAL_PART_MAX, Duration, Extension, Percent, Rate, Size
from congvu.strictyaml import Scalar, nearest

T = TypeVar("T")

RESERVED = frozenset(
    # RFC 2142, the names mail systems speak to each other under, and names that invite a fraud.
    [
        "abuse",
        "admin",
        "administrator",
        "all",
        "bounce",
        "bounces",
        "daemon",
        "devnull",
        "dmarc",
        "everyone",
        "hostmaster",
        "info",
        "mailer-daemon",
        "marketing",
        "news",
        "no-reply",
        "nobody",
        "noc",
        "noreply",
        "postmaster",
        "root",
        "sales",
        "security",
        "spam",
        "support",
        "sysadmin",
        "system",
        "toantinh",
        "usenet",
        "uucp",
        "webmaster",
        "www",
        "yeucau",
    ]
)
"""Local parts that are never issued, in any domain."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """What follows for an address when the words it is made of change."""

    address: AddressChange
    alias_for: Duration


@dataclass(frozen=True, slots=True)
class Limit:
    """A brake of the sync: too many are more than `most` and more than `percent` of the accounts in use."""

    most: int
    percent: int

    def passed(self, count: int, of: int) -> bool:
        """Whether `count` is too many, `of` so many accounts."""
        return count > self.most and count * 100 > self.percent * of


@dataclass(frozen=True, slots=True)
class Effective:
    """A policy with nothing left open."""

    person_numbering_first: int
    person_numbering_width: int
    person_numbering_scope: NumberingScope
    person_max_length: int
    person_renamed: Renaming
    person_moved: Renaming
    person_quota: Size
    unit_max_length: int
    """0: no limit."""
    long_place_names: LongPlaceNames
    unit_stop_words: tuple[str, ...]
    unit_renamed: Renaming
    unit_quota: Size
    over_quota: OverQuota
    warn_at: tuple[Percent, ...]
    trash_expires: Duration | None
    """None: never."""
    junk_expires: Duration | None
    """None: never."""
    attachment_limit: Size
    forbidden_extensions: tuple[Extension, ...]
    encrypted_archives: Handling
    macros: Handling
    classified_marks: tuple[str, ...]
    classified_then: Handling
    other_text: Handling
    encryption: Encryption
    forward_out: Permission
    forward_in: Permission
    send_limit: Rate
    leaving_then: Removal
    leaving_auto_reply: bool
    dissolution_auto_reply: bool
    password_min_length: int
    lockout: Lockout
    initial_valid: Duration
    warn_before: Duration
    told: Mapping[str, tuple[Recipient, ...]]
    """Who is told of what, by the key in ``notices``."""
    reserved: frozenset[str]
    sync_leavers: Limit
    sync_unit_leavers: Limit
    sync_joins: Limit
    sync_changes: Limit
    sync_unit_changes: Limit
    sync_absent_runs: int
    sync_quarantine: bool
    quota_classes: Mapping[tuple[Kind, str], Size]
    """Sizes of those whose row in the registry names a class."""

    def quota_for(self, kind: Kind, quota_class: str = "") -> Size:
        """The size of a mailbox; raises ``ValueError`` for a class the policy does not know."""
        if not quota_class:
            return self.person_quota if kind == Kind.PERSON else self.unit_quota
        size = self.quota_classes.get((kind, quota_class))
        if size is None:
            known = [name for of, name in self.quota_classes if of == kind]
            raise ValueError(f"{kind}.quota.classes has no {quota_class!r}; {nearest(quota_class, known)}")
        return size


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of `congvu policy show`."""

    key: str
    """Path of the key in the policy file."""
    value: str
    default: str
    """Why this default, when the policy leaves the key open; else empty."""
    source: str
    """The comment that bears the clause, when the policy states the value; else empty."""


@dataclass(frozen=True, slots=True)
class _Default(Generic[T]):
    """What applies where a policy leaves `key` open."""

    key: str
    value: T
    why: str
    unless: str = ""
    """Another key that says as much: where it is stated, the default does not apply."""

    def of(self, policy: Policy) -> T:
        stated = _stated(policy, self.key)
        return self.value if stated is None else stated


_NO_PERIOD = "choice: no text sets a period; a year outlives what is printed"
_FIRST = _Default("person.numbering.first", 2, "choice: as LD-5.2b is read, and seen in addresses")
_WIDTH = _Default("person.numbering.width", 1, "choice: no zeros before the number")
_SCOPE = _Default("person.numbering.scope", NumberingScope.DOMAIN, "choice: LD-5.2b counts in the province")
_PERSON_MAX = _Default("person.max_length", LOCAL_PART_MAX, "RFC 5321, 4.5.3.1.1")
_UNIT_MAX = _Default("unit.max_length", 0, "no regulation, no limit")
_LONG = _Default("unit.long_place_names", LongPlaceNames.AGREE, "choice: the literal reading of LD-5.1b")
_STOP_WORDS = _Default("unit.stop_words", ("và", "các", "của"), "và seen in all acronyms; the others choice")
_CHANGES = {
    f"{of}.{event}": (
        _Default(f"{of}.{event}.address", AddressChange.REISSUE, "choice: an address tells no untruth"),
        _Default(f"{of}.{event}.alias_for", Duration(12, "months"), _NO_PERIOD),
    )
    for of, event in (("person", "renamed"), ("person", "moved"), ("unit", "renamed"))
}
_PERSON_QUOTA = _Default("person.quota.max", Size.from_text("2G"), "choice: LD-6.1", "person.quota.min")
_UNIT_QUOTA = _Default("unit.quota.max", Size.from_text("2G"), "choice: LD-6.1", "unit.quota.min")
_ATTACHMENTS = _Default("attachments.limit", Size.from_text("20M"), "choice: LD-6.2")
_OVER_QUOTA = _Default("mailbox.over_quota", OverQuota.REJECT, "choice: the sender learns at once")
_WARN_AT = _Default(
    "mailbox.warn_at", (Percent(80), Percent(95)), "choice: once with time to tidy, once before it is full"
)
_CLICKED = "exe com scr pif bat cmd msi dll cpl lnk hta vbs vbe js jse wsf wsh ps1 jar reg chm iso img vhd"
_FORBIDDEN = _Default(
    "attachments.forbidden_extensions",
    tuple(map(Extension, _CLICKED.split())),
    "choice: what Windows starts at a click; none is a document",
)
_ENCRYPTED = _Default(
    "attachments.encrypted_archives", Handling.REJECT, "choice: what cannot be scanned is not passed (LD-9.6)"
)
_MACROS = _Default(
    "attachments.macros", Handling.REPORT, "choice: flagged; offices still have forms with them"
)
_NO_MARKS: tuple[str, ...] = ()
_MARKS = _Default("messages.classified.marks", _NO_MARKS, "no regulation, nothing looked for")
_CLASSIFIED = _Default("messages.classified.then", Handling.HOLD, "choice: a person decides, nothing is lost")
_OTHER_TEXT = _Default("messages.text.otherwise", Handling.REPORT, "choice: flagged, never altered")
_ENCRYPTION = _Default("messages.encryption", Encryption.OPTIONAL, "choice: QT-1.1")
_FORWARD_OUT = _Default("outside.forward_out", Permission.FORBID, "choice: HT-6.8")
_FORWARD_IN = _Default(
    "outside.forward_in", Permission.ALLOW, "choice: no text read forbids it but Ninh Bình's"
)
_SEND_LIMIT = _Default(
    "outside.send_limit", Rate.from_text("250 per 10 minutes"), "choice: Ninh Bình 162/2025/QĐ-UBND"
)
_LEAVING = _Default("leaving.then", Removal.REVOKE, "choice: LD-7.2c")
_AUTO_REPLY = {
    of: _Default(f"{of}.auto_reply", True, "choice: whoever writes must learn that nobody reads it")
    for of in ("leaving", "dissolution")
}
_PASSWORD = _Default("password.min_length", 8, "choice: NIST SP 800-63B, 5.1.1.1")
_LOCKOUT = _Default(
    "password.lockout",
    Lockout(12, Duration(15, "minutes")),
    "choice: Ninh Bình 162/2025/QĐ-UBND has 12; QCVN 12 has 5",
)
_INITIAL = _Default(
    "password.initial_valid", Duration(1, "months"), "choice: who has not begun by then has lost the sheet"
)
_WARN_BEFORE = _Default("inactivity.warn_before", Duration(14, "days"), "choice: a leave of two weeks")
_NOBODY: tuple[Recipient, ...] = ()
_TOLD = {
    name: _Default(f"notices.{name}", told, why)
    for name, told, why in (
        ("issued", (Recipient.UNIT,), "choice: as LD-7.2"),
        ("changed", (Recipient.UNIT,), "choice: as LD-7.2"),
        ("reissued", (Recipient.UNIT,), "choice: as LD-7.2"),
        ("reset", (Recipient.PERSON, Recipient.UNIT), "choice: whoever did not ask for it must hear of it"),
        ("locked", (Recipient.UNIT,), "choice: its holder can read nothing"),
        ("unlocked", (Recipient.PERSON, Recipient.UNIT), "choice: as for a lock, and its holder reads again"),
        ("revoked", (Recipient.UNIT,), "choice: as LD-7.2"),
        ("revoked_at_units_request", _NOBODY, "choice: as LD-7.2; the unit knows"),
        ("handed_over", (Recipient.PERSON, Recipient.UNIT), "choice: both heads, and who works with them"),
        ("inactive_soon", (Recipient.PERSON, Recipient.UNIT), "choice: whoever can prevent it"),
    )
}
_MASS = "choice: a list that lost its end is caught, a busy day of a province passes"
_LIMITS = {
    name: (
        _Default(f"sync.{name}.most", most, _MASS),
        _Default(f"sync.{name}.percent", percent, _MASS),
    )
    for name, most, percent in (
        ("leavers", 20, 5),
        ("unit_leavers", 5, 30),
        ("joins", 200, 20),
        ("changes", 200, 20),
        ("unit_changes", 50, 50),
    )
}
_ABSENT_RUNS = _Default("sync.absent_runs", 2, "choice: one export may lack somebody, hardly two")
_QUARANTINE = _Default("sync.quarantine", False, "choice: who wrote the list mends it first")
DEFAULTS: Mapping[str, _Default[Any]] = {
    default.key: default
    for default in (
        _FIRST,
        _WIDTH,
        _SCOPE,
        _PERSON_MAX,
        _UNIT_MAX,
        _LONG,
        _STOP_WORDS,
        *(default for pair in _CHANGES.values() for default in pair),
        _PERSON_QUOTA,
        _UNIT_QUOTA,
        _OVER_QUOTA,
        _WARN_AT,
        _ATTACHMENTS,
        _FORBIDDEN,
        _ENCRYPTED,
        _MACROS,
        _MARKS,
        _CLASSIFIED,
        _OTHER_TEXT,
        _ENCRYPTION,
        _FORWARD_OUT,
        _FORWARD_IN,
        _SEND_LIMIT,
        _LEAVING,
        *_AUTO_REPLY.values(),
        _PASSWORD,
        _LOCKOUT,
        _INITIAL,
        _WARN_BEFORE,
        *_TOLD.values(),
        *(default for pair in _LIMITS.values() for default in pair),
        _ABSENT_RUNS,
        _QUARANTINE,
    )
}
"""Every default, by the key it stands for."""


def effective(policy: Policy) -> Effective:
    """Fill what `policy` leaves open."""
    return Effective(
        person_numbering_first=_FIRST.of(policy),
        person_numbering_width=_WIDTH.of(policy),
        person_numbering_scope=_SCOPE.of(policy),
        person_max_length=_PERSON_MAX.of(policy),
        person_renamed=_renaming(policy, "person.renamed"),
        person_moved=_renaming(policy, "person.moved"),
        person_quota=_size(policy.person.quota, _PERSON_QUOTA.value),
        unit_max_length=_UNIT_MAX.of(policy),
        long_place_names=_LONG.of(policy),
        unit_stop_words=_STOP_WORDS.of(policy),
        unit_renamed=_renaming(policy, "unit.renamed"),
        unit_quota=_size(policy.unit.quota, _UNIT_QUOTA.value),
        over_quota=_OVER_QUOTA.of(policy),
        warn_at=_WARN_AT.of(policy),
        trash_expires=policy.mailbox.trash_expires,
        junk_expires=policy.mailbox.junk_expires,
        attachment_limit=_ATTACHMENTS.of(policy),
        forbidden_extensions=_FORBIDDEN.of(policy),
        encrypted_archives=_ENCRYPTED.of(policy),
        macros=_MACROS.of(policy),
        classified_marks=_MARKS.of(policy),
        classified_then=_CLASSIFIED.of(policy),
        other_text=_OTHER_TEXT.of(policy),
        encryption=_ENCRYPTION.of(policy),
        forward_out=_FORWARD_OUT.of(policy),
        forward_in=_FORWARD_IN.of(policy),
        send_limit=_SEND_LIMIT.of(policy),
        leaving_then=_LEAVING.of(policy),
        leaving_auto_reply=_AUTO_REPLY["leaving"].of(policy),
        dissolution_auto_reply=_AUTO_REPLY["dissolution"].of(policy),
        password_min_length=_PASSWORD.of(policy),
        lockout=_LOCKOUT.of(policy),
        initial_valid=_INITIAL.of(policy),
        warn_before=_WARN_BEFORE.of(policy),
        told={name: default.of(policy) for name, default in _TOLD.items()},
        sync_leavers=_limit(policy, "leavers"),
        sync_unit_leavers=_limit(policy, "unit_leavers"),
        sync_joins=_limit(policy, "joins"),
        sync_changes=_limit(policy, "changes"),
        sync_unit_changes=_limit(policy, "unit_changes"),
        sync_absent_runs=_ABSENT_RUNS.of(policy),
        sync_quarantine=_QUARANTINE.of(policy),
        reserved=RESERVED | {str(part) for part in policy.reserved},
        quota_classes={
            (kind, name): _size(size, _size(quota, default.value))
            for kind, quota, default in (
                (Kind.PERSON, policy.person.quota, _PERSON_QUOTA),
                (Kind.UNIT, policy.unit.quota, _UNIT_QUOTA),
            )
            for name, size in quota.classes.items()
        },
    )


def _renaming(policy: Policy, key: str) -> Renaming:
    address, alias_for = _CHANGES[key]
    return Renaming(address.of(policy), alias_for.of(policy))


def _limit(policy: Policy, name: str) -> Limit:
    most, percent = _LIMITS[name]
    return Limit(most.of(policy), percent.of(policy))


def _size(stated: QuotaRange, default: Size) -> Size:
    """A mailbox is as large as it may be; where only the least is said, that large."""
    return stated.max or stated.min or default


def settings(policy: Policy, sources: Mapping[str, Source] = NO_SOURCES) -> tuple[Setting, ...]:
    """Every value that applies, key by key, in the order of the schema; defaults carry their reason."""
    lines: list[Setting] = []
    for key, value in _walk(policy, ""):
        default = DEFAULTS.get(key)
        if value is not None:
            source = sources.get(key)
            lines.append(Setting(key, _text(value), "", source.text if source else ""))
        elif default and not (default.unless and _stated(policy, default.unless) is not None):
            lines.append(Setting(key, _text(default.value), default.why, ""))
    lines.append(Setting("reserved (built in)", ", ".join(sorted(RESERVED)), "always", ""))
    return tuple(lines)


def _text(value: object) -> str:
    """`value` as the file would have it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _stated(policy: Policy, key: str) -> Any:
    """What `policy` says under the dotted `key`, None where it leaves it open."""
    value: Any = policy
    for name in key.split("."):
        value = None if value is None else getattr(value, name)
    return value


def _walk(value: object, key: str) -> list[tuple[str, object]]:
    """The values in a section, a list or a mapping, each with its key."""
    if isinstance(value, Places):
        return [(key, f"{len(value.present)} present, {len(value.abolished)} abolished; {value.source}")]
    if isinstance(value, tuple):
        return [found for index, item in enumerate(value) for found in _walk(item, f"{key}[{index}]")]
    if isinstance(value, Mapping):
        return [found for name, item in value.items() for found in _walk(item, f"{key}.{name}")]
    if dataclasses.is_dataclass(value) and not isinstance(value, Scalar):
        return [found for field in dataclasses.fields(value) for found in _field(value, field, key)]
    return [(key, value)]


def _field(section: object, field: dataclasses.Field[Any], key: str) -> list[tuple[str, object]]:
    value, path = getattr(section, field.name), f"{key}.{field.name}".lstrip(".")
    stated_empty = value == () and field.default is None
    return [(path, "none")] if stated_empty else _walk(value, path)
