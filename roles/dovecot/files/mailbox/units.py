#!/usr/bin/python3
"""Give a user who logs in to IMAP the mailboxes and shared folders of units, as far as the directory says so.

    script-login python3 units.py STORE CA_FILE BASE BIND_DN URI… -- PROGRAM…

Dovecot runs it between the login and the session. It looks up once which units name the account in an
attribute that gives a right, and makes each a namespace with just that right. Nothing is kept: what is taken
away in the directory is gone at the next login. Where the directory does not answer there is no session: a
mail program that does not see a folder any more throws its copy away.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Unit = Mapping[str, Sequence[str]]
"""An entry: attribute names, in lower case, to values; `dn` is among them."""

DOMAINS = Path("/etc/dovecot/domains.json")
PASSWORD = Path("/etc/dovecot/ldap.password")
MAILBOXES, SHARED = "Đơn vị", "Thư mục dùng chung"
READ, ADD, FILE, ALL = "lr", "lrswi", "lrswtipe", ""
"""What one may do (RFC 4314): read; mark and add, too; file and delete, too; everything, unasked."""
_OWNERS = ("congvuHead", "congvuOwner")
_BY_NAME = (*_OWNERS, "congvuReader", "congvuAnswerer", "congvuDelegate", "congvuLeader")
"""Attributes of a unit by which it gives an account something."""
_ATTRIBUTES = ("uid", "mail", "displayName", *_BY_NAME)
_LIMITED = {"acl_ignore": "no", "acl": "anyone"}
_TOP = {"mailbox": "top", "mailbox/top/name": "", "mailbox/top/auto": "create"}
"""Nobody may have had mail there yet, and who only reads could not make it."""
_SECONDS = 10
_FAILED = 75


@dataclass(frozen=True)
class Account:
    """Who logs in."""

    dn: str
    address: str
    unit_id: str
    """Where a person works; empty of a unit."""


@dataclass(frozen=True)
class View:
    """A folder tree of a unit, as an account sees it."""

    root: str
    unit: Unit
    folder: str
    """In the unit's home."""
    rights: str


def question(account: Account) -> str:
    """The filter that finds the units which give the account something; locked and former ones do not."""
    dn = _escaped(account.dn)
    grounds = "".join(f"({name}={dn})" for name in _BY_NAME)
    if account.unit_id:
        grounds += f"(uid={_escaped(account.unit_id)})"
    return (
        "(&(objectClass=organizationalUnit)(objectClass=congvuAccount)(|(congvuState=initial)(congvuState=active))"
        f"(|(mail={_escaped(account.address)}){grounds}))"
    )


def views(account: Account, units: Iterable[Unit], shares: Mapping[str, str]) -> Iterator[View]:
    """What the account may see of `units`. `shares`: who writes in shared folders, by domain and address."""
    for unit in units:
        named = {
            name for name in _BY_NAME if account.dn.lower() in map(str.lower, unit.get(name.lower(), ()))
        }
        itself = unit["mail"][0].lower() == account.address.lower()
        owns, files = not named.isdisjoint(_OWNERS), "congvuAnswerer" in named
        if owns or files or "congvuReader" in named:
            yield View(MAILBOXES, unit, "Maildir", ALL if owns else FILE if files else READ)
        writers = shares.get(_domain(unit)) or shares.get(unit["mail"][0].lower())
        if not writers:
            continue
        if itself or owns or files or "congvuDelegate" in named:
            yield View(SHARED, unit, "shared", ALL)
        elif named or _works_in(account, unit):
            adds = writers == "unit" and _works_in(account, unit)
            yield View(SHARED, unit, "shared", ADD if adds else READ)


def settings(found: Sequence[View], store: str) -> dict[str, str]:
    """The namespaces of Dovecot that show them."""
    names = [_name(view.unit) for view in found]
    often = Counter(zip((view.root for view in found), names, strict=True))
    made: dict[str, str] = {}
    for number, (view, name) in enumerate(zip(found, names, strict=True)):
        address = view.unit["mail"][0]
        shown = name if often[view.root, name] == 1 else f"{name} ({address})"
        home = f"{store}/{address.rpartition('@')[2].lower()}/{view.unit['uid'][0]}"
        given = {
            "type": "public",
            "separator": "/",
            "prefix": f"{view.root}/{shown}/",
            "mail_path": f"{home}/{view.folder}",
            "subscriptions": "no",  # one's own, not the unit's
            "quota_ignore": "yes",  # not against one's own; Postfix asks for the unit's at each delivery
            **_TOP,
            **(_LIMITED | {"acl/anyone/rights": view.rights} if view.rights else {}),
        }
        made |= {f"namespace/unit-{number}/{key}": value for key, value in given.items()}
    if found:
        made["namespace+"] = " ".join(f"unit-{number}" for number in range(len(found)))
    return made


