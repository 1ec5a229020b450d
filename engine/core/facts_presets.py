"""What the config has to do with positions that are open: which of them lost the preset that entered them."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.fact import Fact
from engine.core.ids import PositionId, PresetId, Symbol


@dataclass(frozen=True, slots=True)
class PresetGone(Fact):
    """The config no longer has the preset that entered this position, or not for this instrument: no strategy leaves
    it any more. Its own stop, take profit, trailing and time limit go on."""

    position_id: PositionId
    symbol: Symbol
    preset: PresetId


@dataclass(frozen=True, slots=True)
class PresetBack(Fact):
    """It has it again: the strategy's exits count."""

    position_id: PositionId
    symbol: Symbol
    preset: PresetId


PresetFact = PresetGone | PresetBack
