"""T14 to T17: what is to be told arrives, in order, as loud as it should be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.config_types import QuietHours
from bot.pacing import Pace, Quiet, is_silent
from engine.core.ids import BookId
from engine.core.notices import Notice, Weight
from sandbox.telegram.testing import OWNER
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
    from bot import outbox
    from bot.screens.base import Screen
    from bot.text import Html

    monkeypatch.setattr(outbox, "notice", lambda told: Screen(Html("<b>half")))
    await talk.tell(fill())
    await talk.phone.wait_for("half")


async def test_a_message_that_telegram_never_takes_does_not_hold_up_the_rest(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot import outbox
    from bot.notices import notice as real
    from bot.screens.base import Screen
    from bot.text import Html

    monkeypatch.setattr(
        outbox, "notice", lambda told: Screen(Html("")) if told.kind == "halted" else real(told)
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
