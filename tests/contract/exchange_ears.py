"""Listening to a live venue's user stream in a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.core.errors import Unavailable
from engine.core.ids import FillId
from engine.core.inputs import FillSeen, OrderSeen
from engine.core.model import Fill
from tests.contract.exchange_venue import BTC, LiveUnderTest
from tests.support.whole_desk import eventually

PATIENCE = 20.0
"""Seconds until a stream that does not end fails the test."""


class Ears:
    """All that the stream told so far, and how it ended."""

    def __init__(self, venue: LiveUnderTest) -> None:
        self.seen: list[OrderSeen | FillSeen] = []
        self._venue = venue
        self._task = asyncio.create_task(self._listen())

    @property
    def fills(self) -> list[Fill]:
        return [one.fill for one in self.seen if isinstance(one, FillSeen)]

    @property
    def orders(self) -> list[OrderSeen]:
        return [one for one in self.seen if isinstance(one, OrderSeen)]

    async def broke(self) -> str:
        """The sentence with which the stream ends."""
        async with asyncio.timeout(PATIENCE):
            return await asyncio.shield(self._task)

    async def signed_in(self) -> None:
        async def look() -> bool:
            stream = self._venue.adapter._stream
            return stream is not None and stream._open

        await eventually(look, "the user stream to be open")

    async def all_of(self, fills: list[Fill]) -> dict[FillId, Fill]:
        """What was told, once it was told of each of `fills`."""

        async def told() -> bool:
            return {fill.id for fill in fills} <= {fill.id for fill in self.fills}

        await eventually(told, "the stream to tell of every fill")
        return {fill.id: fill for fill in self.fills}

    async def _listen(self) -> str:
        try:
            async for one in self._venue.exchange.reports():
                self.seen.append(one)
        except Unavailable as error:
            return str(error)
        raise AssertionError("a stream of reports never ends without an error")

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def listening(venue: LiveUnderTest, signed_in: bool = True) -> AsyncIterator[Ears]:
    """The venue's rules are loaded and, unless not wanted, the stream is open."""
    await venue.exchange.open_orders([BTC])
    ears = Ears(venue)
    try:
        if signed_in:
            await ears.signed_in()
        yield ears
    finally:
        await ears.close()
