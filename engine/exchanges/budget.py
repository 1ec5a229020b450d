"""The venue's allowance of requests, counted by us, with a reserve that only exits may touch (FAILURES M11).

A bot that reads until the venue bans it can't close a position any more. So once little is left, questions and
entries are refused here, while exits and cancels still go out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.clock import Clock
from engine.core.errors import Unavailable

RESERVE = 0.2
"""The share of the allowance that is kept for exits and cancels."""
SHORTEST = 0.05
"""Seconds; a shorter wait would only spin."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """`weight` may be spent within any `seconds`; or, if it `falls`, the venue keeps a counter that may not pass
    `weight` and falls by as much in `seconds`, evenly. `used_header` is the answer's header that tells how much was.

    Requests are known by the last word of their path. Each costs 1, unless it is among the `heavier`. Those `apart`
    are placing and cancelling at a venue that counts them elsewhere: they cost nothing here, and do not wait for what
    is over with questions.
    """

    weight: int
    seconds: float
    used_header: str = ""
    falls: bool = False
    heavier: Mapping[str, int] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()


class Budget:
    """What was spent and still counts. Where the venue itself tells a larger figure, that one counts: another
    program may be spending the same allowance."""

    def __init__(self, allowance: Allowance, clock: Clock) -> None:
        self._allowance = allowance
        self._clock = clock
        self._spent: deque[tuple[float, int]] = deque()  # until when it counts, and how much
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
        return max(self._spent[0][0] - self._clock.monotonic(), 1.0)

    def is_apart(self, url: str) -> bool:
        """Whether the venue counts this request elsewhere."""
        return _last_word(url) in self._allowance.apart

    def check_order(self, urgent: bool) -> None:
        """As `check`, for an order, which may be counted elsewhere."""
        if not self._allowance.apart:
            self.check(urgent)

    async def room(self, url: str) -> None:
        """Wait until this question fits: one call of the library may send several, and the venue that gets one too
        many answers nobody for a while. Raises nothing."""
        for _ in range(self._allowance.weight):
            if self.left >= self._cost(url):
                return
            await asyncio.sleep(max(self._spent[0][0] - self._clock.monotonic(), SHORTEST))

    def check(self, urgent: bool) -> None:
        """Raise Unavailable if only the reserve is left and this is not `urgent`: no exit and no cancel."""
        if not urgent and (wait := self.wait):
            raise Unavailable(
                f"The venue's allowance of requests is nearly used up; the rest is kept for exits for {wait:.0f} s.",
                retry_after=wait,
            )

    def sent(self, url: str) -> None:
        """Count a request that leaves now."""
        if cost := self._cost(url):
            self.spend(cost)

    def spend(self, weight: int) -> None:
        """Count so much from now on."""
        self._forget()
        until = self._clock.monotonic() + self._allowance.seconds
        if self._allowance.falls:
            each = self._allowance.seconds / self._allowance.weight
            begins = max(self._clock.monotonic(), self._spent[-1][0] if self._spent else 0.0)
            until = begins + weight * each
        self._spent.append((until, weight))
        self._total += weight

    def learn(self, headers: dict[str, str] | None) -> None:
        """Take over what the venue says was used, where it says more than we counted."""
        name = self._allowance.used_header.lower()
        told = next((value for key, value in (headers or {}).items() if key.lower() == name), "")
        if name and told.isdigit() and int(told) > (used := self._allowance.weight - self.left):
            self.spend(int(told) - used)

    def _forget(self) -> None:
        now = self._clock.monotonic()
        while self._spent and self._spent[0][0] <= now:
            self._total -= self._spent.popleft()[1]

    def _cost(self, url: str) -> int:
        return 0 if self.is_apart(url) else self._allowance.heavier.get(_last_word(url), 1)


def _last_word(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
