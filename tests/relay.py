"""A port of this machine that leads to another, with the delay of a long line; and it can be cut."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

Passage = queue.SimpleQueue[tuple[float, bytes]]


class Relay:
    """Use it in a ``with`` statement; `port` is where it listens."""

    def __init__(self, host: str, port: int, *, address: str = "127.0.0.1", delay: float = 0) -> None:
        """To `host` and `port`; `delay` is in seconds, one way."""
        self._target, self._delay = (host, port), delay
        self._ends: list[socket.socket] = []
        self._door = socket.create_server((address, 0))
        self.port: int = self._door.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def cut(self) -> None:
        """Break what is open and take nothing more."""
        for end in (self._door, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        for thread in self._threads:
            thread.join()
        for end in (self._door, *self._ends):
            end.close()

    def _begin(self, do: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=do, args=arguments))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._door.accept()[0]
                far = socket.create_connection(self._target)
                self._ends += (near, far)
                for one, other in ((near, far), (far, near)):
                    other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    passage: Passage = queue.SimpleQueue()
                    self._begin(self._take, one, passage)
                    self._begin(self._give, other, passage)

    def _take(self, end: socket.socket, passage: Passage) -> None:
        data = b"."
        while data:
            data = b""
            with suppress(OSError):
                data = end.recv(1 << 18)
            passage.put((time.monotonic() + self._delay, data))

    @staticmethod
    def _give(end: socket.socket, passage: Passage) -> None:
        with suppress(OSError):
            while True:
                due, data = passage.get()
                if (left := due - time.monotonic()) > 0:
                    time.sleep(left)
                if not data:
                    end.shutdown(socket.SHUT_WR)
                    return
                end.sendall(data)
