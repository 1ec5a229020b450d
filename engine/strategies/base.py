"""What a strategy is: parameters that describe themselves, and one pure function from closed candles to a decision.

A strategy reads no clock, file or network, keeps nothing between calls and knows no account: the same candles and
parameters always give the same decision, live, on paper and in a back-test.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from engine.core.model import Action, Direction
from engine.series import Candles

MOST_CANDLES = 1000
"""More than that no strategy may ask for: it bounds memory, and what is fetched at start."""


class Parameters(BaseModel):
    """Base of every strategy's parameters: give each field a default, bounds and a description."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True
    )


P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True)
class View:
    """What a strategy sees: for each of its preset's timeframes the newest candles that had closed by `close_at`.

    `frames[0]` is the timeframe whose close woke it; its last candle closed at `close_at`. The rest are the higher
    ones in the preset's order. Each holds exactly `warm_up` candles, so that a value with a memory is the same after
    a restart and in a back-test.
    """

    close_at: datetime
    frames: tuple[Candles, ...]

    @property
    def base(self) -> Candles:
        return self.frames[0]

    @property
    def highest(self) -> Candles:
        """The last timeframe: where a trend is read. The base itself when there is only one."""
        return self.frames[-1]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a strategy wants. Distances are in quote coin from the entry price; without one the preset's exits count."""

    action: Action
    reason: str
    stop_distance: float | None = None
    take_profit_distance: float | None = None
    direction: Direction = Direction.LONG


class Strategy(ABC, Generic[P]):
    """Derive from it, fill in the four attributes and the two methods.

    `name`: how presets call it. `title`, `summary`: for people. `parameters`: the model. `timeframes`: the least and
    the most it can read.
    """

    name: str
    title: str
    summary: str
    parameters: type[P]
    timeframes: tuple[int, int] = (1, 1)

    @abstractmethod
    def warm_up(self, parameters: P) -> int:
        """How many closed candles of each timeframe it looks at, 2 to MOST_CANDLES."""

    @abstractmethod
    def decide(self, view: View, parameters: P) -> Decision | None:
        """What to do now that the newest candle has closed; None for nothing.

        Enter on an event (a crossing) and exit on a condition (below the average): an exit may then be wanted at many
        candles in a row, and one that was missed while the program was down is made up for at the next.
        An exit with nothing to leave does nothing.
        """
