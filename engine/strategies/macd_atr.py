"""Follow a turn of momentum, with exits as wide as the market moves."""

from __future__ import annotations

from pydantic import Field, model_validator

from engine.core.model import Action
from engine.indicators import adx, atr, macd
from engine.strategies.base import Decision, Parameters, Strategy, View

SMOOTHED = 10
"""Wilder's averages: after ten periods what came before weighs less than 0.005 %."""


class MacdAtrParameters(Parameters):
    """Periods count candles."""

    fast: int = Field(12, ge=2, le=100, description="Candles of the fast average")
    slow: int = Field(26, ge=3, le=200, description="Candles of the slow average; more than the fast one")
    signal: int = Field(9, ge=2, le=50, description="Candles of the signal line")
    atr_period: int = Field(14, ge=2, le=90, description="Candles of the average true range")
    stop_atr: float = Field(2.0, ge=0.2, le=20, description="Distance of the stop, in average true ranges")
    take_profit_atr: float = Field(3.0, ge=0.2, le=50, description="Distance of the take profit, likewise")
    least_adx: float = Field(
        0.0, ge=0, le=80, description="Least strength of the trend (ADX) to enter; 0 for any"
    )

    @model_validator(mode="after")
    def _fast_below_slow(self) -> MacdAtrParameters:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be below slow ({self.slow})")
        return self


class MacdAtr(Strategy[MacdAtrParameters]):
    name = "macd_atr"
    title = "MACD with ATR exits"
    summary = (
        "Enters when the MACD line crosses above its signal line, with stop and take profit at multiples of the "
        "average true range; leaves when the line is below its signal."
    )
    parameters = MacdAtrParameters

    def warm_up(self, parameters: MacdAtrParameters) -> int:
        """Three periods of the slow average and the signal's, or ten of the Wilder averages."""
        return max(3 * (parameters.slow + parameters.signal), SMOOTHED * parameters.atr_period) + 2

    def decide(self, view: View, parameters: MacdAtrParameters) -> Decision | None:
        candles = view.base
        histogram = macd(candles.close, parameters.fast, parameters.slow, parameters.signal).histogram
        if histogram[-1] < 0:
            return Decision(Action.EXIT, f"MACD is below its signal by {-histogram[-1]:.4g}")
        if not histogram[-2] <= 0 < histogram[-1]:
            return None
        period = parameters.atr_period
        strength = float(adx(candles.high, candles.low, candles.close, period)[-1])
        width = float(atr(candles.high, candles.low, candles.close, period)[-1])
        if width <= 0 or strength < parameters.least_adx:
            return None  # a market that does not move gives no distance for a stop
        return Decision(
            Action.ENTER,
            f"MACD crossed above its signal, true range {width:.4g}, ADX {strength:.3g}",
            stop_distance=width * parameters.stop_atr,
            take_profit_distance=width * parameters.take_profit_atr,
        )
