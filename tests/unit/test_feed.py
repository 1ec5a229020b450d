"""The feed against a market that is told what to do, on a clock that stands still until it is moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from engine.clock import ManualClock
from engine.core.errors import Corrupt, Unavailable
from engine.core.facts import Trouble
from engine.core.ids import Symbol
from engine.core.inputs import TroubleGone, TroubleSeen
from engine.core.model import Candle, Instrument, Ticker
from engine.core.money import Price
from engine.desk import FeedState
from engine.feed import Feed
from engine.feed_parts import WATCHER, Backoff, FeedSettings, Subscription

START = datetime(2024, 3, 1, tzinfo=UTC)
BTC, ETH = Symbol("BTC/USDT"), Symbol("ETH/USDT")
SETTINGS = FeedSettings(tick=0.001)


class ToldMarket:
    """Streams what is put into `pushes`, answers polls from `answers`; an exception among them is raised."""

    def __init__(self) -> None:
        self.pushes: asyncio.Queue[Ticker | Exception] = asyncio.Queue()
        self.answers: list[Ticker] = []
        self.poll_error: Exception | None = Unavailable("no polling yet")
        self.polled: list[list[Symbol]] = []
        self.opened: list[list[Symbol]] = []
        self.open_now = 0

    async def instruments(self, symbols: Sequence[Symbol]) -> dict[Symbol, Instrument]:
        raise Unavailable("not asked for here")

    async def candles(
        self,
        symbol: Symbol,
        timeframe: int,
        since: datetime | None = None,
        limit: int = 500,
        running: bool = False,
    ) -> list[Candle]:
        raise Unavailable("not asked for here")

    async def tickers(self, symbols: Sequence[Symbol]) -> list[Ticker]:
        self.polled.append(list(symbols))
        if self.poll_error is not None:
            raise self.poll_error
        return [ticker for ticker in self.answers if ticker.symbol in symbols]

    async def stream(self, symbols: Sequence[Symbol]) -> AsyncIterator[Ticker]:
        self.opened.append(list(symbols))
        self.open_now += 1
        try:
            while True:
                item = await self.pushes.get()
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.open_now -= 1

    async def time(self) -> datetime:
        return START

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Listener:
    """A connection that writes down what it is told."""

    prices: list[Ticker] = field(default_factory=list)
    troubles: list[TroubleSeen | TroubleGone] = field(default_factory=list)

    def began(self, trouble: Trouble, subject: str = "") -> int:
        return sum(
            isinstance(t, TroubleSeen) and (t.trouble, t.subject) == (trouble, subject) for t in self.troubles
        )

    def over(self, trouble: Trouble, subject: str = "") -> int:
        return sum(
            isinstance(t, TroubleGone) and (t.trouble, t.subject) == (trouble, subject) for t in self.troubles
        )

    def lasts(self) -> list[Decimal]:
        return [ticker.last for ticker in self.prices]


class Rig:
    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.market = ToldMarket()
        self.feed = Feed(self.market, self.clock, lambda: 0.0, SETTINGS)
        self.listener = Listener()

    def listen(self, *symbols: Symbol) -> Subscription:
        return self.feed.subscribe(symbols, self.listener.prices.append, self.listener.troubles.append)

    def ticker(self, last: str, symbol: Symbol = BTC, after: float = 0.0) -> Ticker:
        return Ticker(symbol, Price(Decimal(last)), self.clock.now() + timedelta(seconds=after))

    def push(self, last: str, symbol: Symbol = BTC) -> None:
        """A new price by stream, a second of the venue's time after the last."""
        self.clock.advance(timedelta(seconds=1))
        self.market.pushes.put_nowait(self.ticker(last, symbol))

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    async def until(self, happened: Callable[[], object]) -> None:
        """Let the feed run until something happened; ten seconds without it are a failure."""
        async with asyncio.timeout(10):
            while not happened():
                await asyncio.sleep(0.001)

    async def opened(self, times: int) -> None:
        await self.until(lambda: len(self.market.opened) == times)

    async def polled_after(self, times: int) -> None:
        await self.until(lambda: len(self.market.polled) > times)

    async def looks(self, count: int = 5) -> None:
        """Let the feed look around a few times, to see that nothing happens."""
        for _ in range(count):
            await asyncio.sleep(SETTINGS.tick * 2)

    async def live(self, *symbols: Symbol) -> None:
        """Subscribed, started, and one price of each seen by stream."""
        self.listen(*symbols)
        self.feed.start()
        for symbol in symbols:
            self.push("100", symbol)
        await self.until(lambda: len(self.listener.prices) >= len(symbols))


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    await made.feed.close()
    assert made.market.open_now == 0


