"""What applies: the policy's values, and a documented default where the regulation leaves one open.

This is the only place with defaults. Roles and the sync read `Effective`, never the bare `Policy`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from congvu.policy.model import LongPlaceNames, OverQuota, Policy, Removal
from congvu.policy.values import Size
from congvu.strictyaml import Scalar

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
    ]
)
"""Local parts that are never issued, in any domain."""


@dataclass(frozen=True, slots=True)
class Effective:
    """A policy with nothing left open."""

    person_quota: Size
    unit_quota: Size
    attachment_limit: Size
    over_quota: OverQuota
    unit_max_length: int
    """0: no limit."""
    long_place_names: LongPlaceNames
    leaving_then: Removal
    password_min_length: int
    reserved: frozenset[str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of `congvu policy show`."""

    key: str
    """Path of the key in the policy file."""
    value: str
    default: str
    """Why this default, when the policy leaves the key open; else empty."""


_DEFAULTS: dict[str, tuple[str, object, str]] = {
    # field of Effective: (key in the file, default, why)
    "person_quota": ("person.quota", Size.from_text("2G"), "choice: LD-6.1"),
    "unit_quota": ("unit.quota", Size.from_text("2G"), "choice: LD-6.1"),
    "attachment_limit": ("attachment_limit", Size.from_text("20M"), "choice: LD-6.2"),
    "over_quota": ("over_quota", OverQuota.REJECT, "choice: the sender learns at once"),
    "unit_max_length": ("unit.max_length", 0, "no regulation, no limit"),
    "long_place_names": (
        "unit.long_place_names",
        LongPlaceNames.AGREE,
        "choice: the literal reading of LD-5.1b",
    ),
    "leaving_then": ("leaving.then", Removal.REVOKE, "choice: LD-7.2c"),
    "password_min_length": ("password.min_length", 8, "choice: NIST SP 800-63B, 5.1.1.1"),
}


def effective(policy: Policy) -> Effective:
    """Fill what `policy` leaves open."""
    values = {field: _stated(policy, key) for field, (key, _, _) in _DEFAULTS.items()}
    filled = {field: _DEFAULTS[field][1] if value is None else value for field, value in values.items()}
    return Effective(reserved=RESERVED | {str(part) for part in policy.reserved}, **filled)  # type: ignore[arg-type]


def settings(policy: Policy) -> tuple[Setting, ...]:
    """Every value that applies, key by key, in the order of the schema; defaults carry their reason."""
    defaults = {key: (value, why) for key, value, why in _DEFAULTS.values()}
    lines: list[Setting] = []
    for key, value in _walk(policy, ""):
        if value is not None:
            lines.append(Setting(key, str(value), ""))
        elif key in defaults:
            lines.append(Setting(key, str(defaults[key][0]), defaults[key][1]))
    lines.append(Setting("reserved (built in)", ", ".join(sorted(RESERVED)), "always"))
    return tuple(lines)


def _stated(policy: Policy, key: str) -> object:
    """What `policy` says under the dotted `key`, None where it leaves it open."""
    value: object = policy
    for name in key.split("."):
        value = getattr(value, name)
    return value


def _walk(section: object, prefix: str) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for field in dataclasses.fields(section):  # type: ignore[arg-type]
        value, key = getattr(section, field.name), prefix + field.name
        if isinstance(value, tuple):
            found += [(f"{key}[{index}]", item) for index, item in enumerate(value)]
        elif dataclasses.is_dataclass(value) and not isinstance(value, Scalar):
            found += _walk(value, f"{key}.")
        else:
            found.append((key, value))
    return found
