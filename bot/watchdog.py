"""Sees from outside the event loop that it stands still (P15): nothing in the loop could.

After 5 s the log gets the stack of whatever holds it up, and the owner a word once it goes on. After 30 s the process
ends with an exit code of its own, and whatever runs it starts it again: stops that rest at the venue have gone on
meanwhile, and the next process finds the truth, as after any crash. A library that holds the interpreter itself is
ended by a timer that needs no interpreter (exit code 1).
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType

from loguru import logger

from engine.clock import SystemClock

STUCK = 4
"""Exit code: the loop stood still for so long that the process was ended."""
TOLD_AFTER, ENDS_AFTER = 5.0, 30.0
LAST_RESORT = 5.0
"""Seconds after that at which the process ends even if no line of Python can run."""
BEAT = 0.25


class Watchdog:
    """`was_stuck` is called in the loop when it goes on, with the seconds that it stood."""

    def __init__(
        self,
        was_stuck: Callable[[float], None],
        told_after: float = TOLD_AFTER,
        ends_after: float = ENDS_AFTER,
        last_resort: float = LAST_RESORT,
    ) -> None:
        self._was_stuck = was_stuck
        self._told_after, self._ends_after = told_after, ends_after
        self._last_resort = last_resort
        self._now = SystemClock().monotonic
        self._beat = self._now()
        self._told = False
        self._over = threading.Event()
        self._loop_thread = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """From within the loop that is watched."""
        self._loop_thread = threading.get_ident()
        self._pulse()
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        faulthandler.cancel_dump_traceback_later()

    def _pulse(self) -> None:
        """In the loop: proof that it turns."""
        if self._over.is_set():
            return
        stood = self._now() - self._beat
        self._beat = self._now()
        if self._told:
            self._told = False
            self._was_stuck(stood)
        faulthandler.dump_traceback_later(self._ends_after + self._last_resort, exit=True, file=sys.stderr)
        asyncio.get_running_loop().call_later(BEAT, self._pulse)

    def _watch(self) -> None:
        while not self._over.wait(BEAT):
            stood = self._now() - self._beat
            if stood >= self._ends_after:
                logger.critical("the event loop stood still for {:.0f} s: ended, to be started again", stood)
                os._exit(STUCK)
            if stood >= self._told_after and not self._told:
                self._told = True
                logger.error(
                    "the event loop stands still for {:.0f} s, held up here:\n{}", stood, self._stack()
                )

    def _stack(self) -> str:
        frame: FrameType | None = sys._current_frames().get(self._loop_thread)
        return "".join(traceback.format_stack(frame)) if frame is not None else "its thread is gone"
