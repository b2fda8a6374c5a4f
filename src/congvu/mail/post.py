"""Sending notices, each of them once, whenever the sender is killed.

A notice's Message-ID is made from what it is about. That it is about to be sent is on the disk before it is,
and what Postfix said, after. Where that is missing, because the sender was killed or the answer did not come
in time (RFC 1047), the next one looks into the mail log.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from congvu.errors import MailFailure
from congvu.mail.notices import Notice
from congvu.mail.record import Acts
from congvu.mail.tools import run

RECORD = "notice"


class Unwanted(MailFailure):
    """Postfix takes this notice neither now nor later: the mailbox is full, or gone."""


SECONDS = 330
"""For each answer of Postfix: it waits for its filter up to 300 s itself (milter_content_timeout)."""
_REFUSALS = (
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPDataError,
)


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
        open_ = self._open_tries(notice)
        if open_ is None:
            return False
        facts: dict[str, Any] = {"key": notice.key, "to": notice.recipient}
        if open_ and self._was_taken(notice, open_):
            self.acts.log.tell(RECORD, [{"step": "done", **facts, "looked": True}])
            return False
        with self.acts.act(RECORD, facts):
            try:
                self._hand_over(notice, domain)
            except (smtplib.SMTPException, OSError) as problem:
                if _is_refusal(problem):
                    facts["refused"] = True  # the record of the outcome says it too
                kind = Unwanted if _is_refusal(problem, for_good=True) else MailFailure
                raise kind(
                    f"the notice to {notice.recipient} was not taken: {problem}", where="Postfix"
                ) from None
        return True

    def send_all(self, letters: Iterable[tuple[str, Notice]]) -> dict[str, str]:
        """Send notices, each as the postmaster of the domain beside it, also when another one is not taken.

        Returns whom it could not tell, with words that say so and why. Raises `SystemFailure` as `send` does.
        """
        untold = {}
        for domain, notice in letters:
            try:
                self.send(notice, domain)
            except MailFailure as fault:
                untold[notice.recipient] = f"{notice.recipient} could not be told: {fault}"
        return untold

    def _open_tries(self, notice: Notice) -> list[datetime] | None:
        """When it was tried to send it without a sure outcome, oldest first; None when it was sent."""
        tries: list[datetime] = []
        for one in self.acts.earlier(RECORD):
            if one["key"] != notice.key:
                continue
            if one["step"] == "done":
                return None
            if one["step"] == "intended":
                tries.append(datetime.fromisoformat(one["time"]))
            elif one.get("refused") and tries:
                tries.pop()
        return tries

    def _was_taken(self, notice: Notice, tries: list[datetime]) -> bool:
        """Whether Postfix has queued the notice since the first of `tries`, by its log in the journal.

        Raises `MailFailure` while its filter may still have what the last one handed over.
        """
        message_id = f"{notice.key}@{self.host}"
        lines = _journal("postfix/cleanup", f"message-id=<{re.escape(message_id)}>", tries[0])
        ids = [line.partition(":")[0] for line in lines]
        if any(_journal("postfix/qmgr", f"^{re.escape(id_)}: from=", tries[0]) for id_ in ids):
            return True
        if ids and 0 <= (datetime.now(UTC) - tries[-1]).total_seconds() < SECONDS:
            raise MailFailure(
                f"it has not decided on the notice to {notice.recipient}",
                where="Postfix",
                hint=f"try again in {SECONDS} s",
            )
        return False

    def _hand_over(self, notice: Notice, domain: str) -> None:
        letter = notice.message(domain, self.host, datetime.now(UTC))
        client = smtplib.SMTP("127.0.0.1", 25, local_hostname="localhost", timeout=SECONDS)
        try:
            client.send_message(letter, "", [notice.recipient])  # nobody answers a notice
        finally:
            with suppress(smtplib.SMTPException, OSError):  # what it says to QUIT changes nothing
                client.quit()


def _is_refusal(problem: Exception, *, for_good: bool = False) -> bool:
    """Whether Postfix has answered that it takes nothing; after anything else it may have taken it.

    `for_good`: and that it never will (RFC 5321, 4.2.1).
    """
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in problem.recipients.values()]
    else:
        codes = [getattr(problem, "smtp_code", 500)]
    return isinstance(problem, _REFUSALS) and min(codes) >= (500 if for_good else 400)


def _journal(program: str, pattern: str, since: datetime) -> list[str]:
    command = ["journalctl", "--quiet", "--no-pager", "--output=cat", f"--identifier={program}"]
    command += [f"--since=@{int(since.timestamp())}", f"--grep={pattern}", "--case-sensitive=true"]
    return [line for line in run(command, accept=(0, 1)).text.split("\n") if line]
