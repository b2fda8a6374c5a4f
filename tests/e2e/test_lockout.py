"""Wrong passwords through the mail services: each counts once in the directory, whichever way it came."""

from __future__ import annotations

import imaplib
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from congvu.fleet.client import Outside
from tests.lab import Account, Site, login


def _imap(outside: Outside, address: str, password: str) -> bool:
    with suppress(imaplib.IMAP4.error):
        outside.imap(address, password).logout()
        return True
    return False


def _submission(outside: Outside, address: str, password: str) -> bool:
    """With one mechanism; a program that tries LOGIN after PLAIN has tried twice."""
    with outside.smtp(587) as client:
        client.starttls(context=outside.tls)
        return login(client, address, password).code == 235


WAYS: dict[str, Callable[[Outside, str, str], bool]] = {"imap": _imap, "submission": _submission}


@pytest.fixture(scope="module")
def owner(site: Site) -> Account:
    return site.person()


@pytest.fixture(autouse=True)
def _unlocked(site: Site, owner: Account) -> Iterator[None]:
    yield
    _write(site, owner, failures=0)


def _write(site: Site, account: Account, *, failures: int) -> None:
    """Let ppolicy have noted so many wrong passwords of just now, and no lock."""
    now = site.on_mail("date", "--utc", "+%Y%m%d%H%M%S").strip()
    noted = "".join(f"pwdFailureTime: {now}.{number:06}Z\n" for number in range(failures))
    change = (
        f"dn: {account.dn}\nchangetype: modify\nreplace: pwdFailureTime\n{noted}-\n"
        "replace: pwdAccountLockedTime\n"
    )
    write = "printf %s \"$0\" | ldapmodify -Q -Y EXTERNAL -H ldapi:/// -e '!relax'"
    site.on_mail("sh", "-euc", write, change)


def _failures(site: Site, account: Account) -> int:
    """How many wrong passwords in a row the directory has counted."""
    ask = ("ldapsearch", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///", "-LLL", "-s", "base", "-b", account.dn)
    return site.on_mail(*ask, "pwdFailureTime").count("pwdFailureTime: ")


def _allowed(site: Site) -> int:
    policy = f"cn=default,ou=policies,{site.settings.directory.base}"
    ask = ("ldapsearch", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///", "-LLL", "-s", "base", "-b", policy)
    return int(site.on_mail(*ask, "pwdMaxFailure").partition("pwdMaxFailure: ")[2])


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_password_counts_once(way: str, outside: Outside, site: Site, owner: Account) -> None:
    assert not WAYS[way](outside, owner.address, "wrong")
    assert _failures(site, owner) == 1
    assert WAYS[way](outside, owner.address, owner.password)
    assert _failures(site, owner) == 0


def test_a_wrong_initial_password_counts_once(outside: Outside, site: Site) -> None:
    newcomer = site.person(initial=True)
    assert not _imap(outside, newcomer.address, "wrong")
    assert _failures(site, newcomer) == 1


def test_the_right_initial_password_where_it_is_refused_does_not_count(outside: Outside, site: Site) -> None:
    newcomer = site.person(initial=True)
    assert not _imap(outside, newcomer.address, newcomer.password)
    assert not _submission(outside, newcomer.address, newcomer.password)
    assert _failures(site, newcomer) == 0


def test_a_lock_holds_at_every_door_until_it_is_lifted(outside: Outside, site: Site, owner: Account) -> None:
    _write(site, owner, failures=_allowed(site) - 1)
    assert not _imap(outside, owner.address, "wrong")
    assert not any(way(outside, owner.address, owner.password) for way in WAYS.values())
    site.change(owner.dn, {"pwdAccountLockedTime": ()})
    assert all(way(outside, owner.address, owner.password) for way in WAYS.values())
