"""The edge: numbers, times, candles and tickers as venues send them, sound and not."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import Corrupt
from engine.core.ids import Symbol
from engine.exchanges import numbers, parse
from engine.exchanges.venues import VENUES

ROW = VENUES["binance"]
BTC = Symbol("BTC/USDT")
NOW = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)
NOW_MS = 1_709_294_400_000
d = Decimal
BAD_NUMBERS = [math.nan, math.inf, -math.inf, "NaN", "Infinity", "1,5", "", None, True, [], {}]


# ── numbers ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("value", BAD_NUMBERS)
def test_m9_what_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(Corrupt, match="the thing"):
        numbers.number(value, "the thing")


@pytest.mark.parametrize("value", [0, 0.0, -1, "-0.1", *BAD_NUMBERS])
def test_m9_a_price_is_above_zero(value: object) -> None:
    with pytest.raises(Corrupt):
        numbers.positive(value, "the price")


def test_a_volume_may_be_zero_but_not_less() -> None:
    assert numbers.not_negative(0, "the volume") == 0
    with pytest.raises(Corrupt):
        numbers.not_negative(-1e-9, "the volume")


def test_none_and_zero_mean_that_there_is_none() -> None:
    assert numbers.positive_or_none(None, "the bid") is None
    assert numbers.positive_or_none(0.0, "the bid") is None
    assert numbers.positive_or_none(2.5, "the bid") == Decimal("2.5")
    with pytest.raises(Corrupt):
        numbers.positive_or_none(-1, "the bid")


@given(st.decimals(min_value="1e-9", max_value="1e9", places=6))
def test_a_float_gives_back_the_text_that_the_venue_sent(value: Decimal) -> None:
    assert numbers.number(float(value), "it") == value


@pytest.mark.parametrize("stamp", [0, -1, 1e18, 1709294400, *BAD_NUMBERS])
def test_a_time_outside_of_markets_is_refused(stamp: object) -> None:
    with pytest.raises(Corrupt):
        numbers.moment(stamp, "the time")


def test_times_go_both_ways() -> None:
    assert numbers.moment(NOW_MS, "it") == NOW
    assert numbers.milliseconds(NOW) == NOW_MS


# ── candles ───────────────────────────────────────────────────────────────────────────────


def row(minutes: int, close: Any = 10.5, low: Any = 9.0, volume: Any = 3.0) -> list[Any]:
    return [NOW_MS + minutes * 60_000, 10.0, 11.0, low, close, volume]


def test_m4_candles_come_in_order_and_once_the_last_telling_counting() -> None:
    found = parse.candles([row(-2), row(-4), row(-3), row(-3, close=10.9)], 60, NOW)
    assert [candle.open_time for candle in found] == [NOW - timedelta(minutes=m) for m in (4, 3, 2)]
    assert found[1].close == Decimal("10.9")


def test_m3_only_closed_candles_pass() -> None:
    found = parse.candles([row(-2), row(-1), row(0)], 60, NOW + timedelta(seconds=59))
    assert found[-1].open_time == NOW - timedelta(minutes=1)
    assert parse.candles([row(0)], 60, NOW + timedelta(seconds=60)) != []


def test_m5_a_gap_stays_a_gap() -> None:
    assert len(parse.candles([row(-5), row(-2)], 60, NOW)) == 2


@pytest.mark.parametrize(
    "bad",
    [
        row(-1, close=math.nan),
        row(-1, close=0),
        row(-1, close=None),
        row(-1, close=12.0),
        row(-1, low=10.2),
        row(-1, volume=-1),
        row(-1, volume=None),
        [NOW_MS - 59_000, 10.0, 11.0, 9.0, 10.5, 3.0],
        [NOW_MS - 60_000 + 1, 10.0, 11.0, 9.0, 10.5, 3.0],
        [NOW_MS - 60_000, 10.0],
        "nonsense",
    ],
)
def test_m9_m12_one_unsound_candle_is_left_out_alone(bad: Any) -> None:
    """ "one-null-candle": all rows were refused because of the one."""
    told: list[str] = []
    assert parse.candles([row(-3), bad, row(-2)], 60, NOW, told.append) == parse.candles(
        [row(-3), row(-2)], 60, NOW
    )
    assert len(told) == 1
    with pytest.raises(Corrupt):
        parse.candles([bad, bad], 60, NOW)


def test_the_newest_open_time_of_a_page() -> None:
    assert parse.newest_open([row(-2), row(-4)]) == NOW - timedelta(minutes=2)
    assert parse.newest_open([]) is None


# ── tickers ───────────────────────────────────────────────────────────────────────────────


def raw_ticker(**changes: Any) -> dict[str, Any]:
    return {"last": 100.5, "bid": 100.4, "ask": 100.6, "timestamp": NOW_MS, "baseVolume": 86400.0, **changes}


def test_a_ticker_carries_the_venues_time() -> None:
    ticker, day = parse.ticker(BTC, raw_ticker(), NOW + timedelta(seconds=3))
    assert (ticker.last, ticker.bid, ticker.ask) == (Decimal("100.5"), Decimal("100.4"), Decimal("100.6"))
    assert (ticker.at, ticker.volume, day) == (NOW, None, Decimal(86400))


def test_without_the_venues_time_ours_is_taken() -> None:
    ticker, day = parse.ticker(BTC, raw_ticker(timestamp=None, bid=0, ask=None, baseVolume=None), NOW)
    assert (ticker.at, ticker.bid, ticker.ask, day) == (NOW, None, None, None)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        raw_ticker(last=None),
        raw_ticker(last=0),
        raw_ticker(last=math.nan),
        raw_ticker(bid=-1),
        raw_ticker(timestamp=1),
        raw_ticker(baseVolume=-5),
    ],
)
def test_m9_m10_an_unsound_ticker_is_refused(raw: Any) -> None:
    with pytest.raises(Corrupt):
        parse.ticker(BTC, raw, NOW)


def test_a_price_from_the_future_is_refused() -> None:
    ticker, _ = parse.ticker(BTC, raw_ticker(), NOW)
    parse.check_not_ahead(ticker, NOW - timedelta(seconds=4))
    with pytest.raises(Corrupt, match="still to come"):
        parse.check_not_ahead(ticker, NOW - timedelta(seconds=6))


def test_volume_is_the_larger_of_the_days_growth_and_its_even_share() -> None:
    volumes = parse.Volumes()

    def after(seconds: float, day: str | None) -> Decimal | None:
        ticker, _ = parse.ticker(BTC, raw_ticker(timestamp=NOW_MS + seconds * 1000), NOW)
        return volumes.with_volume(ticker, None if day is None else Decimal(day)).volume

    assert after(0, "86400") is None
    assert after(2, "86400") == 2
    assert after(3, "86450") == 50
    assert after(4, "86400") == 1
    assert after(5, None) is None
    assert after(1, "86400") is None


# ── instruments ───────────────────────────────────────────────────────────────────────────


def market(**changes: Any) -> dict[str, Any]:
    return {
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "precision": {"price": 0.01, "amount": 1e-05},
        "limits": {"amount": {"min": 0.001, "max": 9000.0}, "cost": {"min": 5.0}},
        "taker": 0.00075,
        "maker": -0.0001,
        "active": True,
        **changes,
    }


def test_an_instrument_is_exact() -> None:
    found = parse.instrument(market(), ROW)
    assert (found.tick, found.lot) == (Decimal("0.01"), Decimal("0.00001"))
    assert (found.min_quantity, found.max_quantity, found.min_notional) == (d("0.001"), d(9000), d(5))
    assert (found.taker_fee, found.maker_fee) == (d("0.00075"), d(0))
    assert found.active


def test_what_a_venue_does_not_tell_is_filled_in_on_the_safe_side() -> None:
    bare = market(limits={"amount": {"min": None, "max": 0}, "cost": {"min": None}}, taker=None, active=None)
    found = parse.instrument(bare, ROW)
    assert (found.min_quantity, found.max_quantity, found.min_notional) == (found.lot, None, d(0))
    assert found.taker_fee == ROW.taker_fee
    assert found.active
    assert not parse.instrument(market(active=False), ROW).active


def test_an_instrument_without_steps_is_refused() -> None:
    with pytest.raises(Corrupt, match="the tick of BTC/USDT"):
        parse.instrument(market(precision={"price": None, "amount": 1e-05}), ROW)
