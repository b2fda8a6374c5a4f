"""What tests that need a lab share: the lab, accounts with known passwords, letters, and SMTP by the letter.

The environment variable CONGVU_LAB names the lab. Whatever a test changes there, its fixture puts back.
"""

from __future__ import annotations

import base64
import os
import smtplib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from functools import partial
from pathlib import Path

import pytest

from congvu.cli.stack import SAMPLES
from congvu.directory.connection import Directory
from congvu.directory.model import RIGHTS, Entry, Layout
from congvu.directory.password import change_own, generate, issue_initial
from congvu.fleet.client import Outside, fetch, mailbox, parse, poll
from congvu.fleet.lab import Lab, run_in
from congvu.sync import settings as sync_settings
from congvu.sync.settings import Settings

LAMDONG, QUANGTRI = "lamdong.gov.vn", "quangtri.gov.vn"
DOMAINS = tuple(SAMPLES)
"""Every mail domain of the lab."""
STRANGER = "congdan@ngoai.example"
SHARED = "Thư mục dùng chung"
MIB = 1 << 20
_LIFE = ("congvuIssued", "congvuSince", "congvuWarned", "congvuExempt")
_RESTORED = (
    "mailLocalAddress",
    "congvuState",
    "congvuQuota",
    "congvuEnded",
    "congvuHandover",
    *_LIFE,
    *RIGHTS,
)
_ATTRIBUTES = (
    "objectClass",
    "uid",
    "mail",
    "cn",
    "departmentNumber",
    "congvuSearch",
    "pwdChangedTime",
    *_RESTORED,
)


# --- SMTP by the letter


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply that decided a transaction, and the command it answered."""

    command: str
    code: int
    text: str

    @property
    def accepted(self) -> bool:
        """Whether the whole transaction was."""
        return self.command == "DATA" and self.code == 250

    @property
    def refused(self) -> bool:
        """Whether for good."""
        return 500 <= self.code <= 599

    @property
    def deferred(self) -> bool:
        """Whether for now."""
        return 400 <= self.code <= 499


def transact(
    client: smtplib.SMTP,
    sender: str,
    recipients: str | Sequence[str],
    letter: EmailMessage | bytes | None = None,
    *,
    declare: int | None = None,
    options: Sequence[str] = (),
) -> Answer:
    """Go through one transaction up to the first reply that is not positive, or to the end.

    Without a letter it ends after RCPT. `declare` is the size to announce with SIZE=; none announces nothing.
    """
    size = () if declare is None else (f"SIZE={declare}",)
    steps: list[tuple[str, Callable[[], tuple[int, bytes]]]] = [
        ("MAIL", partial(client.mail, sender, (*size, *options)))
    ]
    for each in [recipients] if isinstance(recipients, str) else recipients:
        steps += [("RCPT", partial(client.rcpt, each))]
    if letter is not None:
        data = letter if isinstance(letter, bytes) else letter.as_bytes(policy=SMTP)
        steps += [("DATA", partial(client.data, data))]
    answer = Answer("", 0, "")
    client.ehlo_or_helo_if_needed()  # again after STARTTLS
    for command, step in steps:
        try:
            code, words = step()
        except smtplib.SMTPDataError as refusal:  # the reply to DATA itself, before the letter
            code, words = refusal.smtp_code, _bytes(refusal.smtp_error)
        answer = Answer(command, code, words.decode())
        if not 200 <= code <= 299:
            if code != 421:  # which ends the session
                client.rset()
            return answer
    return answer


def attempt(
    outside: Outside, sender: str, recipient: str, letter: EmailMessage | bytes | None = None
) -> Answer:
    """One transaction on port 25 in a session of its own. A connection that breaks is an answer: not now."""
    try:
        with outside.smtp() as client:
            return transact(client, sender, recipient, letter)
    except smtplib.SMTPConnectError as refusal:
        return Answer("CONNECT", refusal.smtp_code, _bytes(refusal.smtp_error).decode())
    except smtplib.SMTPServerDisconnected:
        return Answer("CONNECT", 421, "connection closed")


def login(client: smtplib.SMTP, address: str, password: str) -> Answer:
    """Log in with AUTH PLAIN, whatever the server offers, and return its reply."""
    client.ehlo_or_helo_if_needed()
    secret = base64.b64encode(f"\0{address}\0{password}".encode()).decode()
    code, words = client.docmd("AUTH", f"PLAIN {secret}")
    return Answer("AUTH", code, words.decode())


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode()


# --- Letters


def letter(
    sender: str, recipient: str, text: str = "Kính gửi quý cơ quan.\n", *, subject: str = "Công văn"
) -> EmailMessage:
    """A message with all the headers a mail program writes."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    message.set_content(text)
    return message


def wait(outside: Outside, account: Account, message: EmailMessage, *, seconds: float = 60) -> bytes:
    """The message as it lies in the account's inbox, once it is there."""
    found = arrived(outside, account, message["Message-ID"], seconds=seconds)
    assert len(found) == 1, f"{message['Message-ID']} arrived {len(found)} times"
    return found[0]


def arrived(outside: Outside, account: Account, message_id: str, *, seconds: float = 60) -> list[bytes]:
    """The messages with this Message-ID in the account's inbox, once there is one."""
    with mailbox(outside, account.address, account.password) as box:
        return poll(lambda: fetch(box, message_id), f"{message_id} for {account.address}", seconds=seconds)


def delivered(outside: Outside, account: Account, message_id: str) -> tuple[EmailMessage, str]:
    """The message and the folder it lies in, the inbox or Junk, once it is there."""

    def look() -> tuple[EmailMessage, str] | None:
        for folder in ("INBOX", "Junk"):
            with mailbox(outside, account.address, account.password, folder) as box:
                if box.state == "SELECTED" and (found := fetch(box, message_id)):
                    return parse(found[0]), folder
        return None

    return poll(look, f"{message_id} for {account.address}")


