"""Candles of all lengths tell of one market: each longer one is exactly what the shorter ones in it make."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import pairwise

import pytest

from bot.demo_config import HOURS
from sandbox.exchange.cli import add_arguments, build_venue
from sandbox.exchange.market.candles import INTERVALS, Candle, opened_at
from sandbox.exchange.market.drift import DriftingTape
from sandbox.exchange.market.feed import Feed
from sandbox.exchange.market.files import read_market
from sandbox.exchange.market.seeded import following, seeded_market
from sandbox.exchange.market.tape import Bar, Tape
from sandbox.exchange.matching.model import Pair

MINUTE, HOUR = 60_000, 3_600_000
START = 1_700_000_000_000
BARS = [Bar(10, 15, 8, 12, 1), Bar(12, 20, 11, 18, 2), Bar(18, 19, 13, 14, 3)]


def demo_market() -> tuple[Pair, Tape]:
    return following("BTC/USDT", 1, HOURS / "BTC_USDT-1h.csv.gz", 1_000)


def recorded_market() -> tuple[Pair, Tape]:
    pair, tape, _ = read_market("BTC/USDT", HOURS / "BTC_USDT-1h.csv.gz")
    return pair, tape


def made_of(parts: list[Candle]) -> tuple[int, int, int, int, int]:
    return (
        parts[0].open,
        max(one.high for one in parts),
        min(one.low for one in parts),
        parts[-1].close,
        sum(one.volume for one in parts),
    )


def grouped(candles: list[Candle], interval_ms: int) -> Iterator[tuple[int, list[Candle]]]:
    for opened in sorted({opened_at(interval_ms, one.open_ms) for one in candles}):
        yield opened, [one for one in candles if opened_at(interval_ms, one.open_ms) == opened]


@pytest.mark.parametrize("market", [demo_market, recorded_market, lambda: seeded_market("ETH/USDT", 5)])
@pytest.mark.parametrize(
    ("short", "long"), [("1m", "1h"), ("1s", "1m"), ("1h", "4h"), ("4h", "1d"), ("1h", "1d")]
)
def test_a_candle_is_exactly_its_shorter_ones(market: object, short: str, long: str) -> None:
    """Before the start, across it, and since: of the record, of both, of trades."""
    assert callable(market)
    feed = Feed([market()], 1_000, START)
    for now in range(START, START + 200_000, 250):
        list(feed.play(now))
    candles = next(iter(feed.instruments.values())).candles
    many = INTERVALS[long] // INTERVALS[short]
    parts = candles.read(INTERVALS[short], many * 6, None, None)
    wholes = {one.open_ms: one for one in candles.read(INTERVALS[long], 10, None, None)}
    checked = 0
    for opened, inside in list(grouped(parts, INTERVALS[long]))[1:]:
        whole = wholes[opened]
        assert (whole.open, whole.high, whole.low, whole.close, whole.volume) == made_of(inside)
        checked += 1
    assert checked >= 3


@pytest.mark.parametrize("unit_ms", [1_000, 60_000])
def test_what_is_played_is_the_record_to_the_last_step_of_volume(unit_ms: int) -> None:
    """So that history reads alike before and after a restart."""
    market = recorded_market()
    feed = Feed([market], unit_ms, START)
    start = START - START % unit_ms
    for now in range(start, start + 3 * unit_ms, 250):
        list(feed.play(now))
    found = feed.instruments["BTCUSDT"].candles.read(unit_ms, 3, None, None)
    first = feed.instruments["BTCUSDT"].place(start).position - 3
    for number, candle in enumerate(found):
        bar = market[1].at(first + number)
        assert (candle.open, candle.high, candle.low, candle.close, candle.volume) == (
            bar.open, bar.high, bar.low, bar.close, bar.volume,
        )  # fmt: skip


def test_the_demos_longer_candles_differ_from_each_other() -> None:
    """A short record that is played over and over makes days that all look alike."""
    feed = Feed([demo_market()], 1_000, START)
    candles = feed.instruments["BTCUSDT"].candles
    for interval in ("1h", "4h", "1d"):
        found = candles.read(INTERVALS[interval], 20, None, START - 1)
        assert len({(one.high, one.low, one.volume) for one in found}) == len(found)
        typical = sum(one.high / one.low - 1 for one in found) / len(found)
        assert 0.01 < typical < 0.2


def test_a_drifting_tape_follows_its_levels_without_a_jump() -> None:
    tape = DriftingTape(BARS, [(1.0, 1.0), (100.0, 0.5), (1000.0, 3.0)], 4)
    for position in range(-40, 40):
        bar = tape.at(position)
        assert bar.close == tape.at(position + 1).open
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
    plain = Tape(BARS)
    assert [tape.at(n).open for n in (0, 4, 8)] == [
        plain.at(n).open * level for n, level in ((0, 1), (4, 100), (8, 1000))
    ]


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (1, 3), (2, 9), (-13, 25), (4, 8), (3, 100)])
def test_a_drifting_tape_merges_what_it_has(start: int, stop: int) -> None:
    tape = DriftingTape(BARS, [(1.0, 1.0), (3.0, 0.4), (2.0, 7.0)], 4)
    bars = [tape.at(n) for n in range(start, stop)]
    assert tape.merged(start, stop) == Bar(
        bars[0].open, max(one.high for one in bars), min(one.low for one in bars), bars[-1].close,
        sum(one.volume for one in bars),
    )  # fmt: skip


@pytest.mark.parametrize("prices", [[1.0], [1.0, 0.0], [1.0, -2.0]])
def test_levels_that_are_none_are_refused(prices: list[float]) -> None:
    with pytest.raises(ValueError, match="two levels above zero"):
        DriftingTape(BARS, [(price, 1.0) for price in prices], 4)


def test_all_lengths_begin_at_one_moment() -> None:
    """Else the first long candle tells of times for which there is no short one."""
    candles = Feed([demo_market()], 1_000, START).instruments["BTCUSDT"].candles
    firsts = {
        name: candles.read(ms, 3, 0, None)[0].open_ms
        for name, ms in INTERVALS.items()
        if name not in ("1s", "3d")
    }
    assert len(set(firsts.values())) == 1
    assert all(b.open_ms - a.open_ms == HOUR for a, b in pairwise(candles.read(HOUR, 5, 0, None)))


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("ETH/USDT=x.csv", "that is no instrument with made-up prices here"),
        ("BTC/USDT=none.csv", "cannot be read"),
    ],
)
def test_hours_that_can_not_be_followed_are_refused_in_words(hours: str, said: str) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(["--market", "BTC/USDT", "--hours", hours])
    with pytest.raises(ValueError, match=said):
        build_venue(options)
    with pytest.raises(SystemExit):
        parser.parse_args(["--hours", "BTC/USDT"])
