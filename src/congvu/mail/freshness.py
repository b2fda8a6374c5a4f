"""Shared folders of units without news (DL-4.2c): what lies in them, and the report for the office."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from congvu.errors import MailFailure
from congvu.mail.tools import run
from congvu.policy.values import Duration

SHARED = "Thư mục dùng chung"
"""The shared folder in the mailbox of its unit, as the role `dovecot` sets it up."""
_SPOKEN = {
    "minutes": "phút",
    "hours": "giờ",
    "days": "ngày",
    "working days": "ngày làm việc",
    "weeks": "tuần",
    "months": "tháng",
    "years": "năm",
}


@dataclass(frozen=True, slots=True)
class Folder:
    """The shared folder of a unit."""

    unit: str
    """Name of the unit."""
    address: str
    newest: date | None
    """The day on which something was put there last; None where there is nothing."""


def look(unit: str, address: str) -> Folder:
    """The folder of a unit with all folders in it, whether it has been used or not. Raises `MailFailure`."""
    where = ["(", "mailbox", SHARED, "or", "mailbox", f"{SHARED}/*", ")"]
    done = run(["doveadm", "-f", "json", "fetch", "-u", address, "date.saved.unixtime", *where])
    try:
        saved = [int(one["date.saved.unixtime"]) for one in json.loads(done.text or "[]")]
    except (ValueError, KeyError) as problem:
        raise MailFailure(f"cannot read its answer: {problem}", where="doveadm fetch") from None
    return Folder(unit, address, date.fromtimestamp(max(saved)) if saved else None)


def passed(folder: Folder, within: Iterable[Duration], today: date) -> Duration | None:
    """The longest of the spans in which the folder had no news; None where it had some in each.

    A folder with nothing in it has had none in any.
    """
    spans = sorted(within, key=lambda span: span.after(today), reverse=True)
    return next((span for span in spans if folder.newest is None or span.after(folder.newest) < today), None)


def report(folders: Sequence[Folder], within: Sequence[Duration], today: date) -> tuple[str, ...]:
    """What the office reads of one mail domain, a line each; the folders longest without news come first."""
    stale = [(folder, span) for folder in folders if (span := passed(folder, within, today))]
    if not stale:
        return (f"Tất cả {len(folders)} thư mục dùng chung đều có nội dung mới.",)
    stale.sort(key=lambda pair: (pair[0].newest or date.min, pair[0].address))
    lines = [f"{len(stale)}/{len(folders)} thư mục dùng chung không có nội dung mới, ngày {today:%d/%m/%Y}:"]
    for folder, span in stale:
        since = (
            f"nội dung mới nhất ngày {folder.newest:%d/%m/%Y}" if folder.newest else "chưa có nội dung nào"
        )
        lines.append(f"  {folder.unit} <{folder.address}>: quá {_spoken(span)}, {since}")
    return tuple(lines)


def _spoken(span: Duration) -> str:
    return f"{span.count} {_SPOKEN[span.unit]}"
