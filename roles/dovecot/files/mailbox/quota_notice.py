#!/usr/bin/python3
"""Tell the owner of a mailbox that it is nearly full, once for each crossing (LD-12.2b).

    quota_notice.py over|under RANK ADDRESS HOME SIZE NAME…

Dovecot calls it when the use passes one of the policy's shares, the highest being rank 0, on the way up or
down. Deliveries at the same moment may each think that they were the ones to cross: what was told is kept
beside the mail until the use falls again. The size is kept with it, for a share of another size is news.

The notice is put into the mailbox as Maildir asks, not delivered: a full mailbox would refuse it, and a
filter of the owner's might send it away.
"""

from __future__ import annotations

import fcntl
import sys
from email.message import Message
from mailbox import Maildir
from pathlib import Path

import notices

_UNITS = (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10))


def spoken(octets: int) -> str:
    """`octets` as people read sizes; Vietnamese has a decimal comma.

    >>> spoken(5 << 29), spoken(1 << 20)
    ('2,5 GB', '1 MB')
    """
    unit, size = next((each for each in _UNITS if octets >= each[1]), _UNITS[-1])
    return f"{octets / size:.1f}".removesuffix(".0").replace(".", ",") + f" {unit}"


def settle(memory: Path, shares: list[int], direction: str, rank: int, size: str) -> int:
    """The share to tell of now, or 0. `memory` keeps the share that was told, and of which size."""
    with memory.open("a+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        before, _, of = file.read().partition(" ")
        told = int(before) if before and of == size else 0
        passed = shares[rank] if direction == "over" else (*shares, 0)[rank + 1]
        known = max(told, passed) if direction == "over" else min(told, passed)
        file.truncate(0)
        file.write(f"{known} {size}")
    return passed if direction == "over" and passed > told else 0


def main(direction: str, rank: str, address: str, home: str, size: str, *name: str) -> None:
    """Tell, where there is something to tell."""
    domain = notices.load()[notices.domain_of(address)]
    shares = sorted({int(share) for share in domain["warn_at"]}, reverse=True)
    if not shares:
        return
    at = min(int(rank), len(shares) - 1)
    share = settle(Path(home) / "quota-notice", shares, direction, at, size)
    if share:
        quota = spoken(int(size.removesuffix("B")))
        message = notices.compose("quota", domain, address, " ".join(name), share=f"{share} %", size=quota)
        deliver(message, Path(home) / "Maildir")


def deliver(message: Message, folder: Path) -> None:
    """Put the message into the inbox."""
    Maildir(folder, create=False).add(message.as_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
