"""T1, T3 to T9: who is listened to, and when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from telegram import User

from bot.gate import _MOST_STRANGERS, STRANGERS
from engine.core.ids import PresetId
from sandbox.telegram.testing import CHANNEL, GROUP, OWNER, STRANGER
from tests.fakes.conversation import Talk, label, pinned, restarted, talking


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as it:
        yield it


async def said_by_bot(talk: Talk, user: int, chat: int | None = None) -> list[str]:
    async with talk.telegram.phone(user, chat) as phone:
        return [one.text for one in await phone.messages() if one.by_bot]


async def settled(talk: Talk) -> None:
    """Everything sent before has been handled once the owner's own command is answered."""
    await talk.ask("/version", "Pocketdesk")


async def test_stranger_gets_silence_and_the_owner_is_told_once(talk: Talk) -> None:
    async with talk.telegram.phone(STRANGER) as stranger:
        for text in ("/start", "hello", "/halt", "/start wrong-code"):
            await stranger.send(text)
    await talk.phone.wait_for("A stranger wrote")
    await settled(talk)
    assert await said_by_bot(talk, STRANGER) == []
    told = [one for one in await said_by_bot(talk, OWNER) if "stranger" in one]
    assert len(told) == 1
    assert not talk.desk["main"].state.is_halted


async def test_a_crowd_of_strangers_is_remembered_only_so_far(talk: Talk) -> None:
    """The stored list is what is known after a restart; both must stay small however many write."""
    strangers = talk.conversation._strangers
    for number in range(_MOST_STRANGERS + 20):
        strangers._told[number] = None
    assert await strangers.seen(User(7_000_001, "Mallory", is_bot=False))
    assert not await strangers.seen(User(7_000_001, "Mallory", is_bot=False))
    assert len(strangers._told) == _MOST_STRANGERS
    kept = await talk.store.settings.get(STRANGERS, [])
    assert kept == list(strangers._told)
    assert kept[-1] == 7_000_001


async def test_group_is_silent_and_changes_nothing(talk: Talk) -> None:
    async with talk.telegram.phone(OWNER, GROUP) as group:
        await group.send("/halt")
        await group.send("/start")
    await talk.phone.wait_for("outside of this chat")
    assert await said_by_bot(talk, OWNER, GROUP) == []
    assert not talk.desk["main"].state.is_halted


@pytest.mark.parametrize("voice", ["anonymous_admin", "channel"])
async def test_anonymous_admin_and_channel_are_dropped(talk: Talk, voice: str) -> None:
    async with talk.telegram.phone(OWNER, GROUP) as group:
        await group.send("/halt", voice=voice)
    await settled(talk)
    assert not talk.desk["main"].state.is_halted
    assert not [one for one in await said_by_bot(talk, OWNER) if "outside" in one]


async def test_channel_post_is_dropped(talk: Talk) -> None:
    async with talk.telegram.phone(OWNER, CHANNEL) as channel:
        await channel.send("/halt")
    await settled(talk)
    assert not talk.desk["main"].state.is_halted
    assert await said_by_bot(talk, OWNER, CHANNEL) == []


async def test_forwarded_and_inline_bot_commands_are_refused_with_words(talk: Talk) -> None:
    await talk.phone.send("/halt", forwarded_from=STRANGER)
    await talk.phone.wait_for("forwarded message")
    await talk.phone.send("/halt", via_bot=True)
    await talk.phone.wait_for("another bot")
    assert not talk.desk["main"].state.is_halted


