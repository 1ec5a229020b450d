"""The kept arrays hold what a plain sorted list would (M4, M5)."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.model import Candle
from engine.series import CandleSeries
from engine.timeframes import epoch
from tests.unit.cycle_world import MINUTE, START, candle

CAPACITY = 8
appends = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 999)), max_size=120)


class Model:
    """The same by the plainest means: a dict by open time, cut to the newest."""

    def __init__(self) -> None:
        self.candles: dict[int, Candle] = {}

    def put(self, one: Candle) -> bool:
        time = epoch(one.open_time)
        before = set(self.candles)
        self.candles[time] = one
        self.candles = dict(sorted(self.candles.items())[-CAPACITY:])
        return time in self.candles and time not in before


@settings(max_examples=300, deadline=None)
@given(appends, st.integers(1, CAPACITY))
def test_a_series_is_a_sorted_list_of_the_newest(steps: list[tuple[int, int]], count: int) -> None:
    series, model = CandleSeries(MINUTE, CAPACITY), Model()
    for place, close in steps:
        one = candle(START + timedelta(seconds=MINUTE * place), close)
        assert series.put(one) == model.put(one)

    times = list(model.candles)
    assert list(series.times) == times
    assert series.candles(CAPACITY) == list(model.candles.values())
    newest = times[-count:]
    gap = any(right - left != MINUTE for left, right in pairwise(newest))
    assert series.gap_within(count) == gap
    assert series.newest_close == (times[-1] + MINUTE if times else None)
    _same_holes(series, times, count)
    _same_windows(series, model, count)


def _same_holes(series: CandleSeries, times: list[int], count: int) -> None:
    places = range(times[-1] - (count - 1) * MINUTE, times[-1], MINUTE) if times else []
    assert series.holes(count) == [time for time in places if times[0] < time and time not in times]


def _same_windows(series: CandleSeries, model: Model, count: int) -> None:
    for place in range(42):
        close_at = epoch(START) + place * MINUTE
        closed = [one for time, one in model.candles.items() if time + MINUTE <= close_at][-count:]
        window = series.window(count, close_at)
        assert list(window.close) == [float(one.close) for one in closed]
        assert list(window.times) == [epoch(one.open_time) for one in closed]
        earlier = [one for time, one in model.candles.items() if time < close_at]
        assert series.before(close_at) == (earlier[-1] if earlier else None)
