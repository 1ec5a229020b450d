"""Unmodified python-telegram-bot against the sandbox: it polls, sends, edits, pins, and meets the real refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from telegram import (
    Bot,
    BotCommand,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    Message,
    ReplyParameters,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes, TypeHandler

from sandbox.telegram.testing import (
    CHANNEL,
    GROUP,
    OWNER,
    STRANGER,
    PhoneError,
    RunningTelegram,
    running_telegram,
)

GIF = b"GIF89a" + bytes([40, 0, 30, 0]) + bytes(20)
KEYS = InlineKeyboardMarkup(
    [[InlineKeyboardButton("Yes", callback_data="yes"), InlineKeyboardButton("No", callback_data="no")]]
)


@pytest.fixture
async def telegram() -> AsyncIterator[RunningTelegram]:
    async with running_telegram() as running:
        yield running


@pytest.fixture
async def bot(telegram: RunningTelegram) -> AsyncIterator[Bot]:
    """A bot that the owner has already written to."""
    async with telegram.phone() as phone:
        await phone.send("/start")
    async with Bot("1:test", base_url=telegram.base_url, base_file_url=telegram.base_file_url) as made:
        yield made


async def on_start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message is not None
    await update.message.reply_html(f"<b>Hello</b> {' '.join(context.args or [])}", reply_markup=KEYS)


async def on_press(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    query = update.callback_query
    assert isinstance(query, CallbackQuery)
    await query.answer(f"you chose {query.data}", show_alert=True)
    await query.edit_message_text("Done", reply_markup=None)


async def test_an_application_polls_answers_and_edits(telegram: RunningTelegram) -> None:
    builder = (
        Application.builder()
        .token("1:test")
        .base_url(telegram.base_url)
        .base_file_url(telegram.base_file_url)
    )
    application = builder.build()
    application.add_handler(CommandHandler("start", on_start))
    application.add_handler(CallbackQueryHandler(on_press))
    assert application.updater is not None
    async with application, telegram.phone() as phone:
        await application.start()
        await application.updater.start_polling()
        await phone.send("/start CODE")
        hello = await phone.wait_for("Hello CODE")
        assert hello.entities == [{"type": "bold", "offset": 0, "length": 5}]
        answer = await phone.press(hello, "Yes")
        assert (answer.answered, answer.text, answer.show_alert) == (True, "you chose yes", True)
        done = await phone.wait_for("Done")
        assert (done.id, done.edited, done.buttons) == (hello.id, True, [])
        await application.updater.stop()
        await application.stop()


async def test_a_second_poller_gets_a_conflict(telegram: RunningTelegram, bot: Bot) -> None:
    await bot.get_updates(offset=-1)
    first = asyncio.create_task(bot.get_updates(offset=800_000_000, timeout=20))
    while not telegram.world.updates._poller:
        await asyncio.sleep(0.01)
    async with Bot("1:test", base_url=telegram.base_url) as other:
        await other.get_updates()
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await first


async def test_photos_go_both_ways(telegram: RunningTelegram, bot: Bot) -> None:
    sent = await bot.send_photo(
        OWNER, GIF, caption="<i>chart</i>", parse_mode="HTML", disable_notification=True
    )
    assert (sent.photo[-1].width, sent.photo[-1].height, sent.caption) == (40, 30, "chart")
    got = await (await bot.get_file(sent.photo[-1].file_id)).download_as_bytearray()
    assert bytes(got) == GIF
    changed = await bot.edit_message_media(
        InputMediaPhoto(GIF + b"x", caption="newer"), OWNER, sent.message_id
    )
    assert isinstance(changed, Message)
    assert changed.caption == "newer"
    album = await bot.send_media_group(OWNER, [InputMediaPhoto(GIF), InputMediaPhoto(GIF, caption="two")])
    assert len({message.media_group_id for message in album}) == 1
    document = await bot.send_document(OWNER, b"a,b\n", filename="trades.csv")
    assert document.document is not None
    assert document.document.file_name == "trades.csv"
    async with telegram.phone() as phone:
        assert next(m for m in await phone.messages() if m.id == sent.message_id).silent


async def test_pins_commands_replies_and_deletion(telegram: RunningTelegram, bot: Bot) -> None:
    desk = await bot.send_message(OWNER, "desk")
    await bot.pin_chat_message(OWNER, desk.message_id, disable_notification=True)
    await bot.set_my_commands([BotCommand("desk", "The dashboard")])
    assert [c.command for c in await bot.get_my_commands()] == ["desk"]
    reply = await bot.send_message(OWNER, "reply", reply_parameters=ReplyParameters(desk.message_id))
    assert reply.reply_to_message is not None
    assert reply.reply_to_message.message_id == desk.message_id
    chat = await bot.get_chat(OWNER)
    assert chat.pinned_message is not None
    assert (await bot.get_chat_member(GROUP, OWNER)).status == "creator"
    async with telegram.phone() as phone:
        pinned = await phone.pinned()
        assert pinned is not None
        assert (pinned.text, await phone.commands()) == ("desk", ["desk"])
        await bot.delete_message(OWNER, desk.message_id)
        await phone.wait_until_deleted(desk.message_id)
        assert await phone.pinned() is None


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("send_message", {"chat_id": OWNER, "text": "x" * 4097}, "Message is too long"),
    ("send_message", {"chat_id": OWNER, "text": "<b> </b>", "parse_mode": "HTML"}, "Message text is empty"),
    (
        "send_message",
        {"chat_id": OWNER, "text": "<b>x", "parse_mode": "HTML"},
        "Can't parse entities: can't find end tag",
    ),
    (
        "send_message",
        {"chat_id": OWNER, "text": "1.5", "parse_mode": "MarkdownV2"},
        "Character '.' is reserved",
    ),
    ("send_message", {"chat_id": STRANGER, "text": "x"}, "Chat not found"),
    ("send_message", {"chat_id": 42, "text": "x"}, "Chat not found"),
    (
        "send_message",
        {"chat_id": OWNER, "text": "x", "reply_to_message_id": 99},
        "Message to be replied not found",
    ),
    ("send_photo", {"chat_id": OWNER, "photo": b"no picture"}, "Image_process_failed"),
    ("send_photo", {"chat_id": OWNER, "photo": GIF, "caption": "x" * 1025}, "Message caption is too long"),
    ("edit_message_text", {"chat_id": OWNER, "message_id": 99, "text": "x"}, "Message to edit not found"),
    ("edit_message_text", {"chat_id": OWNER, "message_id": 1, "text": "x"}, "Message can't be edited"),
    ("delete_message", {"chat_id": OWNER, "message_id": 99}, "Message to delete not found"),
    ("answer_callback_query", {"callback_query_id": "7"}, "Query is too old and response timeout expired"),
    ("get_file", {"file_id": "7"}, "Wrong file_id"),
]


@pytest.mark.parametrize(("method", "arguments", "reason"), REFUSED)
async def test_refusals_have_the_real_words(
    bot: Bot, method: str, arguments: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadRequest) as refusal:
        await getattr(bot, method)(**arguments)
    assert reason.lower() in str(refusal.value).lower()


@pytest.mark.parametrize(
    ("data", "fits"), [("d" * 64, True), ("d" * 65, False), ("é" * 33, False), ("", False)]
)
async def test_callback_data_has_1_to_64_bytes(bot: Bot, data: str, fits: bool) -> None:
    keys = InlineKeyboardMarkup([[InlineKeyboardButton("k", callback_data=data)]])
    if fits:
        assert (await bot.send_message(OWNER, "x", reply_markup=keys)).reply_markup == keys
        return
    with pytest.raises(BadRequest, match=r"(?i)button_data_invalid"):
        await bot.send_message(OWNER, "x", reply_markup=keys)


async def test_an_edit_must_change_something(bot: Bot) -> None:
    message = await bot.send_message(OWNER, "<b>same</b>", parse_mode="HTML", reply_markup=KEYS)
    with pytest.raises(BadRequest, match="Message is not modified: specified new message content"):
        await message.edit_text("<b>same</b>", parse_mode="HTML", reply_markup=KEYS)
    assert await message.edit_text("<b>same</b>", parse_mode="HTML")  # the keyboard went


async def test_old_queries_and_messages(telegram: RunningTelegram, bot: Bot) -> None:
    message = await bot.send_message(OWNER, "x", reply_markup=KEYS)
    async with telegram.phone() as phone:
        query = await phone.press(message.message_id, "Yes", timeout=0)
        assert not query.answered
    telegram.advance(61)
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query(query.id)
    telegram.advance(49 * 3600)
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await message.delete()


async def test_blocked_revoked_and_moved(telegram: RunningTelegram, bot: Bot) -> None:
    async with telegram.phone() as phone:
        await phone.block()
        with pytest.raises(Forbidden, match="bot was blocked by the user"):
            await bot.send_message(OWNER, "x")
        await phone.unblock()
        moved = await phone.control("POST", "migrate", chat=GROUP)
    with pytest.raises(ChatMigrated) as refusal:
        await bot.send_message(GROUP, "x")
    assert refusal.value.new_chat_id == moved["chat"]
    assert (await bot.send_message(moved["chat"], "x")).chat.type == "supergroup"
    kinds = [
        update.my_chat_member.new_chat_member.status
        for update in await bot.get_updates()
        if update.my_chat_member
    ]
    assert kinds == ["kicked", "member"]
    telegram.revoke_token()
    with pytest.raises(InvalidToken):
        await bot.get_me()


FAULTS: list[tuple[str, dict[str, Any], type[TelegramError], int]] = [
    ("too_many_requests", {"seconds": 7}, RetryAfter, 0),
    ("server_error", {"status": 502}, NetworkError, 0),
    ("garbage", {}, NetworkError, 0),
    ("refuse", {}, NetworkError, 0),
    ("drop_answer", {}, NetworkError, 1),
    ("hang", {"seconds": 0.2}, NetworkError, 0),
]


@pytest.mark.parametrize(("kind", "details", "error", "arrived"), FAULTS)
async def test_faults_on_demand(
    telegram: RunningTelegram,
    bot: Bot,
    kind: Any,
    details: dict[str, Any],
    error: type[TelegramError],
    arrived: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # else the library warns of its own future
    telegram.fault(kind, methods=["sendMessage"], times=1, **details)
    with pytest.raises(error):
        await bot.send_message(OWNER, "once")
    async with telegram.phone() as phone:
        assert [m.text for m in await phone.messages() if m.by_bot] == ["once"] * arrived
    assert (await bot.send_message(OWNER, "again")).text == "again"
    assert [call.method for call in telegram.calls("sendMessage")] == ["sendMessage"] * 2


async def test_an_outage_and_its_end(telegram: RunningTelegram, bot: Bot) -> None:
    await telegram.stop()
    with pytest.raises(NetworkError):
        await bot.send_message(OWNER, "x")
    await telegram.start()
    assert (await bot.send_message(OWNER, "y")).text == "y"


async def test_what_people_can_do_reaches_the_bot(telegram: RunningTelegram, bot: Bot) -> None:
    await bot.get_updates(offset=-1, allowed_updates=Update.ALL_TYPES)
    async with (
        telegram.phone() as phone,
        telegram.phone(chat=GROUP) as group,
        telegram.phone(chat=CHANNEL) as channel,
    ):
        said = await phone.send("hello")
        await phone.edit(said, "hello there")
        await phone.send_photo(GIF, "look")
        await phone.send_sticker()
        await phone.forward(said)
        await phone.send("inline", via_bot=True)
        await group.send("nobody's business")
        await group.send("/halt", voice="anonymous_admin")
        await group.send("/halt", voice="channel")
        await channel.send("news")
        await phone.control(
            "POST",
            "updates",
            kind="inline_query",
            payload={
                "id": "1",
                "query": "",
                "offset": "",
                "from": {"id": 9, "is_bot": False, "first_name": "X"},
            },
        )
        with pytest.raises(PhoneError, match="no button 'Yes'"):
            await phone.press(said, "Yes")
    updates = (await bot.get_updates())[1:]
    messages = [update.effective_message for update in updates if update.effective_message]
    assert [m.text or m.caption or (m.sticker and m.sticker.emoji) for m in messages] == [
        "hello",
        "hello there",
        "look",
        "👍",
        "hello there",
        "inline",
        "/halt",
        "/halt",
        "news",
    ]
    assert updates[1].edited_message is not None
    assert messages[4].forward_origin is not None
    assert messages[5].via_bot is not None
    assert [m.sender_chat.id for m in messages[6:] if m.sender_chat] == [GROUP, CHANNEL, CHANNEL]
    assert updates[-1].inline_query is not None
    assert TypeHandler(Update, on_start).check_update(updates[-1])


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("sendMessage", {"text": "a", "reply_markup": {"inline_keyboard": [["x"]]}}, "inline keyboard button"),
    ("sendMessage", {"text": "a", "entities": [1]}, "can't parse MessageEntity"),
    ("deleteMessages", {"message_ids": ["x"]}, "can't parse message identifiers"),
    ("setMyCommands", {"commands": ["x"]}, "can't parse commands"),
    ("setMyCommands", {"commands": [{"command": "Å", "description": "d"}]}, "BOT_COMMAND_INVALID"),
    ("sendMediaGroup", {"media": ["a", "b"]}, "can't parse media"),
    ("editMessageMedia", {"message_id": 1, "media": [1]}, "object expected as input media"),
    ("setMessageReaction", {"message_id": 1, "reaction": ["x"]}, "can't parse reactions"),
    ("sendPhoto", {"photo": "https://example.org/a.png"}, "failed to get HTTP URL content"),
    ("sendMessage", {"text": "a", "parse_mode": "wiki"}, "unsupported parse_mode"),
    ("setWebhook", {"url": "https://example.org"}, "getUpdates only"),
]


@pytest.mark.parametrize(("method", "body", "reason"), WRONG)
async def test_wrong_parameters_are_a_400_with_a_reason(
    telegram: RunningTelegram, bot: Bot, method: str, body: dict[str, Any], reason: str
) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{telegram.base_url}1:test/{method}", json={"chat_id": OWNER, **body}) as response,
    ):
        answer = await response.json()
    assert (response.status, answer["ok"], answer["error_code"]) == (400, False, 400)
    assert reason in answer["description"]
