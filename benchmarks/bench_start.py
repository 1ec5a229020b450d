"""From starting the process to its first answer in the chat. `python -m benchmarks.bench_start`."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.whole_bot import COINS, house, processor_seconds

LIMIT_SECONDS = 1.5
STARTS = 5


def measure(starts: int = STARTS) -> dict[str, float]:
    """Median seconds: the command waits at Telegram when the process starts, so that nothing but the bot is timed.

    Beside it the processor's seconds up to there: what it would take where nothing else runs.
    """
    passed, used = asyncio.run(_measure(starts))
    return {"start_to_first_answer_s": passed, "processor_s": used}


async def _measure(starts: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with house(Path(folder), COINS[:3]) as home:
            await home.pair()
            passed, used = [], []
            for _ in range(starts):
                await home.phone.send("/help")
                began = time.perf_counter()
                async with home.bot() as process:
                    await home.phone.wait_for("/pause", 30)
                    passed.append(time.perf_counter() - began)
                    used.append(processor_seconds(process.pid))
    return statistics.median(passed), statistics.median(used)


if __name__ == "__main__":
    print(f"start to first answer: {measure()['start_to_first_answer_s']:.2f} s (at most {LIMIT_SECONDS:g})")