async def test_prices_come_by_stream_to_those_who_want_them(rig: Rig) -> None:
    other = Listener()
    rig.feed.subscribe([ETH], other.prices.append, other.troubles.append)
    await rig.live(BTC)
    rig.push("5", ETH)
    await rig.until(lambda: other.prices)
    assert rig.listener.lasts() == [100]
    assert other.lasts() == [5]
    assert rig.market.opened == [[BTC, ETH]]
    assert rig.feed.state() is FeedState.STREAM
    assert rig.feed.last_price_at([BTC]) == START + timedelta(seconds=1)
    assert rig.feed.prices[ETH].last == 5


async def test_polling_gives_the_first_prices_while_the_stream_is_still_opening(rig: Rig) -> None:
    rig.market.poll_error, rig.market.answers = None, [rig.ticker("100")]
    rig.listen(BTC)
    assert rig.feed.state() is FeedState.STARTING
    rig.feed.start()
    await rig.until(lambda: rig.listener.prices)
    assert rig.feed.state() is FeedState.POLLING


async def test_m1_a_silent_stream_is_rebuilt_and_polled_meanwhile(rig: Rig) -> None:
    await rig.live(BTC)
    rig.market.poll_error = None
    rig.wait(SETTINGS.silence + 1)
    rig.market.answers = [rig.ticker("101")]
    await rig.until(lambda: 101 in rig.listener.lasts())
    assert rig.feed.state() is FeedState.POLLING
    rig.wait(SETTINGS.reopen_most)
    await rig.until(lambda: len(rig.market.opened) == 2)
    rig.push("102")
    await rig.until(lambda: 102 in rig.listener.lasts())
    assert rig.feed.state() is FeedState.STREAM
    assert rig.listener.troubles[-1:] == [] or rig.listener.over(Trouble.VENUE_UNREACHABLE)


async def test_m2_messages_whose_time_stands_still_grow_stale(rig: Rig) -> None:
    await rig.live(BTC)
    frozen = rig.ticker("100")
    rig.wait(SETTINGS.silence + 1)
    rig.market.pushes.put_nowait(frozen)
    await rig.until(lambda: rig.market.open_now == 0 or len(rig.market.opened) > 1)
    rig.wait(SETTINGS.stale)
    await rig.until(lambda: rig.listener.began(Trouble.PRICES_STALE, BTC))
    assert rig.feed.state() is FeedState.SILENT
    assert rig.listener.lasts() == [100]


async def test_one_quiet_symbol_is_polled_alone_and_told_alone(rig: Rig) -> None:
    await rig.live(BTC, ETH)
    rig.market.polled.clear()
    rig.wait(SETTINGS.silence - 1)
    rig.push("100.1")
    await rig.until(lambda: len(rig.listener.prices) == 3)
    rig.wait(2)
    await rig.until(lambda: [ETH] in rig.market.polled)
    for _ in range(5):
        rig.wait(SETTINGS.silence - 4)
        rig.push("100.1")
        await rig.until(lambda: rig.feed.prices[BTC].at == rig.clock.now())
    await rig.until(lambda: rig.listener.began(Trouble.PRICES_STALE, ETH))
    assert not rig.listener.began(Trouble.PRICES_STALE, BTC)
    assert not rig.listener.began(Trouble.VENUE_UNREACHABLE)
    assert rig.feed.state([ETH]) is FeedState.SILENT
    assert rig.feed.state([BTC]) is FeedState.STREAM
    rig.push("100", ETH)
    await rig.until(lambda: rig.listener.over(Trouble.PRICES_STALE, ETH))
    assert len(rig.market.opened) == 1


async def test_a_broken_stream_is_opened_again_with_growing_waits(rig: Rig) -> None:
    await rig.live(BTC)
    for opened, wait in ((2, 0.5), (3, 1.0), (4, 2.0)):
        rig.market.pushes.put_nowait(Unavailable("cut"))
        await rig.until(lambda: rig.market.open_now == 0)
        await rig.looks()
        rig.wait(wait * 0.9)
        await rig.looks()
        assert len(rig.market.opened) == opened - 1
        rig.wait(wait * 0.11)
        await rig.opened(opened)


