"""A tape whose prices follow a slow record besides: seconds that are made up, between hours that were real.

A short tape alone has no shape at large: each of its days would hold the whole of it, and look like the next one.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sandbox.exchange.market.tape import Bar, Tape

_Numbers = npt.NDArray[np.float64]
_KEPT_STRETCHES = 32_768


class DriftingTape(Tape):
    """`levels` are what prices and volumes are multiplied by, one pair each `stretch` bars, prices straight in between;
    past their end they run backwards, as the tape does."""

    def __init__(self, bars: Iterable[Bar], levels: Sequence[tuple[float, float]], stretch: int) -> None:
        """Raises ValueError for fewer than two levels, or a price's that is not above zero."""
        super().__init__(bars)
        if len(levels) < 2 or min(price for price, _ in levels) <= 0 or stretch < 1:
            raise ValueError("a drift needs at least two levels above zero")
        turned = [*levels, *reversed(levels[1:-1])]
        self._levels = np.array([price for price, _ in (*turned, turned[0])])
        self._busy = [volume for _, volume in turned]
        self._stretch = stretch
        self._ways = np.arange(stretch + 1) / stretch
        self._round = len(turned) * stretch
        self._opens, self._highs, self._lows, self._closes, self._volumes = (
            np.frombuffer(column, dtype=np.int64).astype(np.float64) for column in self._columns
        )
        self._stretch_of = lru_cache(maxsize=_KEPT_STRETCHES)(self._whole_stretch)
        self.reach = max(self.reach, self._round)

    def at(self, position: int) -> Bar:
        return self.merged(position, position + 1)

    def merged(self, start: int, stop: int) -> Bar:
        """Whole stretches are read once and remembered: a chart of days asks for tens of millions of bars."""
        head = min(stop, -(-start // self._stretch) * self._stretch)
        tail = max(head, stop // self._stretch * self._stretch)
        parts = [self._stretch_of(number) for number in range(head // self._stretch, tail // self._stretch)]
        parts += [self._extremes(a, b) for a, b in ((start, head), (tail, stop)) if b > a]
        first, last = start % self._period, (stop - 1) % self._period
        return Bar(
            int(_ticks(self._opens[first : first + 1] * self._drift(start, start + 1))[0]),
            max(part[0] for part in parts),
            min(part[1] for part in parts),
            int(_ticks(self._closes[last : last + 1] * self._drift(stop, stop + 1))[0]),
            sum(part[2] for part in parts),
        )

    def _whole_stretch(self, number: int) -> tuple[int, int, int]:
        return self._extremes(number * self._stretch, (number + 1) * self._stretch)

    def _extremes(self, start: int, stop: int) -> tuple[int, int, int]:
        """High, low and volume: each bar's own, moved by the drift at whichever of its ends is further."""
        drift = self._drift(start, stop + 1)
        highs, lows = self._between(self._highs, start, stop), self._between(self._lows, start, stop)
        high = _ticks(highs * np.maximum(drift[:-1], drift[1:])).max()
        low = _ticks(lows * np.minimum(drift[:-1], drift[1:])).min()
        busy = self._busy[start % self._round // self._stretch]
        volume = np.rint(self._between(self._volumes, start, stop) * busy).sum()
        return int(high), int(low), int(volume)

    def _between(self, column: _Numbers, start: int, stop: int) -> _Numbers:
        first, count = start % self._period, stop - start
        if first + count <= self._period:
            return column[first : first + count]
        return np.take(column, np.arange(first, first + count), mode="wrap")

    def _drift(self, start: int, stop: int) -> _Numbers:
        """From `start` up to, not including, `stop`; both lie within one stretch, or `stop` just behind it."""
        number, first = divmod(start % self._round, self._stretch)
        way = self._ways[first : first + stop - start]
        before, after = self._levels[number], self._levels[number + 1]
        return np.asarray(before * (1 - way) + after * way)


def _ticks(prices: _Numbers) -> npt.NDArray[np.int64]:
    return np.maximum(1, np.rint(prices)).astype(np.int64)
