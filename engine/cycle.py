"""The trading cycle of one venue: at a candle's close, fetch, check, store, and ask each preset what it wants.

Nothing here wakes by itself: the scheduler calls `run`. One instrument, preset or strategy that fails is told of
and the others go on (law 16). Only closed candles decide, each of them once, and no entry comes from data with
a hole in it or from a candle that is no longer new (law 15, M3, M5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product

from loguru import logger

from engine.candle_keeper import CandleKeeper, Key, Patience, Refreshed
from engine.clock import Clock
from engine.core.facts import Trouble
from engine.core.ids import PresetId, Symbol
from engine.core.model import Action, Signal
from engine.cycle_troubles import Found, Troubles
from engine.ports import CandleStore, MarketData
from engine.series import CandleSeries
from engine.strategies.base import Decision, View
from engine.strategies.bound import BoundPreset
from engine.strategies.own import StrategyFailed
from engine.timeframes import epoch, last_close, moment_of, name_of

FRESH = timedelta(seconds=3)
"""A candle is new for one timeframe, and never for less than this: a 1-second candle is old once it was fetched."""


@dataclass(frozen=True, slots=True)
class CycleResult:
    """What came of one run.

    `signals`: in the order of the presets. `troubles`: all that is wrong now, `recovered`: what was wrong at the
    run before and no longer is. `notes`: what is neither, such as an instrument that has too few candles yet.
    `took_ms`: from call to return, `deciding_ms`: the part of it spent in strategies.
    """

    signals: tuple[Signal, ...]
    troubles: tuple[Found, ...]
    recovered: tuple[tuple[Trouble, str], ...]
    notes: tuple[str, ...]
    took_ms: float
    deciding_ms: float


@dataclass(slots=True)
class _Run:
    """What one run gathers."""

    began: float
    deliver: Callable[[Signal], None] | None
    refreshed: list[Refreshed] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    failures: dict[PresetId, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    deciding: float = 0.0


class Cycle:
    """All presets of all connections on one venue; its series are shared by them."""

    def __init__(
        self,
        venue: str,
        market: MarketData,
        store: CandleStore,
        clock: Clock,
        presets: Sequence[BoundPreset],
        patience: Patience = Patience(),  # noqa: B008  # frozen
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Raises ValueError when two different presets have one id."""
        self._clock = clock
        self._presets = _each_once(presets)
        self._keeper = CandleKeeper(venue, market, store, clock, _needs(self._presets), patience, sleep)
        self._decided: dict[tuple[PresetId, Symbol], int] = {}
        self._troubles = Troubles(venue)

    @property
    def timeframes(self) -> tuple[int, ...]:
        """Those whose closes `run` is to be called at, in seconds, rising."""
        return tuple(sorted({bound.timeframe for bound in self._presets}))

    def series(self, symbol: Symbol, timeframe: int) -> CandleSeries | None:
        """The candles kept of an instrument, if some preset needs them."""
        return self._keeper.series.get((symbol, timeframe))

    async def prepare(self) -> CycleResult:
        """Fill every series: from the store, then from the venue. To be called once, before the first run.

        What can't be had is a trouble, and is fetched by the runs that follow: the program starts all the same (M6).
        """
        run = _Run(self._clock.monotonic(), None)
        now = self._clock.now()
        keys = self._keeper.series
        await asyncio.gather(*(self._refresh(run, key, last_close(now, key[1]), True) for key in keys))
        return self._result(run, ())

    async def run(
        self, timeframe: int, close_at: datetime, deliver: Callable[[Signal], None] | None = None
    ) -> CycleResult:
        """Decide on the candles of `timeframe` (seconds) that closed at `close_at`, a close of its grid.

        `deliver` gets each signal as soon as it exists, so that a slow instrument holds up no other; the result
        holds them all again. Raises ValueError when `close_at` is not a close or has not come yet.
        """
        if close_at != last_close(close_at, timeframe) or close_at > self._clock.now():
            raise ValueError(f"{close_at} is not a past close of {name_of(timeframe)}")
        run = _Run(self._clock.monotonic(), deliver)
        woken = [bound for bound in self._presets if bound.timeframe == timeframe]
        symbols = dict.fromkeys(symbol for bound in woken for symbol in bound.preset.symbols)
        await asyncio.gather(*(self._work(run, symbol, woken, close_at) for symbol in symbols))
        return self._result(run, woken)

    async def _work(self, run: _Run, symbol: Symbol, woken: list[BoundPreset], close_at: datetime) -> None:
        """One instrument: bring its series up to date, then ask each of its presets."""
        mine = [bound for bound in woken if symbol in bound.preset.symbols]
        timeframes = {timeframe for bound in mine for timeframe in bound.preset.timeframes}
        await asyncio.gather(*(self._refresh(run, (symbol, timeframe), close_at) for timeframe in timeframes))
        began = self._clock.monotonic()
        # Side by side: one that hangs in its own process holds up no other preset.
        await asyncio.gather(*(self._ask(run, bound, symbol, close_at) for bound in mine))
        run.deciding += self._clock.monotonic() - began

    async def _refresh(self, run: _Run, key: Key, close_at: datetime, first: bool = False) -> None:
        try:
            refresh = self._keeper.prepare if first else self._keeper.refresh
            run.refreshed.append(await refresh(key, close_at))
        except Exception as error:  # the top of one instrument's work: told, and the others go on
            logger.exception("refreshing {} {} failed", key[0], name_of(key[1]))
            run.refreshed.append(Refreshed(key, complete=False, failed=f"{type(error).__name__}: {error}"))

    async def _ask(self, run: _Run, bound: BoundPreset, symbol: Symbol, close_at: datetime) -> None:
        try:
            signal = await self._decide(run, bound, symbol, close_at)
        except StrategyFailed as failed:
            logger.error("strategy {} of preset {}: {}", bound.strategy.name, bound.preset.id, failed)
            run.failures.setdefault(bound.preset.id, []).append(f"{symbol}: {failed}")
            return
        except Exception as error:  # a strategy may raise anything: told, and the others go on
            logger.exception("strategy {} of preset {} failed", bound.strategy.name, bound.preset.id)
            run.failures.setdefault(bound.preset.id, []).append(f"{symbol}: {type(error).__name__}: {error}")
            return
        if signal is not None:
            run.signals.append(signal)
            if run.deliver is not None:
                run.deliver(signal)

    async def _decide(
        self, run: _Run, bound: BoundPreset, symbol: Symbol, close_at: datetime
    ) -> Signal | None:
        """The signal of one preset for one instrument, unless its candle was decided on before."""
        series = {timeframe: self._keeper.series[symbol, timeframe] for timeframe in bound.preset.timeframes}
        view = bound.view(series, close_at)
        if view is None:
            run.notes.append(_too_few(bound, symbol, series))
            return None
        candle_close = int(view.base.times[-1]) + bound.timeframe
        if candle_close <= self._decided.get((bound.preset.id, symbol), 0):
            return None
        self._decided[bound.preset.id, symbol] = candle_close
        price, unfit = (
            view.base.price,
            _unfit(view, self._clock.now()),
        )  # now: the view slides while it is waited for
        decision = await bound.ask(view)
        if decision is None or not self._may_act(run, bound, symbol, unfit, decision):
            return None
        return bound.signal(symbol, decision, moment_of(candle_close), price)

    def _may_act(self, run: _Run, bound: BoundPreset, symbol: Symbol, why: str, decision: Decision) -> bool:
        """Exits always; entries only from whole and new candles."""
        if decision.action is not Action.ENTER:
            return True
        if why:
            run.notes.append(f"preset {bound.preset.id}: no entry in {symbol}, {why}")
        return not why

    def _result(self, run: _Run, woken: Sequence[BoundPreset]) -> CycleResult:
        places = {bound.preset.id: place for place, bound in enumerate(self._presets)}
        gaps = [key for key, need in self._keeper.needs.items() if self._keeper.series[key].gap_within(need)]
        asked = [bound.preset.id for bound in woken]
        troubles, recovered = self._troubles.of_run(run.refreshed, gaps, run.failures, asked)
        return CycleResult(
            tuple(sorted(run.signals, key=lambda signal: (places[signal.preset], signal.symbol))),
            troubles,
            recovered,
            tuple(run.notes),
            (self._clock.monotonic() - run.began) * 1000,
            run.deciding * 1000,
        )


