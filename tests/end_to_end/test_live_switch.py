"""From paper to live and back, all of it in the chat; and what an order that is not in our books comes to."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.core.facts import BalanceFlowed, FillBooked, ForeignResolved
from engine.core.ids import ClientOrderId, is_ours
from sandbox.telegram.testing import SeenMessage
from tests.support.live_desk import ACCOUNT, LiveDesk, live_desk
from tests.support.live_truth import read_facts
from tests.support.whole_desk import PATIENCE, Bot, button, eventually

PAPER = "main.paper"
FOREIGN = ClientOrderId("pd" + "f" * 16)
"""An order with our mark that another copy of the desk has left at the venue."""


async def press(desk: LiveDesk, message: SeenMessage, text: str, wanted: str) -> SeenMessage:
    await desk.whole.phone.press(message, button(message, text))
    return await desk.whole.told(wanted)


async def ask_to_go_live(desk: LiveDesk, times: int) -> str:
    """The list, and the button under it; the word that has to be typed."""
    await desk.whole.phone.send("/live main")
    await desk.whole.told("What must be true before going live", count=times)

    async def ready() -> SeenMessage | None:
        found = [one for one in await desk.whole.phone.messages() if "Everything holds" in one.text]
        return found[-1] if found else None

    checked = await eventually(ready, "everything to hold")
    assert checked is not None
    assert "✗" not in checked.text
    asked = await press(desk, checked, "Go live", "To go live, write")
    assert "real money" in asked.text
    return str(re.findall(r"LIVE \d{4}", asked.text)[-1])


async def go_live(desk: LiveDesk) -> None:
    """A wrong word switches nothing, the right one does."""
    word = await ask_to_go_live(desk, 1)
    await desk.whole.ask("LIVE 0000" if word != "LIVE 0000" else "LIVE 1111", "not the word")
    assert not desk.facts(), "no live book was opened"
    await desk.whole.ask(await ask_to_go_live(desk, 1))
    switched = await desk.whole.told("main is LIVE now")
    assert "paused" in switched.text


async def resume(desk: LiveDesk) -> None:
    asked = await desk.whole.ask("/resume main", "Resume trading?")
    assert "LIVE" in asked.text
    await press(desk, asked, "Yes", "running. Strategies may enter")


async def to(desk: LiveDesk, price: Decimal) -> None:
    await desk.whole.market.control("POST", "price", instrument="BTC/USDT", price=f"{price:.2f}")


async def ours(desk: LiveDesk) -> list[dict[str, Any]]:
    return [one for one in (await desk.venue())["orders"] if is_ours(one["clientOrderId"])]


async def test_paper_to_live_a_trade_a_stop_flat_and_back_to_paper(tmp_path: Path) -> None:
    async with live_desk(tmp_path, running=False) as desk:
        price = await desk.whole.market.price()
        low = price * Decimal("0.99")
        await to(desk, low)
        bot = await desk.whole.paired()
        await desk.whole.ready()
        await go_live(desk)
        await _paused_nothing_is_bought(desk, price)
        await resume(desk)
        await desk.until(bot, "a position", lambda state: any(one.stop for one in state.positions.values()))
        assert "main · LIVE" in (await desk.whole.told("Buy BTC/USDT: filled")).text
        await desk.settled(bot)
        await _the_stop_sells(desk, bot, price)
        await to(desk, price)
        await desk.until(bot, "another position", lambda state: bool(state.positions))
        await desk.settled(bot)
        await to(desk, low)
        await _flat_and_back(desk, bot)
        assert not any(isinstance(one, FillBooked) for one in read_facts(desk.whole.database, PAPER))
        assert await bot.terminate() == 0
        again = await desk.whole.run()
        await again.says("Telegram is reachable")
        await desk.whole.ready()
        before = len(await ours(desk))
        await to(desk, price)  # on paper again: paused by the way back, and no order ever leaves
        await asyncio.sleep(2.5)
        assert len(await ours(desk)) == before
        assert "PAPER" in (await desk.whole.ask("/connections", "Connections")).text
        assert "Traceback" not in bot.said() + again.said()


async def _paused_nothing_is_bought(desk: LiveDesk, price: Decimal) -> None:
    await to(desk, price)
    await asyncio.sleep(2.5)  # two closes, at which a running connection would have entered
    assert not await ours(desk), "a connection that goes live begins paused"


async def _the_stop_sells(desk: LiveDesk, bot: Bot, price: Decimal) -> None:
    await to(desk, price * Decimal("0.92"))
    await desk.until(bot, "no position", lambda state: not state.positions)
    assert "main · LIVE" in (await desk.whole.told("BTC/USDT closed:")).text
    await desk.settled(bot)


async def _flat_and_back(desk: LiveDesk, bot: Bot) -> None:
    """Back to paper at once pauses; it is on paper as soon as nothing is open."""
    screen = await desk.whole.ask("/live main", "LIVE")
    leaving = await press(desk, screen, "Back to paper", "It goes back to paper as soon as nothing is open")
    assert "Still open: positions 1" in leaving.text
    asked = await desk.whole.ask("/flatten", "Leave every position at market?")
    assert "LIVE" in asked.text
    await desk.whole.phone.press(asked, button(asked, "Yes"))
    await desk.until(bot, "no position", lambda state: not state.positions)
    await desk.settled(bot)

    async def on_paper() -> bool:
        return "PAPER" in (await desk.whole.ask("/connections", "Connections")).text

    await eventually(on_paper, "paper", pause=0.3)


@pytest.mark.parametrize("choice", ["Adopt", "Close", "Ignore"])
async def test_an_order_with_our_mark_that_is_in_no_book_is_told_and_decided_by_the_owner(
    tmp_path: Path, choice: str
) -> None:
    async with live_desk(tmp_path) as desk:
        price = await desk.whole.market.price()
        await to(desk, price * Decimal("0.99"))
        limit = f"{price * Decimal('0.9'):.2f}"
        await desk.whole.market.control(
            "POST", "order", instrument="BTC/USDT", side="BUY", type="LIMIT", quantity="0.01", price=limit,
            client_id=FOREIGN,
        )  # fmt: skip
        bot = await desk.whole.paired()
        told = await desk.whole.told("an order at the venue that is not in our books")
        assert "It is not touched" in told.text
        screen = await desk.whole.ask("/orders", "Not in our books · 1")
        one = await press(desk, screen, "decide", "Nothing is done to it until you decide")
        await desk.whole.phone.press(one, button(one, choice))
        if choice != "Ignore":
            asked = await desk.whole.told(
                "the order in BTC/USDT?" if choice == "Adopt" else "foreign order in BTC/USDT?"
            )
            await desk.whole.phone.press(asked, button(asked, "Yes"))
        await desk.until(
            bot, "a decision", lambda state: FOREIGN in state.foreign and not state.foreign[FOREIGN]
        )
        status = await _status_after(desk, bot, choice)
        assert status == {"Adopt": "NEW", "Close": "CANCELED", "Ignore": "NEW"}[choice]
        assert len([fact for fact in desk.facts() if isinstance(fact, ForeignResolved)]) == 1
        assert (FOREIGN in desk.state().orders) == (choice == "Adopt")


async def _status_after(desk: LiveDesk, bot: Bot, choice: str) -> str:
    if choice == "Close":
        await desk.until(bot, "its end", lambda state: FOREIGN not in state.orders)
    (order,) = [one for one in (await desk.venue())["orders"] if one["clientOrderId"] == FOREIGN]
    return str(order["status"])


async def test_a_deposit_shows_with_reconcile_and_is_no_profit(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        bot = await desk.whole.paired()
        await desk.whole.told("Buy BTC/USDT: filled")
        await desk.settled(bot)
        before = desk.state()
        free = Decimal((await desk.venue())["accounts"][ACCOUNT]["USDT"]["free"])
        await desk.whole.market.control("POST", "balance", coin="USDT", free=str(free + 2_500))
        await desk.whole.phone.send("/reconcile main")
        await desk.whole.phone.wait_for("both agree", PATIENCE)
        after = desk.state()
        (flow,) = [one for one in desk.facts() if isinstance(one, BalanceFlowed) and one.amount == 2_500]
        assert flow.value == 2_500
        assert after.day_equity - before.day_equity == 2_500
        profit = await desk.whole.ask("/profit", "Profit")
        assert "2,500" not in profit.text
