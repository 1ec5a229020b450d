"""Who is listened to: the one who brought the code from the terminal, alone with the bot, in his own words."""

from __future__ import annotations

from pathlib import Path

from sandbox.telegram.testing import GROUP, STRANGER, Phone
from tests.support.whole_desk import PATIENCE, whole_desk


async def by_bot(phone: Phone) -> list[str]:
    return [one.text for one in await phone.messages() if one.by_bot]


async def test_whoever_brings_the_code_becomes_the_owner_and_a_wrong_one_meets_silence(
    tmp_path: Path,
) -> None:
    async with whole_desk(tmp_path) as desk, desk.telegram.phone(STRANGER) as stranger:
        bot = await desk.run()
        code = await bot.pairing_code()
        await stranger.send("/start")
        await stranger.send("/start aaaaaaaaaaaa")
        await stranger.send("/positions")
        await desk.ask(f"/start {code}", "You are the owner")
        assert await by_bot(stranger) == []
        await stranger.send(f"/start {code}")  # it was good once
        await desk.ask("/version", "Pocketdesk")
        assert await by_bot(stranger) == []
        assert {"positions", "halt", "help"} <= set(await desk.phone.commands())


async def test_a_stranger_gets_silence_and_the_owner_is_told_once_over_a_restart(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk, desk.telegram.phone(STRANGER) as stranger:
        bot = await desk.paired()
        for text in ("/start", "/halt", "hello", "/flatten"):
            await stranger.send(text)
        await stranger.send_sticker()
        await desk.told("A stranger wrote to this bot")
        await bot.terminate()
        await desk.run()
        await stranger.send("/positions")
        await desk.ask("/connections", "running")  # no stranger's halt was obeyed
        assert await by_bot(stranger) == []
        assert sum("stranger" in text for text in await desk.texts()) == 1


async def test_a_stranger_cannot_tap_the_owners_buttons(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        home = await desk.ask("/start", lambda one: "Pause" in str(one.buttons))
        data = next(b.data for row in home.buttons for b in row if b.data and "Pause" in b.text)
        async with desk.telegram.phone(STRANGER) as stranger:
            person = {"id": STRANGER, "is_bot": False, "first_name": "Stranger"}
            query = {"id": "77", "from": person, "chat_instance": "1", "data": data}
            message = {
                "message_id": home.id,
                "date": home.date,
                "chat": {"id": home.chat_id, "type": "private"},
            }
            await stranger.control(
                "POST", "updates", kind="callback_query", payload={**query, "message": message}
            )
        seen = await desk.ask("/connections", "Connections")
        assert "running" in seen.text
        assert "StateChanged" not in (await desk.kinds())[2:]


async def test_what_others_could_have_written_is_refused_in_the_private_chat(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk, desk.telegram.phone(chat=GROUP) as in_group:
        await desk.paired()
        await desk.phone.send("/halt", forwarded_from=STRANGER)
        await desk.phone.wait_for("never obey those", PATIENCE)
        await desk.phone.send("/halt", via_bot=True)
        await desk.phone.wait_for("written by another bot", PATIENCE)
        await in_group.send("/halt")
        await desk.told("You spoke to me outside of this chat")
        await in_group.send("/halt", voice="anonymous_admin")
        seen = await desk.ask("/connections", "Connections")
        assert "running" in seen.text
        assert await by_bot(in_group) == []


async def test_an_edited_message_is_not_a_new_command(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        asked = await desk.phone.send("/version")
        await desk.phone.wait_for("Pocketdesk", PATIENCE)
        await desk.phone.edit(asked, "/halt")
        seen = await desk.ask("/connections", "Connections")
        assert "running" in seen.text


async def test_pair_makes_a_new_link_and_the_old_owner_is_a_stranger(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk, desk.telegram.phone(STRANGER) as heir:
        bot = await desk.paired()
        refused = await desk.run("pair", "--config", str(desk.config))
        assert await refused.ended() == 1
        assert "process" in refused.said()
        assert "Traceback" not in refused.said()
        await bot.terminate()
        forgetting = await desk.run("pair", "--config", str(desk.config))
        assert await forgetting.ended() == 0
        bot = await desk.run()
        await heir.send(f"/start {await bot.pairing_code()}")
        await heir.wait_for("You are the owner", PATIENCE)
        before = len(await desk.texts())
        await desk.phone.send("/positions")
        await heir.send("/version")
        await heir.wait_for("Pocketdesk 0", PATIENCE)
        assert len(await desk.texts()) == before


async def test_updates_of_other_kinds_are_dropped(tmp_path: Path) -> None:
    person = {"id": 1001, "is_bot": False, "first_name": "Owner"}
    message = {
        "message_id": 9,
        "date": 1,
        "chat": {"id": 1001, "type": "private"},
        "from": person,
        "text": "/halt",
    }
    poll = {"id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False}
    kinds = {
        "poll": {**poll, "is_anonymous": True, "type": "regular", "allows_multiple_answers": False},
        "edited_message": message,
        "channel_post": message,
        "inline_query": {"id": "1", "from": person, "query": "/halt", "offset": ""},
    }
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        for kind, payload in kinds.items():
            await desk.phone.control("POST", "updates", kind=kind, payload=payload)
        seen = await desk.ask("/connections", "Connections")
        assert "running" in seen.text
