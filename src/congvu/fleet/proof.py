"""The proof that mail flows: from outside to a person, a reply back, and to a unit. Three real messages."""

from __future__ import annotations

import imaplib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid

from congvu.errors import LabFailure
from congvu.fleet.client import Outside, fetch, mailbox, parse, poll
from congvu.fleet.lab import Lab, run_in

STRANGER = "congdan@ngoai.example"
_MAIL_LOG = ("sudo", "journalctl", "--no-pager", "--output=cat", "--lines=12", "--facility=mail")


@dataclass(frozen=True, slots=True)
class Proof:
    """One message that arrived, and after how many seconds."""

    what: str
    seconds: float


def prove(lab: Lab, logins: Mapping[str, str]) -> list[Proof]:
    """Send three messages and wait for each; raises `LabFailure` with the mail log's last lines.

    `logins` has a person's address and a unit's, in this order, with their passwords.
    """
    (person, persons_password), (unit, units_password) = logins.items()
    with Outside(lab) as outside:
        try:
            return [
                _to_inbox(outside, person, persons_password),
                _reply(outside, person, persons_password),
                _to_inbox(outside, unit, units_password),
            ]
        except (LabFailure, OSError, imaplib.IMAP4.error) as error:
            words = run_in(lab, "mail", *_MAIL_LOG, check=False).stdout
            raise LabFailure(
                f"mail did not arrive: {error}\n{words}",
                where="host mail, journalctl --facility=mail",
                hint="scripts/check says which daemon is not as configured",
            ) from error


def _message(sender: str, recipient: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
    message.set_content(text)
    return message


def _to_inbox(outside: Outside, recipient: str, password: str) -> Proof:
    began = time.monotonic()
    message = _message(STRANGER, recipient, "Kiến nghị của công dân", "Kính gửi quý cơ quan.\n")
    outside.send(message)
    with mailbox(outside, recipient, password) as box:
        poll(lambda: fetch(box, message["Message-ID"]), f"mail from {STRANGER} to {recipient}")
    return Proof(f"{STRANGER} → {recipient}", time.monotonic() - began)


def _reply(outside: Outside, person: str, password: str) -> Proof:
    began = time.monotonic()
    with mailbox(outside, person, password) as box:
        _, numbers = box.search(None, "ALL")
        _, parts = box.fetch(numbers[0].split()[-1].decode(), "(BODY.PEEK[])")
        original = parse(next(part[1] for part in parts if isinstance(part, tuple)))
    message = _message(person, STRANGER, f"Re: {original['Subject']}", "Đã nhận được. Trân trọng.\n")
    message["In-Reply-To"] = original["Message-ID"]
    with outside.submission(person, password) as client:
        client.send_message(message)
    poll(lambda: outside.received(STRANGER, message["Message-ID"]), f"reply of {person} to {STRANGER}")
    return Proof(f"{person} → {STRANGER} (reply)", time.monotonic() - began)
