"""Orders in the chat: what is known of each, cancels, and the owner's choice about what is foreign."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.clock import ManualClock
from engine.core.effects import Query, Submit
from engine.core.inputs import CancelOrder, Command, MoveStop, ResolveForeign
from engine.core.model import Side
from engine.core.orders import Purpose
from tests.fakes.conversation import Talk, label, talking
from tests.support.builders import BTC, quantity
from tests.support.network import Fault


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as it:
        yield it


def sent(talk: Talk, kind: type[Command]) -> int:
    return sum(isinstance(one, kind) for one in talk.desk.sent)


async def part_filled(talk: Talk) -> None:
    """An entry of 10 BTC, of which 0.3 were bought."""
    desk = talk.desk["main"]
    desk.price(BTC, "100", "0.3")
    desk.signal(BTC)
    await talk.desk.keep()


async def uncertain(talk: Talk) -> None:
    """An entry left and no answer came; neither does one to the questions about it."""
    desk = talk.desk["main"]
    desk.price(BTC, "100")
    desk.network.plan(Submit, Fault.LOST_AFTER)
    desk.network.plan(Query, *[Fault.LOST_BEFORE] * 9)
    desk.network.copies = 0
    desk.signal(BTC)
    desk.advance(4)
    await talk.desk.keep()


# ── cancels ───────────────────────────────────────────────────────────────────────────────


async def test_a_part_filled_entry_is_shown_and_cancelled_with_one_tap(talk: Talk) -> None:
    await part_filled(talk)
    shown = await talk.ask("/orders", "part filled: 0.3 of 10")
    done = await talk.tap(shown, "Cancel buy", "cancelled; filled 0.3 of 10 BTC")
    assert "📝 PAPER" in done.text
    assert sent(talk, CancelOrder) == 1
    assert not talk.desk["main"].orders(Purpose.ENTRY)
    await talk.tap_old(shown, "Cancel buy", "not under way any more")
    assert sent(talk, CancelOrder) == 1


async def test_a_stop_is_not_cancelled_and_the_other_ways_are_offered(talk: Talk) -> None:
    await talk.desk.open_position()
    shown = await talk.ask("/orders", "stop")
    told = await talk.tap(shown, "Stop BTC/USDT", "protects a position")
    assert label(told, "Move the stop")
    await talk.tap(told, "Close", "Held afterwards")
    assert not talk.desk.sent


async def test_an_order_that_has_ended_meanwhile_is_told(talk: Talk) -> None:
    await part_filled(talk)
    shown = await talk.ask("/orders", "part filled")
    talk.desk["main"].price(BTC, "100", "50")
    await talk.tap(shown, "Cancel buy", "not under way any more")


# ── unknown outcomes ──────────────────────────────────────────────────────────────────────


async def test_an_unknown_outcome_is_told_with_since_when_and_how_often(talk: Talk) -> None:
    await uncertain(talk)
    attempts = talk.desk["main"].order(Purpose.ENTRY).attempts
    assert attempts > 1
    shown = await talk.ask("/orders", "outcome unknown, asking since")
    assert f"({attempts} times)" in shown.text
    assert "nothing new is bought in BTC/USDT" in shown.text
    assert not [one for row in shown.buttons for one in row if "Cancel" in one.text]
    await talk.ask("/start", "outcome of an order unknown")
    await talk.ask("/buy BTC 100", "unknown outcome")


async def test_a_placed_order_that_never_fills_has_a_sequel(talk: Talk) -> None:
    desk = talk.desk["main"]
    desk.clock = ManualClock(desk.now - timedelta(minutes=1))
    desk.price(BTC, "100", "0")
    desk.signal(BTC)
    desk.advance(25)
    await talk.desk.keep()
    talk.conversation.wake()
    await talk.phone.wait_for("nothing of it was filled")


# ── what is foreign ───────────────────────────────────────────────────────────────────────


async def test_the_notice_carries_the_three_ways_and_adopting_is_confirmed(talk: Talk) -> None:
    talk.desk["main"].price(BTC, "100")
    foreign = await talk.desk.leave_foreign()
    talk.conversation.wake()
    told = await talk.phone.wait_for("not in our books, buy")
    assert label(told, "Ignore")
    asked = await talk.tap(told, "Adopt", "Adopt the order in BTC/USDT?")
    assert "at most 0.5 BTC" in asked.text
    assert not talk.desk.sent
    data = asked.buttons[0][0].data
    await asyncio.gather(*(talk.phone.press(asked, data=data) for _ in range(3)))
    await talk.phone.wait_for("is in our books now")
    assert sent(talk, ResolveForeign) == 1
    assert foreign in talk.desk["main"].state.orders


async def test_closing_one_is_confirmed_and_followed(talk: Talk) -> None:
    talk.desk["main"].price(BTC, "100")
    foreign = await talk.desk.leave_foreign()
    listed = await talk.ask("/orders", "Not in our books · 1")
    one = await talk.tap(listed, "decide", "has the mark of this desk")
    asked = await talk.tap(one, "Close", "Cancel the foreign order")
    await talk.tap(asked, "Yes, cancel it", "the cancel for BTC/USDT is under way")
    assert foreign not in talk.desk["main"].state.orders
    assert not talk.desk["main"].venue.open_orders(BTC, talk.desk["main"].now)


async def test_a_foreign_sell_is_not_adopted_and_its_cancel_is_told_truthfully(talk: Talk) -> None:
    desk = talk.desk["main"]
    await talk.desk.open_position()
    desk.command(MoveStop, desk.position.id, desk.position.stop)
    for order in list(desk.orders(Purpose.STOP)):
        desk.venue.cancel(order.client_order_id, desk.now)
    await talk.desk.leave_foreign(side=Side.SELL, price="150")
    one = await talk.tap(await talk.ask("/orders", "Not in our books"), "decide", "has the mark")
    assert not [button for row in one.buttons for button in row if "Adopt" in button.text]
    asked = await talk.tap(one, "Close", "Cancel the foreign order")
    await talk.tap(asked, "Yes, cancel it", "You are told when it is gone")
    assert not desk.state.closing


async def test_ignoring_one_leaves_it_alone(talk: Talk) -> None:
    talk.desk["main"].price(BTC, "100")
    foreign = await talk.desk.leave_foreign()
    one = await talk.tap(await talk.ask("/orders", "Not in our books"), "decide", "has the mark")
    await talk.tap(one, "Ignore", "left alone")
    assert talk.desk["main"].state.foreign[foreign] is None
    assert talk.desk["main"].venue.open_orders(BTC, talk.desk["main"].now)
    await talk.tap_old(one, "Ignore", "decided about already")
    assert sent(talk, ResolveForeign) == 1


async def test_one_that_filled_more_since_the_question_is_asked_for_anew(talk: Talk) -> None:
    desk = talk.desk["main"]
    desk.price(BTC, "100")
    foreign = await talk.desk.leave_foreign()
    one = await talk.tap(await talk.ask("/orders", "Not in our books"), "decide", "has the mark")
    asked = await talk.tap(one, "Adopt", "Adopt the order")
    report = desk.state.foreign[foreign]
    assert report is not None
    desk.state.foreign[foreign] = replace(report, filled=quantity("0.1"))
    await talk.tap(asked, "Yes, adopt", "changed since you looked")
    assert not talk.desk.sent
