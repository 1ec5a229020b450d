"""The shipped strategies on made and real candles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from engine.core.ids import PresetId
from engine.core.model import Action, Candle
from engine.core.money import Price
from engine.core.settings import Preset
from engine.series import CandleSeries
from engine.strategies.base import Decision
from engine.strategies.bound import BoundPreset
from engine.strategies.registry import Registry
from engine.timeframes import epoch, moment_of
from tests.unit.cycle_world import BTC, HOUR, START, candle
from tests.unit.market_files import SHIPPED, read, shipped_or_real

REGISTRY = Registry()
NAMES = sorted(REGISTRY.strategies)
SMALL: dict[str, dict[str, object]] = {
    "moving_average_cross": {"fast": 3, "slow": 8, "trend": 20},
    "rsi_bollinger_reversion": {"rsi_period": 5, "band_period": 10, "deviations": 1.5},
    "macd_atr": {"fast": 4, "slow": 9, "signal": 3, "atr_period": 5},
}


def bound(name: str, timeframes: tuple[int, ...] = (HOUR,), **parameters: object) -> BoundPreset:
    values = {**SMALL[name], **parameters}
    return REGISTRY.bind(Preset(PresetId("p"), name, (BTC,), timeframes, values))


def decisions(preset: BoundPreset, candles: Sequence[Candle]) -> list[Decision | None]:
    """What it decides at each candle, once it has enough of them."""
    series = CandleSeries(preset.timeframe, 1000)
    out = []
    for one in candles:
        series.put(one)
        view = preset.view({preset.timeframe: series}, one.open_time + timedelta(seconds=preset.timeframe))
        if view is not None:
            out.append(preset.decide(view))
    return out


def path(*closes: float) -> list[Candle]:
    return [candle(START + timedelta(hours=i), f"{close:.6f}") for i, close in enumerate(closes)]


def line(start: float, end: float, count: int) -> list[float]:
    return list(np.linspace(start, end, count))


def actions(found: Sequence[Decision | None]) -> Counter[Action]:
    return Counter(one.action for one in found if one is not None)


def test_three_come_with_it() -> None:
    assert NAMES == ["macd_atr", "moving_average_cross", "rsi_bollinger_reversion"]
    assert REGISTRY.problems == []


@pytest.mark.parametrize("name", NAMES)
def test_each_enters_and_leaves_on_real_candles(name: str) -> None:
    found = actions(decisions(bound(name), read(SHIPPED)))
    assert found[Action.ENTER] >= 3
    assert found[Action.EXIT] > found[Action.ENTER]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_deterministic_and_sees_no_later_candle(name: str) -> None:
    """The decision at candle n is the same whether or not later candles exist, and in a series of any age."""
    candles = read(SHIPPED)
    preset = bound(name)
    live = decisions(preset, candles)
    assert live == decisions(preset, candles)
    whole = CandleSeries(HOUR, 1000)
    whole.put_all(candles)
    first = len(candles) - len(live)
    for i in range(first, len(candles)):
        view = preset.view({HOUR: whole}, candles[i].open_time + timedelta(hours=1))
        assert view is not None
        assert preset.decide(view) == live[i - first]


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_later_changes_nothing(name: str) -> None:
    """Spoil all that follows a candle: what was decided until then stays the same."""
    candles = read(SHIPPED)
    spoilt = [
        replace(one, close=one.low, open=one.high) if i >= 300 else one for i, one in enumerate(candles)
    ]
    preset = bound(name)
    count = 300 - preset.need + 1
    assert decisions(preset, candles)[:count] == decisions(preset, spoilt)[:count]
    assert decisions(preset, candles) != decisions(preset, spoilt)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("market", ["ETH_USDT-4h-2018", "BTC_USDT-15m", "XMR_BTC-5m", "BTC_USD-1m-perpetual"])
def test_each_runs_over_every_kind_of_market(name: str, market: str) -> None:
    candles = shipped_or_real(market)[:3000]
    step = int((candles[1].open_time - candles[0].open_time).total_seconds())
    found = decisions(bound(name, (step,)), candles)
    assert actions(found)[Action.ENTER] > 0
    assert len(found) == len(candles) - bound(name).need + 1


def test_a_cross_against_the_trend_is_not_taken() -> None:
    """After a long fall a small rise crosses the averages, far below the trend's."""
    bounce = path(*line(200, 100, 70), *line(100, 104, 8))
    with_trend = decisions(bound("moving_average_cross", trend=20), bounce)
    long_trend = decisions(bound("moving_average_cross", trend=5), bounce)
    assert actions(with_trend)[Action.ENTER] == 0
    assert actions(long_trend)[Action.ENTER] == 1


def test_the_trend_is_read_in_the_highest_timeframe() -> None:
    day = 24 * HOUR
    preset = bound("moving_average_cross", (HOUR, day), trend=5, average="sma")
    hours = path(*line(120, 100, 48), *line(100, 110, 10))
    entered = {}
    for name, level in {"below": 50, "above": 500}.items():
        days = [candle(START + timedelta(days=i - 60), level) for i in range(60)]
        entered[name] = _enters(preset, {HOUR: hours, day: days})
    assert entered == {"below": True, "above": False}


