"""`congvu address`: try a policy's naming rule on names, and ask why a name gives what it gives."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from congvu import policy as policies
from congvu.charset import Charset
from congvu.cli.options import json_option
from congvu.errors import RegistryError
from congvu.naming.explain import explain as explain_line
from congvu.naming.preview import Line, Previewed
from congvu.naming.preview import preview as preview_lines
from congvu.policy.model import Kind
from congvu.registry import open_table
from congvu.registry.sheet import Ignored

DEFAULT_DIRECTORY = Path("inventory/policy")
COLUMNS = ("kind", "name", "ho", "dem", "ten", "unit")
MORE_COLUMNS = ("registered_on", "birth_date", "citizen_id", "address")
ADDED = ("address", "rule", "problem")

_domain = click.option("--domain", required=True, help="Mail domain whose policy applies.")
_directory = click.option(
    "--directory",
    type=click.Path(path_type=Path),
    default=DEFAULT_DIRECTORY,
    show_default=True,
    help="Folder of the policy files.",
)


@click.group()
def address() -> None:
    """Try a naming rule, and ask for its reasons."""


@address.command()
@_domain
@click.option(
    "--input",
    "file",
    type=click.Path(path_type=Path),
    required=True,
    help="CSV or XLSX with the columns kind (person or unit), name or ho, dem, ten, and unit.",
)
@click.option(
    "--charset",
    type=click.Choice([charset.value for charset in Charset]),
    help="Charset of a CSV file; else it is found.",
)
@_directory
@json_option
def preview(domain: str, file: Path, charset: str | None, directory: Path, *, as_json: bool) -> None:
    """Write the rows of a list with the columns address, rule and problem.

    As if the mail domain were empty. Namesakes are numbered by the column registered_on, else by their
    names. Exit status 0: no problem, 1: some rows have one, 2: bad input.
    """
    policy = policies.load_domain(directory, domain)
    headings, rows = _read(file, Charset(charset) if charset else None)
    lines = [_line(row, file, number) for number, row in rows]
    results = preview_lines(lines, policy, today=date.today())
    whole = [{**row, **_added(result)} for (_, row), result in zip(rows, results, strict=True)]
    _write([*(name for name in headings if name not in ADDED), *ADDED], whole, as_json=as_json)
    click.get_current_context().exit(1 if any(result.problem for result in results) else 0)


@address.command()
@click.argument("name")
@_domain
@click.option(
    "--kind", type=click.Choice([kind.value for kind in Kind]), default=Kind.PERSON.value, show_default=True
)
@click.option("--ho", default="", help="Surname, where the name is to be split by hand.")
@click.option("--dem", default="", help="Middle names.")
@click.option("--ten", default="", help="Given name.")
@click.option("--unit", default="", help="Name or code of the unit; of a unit, the one above.")
@_directory
@json_option
def explain(  # noqa: PLR0917  (click passes options by name)
    name: str,
    domain: str,
    kind: str,
    ho: str,
    dem: str,
    ten: str,
    unit: str,
    directory: Path,
    *,
    as_json: bool,
) -> None:
    """Say which steps give which letters of the address of NAME.

    Exit status 0: it has an address, 1: it has a problem, 2: bad input.
    """
    policy = policies.load_domain(directory, domain)
    found = explain_line(Line(kind, name, ho, dem, ten, unit), policy, today=date.today())
    if as_json:
        steps = [dataclasses.asdict(reason) for reason in found.reasons]
        click.echo(json.dumps({"steps": steps, **_added(found.result)}, ensure_ascii=False, indent=2))
    else:
        table = _table(("step", "given", "gave"))
        for reason in found.reasons:
            table.add_row(reason.step, reason.given, reason.gave)
        Console(markup=False, highlight=False).print(table)
        click.echo(found.result.address or "no address")
        if found.result.problem:
            click.echo(found.result.problem)
    click.get_current_context().exit(1 if found.result.problem else 0)


def _read(file: Path, charset: Charset | None) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The headings as written, and each row with its number in the file."""
    if str(file) == "-":
        with tempfile.NamedTemporaryFile(suffix=".csv") as copy:
            copy.write(sys.stdin.buffer.read())
            copy.flush()
            return _read(Path(copy.name), charset)
    table = open_table(file, charset=charset)
    headings = list(table.headings)
    missing = [] if "kind" in headings else ["kind"]
    if not {"name", "ten"} & set(headings):
        missing.append("name")
    if missing:
        raise RegistryError(
            f"the heading has no column {' and no column '.join(missing)}",
            where=str(file),
            hint=f"columns: {', '.join((*COLUMNS, *MORE_COLUMNS))}; names in 'name', or in ho, dem, ten",
        )
    rows = [(row.place.row, dict(row.cells)) for row in table]
    for why, where in table.ignored.items():
        if why not in (Ignored.HEADING, Ignored.BLANK):
            click.echo(f"{file}: row {where}: left out ({why})", err=True)
    if problems := [str(problem) for problem in table.problems.found]:
        raise RegistryError("rows cannot be read", problems=problems, where=str(file))
    return headings, rows


def _line(row: Mapping[str, str], file: Path, number: int) -> Line:
    where = f"{file}:{number}"
    texts = {name: row.get(name, "") for name in (*COLUMNS, "citizen_id", "address")}
    return Line(
        **texts,
        registered_on=_date(row, "registered_on", where) or date.min,
        birth_date=_date(row, "birth_date", where),
        label=f"row {number}",
    )


def _date(row: Mapping[str, str], column: str, where: str) -> date | None:
    text = row.get(column, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise RegistryError(
            f"{column}: {text!r} is not a date", where=where, hint="write it as 1985-07-31"
        ) from None


def _added(result: Previewed) -> dict[str, str]:
    return dict(zip(ADDED, (result.address, result.rule, result.problem), strict=True))


def _write(columns: Sequence[str], rows: Sequence[Mapping[str, str]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif sys.stdout.isatty():
        shown = [name for name in columns if name in ADDED or any(row.get(name) for row in rows)]
        table = _table(shown)
        for row in rows:
            table.add_row(*(row.get(name, "") for name in shown))
        Console(markup=False, highlight=False).print(table)
    else:
        writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _table(columns: Sequence[str]) -> Table:
    """A table that cuts nothing off, however narrow the terminal."""
    table = Table()
    for name in columns:
        table.add_column(name, overflow="fold")
    return table
