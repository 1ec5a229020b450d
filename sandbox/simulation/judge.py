"""The first broken law of a day ends it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from engine.clock import Clock


@dataclass(frozen=True, slots=True)
class Broken:
    """`law` is its number in the plan of the house; 0 for a flaw of the simulation or a failed process."""

    law: int
    words: str
    at: datetime

    def __str__(self) -> str:
        return f"law {self.law} at {self.at:%H:%M:%S}: {self.words}"


class Judge:
    """Keeps the first verdict only: what follows from a broken law is no news."""

    def __init__(self, clock: Clock) -> None:
        self.broken: Broken | None = None
        self._clock = clock
        self._ended = asyncio.Event()

    def blame(self, law: int, words: str) -> None:
        if self.broken is None:
            self.broken = Broken(law, words, self._clock.now())
            self._ended.set()

    def expect(self, holds: bool, law: int, words: str) -> None:
        if not holds:
            self.blame(law, words)

    async def wait(self) -> None:
        """Until a law is broken."""
        await self._ended.wait()
