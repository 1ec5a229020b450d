"""One instrument's closed candles in one timeframe, as numpy arrays that are kept, not built anew.

Turning lists into arrays at each candle costs more than all indicators on them, so the arrays are allocated once
and slide: a candle is written behind the last one, and only when the room is used up are the newest moved to the front.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from engine.core.model import Candle
from engine.core.money import Price, Quantity
from engine.timeframes import epoch, moment_of

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)

_OPEN, _HIGH, _LOW, _CLOSE, _VOLUME = range(5)


@dataclass(frozen=True, slots=True)
class Candles:
    """A read-only window on a series, oldest first: valid until the series changes, so never keep it.

    `times` are open times in epoch seconds, `timeframe` is in seconds, prices in the quote coin,
    volume in the base coin.
    """

    timeframe: int
    times: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.times)

    @property
    def price(self) -> Price:
        """The last close, exact."""
        return Price(_exact(self.close[-1]))

    @property
    def has_gap(self) -> bool:
        """Whether a candle is missing between the first and the last (M5)."""
        return len(self) > 1 and int(self.times[-1] - self.times[0]) != (len(self) - 1) * self.timeframe


class CandleSeries:
    """The newest `capacity` candles, in order of open time, each once."""

    def __init__(self, timeframe: int, capacity: int = 1000) -> None:
        self.timeframe = timeframe
        self.capacity = capacity
        room = capacity + max(capacity // 4, 1)
        self._times = np.empty(room, dtype=np.int64)
        self._values = np.empty((5, room), dtype=np.float64)
        self._read_times = _read_only(self._times)
        self._read_values = _read_only(self._values)
        self._start = 0
        self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def times(self) -> Times:
        return self._read_times[self._start : self._end]

    @property
    def newest_close(self) -> int | None:
        """When the last candle closed, in epoch seconds."""
        return int(self._times[self._end - 1]) + self.timeframe if len(self) else None

    def put(self, candle: Candle) -> bool:
        """Put a closed candle in its place by open time; the later word replaces the earlier one (M4).

        Returns whether the series holds a candle now that it did not hold before. One that is older than all of a
        full series is left out.
        """
        time = epoch(candle.open_time)
        if not len(self) or time > self._times[self._end - 1]:
            self._append(time, candle)
            return True
        place = self._start + int(np.searchsorted(self.times, time))
        if self._times[place] == time:
            self._write(place, time, candle)
            return False
        return self._insert(place, time, candle)

    def put_all(self, candles: Iterable[Candle]) -> int:
        """Put several; returns how many of them are new."""
        return sum(self.put(candle) for candle in candles)

    def gap_within(self, count: int) -> bool:
        """Whether a candle is missing among the newest `count` (M5)."""
        return self.window(count).has_gap

    def holes(self, count: int) -> list[int]:
        """Open times (epoch seconds) that are missing among the last `count` places of the grid, oldest first."""
        if not self.gap_within(count):
            return []
        times = self.times
        first = max(int(times[0]), int(times[-1]) - (count - 1) * self.timeframe)
        whole = np.arange(first, times[-1], self.timeframe, dtype=np.int64)
        return [int(time) for time in np.setdiff1d(whole, times, assume_unique=True)]

    def window(self, count: int, close_at: int | None = None) -> Candles:
        """The newest `count` candles, of those closed by `close_at` (epoch seconds) if it is given. No copies."""
        end = self._end if close_at is None else self._end_at(close_at)
        part = slice(max(self._start, end - count), end)
        values = self._read_values
        return Candles(
            self.timeframe,
            self._read_times[part],
            values[_OPEN, part],
            values[_HIGH, part],
            values[_LOW, part],
            values[_CLOSE, part],
            values[_VOLUME, part],
        )

    def candles(self, count: int) -> list[Candle]:
        """The newest `count` as values. A price has the shortest decimal that is the same float: at most 17 digits."""
        return [self._value(place) for place in range(max(self._start, self._end - count), self._end)]

    def before(self, time: int) -> Candle | None:
        """The last candle that opened before `time` (epoch seconds)."""
        place = self._start + int(np.searchsorted(self.times, time)) - 1
        return self._value(place) if place >= self._start else None

    def _end_at(self, close_at: int) -> int:
        """The end of the part that had closed by then: a later candle must not be seen before its time."""
        if not len(self) or self._times[self._end - 1] + self.timeframe <= close_at:
            return self._end
        return self._start + int(np.searchsorted(self.times, close_at - self.timeframe, side="right"))

    def _value(self, place: int) -> Candle:
        opened, high, low, close, volume = (_exact(value) for value in self._values[:, place])
        moment = moment_of(int(self._times[place]))
        return Candle(moment, Price(opened), Price(high), Price(low), Price(close), Quantity(volume))

    def _append(self, time: int, candle: Candle) -> None:
        if self._end == len(self._times):
            self._slide()
        self._write(self._end, time, candle)
        self._end += 1
        if len(self) > self.capacity:
            self._start += 1

    def _insert(self, place: int, time: int, candle: Candle) -> bool:
        full = len(self) == self.capacity
        if full and place == self._start:
            return False
        if full:  # the oldest makes room: what lies before `place` moves one to the front
            self._move(slice(self._start + 1, place), self._start)
            self._write(place - 1, time, candle)
            return True
        self._move(slice(place, self._end), place + 1)  # there is room: only a full series ever slides
        self._end += 1
        self._write(place, time, candle)
        return True

    def _slide(self) -> None:
        """Move all to the front of the room."""
        count = len(self)
        self._move(slice(self._start, self._end), 0)
        self._start, self._end = 0, count

    def _move(self, part: slice, to: int) -> None:
        target = slice(to, to + part.stop - part.start)
        self._times[target] = self._times[part]
        self._values[:, target] = self._values[:, part]

    def _write(self, place: int, time: int, candle: Candle) -> None:
        self._times[place] = time
        values = self._values
        values[_OPEN, place] = candle.open
        values[_HIGH, place] = candle.high
        values[_LOW, place] = candle.low
        values[_CLOSE, place] = candle.close
        values[_VOLUME, place] = candle.volume


def _exact(value: np.float64) -> Decimal:
    return Decimal(repr(float(value)))


def _read_only(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """A second look at the same memory through which nothing can be written: a strategy can't spoil another's data."""
    view = array.view()
    view.flags.writeable = False
    return view
