"""What the owner asked for outlives the process: back to paper, a foreign order closed; and what the config lost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.modes import StoredModes
from engine.clock import SystemClock
from engine.core.facts import ForeignResolved, PresetGone
from engine.core.ids import ClientOrderId, ConnectionId
from engine.core.model import Mode, State
from sandbox.telegram.testing import SeenMessage
from storage.store import Store
from tests.support.live_desk import LiveDesk, live_desk
from tests.support.whole_desk import Bot, button, eventually

FOREIGN = ClientOrderId("pd" + "f" * 16)


async def press(desk: LiveDesk, message: SeenMessage, text: str, wanted: str) -> SeenMessage:
    await desk.whole.phone.press(message, button(message, text))
    return await desk.whole.told(wanted)


async def holding(desk: LiveDesk) -> Bot:
    """A process with one live position and its stop; no strategy wants anything any more."""
    price = await desk.whole.market.price()
    bot = await desk.whole.paired()
    await desk.until(bot, "a position", lambda state: any(one.stop for one in state.positions.values()))
    await desk.settled(bot)
    await desk.whole.market.control(
        "POST", "price", instrument="BTC/USDT", price=f"{price * Decimal('0.99'):.2f}"
    )
    return bot


async def foreign_order(desk: LiveDesk) -> dict[str, Any]:
    (found,) = [one for one in (await desk.venue())["orders"] if one["clientOrderId"] == FOREIGN]
    return dict(found)


async def test_law_8_back_to_paper_is_carried_out_by_the_process_that_follows_a_crash(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        price = await desk.whole.market.price()
        bot = await desk.whole.paired()
        await desk.until(bot, "a position", lambda state: any(one.stop for one in state.positions.values()))
        await desk.settled(bot)
        await desk.whole.market.control(  # so that no strategy wants anything
            "POST", "price", instrument="BTC/USDT", price=f"{price * Decimal('0.99'):.2f}"
        )
        # Not the pinned desk, which says LIVE as well.
        screen = await desk.whole.ask("/live main", lambda one: "Back to paper" in str(one.buttons))
        await press(desk, screen, "Back to paper", "It goes back to paper as soon as nothing is open")
        await bot.kill()
        bot = await desk.whole.run()
        await desk.settled(bot, starts=2)
        left = await desk.whole.ask("/live main", "It goes back to paper as soon as nothing is open")
        assert "Still open: positions 1" in left.text
        asked = await desk.whole.ask("/flatten", "Leave every position at market?")
        await desk.whole.phone.press(asked, button(asked, "Yes"))

        async def on_paper() -> bool:
            return "PAPER" in (await desk.whole.ask("/connections", "Connections")).text

        await eventually(on_paper, "paper", pause=0.3)
        assert not desk.state().positions
        await desk.whole.told("main is in paper mode now")


async def test_law_2_a_foreign_sale_whose_cancel_died_with_the_process_is_cancelled_by_the_next(
    tmp_path: Path,
) -> None:
    async with live_desk(tmp_path) as desk:
        price = await desk.whole.market.price()
        await desk.whole.market.control(
            "POST", "order", instrument="BTC/USDT", side="SELL", type="LIMIT", quantity="0.01",
            price=f"{price * 2:.2f}", client_id=FOREIGN,
        )  # fmt: skip
        bot = await desk.whole.paired()
        await desk.whole.told("an order at the venue that is not in our books")
        await desk.whole.market.fault("cancel", "hang", point="before-accept")
        screen = await desk.whole.ask("/orders", "Not in our books · 1")
        one = await press(desk, screen, "decide", "Nothing is done to it until you decide")
        asked = await press(desk, one, "Close", "foreign order in BTC/USDT?")
        await press(desk, asked, "Yes", "You are told when it is gone")
        await eventually(lambda: _decided(desk), "the choice on disk")
        await bot.kill()
        assert (await foreign_order(desk))["status"] == "NEW"
        await desk.whole.market.come_back()
        await desk.whole.run()
        await desk.whole.told(f"{FOREIGN} is gone: cancelled")
        assert (await foreign_order(desk))["status"] == "CANCELED"
        assert len([fact for fact in desk.facts() if isinstance(fact, ForeignResolved)]) == 1
        assert "Not in our books" not in (await desk.whole.ask("/orders", "Orders ·")).text


async def _decided(desk: LiveDesk) -> bool:
    return FOREIGN in desk.state().closing


async def test_law_5_a_position_whose_preset_left_the_config_is_told_and_keeps_its_stop(
    tmp_path: Path,
) -> None:
    async with live_desk(tmp_path) as desk:
        price = await desk.whole.market.price()
        bot = await desk.whole.paired()
        await desk.until(bot, "a position", lambda state: any(one.stop for one in state.positions.values()))
        await desk.settled(bot)
        assert await bot.terminate() == 0
        await desk.whole.market.control(  # so that the other preset does not enter what the first one left
            "POST", "price", instrument="BTC/USDT", price=f"{price * Decimal('0.99'):.2f}"
        )
        text = desk.whole.config.read_text(encoding="utf-8").replace("presets.steps", "presets.other")
        desk.whole.config.write_text(text.replace('"steps"', '"other"'), encoding="utf-8")
        bot = await desk.whole.run()
        told = await desk.whole.told("no longer has the preset steps for this position")
        await desk.settled(bot, starts=2)
        assert len([fact for fact in desk.facts() if isinstance(fact, PresetGone)]) == 1
        assert any(order.stop_price is not None for order in desk.state().orders.values())
        asked = await press(desk, told, "Close", "Close BTC/USDT?")
        await desk.whole.phone.press(asked, button(asked, "Yes"))
        await desk.until(bot, "no position", lambda state: not state.positions)


async def test_law_5_a_connection_that_left_the_config_is_told_and_goes_on_once_it_is_back(
    tmp_path: Path,
) -> None:
    async with live_desk(tmp_path) as desk:
        bot = await holding(desk)
        assert await bot.terminate() == 0
        orders, facts = (await desk.venue())["orders"], desk.facts()
        text = desk.whole.config.read_text(encoding="utf-8")
        without = text.replace("[connections.main", "[connections.other")
        desk.whole.config.write_text(without, encoding="utf-8")
        bot = await desk.whole.run()
        told = await desk.whole.told("main is gone from the config")
        (stop,) = desk.state().orders
        assert stop in told.text
        await desk.whole.told("other · PAPER")
        assert await bot.terminate() == 0
        bot = await desk.whole.run()
        await bot.says("Telegram is reachable")
        assert await bot.terminate() == 0
        found = [one for one in await desk.whole.texts() if "main is gone from the config" in one]
        assert len(found) == 1
        assert (await desk.venue())["orders"] == orders
        assert desk.facts() == facts
        desk.whole.config.write_text(text, encoding="utf-8")
        bot = await desk.whole.run()
        await desk.settled(bot, starts=2)
        assert len(desk.state().positions) == 1


async def test_law_3_a_connection_moved_to_another_venue_stays_behind_alone_and_goes_on_once_it_is_back(
    tmp_path: Path,
) -> None:
    async with live_desk(tmp_path) as desk:
        bot = await holding(desk)
        assert await bot.terminate() == 0
        orders, facts = (await desk.venue())["orders"], desk.facts()
        text = desk.whole.config.read_text(encoding="utf-8")
        lines = text.split("[connections.main]")[1].split("[presets")[0]
        beside = f"[connections.spare]{lines}".replace("live = true\n", "")
        moved = text.replace('venue = "binance"', 'venue = "kraken"', 1) + beside
        desk.whole.config.write_text(moved, encoding="utf-8")
        bot = await desk.whole.run()
        told = await desk.whole.told("main was not started: the config says kraken")
        (stop,) = desk.state().orders
        assert stop in told.text
        started = await desk.whole.told("spare · PAPER")
        assert "has started" in started.text
        refused = await desk.whole.ask("/pause main", "Write binance again")
        assert "main" in refused.text
        await desk.whole.ask("/pause spare", "paused")
        assert await bot.terminate() == 0
        assert (await desk.venue())["orders"] == orders
        assert desk.facts() == facts
        desk.whole.config.write_text(text, encoding="utf-8")
        bot = await desk.whole.run()
        await desk.settled(bot, starts=2)
        assert len(desk.state().positions) == 1


async def test_law_5_a_live_position_is_led_though_paper_is_stored_until_it_is_closed(tmp_path: Path) -> None:
    async with live_desk(tmp_path) as desk:
        bot = await holding(desk)
        await bot.kill()
        store = await Store.open(f"sqlite:///{desk.whole.database}", SystemClock())
        await StoredModes(store.settings).keep_mode(ConnectionId("main"), Mode.PAPER)
        await store.close()
        bot = await desk.whole.run()
        told = await desk.whole.told("main was to be on paper, but its live book is not empty")
        await desk.settled(bot, starts=2)
        assert len(desk.state().positions) == 1
        assert desk.state().state is State.PAUSED
        asked = await press(desk, told, "Flatten", "Leave every position at market?")
        await desk.whole.phone.press(asked, button(asked, "Yes"))
        await desk.whole.told("main is in paper mode now")
        assert not desk.state().positions
        sides = [one["side"] for one in (await desk.venue())["orders"] if one["status"] == "FILLED"]
        assert sides == ["BUY", "SELL"], "nothing else was traded"
