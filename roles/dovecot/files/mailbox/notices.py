"""Notices in Vietnamese to the owners of mailboxes, from whoever runs their mail domain.

A notice is a text file beside this module: a line with the subject, an empty line, the body, with `$name` and
the like to be filled in.
"""

from __future__ import annotations

import json
import unicodedata
from email.charset import QP, Charset
from email.header import Header
from email.mime.text import MIMEText
from email.utils import formatdate, make_msgid
from pathlib import Path
from string import Template
from typing import Any

DOMAINS = Path("/etc/dovecot/domains.json")
"""What the policies say, by mail domain."""
HEADER = "X-Congvu-Notice"
"""Which notice a message is: a filter must not answer one with another."""
_TEXTS = Path(__file__).parent
_SYSTEM = "Hệ thống thư điện tử công vụ"


def load() -> dict[str, dict[str, Any]]:
    """The policies' part that concerns mailboxes."""
    domains: dict[str, dict[str, Any]] = json.loads(DOMAINS.read_text(encoding="utf-8"))
    return domains


def domain_of(address: str) -> str:
    """The mail domain of an address."""
    return address.rpartition("@")[2].lower()


def compose(kind: str, domain: dict[str, Any], address: str, name: str, **values: str) -> MIMEText:
    """A message to the owner of `address`, of the text file `kind`; its `name` may be empty.

    RFC 3834 for what tells that nobody wrote it; text in NFC (TCVN 6909).
    """
    name = " ".join(name.split())
    text = Template((_TEXTS / f"{kind}.txt").read_text(encoding="utf-8")).substitute(
        values, name=name or address, address=address, operator=domain["operator"] or _SYSTEM
    )
    subject, _, body = unicodedata.normalize("NFC", text).partition("\n\n")
    text_of = Charset("utf-8")
    text_of.body_encoding = QP
    message = MIMEText(body, "plain", text_of)
    message["From"] = _address(domain["operator"] or _SYSTEM, f"postmaster@{domain_of(address)}")
    message["To"] = _address(name, address)
    message["Subject"] = Header(subject, "utf-8")
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=domain_of(address))
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "vi"
    message[HEADER] = kind
    return message


def _address(name: str, address: str) -> str:
    # Not email.policy's: it puts a blank into a long name where it folds it (Python 3.13).
    words = Header(unicodedata.normalize("NFC", name), "utf-8").encode()
    return f"{words} <{address}>" if name else address
