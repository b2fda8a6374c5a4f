"""LDAP messages on a socket that somebody else has opened: many answers read, many writes on their way.

ldap3 waits for each answer before the next request, and its decoder is slow (docs/adr/0011). What is sent
and read here is only what `ber` knows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from congvu.directory import ber
from congvu.directory.model import dn_key
from congvu.directory.operations import Add, Operation, level

WINDOW = 64
"""Operations without an answer at any time. slapd drops a connection with more than 1,000."""
_CHUNK = 1 << 18
_REFERRAL = 10
_NOT_YET = ber.Result(-1, "")
_UNIQUE = ("mail", "maillocaladdress")
"""Attributes of which the server lets no two entries hold the same value."""


class Socket(Protocol):
    """What is used of ``socket.socket``."""

    def recv(self, size: int, /) -> bytes:
        """Octets, none at the end."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""


class Wire:
    """Messages to and from a server. Errors are ``OSError`` and `ber.Malformed`; it is of no use then."""

    def __init__(self, socket: Socket, number: Callable[[], int]) -> None:
        """`number` gives the next message number."""
        self._socket = socket
        self._number = number
        self._bodies = self._read()
        self._aside: deque[bytes] = deque()
        self._page: Page | None = None

    def search(self, request: bytes, *controls: bytes) -> Page:
        """Begin a search; the page is read while it is iterated over."""
        self._page = Page(self, self.send(request, *controls))
        return self._page

    def ask(self, request: bytes, *controls: bytes) -> ber.Result:
        """One request that is answered by a result alone."""
        number = self.send(request, *controls)
        found, result = self.answer()
        if found != number:
            raise ber.Malformed("the answer to another question")
        return result

    def send(self, request: bytes, *controls: bytes) -> int:
        """Send a request and return its number."""
        self.settle()
        number = self._number()
        self._socket.sendall(ber.message(number, request, *controls))
        return number

    def send_all(self, requests: Iterable[tuple[bytes, tuple[bytes, ...]]]) -> list[int]:
        """Send requests with their controls in one go, and return their numbers."""
        self.settle()
        numbers, data = [], []
        for request, controls in requests:
            numbers.append(self._number())
            data.append(ber.message(numbers[-1], request, *controls))
        self._socket.sendall(b"".join(data))
        return numbers

    def answer(self) -> tuple[int, ber.Result]:
        """The next result, and the number of the request that it answers."""
        body = self._aside.popleft() if self._aside else self.body()
        return ber.split(body)[0], ber.result(body)

    def put_aside(self, body: bytes) -> None:
        """Keep a message that answers another request than the page being read; `answer` gives it."""
        self._aside.append(body)

    def settle(self) -> None:
        """Read what is left of a page that nobody has read to its end."""
        if self._page:
            self._page.keep()
            self._page = None

    def body(self) -> bytes:
        """The content of the next message."""
        body = next(self._bodies, b"")
        if not body:
            raise ConnectionError("the connection broke before")
        if body.startswith(b"\x02\x01\x00"):  # Notice of Disconnection (RFC 4511, 4.4.1)
            raise ConnectionError(f"the server ends the connection: {ber.result(body).message}")
        return body

    def _read(self) -> Iterator[bytes]:
        buffer, at, wanted = b"", 0, 0
        while True:
            size = len(buffer)
            while size - at >= 2:
                begin, length = at + 2, buffer[at + 1]
                if length >= 0x80:
                    try:
                        _, begin, end = ber.element(buffer, at)
                    except IndexError:
                        break
                    length = end - begin
                if buffer[at] != 0x30 or length > ber.LARGEST:
                    raise ber.Malformed("this is not LDAP")
                end = begin + length
                if end > size:
                    wanted = end - at
                    break
                yield buffer[begin:end]
                at = end
            parts = [buffer[at:]]
            have, at = size - at, 0
            while True:
                parts.append(self._socket.recv(_CHUNK))
                have += len(parts[-1])
                if not parts[-1]:
                    raise ConnectionError("the server closed the connection")
                if have >= wanted:
                    break
            buffer, wanted = b"".join(parts), 0


