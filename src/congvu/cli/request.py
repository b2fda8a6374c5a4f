"""`congvu request`: what units ask for, by mail or on paper: it waits for a decision, and is carried out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from congvu import policy as policies
from congvu.cli.author import author
from congvu.cli.serving import as_owner_of, follow, settings_option
from congvu.errors import InputError
from congvu.printable import printable
from congvu.requests.store import FOLDER, Store
from congvu.sync import settings as sync_settings
from congvu.vietnam import VIETNAM, today

if TYPE_CHECKING:
    from congvu.directory.operations import Act
    from congvu.mail.accounts import Account
    from congvu.mail.site import Site
    from congvu.policy.model import Policy
    from congvu.requests.decide import Step
    from congvu.requests.model import Request
    from congvu.requests.submitted import File
    from congvu.sync.settings import Settings

_state = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    show_default=True,
    help="Folder of the requests.",
)
_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def request() -> None:
    """Requests of units for accounts (LD-7.1, LD-7.3). As root, on a mail server.

    Exit status 0: done. 1: somebody could not be told. 2: bad input, nothing was done. 3: a system failed;
    the same command, or the timer, goes on.
    """


@request.command()
@_state
def receive(state: Path) -> None:
    """Keep a message from standard input until `intake` looks at it: what Postfix calls."""
    Store(state).receive(sys.stdin.buffer.read())


@request.command()
@settings_option
@_state
def intake(settings_file: Path, state: Path) -> None:
    """Make requests of the messages that have come, and answer them: for a timer."""
    from congvu.requests.intake import take_in  # noqa: PLC0415

    settings = sync_settings.read(settings_file)
    with as_owner_of(state):
        done = take_in(settings, Store(state), author(), datetime.now(UTC))
    for one in done.requests:
        click.echo(printable(f"{one.id}: {one.state}, from {one.sender}"))
    for reason in done.untold:
        click.echo(printable(reason), err=True)
    click.get_current_context().exit(1 if done.untold else 0)


@request.command("list")
@settings_option
@_state
@click.option("--all", "everything", is_flag=True, help="Also what is over, and what was returned.")
def list_(settings_file: Path, state: Path, *, everything: bool) -> None:
    """List the requests that wait for somebody, the oldest first, with the days that they have waited."""
    settings = sync_settings.read(settings_file)
    with as_owner_of(state):
        found = [one for one in Store(state).all() if everything or one.state.open]
    rules: dict[str, Policy | None] = {}
    for one in found:
        if one.domain not in rules:
            known = settings.domains.get(one.domain)
            rules[one.domain] = policies.load(known.policy) if known else None
        click.echo(printable(_line(one, rules[one.domain])))


@request.command()
@_state
@click.argument("id_", metavar="ID")
def show(state: Path, id_: str) -> None:
    """Show one request whole: who asks for what, its documents, what has become of it."""
    with as_owner_of(state):
        store = Store(state)
        one = store.get(id_)
    click.echo(printable("\n".join(_told(one, store))))


@request.command()
@settings_option
@_state
@click.option("--by", required=True, help="Who has decided; it stands in the audit log.")
@click.option("--document", default="", help="Number of the document that decides it.")
@click.argument("id_", metavar="ID")
def approve(settings_file: Path, state: Path, by: str, document: str, id_: str) -> None:
    """Approve a request, and carry it out: all that is not the registry's to say.

    Run again, it goes on where it was cut off. New initial passwords are printed, once.
    """
    from congvu.lifecycle.desk import Desk  # noqa: PLC0415
    from congvu.requests import decide  # noqa: PLC0415

    settings, store = sync_settings.read(settings_file), Store(state)
    desk = Desk(settings, author())
    with _alone(store):
        with as_owner_of(state):
            one = decide.approved(store.get(id_), by, document, datetime.now(VIETNAM))
        policy = policies.load(settings.domains[one.domain].policy)
        with as_owner_of(settings.state):
            planned = tuple(decide.steps(one, desk.account, policy, today(), _clauses(settings, one.domain)))
        with as_owner_of(state):
            store.save(one)
        for step in planned:
            with as_owner_of(settings.state):
                desk.carry_out_one(step.operation)
            one = one.with_done(step.row.number)
            _say(step)
            with as_owner_of(state):
                (store.decide if not one.left else store.save)(one)
    for row in one.left:
        click.echo(printable(f"row {row.number}: {row.action} {row.name}: the registry must say it"))
    if one.left:
        click.echo(f"{one.id}: enter these rows in the registry, run the sync, then: congvu request done")
    else:
        click.echo(f"{one.id}: {one.state}")
    follow(settings)


@request.command()
@settings_option
@_state
@click.argument("id_", metavar="ID")
def done(settings_file: Path, state: Path, id_: str) -> None:
    """Close an approved request whose rows the registry says by now; the unit is told."""
    from congvu.mail import site  # noqa: PLC0415
    from congvu.requests import decide  # noqa: PLC0415

    settings, store = sync_settings.read(settings_file), Store(state)
    with _alone(store), site.opened(settings) as here:
        with as_owner_of(state):
            one = store.get(id_)
        one = decide.closed(one, here.accounts.people(one.domain))
        with as_owner_of(state):
            store.decide(one)
    click.echo(f"{one.id}: {one.state}")


@request.command()
@_state
@click.option("--reason", required=True, help="Why, in Vietnamese; the unit reads it.")
@click.argument("id_", metavar="ID")
def refuse(state: Path, reason: str, id_: str) -> None:
    """Refuse a request, or what is left of an approved one; the unit is told why."""
    from congvu.requests import decide  # noqa: PLC0415

    store = Store(state)
    with _alone(store), as_owner_of(state):
        one = decide.refused(store.get(id_), reason, author(), datetime.now(VIETNAM))
        store.decide(one)
    click.echo(f"{one.id}: {one.state}")


@request.command()
@settings_option
@_state
@click.option("--unit", required=True, help="Address, id or name of the unit that asks.")
@click.option("--domain", default="", help="Mail domain, where several have such a unit, or none has.")
@click.option("--new-unit", is_flag=True, help="The directory does not know the unit yet.")
@click.option("--document", required=True, help="Number of the unit's document.")
@click.option("--dated", type=click.DateTime(["%Y-%m-%d"]), help="The document's day.")
@click.option("--signer", default="", help="Who has signed it.")
@click.option("--scan", type=_file, help="The document, scanned.")
@click.argument("list_file", metavar="LIST", type=_file)
def add(
    settings_file: Path,
    *,
    state: Path,
    unit: str,
    domain: str,
    new_unit: bool,
    document: str,
    dated: datetime | None,
    signer: str,
    scan: Path | None,
    list_file: Path,
) -> None:
    """Take in a request that came on paper (LD-7.1), its list typed into the published form: LIST.

    It is checked as one by mail is, but for its sender.
    """
    from congvu.mail import site  # noqa: PLC0415
    from congvu.requests import paper  # noqa: PLC0415
    from congvu.requests.submitted import File  # noqa: PLC0415

    settings, store = sync_settings.read(settings_file), Store(state)
    if domain and domain not in settings.domains:
        raise InputError("the settings have no such mail domain", where=domain, hint="look into sync.yml")
    if new_unit and not domain:
        raise InputError("whose unit it is must be said", where=unit, hint="--domain")
    files: list[File] = [File(path.name, path.read_bytes()) for path in (list_file, scan) if path]
    with site.opened(settings) as here:
        known = None if new_unit else _unit(here, unit, domain)
        asked = paper.Paper(
            known.domain if known else domain,
            known.name if known else unit,
            document,
            f"{dated:%Y-%m-%d}" if dated else "",
            signer,
        )
        judged = paper.judge(here, asked, known, files, datetime.now(VIETNAM))
    if judged.request.reasons:
        raise InputError("\n  ".join(["the request is not in order:", *judged.request.reasons]))
    with _alone(store), as_owner_of(state):
        store.add(judged.request, judged.files)
    for remark in judged.request.remarks:
        click.echo(printable(remark), err=True)
    click.echo(judged.request.id)


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Keep the timer's run, and other commands, away from the requests."""
    from congvu.requests.intake import WAIT  # noqa: PLC0415
    from congvu.sync.lock import only_one  # noqa: PLC0415

    with ExitStack() as held:
        with as_owner_of(store.folder):
            held.enter_context(only_one(store.folder, author(), wait=WAIT))
        yield


