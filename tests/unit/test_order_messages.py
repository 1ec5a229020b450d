"""An order's steps are one message that goes along, whatever comes in between; what rings is one of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.notices import notice
from bot.pacing import EDIT_WAITS, STEP_WAITS, is_silent, together, wait_of
from bot.text import plain
from engine.core import inputs as i
from engine.core.effects import Submit
from engine.core.ids import BookId
from engine.core.model import VenueStatus
from engine.core.notices import Notice, Weight
from engine.core.orders import Purpose
from sandbox.telegram.testing import SeenMessage
from storage.outbox import Waiting, WaitingState
from tests.fakes.conversation import Talk, restarted, talking
from tests.support.builders import BTC, fill, report
from tests.support.desk import Desk
from tests.support.network import Fault
from tests.unit.test_outbox import emptied

AT = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as it:
        yield it


def entered(*fills: str) -> Desk:
    """An entry of 10 whose executions come one by one, and the venue's silence otherwise."""
    desk = Desk()
    desk.price(BTC, "100")
    desk.network.plan(Submit, Fault.HANGS)
    desk.signal(BTC)
    for index, size in enumerate(fills):
        desk.give(i.FillSeen(desk.now, fill(desk.submitted()[0], size, "100", id_=f"f{index}")))
    return desk


def now_told(found: Sequence[Notice]) -> list[Notice]:
    return [replace(one, at=datetime.now(UTC)) for one in found if one.kind != "state_changed"]


async def told(talk: Talk) -> list[SeenMessage]:
    await emptied(talk)
    return [one for one in await talk.phone.messages() if one.by_bot]


# ── one message ───────────────────────────────────────────────────────────────────────────


async def test_forty_part_fills_are_one_message_with_the_sum_of_them(talk: Talk) -> None:
    desk = entered(*["0.25"] * 39)
    for one in now_told(desk.notices):
        await talk.tell(one)
    (message,) = await told(talk)
    assert "part filled" in message.text
    assert "9.75 of 10 BTC @ 100.00 = 975.00 USDT" in message.text
    assert message.silent


async def test_an_ordinary_trade_is_two_messages(talk: Talk) -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.signal(BTC)
    await talk.tell(*now_told(desk.notices))
    (entry,) = await told(talk)
    assert "Buy BTC/USDT: filled" in entry.text
    assert "rests at the venue" in entry.text, "protected"
    seen = len(desk.notices)
    desk.price(BTC, "98")
    await talk.tell(*now_told(desk.notices[seen:]))
    entry, closed = await told(talk)
    assert "closed" in closed.text
    assert not closed.silent
    assert closed.reply_to is not None
    assert closed.reply_to.id == entry.id


async def test_what_was_sent_already_is_edited_as_it_goes(talk: Talk) -> None:
    desk = entered()
    await talk.tell(*now_told(desk.notices))
    (sent,) = await told(talk)
    assert "Buy BTC/USDT: sent" in sent.text
    assert "filled" not in sent.text
    seen = len(desk.notices)
    desk.give(i.FillSeen(desk.now, fill(desk.submitted()[0], "10", "100")))
    await talk.tell(*now_told(desk.notices[seen:]))
    (edited,) = await told(talk)
    assert edited.id == sent.id
    assert "Buy BTC/USDT: filled" in edited.text
    assert "not at the venue yet" in edited.text, "law 12: a stop that only was sent protects nothing yet"


async def test_a_restart_and_an_outage_in_between_lose_nothing(talk: Talk) -> None:
    desk = entered()
    await talk.tell(*now_told(desk.notices))
    (sent,) = await told(talk)
    await talk.conversation.stop()
    seen = len(desk.notices)
    for index in range(4):
        desk.give(i.FillSeen(desk.now, fill(desk.submitted()[0], "2.5", "100", id_=f"f{index}")))
    talk.telegram.fault("refuse", methods=["editMessageText"])
    await talk.store.journal.tell(now_told(desk.notices[seen:]))
    talk.conversation = await restarted(talk)
    talk.telegram.clear_faults()
    talk.conversation._sender.unblocked()
    (edited,) = await told(talk)
    assert edited.id == sent.id
    assert "10 BTC @ 100.00 = 1,000.00 USDT" in edited.text


