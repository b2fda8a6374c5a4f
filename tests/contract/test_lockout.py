"""The lock after wrong passwords: it comes, it goes by itself, and what keeps trying does not make it last.

Times are moved by the administrator, who may write what ppolicy notes; nothing here waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from congvu.fleet.lab import Lab
from tests.contract.doors import BASE, PASSWORD, SUCCESS, World, directory, person

OWNER = person("An")
POLICY = f"cn=default,ou=policies,{BASE}"
INVALID_CREDENTIALS = 49


@pytest.fixture(scope="module")
def world(lab: Lab) -> Iterator[World]:
    with directory(lab, OWNER) as one:
        yield one


@pytest.fixture(autouse=True)
def _unlocked(world: World) -> None:
    _note(world, [], None)


def _policy(world: World, name: str) -> int:
    """A number of the policy that people are under."""
    dump = world.server.root("ldapsearch", "-LLL", "-b", POLICY, "-s", "base", name)
    return int(dump.partition(f"{name}: ")[2].split()[0])


def _note(world: World, failures: list[datetime], locked: datetime | None) -> None:
    """Let ppolicy have noted these wrong passwords and this lock, and nothing else."""
    lines = ["replace: pwdFailureTime", *(f"pwdFailureTime: {one:%Y%m%d%H%M%S.%fZ}" for one in failures), "-"]
    lines += ["replace: pwdAccountLockedTime"]
    lines += [f"pwdAccountLockedTime: {locked:%Y%m%d%H%M%SZ}"] if locked else []
    change = "\n".join([f"dn: {OWNER.dn}", "changetype: modify", *lines, ""])
    world.server.root("ldapmodify", "-e", "!relax", stdin=change)


def _noted(world: World, name: str) -> list[str]:
    dump = world.server.root("ldapsearch", "-LLL", "-b", OWNER.dn, "-s", "base", name)
    return [line for line in dump.splitlines() if line.startswith(f"{name}: ")]


def _login(world: World, password: str) -> int:
    with world.connection(OWNER.dn, password) as one:
        code: int = one.result["result"]
        return code


def _ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def test_the_last_wrong_password_that_is_allowed_locks_and_none_before(world: World) -> None:
    allowed = _policy(world, "pwdMaxFailure")
    for count in range(1, allowed):
        assert _login(world, "wrong") == INVALID_CREDENTIALS
        assert len(_noted(world, "pwdFailureTime")) == count
    assert _noted(world, "pwdAccountLockedTime") == []
    assert _login(world, "wrong") == INVALID_CREDENTIALS
    assert len(_noted(world, "pwdAccountLockedTime")) == 1
    assert _login(world, PASSWORD) == INVALID_CREDENTIALS


def test_the_right_password_ends_the_row(world: World) -> None:
    _note(world, [_ago(number + 1) for number in range(_policy(world, "pwdMaxFailure") - 1)], None)
    assert _login(world, PASSWORD) == SUCCESS
    assert _noted(world, "pwdFailureTime") == []


def test_one_wrong_password_does_not_keep_the_owner_out(world: World) -> None:
    """No delay that grows: within it the right password is refused too, and an attacker needs fewer tries."""
    assert _login(world, "wrong") == INVALID_CREDENTIALS
    assert _login(world, PASSWORD) == SUCCESS


def test_a_device_that_retries_an_old_password_slowly_never_locks(world: World) -> None:
    """Once a minute, for ever: in no span that counts are there enough of them."""
    span, allowed = _policy(world, "pwdFailureCountInterval"), _policy(world, "pwdMaxFailure")
    assert span / 60 < allowed
    _note(world, [_ago(60 * (number + 1)) for number in range(10 * allowed)], None)
    assert _login(world, "the old one") == INVALID_CREDENTIALS
    assert _noted(world, "pwdAccountLockedTime") == []
    assert _login(world, PASSWORD) == SUCCESS


def test_a_lock_ends_by_itself_though_somebody_kept_trying(world: World) -> None:
    lasts, allowed = _policy(world, "pwdLockoutDuration"), _policy(world, "pwdMaxFailure")
    assert 0 < lasts <= 3600
    _note(world, [_ago(number) for number in range(allowed)], _ago(lasts / 2))
    since = _noted(world, "pwdAccountLockedTime")
    for _ in range(3):
        assert _login(world, "wrong") == INVALID_CREDENTIALS
    assert _noted(world, "pwdAccountLockedTime") == since
    _note(world, [_ago(lasts + number) for number in range(allowed)], _ago(lasts + 1))
    assert _login(world, "wrong") == INVALID_CREDENTIALS
    assert _login(world, PASSWORD) == SUCCESS


def test_the_sync_lifts_a_lock(world: World) -> None:
    _note(world, [], _ago(1))
    assert _login(world, PASSWORD) == INVALID_CREDENTIALS
    with world.as_one("sync") as sync:
        sync.modify(OWNER.dn, {"pwdAccountLockedTime": [("MODIFY_REPLACE", [])]})
        assert sync.result["result"] == SUCCESS
    assert _login(world, PASSWORD) == SUCCESS


def test_a_daemon_is_never_locked(world: World) -> None:
    daemon = f"cn=postfix,ou=services,{BASE}"
    for _ in range(_policy(world, "pwdMaxFailure") + 1):
        with world.connection(daemon, "wrong") as one:
            assert one.result["result"] == INVALID_CREDENTIALS
    with world.as_one("postfix"):
        pass
