"""Candles at the edge: law 15, and the rows M3, M4, M5, M9 and S7 of what really goes wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.candle_check import Checked, Flaw, check_candles
from engine.core.model import Candle
from tests.unit.cycle_world import BTC, MINUTE, START, candle, candles

NOW = START + timedelta(hours=1)


def check(given_candles: list[Candle], before: Candle | None = None) -> Checked:
    return check_candles(BTC, MINUTE, given_candles, NOW, before)


def at(minute: int, close: float | str = 100, **changes: Any) -> Candle:
    return candle(START + timedelta(minutes=minute), close, **changes)


def flaws(checked: Checked) -> list[Flaw]:
    return [finding.flaw for finding in checked.findings]


def test_sound_candles_pass_untouched() -> None:
    sound = candles(60, MINUTE)
    assert check(sound) == Checked(tuple(sound), ())


def test_m3_an_unfinished_candle_is_left_out() -> None:
    checked = check(candles(61, MINUTE))
    assert len(checked.candles) == 60
    assert flaws(checked) == [Flaw.UNFINISHED]


@pytest.mark.parametrize("name", ["open", "high", "low", "close", "volume"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "-1"])
def test_m9_what_is_no_sound_number_is_refused(name: str, value: str) -> None:
    numbers: dict[str, Any] = {name: Decimal(value)}
    bad = replace(at(1), **numbers)
    checked = check([at(0), bad, at(2)])
    assert [one.open_time for one in checked.candles] == [at(0).open_time, at(2).open_time]
    assert flaws(checked) == [Flaw.NOT_POSITIVE if value == "-1" else Flaw.NOT_A_NUMBER, Flaw.HOLE]
    assert "BTC/USDT 1m: the candle of 2024-01-01 00:01:00 UTC has " + name in checked.findings[0].text


def test_a_zero_price_is_refused_and_a_zero_volume_is_not() -> None:
    assert flaws(check([at(0, 0)])) == [Flaw.NOT_POSITIVE]
    assert flaws(check([at(0, volume=Decimal(0))])) == []


@pytest.mark.parametrize("changes", [{"high": Decimal(99)}, {"low": Decimal(101)}])
def test_high_and_low_must_hold_the_rest(changes: dict[str, Any]) -> None:
    assert flaws(check([at(0, **changes)])) == [Flaw.UPSIDE_DOWN]


@pytest.mark.parametrize("off", [timedelta(seconds=7), timedelta(milliseconds=1)])
def test_a_candle_off_the_grid_is_refused(off: timedelta) -> None:
    assert flaws(check([candle(START + off)])) == [Flaw.OFF_GRID]


def test_m4_disorder_is_put_right_and_contradiction_told() -> None:
    checked = check([at(2), at(0), at(1), at(1), at(2, 101)])
    assert [one.close for one in checked.candles] == [100, 100, 101]
    assert flaws(checked) == [Flaw.CONTRADICTION]
    assert "00:02:00 UTC came twice with different numbers, close 100 and 101" in checked.findings[0].text


def test_m5_holes_are_named() -> None:
    checked = check([at(3), at(5)], before=at(0))
    assert [finding.text for finding in checked.findings] == [
        "BTC/USDT 1m: the candle of 2024-01-01 00:01:00 UTC and 1 more after it are missing",
        "BTC/USDT 1m: the candle of 2024-01-01 00:04:00 UTC is missing",
    ]


@pytest.mark.parametrize("spike", [10, 301, 1000, 33])
def test_s7_one_candle_at_another_level_is_refused(spike: float) -> None:
    checked = check([at(0), at(1, spike), at(2)])
    assert [one.close for one in checked.candles] == [100, 100]
    assert flaws(checked) == [Flaw.JUMP, Flaw.HOLE]
    assert f"close {spike} after 100" in checked.findings[0].text


def test_a_jump_is_believed_once_the_next_candle_confirms_it() -> None:
    assert flaws(check([at(1, 10)], before=at(0))) == [Flaw.JUMP]
    believed = check([at(1, 10), at(2, 11)], before=at(0))
    assert [one.close for one in believed.candles] == [10, 11]


def test_a_wick_far_off_its_own_candle_is_refused() -> None:
    assert flaws(check([at(0, low=Decimal(10))])) == [Flaw.JUMP]
    assert flaws(check([at(0, high=Decimal(1000))])) == [Flaw.JUMP]


numbers = st.one_of(
    st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal(0), Decimal(-1)]),
    st.decimals(min_value="0.01", max_value=500, places=2),
)
anything = st.builds(
    lambda offset, o, h, lo, c, v: Candle(START + timedelta(seconds=offset), o, h, lo, c, v),
    st.integers(-120, 5000),
    numbers,
    numbers,
    numbers,
    numbers,
    numbers,
)


@given(st.lists(anything, max_size=12))
def test_whatever_comes_in_what_goes_on_is_sound(given_candles: list[Candle]) -> None:
    checked = check(given_candles)
    times = [one.open_time for one in checked.candles]
    assert times == sorted(set(times))
    for one in checked.candles:
        assert one.open_time + timedelta(seconds=MINUTE) <= NOW
        assert one.open_time.second == 0
        assert 0 < one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high
        assert one.high.is_finite()
        assert one.volume >= 0
    refused = len({one.open_time for one in given_candles}) - len(checked.candles)
    assert refused <= len(checked.findings)
