"""Resident memory of the bot's whole process tree. `python -m benchmarks.bench_memory [SECONDS]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks.whole_bot import COINS, house

LIMIT_MB = 130.0
SECONDS = 300.0
CHART_SECONDS = 8.0
"""After this the chart's process has ended (bot/chart_worker.py), and the machine has its memory back."""


def measure(seconds: float = SECONDS) -> dict[str, float]:
    """MB after `seconds` of trading on paper, 20 instruments at 5m, Telegram on, and a chart: all processes of the bot.

    `resident_mb` counts once the chart's process has ended, `with_chart_mb` while it still waits for another one.
    """
    drawing, after = asyncio.run(_measure(seconds))
    return {"resident_mb": after, "with_chart_mb": drawing}


async def _measure(seconds: float) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with house(Path(folder), COINS) as home:
            await home.pair()
            async with home.bot() as process:
                await asyncio.sleep(seconds)
                await home.phone.send("/chart BTC/USDT 5m")
                await home.phone.wait_for(lambda message: message.attachment is not None, 30)
                drawing = resident_mb(process.pid)
                await asyncio.sleep(CHART_SECONDS)
                return drawing, resident_mb(process.pid)


def resident_mb(pid: int) -> float:
    """The resident memory of a process and of all that it started, pages that they share counted in each."""
    process = psutil.Process(pid)
    total: int = sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
    return total / 1024 / 1024


if __name__ == "__main__":
    found = measure(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    print(f"resident memory: {found['resident_mb']:.0f} MB (at most {LIMIT_MB:g})")