async def test_unreachable_is_told_once_and_once_when_it_is_over(rig: Rig) -> None:
    await rig.live(BTC)
    rig.listener.troubles.clear()
    rig.market.pushes.put_nowait(Unavailable("cut"))
    await rig.until(lambda: rig.market.open_now == 0)
    for _ in range(3):
        polls = len(rig.market.polled)
        rig.wait(SETTINGS.poll_every)
        rig.market.pushes.put_nowait(Unavailable("cut"))
        await rig.polled_after(polls)
    assert rig.listener.began(Trouble.VENUE_UNREACHABLE) == 1
    rig.market.poll_error = None
    rig.market.answers = [rig.ticker("100", after=100)]
    rig.wait(SETTINGS.poll_every)
    await rig.until(lambda: rig.listener.over(Trouble.VENUE_UNREACHABLE) == 1)


async def test_m11_a_wait_that_the_venue_imposes_is_obeyed_by_polls_and_stream(rig: Rig) -> None:
    await rig.live(BTC)
    rig.market.pushes.put_nowait(Unavailable("429", retry_after=100))
    rig.market.poll_error = Unavailable("429", retry_after=100)
    await rig.until(lambda: rig.market.open_now == 0)
    rig.wait(SETTINGS.poll_every)
    await rig.until(lambda: rig.listener.began(Trouble.VENUE_UNREACHABLE))
    polls = len(rig.market.polled)
    rig.wait(95)
    await rig.looks()
    assert (len(rig.market.polled), len(rig.market.opened)) == (polls, 1)
    rig.wait(6)
    await rig.until(lambda: len(rig.market.polled) > polls and len(rig.market.opened) == 2)


async def test_m11_a_wait_told_to_the_stream_alone_is_obeyed_too(rig: Rig) -> None:
    await rig.live(BTC)
    rig.market.poll_error = None
    rig.market.pushes.put_nowait(Unavailable("429", retry_after=100))
    await rig.until(lambda: rig.market.open_now == 0)
    await rig.looks()
    rig.wait(95)
    await rig.looks()
    assert len(rig.market.opened) == 1
    rig.wait(6)
    await rig.opened(2)


async def test_s7_one_tick_at_a_tenth_reaches_nobody(rig: Rig) -> None:
    await rig.live(BTC)
    rig.push("10")
    rig.push("100.5")
    await rig.until(lambda: len(rig.listener.prices) == 2)
    assert rig.listener.lasts() == [100, Decimal("100.5")]


async def test_s7_a_true_fall_passes_once_polling_says_the_same(rig: Rig) -> None:
    await rig.live(BTC)
    rig.wait(SETTINGS.poll_every)
    rig.market.poll_error = None
    rig.push("80")
    rig.market.answers = [rig.ticker("79", after=0.5)]
    await rig.until(lambda: len(rig.listener.prices) == 2)
    assert rig.listener.lasts() == [100, 79]


async def test_an_older_or_unsound_or_foreign_price_reaches_nobody(rig: Rig) -> None:
    await rig.live(BTC)
    for odd in (rig.ticker("99", after=-5), rig.ticker("0", after=1), rig.ticker("99", ETH, after=1)):
        rig.market.pushes.put_nowait(odd)
    rig.push("100.2")
    await rig.until(lambda: len(rig.listener.prices) == 2)
    assert rig.listener.lasts() == [100, Decimal("100.2")]


async def test_s8_a_stream_task_that_dies_is_told_and_started_again(rig: Rig) -> None:
    await rig.live(BTC)
    rig.market.pushes.put_nowait(KeyError("a mistake"))
    await rig.until(lambda: rig.listener.began(Trouble.RUNNER_FAILED, WATCHER))
    rig.wait(SETTINGS.reopen_most)
    await rig.until(lambda: len(rig.market.opened) == 2)
    rig.push("100.3")
    await rig.until(lambda: rig.listener.over(Trouble.RUNNER_FAILED, WATCHER))


async def test_s8_a_stream_that_merely_ends_is_a_death_too(rig: Rig) -> None:
    await rig.live(BTC)
    rig.market.pushes.put_nowait(StopAsyncIteration())
    await rig.until(lambda: rig.listener.began(Trouble.RUNNER_FAILED, WATCHER))


async def test_s8_a_poll_that_dies_is_told(rig: Rig) -> None:
    await rig.live(BTC)
    rig.market.poll_error = KeyError("a mistake")
    rig.wait(SETTINGS.silence + 1)
    await rig.until(lambda: rig.listener.began(Trouble.RUNNER_FAILED, WATCHER))


