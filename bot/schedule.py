"""The jobs. Each only hands something to the engine and returns: the work itself runs elsewhere.

C1: a job that comes late runs all the same (no grace limit), once for all that were missed.
C2: no job waits for its work, so none can hang; the work has a deadline of its own.
P13: the scheduler goes by the wall clock; where that is set back it would rest until the old time has come again. A
watch that goes by the monotonic clock arms the jobs anew then.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from loguru import logger

from engine.clock import Clock
from engine.coordinator import Coordinator
from engine.timeframes import last_close, next_close
from engine.venue_room import VenueRoom

TICK = 1
"""Seconds between looks at time limits and questions that are due."""
EQUITY = 5
"""Seconds between looks at equity and its limits."""
LATE = 5.0
"""Seconds without a tick after which the jobs are armed anew."""
AFTER_CLOSE = timedelta(milliseconds=50)
"""A venue publishes a closed candle a moment after its close."""


class Schedule:
    """Arms the engine's jobs on a scheduler that somebody else starts and stops."""

    def __init__(self, scheduler: AsyncIOScheduler, coordinator: Coordinator, clock: Clock) -> None:
        self._scheduler = scheduler
        self._coordinator = coordinator
        self._clock = clock
        self._cycles: set[asyncio.Task[None]] = set()
        self._ticked_at = 0.0
        self._watch: asyncio.Task[None] | None = None

    def arm(self) -> None:
        """Add every job: the ticks, and one for each venue and timeframe at that timeframe's closes."""
        self._ticked_at = self._clock.monotonic()
        if self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._look_after_ticks())
        self._add(self._tick, IntervalTrigger(seconds=TICK), "tick")
        self._add(self._mark_equity, IntervalTrigger(seconds=EQUITY), "equity")
        for room in self._coordinator.rooms:
            for timeframe in room.cycle.timeframes:
                first = next_close(self._clock.now(), timeframe) + AFTER_CLOSE
                trigger = IntervalTrigger(seconds=timeframe, start_date=first)
                self._add(self._cycle, trigger, f"cycle {room.name} {timeframe}", room, timeframe)

    def _add(self, job: object, trigger: IntervalTrigger, name: str, *arguments: object) -> None:
        self._scheduler.add_job(
            job,
            trigger,
            args=arguments,
            id=name,
            name=name,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
            replace_existing=True,
        )

    # Coroutines, though they wait for nothing: the scheduler would run plain functions in a thread, and an inbox
    # belongs to the loop.

    async def _tick(self) -> None:
        self._ticked_at = self._clock.monotonic()
        self._coordinator.tick()

    async def _mark_equity(self) -> None:
        self._coordinator.mark_equity()

    async def _look_after_ticks(self) -> None:
        while True:
            await asyncio.sleep(LATE / 2)
            late = self._clock.monotonic() - self._ticked_at
            if self._scheduler.running and late > LATE:
                logger.warning("no tick for {:.0f} s: the clock was set back, or we slept; armed again", late)
                self.arm()

    async def _cycle(self, room: VenueRoom, timeframe: int) -> None:
        """Begin the cycle of the close that has just been."""
        close = last_close(self._clock.now(), timeframe)
        task = asyncio.get_running_loop().create_task(room.run_cycle(timeframe, close))
        self._cycles.add(task)
        task.add_done_callback(self._cycles.discard)

    async def disarm(self) -> None:
        """Cancel the cycles that are under way; the scheduler is its owner's to stop."""
        tasks = [*self._cycles, *([self._watch] if self._watch is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
