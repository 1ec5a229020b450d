"""The venue's allowance of requests, counted by us, with a reserve that only exits may touch (FAILURES M11).

A bot that reads until the venue bans it can't close a position any more. So once little is left, questions and
entries are refused here, while exits and cancels still go out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from engine.clock import Clock
from engine.core.errors import Unavailable

RESERVE = 0.2
"""The share of the allowance that is kept for exits and cancels."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """`weight` may be spent within any `seconds`. `used_header` is the answer's header that tells how much was."""

    weight: int
    seconds: float
    used_header: str = ""


class Budget:
    """What was spent within the window. Where the venue itself tells a larger figure, that one counts: another
    program may be spending the same allowance."""

    def __init__(self, allowance: Allowance, clock: Clock) -> None:
        self._allowance = allowance
        self._clock = clock
        self._spent: deque[tuple[float, int]] = deque()
        self._total = 0

    @property
    def left(self) -> int:
        """What may still be spent now."""
        self._forget()
        return max(self._allowance.weight - self._total, 0)

    @property
    def wait(self) -> float:
        """Seconds until more than the reserve may be left; 0 while it is."""
        if self.left > self._allowance.weight * RESERVE:
            return 0.0
        return max(self._spent[0][0] + self._allowance.seconds - self._clock.monotonic(), 1.0)

    def check(self, urgent: bool) -> None:
        """Raise Unavailable if only the reserve is left and this is not `urgent`: no exit and no cancel."""
        if not urgent and (wait := self.wait):
            raise Unavailable(
                f"The venue's allowance of requests is nearly used up; the rest is kept for exits for {wait:.0f} s.",
                retry_after=wait,
            )

    def spend(self, weight: int = 1) -> None:
        """Count a request that leaves now."""
        self._forget()
        self._spent.append((self._clock.monotonic(), weight))
        self._total += weight

    def learn(self, headers: dict[str, str] | None) -> None:
        """Take over what the venue says was used, where it says more than we counted."""
        name = self._allowance.used_header.lower()
        told = next((value for key, value in (headers or {}).items() if key.lower() == name), "")
        if name and told.isdigit() and int(told) > (used := self._allowance.weight - self.left):
            self.spend(int(told) - used)

    def _forget(self) -> None:
        oldest = self._clock.monotonic() - self._allowance.seconds
        while self._spent and self._spent[0][0] <= oldest:
            self._total -= self._spent.popleft()[1]
