"""Executions since a moment, from venues that tell them page by page and window by window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from engine.core.errors import Unavailable
from engine.core.ids import Symbol
from engine.exchanges.dialects.base import NEWEST, Dialect, Page, Raw, Span
from engine.exchanges.numbers import milliseconds, moment

AskPage = Callable[[Symbol | None, Span], Awaitable[Page]]
"""Asks for one page."""
NO_REACH = timedelta(0)
MOST_PAGES = 200
"""Questions for one answer; more is no reconciliation any more but an export."""


async def executions(
    ask: AskPage, dialect: Dialect, symbol: Symbol | None, since: datetime, now: datetime
) -> list[Raw]:
    """All since then, each once; `symbol` is None for all instruments. Usually the newest page reaches back far enough,
    and one question does it; where it does not, the time before it is walked through.

    Raises Unavailable if the venue can't be asked for all of it.
    """
    first = milliseconds(since)
    newest = Page([]) if dialect.trades_reach == NO_REACH else await ask(symbol, NEWEST)
    found = {str(raw["id"]): raw for raw in newest.rows}
    begins = _begins(newest, dialect, milliseconds(now))
    if begins > first:
        await _walk(ask, dialect, symbol, first, begins, found)
    return [raw for raw in found.values() if (raw.get("timestamp") or first) >= first]


async def executions_of(
    ask: AskPage, dialect: Dialect, order: Raw, symbol: Symbol, now: datetime
) -> list[Raw]:
    """All of one order that has more than a page: not every venue turns the pages of an order, but each those of the
    account. Raises as `executions` does, and Corrupt for an order without a time."""
    number = dialect.number_in_trades(order)
    since = moment(order.get("timestamp"), "an order's time")
    found = await executions(ask, dialect, symbol, since, now)
    return [raw for raw in found if str(raw.get("order")) == number]


def _begins(newest: Page, dialect: Dialect, now: int) -> int:
    """From when on the newest page is complete, in milliseconds. Of a full one's first moment some may be cut off."""
    if newest.more is not None:
        return min((int(raw["timestamp"]) for raw in newest.rows if raw.get("timestamp")), default=now) + 1
    return 0 if dialect.trades_reach is None else now - _milliseconds(dialect.trades_reach)


async def _walk(
    ask: AskPage, dialect: Dialect, symbol: Symbol | None, start: int, end: int, found: dict[str, Raw]
) -> None:
    """Forward from `start` to `end`, window by window, each until its last page."""
    window = end - start if dialect.trades_window is None else _milliseconds(dialect.trades_window)
    low, high = start, min(start + window, end)
    span = Span(low, high)
    for _ in range(MOST_PAGES):
        page = await ask(symbol, span)
        found.update((str(raw["id"]), raw) for raw in page.rows)
        if page.more is not None and page.more == span.more:
            raise Unavailable(
                f"The history of {symbol or 'the account'} does not go on behind a full page of one moment."
            )
        if page.more is not None:
            span = Span(low, high, page.more)
        elif high >= end:
            return
        else:
            low, high = high, min(high + window, end)
            span = Span(low, high)
    raise Unavailable(f"There is too much history of {symbol or 'the account'} to ask for at once.")


def _milliseconds(length: timedelta) -> int:
    return round(length.total_seconds() * 1000)
