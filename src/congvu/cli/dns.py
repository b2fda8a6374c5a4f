"""`congvu dns`: the records of a site's mail, and whether they are published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from congvu.fleet import prelude

prelude.prepare()

# ruff: noqa: E402  (what follows needs prelude.prepare)
from congvu.cli.options import json_option
from congvu.dns import compare, records, show
from congvu.dns import site as sites
from congvu.dns.compare import Status, Verdict
from congvu.dns.model import Group
from congvu.dns.names import ascii_name
from congvu.dns.published import Resolver
from congvu.errors import SettingsError
from congvu.fleet import inventory
from congvu.fleet.lab import Lab


@click.command()
@click.argument("site", nargs=-1, required=True)
@click.option("--domain", "domains", multiple=True, help="Only this domain; may be given more than once.")
@click.option("--check", is_flag=True, help="Compare with what a resolver answers.")
@click.option("--resolver", default="", metavar="ADDRESS", help="Which resolver to ask; else this machine's.")
@json_option
def dns(
    site: tuple[str, ...], domains: tuple[str, ...], resolver: str, *, check: bool, as_json: bool
) -> None:
    """Print every DNS record that SITE must publish for its mail, or check them.

    SITE is an inventory folder, or several that are merged, or the name of a lab.

    Exit status with --check: 0 all is published, 1 there are findings, 2 the inventory is wrong, 3 the
    resolver does not answer.
    """
    if resolver and not check:
        raise click.UsageError("--resolver goes with --check")
    groups = _chosen(_groups(site), domains)
    if check:
        _check(groups, Resolver(resolver), as_json=as_json)
    elif as_json:
        click.echo(json.dumps(show.records_json(groups), ensure_ascii=False, indent=2))
    else:
        click.echo(show.zone_text(groups))


def _groups(site: tuple[str, ...]) -> tuple[Group, ...]:
    sources = tuple(map(Path, site))
    if len(site) == 1 and not sources[0].exists() and "/" not in site[0]:
        sources = Lab(site[0]).inventories
    return records.groups(sites.gather(inventory.read(*sources), sources[0]))


def _chosen(groups: tuple[Group, ...], domains: tuple[str, ...]) -> tuple[Group, ...]:
    known = {group.domain for group in groups}
    wanted = {ascii_name(domain) for domain in domains} or known
    if unknown := sorted(wanted - known):
        raise SettingsError(
            f"{', '.join(unknown)}: not a domain of this site",
            where="--domain",
            hint=f"there are {', '.join(sorted(known))}",
        )
    return tuple(group for group in groups if group.domain in wanted)


def _check(groups: tuple[Group, ...], resolver: Resolver, *, as_json: bool) -> None:
    verdicts = compare.judge(groups, resolver.answers(compare.questions(groups)), resolver.spf)
    if as_json:
        click.echo(json.dumps(show.verdicts_json(verdicts), ensure_ascii=False, indent=2))
    else:
        click.echo(show.verdict_text(verdicts))
        _sum_up(verdicts)
    if any(one.status is not Status.OK for one in verdicts):
        raise click.exceptions.Exit(1)


def _sum_up(verdicts: Sequence[Verdict]) -> None:
    counts = {status: sum(one.status is status for one in verdicts) for status in Status}
    click.echo(", ".join(f"{count} {status}" for status, count in counts.items() if count))
