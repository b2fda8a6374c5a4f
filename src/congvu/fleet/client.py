"""Mail clients that connect from a lab's host `outside`, as the rest of the world does.

An SSH process on the developer's machine forwards Unix sockets to the mail server's ports; the connections
come from `outside`, which is in nobody's mynetworks. TLS is verified against the lab's authority.
"""

from __future__ import annotations

import email
import email.policy
import imaplib
import json
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from congvu.errors import LabFailure
from congvu.fleet.lab import Lab, run_in

T = TypeVar("T")

_PORTS = (25, 80, 143, 389, 443, 465, 587, 636, 993, 4190)
_MTA = "mta"
_LIST_MAILDIR = """\
import json, pathlib, sys
wanted = [f"Delivered-To: {sys.argv[1]}".encode(), sys.argv[2].encode()]
world = pathlib.Path("/var/mail/outside/world")
raw = [f.read_bytes() for part in ("new", "cur") for f in (world / part).glob("*")]
print(json.dumps([one.decode("latin-1") for one in raw if all(words in one for words in wanted)]))
"""


class Outside:
    """The rest of the world: connections from `outside`, and its own mail server and mailboxes."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.mail = lab.host("mail")
        self.fqdn = self.mail.need("bootstrap_fqdn")
        self.address = lab.host("outside").address
        self.tls = ssl.create_default_context(cafile=str(lab.authority.certificate_file))
        self._folder = Path(tempfile.mkdtemp(prefix="congvu-"))
        forwards = {str(port): f"{self.mail.address}:{port}" for port in _PORTS} | {_MTA: "127.0.0.1:25"}
        options = [f"-L{self._folder / name}:{target}" for name, target in forwards.items()]
        command = ["ssh", "-F", str(lab.ssh_config), "-o", "ControlPath=none", "-N", *options, "outside"]
        self._ssh = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            poll(lambda: (self._folder / _MTA).exists() or None, "the SSH forwards from outside", seconds=30)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the SSH process and remove its sockets.

        By SIGKILL: an ssh client that gets SIGTERM at the wrong moment goes on waiting, for ever (seen in
        one of 60 runs), and it has nothing to put in order.
        """
        self._ssh.kill()
        self._ssh.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def socket(self, port: int | str, timeout: float = 60) -> socket.socket:
        """A TCP connection from outside to a port of the mail server, or to outside's own mail server."""
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(timeout)
        made.connect(str(self._folder / str(port)))
        return made

    def smtp(self, port: int | str = 25) -> smtplib.SMTP:
        """A session that has said EHLO. 465 speaks TLS at once; 25 and 587 are left to `starttls`."""
        client = _Smtp(self, port)
        client.ehlo()
        return client

    def submission(self, address: str, password: str, port: int = 587) -> smtplib.SMTP:
        """A session under TLS, logged in."""
        client = self.smtp(port)
        try:
            if port != 465:
                client.starttls(context=self.tls)
            client.login(address, password)
        except BaseException:
            client.close()
            raise
        return client

    def imap(self, address: str, password: str) -> imaplib.IMAP4:
        """An IMAP session under TLS, logged in."""
        client = _Imap(self)
        try:
            client.login(address, password)
        except BaseException:
            client.shutdown()
            raise
        return client

    def send(self, message: EmailMessage, *recipients: str, sender: str | None = None) -> None:
        """Hand a message to outside's own mail server, which queues and retries as any other does."""
        with self.smtp(_MTA) as client:
            client.send_message(message, sender, recipients or None)

    def received(self, address: str, marker: str) -> list[EmailMessage]:
        """Messages that outside's mail server has stored for its `address` and that contain `marker`."""
        return [parse(raw) for raw in self.stored(address, marker)]

    def stored(self, address: str, marker: str) -> list[bytes]:
        """The same, as the bytes of the files."""
        done = run_in(self.lab, "outside", "sudo", "python3", "-", address, marker, stdin=_LIST_MAILDIR)
        return [raw.encode("latin-1") for raw in json.loads(done.stdout)]


class _Smtp(smtplib.SMTP):
    def __init__(self, outside: Outside, port: int | str) -> None:
        self._outside, self._to = outside, port
        super().__init__(outside.fqdn, local_hostname="khach.ngoai.example", timeout=120)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002  (smtplib's)
        made = self._outside.socket(self._to, timeout)
        if self._to == 465:
            return self._outside.tls.wrap_socket(made, server_hostname=self._outside.fqdn)
        return made


class _Imap(imaplib.IMAP4):
    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        super().__init__(outside.fqdn, 993)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        made = self._outside.socket(993, timeout or 60)
        return self._outside.tls.wrap_socket(made, server_hostname=self._outside.fqdn)


def parse(raw: bytes) -> EmailMessage:
    """A message from its bytes."""
    message = email.message_from_bytes(raw, policy=email.policy.SMTPUTF8)
    assert isinstance(message, EmailMessage)  # noqa: S101  (the policy makes it one)
    return message


@contextmanager
def mailbox(outside: Outside, address: str, password: str, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
    """A folder of a mailbox, open for reading and writing."""
    client = outside.imap(address, password)
    try:
        client.select(folder)
        yield client
    finally:
        client.logout()


def fetch(client: imaplib.IMAP4, message_id: str) -> list[bytes]:
    """The messages with a Message-ID in the open folder, as bytes."""
    client.noop()
    _, found = client.search(None, "HEADER", "Message-ID", message_id)
    messages = []
    for number in found[0].split():
        _, parts = client.fetch(number.decode(), "(BODY.PEEK[])")
        messages += [part[1] for part in parts if isinstance(part, tuple)]
    return messages


def poll(look: Callable[[], T | None], what: str, *, seconds: float = 60, pause: float = 0.2) -> T:
    """What `look` gives as soon as it gives something true; raises `LabFailure` after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise LabFailure(f"not seen within {seconds:.0f} s", where=what)
        time.sleep(pause)
