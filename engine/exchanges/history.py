"""Executions since a moment, from venues that tell them page by page and window by window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from engine.core.errors import Unavailable
from engine.core.ids import Symbol
from engine.exchanges.dialects.base import Dialect, Raw
from engine.exchanges.numbers import milliseconds

Page = Callable[[Symbol, int | None, int | None], Awaitable[list[Raw]]]
"""Asks for one page: symbol, from and to in milliseconds, both None for the newest."""
MOST_PAGES = 200
"""Questions for one answer; more is no reconciliation any more but an export."""


async def executions(
    page: Page, dialect: Dialect, symbol: Symbol, since: datetime, now: datetime
) -> list[Raw]:
    """All since then, each once. Usually the newest page reaches back far enough, and one question does it; where it
    does not, the time before it is walked through. Raises Unavailable if the venue can't be asked for all of it."""
    first = milliseconds(since)
    newest = await page(symbol, None, None)
    found = {str(raw["id"]): raw for raw in newest}
    begins = _begins(newest, dialect, milliseconds(now))
    if begins > first:
        await _walk(page, dialect, symbol, first, begins, found)
    return [raw for raw in found.values() if (raw.get("timestamp") or first) >= first]


def _begins(newest: list[Raw], dialect: Dialect, now: int) -> int:
    """From when on the newest page is complete, in milliseconds."""
    if len(newest) >= dialect.trades_page:
        return min(int(raw["timestamp"]) for raw in newest)
    return 0 if dialect.trades_reach is None else now - _milliseconds(dialect.trades_reach)


async def _walk(
    page: Page, dialect: Dialect, symbol: Symbol, start: int, end: int, found: dict[str, Any]
) -> None:
    """Forward from `start` to `end`, window by window, each until it is exhausted."""
    window = end - start if dialect.trades_window is None else _milliseconds(dialect.trades_window)
    low, high = start, min(start + window, end)
    for _ in range(MOST_PAGES):
        rows = await page(symbol, low, high)
        fresh = [raw for raw in rows if str(raw["id"]) not in found]
        found.update((str(raw["id"]), raw) for raw in rows)
        if len(rows) >= dialect.trades_page and fresh:
            # There may be more within the window. The last moment seen is asked for again, since several executions
            # may share it.
            times = [int(raw["timestamp"]) for raw in rows]
            low, high = (low, min(times)) if dialect.trades_newest_first else (max(times), high)
            continue
        start = min(start + window, end)
        if start >= end:
            return
        low, high = start, min(start + window, end)
    raise Unavailable(f"There is too much history of {symbol} to ask for at once.")


def _milliseconds(length: timedelta) -> int:
    return round(length.total_seconds() * 1000)
