"""Virtual time: an event loop whose clock jumps to the next timer instead of waiting, and the engine's clock on it."""

from __future__ import annotations

import asyncio
import selectors
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2024, 3, 1, tzinfo=UTC)
"""Every simulated day begins here."""

MOST_TURNS = 100_000
"""Turns of the loop at one moment: more than that is a circle."""


class StuckError(RuntimeError):
    """Everybody waits for something that can never come: in real life the program would hang for ever."""


class _Jump:
    """In place of a selector: there is nothing to wait for but time, and time is moved."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._turns = 0

    def select(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise StuckError("every task waits and no timer is set")
        if timeout > 0:
            self._loop.jump(timeout)
            self._turns = 0
        self._turns += 1
        if self._turns > MOST_TURNS:
            raise StuckError("the program turns in a circle, and no time goes by")
        return []

    def close(self) -> None:
        """Nothing is held open."""


class VirtualLoop(asyncio.BaseEventLoop):
    """No sockets, no threads, no sleep: what runs in it is the same each time."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._selector = _Jump(self)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Virtual seconds since the day began."""
        return self._now

    def jump(self, seconds: float) -> None:
        self._now += seconds

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """No other thread ever wakes this loop."""


class LoopClock:
    """engine.clock.Clock, bound to a loop's time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._at = -1.0
        self._now = START

    def now(self) -> datetime:
        at = self._loop.time()
        if at != self._at:
            self._at, self._now = at, START + timedelta(seconds=at)
        return self._now

    def monotonic(self) -> float:
        return self._loop.time()
