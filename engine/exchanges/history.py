"""Executions since a moment, from venues that tell them page by page and window by window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
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
    return 0 if dialect.trades_reach is None else now - round(dialect.trades_reach.total_seconds() * 1000)


async def _walk(
    page: Page, dialect: Dialect, symbol: Symbol, start: int, end: int, found: dict[str, Any]
) -> None:
    """Forward from `start` to `end`, each window until it is exhausted."""
    window = end - start if dialect.trades_window is None else _milliseconds(dialect)
    for _ in range(MOST_PAGES):
        until = min(start + window, end)
        rows = await page(symbol, start, until)
        fresh = [raw for raw in rows if str(raw["id"]) not in found]
        found.update((str(raw["id"]), raw) for raw in rows)
        if len(rows) >= dialect.trades_page and fresh:
            # A full page: there may be more within the window. The last moment is asked for again, since
            # several executions may share it.
            start = max(int(raw["timestamp"]) for raw in rows)
        elif until >= end:
            return
        else:
            start = until
    raise Unavailable(f"There is too much history of {symbol} to ask for at once.")


def _milliseconds(dialect: Dialect) -> int:
    return round(dialect.trades_window.total_seconds() * 1000) if dialect.trades_window else 0
