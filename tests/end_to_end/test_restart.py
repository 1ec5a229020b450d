"""The desk after its process ended, in good order and by force: everything is as it was, and a crash is told."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import fields
from pathlib import Path

from engine.core.facts import FillBooked
from sandbox.telegram.testing import Phone
from tests.support.stored import Stored
from tests.support.whole_desk import PATIENCE, WholeDesk, eventually, whole_desk

FORGOTTEN_ON_PURPOSE = {
    "reconciled_at",
    "last_signals",
    "equity",
    "equity_at",
    "day",
    "day_equity",
    "day_mark",
    "high_water",
    "troubles",
    "reachable_since",
}
"""What a start, or looking at equity and at the market meanwhile, may change though nothing was traded: a machine that
was busy at the wrong moment missed a candle of a second."""


def assert_as_before(before: Stored, after: Stored) -> None:
    assert after.facts[: len(before.facts)] == before.facts
    for each in fields(before.state):
        if each.name not in FORGOTTEN_ON_PURPOSE:
            assert getattr(after.state, each.name) == getattr(before.state, each.name), each.name
    assert after.dashboard == before.dashboard
    assert after.owner == before.owner


async def pinned_id(phone: Phone) -> int:
    pinned = await phone.pinned()
    assert pinned is not None
    return pinned.id


async def test_killed_with_a_position_open_everything_is_as_before_and_the_crash_is_told(
    tmp_path: Path,
) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.position()
        await desk.ask("/desk", "pinned above")
        pinned = await pinned_id(desk.phone)
        await desk.ask("/pause", "paused")
        await bot.kill()
        before = await desk.stored()
        assert not before.clean
        assert len(before.state.positions) == 1
        second = await desk.run()
        told = await desk.told("Restored: positions 1")
        assert "did not end in good order" in told.text
        assert not told.silent, "a crash is told aloud"
        assert "paused" in (await desk.ask("/connections", "Connections")).text
        assert "BTC/USDT" in (await desk.ask("/positions", "Open positions · 1")).text
        await _beats(desk, pinned)
        assert await pinned_id(desk.phone) == pinned
        await second.kill()
        assert_as_before(before, await desk.stored())


async def _beats(desk: WholeDesk, message: int) -> None:
    """The pinned desk is edited on by the new process."""
    shown = next(one for one in await desk.phone.messages() if one.id == message)

    async def look() -> bool:
        now = next(one for one in await desk.phone.messages() if one.id == message)
        return now.text != shown.text

    await eventually(look, "the pinned desk to be redrawn")


async def test_a_position_is_still_protected_after_a_kill(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.position()
        await bot.kill()
        await desk.market.step(-6)
        await desk.run()
        closed = await desk.told("BTC/USDT closed:")
        assert "stop loss" in closed.text
        assert "paused" not in (await desk.ask("/connections", "Connections")).text


async def test_a_clean_end_is_quick_and_the_next_start_says_so(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.position()
        for number in (signal.SIGTERM, signal.SIGINT):
            bot.process.send_signal(number)
            assert await bot.ended(timeout=8) == 0
            assert "Traceback" not in bot.said()
            before = await desk.stored()
            assert before.clean
            bot = await desk.run()
            await desk.told("Restored: positions 1", count=1 if number == signal.SIGTERM else 2)
        assert not any("did not end in good order" in text for text in await desk.texts())
        await bot.terminate()
        assert_as_before(before, await desk.stored())


async def test_it_ends_in_time_while_the_venue_hangs(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.position()
        await desk.market.fault("GET *", "hang")
        await desk.market.fault("stream *", "silence")
        desk.telegram.fault("hang")
        await asyncio.sleep(1.5)  # a cycle's request is under way
        bot.process.send_signal(signal.SIGTERM)
        assert await bot.ended(timeout=8) == 0
        await desk.market.come_back()
        desk.telegram.clear_faults()


async def test_killed_again_and_again_nothing_is_bought_twice(tmp_path: Path) -> None:
    """Killed at a moment of chance around a trade, several times over: the ledger agrees with itself each time."""
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.ready()
        for number in range(3):
            await desk.market.step(1)
            await asyncio.sleep(0.4 * number)
            await bot.kill()
            stored = await desk.stored()
            assert len(stored.state.positions) <= 1 + number
            bought = [one for one in stored.facts if isinstance(one, FillBooked)]
            assert len({one.fill.id for one in bought}) == len(bought)
            bot = await desk.run()
            await desk.ready()


async def test_a_command_that_was_not_acknowledged_comes_again_and_acts_once(tmp_path: Path) -> None:
    """Killed right after a command was obeyed: Telegram hands it out again, and the trader knows it."""
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        desk.telegram.fault("hang", methods=["sendMessage"])
        await desk.phone.send("/pause")
        await desk.until_fact("CommandDone")
        await bot.kill()
        desk.telegram.clear_faults()
        await desk.run()
        await desk.told("paused")
        await desk.ask("/version", "Pocketdesk")
        assert (await desk.kinds()).count("CommandDone") == 1
        assert (await desk.kinds()).count("StateChanged") == 2  # by the config at first, by the owner then


async def test_a_second_process_refuses_and_the_first_goes_on(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        first = await desk.paired()
        second = await desk.run()
        assert await second.ended() == 1
        assert str(first.process.pid) in second.said()
        assert "Traceback" not in second.said()
        await desk.position()
        assert first.process.returncode is None


async def test_stopped_like_a_laptop_that_sleeps_it_goes_on_when_woken(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.position()
        os.kill(bot.process.pid, signal.SIGSTOP)
        await desk.market.step(-6)
        await asyncio.sleep(2)
        os.kill(bot.process.pid, signal.SIGCONT)
        await desk.told("BTC/USDT closed:")
        await desk.phone.send("/version")
        await desk.phone.wait_for("Pocketdesk", PATIENCE)
