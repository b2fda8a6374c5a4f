"""`congvu audit`: is the log as it was written, and what does it say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from congvu.errors import InputError
from congvu.files import failures
from congvu.printable import printable
from congvu.sync.auditfile import read_kept, records
from congvu.sync.auditrecord import Record, encode
from congvu.sync.auditshow import Filter, joined
from congvu.sync.chain import START, Head, files_of, verify
from congvu.sync.settings import load
from congvu.vietnam import VIETNAM

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_folder = click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
_settings = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file of the sync, which names the folder.",
)


@click.group()
def audit() -> None:
    """Check and read the audit log: who changed what in the directory, when and why."""


@audit.command("verify")
@_folder
@_settings
@click.option("--head", "heads", multiple=True, metavar="SEQ:HASH", help="A record that must be in the log.")
@click.option("--from", "start", metavar="SEQ:HASH", help="The last record of what was archived.")
def verify_(
    folder: Path | None, settings_file: Path | None, heads: tuple[str, ...], start: str | None
) -> None:
    """Check every record of the log in FOLDER. Exit status 0: as it was written, 1: not.

    A cut-off end shows only against a head that was noted elsewhere: see 'congvu audit head'.
    """
    folder = _found(folder, settings_file)
    kept = read_kept(folder)
    noted = [*map(Head.from_text, heads), *([kept.head] if kept else [])]
    with failures(folder):
        result = verify(files_of(folder), noted, Head.from_text(start) if start else START)
    if result.unfinished:
        click.echo(
            f"{result.unfinished}: the last line is not finished: a run writes it, or was killed", err=True
        )
    if result.broken:
        click.echo(f"{result.broken.where}: {result.broken.why}")
        click.get_current_context().exit(1)
    click.echo(f"{folder}: every record is as it was written, up to {result.head}")


@audit.command()
@_folder
@_settings
def head(folder: Path | None, settings_file: Path | None) -> None:
    """Print number and hash of the last record; store them where the log's keepers cannot write."""
    folder = _found(folder, settings_file)
    with failures(folder):
        result = verify(files_of(folder))
    if result.broken:
        raise InputError(result.broken.why, where=result.broken.where, hint="see congvu audit verify")
    click.echo(result.head)


@audit.command()
@_folder
@_settings
@click.option("--who", default="", help="Runs that this person or timer started.")
@click.option("--dn", default="", help="What happened to this entry.")
@click.option(
    "--address", default="", help="What happened to the account that has, got or lost this address."
)
@click.option("--run", default="", help="This run.")
@click.option("--since", default="", metavar="YYYY-MM-DD", help="From this day on (Vietnam's time).")
@click.option("--event", default="", help="This event: join, leave, move, …")
@click.option("--json", "as_json", is_flag=True, help="JSON lines; docs/audit.md describes the keys.")
def show(
    folder: Path | None, settings_file: Path | None, *, as_json: bool, since: str, **wanted: str
) -> None:
    """Print the records of the log in FOLDER, oldest first; the options leave some out."""
    folder = _found(folder, settings_file)
    if since and not _DAY.fullmatch(since):
        raise InputError("not a day", where=f"--since {since}", hint="write it as 2026-11-22")
    chosen = Filter(since=since, **wanted)
    console = Console(highlight=False, soft_wrap=True)
    for record in joined(records(folder)):
        if not chosen.takes(record):
            continue
        if as_json:
            click.echo(encode(record))
        else:
            console.print("\n".join(_lines(record)))


def _found(folder: Path | None, settings_file: Path | None) -> Path:
    """The log's folder from one of the two; raises `InputError`."""
    if (folder is None) == (settings_file is None):
        raise InputError("name the log's folder or --settings", hint="congvu audit verify FOLDER")
    found = folder if folder else load(settings_file).audit_folder if settings_file else Path()
    if not found.is_dir():
        raise InputError("there is no such folder", where=str(found), hint="no run has written a log here")
    if not files_of(found):
        raise InputError("there is no audit log in it", where=str(found), hint="name another folder")
    return found


def _lines(record: Record) -> Iterator[str]:
    """A record for a person: one line, and one more for each attribute that changed."""
    moment = datetime.fromisoformat(record["time"]).astimezone(VIETNAM)
    start = f"[dim]{record['sequence']:>7} {moment:%Y-%m-%d %H:%M:%S}[/]"
    match record["record"]:
        case "intended":
            yield f"{start} {_outcome(record)} [bold]{_safe(record['event'])}[/] {_account(record)}"
            yield from _why(record)
            for name, after in record["after"].items():
                yield f"            {_safe(name)}: {_change(record['before'].get(name, []), after)}"
        case "password" | "sheet" as kind:
            about = _safe(record.get("label") or f"{len(record.get('accounts', []))} accounts")
            sheet = f"[dim]sheet {_safe(record['sheet'])}, {_safe(record['author'])}[/]"
            yield f"{start} {_outcome(record)} [bold]{kind}[/] {about} {sheet}"
        case kind:
            author = f"{_safe(record['author'])}@{_safe(record['host'])}"
            yield f"{start} · [cyan]{_safe(kind)}[/] {author} {_rest(record)}"


_COMMON = {"sequence", "previous", "time", "run", "record", "author", "host"}


def _rest(record: Record) -> str:
    told = {
        name: value for name, value in record.items() if name not in _COMMON and value not in ("", [], {})
    }
    return " ".join(
        f"[dim]{_safe(name)}[/] {_safe(value)}" for name, value in {"run": record["run"], **told}.items()
    )


def _outcome(record: Record) -> str:
    match record.get("outcome", ""):
        case "done":
            return "[green]✓[/]"
        case "failed":
            return f"[red]✗ {_safe(record.get('failure', ''))}[/]"
        case _:
            return "[yellow]?[/]" if record["record"] == "intended" else "·"


def _account(record: Record) -> str:
    name = f" {_safe(record['name'])}" if record["name"] else ""
    return f"{_safe(record['label'])}{name} [dim]{_safe(record['dn'])}, {_safe(record['author'])}[/]"


def _why(record: Record) -> Iterator[str]:
    told = [record[name] for name in ("why", "place", "clause", "document") if record[name]]
    if told:
        yield f"            [dim]{_safe('; '.join(told))}[/]"


def _change(before: list[str], after: list[str]) -> str:
    new = _safe(", ".join(after) or "–")
    return f"{_safe(', '.join(before))} → {new}" if before else new


def _safe(value: Any) -> str:
    """Any value on one line of a terminal: nothing in it is markup, steers, or breaks the line."""
    return escape(printable(str(value)).replace("\n", "\\n").replace("\t", "\\t"))
