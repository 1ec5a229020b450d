"""From one candle's close to the decision: append it and ask three strategies, network and disk left out.

Run it by `python -m benchmarks.bench_strategies`. The same run times a bare loop over TA-Lib with the same indicators,
so that what our own part costs shows on any machine.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from engine.core.ids import PresetId, Symbol
from engine.core.model import Candle
from engine.core.money import Price, Quantity
from engine.core.settings import Preset
from engine.indicators import adx, atr, bollinger, ema, macd, rsi
from engine.series import CandleSeries
from engine.strategies.bound import BoundPreset
from engine.strategies.registry import Registry

CANDLES = 500
ROUNDS = 2000
TIMEFRAME = 300
LIMIT_MS = 1.0
BTC = Symbol("BTC/USDT")
STRATEGIES = {
    "moving_average_cross": {"trend": 166},  # three times its trend: a window of 500 candles
    "rsi_bollinger_reversion": {"rsi_period": 49},
    "macd_atr": {"atr_period": 49},
}


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Medians in milliseconds for one instrument: `close_to_decision_ms` and, beside it, `bare_talib_ms`."""
    walk = _walk(CANDLES + rounds)
    series = CandleSeries(TIMEFRAME, CANDLES + 50)
    series.put_all(walk[:CANDLES])
    presets = _presets()
    ours, bare = [], []
    for candle in walk[CANDLES:]:
        ours.append(_timed(lambda candle=candle: _decide(series, presets, candle)))  # type: ignore[misc]
        bare.append(_timed(lambda: _bare(series)))
    return {
        "close_to_decision_ms": statistics.median(ours),
        "bare_talib_ms": statistics.median(bare),
    }


def _decide(series: CandleSeries, presets: list[BoundPreset], candle: Candle) -> None:
    series.put(candle)
    close_at = candle.open_time + timedelta(seconds=TIMEFRAME)
    for bound in presets:
        view = bound.view({TIMEFRAME: series}, close_at)
        if view is None:
            raise AssertionError(f"{bound.preset.id} was not asked: the measurement would mean nothing")
        bound.decide(view)


def _bare(series: CandleSeries) -> None:
    window = series.window(CANDLES)
    close, high, low = window.close, window.high, window.low
    ema(close, 9), ema(close, 21), ema(close, 166)
    rsi(close, 49), bollinger(close, 20, 2.0)
    macd(close, 12, 26, 9), atr(high, low, close, 49), adx(high, low, close, 49)


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _presets() -> list[BoundPreset]:
    registry = Registry()
    return [
        registry.bind(Preset(PresetId(name), name, (BTC,), (TIMEFRAME,), values))
        for name, values in STRATEGIES.items()
    ]


def _walk(count: int) -> list[Candle]:
    """A seeded random walk, so that every run does the same work."""
    closes = 30_000 * np.exp(np.cumsum(np.random.default_rng(7).normal(0, 0.002, count)))
    start = datetime(2024, 1, 1, tzinfo=UTC)
    walk = []
    for i, close in enumerate(closes):
        price = Price(Decimal(f"{close:.2f}"))
        high, low = Price(price * Decimal("1.001")), Price(price * Decimal("0.999"))
        opened = start + timedelta(seconds=TIMEFRAME * i)
        walk.append(Candle(opened, price, high, low, price, Quantity(Decimal(3))))
    return walk


def main() -> None:
    figures = measure()
    ours, bare = figures["close_to_decision_ms"], figures["bare_talib_ms"]
    print(
        f"close to decision, one instrument, {CANDLES} candles, three strategies: {ours:.3f} ms (at most {LIMIT_MS:g})"
    )
    print(f"bare TA-Lib loop with the same indicators: {bare:.3f} ms")


if __name__ == "__main__":
    main()
