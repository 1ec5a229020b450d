"""T14 to T17: what is to be told arrives, in order, as loud as it should be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from telegram.error import BadRequest
from telegram.ext import ExtBot

from bot import outbox
from bot.config_types import QuietHours
from bot.pacing import Flaps, Pace, Quiet, is_silent
from engine.core.ids import BookId
from engine.core.notices import Notice, Weight
from sandbox.telegram.testing import OWNER
from storage.notices import FRESH
from storage.outbox import Waiting, WaitingState
from tests.fakes.conversation import Talk, talking

PLACE = {"connection": "main", "mode": "paper"}
HALT = {"breaker": "drawdown", "reason": "drawdown", **PLACE}


def notice(
    kind: str, weight: Weight = Weight.TRADE, key: str = "", thread: str = "", **data: str | bool
) -> Notice:
    return Notice(datetime.now(UTC), BookId("main.paper"), kind, weight, {**PLACE, **data}, thread, key)


def fill(order: str = "pd1", **data: str | bool) -> Notice:
    """A step of an entry, as the engine tells it: the whole so far, under the entry's key."""
    values = {"order": order, "position": order, "symbol": "BTC/USDT", "side": "buy", "purpose": "entry"}
    figures = {"quantity": "0.5", "filled": "0.5", "done": "0.5", "average": "100", "quote": "USDT"}
    body = {**PLACE, **values, "status": "filled", **figures, **data}
    key = f"entering:{order}"
    return Notice(datetime.now(UTC), BookId("main.paper"), "order_filled", Weight.STEP, body, order, key)


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as it:
        yield it


async def texts(talk: Talk) -> list[str]:
    return [one.text for one in await talk.phone.messages() if one.by_bot]


async def emptied(talk: Talk) -> None:
    """Wait until nothing waits any more."""
    async with asyncio.timeout(20):
        while await talk.store.outbox.waiting_count():
            await asyncio.sleep(0.02)


async def test_fills_are_silent_results_answer_them_and_risk_rings(talk: Talk) -> None:
    halt = notice("halted", Weight.CRITICAL, breaker="drawdown", reason="drawdown")
    await talk.tell(fill("pd1"), halt)
    filled = await talk.phone.wait_for("filled")
    await talk.tell(notice("position_closed", thread="pd1", symbol="BTC/USDT", profit="1", quote="USDT"))
    closed = await talk.phone.wait_for("closed")
    halted = next(one for one in await talk.phone.messages() if "Halted" in one.text)
    assert filled.silent
    assert closed.reply_to is not None
    assert closed.reply_to.id == filled.id
    assert not halted.silent
    assert not closed.silent
    assert halted.id < filled.id, "the most important goes first"


async def test_an_alert_carries_the_buttons_that_answer_it(talk: Talk) -> None:
    await talk.tell(
        notice("breaker", Weight.RISK, breaker="drawdown", step="warn", figure="0.051", limit="0.05")
    )
    alert = await talk.phone.wait_for("5.10 %")
    answer = await talk.tap(alert, "Halt", "halted")
    assert answer.id != alert.id, "the alert itself stays as it was"
    assert talk.desk["main"].state.is_halted


async def test_a_repeat_is_an_edit_with_a_count(talk: Talk) -> None:
    trouble = notice(
        "trouble", Weight.WARNING, key="t", trouble="venue_unreachable", subject="", detail="refused"
    )
    await talk.tell(trouble)
    first = await talk.phone.wait_for("can't be reached")
    await talk.tell(trouble, trouble)
    again = await talk.phone.wait_for("× 3")
    assert again.id == first.id


def outage(number: int, kind: str = "trouble") -> Notice:
    """The begin or the end of the `number`th outage, as the engine tells it: seconds after the one before."""
    episode = datetime.now(UTC).isoformat()
    key = "venue" if kind == "trouble" else "venue:over"
    data = {"trouble": "venue_unreachable", "subject": "", "detail": f"outage {number}", "episode": episode}
    return notice(kind, Weight.RISK, key, **data)