async def test_s8_the_watch_itself_goes_on_after_a_mistake(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.live(BTC)

    def fails(now: float) -> None:
        raise KeyError("a mistake")

    with monkeypatch.context() as patch:
        patch.setattr(rig.feed, "_look_at_poll", fails)
        await rig.until(lambda: rig.listener.began(Trouble.RUNNER_FAILED, WATCHER))
    rig.wait(SETTINGS.silence + 1)
    polls = len(rig.market.polled)
    await rig.until(lambda: len(rig.market.polled) > polls)


async def test_an_unsound_answer_is_told_until_a_sound_one_comes(rig: Rig) -> None:
    await rig.live(BTC)
    rig.market.poll_error = Corrupt("NaN")
    rig.wait(SETTINGS.silence + 1)
    await rig.until(lambda: rig.listener.began(Trouble.DATA_UNSOUND))
    rig.market.poll_error = None
    rig.wait(SETTINGS.poll_every)
    await rig.until(lambda: rig.listener.over(Trouble.DATA_UNSOUND))


async def test_one_connections_fault_does_not_cut_off_the_others(rig: Rig) -> None:
    broken = Listener()

    def cannot(ticker: Ticker) -> None:
        raise RuntimeError("full")

    rig.feed.subscribe([BTC], cannot, broken.troubles.append)
    await rig.live(BTC)
    rig.push("100.1")
    await rig.until(lambda: len(rig.listener.prices) == 2)
    assert broken.began(Trouble.RUNNER_FAILED, WATCHER) == 2
    assert not rig.listener.began(Trouble.RUNNER_FAILED, WATCHER)


async def test_a_newcomer_gets_the_known_price_and_the_troubles_that_last(rig: Rig) -> None:
    await rig.live(BTC)
    late = Listener()
    rig.feed.subscribe([BTC], late.prices.append, late.troubles.append)
    assert late.lasts() == [100]
    rig.wait(SETTINGS.stale + 1)
    await rig.until(lambda: rig.listener.began(Trouble.PRICES_STALE, BTC))
    later, elsewhere = Listener(), Listener()
    rig.feed.subscribe([BTC], later.prices.append, later.troubles.append)
    rig.feed.subscribe([ETH], elsewhere.prices.append, elsewhere.troubles.append)
    assert later.prices == []
    assert later.began(Trouble.PRICES_STALE, BTC) == 1
    assert not elsewhere.began(Trouble.PRICES_STALE, BTC)


async def test_the_stream_follows_what_is_wanted(rig: Rig) -> None:
    await rig.live(BTC)
    second = rig.listen(ETH)
    await rig.until(lambda: rig.market.opened[-1] == [BTC, ETH])
    rig.feed.unsubscribe(second)
    await rig.until(lambda: rig.market.opened[-1] == [BTC] and rig.market.open_now == 1)
    assert list(rig.feed.prices) == [BTC]
    rig.feed.unsubscribe(second)


async def test_a_trouble_of_a_dropped_symbol_is_forgotten(rig: Rig) -> None:
    await rig.live(BTC)
    second = rig.listen(ETH)
    rig.wait(SETTINGS.stale + 1)
    await rig.until(lambda: rig.listener.began(Trouble.PRICES_STALE, ETH))
    rig.feed.unsubscribe(second)
    later = Listener()
    rig.feed.subscribe([ETH], later.prices.append, later.troubles.append)
    assert not later.began(Trouble.PRICES_STALE, ETH)


async def test_nothing_is_asked_when_nobody_wants_anything(rig: Rig) -> None:
    rig.feed.start()
    rig.feed.start()
    await rig.looks()
    assert rig.market.opened == rig.market.polled == []
    assert rig.feed.state() is FeedState.STARTING
    assert rig.feed.last_price_at() is None


async def test_a_poll_that_hangs_is_given_up() -> None:
    made = Rig()
    hanging = asyncio.Event()

    async def hang(symbols: Sequence[Symbol]) -> list[Ticker]:
        hanging.set()
        await asyncio.Event().wait()
        return []

    made.market.tickers = hang  # type: ignore[method-assign]
    made.feed = Feed(made.market, made.clock, lambda: 0.0, FeedSettings(tick=0.001, patience=0.01))
    made.listen(BTC)
    made.feed.start()
    await made.until(lambda: made.listener.began(Trouble.VENUE_UNREACHABLE))
    assert hanging.is_set()
    await made.feed.close()


def test_waits_double_up_to_a_bound_and_begin_anew() -> None:
    backoff = Backoff(1, 10, lambda: 1.0)
    assert [backoff.next() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert backoff.next() == 1
    assert Backoff(1, 10, lambda: 0.0).next() == 0.5
