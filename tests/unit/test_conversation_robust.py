"""Slow things, outages, several connections, double deliveries: the conversation goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.handlers import reading
from bot.handlers.base import Ask, Services
from bot.handlers.routes import ROUTES, Route
from bot.screens.base import Screen
from engine.clock import SystemClock
from engine.core.ids import ConnectionId
from engine.core.inputs import Command
from engine.core.model import State
from engine.desk import Answer
from tests.fakes.conversation import label, restarted, start_conversation, talking


async def test_halt_never_waits_behind_something_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    async def stuck(services: Services, ask: Ask) -> Screen:
        await gate.wait()
        return await reading.balance(services, ask)

    monkeypatch.setitem(ROUTES, "balance", Route(stuck))
    async with talking(tmp_path) as talk:
        for _ in range(5):
            await talk.phone.send("/balance")
        await talk.ask("/halt", "halted")
        assert talk.desk["main"].state.is_halted
        gate.set()
        await talk.phone.wait_for("Balance")


async def test_telegram_away_at_the_start_is_reached_later(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.conversation.stop()
        talk.telegram.fault("refuse", methods=["getMe"], times=1)
        again = await restarted(talk)
        assert again.scheduler.running
        await talk.ask("/version", "Pocketdesk")
        await again.stop()


async def test_the_scheduler_runs_while_telegram_is_away(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.conversation.stop()
        talk.telegram.fault("refuse")

        again = start_conversation(talk.telegram, talk.store, talk.desk, SystemClock(), talk.links)
        await again.start()
        assert again.scheduler.running
        await again.stop()
        assert not again.scheduler.running


async def test_several_connections_are_chosen_by_button_and_paused_all_at_once(tmp_path: Path) -> None:
    async with talking(tmp_path, ("main", "second")) as talk:
        asked = await talk.ask("/risk", "Which connection?")
        await talk.tap(asked, "second", "second · running")
        await talk.ask("/pause", "No new entries")
        assert {one.state.state for one in talk.desk.desks.values()} == {State.PAUSED}
        asked = await talk.ask("/resume", "Which connection?")
        asked = await talk.tap(asked, "All of them", "Resume trading?")
        await talk.tap(asked, "Yes, resume", "Strategies may enter")
        assert {one.state.state for one in talk.desk.desks.values()} == {State.RUNNING}
        await talk.ask("/halt second", "halted")
        assert not talk.desk["main"].state.is_halted


async def test_a_button_of_a_connection_that_is_gone_gets_a_sentence(tmp_path: Path) -> None:
    async with talking(tmp_path, ("main", "second")) as talk:
        shown = await talk.ask("/risk second", "second · running")
        del talk.desk.desks[ConnectionId("second")]
        await talk.tap(shown, "Halt", "not there any more")


async def test_double_tap_at_the_same_moment_acts_once(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.desk.open_position()
        asked = await talk.ask("/close BTC", "Held afterwards")
        data = asked.buttons[0][0].data
        await asyncio.gather(*(talk.phone.press(asked, data=data) for _ in range(4)))
        await talk.ask("/version", "Pocketdesk")
        assert len([one for one in talk.desk.sent if type(one).__name__ == "ClosePosition"]) == 1


async def test_a_tap_redelivered_after_a_crash_is_answered_and_not_done_again(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.ask("/pause", "paused")
        asked = await talk.ask("/resume", "Resume trading?")
        await talk.tap(asked, "Yes, resume", "running")
        await talk.ask("/pause", "paused")
        await talk.conversation.stop()
        again = await restarted(talk)
        await talk.phone.press(asked, data=asked.buttons[0][0].data)
        await talk.phone.wait_for("carried out before")
        assert talk.desk["main"].state.state is State.PAUSED
        await again.stop()


async def test_a_handler_that_fails_is_told_and_the_next_one_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(services: Services, ask: Ask) -> Screen:
        raise RuntimeError("planted")

    monkeypatch.setitem(ROUTES, "balance", Route(broken))
    async with talking(tmp_path) as talk:
        await talk.ask("/balance", "went wrong")
        await talk.ask("/version", "Pocketdesk")


async def test_answers_are_tried_again_when_telegram_stumbles(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        talk.telegram.fault("server_error", methods=["sendMessage"], times=1)
        await talk.ask("/version", "Pocketdesk")
        talk.telegram.fault("too_many_requests", methods=["sendMessage"], times=1, retry_after=1)
        await talk.ask("/balance", "Equity")


async def test_nothing_is_edited_twice_for_an_unchanged_screen(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        shown = await talk.ask("/help", "What you can say")
        home = await talk.tap(shown, "Home", "Pocketdesk")
        for _ in range(3):
            query = await talk.phone.press(home, label(home, "Refresh"))
            assert query.answered


async def test_law_12_what_takes_long_is_said_to_be_neither_done_nor_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.handlers.updates.PATIENT", 0.05)
    async with talking(tmp_path) as talk:
        shown = await talk.tap(await talk.ask("/presets", "Presets"), "cross", "Strategy")
        send, may = talk.desk.send, asyncio.Event()

        async def slowly(connection: ConnectionId, command: Command) -> Answer:
            await may.wait()
            return await send(connection, command)

        monkeypatch.setattr(talk.desk, "send", slowly)
        said = await talk.tap(shown, "Stop", "not known yet")
        may.set()
        done = await talk.phone.wait_for("rests")
        assert done.id == said.id, "in the place of it"
