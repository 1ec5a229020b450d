"""The process of a live desk: told to stop in the middle of an order, started twice, put to sleep and woken up."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from storage.lease import LASTS
from tests.support.live_desk import BOOK, LiveDesk, live_desk
from tests.support.live_truth import read_facts
from tests.support.whole_desk import PATIENCE, eventually


async def intended(desk: LiveDesk) -> bool:
    return desk.count("OrderIntended") > 0


async def test_p8_sigterm_in_the_middle_of_an_order_ends_in_time_and_the_next_start_finds_the_truth(
    tmp_path: Path,
) -> None:
    """The venue takes the order and never answers."""
    async with live_desk(tmp_path) as desk:
        await desk.whole.market.fault("place", "hang", point="after-accept")
        await desk.whole.market.fault("user *", "silence")
        bot = await desk.whole.run()
        await eventually(lambda: intended(desk), "an intent")
        began = time.monotonic()
        bot.process.send_signal(signal.SIGTERM)
        assert await bot.ended() == 0, bot.said()
        assert time.monotonic() - began < 8
        assert await desk.differences(), "the order's outcome was not known at the end"
        await desk.whole.market.come_back()
        bot = await desk.whole.run()
        await desk.settled(bot, starts=2)
        assert len(desk.state().positions) == 1


async def test_o20_once_told_to_stop_nothing_is_entered_any_more(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        price = await desk.whole.market.price()
        await desk.whole.market.step(-1)
        bot = await desk.whole.run()
        await desk.settled(bot)
        await desk.whole.market.fault("*", "hang")
        bot.process.send_signal(signal.SIGTERM)
        await desk.whole.market.control("POST", "price", instrument="BTC/USDT", price=str(price))
        assert await bot.ended(8) == 0
        assert not await intended(desk)


async def test_p9_a_second_process_refuses_and_the_first_trades_on(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        first = await desk.whole.run()
        await desk.settled(first)
        second = await desk.whole.run()
        assert await second.ended() == 1
        assert str(first.process.pid) in second.said()
        assert desk.count("Restarted") == 1, "the second wrote nothing"
        await desk.whole.market.step(-3)
        await eventually(lambda: closed(desk), "the exit by the first")
        await desk.settled(first)


async def closed(desk: LiveDesk) -> bool:
    return desk.count("PositionClosed") > 0


async def test_law_11_a_process_that_slept_while_another_took_over_can_neither_write_nor_trade(
    tmp_path: Path,
) -> None:
    """Stopped in a position until its lease is over; woken up, it still believes that the position is its own, and
    the price has crossed the level at which it would leave."""
    async with live_desk(tmp_path) as desk:
        first = await desk.whole.run()
        await eventually(lambda: protected(desk), "a protected position", PATIENCE)
        await put_to_sleep(first.process.pid, desk.whole.database)
        try:
            await asyncio.sleep(LASTS.total_seconds() + 1)
            second = await desk.whole.run()
            await desk.settled(second, starts=2)
            await desk.whole.market.step(-3)
            await eventually(lambda: closed(desk), "the exit by the second")
            await desk.settled(second, starts=2)
            before = read_facts(desk.whole.database, BOOK)
        finally:
            os.kill(first.process.pid, signal.SIGCONT)
        orders = len((await desk.venue())["orders"])
        assert await first.ended() == 1, first.said()
        assert "took over" in first.said()
        assert len((await desk.venue())["orders"]) == orders, "the sleeper sent an order"
        assert read_facts(desk.whole.database, BOOK)[: len(before)] == before
        assert not await desk.differences()
        assert second.process.returncode is None
        await desk.whole.market.step(4)
        await eventually(lambda: reopened(desk), "the second to enter again")
        await desk.settled(second, starts=2)


async def put_to_sleep(pid: int, database: Path) -> None:
    """Between two transactions: one stopped within holds SQLite's lock, and the second rightly says so and ends."""
    for _ in range(100):
        os.kill(pid, signal.SIGSTOP)
        try:
            with closing(sqlite3.connect(database, timeout=0.2)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.rollback()
            return
        except sqlite3.OperationalError:
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(0.1)
    raise AssertionError("the database was locked each time")


async def protected(desk: LiveDesk) -> bool:
    return desk.count("PositionOpened") > 0 and not await desk.differences()


async def reopened(desk: LiveDesk) -> bool:
    return desk.count("PositionOpened") > 1
