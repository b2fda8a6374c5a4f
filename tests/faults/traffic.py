"""The messages of a fault test, and the client on `outside` that sends them while something breaks."""

from __future__ import annotations

import base64
import io
import json
import random
import subprocess
import threading
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from pathlib import Path
from typing import Self

from congvu.fleet.client import Outside
from tests.lab import Account

EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
MESSAGES = 500
ROUTES = ("relayed", "direct", "relayed", "submission", "direct", "outgoing", "relayed", "submission")
"""Whose turn it is: three in eight come through outside's mail server, and so on."""
VIRUS_EVERY, ATTACHMENT_EVERY = 20, 3
_PROGRAM = Path(__file__).with_name("load.py")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of the load."""

    id: str
    route: str
    """relayed, direct, submission (to inside) or outgoing (by submission, to outside)."""
    sender: str
    recipient: str
    virus: bool
    data: str
    password: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What became of one try: a reply, or code 0 and the error that broke the session."""

    id: str
    at: float
    """Seconds since the epoch."""
    command: str
    """What was answered; LOST if the session broke after the final dot, BROKEN if before."""
    code: int
    text: str

    @property
    def accepted(self) -> bool:
        """Whether the server took the message over."""
        return self.command == "DATA" and self.code == 250

    @property
    def refused(self) -> bool:
        """Whether for good."""
        return 500 <= self.code <= 599


def letters(mark: str, logins: Sequence[Account], boxes: Sequence[Account]) -> list[Letter]:
    """The load: from outside and from the logins, to the boxes and to outside. Every 20th is a virus.

    `mark` is in all Message-IDs and foreign addresses, so that what belongs to one run can be told apart.
    """
    draw = random.Random(1)  # noqa: S311  (the same attachments each time)
    made = []
    for number in range(MESSAGES):
        route = ROUTES[number % len(ROUTES)]
        login = logins[number // len(ROUTES) % len(logins)]
        by_login = route in ("submission", "outgoing")
        stranger = f"{mark}@ngoai.example"
        sender = login.address if by_login else stranger
        recipient = stranger if route == "outgoing" else boxes[number % len(boxes)].address
        virus = number % VIRUS_EVERY == VIRUS_EVERY // 2 + number // VIRUS_EVERY % len(ROUTES)
        message = EmailMessage()
        message["From"], message["To"] = sender, recipient
        message["Subject"], message["Date"] = f"Công văn số {number}", formatdate()
        message["Message-ID"] = f"<{mark}.{number}@{sender.rpartition('@')[2]}>"
        message.set_content(f"Kính gửi quý cơ quan.\n\nVề việc số {number} ({mark}).\n")
        if virus:
            _infect(message, number)
        elif number % ATTACHMENT_EVERY == 0:
            rows = "".join(f"{draw.randrange(10**9)},Số liệu {draw.random()}\r\n" for _ in range(300))
            message.add_attachment(rows, subtype="csv", filename="so-lieu.csv", cte="base64")
        data = message.as_bytes(policy=SMTP).decode("utf-8").removesuffix("\r\n")
        made.append(
            Letter(message["Message-ID"], route, sender, recipient, virus, data, login.password * by_login)
        )
    return made


def _infect(message: EmailMessage, number: int) -> None:
    """The test virus: in the text, in an attachment or in an archive."""
    if number % 3 == 0:
        message.set_content(EICAR)
    elif number % 3 == 1:
        message.add_attachment(EICAR, filename="phu-luc.txt", cte="base64")
    else:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("phu-luc.txt", EICAR)
        message.add_attachment(
            packed.getvalue(), maintype="application", subtype="zip", filename="phu-luc.zip"
        )


class Traffic:
    """The client at work on `outside`; its events come as they happen. Use it in a ``with`` statement."""

    def __init__(
        self, outside: Outside, load: Sequence[Letter], *, pace: float = 0.04, seconds: float = 150
    ) -> None:
        """Begin one message each `pace` seconds, and give up after `seconds`."""
        order = {
            "host": outside.mail.address,
            "fqdn": outside.fqdn,
            "ca": outside.lab.authority.certificate_file.read_text(),
            "pace": pace,
            "seconds": seconds,
            "pause": 2,
            "letters": [asdict(each) | {"route": _client(each.route)} for each in load],
        }
        source = base64.b64encode(_PROGRAM.read_bytes()).decode()
        program = f"python3 -c 'import base64; exec(base64.b64decode(\"{source}\"))'"
        self._process = subprocess.Popen(
            ["ssh", "-F", str(outside.lab.ssh_config), "outside", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.events: list[Event] = []
        self._order = json.dumps(order)
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._write, self._read)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for end in (self._process.stdin, self._process.stdout):
            if end is not None:
                end.close()

    @property
    def over(self) -> bool:
        """Whether the client has nothing more to do."""
        return self._process.poll() is not None and not self._threads[1].is_alive()

    def _write(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(self._order)
        self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            fields: Mapping[str, object] = json.loads(line)
            self.events.append(Event(**fields))  # type: ignore[arg-type]


def _client(route: str) -> str:
    return "submission" if route == "outgoing" else route
