"""Charts from a process of their own: started when needed, asked with a deadline, ended when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from loguru import logger

from engine.core.model import Candle, Fill

DEADLINE_SECONDS = 20.0
_LARGEST = 10_000_000
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


def as_json(chart: Chart) -> bytes:
    """One line for the worker. Floats are good enough for a picture."""
    body = {
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
    return json.dumps(body, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def _candle(one: Candle) -> list[float]:
    values = (one.open, one.high, one.low, one.close, one.volume)
    return [one.open_time.timestamp(), *(float(value) for value in values)]


def _marks(chart: Chart) -> list[dict[str, Any]]:
    """Executions within the candles shown, each at its candle."""
    if not chart.candles:
        return []
    first = chart.candles[0].open_time
    newest = len(chart.candles) - 1
    shown = [fill for fill in chart.fills if fill.at >= first][-_MARKS:]
    return [
        {
            "place": min(_place(first, fill.at, chart.seconds), newest),
            "price": float(fill.price),
            "side": fill.side,
        }
        for fill in shown
    ]


def _place(first: datetime, at: datetime, seconds: int) -> int:
    return int((at - first).total_seconds() // seconds)


class Charts:
    """One worker at most, one picture at a time."""

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "bot.chart_worker")) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()
        self.failures = 0

    async def draw(self, chart: Chart, deadline: float = DEADLINE_SECONDS) -> bytes:
        """The PNG. Raises ChartFailed when the worker crashed, hung or could not draw; the next try has a new one."""
        line = as_json(chart)
        async with self._lock:
            try:
                async with asyncio.timeout(deadline):
                    return await self._asked(line)
            except (TimeoutError, OSError, EOFError, ValueError, LookupError, TypeError) as error:
                self.failures += 1
                await self._end()
                raise ChartFailed(
                    f"the chart worker gave no picture: {type(error).__name__} {error}"
                ) from error
            except asyncio.CancelledError:
                await self._end()
                raise

    async def close(self) -> None:
        """End the worker."""
        await self._end()

    async def _asked(self, line: bytes) -> bytes:
        """The worker may have ended for idleness just now: then a new one is asked, once."""
        for _ in range(2):
            process = await self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            with contextlib.suppress(ConnectionError):
                process.stdin.write(line)
                await process.stdin.drain()
            head = await process.stdout.readline()
            if head:
                return await self._picture(process.stdout, json.loads(head))
            await self._end()
        raise EOFError("it ended before it answered")

    async def _picture(self, source: asyncio.StreamReader, head: Mapping[str, Any]) -> bytes:
        if head["trouble"]:
            raise ValueError(str(head["trouble"]))
        if not 0 < head["size"] <= _LARGEST:
            raise ValueError(f"a picture of {head['size']} bytes")
        return await source.readexactly(head["size"])

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            logger.debug("chart worker started, process {}", self._process.pid)
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
