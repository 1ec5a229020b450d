"""P7: memory runs out in the middle of a live position.

The limit is the kernel's, set from outside on the running process: from then on it gets no more than it has. What it
then asks for in vain is its own business: buffers to read prices and answers into, charts, screens, rows.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from pathlib import Path

from bot.lifecycle import FAILED
from bot.watchdog import STUCK
from tests.support.live_desk import LiveDesk, live_desk
from tests.support.whole_desk import PATIENCE, Bot, eventually

ENDS_WITHIN = 40.0
"""Seconds after which a process without memory has to prove that it is no living corpse, which holds the lease, so that
no other can take over, and does nothing. Longer than the watchdog waits."""
ENDINGS = {FAILED: "memory ran out", STUCK: "the event loop stood still"}
"""Exit codes and what is said: Python waits for ever for a thread that found no memory to begin with (a file's or a
name server's), and then it is the watchdog that ends the process."""
ASKED = ("/chart BTC/USDT", "/positions", "/health", "/orders", "/journal", "/help")
PAUSE = 0.2
LONG, AT_ONCE = "\U0001f600" * 2_000, 100
"""The longest message there can be, and the most that Telegram gives at once: megabytes in one answer, which no desk
has to spare."""


async def test_p7_without_memory_it_trades_on_or_ends_and_the_next_start_finds_the_truth(
    tmp_path: Path,
) -> None:
    """The price rises all the while, so that the stop has to follow, and the owner asks for screen after screen."""
    async with live_desk(tmp_path) as desk:
        bot = await desk.whole.paired()
        await eventually(lambda: protected(desk), "a protected position", PATIENCE)
        cut_off(bot.process.pid)
        code = await end_of(desk, bot)
        if code is None:
            await alive(desk)
            await bot.kill()
        else:
            assert code in ENDINGS, bot.said()[-3000:]
            assert ENDINGS[code] in bot.said()
        starts = desk.count("Restarted") + 1
        bot = await desk.whole.run()
        await desk.settled(bot, starts)
        assert len(desk.state().positions) == 1
        assert desk.count("PositionOpened") == 1
        assert await bot.terminate() == 0, bot.said()
        assert await desk.differences() == []


async def alive(desk: LiveDesk) -> None:
    """It found enough in what it has: then it hears the owner, and the stop follows the price, as if nothing were."""
    moved = desk.count("StopMoved")
    await desk.whole.ask("/balance", "Balance")

    async def follows() -> bool:
        await desk.whole.market.step(0.5)
        return desk.count("StopMoved") > moved and not await desk.differences()

    await eventually(follows, "a stop that follows", PATIENCE)


async def protected(desk: LiveDesk) -> bool:
    return desk.count("PositionOpened") > 0 and not await desk.differences()


def cut_off(pid: int) -> None:
    """No page more than it has: what needs one fails, as where the machine has none left."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0])
    size = pages * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (size, size))


async def end_of(desk: LiveDesk, bot: Bot) -> int | None:
    """Its exit code, while the market moves and the owner asks; None if it lives on."""
    until = time.monotonic() + ENDS_WITHIN
    asked = 0
    while bot.process.returncode is None and time.monotonic() < until:
        await desk.whole.phone.send(ASKED[asked % len(ASKED)])
        await many_at_once(desk, bot)
        await desk.whole.market.step(0.1)
        await asyncio.sleep(PAUSE)
        asked += 1
    return bot.process.returncode


async def many_at_once(desk: LiveDesk, bot: Bot) -> None:
    """They come while it stands still, as where a machine was suspended: else it would read them one by one."""
    os.kill(bot.process.pid, signal.SIGSTOP)
    try:
        for _ in range(AT_ONCE):
            await desk.whole.phone.send(LONG)
    finally:
        os.kill(bot.process.pid, signal.SIGCONT)
