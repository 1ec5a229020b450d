"""Where the sandbox venue's prices come from: files, seeds, and the clock that re-stamps them."""

import gzip
from decimal import Decimal as D
from itertools import pairwise
from pathlib import Path

import pytest

from sandbox.exchange.market.candles import INTERVALS, Candles, opened_at
from sandbox.exchange.market.feed import Feed, walk
from sandbox.exchange.market.files import BadMarketFile, read_market
from sandbox.exchange.market.pairs import pair_for
from sandbox.exchange.market.seeded import BARS, seeded_market
from sandbox.exchange.market.tape import Bar, Tape

GOOD = [
    "timestamp,open,high,low,close,volume",
    "1500000000000,100,110,90,105,10",
    "1500000060000,105,108,101,102,5",
    "1500000120000,102,103,99,100,7",
]


def written(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "market.csv"
    path.write_text("\n".join(lines))
    return path


def test_a_file_is_read_plain_and_gzipped(tmp_path: Path) -> None:
    zipped = tmp_path / "market.csv.gz"
    zipped.write_bytes(gzip.compress("\n".join(GOOD).encode()))
    for path in (written(tmp_path, GOOD), zipped):
        pair, tape, filled = read_market("BTC/USDT", path)
        assert (pair.id, tape.length, filled) == ("BTCUSDT", 3, 0)
        assert tape.at(0).high * pair.tick == 110
        assert tape.at(1).volume * pair.step == 5


def test_holes_are_filled_flat_and_counted(tmp_path: Path) -> None:
    lines = [*GOOD, "1500000300000,100,101,98,99,3"]
    pair, tape, filled = read_market("BTC/USDT", written(tmp_path, lines))
    assert (tape.length, filled) == (6, 2)
    flat = int(100 / pair.tick)
    assert tape.at(3) == tape.at(4) == Bar(flat, flat, flat, flat, 0)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("1500000060000,1,2,1,1,1", "line 5: its time is not after"),
        ("1500000130000,100,101,99,100,1", "line 5: its time is not on the 60 s grid"),
        ("1500000180000,NaN,101,99,100,1", "line 5: NaN or infinite"),
        ("1500000180000,100,inf,99,100,1", "line 5: NaN or infinite"),
        ("1500000180000,100,101,0,100,1", "line 5: a price that is not above zero"),
        ("1500000180000,100,101,99,100,-1", "line 5: a price that is not above zero, or a negative volume"),
        ("1500000180000,100,100,99,101,1", "line 5: high and low do not enclose"),
        ("1500000180000,100,101,99,100", "line 5: 5 values, not 6"),
        ("soon,100,101,99,100,1", "line 5: not a number"),
        ("1600000000000000,100,101,99,100,1", "line 5: its time is not on|line 5: more than"),
    ],
)
def test_a_file_that_cannot_be_true_is_refused_by_line(tmp_path: Path, line: str, text: str) -> None:
    path = written(tmp_path, [*GOOD, line])
    with pytest.raises(BadMarketFile, match=text) as refused:
        read_market("BTC/USDT", path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("lines", [[], GOOD[:2], ["time,open", "1,2"]])
def test_a_file_without_candles_is_refused(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(BadMarketFile):
        read_market("BTC/USDT", written(tmp_path, lines))


def test_a_missing_or_broken_file_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(b"no gzip")
    for path in (tmp_path / "none.csv", broken):
        with pytest.raises(BadMarketFile, match="cannot be read"):
            read_market("BTC/USDT", path)


@pytest.mark.parametrize("name", ["BTCUSDT", "btc/usdt", "BTC/", "/USDT", "BTC/US DT"])
def test_a_name_that_is_no_instrument_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="write it as BASE/QUOTE"):
        pair_for(name, D(1))


@pytest.mark.parametrize("price", ["0.00000123", "0.07", "1", "99.5", "3000", "64000", "9000000"])
@pytest.mark.parametrize("quote", ["USDT", "BTC"])
def test_steps_suit_the_price_and_amounts_stay_exact(price: str, quote: str) -> None:
    pair = pair_for(f"XYZ/{quote}", D(price))
    assert pair.tick * pair.step >= D("0.00000001")
    assert pair.tick <= D(price) / 100
    assert pair.min_notional / D(price) / pair.step < 10**9


def test_the_same_seed_gives_the_same_market() -> None:
    one, again, other = (seeded_market("BTC/USDT", seed)[1] for seed in (7, 7, 8))
    assert [one.at(i) for i in range(BARS)] == [again.at(i) for i in range(BARS)]
    assert [one.at(i) for i in range(50)] != [other.at(i) for i in range(50)]


def test_a_tape_turns_round_at_both_ends_without_a_jump() -> None:
    tape = Tape([Bar(10, 12, 9, 11, 1), Bar(11, 15, 11, 14, 2)])
    assert tape.at(2) == Bar(14, 15, 11, 11, 2)
    assert tape.at(-1) == Bar(11, 12, 9, 10, 1)
    for position in range(-9, 9):
        assert tape.at(position).close == tape.at(position + 1).open


@pytest.mark.parametrize("bar", [Bar(10, 15, 8, 12, 1), Bar(12, 15, 8, 10, 1)])
@pytest.mark.parametrize("steps", [4, 7, 60])
def test_the_walk_through_a_bar_makes_that_bar(bar: Bar, steps: int) -> None:
    way = [walk(bar, step, steps) for step in range(steps)]
    assert (way[0], way[-1]) == (bar.open, bar.close)
    assert all(bar.low <= price <= bar.high for price in way)
    if steps % 3 == 1:
        assert (max(way), min(way)) == (bar.high, bar.low)


def played(unit_ms: int, until_ms: int, start_ms: int = 1_700_000_000_000) -> Feed:
    feed = Feed([seeded_market("BTC/USDT", 3)], unit_ms, start_ms)
    for now in range(start_ms, start_ms + until_ms + 1, 250):
        list(feed.play(now))
    return feed


def test_each_bar_of_the_record_becomes_one_candle_of_the_shortest_timeframe() -> None:
    start = 1_700_000_000_000
    feed = played(1_000, 5_000)
    found = feed.instruments["BTCUSDT"].candles.read(1_000, 5, None, start + 4_999)
    _, tape = seeded_market("BTC/USDT", 3)
    assert [candle.open_ms for candle in found] == [start + 1_000 * k for k in range(5)]
    assert [(c.open, c.high, c.low, c.close) for c in found] == [
        (bar.open, bar.high, bar.low, bar.close) for bar in (tape.at(1_500 + k) for k in range(5))
    ]


@pytest.mark.parametrize("interval", INTERVALS)
def test_history_joins_the_live_candles_without_a_hole(interval: str) -> None:
    interval_ms = INTERVALS[interval]
    candles = played(1_000, 125_000).instruments["BTCUSDT"].candles
    found = candles.read(interval_ms, 150, None, None)
    assert len(found) == 150
    assert {b.open_ms - a.open_ms for a, b in pairwise(found)} == {interval_ms}
    assert all(c.low <= min(c.open, c.close) <= max(c.open, c.close) <= c.high for c in found)
    assert [a.close for a in found[:-1]] == [b.open for b in found[1:]]


def test_long_candles_are_made_of_short_ones() -> None:
    candles = played(1_000, 130_000).instruments["BTCUSDT"].candles
    minute = candles.read(60_000, 3, None, None)[1]
    seconds = candles.read(1_000, 60, minute.open_ms, None)
    assert (minute.open, minute.close) == (seconds[0].open, seconds[-1].close)
    assert minute.high == max(second.high for second in seconds)
    assert minute.low == min(second.low for second in seconds)
    assert minute.volume == sum(second.volume for second in seconds)


def test_a_range_is_read_from_its_beginning_and_no_further_than_the_listing() -> None:
    candles: Candles = played(1_000, 1_000).instruments["BTCUSDT"].candles
    found = candles.read(60_000, 3, 1_699_000_000_001, None)
    assert [candle.open_ms for candle in found] == [1_699_000_020_000 + 60_000 * k for k in range(3)]
    assert candles.read(86_400_000, 2, 0, None)[0].open_ms > 1_600_000_000_000
    assert candles.read(1_000, 5, 1_800_000_000_000, None) == []


def test_weeks_begin_on_monday() -> None:
    assert opened_at(INTERVALS["1w"], 1_700_000_000_000) == 1_699_833_600_000


def test_a_standing_market_goes_on_with_flat_candles() -> None:
    feed = played(1_000, 1_000)
    feed.move(False)
    price = feed.instruments["BTCUSDT"].price
    ticks = [tick for now in range(1_700_000_001_250, 1_700_000_004_000, 250) for tick in feed.play(now)]
    assert ticks
    assert {(tick.price, tick.volume) for tick in ticks} == {(price, D(0))}


def test_a_push_moves_this_and_every_later_price() -> None:
    feed, plain = played(1_000, 1_000), played(1_000, 1_000)
    feed.instruments["BTCUSDT"].push(D("0.95"))
    for now in (1_700_000_001_250, 1_700_000_001_500, 1_700_000_002_000):
        for pushed, tick in zip(feed.play(now), plain.play(now), strict=True):
            assert pushed.price == pytest.approx(tick.price * D("0.95"), abs=D("0.01"))


def test_after_a_long_sleep_the_market_goes_on_from_now() -> None:
    feed = played(1_000, 1_000)
    late = 1_700_000_000_000 + 3_600_000
    assert [tick.time_ms for tick in feed.play(late)] == [late]


@pytest.mark.parametrize("unit_ms", [0, 7, 1_500, 86_400_000])
def test_a_candle_lasts_what_some_timeframe_can_show(unit_ms: int) -> None:
    with pytest.raises(ValueError, match="a candle can last"):
        Feed([seeded_market("BTC/USDT", 3)], unit_ms, 1_700_000_000_000)