async def test_the_message_of_several_is_not_edited_into_one_of_them(talk: Talk) -> None:
    talk.telegram.fault("refuse", methods=["sendMessage"])
    desk = entered("2.5")
    steps = now_told(desk.notices)
    many = [replace(one, key=f"k{n}") for n in range(13) for one in steps[:1]] + steps
    await talk.tell(*many)
    talk.telegram.clear_faults()
    talk.conversation._sender.unblocked()
    (digest,) = await told(talk)
    assert "messages waited" in digest.text
    await talk.tell(*now_told(steps[-1:]))
    first, second = await told(talk)
    assert "messages waited" in first.text
    assert "part filled" in second.text


# ── an unknown outcome ────────────────────────────────────────────────────────────────────


async def test_what_was_unknown_is_answered_where_it_was_asked(talk: Talk) -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.network.plan(Submit, Fault.LOST_BEFORE)
    desk.signal(BTC)
    await talk.tell(*now_told(desk.notices))
    (doubt,) = await told(talk)
    assert "outcome unknown, asking since" in doubt.text
    assert not doubt.silent
    seen = len(desk.notices)
    name = desk.submitted()[0]
    booked = fill(name, "10", "100")
    answer = report(name, VenueStatus.FILLED, "10", booked)
    desk.give(i.OrderSeen(desk.now, answer))
    await talk.tell(*now_told(desk.notices[seen:]))
    (answered,) = await told(talk)
    assert answered.id == doubt.id
    assert "Buy BTC/USDT: filled" in answered.text
    assert "was unknown from" in answered.text


async def test_a_refusal_after_doubt_rings_and_takes_nothing_away(talk: Talk) -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.network.plan(Submit, Fault.LOST_BEFORE)
    desk.signal(BTC)
    desk.give(i.OrderSeen(desk.now, report(desk.submitted()[0], VenueStatus.REJECTED, reason="no margin")))
    await talk.tell(*now_told(desk.notices))
    doubt, refused = await told(talk)
    assert "outcome unknown" in doubt.text
    assert "refused it. no margin" in refused.text
    assert not refused.silent


def test_a_stop_that_was_in_doubt_is_answered_too() -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.network.plan(Submit, None, Fault.LOST_AFTER)
    desk.signal(BTC)
    (doubt,) = desk.told("order_unknown")
    desk.advance(3)
    assert desk.order(Purpose.STOP).status == "working"
    assert [one.key for one in desk.told("order_accepted")][-1:] == [doubt.key]


async def test_an_exit_that_was_in_doubt_and_its_result_both_ring(talk: Talk) -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.signal(BTC)
    await talk.tell(*now_told(desk.notices))
    await emptied(talk)
    seen = len(desk.notices)
    desk.network.plan(Submit, Fault.LOST_AFTER)
    desk.command(i.ClosePosition, desk.position.id)
    desk.advance(3)
    assert not desk.state.positions
    await talk.tell(*now_told(desk.notices[seen:]))
    _, doubt, closed = await told(talk)
    assert "outcome was unknown from" in doubt.text, "it was known again before it could be sent"
    assert "closed" in closed.text
    assert (doubt.silent, closed.silent) == (False, False)


def test_a_stop_that_is_placed_anew_later_is_no_news() -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.signal(BTC)
    desk.clock.advance(timedelta(minutes=2))
    desk.price(BTC, "100")
    seen = len(desk.notices)
    desk.command(i.MoveStop, desk.position.id, desk.position.stop)
    desk.advance(2)
    assert not [one for one in desk.notices[seen:] if one.kind == "stop_resting"]


# ── loudness ──────────────────────────────────────────────────────────────────────────────


def step(kind: str = "order_filled", purpose: str = "entry", weight: Weight = Weight.STEP) -> Waiting:
    data = {"purpose": purpose}
    return Waiting(1, AT, BookId("b"), kind, weight, data, "", "", 1, WaitingState.NEW, None, None, 0)


