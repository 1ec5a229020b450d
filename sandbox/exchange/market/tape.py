"""A finite record of candles that can be played for ever, in both directions of time.

Prices are kept as whole ticks and volumes as whole steps of the pair (exact, and small in memory). Past its
end the tape turns round and runs backwards, and so on: the price never jumps and never drifts out of the
range that the record has, however long the venue runs or however much history is asked for.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Bar:
    """Open, high, low, close in ticks of the price; volume in steps of the quantity."""

    open: int
    high: int
    low: int
    close: int
    volume: int

    def reversed(self) -> "Bar":
        return Bar(self.close, self.high, self.low, self.open, self.volume)


class Tape:
    """`bars` must not be empty. Positions are any whole numbers, negative ones are before the start."""

    def __init__(self, bars: Iterable[Bar]) -> None:
        recorded = list(bars)
        if not recorded:
            raise ValueError("a market needs at least one candle")
        whole = recorded + [bar.reversed() for bar in reversed(recorded)]
        self.length = len(recorded)
        self._period = len(whole)
        self.reach = self._period
        """After so many bars, every price that there is has been met."""
        self._columns = [array("q", (getattr(bar, name) for bar in whole)) for name in Bar.__slots__]
        self._blocks = [self._scan(start, start + _BLOCK) for start in range(0, self._period, _BLOCK)]
        self._total = self._scan(0, self._period)

    def at(self, position: int) -> Bar:
        index = position % self._period
        return Bar(*(column[index] for column in self._columns))

    def merged(self, start: int, stop: int) -> Bar:
        """One bar over the positions from `start` up to, not including, `stop` (which must be greater)."""
        rounds, rest = divmod(stop - start, self._period)
        first = start % self._period
        parts = [self._total] * bool(rounds)
        if rest:
            parts.append(self._range(first, min(first + rest, self._period)))
            if first + rest > self._period:
                parts.append(self._range(0, first + rest - self._period))
        return Bar(
            open=self._columns[0][first],
            high=max(part.high for part in parts),
            low=min(part.low for part in parts),
            close=self._columns[3][(stop - 1) % self._period],
            volume=sum(part.volume for part in parts) + self._total.volume * max(0, rounds - 1),
        )

    def _range(self, start: int, stop: int) -> Bar:
        """The same inside one period, by whole blocks where they fit: a day of seconds is not read second by second."""
        head = min(stop, -(-start // _BLOCK) * _BLOCK)
        tail = max(head, stop // _BLOCK * _BLOCK)
        parts = self._blocks[head // _BLOCK : tail // _BLOCK]
        parts = parts + [self._scan(a, b) for a, b in ((start, head), (tail, stop)) if b > a]
        return Bar(
            0,
            max(part.high for part in parts),
            min(part.low for part in parts),
            0,
            sum(part.volume for part in parts),
        )

    def _scan(self, start: int, stop: int) -> Bar:
        opens, highs, lows, closes, volumes = self._columns
        stop = min(stop, self._period)
        return Bar(
            opens[start],
            max(highs[start:stop]),
            min(lows[start:stop]),
            closes[stop - 1],
            sum(volumes[start:stop]),
        )
