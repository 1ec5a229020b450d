"""What becomes of the stops that protect positions, and of instruments in which they could not be protected (law 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.core.fact import Fact
from engine.core.ids import PositionId, Symbol
from engine.core.money import Price


@dataclass(frozen=True, slots=True)
class StopMoved(Fact):
    """The stop's price changed: by trailing, or by the owner (`by`)."""

    position_id: PositionId
    stop: Price
    by: str


@dataclass(frozen=True, slots=True)
class StopTouched(Fact):
    """The price is at or past the stop; the one resting at the venue gets a short grace to fill (S1)."""

    position_id: PositionId


@dataclass(frozen=True, slots=True)
class StopRefused(Fact):
    """The venue refused a protecting stop: tried again after `retry_after`, with the price watched here meanwhile."""

    position_id: PositionId
    refusals: int
    retry_after: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class EntriesBarred(Fact):
    """The venue refuses to protect a position: nothing is entered in its instrument. `reason` is the venue's word."""

    symbol: Symbol
    position_id: PositionId
    reason: str


@dataclass(frozen=True, slots=True)
class EntriesAllowed(Fact):
    """The owner has answered, or the venue took a stop again before it was serious."""

    symbol: Symbol
    by: str


ProtectionFact = StopMoved | StopTouched | StopRefused | EntriesBarred | EntriesAllowed