def _enters(preset: BoundPreset, data: dict[int, list[Candle]]) -> bool:
    series = {timeframe: CandleSeries(timeframe) for timeframe in data}
    for timeframe, candles in data.items():
        series[timeframe].put_all(candles)
    for time in series[HOUR].times:
        view = preset.view(series, moment_of(int(time) + HOUR))
        decision = preset.decide(view) if view is not None else None
        if decision is not None and decision.action is Action.ENTER:
            return True
    return False


def test_reversion_buys_the_turn_and_not_the_fall() -> None:
    flat = [100 + (i % 2) * 0.2 for i in range(60)]
    fall = path(*flat, *line(99, 90, 6))
    turn = path(*flat, *line(99, 90, 6), 92.5)
    preset = bound("rsi_bollinger_reversion")
    assert actions(decisions(preset, fall)[-6:])[Action.ENTER] == 0
    last = decisions(preset, turn)[-1]
    assert last is not None
    assert last.action is Action.ENTER
    assert "RSI back above 30" in last.reason


def test_reversion_with_a_trend_filter_stays_out_below_it() -> None:
    flat = [100 + (i % 2) * 0.2 for i in range(60)]
    turn = path(*flat, *line(99, 90, 6), 92.5)
    assert decisions(bound("rsi_bollinger_reversion", trend=50), turn)[-1] is None


def test_macd_sets_exits_by_the_true_range() -> None:
    """Every candle is 8 wide and closes move by less, so the true range stays at about 8."""
    closes = [*line(100, 90, 60), *line(90, 94, 6)]
    wide = [replace(one, high=Price(one.high + 4), low=Price(one.low - 4)) for one in path(*closes)]
    found = [one for one in decisions(bound("macd_atr"), wide)[-6:] if one is not None]
    entry = next(one for one in found if one.action is Action.ENTER)
    assert entry.stop_distance == pytest.approx(16, rel=0.05)
    assert entry.take_profit_distance == pytest.approx(24, rel=0.05)


def test_macd_stays_out_of_a_weak_trend() -> None:
    every = actions(decisions(bound("macd_atr"), read(SHIPPED)))
    strong = actions(decisions(bound("macd_atr", least_adx=40.0), read(SHIPPED)))
    assert 0 < strong[Action.ENTER] < every[Action.ENTER]
    assert strong[Action.EXIT] == every[Action.EXIT]


@pytest.mark.parametrize("name", NAMES)
def test_a_market_that_stands_still_gives_no_entry_and_no_error(name: str) -> None:
    found = decisions(bound(name), path(*[100.0] * 150))
    assert actions(found)[Action.ENTER] == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pick", [min, max])
def test_the_widest_and_narrowest_parameters_can_be_bound(name: str, pick: Callable[..., Any]) -> None:
    """No bound may allow what would ask for more candles than are kept."""
    model = REGISTRY.find(name).parameters
    values: dict[str, Any] = {}
    for field, info in model.model_fields.items():
        bounds = [
            getattr(rule, side) for rule in info.metadata for side in ("ge", "le") if hasattr(rule, side)
        ]
        if bounds:
            kind = info.annotation
            values[field] = kind(pick(bounds))
    for low, high in (("fast", "slow"), ("oversold", "recovered")):
        if low in values and values[low] >= values[high]:
            values[low] = values[high] - 1
    preset = REGISTRY.bind(Preset(PresetId("p"), name, (BTC,), (HOUR,), values))
    assert 2 <= preset.need <= 1000


def test_a_longer_history_does_not_change_a_decision() -> None:
    """Averages with a memory begin where the window begins, not where the series does."""
    candles = read(SHIPPED)
    preset = bound("macd_atr")
    short, long = CandleSeries(HOUR, preset.need), CandleSeries(HOUR, 500)
    short.put_all(candles)
    long.put_all(candles)
    close_at = moment_of(epoch(candles[-1].open_time) + HOUR)
    few, many = preset.view({HOUR: short}, close_at), preset.view({HOUR: long}, close_at)
    assert few is not None
    assert many is not None
    assert list(few.base.close) == list(many.base.close)
    assert preset.decide(few) == preset.decide(many)


def test_reversion_wants_a_close_below_the_band() -> None:
    """The same turn of the RSI, with bands so wide that the price never left them, is no entry."""
    flat = [100 + (i % 2) * 0.2 for i in range(60)]
    turn = path(*flat, *line(99, 90, 6), 92.5)
    assert decisions(bound("rsi_bollinger_reversion", deviations=5.0), turn)[-1] is None


def test_macd_enters_once_for_each_crossing() -> None:
    rise = path(*(100 - 0.003 * i**2 for i in range(60)), *(90 + 0.05 * i**2 for i in range(20)))
    found = decisions(bound("macd_atr"), [replace(one, low=Price(one.low - 1)) for one in rise])
    assert actions(found)[Action.ENTER] == 1
    assert found[-1] is None
