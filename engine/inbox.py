"""A trader's inbox: commands first, then the venue's word, then market and time.

Safety commands never wait behind prices (law 8), and a flood of prices can't fill the memory.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from engine.core import inputs as i
from engine.core.trader import Decision

MOST_PRICES = 1000
"""Beyond this many waiting prices the oldest are dropped: a newer price of the same instrument follows them."""


@dataclass(slots=True)
class Letter:
    """An input, and who waits for what comes of it, if anybody does."""

    input: i.Input
    reply: asyncio.Future[Decision] | None = None


_VENUE = (
    i.OrderSeen,
    i.FillSeen,
    i.OrderRefused,
    i.OrderOutcomeUnknown,
    i.OrderNotFound,
    i.AskFailed,
    i.CancelRefused,
    i.PictureSeen,
    i.Opened,
)


class Inbox:
    """Three queues behind one `get`. Belongs to one event loop."""

    def __init__(self) -> None:
        self._commands: deque[Letter] = deque()
        self._venue: deque[Letter] = deque()
        self._market: deque[Letter] = deque(maxlen=MOST_PRICES)
        self._some = asyncio.Event()
        self._idle = asyncio.Event()

    def __len__(self) -> int:
        return len(self._commands) + len(self._venue) + len(self._market)

    def put(self, letter: Letter) -> None:
        """Never waits and never refuses."""
        self._queue_of(letter.input).append(letter)
        self._woken()

    def put_back(self, letter: Letter) -> None:
        """First of its kind again: it could not be dealt with yet."""
        self._queue_of(letter.input).appendleft(letter)
        self._woken()

    def _woken(self) -> None:
        self._idle.clear()
        self._some.set()

    async def get(self) -> Letter:
        while True:
            for queue in (self._commands, self._venue, self._market):
                if queue:
                    return queue.popleft()
            self._some.clear()
            self._idle.set()
            await self._some.wait()

    async def drained(self) -> None:
        """Wait until whoever calls `get` has dealt with everything and asks for more."""
        await self._idle.wait()

    def _queue_of(self, input: i.Input) -> deque[Letter]:
        if isinstance(input, i.Command):
            return self._commands
        return self._venue if isinstance(input, _VENUE) else self._market
