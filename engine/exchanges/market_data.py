"""Prices, candles and instruments of one venue, through ccxt's public side only.

It takes no key, so nothing here can place an order (law 7). Numbers and candles that are not sound never pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from loguru import logger

from engine.clock import Clock
from engine.core.errors import Corrupt, Denied, PocketdeskError
from engine.core.ids import Symbol
from engine.core.model import Candle, Instrument, Ticker
from engine.exchanges import errors, parse
from engine.exchanges.client import Gate, public_client
from engine.exchanges.listing import listed
from engine.exchanges.numbers import milliseconds, moment
from engine.exchanges.row_by_row import listen, rows_apart
from engine.exchanges.venues import SECONDS_OF, row_of

T = TypeVar("T")

OFFSET_KEPT = 300.0
"""Seconds for which the venue's clock, once asked, is taken to run beside ours."""
MOST_CANDLES = 5000


MOST_TOLD = 500
"""Different things that are told of in the log; what is wrong beyond that is only counted."""


class CcxtMarketData:
    """engine.ports.MarketData of one venue. One REST client; each stream has a client of its own, so that
    opening it anew really is a new connection (FAILURES M1)."""

    def __init__(self, venue: str, clock: Clock, rest: str = "", stream: str = "") -> None:
        self._row = row_of(venue)
        self._clock = clock
        self._rest, self._stream = rest, stream
        self._client = public_client(self._row, rest, stream)
        listen(self._client)
        self._gate = Gate(clock)
        self._markets: dict[str, Mapping[str, Any]] = {}
        self._asked: set[Symbol] = set()
        # Two who load at once would each forget what the other asked for.
        self._loading = asyncio.Lock()
        self._volumes = parse.Volumes()
        self._offset = timedelta(0)
        self._offset_at: float | None = None
        self.unread_rows = 0
        self._told_of: set[str] = set()

    # ── engine.ports.MarketData ───────────────────────────────────────────────────────────

    async def instruments(self, symbols: Sequence[Symbol]) -> dict[Symbol, Instrument]:
        async with self._loading:
            await self._load(symbols)
        found: dict[Symbol, Instrument] = {}
        for symbol in symbols:
            if symbol in self._markets:
                try:
                    found[symbol] = parse.instrument(self._markets[symbol], self._row)
                except Corrupt as error:
                    # One bad row stops that instrument alone (law 16).
                    logger.warning(
                        "{} lists {} unsoundly, it is left out: {}", self._row.title, symbol, error
                    )
        return found

    async def candles(
        self,
        symbol: Symbol,
        timeframe: int,
        since: datetime | None = None,
        limit: int = 500,
        running: bool = False,
    ) -> list[Candle]:
        name = self._timeframe(timeframe)
        limit = min(limit, MOST_CANDLES)
        await self._ensure([symbol])
        now = await self._venue_now()
        from_since = since is not None
        if since is None and limit >= self._row.candles_per_request:
            since = now - timedelta(seconds=timeframe * (limit + 1))
        rows: list[Any] = []
        while len(rows) <= limit:
            start = milliseconds(since) if since else None
            asked = min(limit + 1, self._row.candles_per_request)
            page, bad = await self._ask(rows_apart, self._client.fetch_ohlcv, symbol, name, start, asked)
            rows.extend(page)
            if bad:
                self._unread(f"{len(bad)} candles of {symbol} can't be read")
            last = parse.newest_open(page)
            if since is None or last is None or last < since or last >= now - timedelta(seconds=timeframe):
                break
            since = last + timedelta(seconds=timeframe)
        until = now + timedelta(seconds=timeframe) if running else now
        found = parse.candles(rows, timeframe, until, lambda words: self._unread(f"of {symbol}: {words}"))
        return found[:limit] if from_since else found[-limit:]

    def _unread(self, words: str) -> None:
        """Counted, and in the log once for each thing that is wrong."""
        self.unread_rows += 1
        if words not in self._told_of and len(self._told_of) < MOST_TOLD:
            self._told_of.add(words)
            logger.warning("{}: a row is left out: {}", self._row.title, words)

    async def tickers(self, symbols: Sequence[Symbol]) -> list[Ticker]:
        await self._ensure(symbols)
        known = [symbol for symbol in symbols if symbol in self._markets]
        if not known:
            return []
        await self._venue_now()
        raw, bad = await self._ask(rows_apart, self._client.fetch_tickers, known)
        if bad:
            self._unread(f"{len(bad)} prices can't be read")
        found = (self._ticker(symbol, raw.get(symbol)) for symbol in known)
        return [ticker for ticker in found if ticker is not None]

    async def stream(self, symbols: Sequence[Symbol]) -> AsyncIterator[Ticker]:
        self._gate.check()
        await self._ensure(symbols)
        await self._venue_now()
        known = [symbol for symbol in symbols if symbol in self._markets]
        client = public_client(self._row, self._rest, self._stream)
        client.set_markets(list(self._markets.values()))
        fresh: asyncio.Queue[Ticker | PocketdeskError] = asyncio.Queue()
        # One task a symbol: by the return value of a bulk watch, updates get lost while nobody waits for them.
        tasks = [asyncio.create_task(self._watch(client, symbol, fresh)) for symbol in known]
        try:
            while True:
                item = await fresh.get()
                if isinstance(item, PocketdeskError):
                    raise item
                yield item
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.close()

    async def time(self) -> datetime:
        began = self._clock.monotonic()
        asked = self._clock.now()
        raw = await self._ask(self._client.fetch_time)
        venue = moment(raw, "the venue's time")
        # The answer was true somewhere on the way: half of it is the best guess.
        half = timedelta(seconds=(self._clock.monotonic() - began) / 2)
        self._offset, self._offset_at = venue - (asked + half), self._clock.monotonic()
        return venue

    async def close(self) -> None:
        await self._client.close()

    # ── what else the desk wants to know ──────────────────────────────────────────────────

    @property
    def timeframes(self) -> tuple[int, ...]:
        """Seconds, rising: what `candles` may be asked for."""
        return tuple(sorted(SECONDS_OF[name] for name in self._row.timeframes))

    async def clock_offset(self) -> timedelta:
        """How far the venue's clock is ahead of ours, asked now."""
        await self.time()
        return self._offset

    # ── inside ────────────────────────────────────────────────────────────────────────────

    async def _ask(self, call: Callable[..., Awaitable[T]], *arguments: object) -> T:
        self._gate.check()
        try:
            return await call(*arguments)
        except errors.CAUGHT as error:
            meaning = errors.for_read(error, self._client.last_response_headers)
            self._gate.learn(meaning)
            # Not chained: ccxt's own text may carry a whole address.
            raise meaning from None

    async def _ensure(self, symbols: Sequence[Symbol]) -> None:
        """Load what was never asked for. What the venue did not list then is not asked for with every poll."""
        async with self._loading:
            if not self._asked.issuperset(symbols):
                await self._load(symbols)

    async def _load(self, symbols: Sequence[Symbol]) -> None:
        """Ask what the venue lists, keep only what was ever asked for: all of Binance costs 45 MB."""
        wanted = self._asked | set(symbols)
        found = await listed(self._ask, self._client, self._row, sorted(wanted))
        markets = found.with_known(self._markets)
        self._markets = {market["symbol"]: market for market in markets if market["symbol"] in wanted}
        self._client.set_markets(list(self._markets.values()))
        self._markets = {symbol: self._client.markets[symbol] for symbol in self._markets}
        self._asked = wanted

    async def _watch(
        self, client: Any, symbol: Symbol, fresh: asyncio.Queue[Ticker | PocketdeskError]
    ) -> None:
        while True:
            try:
                raw = await client.watch_ticker(symbol)
            except errors.CAUGHT as error:
                fresh.put_nowait(errors.for_read(error))
                return
            ticker = self._ticker(symbol, raw)
            if ticker is not None:
                fresh.put_nowait(ticker)

    def _ticker(self, symbol: Symbol, raw: Any) -> Ticker | None:
        """An unsound ticker is dropped with a word in the log: the feed's watchdog tells if none comes any more."""
        try:
            found, day = parse.ticker(symbol, raw, self._clock.now() + self._offset)
            self._check_not_ahead(found)
            return self._volumes.with_volume(found, day)
        except Corrupt as error:
            logger.warning("{} told an unsound price of {}: {}", self._row.title, symbol, error)
            return None

    def _check_not_ahead(self, ticker: Ticker) -> None:
        """If it was our clock that was set, the venue's is measured anew with the next question: the feed polls
        what the stream is silent about."""
        try:
            parse.check_not_ahead(ticker, self._clock.now() + self._offset)
        except Corrupt:
            self._offset_at = None
            raise

    def _timeframe(self, seconds: int) -> str:
        for name in self._row.timeframes:
            if SECONDS_OF[name] == seconds:
                return name
        names = ", ".join(sorted(self._row.timeframes, key=lambda name: SECONDS_OF[name]))
        raise Denied(f"{self._row.title} has no candles of that length: it has {names}.")

    async def _venue_now(self) -> datetime:
        kept = self._offset_at is not None and self._clock.monotonic() - self._offset_at < OFFSET_KEPT
        if not kept:
            await self.time()
        return self._clock.now() + self._offset
