"""Candles of every timeframe for one instrument: history from the tape, everything since the start from ticks."""

from collections import deque
from dataclasses import dataclass

from sandbox.exchange.market.tape import Bar, Tape

_S, _M, _H, _D = 1_000, 60_000, 3_600_000, 86_400_000
INTERVALS = {
    "1s": _S,
    **{f"{n}m": n * _M for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * _H for n in (1, 2, 4, 6, 8, 12)},
    **{f"{n}d": n * _D for n in (1, 3)},
    "1w": 7 * _D,
}
"""Binance's names of timeframes, in milliseconds; its calendar month is left out."""

_WEEK_STARTS_MS = 4 * _D  # 5 January 1970 was the first Monday
LISTED_MS = 3 * 365 * _D
"""How long before the start the instruments seem to have been listed: there is no candle before that."""
KEPT_LIVE = 5_000
"""How many candles of each timeframe are kept of those that were traded since the start."""


@dataclass(slots=True)
class Candle:
    """Prices in ticks, `volume` in steps, `turnover` in ticks times steps; times in ms."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int
    trades: int


def opened_at(interval_ms: int, time_ms: int) -> int:
    """The open time of the candle of that timeframe that `time_ms` falls into; weeks begin on Monday."""
    shift = _WEEK_STARTS_MS if interval_ms == 7 * _D else 0
    return time_ms - (time_ms - shift) % interval_ms


class Candles:
    """`unit_ms` is how long one bar of the tape lasts; `start_ms` is when live trading began, on that grid."""

    def __init__(self, tape: Tape, unit_ms: int, start_ms: int, start_position: int) -> None:
        self._tape = tape
        self._unit_ms = unit_ms
        self._start_ms = start_ms
        self._start_position = start_position
        self.intervals = {name: ms for name, ms in INTERVALS.items() if ms >= unit_ms}
        self._live: dict[int, deque[Candle]] = {ms: deque(maxlen=KEPT_LIVE) for ms in self.intervals.values()}

    def add(self, price: int, volume: int, time_ms: int) -> None:
        """One trade of the market, in ticks and steps."""
        for interval_ms, live in self._live.items():
            opened = opened_at(interval_ms, time_ms)
            if not live or live[-1].open_ms < opened:
                live.append(self._begin(interval_ms, opened, price, first=not live))
            candle = live[-1]
            candle.high = max(candle.high, price)
            candle.low = min(candle.low, price)
            candle.close = price
            candle.volume += volume
            candle.turnover += price * volume
            candle.trades += 1

    def current(self, interval_ms: int) -> Candle:
        return self._live[interval_ms][-1]

    def previous(self, interval_ms: int) -> Candle | None:
        """The last finished live candle, if there is one."""
        live = self._live[interval_ms]
        return live[-2] if len(live) > 1 else None

    def read(self, interval_ms: int, limit: int, since_ms: int | None, until_ms: int | None) -> list[Candle]:
        """Up to `limit` candles with an open time in [since, until], oldest first: the first ones of the range when
        `since_ms` is given, else the last ones; the newest candle of all is the unfinished one."""
        live = self._live[interval_ms]
        newest = live[-1].open_ms if live else self._start_ms
        last = newest if until_ms is None else min(newest, opened_at(interval_ms, until_ms))
        listed = opened_at(interval_ms, opened_at(INTERVALS["1w"], self._start_ms - LISTED_MS))
        if since_ms is None:
            first = max(listed, last - (limit - 1) * interval_ms)
        else:
            first = max(listed, opened_at(interval_ms, since_ms + interval_ms - 1))
            last = min(last, first + (limit - 1) * interval_ms)
        boundary = live[0].open_ms if live else last + interval_ms
        history_end = opened_at(interval_ms, self._start_ms)
        past = range(first, min(last + 1, boundary, history_end), interval_ms)
        return [self._from_tape(interval_ms, opened) for opened in past] + [
            candle for candle in live if first <= candle.open_ms <= last
        ]

    def _begin(self, interval_ms: int, opened: int, price: int, first: bool) -> Candle:
        """A candle that opens with this trade; the very first one also holds what the tape has of its time."""
        if first and opened < self._start_ms:
            return self._from_tape(interval_ms, opened, until_ms=self._start_ms)
        return Candle(opened, price, price, price, price, 0, 0, 0)

    def _from_tape(self, interval_ms: int, opened: int, until_ms: int | None = None) -> Candle:
        closes = opened + interval_ms if until_ms is None else until_ms
        start = self._position(opened)
        bar = self._tape.merged(start, max(start + 1, self._position(closes)))
        return _as_candle(opened, bar, trades=4 * (closes - opened) // self._unit_ms)

    def _position(self, time_ms: int) -> int:
        return self._start_position - -(-(self._start_ms - time_ms) // self._unit_ms)


def _as_candle(opened: int, bar: Bar, trades: int) -> Candle:
    typical = (bar.open + bar.high + bar.low + bar.close) // 4
    return Candle(
        opened, bar.open, bar.high, bar.low, bar.close, bar.volume, typical * bar.volume, max(1, trades)
    )
