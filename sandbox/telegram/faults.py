"""Faults on demand: what Telegram and the way to it do on a bad day."""

from __future__ import annotations

import asyncio
import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

FaultKind = Literal[
    "too_many_requests", "server_error", "hang", "delay", "refuse", "drop_answer", "garbage", "echo", "spoil"
]


class Fault(BaseModel):
    """One fault: what happens, to which methods (all when none are named), how long or how often.

    `too_many_requests` answers 429 with `retry_after` (the seconds left, unless given) · `server_error` answers
    `status` · `hang` never answers while it lasts · `delay` answers `delay` seconds late · `refuse` cuts the
    connection before anything is done · `drop_answer` does what was asked and cuts the connection instead of
    answering · `garbage` answers with a page that is no JSON · `echo` refuses with 400 and repeats the address, behind
    `text` · `spoil` breaks the JSON at the first name in it.
    """

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    methods: list[str] = Field(default_factory=list)
    seconds: float = Field(default=3600.0, gt=0)
    times: int | None = Field(default=None, ge=1)
    retry_after: int | None = Field(default=None, ge=1)
    status: int = Field(default=502, ge=500, le=599)
    delay: float = Field(default=1.0, ge=0)
    text: str = ""
    _until: float = PrivateAttr(default=0.0)

    def begin(self) -> None:
        """Start the clock of a fault that lasts for seconds."""
        self._until = time.monotonic() + self.seconds

    def left(self) -> float:
        """Seconds until it ends by itself."""
        return max(0.0, self._until - time.monotonic())


class FaultBox:
    """The faults that are switched on now."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self._cleared = asyncio.Event()

    def add(self, fault: Fault) -> None:
        """Switch a fault on."""
        fault.begin()
        self.active.append(fault)

    def clear(self) -> None:
        """Switch all off; calls that hang are let go."""
        self.active.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    def strike(self, method: str) -> Fault | None:
        """The fault that meets this call, counted down; None on a good day."""
        self.active = [fault for fault in self.active if fault.left() > 0 and fault.times != 0]
        for fault in self.active:
            if not fault.methods or method.lower() in {name.lower() for name in fault.methods}:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    async def hang(self, seconds: float) -> None:
        """Wait until the fault ends or is cleared."""
        try:
            async with asyncio.timeout(seconds):
                await self._cleared.wait()
        except TimeoutError:
            return
