"""Whether the time for another try has come."""

from __future__ import annotations

from datetime import datetime, timedelta

LONGEST_WAIT = timedelta(seconds=90)
"""No wait in the core is longer (the longest retry is 30 s): a due time further ahead was written by a clock that was
set back since, and nothing may wait for that hour to come again (P13)."""


def due(now: datetime, at: datetime | None) -> bool:
    """None is due at once."""
    return at is None or now >= at or at - now > LONGEST_WAIT
