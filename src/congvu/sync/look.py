"""Whether anything has moved since a run that had nothing left to do. What a quick run needs is all here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from congvu.directory import inspect as inspecting
from congvu.directory.connection import Directory
from congvu.errors import InputError, SettingsError
from congvu.strictyaml import nearest
from congvu.sync import memory
from congvu.sync.digest import digest as digest_of
from congvu.sync.job import Order
from congvu.sync.memory import Memory, Seen

if TYPE_CHECKING:
    from congvu.sync.gathered import Gathered


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the files say."""

    digest: str
    """Of all of them."""
    gathered: Gathered | None
    """None where they are as at the end of a run that had nothing left to do: read only if needed."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a run stands on."""

    memory: Memory
    """As the last finished run left it."""
    seen: Seen
    """The directory, before it was read."""
    provider: str
    """URI of the server that was read."""
    inputs: Inputs
    quick: bool
    """Whether nothing has moved since a run that had nothing left to do."""


def read(order: Order, kept: Memory) -> Inputs:
    """Read the files, unless they are those of a run that had nothing left to do. No directory is needed.

    Raises the errors of `sources.gather`, `SettingsError` for a domain that the settings do not have, and
    `InputError` where a folder may not be entered.
    """
    if strange := order.domains - order.settings.domains.keys():
        name = min(strange)
        hint = nearest(name, order.settings.domains)
        raise SettingsError(f"there is no mail domain {name!r} in the settings", hint=hint)
    try:
        digest, quiet = digest_of(order.settings), kept.quiet
        same = quiet is not None and (quiet.digest, quiet.day) == (digest, order.today)
        return Inputs(digest, None if same and not order.verify else gather(order))
    except PermissionError as fault:  # nobody outside a closed folder sees whether a file is in it
        hint = "check the owner and the rights of its folders"
        raise InputError("cannot be read: Permission denied", where=str(fault.filename), hint=hint) from None


def gather(order: Order) -> Gathered:
    """Read and check all files, see `congvu.sync.sources.gather`."""
    # Here, not above: a run that finds nothing moved does without, and starts in a third of the time.
    from congvu.sync import sources  # noqa: PLC0415

    return sources.gather(order.settings, today=order.today)


def look(order: Order, directory: Directory, kept: Memory, inputs: Inputs) -> Ground:
    """See whether anything has moved. Costs two small searches.

    Where the directory has had other changes since, such as logins, what is compared is hashed as well,
    provided that an earlier run has noted the hash (`settle`).
    """
    seen = Seen(directory.base_uuid(), directory.context_csn())
    quick = inputs.gathered is None and _still(kept, seen)
    if quick and kept.seen != seen:
        frames = kept.quiet.frames if kept.quiet else ""
        quick = bool(frames) and inspecting.digest(directory, order.settings.directory.base) == frames
    return Ground(kept, seen, directory.provider, inputs, quick)


def _still(kept: Memory, seen: Seen) -> bool:
    """Whether it is the directory of the last run, and no older."""
    return (
        kept.seen is not None
        and kept.seen.base_uuid == seen.base_uuid
        and not memory.moved_back(kept.seen.context_csn, seen.context_csn)
    )
