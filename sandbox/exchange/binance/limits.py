"""Request weight per minute: counted, shown in a header, refused with 429 and, for who goes on, 418.

Source: Binance Spot API documentation, "Limits" (REQUEST_WEIGHT, Retry-After).
"""

from collections.abc import Callable

from sandbox.exchange.binance.errors import BinanceError

DEFAULT_WEIGHT_PER_MINUTE = 6_000
_WARNINGS = 10  # refusals in one minute before the ban
_BAN_MS = 120_000
_MINUTE_MS = 60_000


class TooMany(BinanceError):
    """429, or 418 while banned; `retry_after_s` goes into the Retry-After header."""

    def __init__(self, status: int, text: str, retry_after_s: int) -> None:
        super().__init__(-1003, text, status)
        self.retry_after_s = retry_after_s


class WeightLimit:
    """One budget for the whole venue: everyone here comes from the same address."""

    def __init__(self, now_ms: Callable[[], int], per_minute: int = DEFAULT_WEIGHT_PER_MINUTE) -> None:
        self._now_ms = now_ms
        self.per_minute = per_minute
        self._minute = 0
        self._used = 0
        self._refused = 0
        self._banned_until_ms = 0

    @property
    def used(self) -> int:
        """Weight used in the running minute."""
        self._turn()
        return self._used

    def spend(self, weight: int) -> None:
        """Count a request; raises `TooMany` when the minute's budget is gone."""
        now = self._now_ms()
        if now < self._banned_until_ms:
            self._raise_ban(now)
        self._turn()
        self._used += weight
        if self._used <= self.per_minute:
            return
        self._refused += 1
        if self._refused > _WARNINGS:
            self._banned_until_ms = now + _BAN_MS
            self._raise_ban(now)
        text = (
            f"Too much request weight used; current limit is {self.per_minute} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        raise TooMany(429, text, retry_after_s=1 + (_MINUTE_MS - now % _MINUTE_MS) // 1000)

    def _turn(self) -> None:
        minute = self._now_ms() // _MINUTE_MS
        if minute != self._minute:
            self._minute, self._used, self._refused = minute, 0, 0

    def _raise_ban(self, now: int) -> None:
        text = (
            f"Way too much request weight used; IP banned until {self._banned_until_ms}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        raise TooMany(418, text, retry_after_s=1 + (self._banned_until_ms - now) // 1000)
