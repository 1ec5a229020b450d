"""The desk hears its owner, whoever else has the bot's updates, whatever came before, whoever writes (laws 8, 9)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sandbox.telegram.testing import STRANGER
from tests.support.whole_desk import eventually, whole_desk


async def test_t19_a_webhook_of_another_program_is_taken_off_and_named(tmp_path: Path) -> None:
    """ "webhook-is-set": the bot never answered, and spoke of another process."""
    async with whole_desk(tmp_path) as desk:
        desk.telegram.world.updates.pending.webhook = "https://hook.example/of-another-program"
        bot = await desk.run()
        code = await bot.pairing_code()
        await desk.phone.send(f"/start {code}")
        await desk.phone.wait_for("You are the owner", 45)
        said = await bot.says("webhook of another program")
        assert "https://hook.example/of-another-program" in said
        assert "another process polls" not in said
        await desk.told("updates for this bot went to another program's address")


async def test_t18_an_update_that_can_not_be_read_is_skipped(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        waiting = desk.telegram.world.updates.pending
        for broken in ({"message": {"date": "never", "from": {"id": 1}}}, {"callback_query": 7}):
            waiting.waiting.append({"update_id": waiting.next_id, **broken})
            waiting.next_id += 1
        await desk.ask("/version", "Pocketdesk")
        assert bot.process.returncode is None


async def test_t22_a_flood_of_strangers_is_no_reason_to_wait(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        waiting = desk.telegram.world.updates.pending
        for number in range(20_000):
            person = {"id": 10_000 + number, "is_bot": False, "first_name": "s"}
            message = {
                "message_id": number + 10_000, "date": 1, "from": person, "text": "hello",
                "chat": {"id": person["id"], "type": "private"},
            }  # fmt: skip
            waiting.waiting.append({"update_id": waiting.next_id, "message": message})
            waiting.next_id += 1
        await desk.ask("/halt", "halted")
        assert "HaltLatched" in await desk.kinds()


async def test_t23_pairing_never_opens_again_once_an_owner_is_known(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        before = bot.said().count("?start=")
        async with desk.telegram.phone(user=STRANGER) as stranger:
            for _ in range(12):
                await stranger.send("/start wrong-code")
        await desk.told("A stranger wrote")
        await asyncio.sleep(0.5)
        assert bot.said().count("?start=") == before


async def test_t20_what_was_read_and_not_done_is_done_after_the_restart(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.phone.send("/pause")
        await bot.kill()
        await desk.run()

        async def paused() -> bool:
            return "StateChanged" in await desk.kinds()

        await eventually(paused, "the pause")
        await desk.told("paused")
