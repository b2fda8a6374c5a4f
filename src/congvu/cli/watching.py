"""A run under way: its progress on a terminal or in a log, and the signals that end it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import click

from congvu.sync import job

LINE_EVERY = 500
"""Operations between two lines of progress in a log."""


@contextmanager
def ended_by_signals() -> Iterator[threading.Event]:
    """SIGTERM and Ctrl-C end a run between two operations: the event is set then."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def progress(*, quiet: bool) -> Iterator[job.Progress]:
    """A bar with rate and time left on a terminal; else a line now and then, unless `quiet`."""
    with ExitStack() as stack:
        bar: job.Progress | None = None

        def step(what: str, done: int, total: int) -> None:
            nonlocal bar
            if bar is None:
                # Here, not above: most runs find that nothing has moved.
                from congvu.cli.bar import shown  # noqa: PLC0415

                bar = stack.enter_context(shown()) or _lines(quiet=quiet)
            bar(what, done, total)

        yield step


def _lines(*, quiet: bool) -> job.Progress:
    def step(what: str, done: int, total: int) -> None:
        if not quiet and done % LINE_EVERY == 0:
            click.echo(f"{what}: {done} of {total}", err=True)

    return step
