"""A falling market: warned, then no entries, then halted, for good until the owner lifts it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.whole_desk import whole_desk

FALLING = """strategy = "steps"
symbols = ["BTC/USDT", "ETH/USDT"]
timeframes = ["1s"]
parameters = { step = 8.0 }
size = { share = "45%" }
exits = { stop_loss = "50%", take_profit = "off" }"""
WIDE = 'limits = { position = "50%", instrument_exposure = "50%", total_exposure = "100%" }'


async def test_a_fall_warns_then_stops_entries_then_halts_and_the_halt_stays(tmp_path: Path) -> None:
    both = ("BTC/USDT", "ETH/USDT")
    async with whole_desk(tmp_path, instruments=both, preset=FALLING, connection=WIDE) as desk:
        bot = await desk.paired()
        await desk.ready()
        await desk.market.step(9)
        await desk.told("Buy BTC/USDT: filled")
        await desk.market.step(-6)
        warned = await desk.told("A warning: nothing is stopped yet")
        assert "Loss today" in warned.text
        assert not warned.silent
        await desk.market.step(-5)
        await desk.told("Nothing new is bought; exits go on")
        await desk.market.step(9, "ETH/USDT")
        await desk.until_fact("SignalDenied")
        await desk.market.step(-7)
        halted = await desk.told("Halted: Loss today")
        assert not halted.silent
        assert "not flat" in halted.text
        labels = [one.text for row in halted.buttons for one in row]
        assert any("Flatten" in label for label in labels)
        assert any("Lift" in label for label in labels)
        await bot.kill()
        await desk.run()
        started = await desk.told("has started", count=2)
        assert "Halted" in started.text, "the start says that the halt is still on"
        await desk.ready()
        await desk.market.step(9, "ETH/USDT")
        await asyncio.sleep(2.5)  # two closes: a desk that may enter would have
        kinds = await desk.kinds()
        assert kinds.count("SignalTaken") == 1
        assert kinds.count("HaltLatched") == 1
        await desk.ask("/resume", "Lift the halt")
        seen = await desk.ask("/risk", "Risk")
        assert "HALTED" in seen.text
        await desk.ask("/halt", "halted")
        assert (await desk.kinds()).count("HaltLatched") == 1
