"""Moving averages and what is made from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.indicators._talib import talib

Floats = npt.NDArray[np.float64]


class Macd(NamedTuple):
    """Fast average minus slow average, its own average, and the difference of the two, all in price units."""

    line: Floats
    signal: Floats
    histogram: Floats


def sma(values: Floats, period: int) -> Floats:
    """The plain mean of the last `period` values."""
    return talib.SMA(values, period)


def ema(values: Floats, period: int) -> Floats:
    """The exponential mean with weight 2 / (period + 1), begun with a plain mean."""
    return talib.EMA(values, period)


def macd(values: Floats, fast: int, slow: int, signal: int) -> Macd:
    """Moving average convergence and divergence (Appel)."""
    return Macd(*talib.MACD(values, fast, slow, signal))
