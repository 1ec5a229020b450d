"""Between paper and real money, and our books against the venue's: from a phone to real traders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import offers
from bot.handlers import live
from engine.core import inputs as i
from engine.core.ids import ConnectionId
from engine.core.model import Mode, State
from engine.core.orders import Purpose
from engine.desk import CheckItem
from sandbox.telegram.testing import SeenMessage
from tests.fakes.conversation import Talk, data_of, label, restarted, talking
from tests.support.builders import BTC


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as it:
        yield it


def mode_of(talk: Talk, name: str = "main") -> Mode:
    return talk.desk.view(ConnectionId(name)).settings.mode


def word_in(message: SeenMessage) -> str:
    return next(line for line in message.text.split("\n") if "LIVE " in line and "write" in line).split(
        "write "
    )[1]


async def asked_for_the_word(talk: Talk, name: str = "") -> str:
    listed = await talk.ask(f"/live {name}".strip(), "What must be true")
    return word_in(await talk.tap(listed, "Go live", "real money"))


async def go_live(talk: Talk) -> None:
    await talk.ask(await asked_for_the_word(talk), "LIVE now")


async def hold_live(talk: Talk) -> None:
    """Live, running, with a BTC position."""
    await go_live(talk)
    talk.desk["main"].command(i.Resume)
    await talk.desk.open_position()


async def test_law_9_a_typed_word_goes_live_though_telegram_takes_no_answer_and_the_last_one_is_told_later(
    talk: Talk,
) -> None:
    typed = await asked_for_the_word(talk)
    talk.telegram.fault("refuse", methods=["sendMessage"])
    await talk.phone.send(typed)
    async with asyncio.timeout(20):
        while not [one for one in await talk.store.outbox.recent(9) if one.kind == "answer"]:
            await asyncio.sleep(0.02)
    assert mode_of(talk) is Mode.LIVE
    talk.telegram.clear_faults()
    talk.conversation._sender.unblocked()
    told = await talk.phone.wait_for("could not be sent then")
    assert "LIVE now" in told.text


# ── going live ────────────────────────────────────────────────────────────────────────────


async def test_the_whole_way_to_live(talk: Talk) -> None:
    listed = await talk.ask("/live", "What must be true")
    assert "📝 PAPER" in listed.text
    assert listed.text.count("✓") == len(talk.desk.checks)
    asked = await talk.tap(listed, "Go live", "To go live, write")
    assert "begins paused" in asked.text
    assert mode_of(talk) is Mode.PAPER
    done = await talk.ask(word_in(asked), "main is LIVE now")
    assert "🔴 LIVE" in done.text
    assert "paused" in done.text
    assert "/resume starts it" in done.text
    assert "none" in done.text
    assert mode_of(talk) is Mode.LIVE
    assert talk.desk["main"].state.state is State.PAUSED


async def test_the_list_is_checked_anew_at_each_showing_and_at_the_typing(talk: Talk) -> None:
    listed = await talk.ask("/live", "What must be true")
    await talk.tap(listed, "Check again", "What must be true")
    assert talk.desk.checked == 2
    await go_live(talk)
    assert talk.desk.checked == 4


async def test_a_point_that_fails_is_told_and_there_is_no_way_on(talk: Talk) -> None:
    talk.desk.checks[4] = CheckItem("clock", False, "1.40 s apart")
    listed = await talk.ask("/live", "Points that fail: 1")
    assert "✗ Clock: 1.40 s apart" in listed.text
    assert not [one for row in listed.buttons for one in row if "Go live" in one.text]


async def test_a_list_that_changed_between_question_and_word_switches_nothing(talk: Talk) -> None:
    typed = await asked_for_the_word(talk)
    talk.desk.checks[0] = CheckItem("key", False, "the venue refuses it")
    shown = await talk.ask(typed, "Not switched")
    assert "✗ Key: the venue refuses it" in shown.text
    assert mode_of(talk) is Mode.PAPER
    talk.desk.checks[0] = CheckItem("key", True, "accepted")
    await talk.ask(typed, "Nobody waits")
    assert mode_of(talk) is Mode.PAPER, "a word counts once"


async def test_a_wrong_word_switches_nothing_and_voids_the_right_one(talk: Talk) -> None:
    typed = await asked_for_the_word(talk)
    await talk.ask("LIVE 0000", "not the word")
    await talk.ask(typed, "Nobody waits")
    assert mode_of(talk) is Mode.PAPER


async def test_a_word_that_expired_switches_nothing(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "PATIENCE", timedelta(0))
    await talk.ask(await asked_for_the_word(talk), "Nobody waits")
    assert mode_of(talk) is Mode.PAPER


async def test_a_restart_between_question_and_word_switches_nothing(talk: Talk) -> None:
    typed = await asked_for_the_word(talk)
    await talk.conversation.stop()
    again = await restarted(talk)
    await talk.ask(typed, "not after a restart")
    assert mode_of(talk) is Mode.PAPER
    await again.stop()


async def test_the_same_word_twice_at_once_switches_once(talk: Talk) -> None:
    typed = await asked_for_the_word(talk)
    before = talk.desk.checked
    await asyncio.gather(talk.phone.send(typed), talk.phone.send(typed))
    await talk.ask("/version", "Pocketdesk")
    await talk.ask("/live", "🔴 LIVE")
    assert talk.desk.checked == before + 1


async def test_a_forged_way_to_live_is_refused(talk: Talk) -> None:
    listed = await talk.ask("/live", "What must be true")
    good = next(one.data for row in listed.buttons for one in row if "Go live" in one.text)
    query = await talk.phone.press(listed, data=(good or "").replace(":live_go:", ":paper:"))
    assert query.text == "I don't know this button."
    assert mode_of(talk) is Mode.PAPER


async def test_storage_that_refuses_keeps_paper(talk: Talk) -> None:
    typed = await asked_for_the_word(talk)
    talk.desk.broken = "the disk is full"
    await talk.ask(typed, "the disk is full")
    assert mode_of(talk) is Mode.PAPER


async def test_the_word_is_for_exactly_one_connection(tmp_path: Path) -> None:
    async with talking(tmp_path, ("main", "second")) as talk:
        overview = await talk.ask("/live", "Paper or live")
        assert overview.text.count("📝 PAPER") >= 2
        first = await asked_for_the_word(talk, "main")
        second = await asked_for_the_word(talk, "second")
        await talk.ask(first, "Nobody waits" if first == second else "not the word")
        assert {mode_of(talk), mode_of(talk, "second")} == {Mode.PAPER}
        await talk.ask(await asked_for_the_word(talk, "second"), "second is LIVE now")
        assert (mode_of(talk), mode_of(talk, "second")) == (Mode.PAPER, Mode.LIVE)


async def test_a_button_of_the_paper_book_never_means_the_live_one(talk: Talk) -> None:
    await talk.desk.open_position()
    one = await talk.tap(await talk.ask("/positions", "Open positions"), "BTC/USDT", "Profit")
    stop = await talk.tap(one, "Move the stop", "write one")
    await hold_live(talk)
    before = talk.desk["main"].position.stop
    await talk.tap_old(stop, "−0.50 %", "That button was of 📝 PAPER")
    await talk.phone.press(one, data=data_of(one, "Close"))
    await talk.ask("/version", "Pocketdesk")
    assert talk.desk["main"].position.stop == before
    assert [type(sent) for sent in talk.desk.sent] == []


async def test_a_question_asked_on_paper_is_not_answered_on_live(talk: Talk) -> None:
    await talk.ask("/pause", "paused")
    asked = await talk.ask("/resume", "Resume trading?")
    await go_live(talk)
    await talk.tap(asked, "Yes, resume", "That button was of 📝 PAPER")
    assert talk.desk["main"].state.state is State.PAUSED


# ── and back ──────────────────────────────────────────────────────────────────────────────


async def test_back_to_paper_is_one_tap_and_may_be_repeated(talk: Talk) -> None:
    await go_live(talk)
    shown = await talk.ask("/live", "🔴 LIVE")
    await talk.tap(shown, "Back to paper", "main is on 📝 PAPER now")
    assert mode_of(talk) is Mode.PAPER
    await talk.tap_old(shown, "Back to paper", "on 📝 PAPER already")
    assert mode_of(talk) is Mode.PAPER


async def test_open_positions_keep_it_live_and_paused_until_they_are_closed(talk: Talk) -> None:
    await hold_live(talk)
    shown = await talk.ask("/live", "🔴 LIVE")
    told = await talk.tap(shown, "Back to paper", "Still open: positions 1")
    assert "real until they are closed" in told.text
    assert mode_of(talk) is Mode.LIVE
    assert talk.desk["main"].state.state is State.PAUSED
    home = await talk.ask("/start", "goes back to paper")
    assert "🔴 LIVE" in home.text
    asked = await talk.tap(told, "Flatten", "REAL MONEY")
    await talk.tap(asked, "Yes, leave", "BTC/USDT closed")
    talk.desk["main"].price(BTC, "100")
    talk.desk["main"].advance(2)
    await talk.desk.tick()
    assert mode_of(talk) is Mode.PAPER
    await talk.ask("/start", "📝 PAPER")


# ── reconciliation ────────────────────────────────────────────────────────────────────────


async def test_reconcile_says_that_both_agree(talk: Talk) -> None:
    await go_live(talk)
    first = talk.desk["main"].state.reconciled_at
    told = await talk.ask("/reconcile", "both agree")
    assert "🔴 LIVE" in told.text
    assert told.edited, "it said at once that the venue was asked"
    assert talk.desk["main"].state.reconciled_at != first


async def test_reconcile_tells_what_it_found(talk: Talk) -> None:
    await go_live(talk)
    talk.desk.silent = True
    await talk.desk.leave_foreign()
    talk.desk.silent = False
    told = await talk.ask("/reconcile", "differences found: 1")
    assert "Orders that are not in our books: 1" in told.text
    told = await talk.ask("/reconcile", "nothing new differs")
    assert "agree" not in told.text


async def test_a_venue_that_could_not_be_asked_is_not_one_that_agrees(talk: Talk) -> None:
    await go_live(talk)
    talk.desk.unasked = "connection refused"
    told = await talk.ask("/reconcile", "could not be asked")
    assert "connection refused" in told.text
    assert "agree" not in told.text


async def test_no_answer_is_told_as_none(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "RECONCILE_SECONDS", 0.3)
    talk.desk.silent = True
    await talk.ask("/reconcile", "no answer within 0.3 s")


async def test_live_marks_stand_beside_every_number(talk: Talk) -> None:
    await hold_live(talk)
    for command in (
        "/start",
        "/positions",
        "/orders",
        "/balance",
        "/risk",
        "/profit",
        "/performance",
        "/connections",
    ):
        shown = await talk.ask(command, "🔴 LIVE")
        assert "PAPER" not in shown.text, command
    asked = await talk.ask("/close BTC", "Held afterwards")
    assert "🔴 LIVE · REAL MONEY" in asked.text
    assert talk.desk["main"].orders(Purpose.STOP)
    assert label(asked, "Yes, close")