async def test_each_new_outage_rings_until_it_comes_and_goes(talk: Talk) -> None:
    for number in range(1, 6):
        await talk.tell(outage(number))
        await talk.phone.wait_for(f"outage {number}")
        await emptied(talk)
    found = [one for one in await talk.phone.messages() if "can't be reached" in one.text]
    assert len(found) == 3, "of five within a quarter of an hour three ring"
    assert not any(one.silent for one in found)
    assert "× 5" in found[-1].text
    assert "comes and goes" in found[-1].text
    assert "comes and goes" not in found[0].text


async def test_what_befalls_two_connections_at_one_venue_rings_once(talk: Talk) -> None:
    """The same words of the same moment are one cause; other words are another one."""
    first = outage(1)
    other = replace(first, book=BookId("other.paper"), data={**first.data, "connection": "other"})
    third = replace(
        other, book=BookId("third.paper"), data={**other.data, "detail": "refused", "connection": "third"}
    )
    await talk.tell(first, other, third)
    for connection in ("main", "other", "third"):
        await talk.phone.wait_for(f"{connection} · PAPER")
    rang = [one.silent for one in await talk.phone.messages() if "can't be reached" in one.text]
    assert sorted(rang) == [False, False, True]


async def test_the_end_of_a_trouble_makes_no_sound(talk: Talk) -> None:
    await talk.tell(replace(outage(1, "trouble_over"), weight=Weight.WARNING))
    assert (await talk.phone.wait_for("Over: The venue can't be reached")).silent


async def test_an_outage_that_goes_on_rings_once(talk: Talk) -> None:
    first = outage(1)
    for detail in ("a", "b", "c"):
        await talk.tell(replace(first, data={**first.data, "detail": detail}))
        await talk.phone.wait_for(f"\n{detail}\n")
        await emptied(talk)
    assert len([one for one in await talk.phone.messages() if "can't be reached" in one.text]) == 1


def test_flapping_is_over_once_it_was_quiet_and_is_not_remembered_for_ever() -> None:
    flaps, at = Flaps(), datetime(2024, 3, 1, tzinfo=UTC)

    def again(minute: float, key: str = "k") -> Waiting:
        began = at + timedelta(minutes=minute)
        one = waiting("trouble", Weight.RISK)
        return replace(
            one, key=key, data={"episode": began.isoformat()}, sent_at=began - timedelta(seconds=1)
        )

    for minute in (0, 1, 2):
        assert flaps.rings_anew(again(minute), at + timedelta(minutes=minute))
        flaps.rang(again(minute), at + timedelta(minutes=minute))
    assert not flaps.rings_anew(again(3), at + timedelta(minutes=3))
    assert flaps.rings_anew(again(3, "other"), at + timedelta(minutes=3))
    assert flaps.rings_anew(again(16), at + timedelta(minutes=16))
    flaps.rang(again(60, "other"), at + timedelta(minutes=60))
    assert list(flaps._rang) == ["other"]


def test_law_10_what_is_critical_is_never_only_an_edit() -> None:
    """A refused key halts each time: the fourth halt of a night makes as much sound as the first."""
    flaps, at = Flaps(), datetime(2024, 3, 1, tzinfo=UTC)
    for minute in range(6):
        now = at + timedelta(minutes=minute)
        one = replace(waiting("trouble", Weight.CRITICAL), key="k", data={"episode": now.isoformat()})
        one = replace(one, sent_at=now - timedelta(seconds=30))
        assert flaps.rings_anew(one, now)
        flaps.rang(one, now)


