"""Passwords: the first one, which the operator hands over, and the change that its owner makes (LD-12.1)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from congvu.directory.connection import Directory
from congvu.directory.inspect import Reader
from congvu.directory.model import MANAGED_CLASS, Entry, State
from congvu.directory.settings import DirectorySettings
from congvu.errors import InputError
from congvu.naming.letters import FoldError, fold

LENGTH = 16
"""Characters of a generated password, where a policy asks for no more: 16 of 59 are 94 bits."""
# Read out on the telephone and typed from paper: without l I 1, O o 0, and without quotes. All four kinds of
# characters that a policy may ask for (`Password.classes`) are in every password.
_CLASSES = ("abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "+-=%")
_STATE = ("objectClass", "congvuState")
_SHORTEST_WORD = 3
"""Words of fewer letters are in every other password by chance."""


class Writer(Protocol):
    """What passwords are set through: `congvu.directory.connection.Directory`, or a tree in memory."""

    def replace(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        """Give each attribute exactly these values (none removes it), all at once."""


def generate(length: int = LENGTH, without: Iterable[str] = ()) -> str:
    """A random password with lower case, upper case, a digit and a sign, of `LENGTH` characters at least.

    None of the words in `without` (a login, a name) is in it, in whatever case.
    """
    random = secrets.SystemRandom()
    words = {word.casefold() for word in without if len(word) >= _SHORTEST_WORD}
    while True:
        letters = [random.choice(group) for group in _CLASSES]
        letters += [random.choice("".join(_CLASSES)) for _ in range(max(length, LENGTH) - len(letters))]
        random.shuffle(letters)
        password = "".join(letters)
        if not any(word in password.casefold() for word in words):
            return password


def first_password(entry: Entry, length: int) -> str:
    """A random password of `length` characters at least, without the login and the name of `entry`."""
    try:
        words = fold(entry.value("cn")).split()
    except FoldError:  # such a name is in no password of ours anyway
        words = []
    return generate(length, [entry.value("mail").partition("@")[0], *words])


def set_initial(directory: Writer, dn: str, password: str) -> None:
    """Give the account at `dn` a password that must be changed at first use.

    One operation sets the password, ``pwdReset`` (ppolicy lets its bearer do nothing but change it) and the
    state ``initial``. The server hashes. Raises `DirectoryFailure`.
    """
    directory.replace(dn, {"userPassword": [password], "pwdReset": ["TRUE"], "congvuState": [State.INITIAL]})


def issue_initial(directory: Writer, dn: str) -> str:
    """Give the account at `dn` a new initial password, which is returned, see `set_initial`."""
    password = generate()
    set_initial(directory, dn, password)
    return password


def change_own(settings: DirectorySettings, who: str, old: str, new: str) -> None:
    """Change a password as its owner does at first login: bind with `old`, then RFC 3062.

    `who` is an address or a DN. Raises `DirectoryFailure`, also when `old` is wrong; `InputError` when
    nobody has the address.
    """
    dn = who
    if "@" in who and "=" not in who:
        with Directory.as_service(settings) as directory:
            dn = find(directory, settings.base, who).dn
    with Directory(settings, dn, old) as directory:
        directory.change_password(dn, old, new)


def find_open(directory: Reader, base: str, address: str) -> Entry:
    """The account with `address`, provided it may log in; raises `InputError`.

    A new password is no way around a lock or a revocation.
    """
    entry = find(directory, base, address)
    if entry.state not in (State.INITIAL, State.ACTIVE):
        hint = "let the registry say 'working' and run the sync" if entry.state.gone else "settle that first"
        raise InputError(f"the account is {entry.state}", where=address, hint=hint)
    return entry


def find(directory: Reader, base: str, address: str, attributes: Sequence[str] = _STATE) -> Entry:
    """The account that holds `address`, with `attributes`; raises `InputError` when there is none."""
    ours = f"(&(objectClass={MANAGED_CLASS})(mailLocalAddress={escape_value(address)}))"
    entry = next(directory.search(base, ours, attributes), None)
    if entry is None:
        raise InputError(
            "no account has this address", where=address, hint="check the spelling and the domain"
        )
    return entry


def escape_value(text: str) -> str:
    """`text` as a value in a search filter (RFC 4515, 3)."""
    return "".join(f"\\{ord(letter):02x}" if letter in "*()\\\0" else letter for letter in text)
