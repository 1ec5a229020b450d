"""What the owner has set, as the trader sees it: frozen, checked where the config is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from engine.core.ids import Coin, ConnectionId, PresetId, Symbol
from engine.core.model import Mode, State
from engine.core.money import Quote, Ratio


@dataclass(frozen=True, slots=True)
class Steps:
    """Three thresholds of one breaker, as shares of equity, each at or above the one before."""

    warn: Ratio
    no_entries: Ratio
    halt: Ratio


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one connection may risk. Shares are of its equity."""

    position: Ratio = Ratio(Decimal("0.2"))
    open_positions: int = 10
    instrument_exposure: Ratio = Ratio(Decimal("0.3"))
    total_exposure: Ratio = Ratio(Decimal("0.9"))
    daily_loss: Steps = Steps(Ratio(Decimal("0.02")), Ratio(Decimal("0.04")), Ratio(Decimal("0.06")))
    drawdown: Steps = Steps(Ratio(Decimal("0.05")), Ratio(Decimal("0.10")), Ratio(Decimal("0.15")))


class Unprotected(StrEnum):
    """What is done with a position whose stop the venue goes on refusing. In any case its price is watched here, the
    stop is tried again, the owner is called and nothing more is entered there."""

    WATCH = "watch"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class ExitRules:
    """When a position is left. Shares are of the entry price; `time_limit` counts from the first fill."""

    stop_loss: Ratio = Ratio(Decimal("0.02"))
    take_profit: Ratio | None = Ratio(Decimal("0.03"))
    trailing: Ratio | None = None
    time_limit: timedelta | None = None
    unprotected: Unprotected = Unprotected.WATCH


@dataclass(frozen=True, slots=True)
class Size:
    """How large an entry is: exactly one of the three is set.

    `share`: of equity. `quote`: a fixed amount of the quote coin. `risk`: the share of equity lost at the stop.
    """

    share: Ratio | None = None
    quote: Quote | None = None
    risk: Ratio | None = None


@dataclass(frozen=True, slots=True)
class Preset:
    """A strategy bound to parameters, instruments, timeframes, size and limits.

    `timeframes` (seconds) begins with the one whose close wakes the strategy; the rest are higher
    ones that it may read.
    """

    id: PresetId
    strategy: str
    symbols: tuple[Symbol, ...]
    timeframes: tuple[int, ...]
    parameters: Mapping[str, object] = field(default_factory=dict)
    size: Size = Size(share=Ratio(Decimal("0.1")))
    exits: ExitRules = ExitRules()
    max_positions: int = 5


@dataclass(frozen=True, slots=True)
class TraderSettings:
    """All that one connection's trader is told from outside.

    `starting_balance` is the paper account's money; on a live connection it is not used.
    `initial_state` is what a new paper book begins in; a live one always begins paused.
    `volume_factor` multiplies every size, so that one preset may serve a large and a small account.
    """

    connection: ConnectionId
    venue: str
    mode: Mode
    quote: Coin
    presets: Mapping[PresetId, Preset]
    limits: Limits = Limits()
    volume_factor: Decimal = Decimal(1)
    starting_balance: Quote = Quote(Decimal(10000))
    initial_state: State = State.PAUSED
