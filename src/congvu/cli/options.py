"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


def decision(command: _Command) -> _Command:
    """Why something is done: it stands in the audit log, and in notices."""
    for option in (
        click.option("--document", default="", help="Number of the document that orders it."),
        click.option("--reason", required=True, help="Why; those who are told read it."),
    ):
        command = option(command)
    return command
