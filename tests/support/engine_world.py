"""A whole engine without a network: market data in memory, a paper venue or one that stands for a live account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from engine.clock import ManualClock
from engine.connection import Connection
from engine.coordinator import Coordinator
from engine.core.errors import Denied, PocketdeskError, Unavailable
from engine.core.ids import ClientOrderId, Coin, ConnectionId, Symbol
from engine.core.inputs import FillSeen, OrderSeen
from engine.core.model import (
    Balance,
    Candle,
    Fill,
    Instrument,
    Mode,
    OrderReport,
    OrderRequest,
    Ticker,
)
from engine.core.notices import Notice
from engine.core.settings import TraderSettings
from engine.cycle import Cycle
from engine.exchanges.paper import PaperExchange
from engine.feed import Feed
from engine.feed_parts import FeedSettings
from engine.going_live import KeyReport
from engine.ports import Exchange, Journal, ModeStore
from engine.venue_room import VenueRoom
from storage.memory import MemoryJournal
from tests.support.builders import BTC, START, instrument, price


class Market:
    """engine.ports.MarketData: gives what it was told, or raises `error`."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.rules: dict[Symbol, Instrument] = {BTC: instrument()}
        self.error: PocketdeskError | None = None
        self.offset = timedelta(0)
        self.pushed: asyncio.Queue[Ticker] = asyncio.Queue()
        self.closed = False

    async def instruments(self, symbols: Sequence[Symbol]) -> dict[Symbol, Instrument]:
        self._check()
        return {symbol: self.rules[symbol] for symbol in symbols if symbol in self.rules}

    async def candles(
        self,
        symbol: Symbol,
        timeframe: int,
        since: datetime | None = None,
        limit: int = 500,
        running: bool = False,
    ) -> list[Candle]:
        self._check()
        return []

    async def tickers(self, symbols: Sequence[Symbol]) -> list[Ticker]:
        self._check()
        return []

    async def stream(self, symbols: Sequence[Symbol]) -> AsyncIterator[Ticker]:
        while True:
            yield await self.pushed.get()

    async def time(self) -> datetime:
        self._check()
        return self.clock.now() + self.offset

    async def close(self) -> None:
        self.closed = True

    def _check(self) -> None:
        if self.error is not None:
            raise self.error


class LiveVenue:
    """engine.ports.Exchange that stands for a real account; it outlives the connections to it."""

    stops_lock = True

    async def elsewhere(self, coins: Collection[Coin]) -> dict[Coin, Decimal]:
        """One account is all there is."""
        return {}

    def forget_rules(self) -> None:
        """They are asked for with each order."""

    def __init__(self, clock: ManualClock) -> None:
        self.book = PaperExchange(clock, [instrument()], [Balance(instrument().quote, price("10000"))])
        self.error: PocketdeskError | None = None
        self.streams = 0
        self.stream_error: PocketdeskError | None = None
        self.closed = 0
        self._requests: dict[ClientOrderId, OrderRequest] = {}

    async def submit(self, request: OrderRequest) -> OrderReport:
        self._requests[request.client_order_id] = request
        return await self.book.submit(request)

    async def cancel(self, client_order_id: ClientOrderId, symbol: Symbol) -> OrderReport:
        return await self.book.cancel(client_order_id, symbol)

    async def order(self, client_order_id: ClientOrderId, symbol: Symbol) -> OrderReport | None:
        self._list(symbol)
        return await self.book.order(client_order_id, symbol)

    async def open_orders(self, symbols: Sequence[Symbol]) -> list[OrderReport]:
        self._list(*symbols)
        return [self._with_side(one) for one in await self.book.open_orders(symbols)]

    def _with_side(self, report: OrderReport) -> OrderReport:
        """A venue repeats what was asked for; without a side nobody can adopt an order."""
        request = self._requests[report.client_order_id]
        return replace(report, side=request.side, quantity=request.quantity)

    def _list(self, *symbols: Symbol) -> None:
        for symbol in symbols:
            if symbol != BTC:
                raise Unavailable(f"this venue does not list {symbol}")

    async def fills(self, symbols: Sequence[Symbol], since: datetime) -> list[Fill]:
        self._list(*symbols)
        return await self.book.fills(symbols, since)

    async def balances(self) -> list[Balance]:
        if self.error is not None:
            raise self.error
        return await self.book.balances()

    async def reports(self) -> AsyncIterator[OrderSeen | FillSeen]:
        self.streams += 1
        if self.stream_error is not None:
            error, self.stream_error = self.stream_error, None
            raise error
        async for input in self.book.reports():
            yield input

    async def close(self) -> None:
        self.closed += 1