def test_law_10_a_long_outage_that_begins_as_the_fourth_of_many_rings_once_the_others_are_past() -> None:
    """Told again each minute, and each time edited: the edits must not make it look as if it had been heard."""
    flaps, at = Flaps(), datetime(2024, 3, 1, tzinfo=UTC)

    def outage_of(began: float, edited: float) -> Waiting:
        episode = (at + timedelta(minutes=began)).isoformat()
        sent_at = at + timedelta(minutes=edited)
        return replace(waiting("trouble", Weight.RISK), key="k", data={"episode": episode}, sent_at=sent_at)

    for minute in (0, 4, 8):
        flaps.rang(outage_of(minute, minute), at + timedelta(minutes=minute))
    rang = []
    for minute in range(12, 12 + 360):
        one = outage_of(12, minute - 0.9)
        if flaps.rings_anew(one, at + timedelta(minutes=minute)):
            rang.append(minute)
            flaps.rang(one, at + timedelta(minutes=minute))
    assert rang == [16], "once, as soon as fewer than three others rang of late"


@pytest.mark.parametrize(
    "apart", [timedelta(0), FRESH + timedelta(minutes=1)], ids=["merged", "a new message"]
)
async def test_law_12_the_last_word_about_an_outage_that_goes_on_is_not_over(
    talk: Talk, apart: timedelta
) -> None:
    """It began, was over and began again while Telegram was away."""
    first = outage(1)
    await talk.tell(replace(first, at=first.at - apart), outage(1, "trouble_over"), outage(2))
    await emptied(talk)
    said = await texts(talk)
    assert not any("Over" in one for one in said), said
    assert "outage 2" in said[-1]
    await talk.tell(outage(2, "trouble_over"))
    await talk.phone.wait_for("Over")


async def test_what_is_said_already_is_no_message_but_is_listed(talk: Talk) -> None:
    await talk.tell(
        notice("halted", Weight.CRITICAL, breaker="failure", reason="expired", said_by="key_refused"),
        notice("trouble", Weight.CRITICAL, key="t", trouble="key_refused", subject="", detail="expired"),
    )
    await talk.phone.wait_for("refuses the key")
    await emptied(talk)
    assert len(await texts(talk)) == 1
    assert "Halted" in (await talk.ask("/alerts", "Halted")).text


@pytest.mark.parametrize("command", ["/pause", "/halt"])
async def test_a_command_is_answered_once(talk: Talk, command: str) -> None:
    await talk.ask(command, "main")
    await emptied(talk)
    await talk.ask("/version", "Pocketdesk")
    answer, _ = await texts_since(talk, command)
    assert "paused" in answer or "halted" in answer


async def texts_since(talk: Talk, command: str) -> list[str]:
    found = [one for one in await talk.phone.messages() if not one.text.startswith("📌")]
    asked = next(index for index, one in enumerate(found) if one.text == command)
    return [one.text for one in found[asked:] if one.by_bot]


async def test_law_9_an_answer_that_telegram_would_not_take_is_told_later(talk: Talk) -> None:
    talk.telegram.fault("refuse", methods=["sendMessage"])
    await talk.phone.send("/pause")
    async with asyncio.timeout(20):
        while not [one for one in await talk.store.outbox.recent(5) if one.kind == "answer"]:
            await asyncio.sleep(0.02)
    talk.telegram.clear_faults()
    talk.conversation._sender.unblocked()
    told = await talk.phone.wait_for("could not be sent then")
    assert "paused. No new entries" in told.text


async def test_law_9_what_is_shown_before_it_is_done_is_done_though_it_can_not_be_shown(talk: Talk) -> None:
    """`/reconcile` says that it asks before it asks; what came of it is told later, and only that."""
    talk.telegram.fault("refuse", methods=["sendMessage"])
    await talk.phone.send("/reconcile")

    async def answers() -> list[str]:
        found = await talk.store.outbox.recent(5)
        return [str(one.data["text"]) for one in found if one.kind == "answer"]

    async with asyncio.timeout(20):
        while not (told := await answers()):
            await asyncio.sleep(0.02)
    assert len(told) == 1
    assert "both agree" in told[0]


def refusing(talk: Talk, monkeypatch: pytest.MonkeyPatch, refused: Callable[[str, str | None], bool]) -> None:
    """A Telegram that takes no text of which `refused` says so, given its mode of markup."""
    real = ExtBot.send_message

    async def choosy(bot: Any, chat_id: int, text: str, **more: Any) -> Any:
        if refused(text, more.get("parse_mode")):
            raise BadRequest("Wrong number of things in the message")
        return await real(bot, chat_id, text, **more)

    monkeypatch.setattr(ExtBot, "send_message", choosy)


