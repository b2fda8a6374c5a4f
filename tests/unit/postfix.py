"""A Postfix that takes letters from the code under test, and says what a test wants it to say.

What the real one does is tested in the lab (tests/e2e).
"""

from __future__ import annotations

import socketserver


class Postfix(socketserver.ThreadingTCPServer):
    """Takes letters, but for `full` mailboxes; answers a command as `answers` says, or never (None)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.full: set[str] = set()
        self.answers: dict[str, str | None] = {}
        self.tried: list[str] = []
        """Recipients that were named, in their order."""
        self.letters = 0
        """How many came to their final dot."""
        self.taken: list[tuple[str, bytes]] = []
        """Recipient and text of those that were taken."""


class _Talk(socketserver.StreamRequestHandler):
    server: Postfix

    def handle(self) -> None:
        self._say("220 mail")
        for line in self.rfile:
            words = line.decode().split()
            verb, answer = words[0].upper(), "250 ok"
            if verb == "RCPT":
                address = words[1].partition("<")[2].rstrip(">")
                self.server.tried.append(address)
                answer = "552 5.2.2 full" if address in self.server.full else answer
            elif verb == "DATA":
                self._say("354 go on")
                lines = []
                while (line_ := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line_)
                self.server.letters += 1
                self.server.taken.append((self.server.tried[-1], b"".join(lines)))
                verb = "."
            elif verb == "QUIT":
                answer = "221 bye"
            said = self.server.answers.get(verb, answer)
            if said is not None:
                self._say(said)

    def _say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())
