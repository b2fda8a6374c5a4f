"""A run under way: its progress on a terminal or in a log, and the signals that end it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from congvu.sync import run

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
def progress(*, quiet: bool) -> Iterator[run.Progress]:
    """A bar with rate and time left on a terminal; else a line now and then, unless `quiet`."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("writing", total=None, visible=False)

        def step(what: str, done: int, total: int) -> None:
            if done == 1:
                bar.reset(task, total=total)
            bar.update(task, description=what, completed=done, visible=True)
            if not console.is_terminal and not quiet and done % LINE_EVERY == 0:
                click.echo(f"{what}: {done} of {total}", err=True)

        yield step


class _Rate(ProgressColumn):
    """Operations a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f}/s" if task.speed else "–/s")