SOMEBODY: dict[str, object] = {"id": 9, "is_bot": True, "first_name": "x", "username": "x_bot"}
CHANNEL_CHAT = {"id": -1009, "type": "channel", "title": "x"}


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ({"business_connection_id": "b"}, ""),
        ({"sender_business_bot": SOMEBODY}, ""),
        ({"is_automatic_forward": True}, ""),
        ({"sender_chat": CHANNEL_CHAT}, ""),
        ({"is_from_offline": True}, "by itself"),
        ({"via_bot": SOMEBODY}, "another bot"),
        ({"forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "x"}}, "forwarded"),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
@pytest.mark.parametrize("text", ["/halt", "/pause", "halt"])
async def test_t3_what_the_owner_did_not_write_himself_here_and_now_is_refused(
    talk: Talk, mark: dict[str, object], said: str, text: str
) -> None:
    pending = talk.telegram.world.updates.pending
    message = {"message_id": 900, "date": int(datetime.now(UTC).timestamp()), "text": text} | mark
    person = {"id": OWNER, "is_bot": False, "first_name": "Owner"}
    message |= {"from": person, "chat": {"id": OWNER, "type": "private", "first_name": "Owner"}}
    pending.waiting.append({"update_id": pending.next_id, "message": message})
    pending.next_id += 1
    if said:
        await talk.phone.send("/version")
        await talk.phone.wait_for(said)
    await settled(talk)
    assert talk.desk.stopped == []
    assert talk.desk.sent == []


async def test_an_edit_is_not_a_command(talk: Talk) -> None:
    await talk.ask("hello", "commands and buttons")
    mine = next(one for one in await talk.phone.messages() if one.mine)
    await talk.phone.edit(mine, "/halt")
    await settled(talk)
    assert not talk.desk["main"].state.is_halted


async def test_an_old_command_is_refused_with_words_and_reading_is_answered(talk: Talk) -> None:
    talk.telegram.world.clock.advance(-300)
    await talk.ask("/reconcile", "more than two minutes old")
    await talk.ask("/positions", "Open positions")


async def test_law_8_an_old_halt_is_obeyed_all_the_same(talk: Talk) -> None:
    """It was sent while nobody listened: trading on because of its age would be the worse mistake."""
    talk.telegram.world.clock.advance(-300)
    await talk.ask("/halt", "halted")
    assert talk.desk["main"].state.is_halted


async def test_an_old_tap_that_changes_something_is_refused(talk: Talk) -> None:
    one = await talk.tap(await talk.ask("/presets", "Presets"), "cross", "Strategy")
    await talk.conversation.stop()
    query = await talk.phone.press(one, label(one, "Stop"), timeout=0.05)
    assert not query.answered
    talk.telegram.advance(600)
    again = await restarted(talk)
    await talk.phone.wait_for("too old when it arrived")
    assert talk.desk["main"].state.runs(PresetId("cross"))
    await again.stop()


async def test_forged_buttons_are_refused_counted_and_told(talk: Talk) -> None:
    home = await talk.ask("/start", "Pocketdesk")
    good = home.buttons[0][0].data
    assert good is not None
    for data in (
        "1:halt:AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "1:halt:" + good.split(":")[2],
        "rubbish",
        "::",
        good[:-1] + "!",
    ):
        query = await talk.phone.press(home, data=data)
        assert query.text == "I don't know this button."
    await talk.phone.wait_for("never made")
    assert not talk.desk["main"].state.is_halted
    await talk.ask("/health", "Forged buttons")


async def test_buttons_work_after_a_restart_and_expired_ones_are_drawn_afresh(talk: Talk) -> None:
    await talk.desk.open_position()
    home = await talk.ask("/start", "Pocketdesk")
    asked = await talk.ask("/close BTC", "Held afterwards")
    await talk.conversation.stop()
    again = await restarted(talk)
    try:
        await talk.tap(home, "Risk", "Drawdown")
        await talk.store.database.write(
            lambda connection: connection.exec_driver_sql(
                "UPDATE tokens SET expires_at = 0 WHERE verb = 'do'"
            )
        )
        query = await talk.phone.press(asked, label(asked, "Yes, close"))
        assert query.text == "That button had expired: here it is anew."
        await talk.phone.wait_for("Held afterwards")
        assert not [one for one in talk.desk.sent if type(one).__name__ == "ClosePosition"]
    finally:
        await again.stop()


async def test_pairing_by_the_link_code_only(tmp_path: Path) -> None:
    async with talking(tmp_path, paired=False) as talk:
        link, code = talk.links[0]
        assert link.endswith(f"?start={code}")
        async with talk.telegram.phone(STRANGER) as stranger:
            await stranger.send("/start")
            await stranger.send("/halt")
            await stranger.send("/start guess")
        await talk.ask(f"/start {code}", "You are the owner")
        assert await said_by_bot(talk, STRANGER) == []
        owner = await talk.store.people.owner()
        assert owner is not None
        assert owner.user_id == OWNER
        async with talk.telegram.phone(STRANGER) as stranger:
            await stranger.send(f"/start {code}")
        await settled(talk)
        assert await said_by_bot(talk, STRANGER) == []
        assert "Desk" in (await pinned(talk)).text


async def test_forwarded_code_does_not_pair(tmp_path: Path) -> None:
    async with talking(tmp_path, paired=False) as talk:
        async with talk.telegram.phone(STRANGER) as stranger:
            await stranger.send(f"/start {talk.links[0][1]}", forwarded_from=OWNER)
        await talk.ask(f"/start {talk.links[0][1]}", "You are the owner")


async def test_a_new_phone_pairs_by_a_code_of_the_pair_command(talk: Talk) -> None:
    code = await talk.store.people.begin_pairing(talk.conversation._clock.now())
    async with talk.telegram.phone(STRANGER) as newcomer:
        await newcomer.send(f"/start {code}")
        await newcomer.wait_for("You are the owner")
    owner = await talk.store.people.owner()
    assert owner is not None
    assert owner.user_id == STRANGER
