"""Where a price stands in its range, and how wide that range is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.indicators._talib import talib

Floats = npt.NDArray[np.float64]


class Bands(NamedTuple):
    """A mean and lines at some standard deviations above and below it, in price units."""

    upper: Floats
    middle: Floats
    lower: Floats


def rsi(values: Floats, period: int) -> Floats:
    """Relative strength index (Wilder): 0 to 100."""
    return talib.RSI(values, period)


def bollinger(values: Floats, period: int, deviations: float) -> Bands:
    """Bollinger bands around a plain mean, by the deviation of the whole population."""
    return Bands(*talib.BBANDS(values, period, deviations, deviations))


def atr(high: Floats, low: Floats, close: Floats, period: int) -> Floats:
    """Average true range (Wilder), in price units."""
    return talib.ATR(high, low, close, period)


def adx(high: Floats, low: Floats, close: Floats, period: int) -> Floats:
    """Average directional index (Wilder): 0 to 100, the strength of a trend whichever way it goes."""
    return talib.ADX(high, low, close, period)
