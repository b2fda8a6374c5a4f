"""The command line. The only place where errors become messages and exit codes.

Exit codes: 0 fine, 1 differences or findings, 2 bad input, 3 a system failed.
"""

from __future__ import annotations

import errno
import gc
import importlib
import io
import os
import sys
from typing import Any

import click

from congvu import __version__
from congvu.errors import CongvuError
from congvu.printable import printable

# Each group lives in its own module and is imported only when called for: a server has no pyinfra,
# and `congvu sync` must start without it.
_GROUPS = {
    "account": "congvu.cli.account:account",
    "address": "congvu.cli.address:address",
    "audit": "congvu.cli.audit:audit",
    "dns": "congvu.cli.dns:dns",
    "host": "congvu.cli.host:host",
    "lab": "congvu.cli.lab:lab",
    "lifecycle": "congvu.cli.lifecycle:lifecycle",
    "mail": "congvu.cli.mail:mail",
    "policy": "congvu.cli.policy:policy",
    "registry": "congvu.cli.registry:registry",
    "request": "congvu.cli.request:request",
    "sync": "congvu.cli.sync:sync",
    "unit": "congvu.cli.unit:unit",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return sorted(_GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _GROUPS:
            return None
        module, _, attribute = _GROUPS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="congvu")
def cli() -> None:
    """Official mail (thư điện tử công vụ) from a regulation and a staff registry."""


def spare_the_collector() -> None:
    """Look for circular garbage seldom: a run that makes a million small records and ends has hardly any.

    With the interpreter's own thresholds, half of the time of a large allocation goes into looking.
    """
    gc.set_threshold(200_000, 50, 100)


def main(argv: list[str] | None = None) -> Any:
    """Run the command line; a `CongvuError` becomes one clear message and its exit code.

    A fault of this program ends with status 3: Python's own, 1, would tell a timer of findings.
    """
    try:
        return _main(argv)
    except Exception:
        import traceback  # noqa: PLC0415  (seldom needed)

        traceback.print_exc()
        sys.exit(3)


def _main(argv: list[str] | None) -> Any:
    spare_the_collector()
    for stream in (sys.stdout, sys.stderr):  # names are Vietnamese, whatever the locale of a timer is
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        try:
            return cli.main(args=argv, prog_name="congvu")
        finally:
            if sys.stdout:
                sys.stdout.flush()
    except CongvuError as error:
        _tell(str(error))
        sys.exit(error.exit_code)
    except OSError as fault:
        if fault.filename is not None:
            _tell(f"{fault.filename}: {fault.strerror} (check the owner and the rights, of its folders too)")
            sys.exit(3)
        if fault.errno not in _OUTPUT_FAULTS:
            raise
        # What is still in the buffer would be written, and fail, once more at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _tell(f"the output cannot be written: {fault.strerror}")
        sys.exit(3)


_OUTPUT_FAULTS = (errno.ENOSPC, errno.EPIPE, errno.EIO, errno.EDQUOT)


def _tell(message: str) -> None:
    # Here, not above: few commands fail, and Rich takes longer to import than a quick run takes.
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415

    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"[bold red]error:[/] {escape(printable(message))}"
    )
