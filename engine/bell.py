"""Wait for a word or for some time, whichever comes first: thousands of times a day, so without a task to cancel."""

from __future__ import annotations

import asyncio


class Bell:
    """Rung by anybody, heard by one; a ring that nobody waited for is heard by the next who does."""

    def __init__(self) -> None:
        self._rung = False
        self._waiting: asyncio.Future[None] | None = None

    def ring(self) -> None:
        self._rung = True
        self._wake()

    def silence(self) -> None:
        """Forget what rang: it is being dealt with."""
        self._rung = False

    async def rings_within(self, seconds: float) -> bool:
        """Whether it rang; at the latest after so many seconds."""
        if not self._rung:
            loop = asyncio.get_running_loop()
            self._waiting = loop.create_future()
            timer = loop.call_later(seconds, self._wake)
            try:
                await self._waiting
            finally:
                timer.cancel()
        rang, self._rung = self._rung, False
        return rang

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