def _unfit(view: View, now: datetime) -> str:
    """Why nothing may be entered from this view, in words; empty when it may."""
    for frame in view.frames:
        if frame.has_gap:
            return f"candles are missing in its {name_of(frame.timeframe)} history"
        if int(frame.times[-1]) + frame.timeframe < epoch(last_close(view.close_at, frame.timeframe)):
            return f"its newest {name_of(frame.timeframe)} candle is not there yet"
    age = now - moment_of(int(view.base.times[-1]) + view.base.timeframe)
    if age > max(timedelta(seconds=view.base.timeframe), FRESH):
        return f"its candle closed {age.total_seconds():.0f} s ago"
    return ""


def _too_few(bound: BoundPreset, symbol: Symbol, series: dict[int, CandleSeries]) -> str:
    have = min(len(one) for one in series.values())
    return f"preset {bound.preset.id}: {symbol} has {have} of the {bound.need} candles that it needs"


def _needs(presets: Iterable[BoundPreset]) -> dict[Key, int]:
    """The most candles that any preset wants of each series."""
    needs: dict[Key, int] = {}
    for bound in presets:
        for key in product(bound.preset.symbols, bound.preset.timeframes):
            needs[key] = max(bound.need, needs.get(key, 0))
    return needs


def _each_once(presets: Iterable[BoundPreset]) -> tuple[BoundPreset, ...]:
    """Connections may share a preset, as long as they mean the same one."""
    by_id: dict[PresetId, BoundPreset] = {}
    for bound in presets:
        other = by_id.setdefault(bound.preset.id, bound)
        if other.preset != bound.preset:
            raise ValueError(f"two different presets are called {bound.preset.id}")
    return tuple(by_id.values())
