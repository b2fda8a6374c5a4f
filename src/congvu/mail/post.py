"""Sending notices, each of them once, whenever the sender is killed.

A notice's Message-ID is made from what it is about. That it is about to be sent is on the disk before it is,
and that Postfix took it, after. Whoever finds the first without the second looks into the mail log.
"""

from __future__ import annotations

import re
import smtplib
from dataclasses import dataclass
from datetime import UTC, datetime

from congvu.errors import MailFailure
from congvu.mail.notices import Notice
from congvu.mail.record import Acts
from congvu.mail.tools import run

RECORD = "notice"
SECONDS = 60
"""For each answer of Postfix; the filters take their time."""


@dataclass(frozen=True, slots=True)
class Post:
    """The way to Postfix, and the log of what was sent."""

    acts: Acts
    host: str
    """The mail server's name."""

    def send(self, notice: Notice, domain: str) -> bool:
        """Send a notice as `domain`'s postmaster, unless it was sent; returns whether it was sent now.

        Raises `MailFailure` when Postfix does not take it, `SystemFailure` when that cannot be recorded.
        """
        intended = ""
        for one in self.acts.earlier(RECORD):
            if one["key"] == notice.key:
                if one["step"] == "done":
                    return False
                intended = one["time"] if one["step"] == "intended" else ""
        facts = {"key": notice.key, "to": notice.recipient}
        if intended and _was_taken(f"{notice.key}@{self.host}", datetime.fromisoformat(intended)):
            self.acts.log.tell(RECORD, [{"step": "done", **facts, "looked": True}])
            return False
        with self.acts.act(RECORD, facts):
            self._hand_over(notice, domain)
        return True

    def _hand_over(self, notice: Notice, domain: str) -> None:
        letter = notice.message(domain, self.host, datetime.now(UTC))
        try:
            with smtplib.SMTP("127.0.0.1", 25, local_hostname="localhost", timeout=SECONDS) as client:
                client.send_message(letter, "", [notice.recipient])  # nobody answers a notice
        except (smtplib.SMTPException, OSError) as problem:
            raise MailFailure(
                f"the notice to {notice.recipient} was not taken: {problem}", where="Postfix"
            ) from None


def _was_taken(message_id: str, since: datetime) -> bool:
    """Whether Postfix has queued a message with this Message-ID since then, by its log in the journal."""
    lines = _journal("postfix/cleanup", f"message-id=<{re.escape(message_id)}>", since)
    ids = [line.partition(":")[0] for line in lines]
    return any(_journal("postfix/qmgr", f"^{re.escape(id_)}: from=", since) for id_ in ids)


def _journal(program: str, pattern: str, since: datetime) -> list[str]:
    command = ["journalctl", "--quiet", "--no-pager", "--output=cat", f"--identifier={program}"]
    command += [f"--since=@{int(since.timestamp())}", f"--grep={pattern}", "--case-sensitive=true"]
    return run(command, accept=(0, 1)).text.splitlines()
