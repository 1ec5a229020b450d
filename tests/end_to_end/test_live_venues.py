"""Real orders at the sandbox's Bybit and OKX, while their user streams tell everything twice, late or out of order."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from engine.core.facts import FillBooked, PositionClosed
from engine.core.model import Side
from sandbox.telegram.testing import SeenMessage
from tests.support.live_desk import LiveDesk, live_desk
from tests.support.whole_desk import Bot, button, eventually

STRANGE = ("duplicate", "reorder", "delay")


@pytest.mark.parametrize("dialect", ["bybit", "okx"])
async def test_law3_a_position_from_buy_to_stop_is_booked_once_whatever_the_stream_does(
    tmp_path: Path, dialect: str
) -> None:
    async with live_desk(tmp_path, dialect=dialect) as desk:
        bot = await desk.whole.paired()
        await desk.settled(bot)
        for action in STRANGE:
            await desk.whole.market.fault("user *", action, probability=0.3, seconds=0.2)
        await _bought(desk, bot)
        await desk.whole.market.step(-8)  # the stop that rests at the venue sells
        await desk.until(bot, "no position", lambda state: not state.positions)
        await desk.settled(bot)
        assert await _struck(desk) > 0
        _booked_once(desk)


async def test_law3_fills_that_bybits_stream_keeps_to_itself_are_asked_for(tmp_path: Path) -> None:
    """It tells of an order and of its executions apart, so that one of both can be lost."""
    async with live_desk(tmp_path, dialect="bybit") as desk:
        bot = await desk.whole.paired()
        await desk.settled(bot)
        await desk.whole.market.fault("user execution", "silence")
        await _bought(desk, bot)
        assert await _struck(desk) > 0


async def _bought(desk: LiveDesk, bot: Bot) -> None:
    async def offered() -> SeenMessage | None:
        """As soon as there is a price."""
        seen = await desk.whole.ask("/buy BTC 500")
        return seen if "Buy BTC/USDT?" in seen.text else None

    asked = await eventually(offered, "the confirmation")
    assert asked is not None
    assert "LIVE" in asked.text
    await desk.whole.phone.press(asked, button(asked, "Yes"))
    await desk.until(bot, "a position", lambda state: len(state.positions) == 1)
    await desk.settled(bot)


async def _struck(desk: LiveDesk) -> int:
    return sum(int(rule["struck"]) for rule in await desk.whole.market.control("GET", "faults"))


def _booked_once(desk: LiveDesk) -> None:
    booked = [one.fill for one in desk.facts() if isinstance(one, FillBooked)]
    assert len({fill.id for fill in booked}) == len(booked)
    sides = {side: sum(f.quantity for f in booked if f.side is side) for side in Side}
    in_base = sum((fee.amount for f in booked for fee in f.fees if fee.coin == "BTC"), Decimal(0))
    assert 0 <= sides[Side.BUY] - in_base - sides[Side.SELL] < Decimal("0.00001")
    (closed,) = [one for one in desk.facts() if isinstance(one, PositionClosed)]
    assert "stop" in closed.reason
