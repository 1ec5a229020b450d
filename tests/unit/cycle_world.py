"""A venue's candles, a candle store and presets in memory, for tests of the cycle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.candle_keeper import Patience
from engine.clock import ManualClock
from engine.core.errors import PocketdeskError
from engine.core.ids import PresetId, Symbol
from engine.core.model import Action, Candle, Instrument, Ticker
from engine.core.money import Price, Quantity
from engine.core.settings import Preset
from engine.cycle import Cycle
from engine.strategies.base import Decision, Parameters, Strategy, View
from engine.strategies.bound import BoundPreset, bind

START = datetime(2024, 1, 1, tzinfo=UTC)
BTC = Symbol("BTC/USDT")
ETH = Symbol("ETH/USDT")
MINUTE = 60
HOUR = 3600


def candle(opened: datetime, close: float | str = 100, **changes: Any) -> Candle:
    """A quiet candle around `close`."""
    price = Decimal(str(close))
    made = Candle(opened, Price(price), Price(price), Price(price), Price(price), Quantity(Decimal(5)))
    return replace(made, **changes)


def candles(count: int, timeframe: int, start: datetime = START, close: float = 100) -> list[Candle]:
    """`count` candles, each a little above the one before."""
    step = timedelta(seconds=timeframe)
    return [candle(start + step * i, round(close + i * 0.1, 4)) for i in range(count)]


class Venue:
    """Market data that grows with the clock: what has closed by now is what it gives."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.data: dict[tuple[Symbol, int], list[Candle]] = {}
        self.asked: list[tuple[Symbol, int, datetime | None, int]] = []
        self.errors: dict[Symbol, list[Exception]] = {}
        self.hidden: set[datetime] = set()
        self.hangs: set[Symbol] = set()
        self.open_questions = 0
        self.most_open_questions = 0

    async def candles(
        self,
        symbol: Symbol,
        timeframe: int,
        since: datetime | None = None,
        limit: int = 500,
        running: bool = False,
    ) -> list[Candle]:
        self.asked.append((symbol, timeframe, since, limit))
        self.open_questions += 1
        self.most_open_questions = max(self.most_open_questions, self.open_questions)
        try:
            await asyncio.sleep(0)
            if symbol in self.hangs:
                await asyncio.Event().wait()
            if self.errors.get(symbol):
                raise self.errors[symbol].pop(0)
            return self._closed(symbol, timeframe, since, limit)
        finally:
            self.open_questions -= 1

    def _closed(self, symbol: Symbol, timeframe: int, since: datetime | None, limit: int) -> list[Candle]:
        latest = self.clock.now() - timedelta(seconds=timeframe)
        return [
            one
            for one in self.data.get((symbol, timeframe), [])
            if one.open_time <= latest
            and one.open_time not in self.hidden
            and (since is None or one.open_time >= since)
        ][:limit]

    async def instruments(self, symbols: Sequence[Symbol]) -> dict[Symbol, Instrument]:
        raise NotImplementedError

    async def tickers(self, symbols: Sequence[Symbol]) -> list[Ticker]:
        raise NotImplementedError

    def stream(self, symbols: Sequence[Symbol]) -> AsyncIterator[Ticker]:
        raise NotImplementedError

    async def time(self) -> datetime:
        return self.clock.now()

    async def close(self) -> None:
        return None


class Store:
    """A candle store in memory that can be told to fail."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, Symbol, int], dict[datetime, Candle]] = {}
        self.error: PocketdeskError | None = None

    async def save(self, venue: str, symbol: Symbol, timeframe: int, candles: Sequence[Candle]) -> None:
        if self.error is not None:
            raise self.error
        self.kept.setdefault((venue, symbol, timeframe), {}).update({one.open_time: one for one in candles})

    async def load(self, venue: str, symbol: Symbol, timeframe: int, limit: int) -> list[Candle]:
        if self.error is not None:
            raise self.error
        kept = self.kept.get((venue, symbol, timeframe), {})
        return [kept[time] for time in sorted(kept)][-limit:]


class EveryCandle(Strategy[Parameters]):
    """Wants `action` at each candle, and remembers what it was shown: a probe, so not pure on purpose."""

    name = "every_candle"
    title = "Every candle"
    summary = "For tests"
    parameters = Parameters
    timeframes = (1, 3)

    def __init__(self, action: Action = Action.ENTER, need: int = 5) -> None:
        self.action = action
        self.need = need
        self.seen: list[tuple[datetime, list[list[int]]]] = []
        self.hook: Callable[[View], Any] | None = None

    def warm_up(self, parameters: Parameters) -> int:
        return self.need

    def decide(self, view: View, parameters: Parameters) -> Decision | None:
        self.seen.append((view.close_at, [list(map(int, frame.times)) for frame in view.frames]))
        if self.hook is not None:
            return self.hook(view)  # type: ignore[no-any-return]
        return Decision(self.action, "as always", stop_distance=0.1 + 0.2)


def preset(
    name: str = "probe", symbols: Sequence[Symbol] = (BTC,), timeframes: tuple[int, ...] = (60,)
) -> Preset:
    return Preset(PresetId(name), "every_candle", tuple(symbols), timeframes)


def bound(strategy: Strategy[Any], chosen: Preset | None = None) -> BoundPreset:
    parameters = strategy.parameters()
    return bind(chosen or preset(), strategy, parameters, strategy.warm_up(parameters))


class World:
    """A cycle over a venue with candles, at a clock that is moved by hand; sleeping moves it too."""

    def __init__(self, *presets: BoundPreset, count: int = 200, begun: int = 100) -> None:
        self.clock = ManualClock(START + timedelta(minutes=begun))
        self.venue = Venue(self.clock)
        self.store = Store()
        self.slept: list[float] = []
        for one in presets:
            for symbol in one.preset.symbols:
                for timeframe in one.preset.timeframes:
                    back = START - timedelta(seconds=timeframe * 100)
                    self.venue.data[symbol, timeframe] = candles(count + 100, timeframe, back)
        self.presets = presets
        self.cycle = self.new_cycle()

    def new_cycle(self, deadline: float = 10.0) -> Cycle:
        return Cycle(
            "venue",
            self.venue,
            self.store,
            self.clock,
            self.presets,
            Patience(waits=(0.5, 1.0, 2.0), deadline=deadline),
            self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))

    def to(self, minute: float) -> datetime:
        """Move to a moment after START, in minutes; returns it."""
        self.clock.move_to(START + timedelta(minutes=minute))
        return self.clock.now()
