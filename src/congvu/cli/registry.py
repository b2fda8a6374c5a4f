"""`congvu registry`: look at staff lists before anybody relies on them, and make forms for offices."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from congvu import policy as policies
from congvu.charset import Charset
from congvu.cli.options import json_option
from congvu.errors import PolicyError, RegistryError
from congvu.printable import printable
from congvu.registry.lint import Understood, lint
from congvu.registry.places import Place
from congvu.registry.problems import Problem, Severity
from congvu.registry.template import TemplateKind, write_template

DEFAULT_DIRECTORY = Path("inventory/policy")
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


@click.group()
def registry() -> None:
    """Check staff lists, and make the forms that offices fill in."""


@registry.command("lint")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mapping", type=click.Path(path_type=Path), help="registry.yml that says what the headings mean."
)
@click.option(
    "--charset",
    type=click.Choice([charset.value for charset in Charset]),
    help="Charset of a CSV file; else it is found.",
)
@click.option("--sheet", default="", help="Sheet of a workbook; else the one that looks like a list.")
@json_option
def lint_command(file: Path, mapping: Path | None, charset: str | None, sheet: str, *, as_json: bool) -> None:
    """List every problem of FILE: a CSV file, a workbook, or the folder of a registry.

    Exit status 0: nothing, 1: findings, 2: it cannot be read. Notes about how something was read are no
    findings.
    """
    console = Console(highlight=False, soft_wrap=True)
    kept: list[Problem] = []
    status = 0

    def tell(problem: Problem) -> None:
        nonlocal status
        if problem.severity is not Severity.NOTE:
            status = max(status, 2 if problem.unreadable else 1)
        if as_json or console.is_terminal:
            kept.append(problem)
        else:
            click.echo(printable(f"{problem.severity}: {problem}"))

    understood = lint(file, tell, mapping=mapping, charset=Charset(charset) if charset else None, sheet=sheet)
    if as_json:
        click.echo(printable(json.dumps(_as_json(understood, kept), ensure_ascii=False, indent=2)))
    else:
        for table in understood:
            _show(console, table)
        if kept:
            console.print(_table(kept, several=len(understood) > 1))
    click.get_current_context().exit(status)


@registry.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--domain", required=True, help="Mail domain; its policy says which columns are needed.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in TemplateKind]),
    default=TemplateKind.STAFF.value,
    show_default=True,
)
@click.option("--directory", type=click.Path(path_type=Path), default=DEFAULT_DIRECTORY, show_default=True)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def template(out: Path, domain: str, kind: str, directory: Path, *, force: bool) -> None:
    """Write the workbook OUT that an office fills in; `congvu registry lint` reads it back as it is."""
    if out.suffix.lower() != ".xlsx":
        raise RegistryError("a form is a workbook", where=str(out), hint="give it a name that ends in .xlsx")
    if os.path.lexists(out) and not force:
        raise RegistryError("is there already", where=str(out), hint="give another name, or --force")
    if not directory.is_dir():
        raise PolicyError(
            "there is no folder of policies", where=str(directory), hint="name it with --directory"
        )
    policy = policies.load_domain(directory, domain)
    write_template(out, policy, TemplateKind(kind))
    click.echo(f"{out}: written")


def _shown(text: str) -> str:
    """`text` of a file for rich: no markup, nothing that steers the terminal."""
    return escape(printable(text))


def _show(console: Console, table: Understood) -> None:
    """What was understood, in lines that a log can hold."""
    name = _shown(table.source) + (f", sheet {_shown(repr(table.sheet))}" if table.sheet else "")
    rows = " and ".join(map(str, table.heading_rows))
    console.print(f"[bold]{name}[/]: a list of {table.kind}, heading in row {rows}")
    if table.charset:
        console.print(f"  charset: {_shown(table.charset)}")
    for column in table.columns:
        console.print(
            f"  column {column.letters} {_shown(repr(column.heading))} → {column.field or 'not used'}"
        )
    console.print(f"  {table.rows_read} rows read")
    for why, ranges in table.ignored.items():
        console.print(f"  {ranges.count} ignored, {why}: rows {ranges}")
    for total in table.totals:
        console.print(f"  the control total {total} agrees")


def _table(problems: list[Problem], *, several: bool) -> Table:
    """Problems for a terminal; the file's name only where there are several. Nothing is cut off."""
    table = Table()
    for name in ("", "where", "column", "what", "what to do"):
        table.add_column(name, overflow="fold")
    for problem in problems:
        colour = _COLOURS[problem.severity]
        more = f" (and {problem.count - 1} more)" if problem.count > 1 else ""
        place = problem.place
        where = str(place)
        if isinstance(place, Place) and not several:
            where = f"row {place.row} {place.column}".rstrip()
        table.add_row(
            f"[{colour}]{problem.severity}[/]",
            _shown(where),
            _shown(problem.column),
            _shown(problem.message + more),
            _shown(problem.hint),
        )
    return table


def _as_json(understood: tuple[Understood, ...], problems: list[Problem]) -> dict[str, object]:
    """What docs/registry.md describes."""
    tables = [
        {
            "source": table.source,
            "sheet": table.sheet,
            "kind": table.kind,
            "charset": table.charset,
            "heading_rows": list(table.heading_rows),
            "columns": [
                {"column": column.letters, "heading": column.heading, "field": column.field}
                for column in table.columns
            ],
            "rows_read": table.rows_read,
            "ignored": {
                why: {"count": ranges.count, "rows": [list(pair) for pair in ranges.ranges]}
                for why, ranges in table.ignored.items()
            },
            "totals": list(table.totals),
        }
        for table in understood
    ]
    return {"tables": tables, "problems": [_problem_as_json(problem) for problem in problems]}


def _problem_as_json(problem: Problem) -> dict[str, object]:
    place = problem.place
    where: dict[str, object] = (
        {"source": place.source, "sheet": place.sheet, "row": place.row, "column": place.column}
        if isinstance(place, Place)
        else {"source": place, "sheet": "", "row": None, "column": ""}
    )
    return {
        "severity": problem.severity,
        "code": problem.code,
        **where,
        "heading": problem.column,
        "message": problem.message,
        "hint": problem.hint,
        "count": problem.count,
    }