def test_only_steps_wait_for_the_next_one_and_never_long() -> None:
    assert wait_of(step(), AT) == STEP_WAITS
    assert wait_of(step(), AT + STEP_WAITS) == timedelta(0)
    assert wait_of(step(), AT - timedelta(hours=1)) == timedelta(0), "the clock was set back"
    for loud in (
        step(purpose="stop"),
        step("position_closed", weight=Weight.TRADE),
        step(weight=Weight.RISK),
    ):
        assert wait_of(loud, AT) == timedelta(0)
        assert not is_silent(loud, False)
    sent = replace(step(), state=WaitingState.CHANGED, message_id=7, sent_at=AT)
    assert wait_of(sent, AT + timedelta(seconds=1)) == EDIT_WAITS - timedelta(seconds=1)
    trouble = replace(sent, kind="trouble", weight=Weight.WARNING)
    assert wait_of(trouble, AT) == timedelta(0), "its count comes before its end"


def test_results_are_not_merged_while_they_are_news_and_never_with_steps() -> None:
    results = [step("position_closed", weight=Weight.TRADE) for _ in range(30)]
    steps = [step() for _ in range(30)]
    assert together(results + steps, AT) == results[:1]
    late = AT + timedelta(hours=1)
    assert together(results + steps, late) == results[:25], "as many as have a line of their own"
    assert together(steps, late)[0].kind == "order_filled"
    assert together([step(weight=Weight.WARNING), *steps], late) == [step(weight=Weight.WARNING)]


async def test_a_result_that_comes_while_its_step_is_being_sent_rings(talk: Talk) -> None:
    """The step is on its way to Telegram when the result takes its place: an edit would make no sound."""
    await talk.conversation.stop()
    exit_ = Notice(AT, BookId("b"), "order_placed", Weight.STEP, {"purpose": "exit"}, "", "k")
    await talk.store.journal.tell([exit_])
    (handed,) = await talk.store.outbox.due(AT)
    await talk.store.journal.tell([replace(exit_, kind="position_closed", weight=Weight.TRADE)])
    await talk.store.outbox.sent(handed.id, 5, 100, AT)
    (waiting,) = await talk.store.outbox.due(AT)
    assert (waiting.kind, waiting.state) == ("position_closed", WaitingState.NEW)
    assert Decimal(waiting.weight) == Weight.TRADE


# ── what comes after the result ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("already_told", [True, False])
async def test_an_exit_that_was_given_up_and_works_after_all_does_not_wipe_out_the_result(
    talk: Talk, already_told: bool
) -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.signal(BTC)
    await talk.tell(*now_told(desk.notices))
    await emptied(talk)
    seen = len(desk.notices)
    desk.network.plan(Submit, Fault.LOST_BEFORE)
    desk.command(i.ClosePosition, desk.position.id)
    given_up = desk.submitted()[-1]
    desk.advance(60)
    assert not desk.state.positions
    await talk.tell(*now_told(desk.notices[seen:]))
    if already_told:
        await emptied(talk)
    seen = len(desk.notices)
    desk.give(i.OrderSeen(desk.now, report(given_up, VenueStatus.OPEN, "0")))
    await talk.tell(*now_told(desk.notices[seen:]))
    assert [one.kind for one in desk.notices[seen:]] == ["order_accepted"]
    texts = [one.text for one in await told(talk)]
    assert any("BTC/USDT closed" in one for one in texts), texts


def test_law_12_an_order_that_the_venue_filled_in_part_is_not_told_as_one_that_nothing_came_of() -> None:
    desk = Desk()
    desk.price(BTC, "100")
    desk.network.plan(Submit, Fault.HANGS)
    desk.signal(BTC)
    desk.give(i.OrderSeen(desk.now, report(desk.submitted()[0], VenueStatus.CANCELLED, "4")))
    (ended,) = desk.told("order_ended")
    told_as = replace(step("order_ended"), data=ended.data)
    text = plain(notice(told_as).text)
    assert "cancelled, part filled" in text
    assert "nothing of it" not in text
