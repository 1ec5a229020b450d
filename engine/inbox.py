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
"""Beyond this many waiting letters of the market the oldest prices and ticks are dropped: newer ones follow them. What
comes only once (a signal, the venue's rules, the beginning or end of a trouble) is kept."""


@dataclass(slots=True)
class Letter:
    """An input, and who waits for what comes of it, if anybody does. `taken`: it is being dealt with, or was;
    `written`: what came of it may be on disk from here on."""

    input: i.Input
    reply: asyncio.Future[Decision] | None = None
    taken: bool = False
    withdrawn: bool = False
    written: bool = False

    def withdraw(self) -> bool:
        """Whoever handed it in has waited long enough; False when it is too late for that."""
        self.withdrawn = self.withdrawn or not self.taken
        return self.withdrawn


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


_FOLLOWED = (i.PriceSeen, i.TimerTicked, i.EquityDue)
"""Of these the next says all that the last one did."""


class Inbox:
    """Three queues behind one `get`. Belongs to one event loop."""

    def __init__(self) -> None:
        self._commands: deque[Letter] = deque()
        self._venue: deque[Letter] = deque()
        self._market: deque[Letter] = deque()
        self._taker: asyncio.Future[None] | None = None
        self._idle = asyncio.Event()

    def __len__(self) -> int:
        return len(self._commands) + len(self._venue) + len(self._market)

    def put(self, letter: Letter) -> None:
        """Never waits and never refuses."""
        self._queue_of(letter.input).append(letter)
        if len(self._market) > MOST_PRICES:
            self._drop_the_oldest_price()
        self._woken()

    def take_commands(self) -> list[Letter]:
        """Remove and return the commands that wait: another runner, or nobody, will deal with them."""
        waiting = list(self._commands)
        self._commands.clear()
        return waiting

    def _drop_the_oldest_price(self) -> None:
        for place, letter in enumerate(self._market):
            if isinstance(letter.input, _FOLLOWED):
                del self._market[place]
                return

    def put_back(self, letter: Letter) -> None:
        """First of its kind again: it could not be dealt with yet."""
        self._queue_of(letter.input).appendleft(letter)
        self._woken()

    def _woken(self) -> None:
        self._idle.clear()
        if self._taker is not None and not self._taker.done():
            self._taker.set_result(None)

    async def get(self) -> Letter:
        """The first letter, once there is one; for one taker only."""
        while True:
            for queue in (self._commands, self._venue, self._market):
                if queue:
                    return queue.popleft()
            self._idle.set()
            self._taker = asyncio.get_running_loop().create_future()
            await self._taker

    async def drained(self) -> None:
        """Wait until whoever calls `get` has dealt with everything and asks for more."""
        await self._idle.wait()

    def _queue_of(self, input: i.Input) -> deque[Letter]:
        if isinstance(input, i.Command):
            return self._commands
        return self._venue if isinstance(input, _VENUE) else self._market
