"""The venue's stream of reports as one process hears it: silent, late, doubled, out of order, or cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

from engine.clock import Clock
from engine.core.changed import changed
from engine.core.errors import Unavailable
from engine.core.inputs import FillSeen, OrderSeen
from sandbox.simulation.script import Kind
from sandbox.simulation.venue import Event
from sandbox.simulation.weather import Weather


class Stream:
    """Fills made while nobody listens are not told again, as at real venues."""

    def __init__(self, weather: Weather, random: Random, clock: Clock, apart: bool) -> None:
        """`apart`: executions come by themselves, beside their order's report."""
        self._weather = weather
        self._random = random
        self._apart = apart
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self._last = 0.0
        self._heard: asyncio.Queue[OrderSeen | FillSeen | None] | None = None

    async def listen(self) -> AsyncIterator[OrderSeen | FillSeen]:
        """Raises Unavailable when the stream breaks, or can't be opened."""
        if self._is_down():
            raise Unavailable("the stream can't be opened")
        self._heard = asyncio.Queue()
        while (one := await self._heard.get()) is not None:
            yield changed(one, at=self._clock.now())
        self._heard = None
        raise Unavailable("the stream broke off")

    def tell(self, event: Event) -> None:
        """Something happened at the venue."""
        if not event.told or self._heard is None or self._is_down() or self._weather.on(Kind.STREAM_SILENT):
            return
        for one in self._pieces(event):
            for _ in range(2 if self._weather.on(Kind.STREAM_DOUBLED) else 1):
                self._loop.call_at(self._arrival(), self._arrive, self._heard, one)

    def cut(self) -> None:
        """The connection breaks now."""
        if self._heard is not None:
            self._heard.put_nowait(None)

    def _arrive(self, heard: asyncio.Queue[OrderSeen | FillSeen | None], one: OrderSeen | FillSeen) -> None:
        if heard is self._heard:
            heard.put_nowait(one)

    def _is_down(self) -> bool:
        return self._weather.on(Kind.STREAM_CUT) or self._weather.on(Kind.UNREACHABLE)

    def _pieces(self, event: Event) -> list[OrderSeen | FillSeen]:
        at = self._clock.now()
        if event.fill is None or not self._apart:
            return [OrderSeen(at, event.report)]
        return [FillSeen(at, event.fill), OrderSeen(at, changed(event.report, fills=()))]

    def _arrival(self) -> float:
        """One connection keeps its order, unless it is said not to."""
        now = self._clock.monotonic()
        if self._weather.on(Kind.STREAM_SHUFFLED):
            return now + self._random.uniform(0.01, 4.0)
        delay = 6.0 if self._weather.on(Kind.STREAM_LATE) else 0.1
        self._last = max(now + delay, self._last + 1e-6)
        return self._last
