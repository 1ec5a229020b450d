"""Several connections at once, each on its own venue: what happens to one does not touch the other (law 16)."""

from __future__ import annotations

from pathlib import Path

from tests.support.whole_desk import PATIENCE, button, whole_desk


async def test_one_venue_is_down_and_the_other_trades(tmp_path: Path) -> None:
    async with whole_desk(tmp_path, venues=("main", "spare")) as desk:
        main, spare = desk.markets.values()
        await desk.paired()
        await desk.ready()
        await main.go_away()
        trouble = await desk.told("The venue can't be reached")
        assert "main · PAPER" in trouble.text
        await spare.step(1)
        assert "spare · PAPER" in (await desk.told("Buy BTC/USDT: filled")).text
        await main.come_back()
        assert "main · PAPER" in (await desk.told("Over: The venue can't be reached")).text
        await main.step(1)
        assert "main · PAPER" in (await desk.told("Buy BTC/USDT: filled", count=2)).text
        assert "Open positions · 2" in (await desk.ask("/positions", "Open positions")).text


async def test_each_is_steered_alone_and_all_by_one_tap(tmp_path: Path) -> None:
    async with whole_desk(tmp_path, venues=("main", "spare")) as desk:
        bot = await desk.paired()
        await desk.ready()
        for market in desk.markets.values():
            await market.step(1)
        await desk.told("Buy BTC/USDT: filled", count=2)
        await desk.ask("/halt spare", "halted")
        seen = await desk.ask("/connections", "Connections")
        assert seen.text.count("HALTED") == 1
        assert seen.text.count("running") == 1
        which = await desk.ask("/flatten", "Which connection?")
        await desk.phone.press(which, button(which, "All of them"))
        asked = await desk.phone.wait_for("Leave every position", PATIENCE)
        await desk.phone.press(asked, button(asked, "Yes"))
        await desk.phone.wait_for(lambda one: one.text.count("closed") >= 2 and one.id == asked.id, PATIENCE)
        await desk.ask("/pause", "paused")
        await bot.terminate()
        main, spare = await desk.stored("main"), await desk.stored("spare")
        assert not main.state.positions
        assert not spare.state.positions
        assert not main.state.is_halted
        assert spare.state.is_halted


async def test_two_positions_of_one_name_are_asked_for_by_button(tmp_path: Path) -> None:
    async with whole_desk(tmp_path, venues=("main", "spare")) as desk:
        await desk.paired()
        await desk.ready()
        for market in desk.markets.values():
            await market.step(1)
        await desk.told("Buy BTC/USDT: filled", count=2)
        which = await desk.ask("/close", "Which position?")
        await desk.phone.press(which, button(which, "spare"))
        asked = await desk.phone.wait_for("Close BTC/USDT?", PATIENCE)
        assert "spare" in asked.text
        await desk.phone.press(asked, button(asked, "Yes"))
        closed = await desk.told("🏁")
        assert "spare · PAPER" in closed.text
        assert "Open positions · 1" in (await desk.ask("/positions", "Open positions")).text
