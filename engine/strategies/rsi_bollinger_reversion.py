"""Buy a dip that went too far and has begun to turn; leave when the price is back at its mean."""

from __future__ import annotations

from pydantic import Field, model_validator

from engine.core.model import Action
from engine.indicators import bollinger, rsi, sma
from engine.strategies.base import Decision, Parameters, Strategy, View

SMOOTHED = 10
"""Wilder's RSI: after ten periods what came before weighs less than 0.005 %."""


class RsiBollingerReversionParameters(Parameters):
    """Periods count candles of the first timeframe, the trend's those of the last one."""

    rsi_period: int = Field(14, ge=2, le=90, description="Candles of the RSI")
    oversold: float = Field(30.0, ge=1, le=50, description="RSI below which the price has fallen too far")
    recovered: float = Field(60.0, ge=40, le=99, description="RSI from which on the position is left")
    band_period: int = Field(20, ge=5, le=300, description="Candles of the Bollinger bands")
    deviations: float = Field(2.0, ge=0.5, le=5, description="Width of the bands in standard deviations")
    patience: int = Field(
        5, ge=1, le=50, description="Candles within which the price was below the lower band"
    )
    trend: int = Field(
        0, ge=0, le=300, description="Candles of a plain average that the price must be above; 0 for none"
    )

    @model_validator(mode="after")
    def _apart(self) -> RsiBollingerReversionParameters:
        if self.oversold >= self.recovered:
            raise ValueError(f"oversold ({self.oversold}) must be below recovered ({self.recovered})")
        return self


class RsiBollingerReversion(Strategy[RsiBollingerReversionParameters]):
    name = "rsi_bollinger_reversion"
    title = "RSI and Bollinger reversion"
    summary = (
        "Enters when the RSI rises back out of oversold soon after a close below the lower Bollinger band; "
        "leaves when the price is back at the middle band or the RSI has recovered."
    )
    parameters = RsiBollingerReversionParameters
    timeframes = (1, 2)

    def warm_up(self, parameters: RsiBollingerReversionParameters) -> int:
        bands = parameters.band_period + parameters.patience
        return max(SMOOTHED * parameters.rsi_period, bands, parameters.trend) + 2

    def decide(self, view: View, parameters: RsiBollingerReversionParameters) -> Decision | None:
        close = view.base.close
        strength = rsi(close, parameters.rsi_period)
        bands = bollinger(close, parameters.band_period, parameters.deviations)
        if close[-1] >= bands.middle[-1] or strength[-1] >= parameters.recovered:
            return Decision(
                Action.EXIT, f"back at the mean: close {close[-1]:.8g}, middle {bands.middle[-1]:.8g}"
            )
        turned = strength[-2] < parameters.oversold <= strength[-1]
        recent = slice(-parameters.patience - 1, None)
        fell_out = bool((close[recent] < bands.lower[recent]).any())
        if turned and fell_out and _above_trend(view, parameters.trend):
            return Decision(
                Action.ENTER, f"RSI back above {parameters.oversold:g} after a close below the band"
            )
        return None


def _above_trend(view: View, period: int) -> bool:
    return period < 2 or bool(view.base.close[-1] > sma(view.highest.close, period)[-1])
