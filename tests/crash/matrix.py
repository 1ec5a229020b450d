"""One life of the desk, killed at one point and started again: how long until its books are the venue's."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

from engine.core.evolve import restore
from tests.crash.points import FALL, LEAVE, PART, POINTS, RAISE, TERM, Point
from tests.support.live_desk import BOOK, LiveDesk, live_desk
from tests.support.live_truth import read_facts, read_snapshot
from tests.support.processes import Start, start_fresh
from tests.support.whole_desk import Bot, eventually

MOVES = {RAISE: 1.0, LEAVE: -3.0, FALL: -8.0}
"""Percent that the price makes in a step of a life."""
REACHED_WITHIN = 90.0
"""Seconds until a life must have come to its point: nothing is promised about that, and the machine may be busy."""
QUIET = 1.0
"""Seconds for which the truth has to stay true."""


async def survive(number: int, folder: Path, start: Start = start_fresh) -> float:
    """Seconds from the restart until the truth was restored. Raises AssertionError with all that is wrong."""
    point = POINTS[number]
    async with live_desk(folder, start=start) as desk:
        if point.first is not None:
            await _kill_at(desk, POINTS[point.first])
        await _kill_at(desk, point)
        began = time.monotonic()
        starts = desk.count("Restarted") + 1  # before it runs: it may be quicker than the counting
        bot = await desk.whole.run()
        await desk.settled(bot, starts)
        took = time.monotonic() - began
        await asyncio.sleep(QUIET)
        assert await bot.terminate() == 0, bot.said()
        await _hold_books_against_the_venue(desk, bot)
        return took


async def _kill_at(desk: LiveDesk, point: Point) -> None:
    """Live until the point is reached, and make sure that it was this point that killed."""
    marker = desk.whole.folder / f"killed-at-{point.number}"
    if TERM in point.steps:
        await desk.whole.market.fault("place", "delay", point="after-accept", seconds=1.0)
    if PART in point.steps:
        await desk.whole.market.control("POST", "hold", share="0.5")
    bot = await _launch(desk, point.number, marker)
    for step in point.steps:
        await _step(desk, bot, step)
    try:
        code = await bot.ended(REACHED_WITHIN)
    except TimeoutError:
        raise AssertionError(f"point {point.number} was never reached\n{desk.told(bot)}") from None
    assert code == -signal.SIGKILL, f"ended with {code}: {bot.said()}"
    assert marker.read_text(encoding="utf-8") == str(point.number)
    await desk.whole.market.control("POST", "release")
    await desk.whole.market.come_back()


async def _launch(desk: LiveDesk, number: int, marker: Path) -> Bot:
    words = (str(number), str(marker), "run", "--config", str(desk.whole.config))
    return await desk.whole.launch("tests.crash.launcher", words)


async def _step(desk: LiveDesk, bot: Bot, step: str) -> None:
    """What happens once the entry is there: protected first, unless the step is about the order under way."""
    if step == TERM:
        await eventually(lambda: _intended(desk), "an intent", REACHED_WITHIN)
        bot.process.send_signal(signal.SIGTERM)
    elif step in MOVES:
        await eventually(lambda: _protected(desk), "a protected position", REACHED_WITHIN)
        await desk.whole.market.step(MOVES[step])


async def _intended(desk: LiveDesk) -> bool:
    return desk.count("OrderIntended") > 0


async def _protected(desk: LiveDesk) -> bool:
    return desk.count("PositionOpened") > 0 and not await desk.differences()


async def _hold_books_against_the_venue(desk: LiveDesk, bot: Bot) -> None:
    """Once more after the end, when nothing moves: the books, and the memory that the process had of them."""
    assert not (wrong := await desk.differences()), f"{'; '.join(wrong)}\n{desk.told(bot)}"
    kept = read_snapshot(desk.whole.database, BOOK)
    assert kept is not None
    facts = read_facts(desk.whole.database, BOOK)
    assert kept[0] == len(facts)
    assert kept[1] == restore(facts), "what the process remembered is not the fold of its journal"
