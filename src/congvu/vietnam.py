"""The country's time, in which people read of what happened, and in which days are counted."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))
"""One time for the whole country, without daylight saving."""


def today() -> date:
    """The day it is in Vietnam, wherever this runs."""
    return datetime.now(VIETNAM).date()