def parse(ldif: str) -> Iterator[Unit]:
    """The entries of an answer in LDIF without folded lines."""
    for block in ldif.split("\n\n"):
        entry: dict[str, list[str]] = {}
        for line in filter(None, block.split("\n")):
            name, _, value = line.partition(":")
            text = base64.b64decode(value[1:]).decode() if value.startswith(":") else value.strip()
            entry.setdefault(name.lower(), []).append(text)
        # A folder in the store is named by the id, as the userdb has it.
        if {"dn", "uid", "mail"} <= entry.keys() and "/" not in entry["uid"][0]:
            yield entry


def ask(filter_: str, base: str, bind_dn: str, uris: Sequence[str]) -> Iterator[Unit]:
    """Search the directory as Dovecot; raises ``OSError`` or ``subprocess.TimeoutExpired``."""
    command = ["ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-ZZ", "-x", "-H", " ".join(uris), "-D", bind_dn]
    command += ["-y", str(PASSWORD), "-b", base, filter_, *_ATTRIBUTES]
    done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)
    if done.returncode:
        raise OSError(" ".join(done.stderr.decode(errors="replace").split()))
    yield from parse(done.stdout.decode())


def shared(domains: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Who writes in units' shared folders, by mail domain and by address; empty: there are none."""
    posting = {
        address.lower(): "owners" for each in domains.values() for address in each["posting_addresses"]
    }
    return {**{name: each["shared_folders"] for name, each in domains.items()}, **posting}


def main(store: str, ca_file: str, base: str, bind_dn: str, *rest: str) -> None:
    """Add the namespaces to the user's settings and go on with the session."""
    uris, program = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
    given = os.environ
    account = Account(given["DN"], given["USER"], given.get("UNIT_ID", ""))
    try:
        given |= {"LDAPTLS_CACERT": ca_file, "LDAPTLS_REQCERT": "demand"}
        units = sorted(ask(question(account), base, bind_dn, uris), key=lambda unit: unit["dn"][0])
        domains = json.loads(DOMAINS.read_text(encoding="utf-8"))
    except (OSError, ValueError, subprocess.TimeoutExpired) as fault:
        sys.stderr.write(f"units of {account.address}: {fault}\n")
        sys.exit(_FAILED)
    made = settings(list(views(account, units, shared(domains))), store)
    for key, value in made.items():
        os.environ[key.upper()] = value
    os.environ["USERDB_KEYS"] = " ".join((given.get("USERDB_KEYS", ""), *made))
    os.execvp(program[0], program)  # noqa: S606  (Dovecot's own, from its command line)


def _domain(unit: Unit) -> str:
    parts = unit["dn"][0].lower().split(",")
    return ".".join(part.removeprefix("dc=") for part in parts if part.startswith("dc="))


def _works_in(account: Account, unit: Unit) -> bool:
    """Whether it is the unit of a person of the same mail domain."""
    _, _, container = unit["dn"][0].lower().partition(",ou=units,")
    same = account.dn.lower().endswith(f",ou=people,{container}")
    return same and unit["uid"][0].lower() == account.unit_id.lower()


def _name(unit: Unit) -> str:
    """The unit's name as that of a folder."""
    words = "".join(sign for sign in " ".join(unit.get("displayname", unit["uid"])) if sign.isprintable())
    return unicodedata.normalize("NFC", words.replace("/", "-").replace("*", "").replace("%", "")).strip()


def _escaped(text: str) -> str:
    """`text` as a value in a search filter (RFC 4515, 3)."""
    return "".join(
        f"\\{octet:02x}" if octet in b"*()\\\0" or octet > 126 else chr(octet) for octet in text.encode()
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
