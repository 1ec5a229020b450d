"""T18, T19: the desk is never deaf without a word: what keeps the owner's words from it is told, and ends by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from telegram.error import Conflict, InvalidToken, NetworkError, TelegramError

from bot.telegram import safer
from bot.telegram.hearing import Cause, Hearing, cause_of, sentence_of
from bot.telegram.salvage import UNREADABLE, PollingRequest
from engine.clock import ManualClock, SystemClock
from tests.fakes.conversation import TOKEN, Talk, restarted, start_conversation, talking
from tests.support.builders import START


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as it:
        yield it


async def until(true: Callable[[], bool], what: str) -> None:
    for _ in range(600):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


# ── in the conversation ───────────────────────────────────────────────────────────────────


async def test_t18_one_update_whose_json_is_broken_takes_no_other_along_and_is_counted(talk: Talk) -> None:
    await talk.ask("/version", "Pocketdesk")
    talk.telegram.fault("spoil", methods=["getUpdates"])
    pending = talk.telegram.world.updates.pending
    bad = {"update_id": pending.next_id, "message": {"from": {"first_name": "x"}}}
    pending.next_id += 1
    pending.waiting.append(bad)
    await talk.phone.send("/halt")
    await until(lambda: talk.desk["main"].state.is_halted, "the halt behind it")
    talk.telegram.clear_faults()
    talk.telegram.world.updates.end_polls()
    await talk.phone.wait_for("halted")
    assert "Unreadable" in (await talk.ask("/health", "Health")).text
    assert talk.conversation.deaf == ""


async def test_t19_a_second_poller_is_named_at_once_and_is_over_by_itself(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.hearing.OVER_AFTER", 1.0)
    await until(lambda: talk.conversation.deaf == "", "the first answer")
    address = f"{talk.telegram.address}/bot{TOKEN}/getUpdates"
    async with ClientSession() as other:

        async def steal() -> None:
            while not talk.conversation.deaf:
                async with other.post(address, json={"timeout": 1, "offset": -1}) as answer:
                    await answer.read()

        await asyncio.wait_for(steal(), 20)
    assert "another process polls" in talk.conversation.deaf
    await talk.phone.wait_for("another program was reading")
    shown = await talk.ask("/health", "another process polls")
    assert "❌" in shown.text
    await until(lambda: talk.conversation.deaf == "", "the end of it")
    assert "another process" not in (await talk.ask("/health", "Health")).text


async def test_t19_a_revoked_token_is_named_and_told_once_it_is_good_again(talk: Talk) -> None:
    talk.telegram.world.memory.token_revoked = True
    talk.telegram.world.updates.end_polls()
    await until(lambda: "revoked" in talk.conversation.deaf, "the reason")
    assert not talk.conversation.reachable
    talk.telegram.world.memory.token_revoked = False
    await talk.phone.wait_for("Telegram refused the bot's token")
    assert talk.conversation.deaf == ""


async def test_t19_what_is_no_answer_of_telegram_is_named_and_told(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.hearing._WORTH_IT", {})
    talk.telegram.fault("garbage", methods=["getUpdates"])
    talk.telegram.world.updates.end_polls()
    await until(lambda: "no Bot API server" in talk.conversation.deaf, "the reason")
    assert "html" not in talk.conversation.deaf, "nothing of the page itself"
    talk.telegram.clear_faults()
    await talk.phone.wait_for("what answered was not Telegram")
    assert talk.conversation.deaf == ""


async def test_t19_a_menu_that_telegram_refuses_is_no_reason_not_to_listen(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.conversation.stop()
        talk.telegram.fault("server_error", methods=["setMyCommands"])
        again = await restarted(talk)
        await talk.ask("/version", "Pocketdesk")
        await again.stop()


# ── what may wait unread ──────────────────────────────────────────────────────────────────


async def test_t20_law_8_nothing_is_entered_before_telegram_was_heard_once(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent while nobody listened comes first; a Telegram that is away is no reason not to trade (T14)."""
    monkeypatch.setattr(safer, "START_PATIENCE", 0.3)
    await until(lambda: not talk.desk.held, "the first word")
    await talk.conversation.stop()
    talk.telegram.fault("refuse")
    again = start_conversation(talk.telegram, talk.store, talk.desk, SystemClock(), talk.links)
    assert talk.desk.held == {safer.START}
    await again.start()
    assert talk.desk.held == {safer.START}
    await until(lambda: not talk.desk.held, "the end of patience")
    await again.stop()