async def digest(talk: Talk) -> None:
    """Fourteen entries that are told together."""
    await talk.tell(*(fill(f"pd{index}", symbol=f"C{index}X/USDT") for index in range(14)))
    await emptied(talk)


async def test_t16_a_digest_that_is_refused_goes_as_plain_text(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(talk, monkeypatch, lambda text, mode: mode is not None)
    await digest(talk)
    (told,) = await texts(talk)
    assert "14 messages waited" in told
    assert "C13X" in told


async def test_t16_a_digest_that_is_refused_as_plain_text_too_goes_one_by_one(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_BACK_OFF", (0.0,) * 6)
    talk.conversation._sender._pace = Pace(rate=1000)
    refusing(talk, monkeypatch, lambda text, mode: "waited" in text or "C7X" in text)
    await digest(talk)
    found = await texts(talk)
    assert len(found) == 13, "only what is refused by itself is left to the list of alerts"
    assert not any("C7X" in one for one in found)
    dropped = [one for one in await talk.store.outbox.recent(20) if one.state == "dropped"]
    assert [one.data["symbol"] for one in dropped] == ["C7X/USDT"]
    monkeypatch.undo()
    assert "C7X" in (await talk.ask("/alerts", "C7X")).text


async def test_t17_nothing_is_dropped_while_the_chat_is_not_there(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nowhere(*_: Any, **__: Any) -> Any:
        raise BadRequest("Chat not found")

    monkeypatch.setattr(ExtBot, "send_message", nowhere)
    await talk.tell(notice("halted", Weight.CRITICAL, breaker="drawdown", reason="x"))
    async with asyncio.timeout(10):
        while not talk.conversation._sender.blocked:
            await asyncio.sleep(0.02)
    (kept,) = await talk.store.outbox.due(datetime.now(UTC))
    assert kept.attempts == 0


async def test_of_a_short_trade_the_entry_is_told_before_the_result(talk: Talk) -> None:
    """The entry is still held back for its next step when the result, which weighs more, is there."""
    await talk.tell(
        fill("pd1"), notice("position_closed", thread="pd1", symbol="BTC/USDT", key="leaving:pd1")
    )
    closed = await talk.phone.wait_for("closed")
    entry = await talk.phone.wait_for("Buy BTC/USDT: filled")
    assert entry.id < closed.id
    assert closed.reply_to is not None
    assert closed.reply_to.id == entry.id


async def test_429_is_obeyed_and_nothing_is_lost(talk: Talk) -> None:
    talk.telegram.fault("too_many_requests", seconds=1.2, methods=["sendMessage"])
    await talk.tell(*(notice("position_closed", symbol=f"{coin}/USDT") for coin in "ABC"))
    await emptied(talk)
    assert len([one for one in await texts(talk) if "closed" in one]) == 3
    refused = [one for one in talk.telegram.calls("sendMessage") if one.error_code == 429]
    assert 1 <= len(refused) <= 2, "it waits as it was told"


async def test_an_outage_loses_nothing_and_bursts_merge(talk: Talk) -> None:
    talk.telegram.fault("refuse", methods=["sendMessage"])
    await talk.tell(
        *(fill(f"pd{index}") for index in range(20)),
        notice("halted", Weight.CRITICAL, breaker="drawdown", reason="x"),
    )
    async with asyncio.timeout(10):
        while not talk.telegram.calls("sendMessage"):
            await asyncio.sleep(0.02)
    assert await talk.store.outbox.waiting_count() == 21
    talk.telegram.clear_faults()
    await emptied(talk)
    found = await texts(talk)
    assert "Halted" in found[0]
    assert "20 messages waited" in found[1]
    assert len(found) == 2


async def test_blocked_is_seen_kept_and_told_once_unblocked(talk: Talk) -> None:
    await talk.phone.block()
    await talk.tell(fill())
    async with asyncio.timeout(10):
        while not talk.conversation._sender.blocked:
            await asyncio.sleep(0.02)
    assert await talk.store.outbox.waiting_count() == 1
    await talk.phone.unblock()
    await talk.phone.wait_for("filled")


async def test_markup_in_values_and_unknown_kinds_are_told(talk: Talk) -> None:
    await talk.tell(
        notice("trouble", Weight.RISK, trouble="<b>odd", subject="<a href=x>", detail="1 < 2 & " + "x" * 9000)
    )
    await talk.phone.wait_for("<b>odd")
    await talk.tell(notice("something_new", Weight.RISK, what="<i>"))
    await talk.phone.wait_for("something new")


async def test_broken_markup_goes_as_plain_text(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.screens.base import Screen
    from bot.text import Html

    monkeypatch.setattr(outbox, "notice", lambda told, flaps=False: Screen(Html("<b>half")))
    await talk.tell(fill())
    await talk.phone.wait_for("half")


async def test_a_message_that_telegram_never_takes_does_not_hold_up_the_rest(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.notices import notice as real
    from bot.screens.base import Screen
    from bot.text import Html

    monkeypatch.setattr(
        outbox, "notice", lambda told, flaps=False: Screen(Html("")) if told.kind == "halted" else real(told)
    )
    await talk.tell(notice("halted", Weight.CRITICAL, breaker="drawdown", reason="x"), fill())
    await talk.phone.wait_for("filled")
    async with asyncio.timeout(10):
        while await talk.store.outbox.waiting_count() != 1:
            await asyncio.sleep(0.02)


async def test_chat_is_paced(talk: Talk) -> None:
    now = [0.0]
    pace = Pace(now=lambda: now[0])
    assert [pace.wait() for _ in range(7)] == [0, 0, 0, 0, 0, 1, 2]
    now[0] = 100.0
    assert pace.wait() == 0


def waiting(kind: str, weight: Weight) -> Waiting:
    at = datetime(2024, 3, 1, tzinfo=UTC)
    return Waiting(1, at, BookId("b"), kind, weight, {}, "", "", 1, WaitingState.NEW, OWNER, None, 0)


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("weight", [Weight.RISK, Weight.CRITICAL])
def test_quiet_hours_never_mute_risk(quiet: bool, weight: Weight) -> None:
    assert not is_silent(waiting("order_filled", weight), quiet)
    assert is_silent(waiting("position_closed", Weight.TRADE), True)
    assert is_silent(waiting("order_filled", Weight.STEP), False)


def test_quiet_hours_go_by_the_owners_clock() -> None:
    quiet = Quiet(QuietHours(time(22), time(7)), "Europe/Madrid")
    noon = datetime(2024, 7, 1, 20, 30, tzinfo=UTC)
    assert quiet.now(noon)
    assert not quiet.now(noon - timedelta(hours=1))


@pytest.mark.parametrize(
    ("book", "changes", "silent"),
    [
        ("other.paper", {}, True),
        ("other.paper", {"venue": "kraken"}, False),
        ("main.live", {"mode": "live"}, False),
    ],
    ids=["the same venue", "another venue", "live after paper"],
)
def test_law_12_only_the_same_cause_at_the_same_venue_and_in_the_same_mode_is_silent(
    book: str, changes: dict[str, str], silent: bool
) -> None:
    """Two venues may well answer alike, and a paper account never takes the sound of the live one's alarm."""
    flaps, at = Flaps(), datetime(2024, 3, 1, tzinfo=UTC)
    data = {"trouble": "venue_unreachable", "subject": "", "detail": "HTTP 503", "venue": "binance", **PLACE}
    first = replace(waiting("trouble", Weight.RISK), book=BookId("main.paper"), data=data)
    assert not flaps.rang_elsewhere(first, at)
    other = replace(first, book=BookId(book), data={**data, **changes})
    assert flaps.rang_elsewhere(other, at + timedelta(seconds=5)) is silent
