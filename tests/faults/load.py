"""The load of a fault test. It runs on `outside`, with Debian's Python and nothing else.

From standard input comes an order as JSON; each thing that was answered, or broke, is a line of JSON on
standard output. A message is tried until it is answered for good or the time is over, as a mail server does.
"""

from __future__ import annotations

import heapq
import json
import smtplib
import socket
import ssl
import sys
import threading
import time
from collections import defaultdict
from typing import Any

_WORKERS = {"relayed": 2, "direct": 6, "submission": 1}
"""Sessions of each route; of submission, for each login."""
_TIMEOUT = 60.0
_LOCK = threading.Lock()


class Refusal(Exception):
    """A reply that is not positive."""

    def __init__(self, command: str, code: int, text: bytes) -> None:
        super().__init__(command)
        self.command, self.code, self.text = command, code, text.decode("utf-8", "replace")


class Session(smtplib.SMTP):
    """A session that stays open from message to message."""

    dotted = False
    """Whether the final dot of the message at hand was sent: after that, nobody but the server knows."""

    def __init__(self, order: dict[str, Any], letter: dict[str, Any]) -> None:
        port = {"relayed": 25, "direct": 25, "submission": 587}[letter["route"]]
        host = "127.0.0.1" if letter["route"] == "relayed" else order["host"]
        self._fqdn = order["fqdn"]
        super().__init__(local_hostname="khach.ngoai.example", timeout=_TIMEOUT)
        self._host = order["fqdn"]  # the name in the certificate
        need("CONNECT", *self.connect(host, port))
        sock = self.sock
        assert sock is not None
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a peer that was reset says so
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2)
        need("EHLO", *self.ehlo())
        if letter["route"] == "submission":
            tls = ssl.create_default_context(cadata=order["ca"])
            need("STARTTLS", *self.starttls(context=tls))
            need("EHLO", *self.ehlo())
            self.user, self.password = letter["sender"], letter["password"]
            need("AUTH", *self.auth("plain", self.auth_plain))

    def give(self, letter: dict[str, Any]) -> None:
        """One message; raises `Refusal`, or what smtplib and sockets raise."""
        self.dotted = False
        need("MAIL", *self.mail(letter["sender"]))
        need("RCPT", *self.rcpt(letter["recipient"]))
        code, text = self.docmd("DATA")
        if code != 354:
            raise Refusal("DATA", code, text)
        lines = letter["data"].encode().split(b"\r\n")
        self.send(b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines))
        self.dotted = True
        self.send(b"\r\n.\r\n")
        need("DATA", *self.getreply())


def need(command: str, code: int, text: bytes) -> None:
    """Raise `Refusal` unless a reply is positive."""
    if not 200 <= code <= 299:
        raise Refusal(command, code, text)


class Worker(threading.Thread):
    """One client with its share of the messages."""

    def __init__(self, order: dict[str, Any], share: list[tuple[float, int]]) -> None:
        super().__init__(daemon=True)
        self._order, self._due = order, share
        self._session: Session | None = None
        heapq.heapify(self._due)

    def run(self) -> None:
        """Go on until nothing is left, or the time is over."""
        while self._due:
            due, number = heapq.heappop(self._due)
            if due > self._order["until"]:
                break
            time.sleep(max(0.0, due - time.time()))
            if not self._try(self._order["letters"][number]):
                heapq.heappush(self._due, (time.time() + self._order["pause"], number))
        self._drop()

    def _try(self, letter: dict[str, Any]) -> bool:
        """Whether the answer was for good."""
        command, code, text = "DATA", 250, ""
        try:
            self._session = self._session or Session(self._order, letter)
            self._session.give(letter)
        except Refusal as refusal:
            command, code, text = refusal.command, refusal.code, refusal.text
            self._settle(code, command)
        except smtplib.SMTPConnectError as error:
            command, code, text = "CONNECT", error.smtp_code, str(error.smtp_error)
            self._drop()
        except (smtplib.SMTPResponseException, smtplib.SMTPAuthenticationError) as error:
            command, code, text = "AUTH", error.smtp_code, str(error.smtp_error)
            self._drop()
        except (OSError, smtplib.SMTPException) as error:
            dotted = self._session is not None and self._session.dotted
            command, code, text = "LOST" if dotted else "BROKEN", 0, f"{type(error).__name__}: {error}"
            self._drop()
        tell({"id": letter["id"], "at": time.time(), "command": command, "code": code, "text": text})
        return code == 250 or 500 <= code <= 599

    def _settle(self, code: int, command: str) -> None:
        """Ready for the next message, in this session or in another."""
        if self._session is None or code == 421 or command in ("EHLO", "STARTTLS", "AUTH"):
            self._drop()
            return
        try:
            need("RSET", *self._session.rset())
        except (OSError, smtplib.SMTPException, Refusal):
            self._drop()

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None


def tell(event: dict[str, Any]) -> None:
    """One line of JSON."""
    with _LOCK:
        print(json.dumps(event), flush=True)


def main() -> None:
    """Do what the order says."""
    order = json.load(sys.stdin)
    shares: defaultdict[tuple[str, str, int], list[tuple[float, int]]] = defaultdict(list)
    for number, letter in enumerate(order["letters"]):
        route = letter["route"]
        client = letter["sender"] if route == "submission" else ""
        due = time.time() + number * order["pace"]
        shares[route, client, number % _WORKERS[route]].append((due, number))
    order["until"] = time.time() + order["seconds"]
    workers = [Worker(order, share) for share in shares.values()]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(max(0.0, order["until"] + _TIMEOUT - time.time()))


if __name__ == "__main__":
    main()
