"""`congvu unit`: the mailboxes and shared folders of units."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from congvu import policy as policies
from congvu.cli.author import author
from congvu.cli.options import decision
from congvu.cli.serving import STATE, as_owner_of, follow, on_mail_server, settings_option
from congvu.directory.operations import Act, Reason
from congvu.errors import InputError
from congvu.printable import printable
from congvu.sync import settings as sync_settings
from congvu.vietnam import today

_DAY = click.DateTime(["%Y-%m-%d"])
_delegate = click.option("--to", "delegate", required=True, metavar="ADDRESS", help="Whose rights they are.")


@click.group()
def unit() -> None:
    """The mailboxes and shared folders of units. As root, on the server of the sync.

    Exit status 0: done, or nothing to do. 1: findings. 2: bad input, nothing was done. 3: a system failed.
    """


@unit.command()
@settings_option
@decision
@_delegate
@click.option(
    "--right",
    "rights",
    type=click.Choice(["read", "answer", "send"]),
    multiple=True,
    default=("read",),
    show_default=True,
    help="answer: mark, file and delete, too. send: send as the unit. May be repeated.",
)
@click.option("--from", "start", type=_DAY, help="The first day; today unless given.")
@click.option("--until", type=_DAY, help="The last day; left out: until somebody ends it.")
@click.argument("address")
def delegate(
    settings_file: Path,
    *,
    address: str,
    delegate: str,
    rights: tuple[str, ...],
    start: datetime | None,
    until: datetime | None,
    reason: str,
    document: str,
) -> None:
    """Let somebody use the mailbox ADDRESS of a unit with their own login, in writing and for a time.

    An earlier delegation to the same person goes.
    """
    from congvu.lifecycle import delegation  # noqa: PLC0415
    from congvu.lifecycle.desk import Desk  # noqa: PLC0415

    settings = sync_settings.read(settings_file)
    with as_owner_of(settings.state):
        desk = Desk(settings, author())
        box, person = desk.account(address), desk.account(delegate)
        given = delegation.Delegation(
            person.entry.dn,
            frozenset(map(delegation.Right, rights)),
            start.date() if start else today(),
            until.date() if until else None,
            document,
        )
        policy = policies.load(settings.domains[box.domain].policy)
        delegation.check(box, person, desk.units_above(person), given, policy=policy, today=today())
        why = Reason(Act.DELEGATED, reason, document=document.strip())
        done = desk.carry_out_one(delegation.delegated(box, given, today(), why))
    click.echo(f"{box.address}: {given}" if done else f"{box.address}: nothing to do")


@unit.command("end-delegation")
@settings_option
@decision
@_delegate
@click.argument("address")
def end_delegation(settings_file: Path, address: str, delegate: str, reason: str, document: str) -> None:
    """Take all rights of a delegate in the mailbox ADDRESS of a unit; open sessions of the delegate end."""
    from congvu.lifecycle import delegation  # noqa: PLC0415
    from congvu.lifecycle.desk import Desk  # noqa: PLC0415

    settings = sync_settings.read(settings_file)
    with as_owner_of(settings.state):
        desk = Desk(settings, author())
        box, person = desk.account(address), desk.account(delegate)
        why = Reason(Act.DELEGATION_ENDED, reason, document=document.strip())
        done = desk.carry_out_one(delegation.withdrawn(box, person.entry.dn, today(), why))
    click.echo(f"{box.address}: ended" if done else f"{box.address}: nothing to do")
    follow(settings)


@unit.command()
@settings_option
@decision
@click.option("--to", "taker", required=True, metavar="ADDRESS", help="The new head.")
@click.option("--end-delegations", is_flag=True, help="End the delegations to others, too.")
@click.option(
    "--record", type=click.Path(path_type=Path, dir_okay=False), help="A copy of the record, as PDF."
)
@click.argument("address")
def handover(
    settings_file: Path,
    *,
    address: str,
    taker: str,
    reason: str,
    document: str,
    end_delegations: bool,
    record: Path | None,
) -> None:
    """Hand the mailbox ADDRESS of a unit over to its new head (LD-11.3). As root, on the mail server.

    Its content is counted before and after, all sessions that have it open end, and a record to sign is made.
    Exit status 1: something that was there before is not there any more; the record says what.
    """
    from congvu.files import write_whole  # noqa: PLC0415
    from congvu.lifecycle import handover as handing  # noqa: PLC0415
    from congvu.lifecycle.desk import Desk  # noqa: PLC0415
    from congvu.lifecycle.takeover import Office  # noqa: PLC0415
    from congvu.policy import source  # noqa: PLC0415

    settings = sync_settings.read(settings_file)
    if record and not record.absolute().parent.is_dir():
        raise InputError("there is no such folder", where=str(record.parent), hint="name one for the record")
    if not on_mail_server():
        raise InputError("this is no mail server, or not root", where=address, hint="run it there, as root")
    with as_owner_of(settings.state):
        desk = Desk(settings, author())
        box, new = desk.account(address), desk.account(taker)
        handing.check(box, new, desk.units_above(box), desk.units_above(new))
        old = desk.at(box.entry.value(handing.HEAD))
    domain = settings.domains[box.domain]
    clause = source.clause(source.sources(domain.policy), handing.CLAUSE)
    operation = handing.handed_over(
        box,
        old,
        new,
        policies.load(domain.policy),
        today(),
        reason=Reason(Act.HANDED_OVER, reason, clause=clause, document=document.strip()),
        end_delegations=end_delegations,
    )

    def act() -> None:
        with as_owner_of(settings.state):
            desk.carry_out_one(operation)
        click.echo(f"{box.address}: handed over to {new.address}")

    done = Office(settings, STATE, author()).hand_over(box.entry.dn, box.address, act)
    click.echo(f"{done.messages} messages; record {done.paper}, SHA-256 {done.digest}")
    if record:
        write_whole(record, done.paper.read_bytes())
        click.echo(f"a copy is in {record}")
    follow(settings)
    if done.missing:
        click.echo(f"{done.missing} messages of before are not there any more: see the record", err=True)
        click.get_current_context().exit(1)


@unit.command()
@settings_option
def watchers(settings_file: Path) -> None:
    """List the units whose mailbox nobody is assigned to watch, where the policy asks for it (LD-10.2đ).

    Exit status 1 when there are some.
    """
    from congvu.directory.connection import Directory  # noqa: PLC0415
    from congvu.directory.model import MANAGED_CLASS, Layout  # noqa: PLC0415
    from congvu.lifecycle import delegation  # noqa: PLC0415

    settings, missing = sync_settings.read(settings_file), False
    in_use = f"(&(objectClass={MANAGED_CLASS})(|(congvuState=initial)(congvuState=active)))"
    with as_owner_of(settings.state), Directory.as_service(settings.directory) as directory:
        for name, domain in settings.domains.items():
            if not policies.load(domain.policy).delegation.needs_watcher:
                continue
            units = Layout(settings.directory.base, name).units
            for entry in directory.search(units, in_use, ("objectClass", "cn", "mail", delegation.RECORD)):
                if not delegation.watched(entry, today()):
                    missing = True
                    click.echo(printable(f"{entry.value('mail')}: {entry.value('cn')}"))
    click.get_current_context().exit(1 if missing else 0)


@unit.command()
@settings_option
def freshness(settings_file: Path) -> None:
    """List the shared folders without news for as long as the policy says. As root, on a mail server.

    Exit status 1 when there are some.
    """
    from congvu.mail import freshness as looking  # noqa: PLC0415  (the quick commands do without)
    from congvu.mail import site  # noqa: PLC0415

    day, stale = today(), False
    with site.opened(sync_settings.read(settings_file)) as here:
        for domain in here.settings.domains:
            policy = here.policy(domain)
            shared = policy.shared_folders if policy else None
            if not shared:
                continue
            folders = [looking.look(one.name, one.address) for one in here.accounts.units(domain)]
            stale = stale or any(looking.passed(one, shared.fresh_within, day) for one in folders)
            click.echo(
                printable("\n".join((f"{domain}:", *looking.report(folders, shared.fresh_within, day))))
            )
    if stale:
        click.get_current_context().exit(1)
