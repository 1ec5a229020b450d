"""Quick reads for the chat: each uses an index and returns frozen values with exact Decimals."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Executable, Row, select

from engine.core.ids import BookId, PositionId, Symbol
from storage.database import Database
from storage.projection import STEPS, bucket_of
from storage.results import (
    BookedFill,
    DayResult,
    EquityPoint,
    HaltRow,
    PresetResult,
    Totals,
    Trade,
    fill_of,
    trade_of,
)
from storage.schema import books, days, equity, fills, halts, performance, totals, trades


class Queries:
    """What the screens show of the past."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def books(self) -> list[BookId]:
        """Every book that was ever opened, by name."""
        rows = await self._database.fetch(select(books.c.book).order_by(books.c.book))
        return [BookId(row.book) for row in rows]

    async def trades(self, book: BookId, limit: int, offset: int = 0) -> list[Trade]:
        """Closed positions, newest first."""
        statement = select(trades).where(trades.c.book == book).order_by(trades.c.number.desc())
        return [trade_of(row) for row in await self._database.fetch(statement.limit(limit).offset(offset))]

    async def count_trades(self, book: BookId) -> int:
        return (await self.totals(book)).trades

    async def trade(self, book: BookId, position: PositionId) -> Trade | None:
        """The closed position of that id."""
        statement = select(trades).where(trades.c.book == book, trades.c.position_id == position)
        rows = await self._database.fetch(statement)
        return trade_of(rows[0]) if rows else None

    async def fills_of(self, book: BookId, position: PositionId) -> list[BookedFill]:
        """A position's executions, in the order they were booked."""
        statement = select(fills).where(fills.c.book == book, fills.c.position_id == position)
        return [fill_of(row) for row in await self._database.fetch(statement.order_by(fills.c.number))]

    async def fills_since(
        self, book: BookId, symbol: Symbol, since: datetime, limit: int = 1_000
    ) -> list[BookedFill]:
        """The newest `limit` executions in `symbol` that are not older than `since`, oldest first."""
        statement = (
            select(fills)
            .where(fills.c.book == book, fills.c.symbol == symbol, fills.c.at >= since)
            .order_by(fills.c.at.desc())
            .limit(limit)
        )
        return [fill_of(row) for row in reversed(await self._database.fetch(statement))]

    async def days(self, book: BookId, since: date | None, until: date) -> list[DayResult]:
        """Results of UTC days, both ends included, oldest first; a day on which nothing happened is left out."""
        statement = select(days).where(days.c.book == book, days.c.day <= until).order_by(days.c.day)
        return await self._all(
            DayResult, statement if since is None else statement.where(days.c.day >= since)
        )

    async def totals(self, book: BookId) -> Totals:
        """All that the book ever earned; zeros for one without trades."""
        found: list[Totals] = await self._all(Totals, select(totals).where(totals.c.book == book))
        return found[0] if found else Totals()

    async def performance(self, book: BookId) -> list[PresetResult]:
        """Results per preset and symbol, in that order; preset None is what the owner traded by hand."""
        statement = select(performance).where(performance.c.book == book)
        ordered = statement.order_by(performance.c.preset, performance.c.symbol)
        rows: list[PresetResult] = await self._all(PresetResult, ordered)
        return [replace(row, preset=row.preset or None) for row in rows]

    async def halts(self, book: BookId, limit: int) -> list[HaltRow]:
        """Halts, newest first."""
        statement = select(halts).where(halts.c.book == book).order_by(halts.c.number.desc()).limit(limit)
        return await self._all(HaltRow, statement)

    async def equity(self, book: BookId, since: datetime | None, points: int = 300) -> list[EquityPoint]:
        """At most `points` marks from `since` (None: the first) to the newest one, oldest first, about evenly apart."""
        first, last = await self._marked(book, since)
        if first is None or last is None:
            return []
        step = _step_for(last - first, points)
        statement = select(equity.c.at, equity.c.equity).where(
            equity.c.book == book,
            equity.c.step == step,
            equity.c.bucket >= bucket_of(first, step),
            equity.c.at >= first,
        )
        rows = await self._database.fetch(statement.order_by(equity.c.bucket))
        apart = -(-len(rows) // points)
        return [EquityPoint(row.at, row.equity) for row in rows[::-1][:: max(apart, 1)][::-1]]

    async def _marked(self, book: BookId, since: datetime | None) -> tuple[datetime | None, datetime | None]:
        marks = select(equity.c.at).where(equity.c.book == book, equity.c.step == STEPS[0])
        if since is None:
            rows = await self._database.fetch(marks.order_by(equity.c.bucket).limit(1))
            since = rows[0].at if rows else None
        rows = await self._database.fetch(marks.order_by(equity.c.bucket.desc()).limit(1))
        return since, rows[0].at if rows else None

    async def _all(self, result: type[Any], statement: Executable) -> list[Any]:
        names = [field.name for field in fields(result)]
        return [_make(result, names, row) for row in await self._database.fetch(statement)]


def _step_for(span: timedelta, points: int) -> int:
    """The finest step with which the span takes no more than `points` marks, else the coarsest."""
    return next((step for step in STEPS if span.total_seconds() / step < points), STEPS[-1])


def _make(result: type[Any], names: list[str], row: Row[Any]) -> Any:
    values = row._mapping
    return result(*(values[name] for name in names))
