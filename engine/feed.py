"""Live prices of one venue for all connections on it: by stream, by polling while the stream is silent.

One loop looks after everything, every `tick`: a stream that broke, went silent or whose task died is opened anew
with a growing wait; symbols without news are polled meanwhile; what is wrong is told when it begins and when it is
over. Prices that are not sound or jump too far are held back (engine/exchanges/sanity.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping
from datetime import datetime

from loguru import logger

from engine.clock import Clock
from engine.core.errors import Corrupt, PocketdeskError, Unavailable
from engine.core.facts import Trouble
from engine.core.ids import Symbol
from engine.core.inputs import TroubleSeen
from engine.core.model import Ticker
from engine.core.money import is_sound
from engine.desk import FeedState
from engine.exchanges.sanity import SanityBand
from engine.feed_parts import (
    WATCHER,
    Backoff,
    FeedSettings,
    OnPrice,
    OnTrouble,
    Subscription,
    SymbolWatch,
    TroubleBoard,
)
from engine.ports import MarketData

END_SECONDS = 10.0
"""How long a stream may take to close."""


class Feed:
    """Prices of one venue. `start` it, `subscribe` to it; callbacks are called in the loop and must not block."""

    def __init__(
        self,
        market: MarketData,
        clock: Clock,
        jitter: Callable[[], float],
        settings: FeedSettings | None = None,
    ) -> None:
        self._market = market
        self._clock = clock
        self._settings = settings or FeedSettings()
        self._subscriptions: list[Subscription] = []
        self._watches: dict[Symbol, SymbolWatch] = {}
        self._sanity = SanityBand(self._settings.band)
        self._troubles = TroubleBoard()
        self._backoff = Backoff(self._settings.reopen_first, self._settings.reopen_most, jitter)
        self._loop_task: asyncio.Task[None] | None = None
        self._stream: asyncio.Task[None] | None = None
        self._streamed: frozenset[Symbol] = frozenset()
        self._poll: asyncio.Task[None] | None = None
        self._stream_at = self._poll_at = self._stream_news_at = clock.monotonic()
        self._stream_alive = False

    # ── for the coordinator ───────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Begin to watch; a second call does nothing."""
        if self._loop_task is None:
            self._loop_task = asyncio.create_task(self._run(), name="feed")

    async def close(self) -> None:
        """End every task. The market data client stays open: it is its owner's to close."""
        await _end(self._loop_task, self._stream, self._poll)
        self._loop_task = self._stream = self._poll = None

    def subscribe(
        self, symbols: Collection[Symbol], on_price: OnPrice, on_trouble: OnTrouble
    ) -> Subscription:
        """Every sound new price of `symbols` from now on, beginning with those that are known, and every trouble
        of theirs or of the venue, beginning with those that last."""
        subscription = Subscription(frozenset(symbols), on_price, on_trouble)
        self._subscriptions.append(subscription)
        now = self._clock.monotonic()
        for symbol in sorted(symbols):
            watch = self._watches.setdefault(symbol, SymbolWatch(now))
            if watch.ticker is not None and watch.age(now) <= self._settings.stale:
                on_price(watch.ticker)
        self._troubles.retell(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """No more calls; symbols that nobody else wants are dropped."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
        wanted = frozenset[Symbol]().union(*(other.symbols for other in self._subscriptions))
        for symbol in set(self._watches) - wanted:
            del self._watches[symbol]
            self._sanity.forget(symbol)
            self._troubles.forget(symbol)

    def state(self, symbols: Iterable[Symbol] | None = None) -> FeedState:
        """Where the prices of `symbols` (all, if left out) come from: of the best supplied one, since a single
        quiet symbol has its own trouble."""
        watches = self._of(symbols)
        fresh = [w for w in watches if w.age(self._clock.monotonic()) <= self._settings.stale]
        sources = {watch.source for watch in fresh}
        for state in (FeedState.STREAM, FeedState.POLLING, FeedState.STARTING):
            if state in sources:
                return state
        return FeedState.SILENT if watches else FeedState.STARTING

    def last_price_at(self, symbols: Iterable[Symbol] | None = None) -> datetime | None:
        """The venue's time of the newest price."""
        return max((w.ticker.at for w in self._of(symbols) if w.ticker is not None), default=None)

    @property
    def prices(self) -> Mapping[Symbol, Ticker]:
        """The newest accepted price of each symbol."""
        return {symbol: watch.ticker for symbol, watch in self._watches.items() if watch.ticker is not None}

    # ── the loop ──────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        while True:
            try:
                await self._look()
            except Exception as error:
                logger.exception("the feed's watch failed and goes on")
                self._begin(Trouble.RUNNER_FAILED, WATCHER, type(error).__name__)
            await asyncio.sleep(self._settings.tick)

    async def _look(self) -> None:
        """One look at everything: what ended, what is silent, what is due."""
        now = self._clock.monotonic()
        await self._look_at_stream(now)
        self._look_at_poll(now)
        for symbol, watch in self._watches.items():
            if watch.age(now) > self._settings.stale:
                detail = f"no new price for {self._settings.stale:.0f} s"
                self._begin(Trouble.PRICES_STALE, symbol, detail)

    # ── the stream ────────────────────────────────────────────────────────────────────────

    async def _look_at_stream(self, now: float) -> None:
        wanted = frozenset(self._watches)
        if self._stream is not None and self._stream.done():
            self._stream_ended(self._stream, now)
        if self._stream is not None and wanted != self._streamed:
            await self._end_stream(now)
        elif self._stream is not None and now - self._stream_news_at > self._settings.silence:
            logger.warning("the stream says nothing new: it is opened again")
            await self._end_stream(now + self._backoff.next())
        if self._stream is None and wanted and now >= self._stream_at:
            self._streamed, self._stream_news_at, self._stream_alive = wanted, now, False
            self._stream = asyncio.create_task(self._follow(wanted), name="feed stream")

    async def _follow(self, symbols: frozenset[Symbol]) -> None:
        stream = self._market.stream(sorted(symbols))
        try:
            async for ticker in stream:
                self._see(ticker, FeedState.STREAM)
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()

    async def _end_stream(self, reopen_at: float) -> None:
        await _end(self._stream)
        self._stream, self._stream_alive, self._stream_at = None, False, reopen_at

    def _stream_ended(self, task: asyncio.Task[None], now: float) -> None:
        """It broke, or its task died: both are told from each other, and both are mended by opening it again."""
        error = None if task.cancelled() else task.exception()
        wait = self._backoff.next()
        if isinstance(error, PocketdeskError):
            wait = max(wait, _told_wait(error))
            logger.info("the stream broke and is opened again in {:.1f} s: {}", wait, error)
        else:
            detail = type(error).__name__ if error else "ended"
            logger.opt(exception=error).error("the stream's task died ({}) and is started again", detail)
            self._begin(Trouble.RUNNER_FAILED, WATCHER, detail)
        self._stream, self._stream_alive, self._stream_at = None, False, now + wait

    # ── polling ───────────────────────────────────────────────────────────────────────────

    def _look_at_poll(self, now: float) -> None:
        if self._poll is not None and self._poll.done():
            self._poll_ended(self._poll, now)
        quiet = self._quiet(now)
        if self._poll is None and quiet and now >= self._poll_at:
            self._poll_at = now + self._settings.poll_every
            self._poll = asyncio.create_task(self._ask(quiet), name="feed poll")

    def _quiet(self, now: float) -> list[Symbol]:
        """What to poll: everything until the stream has spoken, then what it is silent about, and jumps."""
        return sorted(
            symbol
            for symbol, watch in self._watches.items()
            if not self._stream_alive or watch.age(now) > self._settings.silence or self._sanity.held(symbol)
        )

    async def _ask(self, symbols: list[Symbol]) -> None:
        async with asyncio.timeout(self._settings.patience):
            for ticker in await self._market.tickers(symbols):
                self._see(ticker, FeedState.POLLING)

    def _poll_ended(self, task: asyncio.Task[None], now: float) -> None:
        self._poll = None
        error = None if task.cancelled() else task.exception()
        if error is None:
            self._over(Trouble.DATA_UNSOUND)
            return
        self._poll_at = max(self._poll_at, now + _told_wait(error))
        self._stream_at = max(self._stream_at, now + _told_wait(error))
        if isinstance(error, Unavailable | TimeoutError):
            if not self._stream_alive:
                self._begin(Trouble.VENUE_UNREACHABLE, "", str(error) or "no answer in time")
        elif isinstance(error, Corrupt):
            self._begin(Trouble.DATA_UNSOUND, "", str(error))
        else:
            logger.opt(exception=error).error("a poll failed")
            self._begin(Trouble.RUNNER_FAILED, WATCHER, type(error).__name__)

    # ── prices ────────────────────────────────────────────────────────────────────────────

    def _see(self, ticker: Ticker, source: FeedState) -> None:
        watch = self._watches.get(ticker.symbol)
        if watch is None or not is_sound(ticker.last) or not watch.is_news(ticker):
            return
        now = self._clock.monotonic()
        if source is FeedState.STREAM:
            self._stream_news_at, self._stream_alive = now, True
            self._backoff.reset()
        if not self._sanity.passes(ticker, source):
            logger.warning("{} jumped to {}: held until it is confirmed", ticker.symbol, ticker.last)
            return
        watch.take(ticker, source, now)
        self._all_is_well(ticker.symbol)
        for subscription in [s for s in self._subscriptions if ticker.symbol in s.symbols]:
            self._give(subscription, ticker)

    def _give(self, subscription: Subscription, ticker: Ticker) -> None:
        try:
            subscription.on_price(ticker)
        except Exception as error:
            logger.exception("a connection could not take the price of {}", ticker.symbol)
            seen = TroubleSeen(self._clock.now(), Trouble.RUNNER_FAILED, WATCHER, type(error).__name__)
            subscription.on_trouble(seen)

    def _all_is_well(self, symbol: Symbol) -> None:
        self._over(Trouble.PRICES_STALE, symbol)
        self._over(Trouble.VENUE_UNREACHABLE)
        self._over(Trouble.RUNNER_FAILED, WATCHER)

    # ── telling ───────────────────────────────────────────────────────────────────────────

    def _begin(self, trouble: Trouble, subject: str, detail: str) -> None:
        self._troubles.begin(TroubleSeen(self._clock.now(), trouble, subject, detail), self._subscriptions)

    def _over(self, trouble: Trouble, subject: str = "") -> None:
        self._troubles.end(trouble, subject, self._clock.now(), self._subscriptions)

    def _of(self, symbols: Iterable[Symbol] | None) -> list[SymbolWatch]:
        chosen = self._watches if symbols is None else symbols
        return [self._watches[symbol] for symbol in chosen if symbol in self._watches]


def _told_wait(error: BaseException) -> float:
    """Seconds that the venue told us to stay away, zero if it did not (FAILURES M11)."""
    return (error.retry_after or 0.0) if isinstance(error, Unavailable) else 0.0


async def _end(*tasks: asyncio.Task[None] | None) -> None:
    """Cancel and wait, within bounds: a client that hangs as it closes must not hold up the watch over all others
    (M1). What a task failed with was told before, or no longer matters."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    if running:
        done, hanging = await asyncio.wait(running, timeout=END_SECONDS)
        for task in done:
            if not task.cancelled():
                task.exception()  # picked up, so that the loop does not report it as forgotten
        for task in hanging:
            logger.warning("{} does not end; it is left behind", task.get_name())
