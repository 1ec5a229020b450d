"""The venue's rules change while we hold something (law 18), and it loses or refuses stops (laws 5 and 12)."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from engine.core.facts import EntriesBarred, ExitRefused, FillBooked, OrderIntended, PositionClosed
from engine.core.model import Side
from engine.core.orders import Purpose
from tests.end_to_end.test_live import in_a_position, our_stop
from tests.support.live_desk import LiveDesk, live_desk
from tests.support.whole_desk import button, eventually

INSTRUMENT = "BTC/USDT"


async def close(desk: LiveDesk) -> None:
    await desk.whole.market.step(-1)  # below the level: nothing is to be entered again
    await asyncio.sleep(1.5)
    asked = await desk.whole.ask("/close BTC", "Close BTC/USDT?")
    await desk.whole.phone.press(asked, button(asked, "Yes"))


def sold(desk: LiveDesk) -> list[Decimal]:
    """What each of our orders to leave was for."""
    return [
        one.order.quantity
        for one in desk.facts()
        if isinstance(one, OrderIntended) and one.order.purpose is Purpose.EXIT
    ]


async def test_a11_the_lot_grows_while_a_position_is_open(tmp_path: Path) -> None:
    """ "lot-step-changes": from then on each sale was refused until a restart."""
    async with live_desk(tmp_path) as desk:
        bot = await in_a_position(desk)
        held = next(iter(desk.state().positions.values())).quantity
        step = Decimal("0.001") if held > Decimal("0.001") else Decimal("0.0001")
        await desk.whole.market.control(
            "POST", "rules", instrument=INSTRUMENT, step=str(step), min_quantity=str(step)
        )
        await close(desk)
        await desk.until(bot, "no position", lambda state: not state.positions)
        (closed,) = [one for one in desk.facts() if isinstance(one, PositionClosed)]
        assert sold(desk)[-1] == held // step * step
        assert closed.dust == held - held // step * step
        assert len([one for one in desk.facts() if isinstance(one, ExitRefused)]) <= 1


async def test_o27_the_cap_at_market_is_below_what_is_held(tmp_path: Path) -> None:
    """ "market-lot-cap": one order for all of it was refused again and again."""
    async with live_desk(tmp_path) as desk:
        bot = await in_a_position(desk)
        held = next(iter(desk.state().positions.values())).quantity
        cap = (held * Decimal("0.6")).quantize(Decimal("0.0001"))
        await desk.whole.market.control("POST", "rules", instrument=INSTRUMENT, max_market_quantity=str(cap))
        await close(desk)
        await desk.until(bot, "no position", lambda state: not state.positions)
        assert max(sold(desk)[-2:]) <= cap
        assert sum(
            one.fill.quantity
            for one in desk.facts()
            if isinstance(one, FillBooked) and one.fill.side is Side.SELL
        ) >= held - Decimal("0.0001")


async def test_o26_no_more_stops_are_taken(tmp_path: Path) -> None:
    """ "no-more-stops": bought, sold and bought again, five times in 120 s."""
    async with live_desk(tmp_path) as desk:
        bot = await in_a_position(desk)
        await desk.whole.market.control("POST", "rules", instrument=INSTRUMENT, max_open_conditional=0)
        await desk.whole.market.control("POST", "cancel", client_id=await our_stop(desk))
        await desk.until(bot, "the bar", lambda state: bool(state.barred))
        called = await desk.whole.told("goes on refusing to protect a position")
        assert not called.silent
        await asyncio.sleep(10)
        entries = [
            one for one in desk.facts() if isinstance(one, OrderIntended) and one.order.side is Side.BUY
        ]
        assert len(entries) == 1
        assert len(desk.state().positions) == 1, "it is kept, and watched here"
        assert len([one for one in desk.facts() if isinstance(one, EntriesBarred)]) == 1
        await desk.whole.phone.press(called, button(called, "Buy it again"))
        question = await desk.whole.told("Buy BTC/USDT again?")
        await desk.whole.phone.press(question, button(question, "Allow entries"))
        await desk.until(bot, "the answer", lambda state: not state.barred)


async def test_s14_the_venue_forgets_a_stop(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        await in_a_position(desk)
        lost = await our_stop(desk)
        await desk.whole.market.control("POST", "forget", client_id=lost)

        async def put_back() -> bool:
            orders = [one.client_order_id for one in desk.state().orders.values()]
            return lost not in orders and len(orders) == 1 and not await desk.differences()

        await eventually(put_back, "another stop", 75)
