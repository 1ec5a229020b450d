"""P7: memory runs out in the middle of a live position.

The limit is the kernel's, set from outside on the running process: from then on it gets no more than it has. What it
then asks for in vain is its own business: buffers to read prices and answers into, charts, screens, rows.
"""

from __future__ import annotations

import asyncio
import resource
import time
from pathlib import Path

from bot.lifecycle import FAILED
from tests.support.live_desk import LiveDesk, live_desk
from tests.support.whole_desk import PATIENCE, Bot, eventually

ENDS_WITHIN = 60.0
"""Seconds after which a process without memory would be taken for a living corpse: it holds the lease, so that no
other can take over, and does nothing."""
ASKED = ("/chart BTC/USDT", "/positions", "/health", "/orders", "/journal", "/help")
PAUSE = 0.2


async def test_p7_without_memory_it_ends_by_itself_and_the_next_start_finds_the_truth(tmp_path: Path) -> None:
    """The price rises all the while, so that the stop has to follow, and the owner asks for screen after screen."""
    async with live_desk(tmp_path) as desk:
        bot = await desk.whole.paired()
        await eventually(lambda: protected(desk), "a protected position", PATIENCE)
        cut_off(bot.process.pid)
        assert await end_of(desk, bot) == FAILED, bot.said()[-3000:]
        assert "memory ran out" in bot.said()
        starts = desk.count("Restarted") + 1
        bot = await desk.whole.run()
        await desk.settled(bot, starts)
        assert len(desk.state().positions) == 1
        assert desk.count("PositionOpened") == 1
        assert await bot.terminate() == 0, bot.said()
        assert await desk.differences() == []


async def protected(desk: LiveDesk) -> bool:
    return desk.count("PositionOpened") > 0 and not await desk.differences()


def cut_off(pid: int) -> None:
    """No page more than it has: what needs one fails, as where the machine has none left."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0])
    size = pages * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (size, size))


async def end_of(desk: LiveDesk, bot: Bot) -> int:
    """Its exit code, while the market moves and the owner asks. AssertionError if it lives on without memory."""
    until = time.monotonic() + ENDS_WITHIN
    asked = 0
    while bot.process.returncode is None:
        assert time.monotonic() < until, f"a living corpse: {desk.told(bot)}"
        await desk.whole.phone.send(ASKED[asked % len(ASKED)])
        await desk.whole.market.step(0.1)
        await asyncio.sleep(PAUSE)
        asked += 1
    return bot.process.returncode