def _unit(here: Site, named: str, domain: str) -> Account:
    """The unit that is meant. Raises `InputError` where there is none, or several."""
    from congvu.registry.text import key  # noqa: PLC0415

    found = [
        one
        for name in ([domain] if domain else here.settings.domains)
        for one in here.accounts.all_units(name)
        if named in (one.address, one.unit_id) or key(named) == key(one.name)
    ]
    if len(found) != 1:
        words = "several units have" if found else "no unit has"
        raise InputError(
            f"{words} this address, id or name",
            where=named,
            hint="give the id and --domain, or --new-unit with --domain",
        )
    return found[0]


def _clauses(settings: Settings, domain: str) -> dict[Act, str]:
    from congvu.directory.operations import Act  # noqa: PLC0415
    from congvu.lifecycle.acts import clause_of  # noqa: PLC0415
    from congvu.lifecycle.transitions import TABLE  # noqa: PLC0415
    from congvu.policy import source  # noqa: PLC0415

    cited = source.sources(settings.domains[domain].policy)
    return {act: source.clause(cited, clause_of(act)) for act in Act if act in TABLE}


def _say(step: Step) -> None:
    """What became of a row; a new password goes to standard output and nowhere else."""
    row = step.row
    became = step.operation.reason.event if step.operation else "so already"
    click.echo(printable(f"row {row.number}: {row.address}: {became}"), err=bool(step.secret))
    if step.secret:
        click.echo(f"{row.address} {step.secret}")


def _line(one: Request, policy: Policy | None) -> str:
    from congvu.requests.decide import due  # noqa: PLC0415

    days = (today() - datetime.fromisoformat(one.received).date()).days
    day = due(one, policy) if policy and one.state.open else None
    late = f", due {day}" + (" (overdue)" if day < today() else "") if day else ""
    return f"{one.id}  {one.state}  {days} d{late}  {one.unit}  {one.document}  {len(one.rows)} rows"


def _told(one: Request, store: Store) -> Iterator[str]:
    facts = {
        "id": one.id,
        "state": str(one.state),
        "channel": str(one.channel),
        "mail domain": one.domain,
        "unit": one.unit,
        "from": one.sender,
        "received": one.received,
        "document": " ".join(filter(None, (one.document, one.document_date))),
        "signed by": one.signer,
        "Message-ID": one.message_id,
        "decided": " ".join(filter(None, (one.decided, one.decided_by, one.decision))),
    }
    yield from (f"{name}: {value}" for name, value in facts.items() if value)
    yield from (f"returned: {reason}" for reason in one.reasons)
    yield from (f"look at: {remark}" for remark in one.remarks)
    for file in one.attachments:
        yield f"file: {store.file(one, file.file)} ({file.name}), SHA-256 {file.sha256}"
    for row in one.rows:
        told = (row.action, row.name, row.address, row.unit_id, row.document, row.details)
        yield f"row {row.number}{' (done)' if row.done else ''}: " + ", ".join(filter(None, told))