class Notifier:
    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


class Modes:
    """engine.ports.ModeStore in memory."""

    def __init__(self) -> None:
        self.kept: dict[ConnectionId, Mode] = {}
        self.leaving: set[ConnectionId] = set()
        self.notices: list[Notice] = []

    async def mode(self, connection: ConnectionId) -> Mode:
        return self.kept.get(connection, Mode.PAPER)

    async def leaves_live(self, connection: ConnectionId) -> bool:
        return connection in self.leaving

    async def keep_mode(
        self, connection: ConnectionId, mode: Mode, leaving: bool = False, notices: Sequence[Notice] = ()
    ) -> None:
        self.kept[connection] = mode
        self.notices.extend(notices)
        (self.leaving.add if leaving and mode is Mode.LIVE else self.leaving.discard)(connection)


class Candles:
    """engine.ports.CandleStore that keeps nothing."""

    async def save(self, venue: str, symbol: Symbol, timeframe: int, candles: Sequence[Candle]) -> None:
        return None

    async def load(self, venue: str, symbol: Symbol, timeframe: int, limit: int) -> list[Candle]:
        return []


class Engine:
    """One venue with the given connections, started by `running`."""

    def __init__(
        self, *settings: TraderSettings, journal: Journal | None = None, modes: ModeStore | None = None
    ) -> None:
        self.clock = ManualClock(START)
        self.market = Market(self.clock)
        self.journal = journal if isinstance(journal, MemoryJournal) else MemoryJournal()
        self.notifier = Notifier()
        self.modes = Modes()
        self.live = LiveVenue(self.clock)
        self.key: KeyReport | None = KeyReport(
            True, True, False, (Balance(settings[0].quote, price("10000")),)
        )
        self.made: list[Mode] = []
        connections = [
            Connection(one, self._make_exchange, journal or self.journal, self.clock, self.notifier)
            for one in settings
        ]
        cycle = Cycle("binance", self.market, Candles(), self.clock, [])
        feed = Feed(self.market, self.clock, lambda: 0.0, FeedSettings(tick=0.01))
        self.room = VenueRoom("binance", self.market, feed, cycle, connections, self.clock)
        self.desk = Coordinator([self.room], tuple, self.clock, modes or self.modes, self._check_key)

    def _make_exchange(self, settings: TraderSettings) -> Exchange:
        self.made.append(settings.mode)
        if settings.mode is Mode.PAPER:
            return PaperExchange(self.clock)
        if self.key is None:
            raise Denied("no key")
        return self.live

    async def _check_key(self, settings: TraderSettings) -> KeyReport:
        if self.key is None:
            raise Denied("no key")
        return self.key

    @asynccontextmanager
    async def running(self, clean: bool = True) -> AsyncIterator[Engine]:
        await self.desk.start(clean)
        try:
            yield self
        finally:
            await self.desk.stop(1)

    async def push(self, symbol: Symbol, last: str) -> None:
        """A price by the stream a second later, and wait until every connection has seen it."""
        self.clock.advance(timedelta(seconds=1))
        ticker = Ticker(symbol, price(last), self.clock.now())
        self.live.book.on_price(ticker)
        await self.market.pushed.put(ticker)
        runners = [one.runner for one in self.room.connections]
        await until(lambda: all(one.market.prices.get(symbol) == ticker for one in runners), "the price")


async def until(true: Callable[[], bool], what: str = "it") -> None:
    """Wait until it holds; fails after two seconds. Raises Unavailable so that no test takes it for an answer."""
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.005)
    raise Unavailable(f"{what} did not come true in time")
