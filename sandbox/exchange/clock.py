"""The venue's own clock. It may be set wrong on purpose; the market itself always keeps to real UTC."""

import time


class VenueClock:
    """Milliseconds since the epoch, UTC. `offset_ms` is how far the venue's idea of the time is off."""

    def __init__(self) -> None:
        self.offset_ms = 0

    def now_ms(self) -> int:
        """What the venue says the time is: in answers, stamps and the check of signed requests."""
        return self.true_ms() + self.offset_ms

    @staticmethod
    def true_ms() -> int:
        return time.time_ns() // 1_000_000
