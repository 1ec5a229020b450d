"""What changes something: safer at once, riskier after one confirmation that works once; results told per position."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from sandbox.telegram.testing import OWNER, SeenMessage
from tests.support.whole_desk import PATIENCE, WholeDesk, button, eventually, whole_desk

BOTH = """strategy = "steps"
symbols = ["BTC/USDT", "ETH/USDT"]
timeframes = ["1s"]
size = { share = "10%" }
exits = { stop_loss = "5%", take_profit = "off" }"""


async def press(desk: WholeDesk, message: SeenMessage, text: str, wanted: str) -> SeenMessage:
    """Tap the button with `text` and wait for what answers it."""
    await desk.phone.press(message, button(message, text))
    return await desk.phone.wait_for(wanted, PATIENCE)


async def test_paused_nothing_is_bought_until_resumed_by_a_confirmation(tmp_path: Path) -> None:
    """A second connection on the same venue goes on: what it buys, the paused one would have bought as well."""
    async with whole_desk(tmp_path, venues=("main", "twin")) as desk:
        desk.markets["twin"].url = desk.market.url
        desk.write_config()
        await desk.paired()
        await desk.ready()
        for _ in range(2):  # safer is idempotent, never a toggle
            assert "main" in (await desk.ask("/pause main", "paused")).text
        await desk.market.step(1)
        assert "twin · PAPER" in (await desk.told("Buy BTC/USDT: filled")).text
        assert (await desk.kinds()).count("SignalTaken") == 1
        asked = await desk.ask("/resume main", "Resume trading?")
        assert "paused" in (await desk.ask("/connections", "Connections")).text
        await press(desk, asked, "Yes", "running. Strategies may enter")
        await desk.market.step(1)
        await desk.told("Buy BTC/USDT: filled", count=2)
        assert (await desk.kinds()).count("SignalTaken") >= 2


async def test_a_halt_latches_over_a_restart_and_only_the_typed_word_lifts_it(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.position()
        halted = await desk.ask("/halt", "halted")
        assert "not flat" in halted.text
        await bot.kill()
        await desk.run()
        await desk.told("has started", count=2)
        assert "HALTED" in (await desk.ask("/connections", "Connections")).text
        asked = await desk.ask("/resume", "Lift the halt")
        word = re.search(r"LIFT \d{4}", asked.text)
        assert word is not None
        await desk.ask("LIFT 0000" if word[0] != "LIFT 0000" else "LIFT 1111", "not the word")
        assert "HaltLifted" not in await desk.kinds()
        await desk.ask(word[0], "Nobody waits for that word")  # a wrong try ends the offer
        assert "HaltLifted" not in await desk.kinds()
        asked = await desk.ask("/resume", "Lift the halt")
        word = re.search(r"LIFT \d{4}", asked.text)
        assert word is not None
        lifted = await desk.ask(word[0].lower(), "the halt is lifted")
        assert "paused" in lifted.text
        seen = await desk.ask("/connections", "Connections")
        assert "paused" in seen.text
        assert "Open · 1" in seen.text or "BTC" in (await desk.ask("/positions", "Open positions · 1")).text


async def test_flatten_tells_the_result_of_each_position(tmp_path: Path) -> None:
    async with whole_desk(tmp_path, instruments=("BTC/USDT", "ETH/USDT"), preset=BOTH) as desk:
        await desk.paired()
        await desk.position()
        await desk.market.step(1, "ETH/USDT")
        await desk.told("Buy ETH/USDT: filled")
        asked = await desk.ask("/flatten", "Leave every position at market?")
        assert "BTC" in asked.text
        assert "ETH" in asked.text
        assert "PAPER" in asked.text
        await desk.phone.press(asked, button(asked, "Yes"))
        done = await desk.phone.wait_for(
            lambda one: one.text.count("USDT closed:") >= 2 and one.id == asked.id, PATIENCE
        )
        assert re.search(r"BTC/USDT closed: .*USDT", done.text)
        assert re.search(r"ETH/USDT closed: .*USDT", done.text)
        await desk.ask("/positions", "No position is open")
        assert "paused" in (await desk.ask("/connections", "Connections")).text
        await desk.ask("/flatten", "Nothing is held")


async def test_close_by_a_double_tap_sells_once(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.position()
        asked = await desk.ask("/close BTC", "Close BTC/USDT?")
        for word in ("PAPER", "Worth about", "Fee about", "Held afterwards", "Good until"):
            assert word in asked.text
        label = button(asked, "Yes")
        data = next(one.data for row in asked.buttons for one in row if one.text == label)
        taps = [desk.phone.press(asked, data=data) for _ in range(4)]
        answers = await asyncio.gather(*taps)
        assert sum("One tap is enough" in (one.text or "") for one in answers) == 3
        await desk.told("BTC/USDT closed:")
        late = await desk.phone.press(asked, data=data)
        assert "One tap is enough" in (late.text or "")
        await bot.terminate()
        facts = (await desk.stored()).facts
        sold = [one for one in facts if type(one).__name__ == "OrderIntended" and "sell" in str(one).lower()]
        assert len([one for one in sold if "exit" in str(one).lower()]) == 1


async def test_the_same_tap_redelivered_after_a_crash_acts_once(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.position()
        asked = await desk.ask("/close BTC", "Close BTC/USDT?")
        label = button(asked, "Yes")
        data = next(one.data for row in asked.buttons for one in row if one.text == label)
        await desk.phone.press(asked, data=data)
        await desk.told("BTC/USDT closed:")
        await bot.kill()
        await desk.run()
        await desk.told("has started", count=2)
        # The tap was stored, and what came of it perhaps not: it is taken up, or known to be answered.
        again = await desk.phone.press(asked, data=data)
        assert "One tap is enough" in (again.text or "")
        assert (await desk.kinds()).count("ExitWanted") == 1


async def test_a_confirmation_made_before_a_restart_still_works_once(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.position()
        asked = await desk.ask("/close BTC", "Close BTC/USDT?")
        await bot.kill()
        await desk.run()
        await desk.told("has started", count=2)
        await desk.ready()
        await desk.phone.press(asked, button(asked, "Yes"))
        await desk.told("BTC/USDT closed:")


async def test_a_price_that_moved_since_is_shown_again_before_anything_is_sold(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        await desk.position()
        asked = await desk.ask("/close BTC", "Close BTC/USDT?")
        await desk.market.step(3)
        await eventually(lambda: _rose(desk), "the new price")
        await press(desk, asked, "Yes", "It has changed since you looked")
        assert "ExitWanted" not in await desk.kinds()


async def _rose(desk: WholeDesk) -> bool:
    return "▲" in (await desk.ask("/positions", "Open positions · 1")).text


async def test_moving_a_stop_nearer_at_once_and_away_by_a_confirmation(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        await desk.position()
        screen = await desk.ask("/positions", "Open positions · 1")
        one = await press(desk, screen, "BTC/USDT", "Stop")
        choices = await press(desk, one, "Move the stop", "Choose a price")
        await press(desk, choices, "−1", "the stop of BTC/USDT is at")
        moved = await desk.told("stop now")
        assert "by you" in moved.text
        one = await desk.ask("/positions", "Open positions · 1")
        one = await press(desk, one, "BTC/USDT", "Stop")
        await press(desk, one, "Move the stop", "Choose a price")
        assert "is not a price" in (await desk.ask("soon", "price")).text
        last = await desk.market.price()
        await desk.ask(str(last * 2), "hit at once")
        asked = await press(desk, await desk.phone.last(), "Move the stop", "Choose a price")
        asked = await desk.ask(f"{last * 9 / 10:.2f}", "away?")
        assert "More can be lost" in asked.text
        await press(desk, asked, "Yes", "the stop of BTC/USDT is at")
        assert (await desk.kinds()).count("StopMoved") == 2
        await desk.market.step(-4)
        await desk.told("closed:")  # by the strategy's step, far above the stop: the stop was really moved


async def test_commands_that_come_hours_late_are_refused_with_words(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        await desk.position()
        person = {"id": OWNER, "is_bot": False, "first_name": "Owner"}
        for number, name in enumerate(("flatten", "resume", "pause")):
            old = {
                "message_id": 900 + number,
                "date": 1_700_000_000,
                "chat": {"id": OWNER, "type": "private"},
            }
            entity = [{"type": "bot_command", "offset": 0, "length": len(name) + 1}]
            payload = {**old, "from": person, "text": f"/{name}", "entities": entity}
            await desk.phone.control("POST", "updates", kind="message", payload=payload)
            # What makes things safer is done however late it comes (decision 0005).
            await desk.told(
                "paused. No new entries" if name == "pause" else f"That /{name} was more than two minutes old"
            )
        assert (await desk.kinds()).count("CommandDone") == 1


async def test_a_forged_button_is_refused_and_told(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        home = await desk.ask("/start", "Pocketdesk")
        for data in ("1:do:AAAAAAAAAAAAAAAA", "halt", "", "💥" * 10, "flatten:all"):
            answer = await desk.phone.press(home, data=data or " ")
            assert "don't know this button" in (answer.text or ""), data
        told = await desk.told("this desk never made")
        assert not told.silent
        assert "CommandDone" not in await desk.kinds()


async def test_a_preset_is_stopped_and_started_in_the_chat_and_stays_so(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.ready()
        screen = await desk.ask("/presets steps", "steps · runs")
        await press(desk, screen, "Stop", "rests")
        await bot.kill()
        await desk.run()
        await desk.told("has started", count=2)
        await desk.ready()
        await desk.market.step(1)
        await asyncio.sleep(2.5)  # two closes, at which a running preset would have decided
        assert "SignalTaken" not in await desk.kinds()
        screen = await desk.ask("/presets steps", "steps · rests")
        asked = await press(desk, screen, "Start", "Start steps?")
        await press(desk, asked, "Yes", "runs.")
        await desk.market.step(1)
        await desk.told("Buy BTC/USDT: filled")
