"""A lively market of the venue's own: calm and wild stretches, trends and returns, the same for the same seed."""

import math
import random
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from sandbox.exchange.market.drift import DriftingTape
from sandbox.exchange.market.files import read_market
from sandbox.exchange.market.pairs import pair_for
from sandbox.exchange.market.tape import Bar, Tape
from sandbox.exchange.matching.model import Pair

DEFAULT_INSTRUMENTS = {"BTC/USDT": 60_000.0, "ETH/USDT": 3_000.0, "SOL/USDT": 150.0}
BARS = 8192
_HOUR_MS = 3_600_000
_TURNOVER = 40_000.0  # quote coins per candle, on average: enough for a small desk, little enough to slip
_PULL = 0.004  # how strongly the price returns to its anchor, per candle
_LEASH = (
    0.012  # further from what it follows than this the pull grows fast, so that the hours can be seen in it
)
_STEPS = 6  # random steps inside one candle


def following(name: str, seed: int, hours: Path, unit_ms: int) -> tuple[Pair, Tape]:
    """An instrument whose seconds are made up, and whose price at each full hour of the play is the close of the next
    candle in `hours`, give or take the market's own restlessness; volumes rise and fall with them. Raises
    `BadMarketFile`."""
    recorded, record, _ = read_market(name, hours)
    hourly = [record.at(place) for place in range(record.length)]
    first, typical = hourly[0].close, sum(hour.volume for hour in hourly) / len(hourly) or 1.0
    pair, tape = seeded_market(name, seed, float(first * recorded.tick), _LEASH)
    bars = [tape.at(place) for place in range(tape.length)]
    levels = [(hour.close / first, hour.volume / typical) for hour in hourly]
    return pair, DriftingTape(bars, levels, max(1, _HOUR_MS // unit_ms))


@lru_cache(maxsize=64)
def seeded_market(
    name: str, seed: int, anchor: float | None = None, leash: float = math.inf
) -> tuple[Pair, Tape]:
    """An instrument and its tape around `anchor` (quote per base), drawn from `seed` and the name alone. `leash`: how
    far the price strays, as a share of the anchor, before it is drawn back in earnest."""
    start = anchor if anchor is not None else DEFAULT_INSTRUMENTS.get(name, 100.0)
    pair = pair_for(name, Decimal(str(start)))
    source = random.Random(f"{seed}:{name}")  # a market to practise on, no secret
    return pair, Tape(_bars(pair, start, source, leash))


def _bars(pair: Pair, anchor: float, source: random.Random, leash: float) -> list[Bar]:
    price, trend, wildness = anchor, 0.0, 0.0006
    bars: list[Bar] = []
    for _ in range(BARS):
        if source.random() < 0.02:
            trend = source.gauss(0.0, 0.0003)
            wildness = 0.0004 * math.exp(source.gauss(0.3, 0.5))
        path = [price]
        for _ in range(_STEPS):
            away = math.log(price / anchor)
            drift = (trend - _PULL * away * (1 + (away / leash) ** 2)) / _STEPS
            price *= math.exp(drift + source.gauss(0.0, wildness / math.sqrt(_STEPS)))
            path.append(price)
        turnover = _TURNOVER * math.exp(source.gauss(-0.3, 0.8))
        bars.append(_bar(pair, path, turnover))
    return bars


def _bar(pair: Pair, path: list[float], turnover: float) -> Bar:
    ticks = [max(1, round(price / float(pair.tick))) for price in path]
    volume = round(turnover / path[-1] / float(pair.step))
    return Bar(ticks[0], max(ticks), min(ticks), ticks[-1], volume)
