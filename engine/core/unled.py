"""Positions whose preset the config no longer has: no strategy leaves them any more, and the owner must know.

Their protection is their own and goes on: stop, take profit, trailing and time limit are kept with the position.
"""

from __future__ import annotations

from engine.core import facts as f
from engine.core.draft import Draft
from engine.core.ledger import Phase, Position
from engine.core.settings import TraderSettings


def look_for(draft: Draft) -> None:
    """At each start, since the config is read only then: told once when a preset is gone, and when it is back."""
    for position in list(draft.state.positions.values()):
        if position.preset is None or position.phase is Phase.LEAVING:
            continue
        led, told = _is_led(draft.settings, position), position.id in draft.state.unled
        if led is told:
            kind = f.PresetBack if led else f.PresetGone
            draft.emit(kind(draft.at, position.id, position.symbol, position.preset))


def _is_led(settings: TraderSettings, position: Position) -> bool:
    preset = settings.presets.get(position.preset) if position.preset is not None else None
    return preset is not None and position.symbol in preset.symbols
