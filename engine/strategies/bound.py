"""A preset whose strategy was found and whose parameters were checked: ready to be asked about candles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.core.errors import Denied
from engine.core.ids import Symbol
from engine.core.model import Action, Direction, Signal
from engine.core.money import Price
from engine.core.settings import Preset
from engine.series import CandleSeries
from engine.strategies.base import MOST_CANDLES, Decision, Parameters, Strategy, View
from engine.strategies.own import OwnParameters, OwnStrategy
from engine.timeframes import epoch

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class BoundPreset:
    """`need` is how many candles of each timeframe a decision takes."""

    preset: Preset
    strategy: Strategy[Any]
    parameters: Parameters
    need: int

    @property
    def timeframe(self) -> int:
        """The one whose close wakes it, in seconds."""
        return self.preset.timeframes[0]

    def view(self, series: Mapping[int, CandleSeries], close_at: datetime) -> View | None:
        """What the strategy may see at that close; None while a timeframe has too few candles."""
        at = epoch(close_at)
        frames = tuple(series[timeframe].window(self.need, at) for timeframe in self.preset.timeframes)
        if any(len(frame) < self.need for frame in frames):
            return None
        return View(close_at, frames)

    async def ask(self, view: View) -> Decision | None:
        """Like `decide`; a strategy of the owner's is asked in its own process. Raises StrategyFailed as well."""
        if isinstance(self.strategy, OwnStrategy):
            assert isinstance(self.parameters, OwnParameters)
            return await self.strategy.ask(view, self.parameters)
        return self.decide(view)

    def decide(self, view: View) -> Decision | None:
        """Ask the strategy. Whatever it raises goes through; TypeError or ValueError when its answer makes no sense."""
        decision = self.strategy.decide(view, self.parameters)
        if decision is not None:
            _check_decision(decision)
        return decision

    def signal(self, symbol: Symbol, decision: Decision, candle_close: datetime, price: Price) -> Signal:
        """The decision as the trader takes it in, with exact numbers."""
        return Signal(
            self.preset.id,
            symbol,
            decision.action,
            candle_close,
            price,
            decision.reason[:LONGEST_REASON],
            decision.direction,
            _distance(decision.stop_distance),
            _distance(decision.take_profit_distance),
        )


def bind(preset: Preset, strategy: Strategy[Any], parameters: Parameters, need: int) -> BoundPreset:
    """Tie them together. Raises Denied when timeframes or warm-up (`need`) don't fit the strategy."""
    _check_timeframes(preset, strategy)
    if not 2 <= need <= MOST_CANDLES:
        raise Denied(
            f"preset {preset.id}: strategy {strategy.name} wants {need} candles with these parameters; "
            f"from 2 to {MOST_CANDLES} can be had, so choose shorter periods"
        )
    return BoundPreset(preset, strategy, parameters, need)


def _check_timeframes(preset: Preset, strategy: Strategy[Any]) -> None:
    least, most = strategy.timeframes
    given = preset.timeframes
    if not least <= len(given) <= most:
        count = f"from {least} to {most} timeframes" if most > 1 else "one timeframe"
        raise Denied(f"preset {preset.id}: strategy {strategy.name} reads {count}, not {len(given)}")
    if any(timeframe < 1 for timeframe in given):
        raise Denied(f"preset {preset.id}: a timeframe is at least one second")
    if list(given) != sorted(set(given)):
        raise Denied(
            f"preset {preset.id}: give timeframes in rising order, each once: the first one wakes it"
        )


def _check_decision(decision: object) -> None:
    """What an owner's file gives back may be anything, whatever its annotations say."""
    if not isinstance(decision, Decision):
        raise TypeError(f"decide() must return a Decision or None, not {type(decision).__name__}")
    Action(decision.action)
    Direction(decision.direction)
    for name in ("stop_distance", "take_profit_distance"):
        value = getattr(decision, name)
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} is {value}, it must be above zero")


def _distance(value: float | None) -> Price | None:
    """A float from an indicator as a Decimal of 12 digits: more than any venue's tick needs."""
    return None if value is None else Price(Decimal(f"{value:.12g}"))
