"""Another address in the rest of the world: hostile, unknown, in nobody's list of exceptions.

Sessions are spoken by the letter in a script that runs on `outside`, bound to an address that `outside` has
for the time of a test only.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from congvu.fleet.lab import Lab, run_in

_TALK = """\
import json, socket, ssl, sys, time
from concurrent.futures import ThreadPoolExecutor

host, source, sessions, together = json.loads(sys.argv[1])

def line(file):
    # A reply of SMTP may have several lines; one of IMAP has one.
    said = []
    while True:
        words = file.readline().decode("latin-1")
        said.append(words.rstrip("\\r\\n"))
        if not words or len(words) < 4 or not words[:3].isdigit() or words[3] != "-":
            return "\\n".join(said)

def talk(session):
    replies, begun = [], time.monotonic()
    try:
        link = socket.create_connection((host, session["port"]), timeout=30, source_address=(source, 0))
        context = ssl._create_unverified_context()
        if session["tls"] == "wrapped":
            link = context.wrap_socket(link)
        file = link.makefile("rb")
        if session["greeted"]:
            replies.append(line(file))
        if session["tls"] == "starttls":
            for words in (b"EHLO la.example\\r\\n", b"STARTTLS\\r\\n"):
                link.sendall(words)
                line(file)
            link = context.wrap_socket(link)
            file = link.makefile("rb")
        for words in session["words"]:
            link.sendall(words.encode("latin-1"))
            replies.append(line(file))
    except OSError as error:
        replies.append(type(error).__name__)
    # Sessions that are held together stay open until all have spoken.
    return (replies, time.monotonic() - begun), locals().get("link")

with ThreadPoolExecutor(len(sessions) if together else 1) as pool:
    done = list(pool.map(talk, sessions) if together else (talk(each)[:1] for each in sessions))
print(json.dumps([each[0] for each in done]))
"""


@dataclass(frozen=True, slots=True)
class Session:
    """What to say, a reply awaited after each part. Latin-1 for bytes; line ends are the caller's."""

    words: Sequence[str] = ()
    port: int = 25
    tls: str = ""
    """Nothing, `starttls`, or `wrapped` from the beginning."""
    greeted: bool = True
    """Whether to wait for the greeting before speaking."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The replies of one session, the greeting first; the last one is an exception's name if it broke."""

    replies: tuple[str, ...]
    seconds: float

    @property
    def last(self) -> str:
        """The reply to the last words, or why there is none."""
        return self.replies[-1] if self.replies else ""


@dataclass(frozen=True, slots=True)
class Stranger:
    """An address of its own on `outside`."""

    lab: Lab
    address: str

    def say(self, *sessions: Session, together: bool = False) -> list[Heard]:
        """Have sessions with the mail server, one after the other or all at once."""
        task = [self.lab.host("mail").address, self.address, [asdict(each) for each in sessions], together]
        done = run_in(self.lab, "outside", "python3", "-", json.dumps(task), stdin=_TALK)
        return [Heard(tuple(replies), seconds) for replies, seconds in json.loads(done.stdout)]

    @property
    def banned(self) -> bool:
        """Whether a set of nftables on the mail server holds the address."""
        sets = run_in(self.lab, "mail", "sudo", "nft", "list", "table", "inet", "congvu-ban", check=False)
        return f" {self.address}" in sets.stdout.replace("{", " ").replace(",", " ")


@contextmanager
def stranger(lab: Lab, number: int) -> Iterator[Stranger]:
    """A stranger at the lab's address `number`, which nothing else has; forgotten and pardoned afterwards."""
    network = ipaddress.ip_network(f"{lab.host('outside').address}/24", strict=False)
    one = Stranger(lab, str(network[number]))
    change = ["sudo", "ip", "address"]
    pardon = ["sudo", "fail2ban-client", "unban", one.address]
    run_in(lab, "outside", *change, "replace", f"{one.address}/24", "dev", "eth0")
    try:
        run_in(lab, "mail", *pardon)
        yield one
    finally:
        run_in(lab, "mail", *pardon)
        run_in(lab, "outside", *change, "delete", f"{one.address}/24", "dev", "eth0")