class Page:
    """The entries of one search request, as encoded; once they are read, `result` is there."""

    def __init__(self, wire: Wire, number: int) -> None:
        self._wire = wire
        self._begin = ber.message(number, b"")[2:]
        self._kept: deque[bytes] = deque()
        self._referred = False
        self._result: ber.Result | None = None

    @property
    def result(self) -> ber.Result:
        """How the search ended."""
        self.keep()
        return self._result or _NOT_YET

    def __iter__(self) -> Iterator[bytes]:
        """Each SearchResultEntry."""
        while self._kept or self._result is None:
            operation = self._kept.popleft() if self._kept else self._next()
            if operation:
                yield operation

    def keep(self) -> None:
        """Read to the end, so that the connection is free for something else."""
        while self._result is None:
            if operation := self._next():
                self._kept.append(operation)

    def _next(self) -> bytes:
        body = self._wire.body()
        if not body.startswith(self._begin):
            self._wire.put_aside(body)
            return b""
        tag = body[len(self._begin)]
        if tag == ber.ENTRY:
            return body[len(self._begin) :]
        if tag == ber.REFERENCE:
            self._referred = True
        elif tag == ber.DONE:
            done = ber.result(body)
            self._result = ber.Result(_REFERRAL, "") if self._referred and not done.code else done
        elif tag != ber.INTERMEDIATE:
            raise ber.Malformed(f"a response with the tag {tag:#x}")
        return b""


Encode = Callable[[Operation], tuple[bytes, tuple[bytes, ...]]]
"""An operation as a request, and its controls."""


class Pipeline:
    """Operations on their way. It lives for one sequence of them."""

    def __init__(self, wire: Wire, encode: Encode) -> None:
        self._wire = wire
        self._encode = encode
        self._batch: list[tuple[Operation, set[str]]] = []
        self._sent: deque[tuple[int, Operation, set[str]]] = deque()
        self._answers: dict[int, ber.Result] = {}
        self._busy: set[str] = set()

    def write(self, operations: Iterable[Operation]) -> Iterator[tuple[Operation, ber.Result]]:
        """Send operations, up to `WINDOW` ahead of the answers, and give the answers in order.

        All of one `level` are answered before another level begins. Of two operations that concern the same
        entry or the same address, the second is not sent before the first is answered: slapd works on several
        at a time.
        """
        current = -1
        for operation in operations:
            now, own = level(operation), concerns(operation)
            if now != current or not self._busy.isdisjoint(own):
                yield from self._answered(0)
                current = now
            if len(self._sent) + len(self._batch) >= WINDOW:
                yield from self._answered(WINDOW // 2)
            self._batch.append((operation, own))
            self._busy |= own
        yield from self._answered(0)

    def _answered(self, leave: int) -> Iterator[tuple[Operation, ber.Result]]:
        """Send what waits, and give answers until only `leave` operations have none."""
        numbers = self._wire.send_all(self._encode(operation) for operation, _ in self._batch)
        self._sent.extend((number, *each) for number, each in zip(numbers, self._batch, strict=True))
        self._batch.clear()
        while len(self._sent) > leave:
            first, operation, own = self._sent[0]
            while first not in self._answers:
                number, result = self._wire.answer()
                self._answers[number] = result
            self._sent.popleft()
            self._busy -= own
            yield operation, self._answers.pop(first)


def concerns(operation: Operation) -> set[str]:
    """The entry and the addresses that an operation changes hands of; two that share one keep their order."""
    found = {dn_key(operation.dn)}
    if isinstance(operation, Add):
        found.update(operation.entry.addresses)
    else:
        for change in operation.changes:
            if change.attribute.lower() in _UNIQUE:
                found.update(value.lower() for value in {*change.before} ^ {*change.after})
    return found
