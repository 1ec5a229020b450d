"""What the MarketData contract suite needs from a maker of the port, and a maker that lives in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from engine.clock import SystemClock
from engine.core.errors import Denied
from engine.core.ids import Coin, Symbol
from engine.core.model import Candle, Instrument, Ticker
from engine.core.money import Price, Quantity, Quote
from engine.exchanges.market_data import CcxtMarketData
from engine.ports import MarketData
from sandbox.exchange.testing import RunningVenue, running_venue

BTC, ETH, NOWHERE = Symbol("BTC/USDT"), Symbol("ETH/USDT"), Symbol("NOWHERE/USDT")


class MarketUnderTest(Protocol):
    """A market of BTC/USDT and ETH/USDT whose prices stand still until they are moved."""

    data: MarketData

    async def move(self, symbol: Symbol, factor: Decimal) -> None:
        """Multiply a price."""
        ...


class MemoryMarketData:
    """engine.ports.MarketData over numbers in memory."""

    def __init__(self) -> None:
        self._prices = {BTC: Price(Decimal(60000)), ETH: Price(Decimal(3000))}
        self._listeners: list[asyncio.Queue[Ticker]] = []

    def move(self, symbol: Symbol, factor: Decimal) -> None:
        self._prices[symbol] = Price(self._prices[symbol] * factor)
        for listener in self._listeners:
            listener.put_nowait(self._ticker(symbol))

    def _ticker(self, symbol: Symbol) -> Ticker:
        price = self._prices[symbol]
        return Ticker(symbol, price, datetime.now(UTC), Price(price - 1), Price(price + 1))

    async def instruments(self, symbols: Sequence[Symbol]) -> dict[Symbol, Instrument]:
        step = Decimal("0.00001")
        bitcoin = Instrument(
            BTC, Coin("BTC"), Coin("USDT"), Decimal("0.01"), step, Quantity(step), None, Quote(Decimal(5))
        )
        listed = {BTC: bitcoin, ETH: replace(bitcoin, symbol=ETH, base=Coin("ETH"))}
        return {symbol: listed[symbol] for symbol in symbols if symbol in listed}

    async def candles(
        self,
        symbol: Symbol,
        timeframe: int,
        since: datetime | None = None,
        limit: int = 500,
        running: bool = False,
    ) -> list[Candle]:
        if timeframe != 60:
            raise Denied("There are candles of 60 s only.")
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        first = now - timedelta(minutes=limit - running) if since is None else since
        count = min(limit, int((now - first).total_seconds()) // 60 + running)
        price = self._prices[symbol]
        return [
            Candle(first + timedelta(minutes=n), price, price, price, price, Quantity(Decimal(1)))
            for n in range(count)
        ]

    async def tickers(self, symbols: Sequence[Symbol]) -> list[Ticker]:
        return [self._ticker(symbol) for symbol in symbols if symbol in self._prices]

    async def stream(self, symbols: Sequence[Symbol]) -> AsyncIterator[Ticker]:
        fresh: asyncio.Queue[Ticker] = asyncio.Queue()
        for ticker in await self.tickers(symbols):
            fresh.put_nowait(ticker)
        self._listeners.append(fresh)
        while True:
            ticker = await fresh.get()
            if ticker.symbol in symbols:
                yield ticker

    async def time(self) -> datetime:
        return datetime.now(UTC)

    async def close(self) -> None:
        self._listeners.clear()


class InMemory:
    def __init__(self) -> None:
        memory = MemoryMarketData()
        self.data: MarketData = memory
        self._memory = memory

    async def move(self, symbol: Symbol, factor: Decimal) -> None:
        self._memory.move(symbol, factor)


class AtSandbox:
    """Unmodified ccxt against the sandbox venue over HTTP and websocket."""

    def __init__(self, running: RunningVenue) -> None:
        stream = running.base_url.replace("http", "ws", 1)
        self.data: MarketData = CcxtMarketData("binance", SystemClock(), running.base_url, stream)
        self._venue = running.venue

    async def move(self, symbol: Symbol, factor: Decimal) -> None:
        self._venue.push_price(symbol.replace("/", ""), factor)


@asynccontextmanager
async def in_memory() -> AsyncIterator[MarketUnderTest]:
    yield InMemory()


@asynccontextmanager
async def at_sandbox() -> AsyncIterator[MarketUnderTest]:
    async with running_venue((BTC, ETH), moving=False) as running:
        yield AtSandbox(running)


class MarketMaker(Protocol):
    def __call__(self) -> AbstractAsyncContextManager[MarketUnderTest]: ...


MARKETS: dict[str, MarketMaker] = {"memory": in_memory, "ccxt binance at the sandbox": at_sandbox}