async def test_t22_entries_wait_for_one_backlog_and_not_for_ever(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safer, "BACKLOG_PATIENCE", 0.1)
    part = talk.conversation._safer
    # What is really polled meanwhile has nothing behind it, and would end the backlog.
    monkeypatch.setattr(talk.conversation._polling, "_heard", lambda _full: None)
    part.heard(more=True)
    assert talk.desk.held == {safer.BACKLOG}
    await until(lambda: not talk.desk.held, "the end of patience")
    part.heard(more=True)
    assert not talk.desk.held, "strangers who go on and on don't keep us from trading"
    part.heard(more=False)
    part.heard(more=True)
    assert talk.desk.held == {safer.BACKLOG}
    part.heard(more=False)
    assert not talk.desk.held


async def test_law_8_a_button_of_an_earlier_process_stops_entries_until_it_was_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with talking(tmp_path, ["main", "other"]) as talk:
        shown = await talk.ask("/risk", "")
        if not any("Halt" in one.text for row in shown.buttons for one in row):
            shown = await talk.tap(shown, "main", "Risk")
        await talk.conversation.stop()
        again = start_conversation(talk.telegram, talk.store, talk.desk, SystemClock(), talk.links)
        asked, may = asyncio.Event(), asyncio.Event()
        get = talk.store.tokens.get

        async def slowly(name: str) -> Any:
            asked.set()
            await may.wait()
            return await get(name)

        monkeypatch.setattr(talk.store.tokens, "get", slowly)
        await again.start()
        await talk.phone.press(
            shown, next(o.text for r in shown.buttons for o in r if "Halt" in o.text), timeout=0.1
        )
        await asyncio.wait_for(asked.wait(), 10)
        assert any("tap" in one for one in talk.desk.held)
        may.set()
        await talk.phone.wait_for("halted")
        await until(lambda: not talk.desk.held, "the end of the hold")
        assert [name for name in talk.desk.desks if talk.desk[name].state.is_halted] == ["main"]
        await again.stop()


async def test_t20_a_halt_is_not_taken_for_done_before_it_is_on_disk(talk: Talk) -> None:
    talk.desk.broken = "the disk is full"
    number = talk.telegram.world.updates.pending.next_id
    await talk.ask("/halt", "not written down yet")
    await talk.conversation._inbox.flush()
    assert [one.update_id for one in await talk.store.updates.waiting()] == [number]
    talk.desk.broken = ""
    await talk.phone.wait_for("halted")

    async def done() -> bool:
        await talk.conversation._inbox.flush()
        return not await talk.store.updates.waiting()

    for _ in range(200):
        if await done():
            break
        await asyncio.sleep(0.02)
    assert await done()


# ── each cause by itself ──────────────────────────────────────────────────────────────────

PAGE = "Not Found (404). Parsing the server response b'<html>' failed"


@pytest.mark.parametrize(
    ("error", "cause", "words"),
    [
        (Conflict("terminated by other getUpdates request"), Cause.CONFLICT, "only one may"),
        (InvalidToken("Unauthorized"), Cause.TOKEN, "@BotFather"),
        (InvalidToken(PAGE), Cause.UNREADABLE, "Not Found (404)"),
        (
            Conflict("Conflict (409). Parsing the server response b'<html>' failed"),
            Cause.UNREADABLE,
            "no Bot API",
        ),
        (TelegramError("Invalid server response"), Cause.UNREADABLE, "no Bot API server"),
        (NetworkError("connection refused"), Cause.AWAY, "connection refused"),
    ],
)
def test_t19_each_cause_has_its_own_words(error: TelegramError, cause: Cause, words: str) -> None:
    assert cause_of(error) is cause
    assert words in sentence_of(error)
    assert "<html>" not in sentence_of(error)


