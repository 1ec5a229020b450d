"""The only place that asks what time it is. Every time in Pocketdesk is an aware UTC datetime."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """`now` is for what is written down, `monotonic` (seconds) for measuring how long something takes."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """This machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """Stands still until told to move: for back-tests, simulations and tests."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._now = start

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def advance(self, by: timedelta) -> None:
        """Move forward; raises ValueError for a step back, which real time does not make either."""
        if by < timedelta(0):
            raise ValueError("a clock only moves forward")
        self._now += by

    def move_to(self, moment: datetime) -> None:
        """Move forward to `moment`."""
        self.advance(moment - self._now)
