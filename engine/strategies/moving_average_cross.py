"""Buy when a fast average crosses above a slow one, in the direction of the longer trend."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from engine.core.model import Action
from engine.indicators import ema, sma
from engine.strategies.base import Decision, Parameters, Strategy, View


class MovingAverageCrossParameters(Parameters):
    """Periods count candles; the trend's period counts those of the highest timeframe."""

    fast: int = Field(9, ge=2, le=100, description="Candles of the fast average")
    slow: int = Field(21, ge=3, le=200, description="Candles of the slow average; more than the fast one")
    trend: int = Field(100, ge=5, le=300, description="Candles of the trend's average, in the last timeframe")
    average: Literal["ema", "sma"] = Field("ema", description="Kind of average: exponential or plain")

    @model_validator(mode="after")
    def _fast_below_slow(self) -> MovingAverageCrossParameters:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be below slow ({self.slow})")
        return self


class MovingAverageCross(Strategy[MovingAverageCrossParameters]):
    name = "moving_average_cross"
    title = "Moving-average cross with trend filter"
    summary = (
        "Enters when the fast average crosses above the slow one while the price is above its trend's average; "
        "leaves when the fast average is below the slow one."
    )
    parameters = MovingAverageCrossParameters
    timeframes = (1, 2)

    def warm_up(self, parameters: MovingAverageCrossParameters) -> int:
        """Three periods of the longest average: what came before weighs less than 0.3 % in an exponential one."""
        return 3 * max(parameters.slow, parameters.trend) + 2

    def decide(self, view: View, parameters: MovingAverageCrossParameters) -> Decision | None:
        kind = parameters.average
        fast = _average(kind, view.base.close, parameters.fast)
        slow = _average(kind, view.base.close, parameters.slow)
        if fast[-1] < slow[-1]:
            return Decision(Action.EXIT, f"fast average {fast[-1]:.8g} is below slow average {slow[-1]:.8g}")
        crossed = fast[-2] <= slow[-2] and fast[-1] > slow[-1]
        trend = _average(kind, view.highest.close, parameters.trend)[-1]
        price = view.base.close[-1]
        if crossed and price > trend:
            return Decision(
                Action.ENTER, f"fast average crossed above slow at {price:.8g}, trend average {trend:.8g}"
            )
        return None


def _average(kind: str, values: npt.NDArray[np.float64], period: int) -> npt.NDArray[np.float64]:
    return ema(values, period) if kind == "ema" else sma(values, period)
