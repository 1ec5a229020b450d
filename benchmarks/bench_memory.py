"""Memory of the bot: its own process, and all that it started. `python -m benchmarks.bench_memory [SECONDS]`.

Resident memory (RSS) counts pages that processes share in each of them; the proportional one (PSS) shares them out, and
is what the machine has less of.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.whole_bot import COINS, House, house

MAIN_MB, ALL_MB = 114.0, 150.0
MB = 1024 * 1024
LONG_ENOUGH = 60.0
"""Seconds; the second run only shows what the further process takes."""
SECONDS = 300.0
CHART_SECONDS = 8.0
"""After this the chart's process has ended (bot/charts.py), and the machine has its memory back."""


OWN = """
from engine.strategies.base import Decision, Parameters, Strategy, View


class Own(Strategy[Parameters]):
    name = "own"
    title = summary = "A strategy of the owner's"
    parameters = Parameters

    def warm_up(self, parameters: Parameters) -> int:
        return 100

    def decide(self, view: View, parameters: Parameters) -> Decision | None:
        return None
"""


def measure(seconds: float = SECONDS) -> dict[str, float]:
    """MB after `seconds` of trading on paper, 20 instruments at 5m, Telegram on, and a chart.

    `main_rss_mb` is the bot's own process, once the chart's has ended; `all_rss_mb` it and the process of a strategy of
    the owner's, in a run of its own; `with_chart_mb` all while the chart's process still waits for another one.
    """
    drawing, main, _ = asyncio.run(_measure(seconds, own=False))
    _, _, whole = asyncio.run(_measure(min(seconds, LONG_ENOUGH), own=True))
    return {
        "main_rss_mb": main.rss,
        "all_rss_mb": whole.rss,
        "main_pss_mb": main.pss,
        "all_pss_mb": whole.pss,
        "with_chart_mb": drawing.rss,
    }


@dataclass(frozen=True, slots=True)
class Memory:
    """In MB."""

    rss: float
    pss: float


async def _measure(seconds: float, own: bool) -> tuple[Memory, Memory, Memory]:
    """All with the chart, the main process after it, all after it."""
    with tempfile.TemporaryDirectory() as folder:
        async with house(Path(folder), COINS) as home:
            if own:
                _add_own(home)
            await home.pair()
            async with home.bot() as process:
                await asyncio.sleep(seconds)
                await home.phone.send("/chart BTC/USDT 5m")
                await home.phone.wait_for(lambda message: message.attachment is not None, 30)
                drawing = memory_of(process.pid, whole=True)
                await asyncio.sleep(CHART_SECONDS)
                return drawing, memory_of(process.pid, whole=False), memory_of(process.pid, whole=True)


def _add_own(home: House) -> None:
    folder = home.folder / "own"
    folder.mkdir()
    (folder / "own.py").write_text(OWN, encoding="utf-8")
    text = home.config.read_text(encoding="utf-8")
    text = text.replace('presets = ["one", "two", "three"]', 'presets = ["one", "two", "three", "four"]')
    home.config.write_text(
        f'{text}[presets.four]\nstrategy = "own"\nsymbols = ["BTC/USDT"]\ntimeframes = ["5m"]\nsize.share = "2%"\n'
        '[strategies]\nfolder = "own"\n',
        encoding="utf-8",
    )


def memory_of(pid: int, whole: bool) -> Memory:
    """Of a process and, if `whole`, of all that it started."""
    process = psutil.Process(pid)
    found = [
        each.memory_full_info() for each in (process, *(process.children(recursive=True) if whole else ()))
    ]
    return Memory(sum(one.rss for one in found) / MB, sum(one.pss for one in found) / MB)


if __name__ == "__main__":
    found = measure(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    for name, limit in (("main", MAIN_MB), ("all", ALL_MB)):
        rss, pss = found[f"{name}_rss_mb"], found[f"{name}_pss_mb"]
        print(f"{name}: {rss:.1f} MB resident (at most {limit:g}), {pss:.1f} MB in proportion")
