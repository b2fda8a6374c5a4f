"""`congvu host`: real servers, from a bare Debian to a checked mail server.

Files of the inventory may be encrypted with ansible-vault; ANSIBLE_VAULT_PASSWORD_FILE then names the
password's file, for all of Ansible's tools.
"""

from __future__ import annotations

from pathlib import Path

import click

from congvu.fleet import prelude

prelude.prepare()

from congvu.cli.progress import Steps  # noqa: E402  (after prelude.prepare)
from congvu.cli.watch import RoleWatcher  # noqa: E402
from congvu.fleet import bootstrap as bootstrapping  # noqa: E402
from congvu.fleet import deploy as deploying  # noqa: E402
from congvu.fleet import inventory  # noqa: E402

_inventory = click.option(
    "-i", "--inventory", "sources", multiple=True, required=True, type=click.Path(path_type=Path),
    help="Inventory folder; may be given more than once.",
)  # fmt: skip
_limit = click.option("--limit", help="Only these hosts or groups, in Ansible's notation.")


@click.group()
def host() -> None:
    """Bootstrap, deploy to and check the servers of an inventory."""


@host.command()
@_inventory
@click.option(
    "--public-key", type=click.Path(path_type=Path), default=Path("~/.ssh/id_ed25519.pub"), show_default=True,
    help="The key that the deploy user lets in.",
)  # fmt: skip
def bootstrap(sources: tuple[Path, ...], public_key: Path) -> None:
    """Take hosts that have only a root login to where Ansible can manage them. Safe to run again."""
    steps = Steps()
    with steps.step("Bootstrap") as step:
        hosts = inventory.read(*sources)
        changed = bootstrapping.run(hosts, public_key_file=public_key.expanduser(), ssh={})
        count = sum(map(len, changed.values()))
        step.outcome = f"{count} changes on {len(hosts)} hosts" if count else "no change"


@host.command()
@_inventory
@_limit
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 when something would change.")
def deploy(sources: tuple[Path, ...], limit: str | None, *, check: bool) -> None:
    """Bring hosts to what inventory and policies say."""
    summary = _run("site", sources, limit, ["--check"] if check else [])
    for change in summary.changed:
        click.echo(f"  {'would change' if check else 'changed'}: {change}")
    if check and summary.changed:
        click.get_current_context().exit(1)


@host.command()
@_inventory
@_limit
def check(sources: tuple[Path, ...], limit: str | None) -> None:
    """Check that the daemons which run are the ones installed and configured. Exit status 3 with findings."""
    _run("check", sources, limit, [])


def _run(
    playbook: str, sources: tuple[Path, ...], limit: str | None, options: list[str]
) -> deploying.Summary:
    steps = Steps()
    with steps.step(playbook.capitalize()) as step:
        inventory.read(*sources)  # a broken inventory is told in one sentence before anything starts
        log = deploying.ROOT / ".lab" / "logs" / f"{playbook}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        # Ansible runs in the repository, where a relative path would name another inventory.
        arguments = [word for source in sources for word in ("-i", str(source.absolute()))]
        arguments += ["--limit", limit] if limit else []
        summary = deploying.run(
            playbook, *arguments, *options, environment={}, log=log, watch=RoleWatcher(step)
        )
        step.outcome = f"{len(summary.changed)} changes" if summary.any_change else "no change"
    return summary
