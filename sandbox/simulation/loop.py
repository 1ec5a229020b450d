"""Virtual time: an event loop whose clock jumps to the next timer instead of waiting, and the engine's clock on it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any

START = datetime(2024, 3, 1, tzinfo=UTC)
"""Every simulated day begins here."""

MOST_TURNS = 100_000
"""Turns of the loop at one moment: more than that is a circle."""


class StuckError(RuntimeError):
    """Everybody waits for something that can never come: in real life the program would hang for ever."""


class _Handle(asyncio.TimerHandle):
    """Made ten thousand times a day: without the questions about debugging."""

    __slots__ = ()

    def __init__(self, when: float, callback: Any, args: Any, loop: VirtualLoop) -> None:
        self._context = None
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._when = when
        self._scheduled = False

    def cancel(self) -> None:
        """It stays in the heap until its time comes."""
        self._cancelled = True
        self._callback, self._args = None, ()


class VirtualLoop(asyncio.BaseEventLoop):
    """No sockets, no threads, no sleep: what runs in it is the same each time. Its one turn is written for that: what
    asyncio's own does about signals, sockets and slow callbacks is half the time of a simulated day. All callbacks
    share one context: ours set a context variable only between two waits."""

    _stopping: bool

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        """Virtual seconds since the day began: read tens of thousands of times a day, so without a call."""
        self._soon: deque[Any] = deque()
        self._timers: list[tuple[float, int, Any]] = []
        self._made = 0

    def time(self) -> float:
        """See `now`."""
        return self.now

    get_debug = staticmethod(bool)
    """Never. Each handle asks, so it is answered without a frame of Python."""

    def call_soon(  # type: ignore[override]  # asyncio's variadic generics
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = _Handle(self.now, callback, args, self)
        self._soon.append(handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = _Handle(when, callback, args, self)
        self._made += 1
        heappush(self._timers, (when, self._made, handle))
        return handle

    def _run_once(self) -> None:
        """Everything that is due now; then time jumps to the next timer. Raises StuckError."""
        turns, soon = 0, self._soon
        while not self._stopping:
            if not soon:
                self._jump()
                turns = 0
            turns += 1
            if turns > MOST_TURNS:
                raise StuckError("the program turns in a circle, and no time goes by")
            for _ in range(len(soon)):
                handle = soon.popleft()
                if not handle._cancelled:
                    # An error of a callback ends the day: nothing of the simulation may fail unseen.
                    handle._callback(*handle._args)

    def _jump(self) -> None:
        """To the next timer that is still wanted, and all others of the same moment."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heappop(timers)
        if not timers:
            raise StuckError("every task waits and no timer is set")
        self.now = max(self.now, timers[0][0])
        while timers and timers[0][0] <= self.now:
            self._soon.append(heappop(timers)[2])


class LoopClock:
    """engine.clock.Clock, bound to a loop's time."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._at = -1.0
        self._now = START

    def now(self) -> datetime:
        at = self._loop.now
        if at != self._at:
            self._at, self._now = at, START + timedelta(0, at)
        return self._now

    def monotonic(self) -> float:
        return self._loop.now
