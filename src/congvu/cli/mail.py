"""`congvu mail`: messages that are held, and messages that must come back. As root, on a mail server."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from congvu.cli.author import author
from congvu.cli.options import decision, json_option
from congvu.cli.serving import settings_option
from congvu.errors import InputError, MailFailure
from congvu.printable import printable
from congvu.sync import settings as sync_settings

if TYPE_CHECKING:
    from congvu.mail.held import Held
    from congvu.mail.messageid import MessageId
    from congvu.mail.queue import Queued
    from congvu.mail.recall import Found

_STATE, _TOLD = Path("/var/lib/congvu-mail"), Path("/var/lib/congvu-held")

_state = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=_STATE,
    show_default=True,
    help="Folder of the audit log of what was done.",
)


@click.group()
def mail() -> None:
    """Messages that are held, and messages that must come back. As root, on a mail server.

    Exit status 0: done, or nothing to do. 1: something was not found, or nobody could be told. 2: bad input,
    nothing was done. 3: a system failed; the next run goes on.
    """


@mail.command("held")
@json_option
@click.option("--told", type=click.Path(path_type=Path), default=_TOLD, hidden=True)
def held_(*, as_json: bool, told: Path) -> None:
    """List the messages that are held, oldest first: who sent them, to whom, and which rule had them held."""
    from congvu.mail import held  # noqa: PLC0415  (the quick commands do without)

    found = held.look()
    known = held.told_of(told / "audit")
    if as_json:
        listed = [_as_json(one, known.get(one.message.id)) for one in found]
        click.echo(printable(json.dumps(listed, ensure_ascii=False, indent=2)))
    else:
        for one in found:
            click.echo(printable("\n".join(_lines(one, known.get(one.message.id)))))
        click.echo(f"{len(found)} held" if found else "no message is held")


@mail.command()
@settings_option
@_state
@decision
@click.argument("queue_id")
def release(settings_file: Path, state: Path, queue_id: str, **decision: str) -> None:
    """Let the held message QUEUE_ID go on. No rule looks at it again."""
    from congvu.mail import held, record  # noqa: PLC0415

    sync_settings.read(settings_file)
    _check(decision)
    with record.acts(state / "audit", author(), decision["reason"]) as given:
        held.release(given, held.one(queue_id), decision)
    click.echo(f"{queue_id}: released")


@mail.command()
@settings_option
@_state
@decision
@click.argument("queue_id")
def delete(settings_file: Path, state: Path, queue_id: str, **decision: str) -> None:
    """Remove the held message QUEUE_ID, and tell its sender and the sender's unit.

    Exit status 3 with "deleted, but …": who is named there must be told by you.
    """
    from congvu.mail import held, record, site  # noqa: PLC0415

    _check(decision)
    with (
        site.opened(sync_settings.read(settings_file)) as here,
        record.acts(state / "audit", author(), decision["reason"]) as given,
    ):
        told = held.delete(given, here, held.one(queue_id), decision)
    click.echo(f"{queue_id}: deleted; told: {', '.join(told) or 'nobody, the sender has no mailbox here'}")


@mail.command()
@settings_option
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=_TOLD,
    show_default=True,
    help="Folder of the record of who was told.",
)
def notify(settings_file: Path, state: Path) -> None:
    """Tell the units whose messages are held, each of them once. For a timer."""
    from congvu.mail import held  # noqa: PLC0415

    waiting = held.untold(state / "audit")
    if not waiting:
        return
    from congvu.mail import site  # noqa: PLC0415

    nobody = False
    with site.opened(sync_settings.read(settings_file)) as here:
        for one, told in held.notify(here, state / "audit", author(), waiting):
            nobody |= not told
            click.echo(
                printable(f"{one.message.id}: told {', '.join(told) or 'nobody: no unit answers for it'}")
            )
    click.get_current_context().exit(int(nobody))


@mail.command()
@settings_option
@_state
@click.argument("message_id")
@click.option(
    "--from", "boxes", multiple=True, metavar="BOX", help="This mailbox, by an address. May be repeated."
)
@click.option("--all-recipients", is_flag=True, help="Every mailbox, and the queue whoever it is for.")
@click.option("--yes", is_flag=True, help="Remove it. Without this, nothing is done and only shown.")
@decision
def recall(
    settings_file: Path,
    state: Path,
    message_id: str,
    *,
    boxes: tuple[str, ...],
    all_recipients: bool,
    yes: bool,
    **decision: str,
) -> None:
    """Find the message with MESSAGE_ID in mailboxes and queue; with --yes, remove it and tell their owners.

    Exit status 1: in a mailbox that was named, it is not; or a copy had left the queue before it was removed.
    """
    from congvu.mail import recall as recalling  # noqa: PLC0415
    from congvu.mail import record, site  # noqa: PLC0415
    from congvu.mail.messageid import MessageId  # noqa: PLC0415

    wanted = MessageId.from_text(message_id)
    _check(decision)
    if bool(boxes) == all_recipients:
        raise InputError("say where to look: --from BOX, or --all-recipients")
    with site.opened(sync_settings.read(settings_file)) as here:
        where = recalling.scope(here, boxes)
        log = record.acts(state / "audit", author(), decision["reason"]) if yes else nullcontext()
        with log as given:
            if given:
                found = recalling.carry_out(given, here, wanted, where, decision)
            else:
                found = recalling.look(here, wanted, where)
            missing = recalling.missing(where, found, here)
            _show(wanted, found, missing, done=yes)
            _check_told(found)
    left = bool(missing or found.others or found.gone) or not found
    click.get_current_context().exit(int(left))


def _check(decision: dict[str, str]) -> None:
    if not decision["reason"].strip():
        raise InputError("--reason is empty", hint="those who are told read it")
    if os.geteuid() != 0:
        raise InputError("Postfix's queue and the mailboxes are root's to change", hint="sudo congvu mail …")


def _as_json(one: Held, told: tuple[str, ...] | None) -> dict[str, Any]:
    message = one.message
    return {
        "queue_id": message.id,
        "time": message.arrived.isoformat(),
        "size": message.size,
        "sender": message.sender,
        "recipients": list(message.recipients),
        "message_id": list(one.said.message_ids),
        "held_for": list(one.said.reasons),
        "told": None if told is None else list(told),
    }


def _lines(one: Held, told: tuple[str, ...] | None) -> Iterator[str]:
    message = one.message
    yield f"{message.id}  {message.arrived.astimezone():%Y-%m-%d %H:%M}  {message.size} bytes"
    yield f"    from    {message.sender or '<>'}"
    yield f"    to      {', '.join(message.recipients)}"
    yield f"    id      {one.about.message_id or '–'}"
    yield f"    held    {'; '.join(one.said.reasons) or 'by hand, no rule left its reason'}"
    told_text = "nobody yet" if told is None else ", ".join(told) or "nobody: no unit answers for it"
    yield f"    told    {told_text}"


def _check_told(found: Found) -> None:
    if found.untold:
        raise MailFailure("\n".join(found.untold.values()), hint="run it again: it tells them")


def _show(wanted: MessageId, found: Found, missing: Sequence[str], *, done: bool) -> None:
    for line in _where(found, done=done):
        click.echo(printable(line))
    for box in missing:
        click.echo(printable(f"not found: {box}"), err=True)
    click.echo(_sum(wanted, found, done=done))


def _where(found: Found, *, done: bool) -> Iterator[str]:
    verb = "removed" if done else "found"
    for copy in found.copies:
        place = f"{copy.box}, folder {copy.folder}, uid {copy.uid}"
        yield f"{verb}: {place}, {copy.size} bytes, of {copy.received}"
    for message in found.queued:
        yield f"{verb}: {_in_queue(message)}"
    for message in found.others:
        yield f"left: {_in_queue(message)}: name them all, or --all-recipients"
    for message in found.gone:
        yield f"{_in_queue(message)}: gone before it could be removed (sent, or taken off)"


def _in_queue(message: Queued) -> str:
    return f"queue {message.queue}, {message.id}, for {', '.join(message.recipients)}"


def _sum(wanted: MessageId, found: Found, *, done: bool) -> str:
    count = len(found.copies) + len(found.queued)
    if done:
        return printable(f"{wanted}: {count} removed")
    return printable(f"{wanted}: {count} found{'; nothing was removed: repeat with --yes' if count else ''}")
