"""A worker that is begun when it is needed, ended when nobody asked for a while, and left alone after it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.clock import SystemClock
from engine.workers.channel import Message
from engine.workers.process import Worker, WorkerFailed

COOL_DOWNS = (0.0, 5.0, 30.0, 60.0)
"""Seconds that it is left alone after so many failures in a row; the last one repeats. One may be chance."""


class KeptWorker:
    """One at most, one question at a time. `idle`: seconds after which it is ended, 0 for after each answer."""

    def __init__(self, module: str, limits: str, idle: float, words: Sequence[str] = ()) -> None:
        self._module, self._words = module, words
        self._limits = limits
        self._idle = idle
        self._lock = asyncio.Lock()
        self._ending: asyncio.TimerHandle | None = None
        self._until = 0.0
        self.now: Callable[[], float] = SystemClock().monotonic
        self.worker: Worker | None = None
        self.failures = 0
        """In a row."""

    async def ask(self, words: Mapping[str, Any], seconds: float) -> Message:
        """Raises WorkerFailed when it crashed, hung, answered nonsense, or did so too often just now."""
        async with self._lock:
            self._stay()
            try:
                answer = await self._running().ask(dict(words), b"", seconds)
            except WorkerFailed:
                self.worker = None
                self._failed()
                raise
            except ValueError:
                self._rest()  # the question can't be put into JSON: the fault is not the worker's
                raise
            except asyncio.CancelledError:
                self.worker = None  # it was ended with the question
                raise
            self.failures = 0
            self._rest()
            return answer

    def end(self) -> None:
        """Now; the next question begins another one."""
        self._stay()
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.kill()

    def _running(self) -> Worker:
        if self.worker is not None and not self.worker.lives:
            self.end()  # killed by somebody while it waited
        if self.worker is None:
            left = self._until - self.now()
            if left > 0:
                times = f"{self.failures} times in a row"
                raise WorkerFailed(f"it failed {times} and is left alone for {left:.0f} s more")
            self.worker = Worker(self._module, self._words, self._limits)
        return self.worker

    def _failed(self) -> None:
        if self.now() >= self._until:  # a question that was turned away is no failure of its own
            self.failures += 1
            self._until = self.now() + COOL_DOWNS[min(self.failures, len(COOL_DOWNS)) - 1]

    def _rest(self) -> None:
        if self._idle:
            self._ending = asyncio.get_running_loop().call_later(self._idle, self.end)
        else:
            self.end()

    def _stay(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
