"""Charts from a process of their own: started when needed, asked with a deadline, ended when it fails."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.core.model import Candle, Fill
from engine.workers.kept import KeptWorker
from engine.workers.process import WorkerFailed

DEADLINE_SECONDS = 20.0
IDLE_SECONDS = 5.0
"""A new one is there in half a second; one that waits holds 80 MB."""
_PNG = b"\x89PNG"
_MARKS = 60


class ChartFailed(Exception):
    """No picture came; `str()` is a sentence for the log, the owner gets one of the catalogue."""


@dataclass(frozen=True, slots=True)
class Level:
    """A line across the chart. `kind`: last, entry, stop or target."""

    kind: str
    price: Decimal
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What is to be drawn; the words are ready to be shown."""

    title: str
    subtitle: str
    last: str
    change: str
    rising: bool
    foot: str
    seconds: int
    candles: Sequence[Candle]
    levels: Sequence[Level]
    fills: Sequence[Fill]


def as_words(chart: Chart) -> dict[str, Any]:
    """The question to the worker. Floats are good enough for a picture."""
    return {
        "title": chart.title,
        "subtitle": chart.subtitle,
        "last": chart.last,
        "change": chart.change,
        "rising": chart.rising,
        "foot": chart.foot,
        "seconds": chart.seconds,
        "candles": [_candle(one) for one in chart.candles],
        "levels": [{"kind": one.kind, "price": float(one.price), "label": one.label} for one in chart.levels],
        "marks": _marks(chart),
    }


def _candle(one: Candle) -> list[float]:
    values = (one.open, one.high, one.low, one.close, one.volume)
    return [one.open_time.timestamp(), *(float(value) for value in values)]


def _marks(chart: Chart) -> list[dict[str, Any]]:
    """Executions within the candles shown, each at its candle."""
    if not chart.candles:
        return []
    opened = [one.open_time for one in chart.candles]
    shown = [fill for fill in chart.fills if fill.at >= opened[0]][-_MARKS:]
    return [
        {
            "place": bisect_right(opened, fill.at) - 1,  # by time: a quiet minute may have no candle
            "price": float(fill.price),
            "side": fill.side,
        }
        for fill in shown
    ]


class Charts:
    """One worker at most, one picture at a time."""

    def __init__(self, worker: KeptWorker | None = None) -> None:
        self.worker = worker or KeptWorker("bot.chart_worker", "drawing", IDLE_SECONDS)
        self.failures = 0

    async def draw(self, chart: Chart, deadline: float = DEADLINE_SECONDS) -> bytes:
        """The PNG. Raises ChartFailed when the worker crashed, hung or could not draw; a later try has a new one."""
        try:
            said, picture = await self.worker.ask(as_words(chart), deadline)
        except (WorkerFailed, ValueError) as error:
            self.failures += 1
            raise ChartFailed(f"the chart worker gave no picture: {error}") from error
        if trouble := said.get("trouble"):
            self.failures += 1
            raise ChartFailed(f"the chart could not be drawn: {trouble}")
        if not picture.startswith(_PNG):
            self.failures += 1
            raise ChartFailed("the chart worker gave no picture")
        return picture

    def close(self) -> None:
        """End the worker."""
        self.worker.end()
