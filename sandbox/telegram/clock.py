"""The sandbox's own time: the machine's, moved on request (to let a query or a message grow old)."""

from __future__ import annotations

import time


class Clock:
    """Unix seconds, plus an offset that tests move forward."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """Seconds since 1970, as the sandbox sees them."""
        return time.time() + self._offset

    def seconds(self) -> int:
        """The same in whole seconds, as messages carry it."""
        return int(self.now())

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once; long polls and fault timers keep the machine's time."""
        self._offset += seconds
