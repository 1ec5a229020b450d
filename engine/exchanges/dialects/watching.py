"""What keeps a user stream open: ccxt's watching calls, which end only when the connection does."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Yes:
    """The venue's answers to what was subscribed, where ccxt does not wait for them: `needed` different ones."""

    def __init__(self, needed: int) -> None:
        self._needed = needed
        self._said: set[str] = set()
        self._all = asyncio.Event()

    def said(self, to: object) -> None:
        """`to` is what the answer belongs to; one that comes twice counts once."""
        self._said.add(str(to))
        if len(self._said) >= self._needed:
            self._all.set()

    async def to_all(self) -> None:
        await self._all.wait()


class Watching:
    """The calls of one stream. Each runs from the moment it is given, so that no end of a connection is missed: a
    call made anew after it would quietly connect again, and what was told meanwhile would be lost."""

    def __init__(self) -> None:
        self._calls: set[asyncio.Task[Any]] = set()

    def begin(self, call: Coroutine[Any, Any, Any]) -> None:
        """Run a call of ccxt for as long as the stream lives, such as `client.watch_orders()`."""
        self._calls.add(asyncio.get_running_loop().create_task(call))

    async def until(self, yes: Coroutine[Any, Any, Any]) -> None:
        """Wait for the venue's yes. Raises what a call raised before it came."""
        waiting = asyncio.get_running_loop().create_task(yes)
        try:
            await asyncio.wait({waiting, *self._calls}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                await self.broken()
            await waiting
        finally:
            waiting.cancel()

    async def broken(self) -> None:
        """Wait for the end of the first call, and raise its error; returns if it ended without one."""
        if self._calls:
            ended, _ = await asyncio.wait(self._calls, return_when=asyncio.FIRST_COMPLETED)
            for call in ended:
                call.result()

    async def close(self) -> None:
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
