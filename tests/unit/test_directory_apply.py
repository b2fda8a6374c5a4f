"""The writer: what it does when the directory refuses, is busy, goes away and comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from congvu.directory.apply import Applied, Applier, GaveUp
from congvu.directory.model import Entry, dn_key
from congvu.directory.operations import Add, Change, Event, Modify, Operation, Reason
from congvu.directory.results import Refused, Unreachable
from congvu.errors import DirectoryFailure

WHY = Reason(Event.JOIN, "")
Judge = Callable[[Operation], DirectoryFailure | None]


def container(dn: str) -> Add:
    return Add("x", Entry.build(dn, ("organizationalUnit",), {}), WHY)


def person(uid: str, mail: str = "") -> Add:
    values = {"uid": uid, "mail": mail or f"{uid}@x", "mailLocalAddress": mail or f"{uid}@x"}
    return Add("x", Entry.build(f"uid={uid},ou=p,dc=x", ("inetOrgPerson", "congvuAccount"), values), WHY)


def change(uid: str, attribute: str, before: str, after: str) -> Modify:
    return Modify("x", person(uid).entry, (Change(attribute, (before,), (after,)),), WHY)


TREE = [container("dc=x"), container("ou=p,dc=x"), container("ou=u,dc=x"), person("a"), person("b")]
BUSY = Refused(51, "busy", where="x")
BAD = Refused(21, "invalidAttributeSyntax", where="x")
GONE = Unreachable("reset", where="x")


class Server:
    """A directory that answers what a test wants, and remembers what it was sent and how often."""

    def __init__(self, judge: Judge = lambda _: None) -> None:
        self.judge = judge
        self.asked: list[Operation] = []
        self.calls = 0

    @contextmanager
    def connect(self) -> Iterator[Server]:
        self.calls += 1
        yield self

    def write(self, planned: Iterable[Operation]) -> Iterator[tuple[Operation, DirectoryFailure | None]]:
        for operation in planned:
            self.asked.append(operation)
            answer = self.judge(operation)
            if isinstance(answer, Unreachable):
                raise answer
            yield operation, answer


class Log:
    """A journal that holds the writer to its word."""

    def __init__(self) -> None:
        self.announced: list[Operation] = []
        self.settled_: list[tuple[Operation, str]] = []

    def intend(self, operations: Sequence[Operation]) -> None:
        assert operations
        self.announced += operations

    def settled(self, operation: Operation, failure: str) -> None:
        assert operation in self.announced
        assert operation not in [done for done, _ in self.settled_]
        self.settled_.append((operation, failure))


def carry_out(
    server: Server, operations: Sequence[Operation], log: Log | None = None, *, patience: float = 2
) -> Applied:
    return Applier(server.connect, log or Log(), patience=patience).carry_out(operations, lambda _: None)


def first_times(count: int, failure: DirectoryFailure, of: Operation) -> Judge:
    """Answer `failure` to the first `count` attempts at `of`."""
    left = [failure] * count

    def judge(operation: Operation) -> DirectoryFailure | None:
        return left.pop() if operation is of and left else None

    return judge


def test_all_is_announced_sent_and_settled_in_order() -> None:
    server, log = Server(), Log()
    told: list[Operation] = []
    applied = Applier(server.connect, log).carry_out(TREE, told.append)
    assert applied == Applied(tuple(TREE), (), ())
    assert server.asked == TREE == log.announced == told
    assert log.settled_ == [(operation, "") for operation in TREE]
    assert server.calls == 1


def test_nothing_to_do_asks_for_no_connection() -> None:
    server = Server()
    assert carry_out(server, []) == Applied((), (), ())
    assert server.calls == 0


def test_each_is_announced_before_it_is_sent() -> None:
    log = Log()

    def judge(operation: Operation) -> None:
        assert operation in log.announced

    carry_out(Server(judge), TREE, log)


def test_what_is_refused_stops_what_hangs_on_it_and_nothing_else() -> None:
    log = Log()
    applied = carry_out(Server(lambda each: BAD if each is TREE[1] else None), TREE, log)
    assert applied == Applied((TREE[0], TREE[2]), ((TREE[1], BAD),), (TREE[3], TREE[4]))
    assert [failure for operation, failure in log.settled_ if operation is TREE[1]] == [str(BAD)]
    assert TREE[3] not in log.announced


def test_who_should_get_an_address_that_was_not_given_up_waits_for_the_next_run() -> None:
    gives, takes, other = change("a", "mail", "z@x", "a@x"), person("c", "Z@x"), person("d")
    applied = carry_out(Server(lambda each: BAD if each is gives else None), [gives, takes, other])
    assert applied.left == (takes,)
    assert applied.written == (other,)
    chained = carry_out(
        Server(lambda each: BAD if each is gives else None), [gives, takes, change("c", "mail", "Z@x", "y@x")]
    )
    assert len(chained.left) == 2


@pytest.mark.parametrize("failure", [BUSY, Refused(52, "", where=""), Refused(53, "", where=""), GONE])
def test_a_directory_that_cannot_just_now_is_asked_again(failure: DirectoryFailure) -> None:
    server, log = Server(first_times(2, failure, TREE[3])), Log()
    applied = carry_out(server, TREE, log)
    assert [each for each in TREE if each in applied.written] == TREE
    assert (applied.failures, applied.left) == ((), ())
    assert server.asked.count(TREE[3]) == 3
    assert server.calls == (3 if failure is GONE else 1)
    assert log.announced.count(TREE[3]) == 1


def test_what_was_answered_before_a_connection_broke_is_not_sent_again() -> None:
    server = Server(first_times(1, GONE, TREE[4]))
    carry_out(server, TREE)
    assert server.asked == [*TREE, TREE[4]]


def test_a_directory_that_stays_away_is_given_up_with_what_is_done_and_left() -> None:
    log = Log()
    with pytest.raises(GaveUp, match="3 of 5 operations are done, 2 are left: no connection") as caught:
        carry_out(Server(lambda each: GONE if each is TREE[3] else None), TREE, log, patience=0.3)
    assert caught.value.applied == Applied(tuple(TREE[:3]), (), tuple(TREE[3:]))
    assert caught.value.exit_code == 3
    assert [operation for operation, _ in log.settled_] == TREE[:3]


def test_a_directory_that_is_not_there_at_all_is_given_up() -> None:
    def connect() -> Server:
        raise GONE

    with pytest.raises(GaveUp, match="0 of 5"):
        Applier(connect, Log(), patience=0.3).carry_out(TREE)  # type: ignore[arg-type]


def test_a_password_that_is_wrong_now_is_not_tried_again() -> None:
    calls = []

    def connect() -> Server:
        calls.append(1)
        raise Refused(49, "invalidCredentials", where="x")

    with pytest.raises(GaveUp):
        Applier(connect, Log()).carry_out(TREE)  # type: ignore[arg-type]
    assert len(calls) == 1


def test_progress_renews_the_patience() -> None:
    many = [person(str(number)) for number in range(6)]
    refused: dict[str, int] = {}

    def judge(operation: Operation) -> DirectoryFailure | None:
        refused[operation.dn] = refused.get(operation.dn, 0) + 1
        return GONE if refused[operation.dn] == 1 else None

    assert len(carry_out(Server(judge), many, patience=0.3).written) == 6


def test_a_stop_ends_it_between_two_batches_and_leaves_the_rest() -> None:
    stop = threading.Event()
    applier = Applier(Server().connect, log := Log(), stop=stop)
    applied = applier.carry_out(TREE, lambda operation: stop.set() if operation is TREE[1] else None)
    assert applied.written + applied.left == tuple(TREE)
    assert TREE[1] in applied.written
    assert TREE[3] in applied.left
    assert len(log.settled_) == len(log.announced) == len(applied.written)


def test_a_stop_ends_the_waiting_for_a_directory_that_is_away() -> None:
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(GaveUp):
        Applier(Server(lambda _: GONE).connect, Log(), stop=stop, patience=600).carry_out(TREE)


def test_keys_of_entries_above_know_escaped_commas() -> None:
    parent, child = container("ou=A\\2cb,dc=x"), container("ou=c,ou=a\\2Cb,dc=x")
    applied = carry_out(Server(lambda each: BAD if each is parent else None), [parent, child])
    assert applied.left == (child,)
    assert dn_key(child.dn).endswith(dn_key(parent.dn))
