"""Steps on a terminal or in a log: which one, how long, and what it is doing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner


@dataclass(slots=True)
class Step:
    """A step under way. `note` says what it is doing; `outcome` is what it will have done."""

    note: Callable[[str], None]
    outcome: str = ""


@dataclass(slots=True)
class Steps:
    """Prints each step with its time; a log gets plain lines, a terminal a line that lives."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    began: float = field(default_factory=time.monotonic)
    taken: dict[str, float] = field(default_factory=dict)
    """Seconds of each step that has ended well."""

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step. An error ends it with a cross and goes on up."""
        began = time.monotonic()
        live = Live(console=self.console, transient=True, refresh_per_second=8)
        spinner = Spinner("dots", name)

        def note(words: str) -> None:
            text = f"{name}: {words} ({time.monotonic() - began:.0f} s)"
            if self.console.is_terminal:
                spinner.update(text=escape(text))
            else:
                self.console.print(f"    {escape(words)}")

        step = Step(note)
        if self.console.is_terminal:
            live.start()
            live.update(spinner)
        else:
            self.console.print(f"… {escape(name)}")
        try:
            yield step
        except BaseException:
            live.stop()
            self.console.print(f"[red]✗[/] {escape(name)} [dim]({time.monotonic() - began:.1f} s)[/]")
            raise
        live.stop()
        self.taken[name] = time.monotonic() - began
        outcome = f": {escape(step.outcome)}" if step.outcome else ""
        self.console.print(f"[green]✓[/] {escape(name)}{outcome} [dim]({self.taken[name]:.1f} s)[/]")
