"""`congvu policy`: what a policy file says, and what applies where it says nothing."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from congvu import policy as policies
from congvu.cli.options import json_option
from congvu.policy import Policy
from congvu.policy import lint as linter
from congvu.policy.schema import json_schema

DEFAULT_DIRECTORY = Path("inventory/policy")


@click.group()
def policy() -> None:
    """Read and check policies."""


@policy.command()
@click.argument("domain_or_file")
@click.option("--directory", type=click.Path(path_type=Path), default=DEFAULT_DIRECTORY, show_default=True)
@json_option
def show(domain_or_file: str, directory: Path, *, as_json: bool) -> None:
    """Print every value that applies to DOMAIN_OR_FILE, and say which are defaults.

    A word that ends in .yml or names an existing file is a file; anything else is a domain.
    """
    path, loaded = _load(domain_or_file, directory)
    lines = policies.settings(loaded, policies.sources(path))
    if as_json:
        rows = [
            {
                "key": line.key,
                "value": line.value,
                "source": line.source or None,
                "default": line.default or None,
            }
            for line in lines
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table()
    for heading in ("key", "value", "source, or default because"):
        table.add_column(heading, overflow="fold")
    for line in lines:
        table.add_row(line.key, line.value, f"default: {line.default}" if line.default else line.source)
    Console(markup=False, highlight=False).print(table)


@policy.command()
@click.argument("domains_or_files", nargs=-1, required=True)
@click.option("--directory", type=click.Path(path_type=Path), default=DEFAULT_DIRECTORY, show_default=True)
@json_option
def lint(domains_or_files: tuple[str, ...], directory: Path, *, as_json: bool) -> None:
    """Say what each policy leaves open, where newer law differs, and which values name no source.

    Exit status 0: nothing to say, 1: there are findings, 2: a file is wrong.
    """
    found = []
    for one in domains_or_files:
        path, loaded = _load(one, directory)
        findings = linter.lint(loaded, policies.sources(path), date.today())
        found += [(path, finding) for finding in findings]
    if as_json:
        rows = [{"file": str(path), **dataclasses.asdict(finding)} for path, finding in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for path, finding in found:
            click.echo(f"{path}:{finding.line}: {finding.kind} {finding.code}: {finding.key}: ", nl=False)
            click.echo(f"{finding.message} ({finding.source})")
    if found:
        raise click.exceptions.Exit(1)


@policy.command()
def schema() -> None:
    """Print the schema of policy files as JSON Schema, for editors."""
    click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


def _load(domain_or_file: str, directory: Path) -> tuple[Path, Policy]:
    path = Path(domain_or_file)
    if path.suffix in (".yml", ".yaml") or path.is_file():
        return path, policies.load(path)
    return policies.path_of(directory, domain_or_file), policies.load_domain(directory, domain_or_file)
