"""Telegram's limits on how fast a bot may send, off unless switched on.

Telegram publishes them as advice: about one message a second in a chat with short bursts, 20 a minute in a group, about
30 a second in all (https://core.telegram.org/bots/faq). Here they are token buckets.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from sandbox.telegram.errors import too_many_requests

_COUNTED = ("send", "edit", "forward", "copy")
_UNCOUNTED = frozenset({"sendChatAction"})


@dataclass
class _Bucket:
    rate: float
    size: float
    level: float
    filled: float

    def take(self, now: float) -> float:
        """0 when a token was taken, else the seconds until there is one."""
        self.level = min(self.size, self.level + (now - self.filled) * self.rate)
        self.filled = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.rate


class Limits:
    """Counts what the bot sends, when switched on."""

    def __init__(self, enabled: bool = False) -> None:
        self.enabled = enabled
        self._buckets: dict[str, _Bucket] = {}

    def check(self, method: str, chat: str) -> None:
        """Raises `ApiError` 429 with `retry_after` when the call comes too soon."""
        if not self.enabled or method in _UNCOUNTED or not method.startswith(_COUNTED):
            return
        now = time.monotonic()
        rate, burst = (20 / 60, 20.0) if chat.startswith("-") else (1.0, 5.0)
        wait = max(self._take("all", 30.0, 30.0, now), self._take(chat, rate, burst, now))
        if wait > 0:
            raise too_many_requests(max(1, math.ceil(wait)))

    def _take(self, name: str, rate: float, size: float, now: float) -> float:
        return self._buckets.setdefault(name, _Bucket(rate, size, size, now)).take(now)
