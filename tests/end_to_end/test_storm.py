"""The storm: for a minute the venue takes orders and loses every answer to them, while a strategy always wants in.

The most used bot of the field, cut off like this for 45 seconds, bought nine times and recorded none of them.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.core.ids import is_ours
from tests.crash.settling import settle_times
from tests.support.live_desk import WITHIN, LiveDesk, live_desk
from tests.support.whole_desk import Bot

STORM = 60.0
LOST = (
    {"action": "drop", "probability": 0.3},
    {"action": "hang", "probability": 0.3, "seconds": 15},
    {"action": "status", "status": 503, "probability": 0.4},
    {"action": "cut", "probability": 0.4},
    {"action": "truncated", "probability": 0.4},
    {"action": "garbage"},
)
"""Every answer to an order is lost in one of these ways: the last one strikes what chance spared."""
DEAF = (
    {"target": "connect *ws-api*", "action": "status", "status": 503},
    {"target": "user *", "action": "drop"},
)
"""The user stream is cut and can't be opened again."""
BLIND = tuple(
    {"target": target, "action": "status", "status": 503}
    for target in ("ask", "open", "fills", "history", "balance")
)
"""Nothing about orders can be asked either."""


async def entries(desk: LiveDesk) -> list[dict[str, Any]]:
    """Our orders to buy, as the venue has them."""
    orders = (await desk.venue())["orders"]
    return [one for one in orders if is_ours(one["clientOrderId"]) and one["side"] == "BUY"]


async def rage(desk: LiveDesk, bot: Bot, seconds: float) -> None:
    """Look on, all the time: never a second order to buy."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert len(await entries(desk)) <= 1, desk.told(bot)
        assert bot.process.returncode is None, bot.said()
        await asyncio.sleep(0.25)


async def let_loose(desk: LiveDesk, more: Sequence[dict[str, Any]]) -> None:
    for rule in LOST:
        await desk.whole.market.control(
            "POST", "faults", **{"target": "place", "point": "after-accept"} | rule
        )
    for rule in more:
        await desk.whole.market.control("POST", "faults", **rule)


@pytest.mark.parametrize("more", [(), DEAF, DEAF + BLIND], ids=["orders", "stream-cut", "nothing-answers"])
async def test_a_minute_of_lost_answers_gives_one_order_here_and_there(
    tmp_path: Path, more: Sequence[dict[str, Any]]
) -> None:
    async with live_desk(tmp_path) as desk:
        market = desk.whole.market
        enter_again = await market.price()
        await market.step(-1)  # below the level at which the strategy wants in, until the storm is there
        bot = await desk.whole.run()
        await desk.settled(bot)
        await let_loose(desk, more)
        await market.control("POST", "price", instrument="BTC/USDT", price=str(enter_again))
        await rage(desk, bot, STORM)
        assert len(await entries(desk)) == 1
        bought = [
            one for one in desk.facts() if type(one).__name__ == "OrderIntended" and "'entry'" in repr(one)
        ]
        assert len(bought) == 1, "one intent, whatever the strategy wanted"
        assert desk.count("SignalDenied") > 20, "the strategy wanted in all the time"
        assert sum(one["struck"] for one in await market.control("GET", "faults")) > 0, "there was a storm"
        await market.come_back()
        await desk.settled(bot, timeout=WITHIN)
        state = desk.state()
        assert len(state.positions) == 1
        assert len(await entries(desk)) == 1
        assert len(state.orders) == 1, "its stop, and nothing else"
        assert "Traceback" not in bot.said()


async def test_an_unknown_outcome_is_settled_within_30_s_of_the_venues_return(tmp_path: Path) -> None:
    """Three outages here; fifty of them in `python -m tests.crash settling`."""
    async with live_desk(tmp_path) as desk:
        bot = await desk.whole.run()
        times = await settle_times(desk, bot, (1.0, 6.0, 20.0))
        sys.stdout.write(f"\nsettled after {', '.join(f'{one:.1f} s' for one in times)}\n")
        assert max(times) <= WITHIN
