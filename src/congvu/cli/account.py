"""`congvu account`: what a person in charge does to one account, and its whole story."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from congvu.cli import serving
from congvu.cli.author import author
from congvu.cli.options import decision, json_option
from congvu.errors import InputError, MailFailure
from congvu.printable import printable
from congvu.sync import settings as sync_settings
from congvu.vietnam import today

if TYPE_CHECKING:
    from congvu.directory.operations import Act
    from congvu.lifecycle.account import Account
    from congvu.sync.settings import Settings

_approved = click.option("--approved-by", default="", help="Who has approved it, where somebody must.")


@click.group()
def account() -> None:
    """One account: its story, and what a person in charge does to it. As root, on the server of the sync.

    Exit status 0: done. 2: bad input, nothing was done. 3: a system failed. docs/lifecycle.md says what is
    allowed.
    """


@account.command()
@serving.settings_option
@json_option
@click.argument("address")
def show(settings_file: Path, address: str, *, as_json: bool) -> None:
    """Show the account that holds ADDRESS: state, addresses, last access, quota, what its clocks will do.

    As root on the mail server how full it is and from where it is open, too.
    """
    from congvu.directory.connection import Directory  # noqa: PLC0415
    from congvu.lifecycle import story  # noqa: PLC0415
    from congvu.policy.effective import effective  # noqa: PLC0415

    settings, found = _look(settings_file, address)
    policy = _policy(settings, found)
    with serving.as_owner_of(settings.state), Directory.as_service(settings.directory) as directory:
        whole = directory.get(found.entry.dn, story.READ)
        others = {dn: directory.get(dn, ("mail",)) for dn in (whole.with_rights if whole else ())}
    if whole is None:
        raise InputError("it has just gone", where=found.entry.dn, hint="try again")
    names = {dn: entry.value("mail") for dn, entry in others.items() if entry}
    every = story.facts(found, whole, policy, effective(policy), today(), names=names)
    told = [one for one in every if one.value]
    if serving.on_mail_server():
        try:
            told += story.at_the_mail_server(found.address)
        except MailFailure as fault:  # what the directory says is worth telling all the same
            click.echo(printable(str(fault)), err=True)
    if as_json:
        facts = {one.name: one.value for one in told}
        click.echo(printable(json.dumps({"dn": found.entry.dn, **facts}, ensure_ascii=False, indent=2)))
    else:
        width = max(len(one.name) for one in told)
        for one in told:
            click.echo(printable(f"{one.name + ':':{width + 1}} {one.value}"))


@account.command()
@serving.settings_option
@json_option
@click.argument("address")
def history(settings_file: Path, address: str, *, as_json: bool) -> None:
    """Tell all that the audit log knows of the account that holds ADDRESS, oldest first."""
    from congvu.lifecycle import story  # noqa: PLC0415
    from congvu.sync.auditrecord import encode  # noqa: PLC0415

    settings, found = _look(settings_file, address)
    nothing = True
    with serving.as_owner_of(settings.state):
        for record in story.history(settings.audit_folder, found.entry.dn, found.address):
            nothing = False
            click.echo(encode(record) if as_json else printable(story.line(record, found.entry.dn)))
    if nothing:
        click.echo(f"the audit log here tells nothing of {found.address}", err=True)


def _plain(act: str, words: str) -> None:
    """A command that needs a reason, and may name a document."""

    @account.command(act, help=words)
    @serving.settings_option
    @decision
    @click.argument("address")
    def command(settings_file: Path, address: str, reason: str, document: str) -> None:
        serving.follow(_do(settings_file, address, _ACTS[act], why=reason, document=document))


_ACTS = {
    "approve": "approved",
    "lock": "locked",
    "unlock": "unlocked",
    "suspend": "suspended",
    "resume": "resumed",
    "restore": "restored",
}
_plain("approve", "Give ADDRESS to who waits for it; needs --document. 'revoke' declines.")
_plain("lock", "Lock the account that holds ADDRESS: no login from now on; it still receives.")
_plain("unlock", "Let the holder of ADDRESS log in again.")
_plain("suspend", "Suspend the account that holds ADDRESS: no login, and mail to it is refused.")
_plain("resume", "Let a suspended account go on as it was.")
_plain("restore", "Give a revoked account back, with its old address; its owner gets a new password.")


@account.command()
@serving.settings_option
@decision
@click.option("--at-units-request", is_flag=True, help="The unit has asked for it: needs --document.")
@click.argument("address")
def revoke(settings_file: Path, address: str, reason: str, document: str, *, at_units_request: bool) -> None:
    """Take the mailbox ADDRESS away. The address stays as a tombstone and goes to nobody else."""
    act = "withdrawn" if at_units_request else "revoked"
    serving.follow(_do(settings_file, address, act, why=reason, document=document))


@account.command()
@serving.settings_option
@decision
@_approved
@click.argument("address")
def reset(settings_file: Path, address: str, reason: str, document: str, approved_by: str) -> None:
    """Give the holder of ADDRESS a new initial password, and print it, once. Open sessions end.

    It must be changed at first login. Hand it over in person or on a channel you trust.
    """
    from congvu.directory.password import first_password  # noqa: PLC0415
    from congvu.policy.effective import effective  # noqa: PLC0415

    if not approved_by.strip():
        raise InputError("nobody has approved it", where=address, hint="say who with --approved-by")
    why = f"{reason} (người duyệt: {approved_by.strip()})"
    settings, found = _look(settings_file, address)
    secret = first_password(found.entry, effective(_policy(settings, found)).password_min_length)
    _do(settings_file, address, "reset", why=why, document=document, secret=secret)
    click.echo(secret)  # before anything else can fail: nobody can ask for it again
    serving.follow(settings)


@account.command()
@serving.settings_option
@decision
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day of it.")
@click.argument("address")
def exempt(settings_file: Path, address: str, reason: str, document: str, until: datetime) -> None:
    """Let the account that holds ADDRESS stay unused until a day, for a reason (LD-7.2d)."""
    if until.date() < today():
        raise InputError(f"{until:%Y-%m-%d} is over", where=address, hint="name a day to come")
    serving.follow(_do(settings_file, address, "exempted", why=reason, document=document, until=until.date()))


def _look(settings_file: Path, address: str) -> tuple[Settings, Account]:
    from congvu.lifecycle.desk import Desk  # noqa: PLC0415

    settings = sync_settings.read(settings_file)
    with serving.as_owner_of(settings.state):
        return settings, Desk(settings, author()).account(address)


def _policy(settings: Settings, found: Account) -> Any:
    from congvu import policy  # noqa: PLC0415

    if found.domain not in settings.domains:
        raise InputError(
            f"the settings have no mail domain {found.domain}", where=found.address, hint="look into sync.yml"
        )
    return policy.load(settings.domains[found.domain].policy)


def _do(settings_file: Path, address: str, word: str, *, why: str, document: str, **more: Any) -> Settings:
    """Carry one act out, and say what became of the account."""
    from congvu.directory.operations import Act  # noqa: PLC0415
    from congvu.lifecycle import acts  # noqa: PLC0415
    from congvu.lifecycle.desk import Desk  # noqa: PLC0415
    from congvu.policy import source  # noqa: PLC0415

    act: Act = Act(word)
    settings, found = _look(settings_file, address)
    policy = _policy(settings, found)
    clause = source.clause(source.sources(settings.domains[found.domain].policy), acts.clause_of(act))
    operation = acts.act(found, act, policy, today(), why=why, document=document, clause=clause, **more)
    with serving.as_owner_of(settings.state):
        Desk(settings, author()).carry_out_one(operation)
    state = acts.target(found, act, policy)
    became = act if state is found.state else f"{found.state} → {state}"
    click.echo(f"{found.address}: {became}", err=act is Act.RESET)
    return settings
