"""How long an order of unknown outcome stays unknown once the venue is back: asked with patience, so not at once.

One desk lives through outage after outage. Each time the venue takes an order to buy, loses the answer, and then
answers nothing at all for a while: no question about orders, no account, no stream.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from decimal import Decimal

from tests.support.live_desk import LiveDesk
from tests.support.whole_desk import Bot, eventually

LONGEST = 60.0
"""Seconds that a measurement waits for the truth: twice what is allowed, so that a miss is a number, too."""
SILENT = ("ask", "open", "fills", "history", "balance", "cancel")


async def settle_times(desk: LiveDesk, bot: Bot, outages: Sequence[float]) -> list[float]:
    """Seconds from the venue's return to books that equal its own, stop included, for each length of outage."""
    price = await desk.whole.market.price()
    await _go_to(desk, price * Decimal("0.97"))
    await desk.settled(bot)
    return [await _once(desk, bot, price, seconds) for seconds in outages]


async def _once(desk: LiveDesk, bot: Bot, price: Decimal, seconds: float) -> float:
    lost = desk.count("OutcomeLost")
    await desk.whole.market.fault("place", "drop", point="after-accept", times=1)
    # Before the price moves: else a stream that is quick enough tells of the order, and nothing is unknown.
    # The first question of each kind hangs: a look at the account that had failed already would bar the entry.
    for target in SILENT:
        await desk.whole.market.fault(target, "hang", times=1)
        await desk.whole.market.fault(target, "status", status=503)
    await desk.whole.market.fault("connect *ws-api*", "status", status=503)
    await desk.whole.market.fault("user *", "drop")
    await _go_to(desk, price)
    await _until(desk, bot, "OutcomeLost", lost + 1)
    await asyncio.sleep(seconds)
    began = time.monotonic()
    await desk.whole.market.come_back()
    await desk.settled(bot, timeout=LONGEST)
    took = time.monotonic() - began
    await _leave(desk, bot, price)
    return took


async def _leave(desk: LiveDesk, bot: Bot, price: Decimal) -> None:
    closed = desk.count("PositionClosed")
    await _go_to(desk, price * Decimal("0.97"))
    await _until(desk, bot, "PositionClosed", closed + 1)
    await desk.settled(bot)


async def _until(desk: LiveDesk, bot: Bot, kind: str, count: int) -> None:
    async def look() -> bool:
        assert bot.process.returncode is None, bot.said()
        return desk.count(kind) >= count

    try:
        await eventually(look, f"{count} × {kind}", LONGEST)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{desk.told(bot)}") from None


async def _go_to(desk: LiveDesk, price: Decimal) -> None:
    await desk.whole.market.control("POST", "price", instrument="BTC/USDT", price=f"{price:.2f}")
