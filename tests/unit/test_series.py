"""Candle series: what a strategy may and may not do with them, and how the grid of timeframes lies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from engine.series import CandleSeries
from engine.timeframes import WEEK, epoch, floor_epoch, last_close, moment_of, name_of, next_close
from tests.unit.cycle_world import MINUTE, START, candle, candles


def test_the_arrays_are_allocated_once_and_shared_without_copies() -> None:
    series = CandleSeries(MINUTE, 10)
    first = candles(11, MINUTE)
    series.put_all(first)
    memory = series.window(3).close.base
    series.put_all(candles(300, MINUTE, START + timedelta(minutes=11)))

    window = series.window(10)
    assert window.close.base is memory
    assert window.close.flags.c_contiguous
    assert len(series) == 10


def test_a_window_cannot_be_written_through() -> None:
    series = CandleSeries(MINUTE)
    series.put_all(candles(5, MINUTE))
    window = series.window(5)
    for array in (window.close, window.open, window.high, window.low, window.volume, window.times):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_price_comes_back_as_it_went_in() -> None:
    series = CandleSeries(MINUTE)
    series.put(candle(START, "0.00001234"))
    assert series.window(1).price == Decimal("0.00001234")
    (back,) = series.candles(5)
    assert back == candle(START, "0.00001234")


def test_an_empty_series_has_nothing() -> None:
    series = CandleSeries(MINUTE)
    assert len(series) == 0
    assert series.newest_close is None
    assert not series.gap_within(5)
    assert len(series.window(5, epoch(START))) == 0


def test_holes_of_a_long_absence_stay_few() -> None:
    """A store that ends a year ago must not make a list of every second since."""
    series = CandleSeries(1, 10)
    series.put_all([candle(START), candle(START + timedelta(days=365))])
    assert series.gap_within(10)
    assert len(series.holes(10)) == 9


def test_many_series_are_small() -> None:
    series = CandleSeries(MINUTE, 1000)
    window = series.window(0)
    assert isinstance(window.close.base, np.ndarray)
    assert window.close.base.nbytes + series.times.base.nbytes <= 60_100  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("timeframe", "name"), [(1, "1s"), (300, "5m"), (3600, "1h"), (86_400, "1d"), (WEEK, "1w"), (90, "90s")]
)
def test_names_of_timeframes(timeframe: int, name: str) -> None:
    assert name_of(timeframe) == name


def test_closes_lie_on_the_grid_from_the_epoch() -> None:
    moment = datetime(2024, 1, 3, 14, 2, 7, 999_999, tzinfo=UTC)
    assert last_close(moment, 1) == datetime(2024, 1, 3, 14, 2, 7, tzinfo=UTC)
    assert last_close(moment, 300) == datetime(2024, 1, 3, 14, 0, tzinfo=UTC)
    assert next_close(moment, 300) == datetime(2024, 1, 3, 14, 5, tzinfo=UTC)
    assert last_close(moment, WEEK) == datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
    on_the_dot = datetime(2024, 1, 3, 14, 5, tzinfo=UTC)
    assert last_close(on_the_dot, 300) == on_the_dot
    assert next_close(on_the_dot, 300) == on_the_dot + timedelta(minutes=5)
    assert moment_of(floor_epoch(epoch(moment), 3600)) == datetime(2024, 1, 3, 14, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        epoch(datetime(2024, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="not a number of seconds above zero"):
        name_of(0)