async def test_t19_what_passes_by_itself_is_not_worth_a_word_and_no_cause_is_told_twice_in_a_row() -> None:
    clock, told = ManualClock(START), list[str]()

    async def tell(kind: str, words: str) -> None:
        told.append(kind)

    hearing = Hearing(clock, tell)
    await hearing.failed(NetworkError("x"))
    await hearing.answered()
    assert told == [], "a second without it"
    for _ in range(2):
        await hearing.failed(InvalidToken("x"))
        assert hearing.deaf
        await hearing.answered()
        assert not hearing.deaf
    assert told == ["token"]


def answer(*updates: dict[str, Any]) -> str:
    return json.dumps({"ok": True, "result": list(updates)})


def test_t18_each_update_is_read_by_itself_where_the_whole_can_not_be() -> None:
    one = {"update_id": 1, "message": {"text": 'says {"update_id": 9}'}}
    text = answer(one, {"update_id": 2, "message": {"text": "BROKEN"}}, {"update_id": 3})
    read = PollingRequest.parse_json_payload(text.replace('"BROKEN"', '"\\ud83').encode())
    assert read["result"] == [one, {"update_id": 2, UNREADABLE: True}, {"update_id": 3}]
    assert PollingRequest.parse_json_payload(text.encode())["result"][1]["message"]["text"] == "BROKEN"
    deep = '{"ok":true,"result":[{"update_id":4,"message":' + "[" * 200_000 + "]" * 200_000 + "}]}"
    assert PollingRequest.parse_json_payload(deep.encode())["result"] == [{"update_id": 4, UNREADABLE: True}]


@pytest.mark.parametrize(
    "payload", [b"", b"<html>", b'{"ok":false,"x', b'{"ok":true,"result":[', b"\xff\xfe"]
)
def test_t19_what_is_no_answer_at_all_is_said_to_be_none(payload: bytes) -> None:
    with pytest.raises(TelegramError, match="Invalid server response"):
        PollingRequest.parse_json_payload(payload)


@pytest.mark.parametrize(
    "body", ["[]", "{}", '{"ok": true}', '{"ok": true, "result": {"a": 1}}', "7", "null"]
)
async def test_t19_json_that_is_no_list_of_updates_is_no_answer(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    async def garbage(*_: object, **__: object) -> tuple[int, bytes]:
        return 200, body.encode()

    monkeypatch.setattr(PollingRequest, "do_request", garbage)
    with pytest.raises(TelegramError, match="Invalid server response"):
        await talk.conversation._polling._ask(0, 100)


async def test_t18_what_can_not_be_acknowledged_is_asked_for_ever_more_slowly(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk.conversation.stop()
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("bot.polling.asyncio.sleep", sleep)
    for _ in range(3):
        await talk.conversation._polling._take([{"message": {}}, 7])
    monkeypatch.undo()
    assert waits[0] < waits[1] < waits[2]


async def test_law_14_t19_a_token_in_the_address_of_a_webhook_is_told_to_nobody(talk: Talk) -> None:
    talk.telegram.world.updates.pending.webhook = f"https://hook.example/{TOKEN}"
    talk.telegram.world.updates.end_polls()
    await talk.phone.send("/version")
    told = await talk.phone.wait_for("another program's address")
    assert "https://hook.example/…" in told.text
    assert TOKEN not in told.text
    await talk.ask("/version", "Pocketdesk")
    assert talk.telegram.world.updates.pending.webhook == ""
