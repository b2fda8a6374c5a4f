"""The filter asked directly: rspamd's own answer for many messages at once, over its controller's socket."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from congvu.fleet.lab import Lab, run_in

# Run on the mail server. rspamc would be a process for each message.
ASK = """\
import http.client, json, socket, sys

class Controller(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(180)
        self.sock.connect("/run/rspamd/controller.sock")

answers = []
for question in json.load(sys.stdin):
    controller = Controller("localhost")
    headers = {"From": question["sender"], "IP": "192.0.2.25", "Helo": "khach.ngoai.example"}
    if question["user"]:
        headers["User"] = question["user"]
    controller.putrequest("POST", "/checkv2")
    body = question["raw"].encode("latin-1")
    for name, value in [*headers.items(), *(("Rcpt", one) for one in question["recipients"])]:
        controller.putheader(name, value)
    controller.putheader("Content-Length", str(len(body)))
    controller.endheaders(body)
    answers.append(json.loads(controller.getresponse().read()))
    controller.close()
json.dump(answers, sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A message as the filter gets it from Postfix. `user` is the login, empty for mail from outside."""

    message: EmailMessage | bytes
    sender: str
    recipients: tuple[str, ...]
    user: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The action, the symbols with their options, the headers to add, the words for the sender."""

    action: str
    symbols: dict[str, list[str]]
    headers: dict[str, list[str]]
    words: str


def ask(lab: Lab, questions: Sequence[Question]) -> list[Verdict]:
    """The verdict on each message."""
    listed = [
        {
            "raw": _raw(one.message).decode("latin-1"),
            "sender": one.sender,
            "recipients": one.recipients,
            "user": one.user,
        }
        for one in questions
    ]
    # The script first, then what it reads: python3 is given the one, and reads the other.
    done = run_in(lab, "mail", "sudo", "python3", "-c", ASK, stdin=json.dumps(listed))
    return [_verdict(answer) for answer in json.loads(done.stdout)]


def _raw(message: EmailMessage | bytes) -> bytes:
    return message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)


def _verdict(answer: dict[str, Any]) -> Verdict:
    added = _table(_table(answer, "milter"), "add_headers")
    return Verdict(
        answer["action"],
        {name: one.get("options", []) for name, one in _table(answer, "symbols").items()},
        {name: [one["value"] for one in _several(values)] for name, values in added.items()},
        _table(answer, "messages").get("smtp_message", ""),
    )


def _table(answer: dict[str, Any], name: str) -> dict[str, Any]:
    """A mapping of the answer; rspamd writes an empty one as a list."""
    return answer.get(name) or {}


def _several(values: Any) -> list[dict[str, Any]]:
    return values if isinstance(values, list) else [values]
