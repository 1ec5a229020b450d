"""Real orders at the sandbox venue, as the owner sees them; and what he does past the desk, on the venue's own page."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from engine.core.facts import (
    BalanceFlowed,
    Doubt,
    FillBooked,
    OrderEnded,
    OrderIntended,
    PositionClosed,
    PositionReduced,
    StopRefused,
)
from engine.core.model import Side
from tests.support.live_desk import ACCOUNT, LiveDesk, live_desk, open_running_book
from tests.support.live_truth import Owner
from tests.support.whole_desk import Bot, button, eventually


async def in_a_position(desk: LiveDesk) -> Bot:
    """Paired, entered for real and protected."""
    bot = await desk.whole.paired()
    await desk.whole.told("Buy BTC/USDT: filled")
    await desk.settled(bot)
    return bot


async def our_stop(desk: LiveDesk) -> str:
    """The client id of the only stop that works."""
    (order,) = desk.state().orders.values()
    return order.client_order_id


async def test_a_live_trade_from_entry_to_close_and_every_word_says_live(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        bot = await in_a_position(desk)
        await desk.whole.market.step(-1)  # below the level: nothing is to be entered again
        await asyncio.sleep(1.5)
        asked = await desk.whole.ask("/close BTC", "Close BTC/USDT?")
        assert "LIVE" in asked.text
        assert "PAPER" not in asked.text
        await desk.whole.phone.press(asked, button(asked, "Yes"))
        closed = await desk.whole.told("BTC/USDT closed:")
        assert "main · LIVE" in closed.text
        await desk.settled(bot)
        told = "\n".join(await desk.whole.texts())
        assert "PAPER" not in told
        trade = [one for one in await desk.whole.texts() if one.startswith(("📤", "◐", "✅ Buy", "🏁"))]
        assert [one.partition("\n")[0][:5] for one in trade] == ["✅ Buy", "🏁 BTC"], "one in, one out"
        assert "rests at the venue" in trade[0]


async def test_what_is_told_of_a_fill_is_what_the_venue_charged(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        await in_a_position(desk)
        trades = [one for one in (await desk.venue())["trades"] if one["clientOrderId"].startswith("pd")]
        booked = [one.fill for one in desk.facts() if isinstance(one, FillBooked)]
        assert {(str(one.quantity), str(one.price)) for one in booked} == {
            (one["qty"], one["price"]) for one in trades
        }
        assert sum(fee.amount for one in booked for fee in one.fees) == sum(
            Decimal(one["commission"]) for one in trades
        )


async def test_a13_coins_that_he_put_to_work_are_told_of_and_the_position_stays(tmp_path: Path) -> None:
    """Case coins-in-rewards-account, on a venue where they are in another account: they looked sold."""
    async with live_desk(tmp_path) as desk:
        bot = await in_a_position(desk)
        (position,) = desk.state().positions.values()
        for own in desk.owner.orders:
            await desk.whole.market.control("POST", "cancel", client_id=own)
        await desk.whole.market.fault("place", "status", code=-2010, times=1)  # while he is at it
        await desk.whole.market.control("POST", "cancel", client_id=await our_stop(desk))
        free = (await desk.whole.market.control("GET", "state"))["accounts"][ACCOUNT]["BTC"]["free"]
        await desk.whole.market.control("POST", "move", coin="BTC", amount=free, to="earn")
        await desk.whole.ask("/reconcile")
        await desk.until(
            bot,
            "where they are",
            lambda state: any(one.doubt is Doubt.ELSEWHERE for one in state.shortfalls.values()),
        )
        await desk.whole.told("It is in another account of yours at the venue")
        await desk.whole.market.control("POST", "move", coin="BTC", amount=f"-{free}", to="earn")
        await desk.until(bot, "all is back", lambda state: not state.shortfalls)
        assert desk.state().positions[position.id].quantity == position.quantity
        assert desk.count("PositionReduced") == 0
        assert desk.count("BalanceFlowed") == 1, "the money that was there at first"


async def test_a17_a_fee_in_a_third_coin_is_priced_when_it_is_seen(tmp_path: Path) -> None:
    """ "fee-in-third-coin": only BTC/USDT is configured, and the venue takes its fees in BNB."""
    async with live_desk(tmp_path, running=False, instruments=("BTC/USDT", "BNB/USDT")) as desk:
        await desk.whole.market.control("POST", "balance", coin="BNB", free="10")
        await desk.whole.market.control("POST", "fees", coin="BNB")
        await open_running_book(desk.whole.database)
        bot = await in_a_position(desk)
        await desk.until(bot, "all fees priced", lambda state: not state.unpriced)
        (position,) = desk.state().positions.values()
        assert {fee.coin for one in desk.facts() if isinstance(one, FillBooked) for fee in one.fill.fees} == {
            "BNB"
        }
        assert position.fees / position.entry_value == pytest.approx(Decimal("0.001"), rel=Decimal("0.02"))
        assert await desk.differences() == []


async def test_s1_the_stop_that_rests_at_the_venue_sells_and_says_so(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        bot = await in_a_position(desk)
        stop = await our_stop(desk)
        await desk.whole.market.fault("candles", "status")  # so that no strategy leaves: only the stop can
        await desk.whole.market.step(-8)
        await desk.until(bot, "no position", lambda state: not state.positions)
        (closed,) = [one for one in desk.facts() if isinstance(one, PositionClosed)]
        assert closed.reason == "trailing stop"
        await desk.settled(bot)
        sold = [
            one.fill for one in desk.facts() if isinstance(one, FillBooked) and one.fill.side is Side.SELL
        ]
        assert {one.client_order_id for one in sold} == {stop}, "sold once, by the stop"


async def test_s4_a_stop_that_was_cancelled_from_outside_is_put_back_and_told(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        bot = await in_a_position(desk)
        before = await our_stop(desk)
        await desk.whole.market.control("POST", "cancel", client_id=before)
        told = await desk.whole.told("stop", count=1)
        assert told is not None

        async def put_back() -> bool:
            return desk.count("StopRefused") > 0 and not await desk.differences()

        await eventually(put_back, "another stop")
        assert await our_stop(desk) != before
        refused = next(one for one in desk.facts() if isinstance(one, StopRefused))
        assert "not by us" in refused.reason
        loud = await desk.whole.told("not by us")
        assert not loud.silent
        await desk.settled(bot)


async def test_a1_what_the_owner_sells_by_hand_is_noticed_and_taken_over(tmp_path: Path) -> None:
    """He takes his order back, cancels our stop and sells all there is: what was his and what was ours."""
    async with live_desk(tmp_path) as desk:
        bot = await in_a_position(desk)
        market = desk.whole.market
        for name in (*desk.owner.orders, await our_stop(desk)):
            await market.control("POST", "cancel", client_id=name)
        price, account = await market.price(), (await desk.venue())["accounts"][ACCOUNT]
        earned = Decimal(account["USDT"]["free"]) + Decimal(account["BTC"]["free"]) * price
        await market.control("POST", "balance", coin="BTC", free="0")
        await market.control("POST", "balance", coin="USDT", free=f"{earned:.2f}")
        await market.step(-1)  # nothing is to be entered again
        await desk.until(bot, "no position", lambda state: not state.positions, 60)
        assert any(isinstance(one, PositionReduced) for one in desk.facts())
        sold = [one for one in desk.facts() if isinstance(one, FillBooked) and one.fill.side is Side.SELL]
        assert not sold, "nothing was sold by us"
        await desk.whole.told("gone from the account without an order of ours")


async def test_a2_a_deposit_and_a_withdrawal_are_no_profit_and_no_loss(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        bot = await in_a_position(desk)
        before = desk.state()
        for change in (Decimal(2_500), Decimal(-4_000)):
            await bot.terminate()
            coin = (await desk.venue())["accounts"][ACCOUNT]["USDT"]
            await desk.whole.market.control(
                "POST", "balance", coin="USDT", free=str(Decimal(coin["free"]) + change)
            )
            starts = desk.count("Restarted") + 1
            bot = await desk.whole.run()
            await desk.settled(bot, starts)
            (flow,) = [
                one for one in desk.facts()[-40:] if isinstance(one, BalanceFlowed) and one.amount == change
            ]
            after = desk.state()
            assert flow.value == change
            assert after.day_equity - before.day_equity == change
            assert not after.steps, "no limit took it for a loss"
            before = after


async def test_law_4_the_owners_own_orders_and_coins_are_never_touched_by_flatten(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        bot = await in_a_position(desk)
        market = desk.whole.market
        price = await market.price()
        bid = await market.control(
            "POST", "order", instrument="BTC/USDT", side="BUY", type="LIMIT", quantity="0.01",
            price=f"{price / 2:.2f}",
        )  # fmt: skip
        desk.owner = Owner(
            ACCOUNT, desk.owner.base, {**desk.owner.orders, bid["clientOrderId"]: bid["origQty"]}
        )
        asked = await desk.whole.ask("/flatten", "Leave every position at market?")
        assert "LIVE" in asked.text
        await desk.whole.phone.press(asked, button(asked, "Yes"))
        await desk.until(bot, "no position", lambda state: not state.positions)
        await desk.settled(bot)
        assert not [
            one
            for one in (await desk.venue())["orders"]
            if one["status"] == "NEW" and "pd" in one["clientOrderId"][:2]
        ]


async def test_o15_an_order_that_the_venue_refuses_is_told_with_its_reason(tmp_path: Path) -> None:
    """The account ran out between our look at it and the order: a certain no, in words, and no position."""
    async with live_desk(tmp_path) as desk:
        await desk.whole.market.fault(
            "place", "status", code=-2010, text="Account has insufficient balance.", times=1
        )
        bot = await desk.whole.paired()
        told = await desk.whole.told("insufficient balance")
        assert "main · LIVE" in told.text
        await desk.settled(bot)
        ended = [one for one in desk.facts() if isinstance(one, OrderEnded)]
        first = next(one for one in desk.facts() if isinstance(one, OrderIntended))
        assert ended[0].client_order_id == first.order.client_order_id
        assert ended[0].status.value == "rejected"
        await asyncio.sleep(0)
