"""From a command to its answer, with a long history stored. `python -m benchmarks.bench_chat`."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.history import write_history
from benchmarks.whole_bot import COINS, house, processor_seconds

LIMIT_MS = 10.0
FILLS = 100_000
ROUNDS = 60
COMMANDS = {
    "/positions": "Open positions",
    "/trades": "Trades ·",
    "/profit": "Profit ·",
    "/balance": "Balance ·",
    "/risk": "Risk ·",
    "/help": "What you can say",
}
"""Each with words that only its answer has."""


def measure(fills: int = FILLS, rounds: int = ROUNDS) -> dict[str, float]:
    """Median milliseconds over all commands and of each, from the phone and back to it: the stand-in's work included.

    `bot_processor_ms` is what the bot itself computes for a command, whatever else the machine does meanwhile.
    """
    found, processor = asyncio.run(_measure(fills, rounds))
    everything = [one for values in found.values() for one in values]
    each = {f"{command}_ms": statistics.median(values) for command, values in found.items()}
    return {"command_to_answer_ms": statistics.median(everything), "bot_processor_ms": processor, **each}


async def _measure(fills: int, rounds: int) -> tuple[dict[str, list[float]], float]:
    with tempfile.TemporaryDirectory() as folder:
        await write_history(f"sqlite:///{folder}/data/pocketdesk.db", fills)
        async with house(Path(folder), COINS[:3]) as home:
            await home.pair()
            found: dict[str, list[float]] = {command: [] for command in COMMANDS}
            async with home.bot() as process:
                await home.ask("/help", "/pause")
                await asyncio.sleep(2)
                used = processor_seconds(process.pid)
                for index in range(rounds):
                    command, wanted = list(COMMANDS.items())[index % len(COMMANDS)]
                    began = time.perf_counter()
                    await home.ask(command, wanted)
                    found[command].append((time.perf_counter() - began) * 1000)
                    await asyncio.sleep(0.05)
                used = processor_seconds(process.pid) - used
    return found, used * 1000 / rounds


if __name__ == "__main__":
    print(f"command to answer, median: {measure()['command_to_answer_ms']:.1f} ms (at most {LIMIT_MS:g})")
