"""A request on paper (LD-7.1): checked as one by mail is, but for its sender, signature and seal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from congvu.mail.accounts import Account
from congvu.mail.site import Site
from congvu.policy.model.lifecycle import Channel
from congvu.requests import checks
from congvu.requests.intake import Judged, read_list, with_files
from congvu.requests.model import Request, State
from congvu.requests.store import identity
from congvu.requests.submitted import File


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on it."""

    domain: str
    unit: str
    """The unit's name."""
    document: str
    dated: str = ""
    signer: str = ""


def judge(here: Site, paper: Paper, unit: Account | None, files: Sequence[File], now: datetime) -> Judged:
    """The request; its `reasons` say what is not in order. `unit` is None where the directory has none.

    Raises `DirectoryFailure`, `PolicyError`.
    """
    policy = here.policy(paper.domain)
    assert policy is not None  # noqa: S101  (the domain is one of the settings)
    reasons: list[str] = []
    allowed = None
    if unit:
        units = here.accounts.all_units(paper.domain)
        reasons += checks.of_unit(unit, policy, Channel.PAPER, units)
        allowed = checks.below(unit, units, policy)
    reasons += checks.of_document(paper.document, policy)
    rows, faults, remarks = read_list(here, files, allowed, policy)
    reasons += faults
    request = Request(
        id=identity(
            f"{now:%Y%m%d}", paper.domain, paper.unit, paper.document, *(one.sha256 for one in files)
        ),
        channel=Channel.PAPER,
        domain=paper.domain,
        sender=unit.address if unit and unit.delivers else "",
        unit=paper.unit,
        received=now.isoformat(timespec="seconds"),
        state=State.RETURNED if reasons else State.PENDING,
        document=paper.document.strip(),
        document_date=paper.dated,
        signer=paper.signer,
        rows=() if reasons else rows,
        reasons=tuple(reasons),
        remarks=remarks,
    )
    return with_files(request, files)
