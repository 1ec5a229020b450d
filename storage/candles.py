"""Candles that were fetched and checked (`engine.ports.CandleStore`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select

from engine.core.ids import Symbol
from engine.core.model import Candle
from storage.database import Database
from storage.schema import candles
from storage.sql import upsert

KEPT = 2_000
"""Candles kept of each instrument and timeframe: more than any strategy reads, and under half a megabyte."""


class SqlCandleStore:
    """See `engine.ports.CandleStore`. A candle that is saved again replaces the one before."""

    def __init__(self, database: Database, kept: int = KEPT) -> None:
        self._database = database
        self._kept = kept

    async def save(self, venue: str, symbol: Symbol, timeframe: int, new: Sequence[Candle]) -> None:
        """Store, and forget all but the newest."""
        series = {"venue": venue, "symbol": symbol, "timeframe": timeframe}
        rows = [series | _values(candle) for candle in new]

        def work(connection: Connection) -> None:
            upsert(connection, candles, rows)
            times = select(candles.c.open_time).where(*_of(venue, symbol, timeframe))
            oldest = times.order_by(candles.c.open_time.desc()).limit(1).offset(self._kept - 1)
            too_old = candles.c.open_time < oldest.scalar_subquery()
            connection.execute(delete(candles).where(*_of(venue, symbol, timeframe), too_old))

        if rows:
            await self._database.write(work)

    async def load(self, venue: str, symbol: Symbol, timeframe: int, limit: int) -> list[Candle]:
        """The newest `limit`, oldest first."""
        statement = (
            select(*candles.c["open_time", "open", "high", "low", "close", "volume"])
            .where(*_of(venue, symbol, timeframe))
            .order_by(candles.c.open_time.desc())
            .limit(limit)
        )
        return [Candle(*row) for row in reversed(await self._database.fetch(statement))]


def _of(venue: str, symbol: Symbol, timeframe: int) -> list[Any]:
    return [candles.c.venue == venue, candles.c.symbol == symbol, candles.c.timeframe == timeframe]


def _values(candle: Candle) -> dict[str, Any]:
    return {
        "open_time": candle.open_time,
        "open": candle.open,
        "high": candle.high,
        "low": candle.low,
        "close": candle.close,
        "volume": candle.volume,
    }
