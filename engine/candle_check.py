"""Candles at the edge: what is sound goes on, what is not is named in words and used by nobody (law 15).

A pure check; nothing here knows a venue, a clock or a database.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from engine.core.ids import Symbol
from engine.core.model import Candle
from engine.core.money import ZERO, Price, is_sound
from engine.timeframes import epoch, floor_epoch, moment_of, name_of

JUMP = Decimal(3)
"""A price that is three times, or a third of, what it was a candle before is not believed at once (S7)."""


class Flaw(StrEnum):
    """What may be wrong with a candle. `UNFINISHED` is usual at some venues and only left out (M3)."""

    UNFINISHED = "unfinished"
    OFF_GRID = "off_grid"
    NOT_A_NUMBER = "not_a_number"
    NOT_POSITIVE = "not_positive"
    UPSIDE_DOWN = "upside_down"
    JUMP = "jump"
    CONTRADICTION = "contradiction"
    HOLE = "hole"


@dataclass(frozen=True, slots=True)
class Finding:
    """One flaw. `text` names the instrument, timeframe and time and can be shown as it is."""

    flaw: Flaw
    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The sound candles, oldest first, each open time once, and what was found."""

    candles: tuple[Candle, ...]
    findings: tuple[Finding, ...]
    doubted: tuple[Candle, ...] = ()
    """Those that jumped. A long wick, whose close is no jump, is believed once the venue tells the very same again and
    has gone on from there (M14)."""


def check_candles(
    symbol: Symbol,
    timeframe: int,
    candles: Sequence[Candle],
    now: datetime,
    before: Candle | None = None,
    doubted: Collection[Candle] = (),
) -> Checked:
    """Keep what can be decided on.

    `now`: a candle that had not closed by then is left out. `before` is the sound candle that precedes these:
    jumps and holes are measured from it; without it the first candle is believed. `doubted`: candles that jumped when
    they were told before.
    """
    findings: list[Finding] = []
    closed = _each_alone(symbol, timeframe, candles, now, findings)
    ordered = _in_order(symbol, timeframe, closed, findings)
    confirmed = [one for one in ordered[:-1] if one in doubted]
    calm = _without_jumps(symbol, timeframe, ordered, before, findings, confirmed)
    findings += _holes(symbol, timeframe, calm, before)
    return Checked(tuple(calm), tuple(findings), tuple(one for one in ordered if one not in calm))


def _each_alone(
    symbol: Symbol, timeframe: int, candles: Sequence[Candle], now: datetime, findings: list[Finding]
) -> list[Candle]:
    sound = []
    for candle in candles:
        found = _flaw_of(candle, timeframe, epoch(now))
        if found is None:
            sound.append(candle)
        else:
            findings.append(_finding(found[0], symbol, timeframe, candle.open_time, found[1]))
    return sound


def _flaw_of(candle: Candle, timeframe: int, now: int) -> tuple[Flaw, str] | None:
    opened = epoch(candle.open_time)
    if opened != floor_epoch(opened, timeframe) or candle.open_time.microsecond:
        return Flaw.OFF_GRID, "does not open on the timeframe's grid"
    if opened + timeframe > now:
        return Flaw.UNFINISHED, "has not closed yet"
    return _flaw_of_numbers(candle)


def _flaw_of_numbers(candle: Candle) -> tuple[Flaw, str] | None:
    prices = {"open": candle.open, "high": candle.high, "low": candle.low, "close": candle.close}
    for name, value in (*prices.items(), ("volume", candle.volume)):
        if not value.is_finite():
            return Flaw.NOT_A_NUMBER, f"has {name} {value}"
    for name, value in prices.items():
        if not is_sound(value):
            return Flaw.NOT_POSITIVE, f"has {name} {value}"
    if candle.volume < ZERO:
        return Flaw.NOT_POSITIVE, f"has volume {candle.volume}"
    if candle.high < max(candle.open, candle.close) or candle.low > min(candle.open, candle.close):
        return Flaw.UPSIDE_DOWN, (
            f"has high {candle.high} and low {candle.low}, but open {candle.open} and close {candle.close}"
        )
    return None


def _in_order(symbol: Symbol, timeframe: int, candles: list[Candle], findings: list[Finding]) -> list[Candle]:
    """Sorted by open time; of two for one time the later word counts, and is told if it is another word (M4)."""
    by_time: dict[datetime, Candle] = {}
    for candle in candles:
        earlier = by_time.get(candle.open_time)
        if earlier is not None and earlier != candle:
            words = f"came twice with different numbers, close {earlier.close} and {candle.close}"
            findings.append(_finding(Flaw.CONTRADICTION, symbol, timeframe, candle.open_time, words))
        by_time[candle.open_time] = candle
    return sorted(by_time.values(), key=lambda candle: candle.open_time)


def _without_jumps(
    symbol: Symbol,
    timeframe: int,
    candles: list[Candle],
    before: Candle | None,
    findings: list[Finding],
    confirmed: Collection[Candle],
) -> list[Candle]:
    """Leave out single candles far off both neighbours, and a last one that nothing after it confirms yet.

    A new level that the next candle stays at is believed: else one real crash, or the hour after an outage,
    would shut the instrument out for good.
    """
    calm: list[Candle] = []
    level = before.close if before is not None else None
    for i, candle in enumerate(candles):
        after = candles[i + 1] if i + 1 < len(candles) else None
        if candle in confirmed and not (level is not None and _far(candle.close, level)):
            calm.append(candle)
            level = candle.close
        elif _jumps_within(candle) or (
            level is not None
            and _far(candle.close, level)
            and (after is None or _far(after.close, candle.close))
        ):
            words = f"jumps: low {candle.low}, high {candle.high}, close {candle.close} after {level or candle.open}"
            findings.append(_finding(Flaw.JUMP, symbol, timeframe, candle.open_time, words))
        else:
            calm.append(candle)
            level = candle.close
    return calm


def _jumps_within(candle: Candle) -> bool:
    """A wick far off both its open and its close."""
    top, bottom = max(candle.open, candle.close), min(candle.open, candle.close)
    return _far(candle.high, top) or _far(candle.low, bottom)


def _far(price: Price, level: Price) -> bool:
    return price > level * JUMP or price * JUMP < level


def _holes(symbol: Symbol, timeframe: int, candles: list[Candle], before: Candle | None) -> list[Finding]:
    found = []
    known = ([before] if before is not None else []) + candles
    for left, right in pairwise(known):
        missing = (epoch(right.open_time) - epoch(left.open_time)) // timeframe - 1
        if missing > 0:
            first = moment_of(epoch(left.open_time) + timeframe)
            words = "is missing" if missing == 1 else f"and {missing - 1} more after it are missing"
            found.append(_finding(Flaw.HOLE, symbol, timeframe, first, words))
    return found


def _finding(flaw: Flaw, symbol: Symbol, timeframe: int, opened: datetime, words: str) -> Finding:
    return Finding(
        flaw, f"{symbol} {name_of(timeframe)}: the candle of {opened:%Y-%m-%d %H:%M:%S} UTC {words}"
    )