def inbox(outside: Outside, account: Account) -> list[EmailMessage]:
    """All that lies in the account's inbox now."""
    with mailbox(outside, account.address, account.password) as box:
        _, found = box.search(None, "ALL")
        numbers = found[0].split()
        if not numbers:
            return []
        _, parts = box.fetch(b",".join(numbers).decode(), "(BODY.PEEK[])")
        return [parse(part[1]) for part in parts if isinstance(part, tuple)]


# --- The lab


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the sample registry. The password is the initial one where `initial`, else its own."""

    dn: str
    address: str
    password: str
    uid: str
    name: str

    @property
    def domain(self) -> str:
        """The mail domain."""
        return self.address.partition("@")[2]


class Site:
    """The lab and its directory, with accounts to use; `close` puts back all it changed."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.settings: Settings = sync_settings.load(lab.folder / "sync.yml")
        self._taken: dict[str, Entry] = {}
        self._given: dict[str, Account] = {}

    def layout(self, domain: str) -> Layout:
        """Where a mail domain's entries stand."""
        return Layout(self.settings.directory.base, domain)

    def entry(self, dn: str) -> Entry:
        """An entry as it is now."""
        with self._directory() as directory:
            return next(directory.search(dn, "(objectClass=*)", _ATTRIBUTES))

    def change(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        """Give an entry other attributes. Prefer `changed`, which puts them back."""
        with self._directory() as directory:
            directory.replace(dn, attributes)

    def person(self, domain: str = LAMDONG, uid: str = "", *, initial: bool = False) -> Account:
        """A person nobody has used yet, with a password: the initial one, or changed as at first login.

        Any, or the one with this id.
        """
        return self._account(self.layout(domain).people, domain, uid=uid, initial=initial)

    def unit(self, domain: str = LAMDONG, unit_id: str = "") -> Account:
        """A unit's mailbox: any that nobody has used yet, or the one with this id, used or not."""
        return self._account(self.layout(domain).units, domain, uid=unit_id)

    @contextmanager
    def changed(self, account: Account, attributes: Mapping[str, Sequence[str]]) -> Iterator[None]:
        """The account with other attributes for a while."""
        before = self.entry(account.dn)
        self.change(account.dn, attributes)
        try:
            yield
        finally:
            self.change(account.dn, {name: before.values(name) for name in attributes})

    def on_mail(self, *command: str, check: bool = True) -> str:
        """Run a command as root on the mail server and return its output."""
        return run_in(self.lab, "mail", "sudo", *command, check=check).stdout

    def empty(self, address: str) -> None:
        """Take all out of a mailbox, and out of a unit's shared folder, for which `*` does not stand."""
        folders = ("(", "mailbox", "*", "or", "mailbox", f"{SHARED}*", ")")
        self.on_mail("doveadm", "expunge", "-u", address, *folders, "all", check=False)

    def close(self) -> None:
        """Empty the mailboxes that were used, and take the passwords away again."""
        for before in self._taken.values():
            self.empty(before.value("mail"))
            attributes = {name: before.values(name) for name in _RESTORED}
            self.change(before.dn, attributes | {"userPassword": (), "pwdReset": ()})
        self._taken.clear()
        self._given.clear()

    def _directory(self) -> Directory:
        # A connection for each use: between two of them a fault test may have stopped slapd.
        return Directory.as_service(self.settings.directory)

    def _account(self, container: str, domain: str, *, uid: str = "", initial: bool = False) -> Account:
        if uid and (there := self._given.get(f"{container} {uid}")):
            return there
        # From the far end, where nobody else takes them: scripts/up takes the first ones.
        free = f"(&(objectClass=congvuAccount)(uid={uid or '*'})(congvuState=initial)(!(pwdReset=TRUE)))"
        with self._directory() as directory:
            entries = sorted(directory.search(container, free, _ATTRIBUTES), key=lambda entry: entry.dn)
            before = next(
                each
                for each in reversed(entries)
                if each.dn not in self._taken
                and (uid or not each.value("pwdChangedTime"))
                and each.value("mail").endswith(f"@{domain}")
            )
            self._taken[before.dn] = before
            password = issue_initial(directory, before.dn)
        if not initial:
            old, password = password, generate()
            change_own(self.settings.directory, before.dn, old, password)
        given = Account(before.dn, before.value("mail"), password, before.value("uid"), before.value("cn"))
        self._given[f"{container} {given.uid}"] = given
        return given


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    name = os.environ.get("CONGVU_LAB", "")
    one = Lab(name)
    if not name or not (one.folder / "sync.yml").is_file():
        pytest.fail(
            f"there is no lab {name!r}: run scripts/up --name NAME and set CONGVU_LAB=NAME", pytrace=False
        )
    with pytest.MonkeyPatch.context() as patch:  # ansible-inventory lies beside this Python
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        yield one


@pytest.fixture(scope="session")
def outside(lab: Lab) -> Iterator[Outside]:
    with Outside(lab) as world:
        yield world


@pytest.fixture(scope="session")
def site(lab: Lab) -> Iterator[Site]:
    one = Site(lab)
    try:
        yield one
    finally:
        one.close()


@pytest.fixture(scope="session")
def person(site: Site) -> Account:
    return site.person()


@pytest.fixture(scope="session")
def colleague(site: Site) -> Account:
    return site.person()


@pytest.fixture(scope="session")
def unit(site: Site) -> Account:
    return site.unit()


@pytest.fixture(scope="session")
def neighbour(site: Site) -> Account:
    """A person of the other mail domain."""
    return site.person(QUANGTRI)
