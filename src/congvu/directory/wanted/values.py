"""The registry's words as values of LDAP attributes (pure)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from congvu.directory.ledger import write_holding
from congvu.directory.model import Entry, Layout
from congvu.naming.allocation import How, Issued
from congvu.naming.ledger import Holding
from congvu.naming.names import readings
from congvu.registry.model import Person, Unit

Values = dict[str, tuple[str, ...]]
"""Attributes of an entry; one without values is not there."""

# RFC 4517, 3.3.31: a telephone number is a printable string.
_PRINTABLE = re.compile(r"[A-Za-z0-9'()+,./:? -]*")
_DASHES = re.compile(r"[\u2010-\u2015]")
_NOT_PRINTABLE = re.compile(r"[^A-Za-z0-9'()+,./:? -]+")
_ADDRESSES = ("mail", "mailLocalAddress", "congvuAliasUntil", "congvuFormerAddress")
_NONE: tuple[str, ...] = ()


def one(text: str) -> tuple[str, ...]:
    """A single value; none for an empty text, LDAP has no empty values."""
    return (text,) if text else _NONE


def name_parts(person: Person) -> tuple[str, str]:
    """Surname and given name; of a name in one piece, where it has one reading only, else the whole."""
    if person.given_name:
        return person.surname, person.given_name
    found = readings(person.full_name)
    return (found[0].ho, found[0].ten) if len(found) == 1 else (person.full_name, "")


def telephone(text: str) -> str:
    """`text` as LDAP takes a telephone number (RFC 4517, 3.3.31): without marks and other signs.

    >>> telephone("0263.3822111 (máy lẻ 12)")
    '0263.3822111 (may le 12)'
    """
    if _PRINTABLE.fullmatch(text):
        return text.strip()
    bare = unicodedata.normalize("NFD", _DASHES.sub("-", text).replace("đ", "d").replace("Đ", "D"))
    return _NOT_PRINTABLE.sub("", bare).strip()


def special_quota(row: Person | Unit) -> str:
    """What to add to the reason of a new account that begins with a special size (LD-6.1)."""
    return f"; mailbox {row.quota}: {row.quota_reason}" if row.quota else ""


def new_mailbox(layout: Layout, issued: Issued, mail_host: str, stamped: str) -> Values:
    """What makes a new entry a mailbox."""
    return {
        **write_holding(layout, issued.holding),
        "mailHost": (mail_host,),
        "congvuIssued": (stamped,),
    }


def mailbox(layout: Layout, held: Entry, issued: Issued, before: Holding, stamped: str) -> Values:
    """The mailbox of an entry that has one: verbatim where it stays, so that others' spelling stays, too.

    `before` is what `held` holds.
    """
    at = held.attributes
    if issued.holding is before:
        written = {name: at.get(name, _NONE) for name in (*_ADDRESSES, "congvuIssuedFor", "congvuIssued")}
    else:
        written = write_holding(layout, issued.holding)
        if _addresses(issued.holding) == _addresses(before):
            written |= {name: at.get(name, _NONE) for name in _ADDRESSES}
        written["congvuIssued"] = (stamped,) if issued.how is How.CHANGED else at.get("congvuIssued", _NONE)
    mail, delivers = written["mail"], written["mailLocalAddress"]
    if mail != delivers and mail[0].lower() not in map(str.lower, delivers):
        written["mailLocalAddress"] = (*delivers, *mail)
    return written


def _addresses(holding: Holding) -> tuple[object, ...]:
    return holding.local_part, holding.aliases, holding.former


def frozen(entry: Entry, **changes: tuple[str, ...]) -> Entry:
    """`entry` with nothing changed but `changes`; an attribute without values goes."""
    merged: Mapping[str, tuple[str, ...]] = {**entry.attributes, **changes}
    return Entry(entry.dn, {name: values for name, values in merged.items() if values})
