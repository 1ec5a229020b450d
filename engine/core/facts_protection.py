"""Instruments in which a position could not be protected: nothing is entered there until that is over (law 5, O26)."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.fact import Fact
from engine.core.ids import PositionId, Symbol


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


ProtectionFact = EntriesBarred | EntriesAllowed
