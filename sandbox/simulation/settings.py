"""What the desk is set to trade on a simulated day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from engine.core.ids import ConnectionId, PresetId
from engine.core.model import Mode
from engine.core.money import Ratio
from engine.core.settings import ExitRules, Limits, Preset, Size, Steps, TraderSettings
from sandbox.simulation.market import QUOTE, TRADED
from sandbox.simulation.script import Day


def _ratio(value: str) -> Ratio:
    return Ratio(Decimal(value))


_STYLES = (
    ExitRules(_ratio("0.01"), _ratio("0.01")),
    ExitRules(_ratio("0.02"), _ratio("0.03"), time_limit=timedelta(minutes=30)),
    ExitRules(_ratio("0.015"), None, trailing=_ratio("0.015")),
    ExitRules(_ratio("0.008"), _ratio("0.02"), trailing=_ratio("0.01"), time_limit=timedelta(hours=2)),
)
_LIMITS = Limits(
    position=_ratio("0.2"),
    instrument_exposure=_ratio("0.4"),
    daily_loss=Steps(_ratio("0.03"), _ratio("0.05"), _ratio("0.08")),
)


def settings_for(day: Day) -> TraderSettings:
    """Two presets that want into the same instruments, so that positions lie side by side."""
    first, second = PresetId("first"), PresetId("second")
    style = _STYLES[day.preset_style]
    other = _STYLES[(day.preset_style + 1) % len(_STYLES)]
    presets = {
        first: Preset(first, "wants", TRADED, (60,), {}, Size(share=_ratio("0.1")), style),
        second: Preset(second, "wants", TRADED, (60,), {}, Size(share=_ratio("0.02")), other),
    }
    return TraderSettings(ConnectionId("main"), "simulated", Mode.LIVE, QUOTE, presets, _LIMITS)
